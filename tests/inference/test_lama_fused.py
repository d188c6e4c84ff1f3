"""The generator as it is run paints what the published form paints, wherever it is looked at."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from inference.engines.lama import fused as fused_module
from inference.engines.lama.checkpoint import load_generator
from inference.engines.lama.fused import FusedGenerator
from inference.engines.lama.network import Generator, Sizes
from tests.inference.test_lama_golden import MINI

CPU = torch.device("cpu")


def random_generator(*, downsamplings: int = 3) -> Generator:
    """A small generator with weights and statistics that are not those of a fresh one."""
    torch.manual_seed(3)
    generator = Generator(
        Sizes(width=8, downsamplings=downsamplings, blocks=2, global_channels=6 << downsamplings)
    ).requires_grad_(False)
    values = {"running_mean": (-0.3, 0.3), "running_var": (0.3, 2.0), "weight": (0.5, 1.5), "bias": (-0.3, 0.3)}
    for name, tensor in generator.state_dict().items():
        if tensor.dim() == 1:  # of a normalisation
            tensor.uniform_(*values[name.rpartition(".")[2]])
    return generator.eval()


@pytest.fixture(scope="module")
def generator() -> Generator:
    return random_generator()


def _scene(height: int, width: int, *, batch: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(height * width)
    mask = torch.zeros(batch, 1, height, width)
    mask[:, :, height // 4 : height // 2, width // 4 : width // 2] = 1
    return torch.rand(batch, 3, height, width), mask


def _published(generator: Generator, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        painted: torch.Tensor = generator(image, mask)
        return painted


def _whole(image: torch.Tensor) -> tuple[slice, slice]:
    return slice(0, image.shape[2]), slice(0, image.shape[3])


@pytest.mark.parametrize("weights", MINI, ids=lambda path: path.name)
@pytest.mark.parametrize("case", range(3))
def test_the_golden_outputs_are_reproduced(weights, case) -> None:
    fused = FusedGenerator(load_generator(weights), device=CPU, dtype=torch.float32)
    golden = load_file(weights.with_name("lama-mini-io.safetensors"))
    image, mask = golden[f"image_{case}"], golden[f"mask_{case}"]

    painted = fused(image, mask, _whole(image))

    assert torch.allclose(painted, golden[f"generator_{case}"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("downsamplings", [2, 3])
def test_it_paints_what_the_published_form_paints(downsamplings) -> None:
    generator = random_generator(downsamplings=downsamplings)
    fused = FusedGenerator(generator, device=CPU, dtype=torch.float32)
    image, mask = _scene(72, 104)

    assert torch.allclose(fused(image, mask, _whole(image)), _published(generator, image, mask), atol=1e-5, rtol=0)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_window_is_that_part_of_the_whole(generator, data) -> None:
    image, mask = _scene(80, 96)
    top, left = data.draw(st.integers(0, 79)), data.draw(st.integers(0, 95))
    window = slice(top, data.draw(st.integers(top + 1, 80))), slice(left, data.draw(st.integers(left + 1, 96)))
    fused = FusedGenerator(generator, device=CPU, dtype=torch.float32)

    part = fused(image, mask, window)

    assert torch.allclose(part, _published(generator, image, mask)[:, :, window[0], window[1]], atol=1e-5, rtol=0)


def test_pictures_painted_together_are_painted_as_alone(generator) -> None:
    fused = FusedGenerator(generator, device=CPU, dtype=torch.float32)
    image, mask = _scene(64, 64, batch=3)

    together = fused(image, mask, _whole(image))
    alone = torch.cat([fused(image[i : i + 1], mask[i : i + 1], _whole(image)) for i in range(3)])

    assert torch.allclose(together, alone, atol=1e-6, rtol=0)


def test_half_the_bits_cost_no_visible_difference(generator) -> None:
    image, mask = _scene(128, 128)
    painted = FusedGenerator(generator, device=CPU, dtype=torch.bfloat16)(image, mask, _whole(image))

    error = (painted - _published(generator, image, mask)).square().mean()

    assert -10 * torch.log10(error) > 45


def test_what_lies_under_the_mask_does_not_matter(generator) -> None:
    fused = FusedGenerator(generator, device=CPU, dtype=torch.float32)
    image, mask = _scene(64, 64)

    assert torch.equal(fused(image, mask, _whole(image)), fused(image * (1 - mask), mask, _whole(image)))


def test_strips_do_not_show(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_module, "_CPU_STRIP_ROWS", 16)
    fused = FusedGenerator(generator, device=CPU, dtype=torch.float32)
    image, mask = _scene(88, 72)

    assert torch.allclose(fused(image, mask, _whole(image)), _published(generator, image, mask), atol=1e-5, rtol=0)
