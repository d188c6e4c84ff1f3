"""Pictures are read and written in children; what comes of it is the same, and a file that breaks one costs one job."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import PIL.Image
import pytest

from inference import pipeline
from inference.codecs.codec import DecoderCrashed, GuardedCodec, ImageTooComplex, PlainCodec
from inference.engines.exemplar import ExemplarEngine
from inference.errors import OutOfMemory, UnreadableImage
from inference.pipeline import RemovalRequest
from inference.safety import NoFilter
from tests import photos
from tests.jobs import guarded


@pytest.fixture(scope="module")
def codec() -> Iterator[GuardedCodec]:
    made = GuardedCodec(memory_bytes=1 << 30, seconds=60, children_max=2)
    yield made
    made.close()


FILES = {
    "JPEG": lambda: photos.sample_jpeg(),
    "turned JPEG": lambda: photos.sample_jpeg(orientation=6),
    "PNG": lambda: photos.saved(PIL.Image.fromarray(photos.with_object()), "PNG"),
    "PNG with alpha": lambda: photos.saved(photos.with_alpha(), "PNG"),
    "palette": lambda: photos.saved(PIL.Image.fromarray(photos.with_object()).quantize(64), "PNG"),
    "WebP": lambda: photos.saved(PIL.Image.fromarray(photos.with_object()), "WEBP", lossless=True),
    "TIFF": lambda: photos.saved(PIL.Image.fromarray(photos.with_object()), "TIFF"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_job_has_the_same_result_as_in_one_process(codec: GuardedCodec, name: str) -> None:
    request = RemovalRequest(image=FILES[name](), mask_png=photos.sample_mask())
    engine = ExemplarEngine()

    apart, together = (
        pipeline.run(
            request, engines=(engine,), safety=NoFilter(), on_progress=lambda stage, percent: None, codec=its_codec
        )
        for its_codec in (codec, PlainCodec())
    )

    assert apart.data == together.data
    assert (apart.input_preview, apart.output_preview) == (together.input_preview, together.output_preview)
    assert apart.receipt | {"seconds": 0} == together.receipt | {"seconds": 0}


def test_an_unreadable_file_is_refused_as_in_one_process(codec: GuardedCodec) -> None:
    with pytest.raises(UnreadableImage, match="2 megapixels"):
        codec.decode(photos.saved(PIL.Image.new("L", (2000, 1001)), "PNG"), max_pixels=2_000_000)


def test_a_file_that_kills_its_decoder_is_told_apart_from_a_fault_of_ours(codec: GuardedCodec) -> None:
    with pytest.raises(DecoderCrashed) as caught:
        codec.guarded(os.abort)

    assert caught.value.retryable  # the system may have ended it for want of memory
    assert codec.decode(photos.sample_jpeg(), max_pixels=1_000_000).size == (96, 64)


def test_a_file_that_never_ends_is_given_up() -> None:
    hasty = GuardedCodec(memory_bytes=1 << 30, seconds=0.2, children_max=1)

    with pytest.raises(ImageTooComplex):
        hasty.guarded(guarded.spin)

    hasty.close()


def test_a_file_that_takes_all_memory_is_given_up(codec: GuardedCodec) -> None:
    with pytest.raises(OutOfMemory):
        codec.guarded(guarded.take, 2 << 30)


def test_a_copy_may_be_changed(codec: GuardedCodec) -> None:
    photo = codec.decode(photos.sample_jpeg(), max_pixels=1_000_000)

    copy = codec.copy(photo.rgb)
    copy[:] = 0

    assert not np.array_equal(copy, photo.rgb)
