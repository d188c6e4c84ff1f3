"""Models that can be fetched: where they are, what they weigh, what they must hash to, under which licence."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from inference.errors import EngineError

Kind = Literal["lama", "nsfwjs", "tflite"]
"""How a download becomes the file that is loaded: `inference/model_store/conversion.py`."""


class UnknownModel(EngineError):
    """There is no such model."""

    code = "unknown_model"


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """One model, as its publisher gives it out."""

    name: str
    title: str
    purpose: str
    """What it is for, in a word or two."""
    kind: Kind
    url: str
    size_bytes: int
    """Of the download."""
    sha256: str
    """Of the download."""
    licence: str
    next_step: str
    """What to set to use it."""

    @property
    def is_kept_as_it_is(self) -> bool:
        return self.kind == "tflite"

    @property
    def file_name(self) -> str:
        """Of the file that is loaded."""
        return f"{self.name}.{'tflite' if self.is_kept_as_it_is else 'safetensors'}"

    @property
    def download_name(self) -> str:
        return self.file_name if self.is_kept_as_it_is else self.url.rpartition("/")[2]


KNOWN_MODELS: dict[str, KnownModel] = {
    model.name: model
    for model in (
        # Size and hash as several projects that ship this download pin them; its publisher names the MD5
        # e3aa4aaa15225a33ec84f9f4bc47e500. Licence: that of the LaMa repository, which published the weights first.
        KnownModel(
            name="big-lama",
            title="LaMa for large holes (TorchScript form)",
            purpose="engine lama",
            kind="lama",
            url="https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt",
            size_bytes=205_669_692,
            sha256="344c77bbcb158f17dd143070d1e789f38a66c04202311ae3a258ef66667a9ea9",
            licence="Apache-2.0",
            next_step="Set PIXELSITE_ENGINES=lama,exemplar and restart the workers to use it.",
        ),
        # Size and hash of the published package, measured. Two files of it are used, 3.6 MB of the 25; the package is
        # the only place where its publisher gives this model out under a version.
        KnownModel(
            name="nsfw-mobilenet",
            title="NSFWJS 4.3.0, MobileNetV2 in five classes",
            purpose="content filter",
            kind="nsfwjs",
            url="https://registry.npmjs.org/nsfwjs/-/nsfwjs-4.3.0.tgz",
            size_bytes=25_336_605,
            sha256="4496790efc9bdc6f3e85a826a8e482c1fa1e9db4b3d18c095e98cc0c73cfb12f",
            licence="MIT",
            next_step="Set it as the content filter (docs/safety.md) and restart the workers to use it.",
        ),
        # For both that follow: size and hash are those of the copy in circulation; the address was not reachable when
        # this was written.
        KnownModel(
            name="deeplab-voc",
            title="DeepLabv3 on MobileNetV2, 21 classes of Pascal VOC",
            purpose="targets",
            kind="tflite",
            url="https://storage.googleapis.com/download.tensorflow.org/models/tflite/gpu/deeplabv3_257_mv_gpu.tflite",
            size_bytes=2_779_264,
            sha256="68a539782c2c6a72f8aac3724600124a85ed977162b44e84cbae5db717c933c6",
            licence="Apache-2.0",
            next_step="Restart the workers to use it.",
        ),
        KnownModel(
            name="selfie",
            title="MediaPipe selfie segmentation, people's outlines",
            purpose="targets",
            kind="tflite",
            url="https://storage.googleapis.com/mediapipe-assets/selfie_segmentation.tflite",
            size_bytes=249_024,
            sha256="8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27",
            licence="Apache-2.0",
            next_step="Restart the workers to use it.",
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
