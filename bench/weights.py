"""big-lama's network with random weights: what it paints means nothing, what it costs is what big-lama costs."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from inference.engines.lama.network import BIG_LAMA, Generator


def random_big_lama(folder: Path) -> Path:
    """Write the weights into `folder` and return the file (200 MB)."""
    torch.manual_seed(0)
    path = folder / "random-big-lama.safetensors"
    save_file(
        {f"generator.{name}": value.contiguous() for name, value in Generator(BIG_LAMA).state_dict().items()}, path
    )
    return path
