"""Models that transformers' `save_pretrained` wrote, from a local directory: no network, no pickle, no code of theirs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import torch

from inference.errors import BadWeights, EngineError


class TransformersMissing(EngineError):
    """Models of this kind need `transformers`: pip install 'pixelsite[transformers]'."""

    code = "transformers_missing"


def transformers_library() -> Any:
    """Return the module, which is an optional extra and takes seconds to import. Raises `TransformersMissing`."""
    try:
        return importlib.import_module("transformers")
    except ImportError as error:
        raise TransformersMissing from error


def load_pretrained(class_name: str, folder: Path, *, what: str) -> Any:
    """Return the model in fp32, in evaluation mode; `what` names it in errors. Raises `TransformersMissing` or `BadWeights`."""
    library = transformers_library()
    try:
        model, report = getattr(library, class_name).from_pretrained(
            str(folder),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:  # it raises whatever its many models raise
        raise BadWeights(f"{folder} cannot be loaded as {what}: {error}") from error
    lacking = sorted(str(key) for part in ("missing_keys", "mismatched_keys") for key in report.get(part, ()))
    if lacking:
        # Transformers would fill them with random numbers and only warn.
        raise BadWeights(f"The weights in {folder} lack {lacking[0]}: they are not those of {what}.")
    return model.eval().requires_grad_(False)
