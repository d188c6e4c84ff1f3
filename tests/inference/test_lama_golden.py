"""Our generator is the published one: the same tensors in, the same picture out; what does not fit is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from inference.engines.base import Crop
from inference.engines.lama.checkpoint import load_generator
from inference.engines.lama.engine import LamaEngine
from inference.engines.lama.network import BIG_LAMA, Generator, Sizes
from inference.errors import BadWeights
from tests import photos

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"
# Facts about the public checkpoints; where they are not at hand, these tests have no cases.
MINI = [GOLDEN / "lama-mini.safetensors"] if GOLDEN.is_dir() else []
SHAPES = [GOLDEN / "big-lama-shapes.json"] if GOLDEN.is_dir() else []


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """A small random generator under its published names."""
    torch.manual_seed(1)
    generator = Generator(Sizes(width=4, downsamplings=2, blocks=2, global_channels=12))
    return {f"generator.{name}": tensor.contiguous() for name, tensor in generator.state_dict().items()}


def _saved(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    save_file(state, folder / "weights.safetensors")
    return folder / "weights.safetensors"


@pytest.mark.parametrize("weights", MINI, ids=lambda path: path.name)
@pytest.mark.parametrize("case", range(3))
def test_the_golden_outputs_are_reproduced(weights: Path, case: int) -> None:
    generator = load_generator(weights)
    golden = load_file(weights.with_name("lama-mini-io.safetensors"))

    with torch.inference_mode():
        painted = generator(golden[f"image_{case}"], golden[f"mask_{case}"])

    assert torch.allclose(painted, golden[f"generator_{case}"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("shapes", SHAPES, ids=lambda path: path.name)
def test_every_key_and_shape_of_big_lama_is_ours(shapes: Path) -> None:
    published = {name: tuple(shape) for name, shape in _flat(json.loads(shapes.read_text())).items()}
    with torch.device("meta"):
        ours = {f"generator.{name}": tuple(tensor.shape) for name, tensor in Generator(BIG_LAMA).state_dict().items()}

    assert ours == published


def _flat(document: dict[str, object]) -> dict[str, list[int]]:
    """The mapping of names to shapes, wherever in the document it lies."""
    if any(name.startswith("generator.") for name in document):
        return document  # type: ignore[return-value]
    return next(_flat(inner) for inner in document.values() if isinstance(inner, dict))


def test_what_was_saved_is_what_is_loaded(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    loaded = load_generator(_saved(tmp_path, state)).state_dict()

    assert all(torch.equal(loaded[name.removeprefix("generator.")], tensor) for name, tensor in state.items())


def test_a_training_checkpoint_is_read_and_its_other_networks_ignored(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    others = {"discriminator.model.0.weight": torch.zeros(3), "loss.weight": torch.ones(1)}
    torch.save({"state_dict": state | others, "epoch": 7}, tmp_path / "best.ckpt")

    loaded = load_generator(tmp_path / "best.ckpt").state_dict()

    assert all(torch.equal(loaded[name.removeprefix("generator.")], tensor) for name, tensor in state.items())


def test_a_missing_key_is_named(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    missing = "generator.model.1.bn_l.weight"
    path = _saved(tmp_path, {name: tensor for name, tensor in state.items() if name != missing})

    with pytest.raises(BadWeights, match=r"model\.1\.bn_l\.weight"):
        load_generator(path)


def test_an_unexpected_key_is_named(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    path = _saved(tmp_path, state | {"generator.model.99.extra": torch.zeros(1)})

    with pytest.raises(BadWeights, match=r"model\.99\.extra"):
        load_generator(path)


def test_a_wrong_shape_is_named(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    path = _saved(tmp_path, state | {"generator.model.1.bn_l.weight": torch.zeros(7)})

    with pytest.raises(BadWeights, match=r"model\.1\.bn_l\.weight"):
        load_generator(path)


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"not weights at all")

    with pytest.raises(BadWeights):
        load_generator(tmp_path / "x.safetensors")


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "exploded",)

    torch.save({"state_dict": {"generator.model.1.ffc.convl2l.weight": Bomb()}}, tmp_path / "bomb.ckpt")

    with pytest.raises(BadWeights):
        load_generator(tmp_path / "bomb.ckpt")

    assert not (tmp_path / "exploded").exists()


def test_the_engine_fills_the_hole_and_nothing_else(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    engine = LamaEngine(_saved(tmp_path, state), device="cpu")
    picture, mask = photos.with_object(90, 70), photos.object_mask(90, 70)

    (filled,) = engine.fill([Crop(picture, mask)])

    assert filled.shape == picture.shape
    assert np.array_equal(filled[~mask], picture[~mask])
    assert not np.array_equal(filled[mask], picture[mask])


def test_the_engine_never_looks_under_the_mask(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    engine = LamaEngine(_saved(tmp_path, state), device="cpu")
    picture, mask = photos.with_object(90, 70), photos.object_mask(90, 70)
    other = picture.copy()
    other[mask] = 7

    assert np.array_equal(engine.fill([Crop(picture, mask)])[0], engine.fill([Crop(other, mask)])[0])
