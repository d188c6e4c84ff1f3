"""Checkpoints that can be fetched: where they are, what they weigh, what they must hash to, under which licence."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from inference.errors import EngineError


class UnknownModel(EngineError):
    """There is no such model."""

    code = "unknown_model"


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """One checkpoint, as its publisher gives it out."""

    name: str
    title: str
    engine: str
    url: str
    size_bytes: int
    sha256: str
    licence: str

    @property
    def download_name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def file_name(self) -> str:
        """Of the safetensors file that the engine loads."""
        return f"{self.name}.safetensors"


KNOWN_MODELS: dict[str, KnownModel] = {
    model.name: model
    for model in (
        # Size and hash as several projects that ship this download pin them; its publisher names the MD5
        # e3aa4aaa15225a33ec84f9f4bc47e500. Licence: that of the LaMa repository, which published the weights first.
        KnownModel(
            name="big-lama",
            title="LaMa for large holes (TorchScript form)",
            engine="lama",
            url="https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt",
            size_bytes=205_669_692,
            sha256="344c77bbcb158f17dd143070d1e789f38a66c04202311ae3a258ef66667a9ea9",
            licence="Apache-2.0",
        ),
    )
}


def find_model(name: str) -> KnownModel:
    """Raises `UnknownModel`, with the nearest known name."""
    if name not in KNOWN_MODELS:
        nearest = difflib.get_close_matches(name, KNOWN_MODELS, n=1, cutoff=0.4)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(KNOWN_MODELS)}."
        raise UnknownModel(f"There is no model {name!r}. {hint}")
    return KNOWN_MODELS[name]
