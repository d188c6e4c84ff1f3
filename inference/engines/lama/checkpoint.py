"""A weights file becomes a generator: recognised by its names, sized by its shapes, refused where it does not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from inference import weights
from inference.engines.lama.network import Generator, Sizes
from inference.errors import BadWeights

_FIRST = "model.1.ffc.convl2l.weight"
_NAMED_MAX = 5  # keys named in a refusal, of each kind


def load_generator(path: Path) -> Generator:
    """Return the generator of a safetensors file, a training checkpoint or a TorchScript file, in eval mode, on the CPU.

    Other networks in the file (losses, a discriminator) are ignored. Raises `BadWeights`.
    """
    tensors = _generator_tensors(weights.read_arrays(path), path.name)
    sizes = read_sizes({name: tuple(array.shape) for name, array in tensors.items()}, path.name)
    with torch.device("meta"):
        generator = Generator(sizes)
    _check_fit({name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}, tensors, path.name)
    # Counters of training steps: some converters leave them out, and nothing reads them.
    counters = {name for name in generator.state_dict() if name.endswith("num_batches_tracked")}
    state = {name: torch.zeros((), dtype=torch.int64) for name in counters} | {
        name: torch.from_numpy(array.copy()) for name, array in tensors.items()
    }
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    generator.load_state_dict(state, strict=True, assign=True)
    return generator.eval().requires_grad_(False)


def read_sizes(shapes: Mapping[str, tuple[int, ...]], file_name: str) -> Sizes:
    """Read the generator's sizes from the shapes of its tensors, named `model.N…`. Raises `BadWeights`."""
    downsamplings = _count(shapes, "model.{}.ffc.convl2l.weight", start=2)
    blocks = _count(shapes, "model.{}.conv1.ffc.convl2l.weight", start=2 + downsamplings)
    split = f"model.{1 + downsamplings}.ffc.convl2g.weight"
    missing = [name for name in (_FIRST, split) if len(shapes.get(name, ())) != 4]
    if missing or not downsamplings or not blocks:
        raise BadWeights(f"{file_name} holds no generator that can be sized; missing: {_named(missing or [split])}.")
    return Sizes(width=shapes[_FIRST][0], downsamplings=downsamplings, blocks=blocks, global_channels=shapes[split][0])


def _generator_tensors(arrays: Mapping[str, weights.Array], file_name: str) -> dict[str, weights.Array]:
    """Find the prefix under which the known names lie, and return the tensors under it without it."""
    prefixes = [name.removesuffix(_FIRST) for name in arrays if name == _FIRST or name.endswith("." + _FIRST)]
    if len(prefixes) > 1:
        prefixes = [prefix for prefix in prefixes if prefix.endswith("generator.")]
    if not prefixes:
        raise BadWeights(f"{file_name} holds no LaMa generator: no key ends in {_FIRST}.")
    if len(prefixes) > 1:
        raise BadWeights(f"{file_name} holds several generators: {_named(prefixes)}.")
    prefix = prefixes[0] + "model."
    return {"model." + name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}


def _count(shapes: Collection[str], pattern: str, *, start: int) -> int:
    count = 0
    while pattern.format(start + count) in shapes:
        count += 1
    return count


def _check_fit(wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, weights.Array], file_name: str) -> None:
    missing = [name for name in wanted if name not in found and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in found if name not in wanted]
    misshapen = [
        f"{name} is {list(found[name].shape)}, not {list(shape)}"
        for name, shape in wanted.items()
        if name in found and found[name].shape != shape
    ]
    sentences = [
        f"{what}: {_named(names)}"
        for what, names in (("missing", missing), ("unexpected", unexpected), ("wrong shape", misshapen))
        if names
    ]
    if sentences:
        raise BadWeights(f"{file_name} does not fit the network; {'; '.join(sentences)}.")


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(names[:_NAMED_MAX]) + more
