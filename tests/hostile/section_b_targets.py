"""B. Mask, boxes, clicks, sentences, options."""

from __future__ import annotations

import io
import json

from django.test.client import encode_multipart
from PIL import Image

from tests.hostile import pictures
from tests.hostile.cases import (
    SUBMIT,
    Case,
    Stage,
    accepted,
    refused,
    with_image,
    with_mask,
    with_options,
    with_target,
)
from tests.jobs.conftest import SIZE, encoded, mask, photo, upload
from tests.photos import exif


def _mask_as(mode: str) -> bytes:
    return encoded(Image.open(io.BytesIO(mask())).convert(mode))


def _grey_mask() -> bytes:
    """Every brightness from left to right: what is 128 or brighter is removed."""
    width, height = SIZE
    return encoded(Image.frombytes("L", SIZE, bytes(255 * x // (width - 1) for x in range(width)) * height))


def _mask_in_alpha(alpha: bytes | int) -> bytes:
    """A black picture that is drawn in its alpha channel only."""
    drawn = Image.new("RGBA", SIZE, (0, 0, 0, 255))
    drawn.putalpha(Image.open(io.BytesIO(alpha)) if isinstance(alpha, bytes) else alpha)
    return encoded(drawn)


def _mask_16_bit() -> bytes:
    return encoded(Image.open(io.BytesIO(mask())).convert("I").point(lambda value: value * 257).convert("I;16"))


def _turned_mask() -> bytes:
    return encoded(Image.open(io.BytesIO(mask(size=(48, 64)))), exif=exif(orientation=6))


def _two_boxes(stage: Stage) -> object:
    body = encode_multipart("x", {"image": upload(photo()), "bbox": ["1,1,5,5", "2,2,5,5"]})
    return stage.api.post(SUBMIT, body, content_type="multipart/form-data; boundary=x")


def _rectangles(count: int) -> str:
    return json.dumps([{"x": 1, "y": 1, "width": 2, "height": 2}] * count)


def _bad_mask(title: str, data: bytes, status: int, code: str) -> Case:
    return refused(title, with_mask(lambda: data), status, code, "mask")


def _bad_box(title: str, box: str, code: str = "box_invalid", status: int = 422) -> Case:
    return refused(title, with_target(bbox=box), status, code, "bbox")


def _bad_option(title: str, code: str = "invalid_parameter", *, param: str = "", **fields: str) -> Case:
    return refused(title, with_options(**fields), 422, code, param or next(reversed(fields)))


_MASKS = [
    refused("B60 nothing that says what to remove", with_target(), 422, "target_required", "mask"),
    refused("B60 an empty box", with_target(bbox=""), 422, "target_required", "mask"),
    _bad_mask("B61 mask of another size", mask(size=(63, 48)), 422, "mask_size_mismatch"),
    _bad_mask("B61 mask turned by a quarter", mask(size=(48, 64)), 422, "mask_size_mismatch"),
    _bad_mask("B62 black mask", mask(box=None), 422, "mask_empty"),
    _bad_mask("B63 white mask", pictures.flat("L", 255), 422, "mask_covers_image"),
    accepted("B63 mask of most of the picture", with_mask(lambda: mask(box=(0, 0, 63, 40)))),
    accepted("B64 mask with greys", with_mask(_grey_mask)),
    _bad_mask("B64 mask that is grey all over, darker than half", pictures.flat("L", 127), 422, "mask_empty"),
    accepted("B65 mask drawn in its alpha channel", with_mask(lambda: _mask_in_alpha(mask()))),
    _bad_mask("B65 mask whose alpha channel is empty too", _mask_in_alpha(255), 422, "mask_empty"),
    accepted("B66 JPEG mask with ringing", with_mask(lambda: encoded(Image.open(io.BytesIO(mask())), "JPEG"))),
    accepted("B67 16-bit mask", with_mask(_mask_16_bit)),
    accepted("B67 1-bit mask", with_mask(lambda: _mask_as("1"))),
    accepted("B67 palette mask", with_mask(lambda: _mask_as("P"))),
    _bad_mask("B68 empty file as mask", b"", 400, "invalid_image"),
    _bad_mask("B68 text as mask", b"mask", 400, "invalid_image"),
    _bad_mask("B68 truncated mask", photo(mode="L")[:200], 400, "truncated_image"),
    _bad_mask("B68 bomb as mask", pictures.png_header_only(65_500, 65_500), 413, "image_too_large"),
    _bad_mask("B68 text bomb as mask", pictures.png_with_text_bomb(), 400, "invalid_image"),
    _bad_mask("B68 SVG as mask", pictures.SVG_THAT_FETCHES, 400, "unsupported_format"),
    _bad_mask("B68 animated mask", pictures.animated_png(), 400, "animated_not_supported"),
    accepted("B69 mask with EXIF orientation 6", with_mask(_turned_mask)),
    refused("B70 mask and mask_url", with_options(mask_url="https://example.com/m.png"), 400, "mask_ambiguous", "mask"),
]

_BOXES = [
    _bad_box("B71 box over the edge", "60,40,10,10", "box_out_of_bounds"),
    _bad_box("B71 box beyond the edge", "100,100,5,5", "box_out_of_bounds"),
    _bad_box("B71 box before the edge", "-1,0,10,10", "box_out_of_bounds"),
    _bad_box("B72 box without width", "1,1,0,5"),
    _bad_box("B72 box of negative height", "1,1,5,-5"),
    _bad_box("B72 box of NaN", "[NaN,1,2,3]"),
    _bad_box("B72 box of infinity", "[1e999,1,2,3]"),
    _bad_box("B72 box of texts", '["10",1,2,3]'),
    _bad_box("B72 box of one number", "10"),
    _bad_box("B72 box of words", "left"),
    _bad_box("B72 box of true", "[true,1,2,3]"),
    _bad_box("B72 box of 5,000 digits", "1" * 5_000 + ",0,1,1"),
    refused("B73 rectangles that are not JSON", with_target(rectangles="1,2,3,4"), 400, "json_invalid", "rectangles"),
    refused("B73 rectangles 50,000 deep", with_target(rectangles="[" * 50_000), 400, "json_invalid", "rectangles"),
    refused("B73 no rectangles", with_target(rectangles="[]"), 422, "box_invalid", "rectangles"),
    refused("B73 51 rectangles", with_target(rectangles=_rectangles(51)), 422, "too_many_rectangles", "rectangles"),
    accepted("B73 50 rectangles", with_target(rectangles=_rectangles(50))),
]


def _prompted(title: str, prompt: str, code: str) -> Case:
    return refused(title, with_target(prompt=prompt), 422, code, "prompt")


def _pointed(title: str, code: str = "points_invalid", status: int = 422, param: str = "points", **fields: str) -> Case:
    return refused(title, with_target(**fields), status, code, param)


_POINTED = [
    _pointed("B74 points without labels", points="[[1,1]]", param="labels"),
    _pointed("B74 labels without points", labels="[1]"),
    _pointed("B74 label 7", points="[[1,1]]", labels="[7]", param="labels"),
    _pointed("B74 one label for two points", points="[[1,1],[2,2]]", labels="[1]", param="labels"),
    _pointed("B74 no point on the object", points="[[1,1]]", labels="[0]", param="labels"),
    _pointed("B74 points that are no JSON", "json_invalid", 400, points="1,1", labels="[1]"),
    _pointed("B74 a point of NaN", points="[[NaN,1]]", labels="[1]"),
    _pointed("B74 a point of 5,000 digits", points=f"[[{'1' * 5000},1]]", labels="[1]"),
    _pointed("B74 a point outside", "point_out_of_bounds", points="[[64,1]]", labels="[1]"),
    _pointed("B74 points 50,000 deep", "json_invalid", 400, points="[" * 50_000, labels="[1]"),
    _pointed("B72 a box around of no width", "box_invalid", param="box", box="[4,4,4,9]"),
    _pointed("B71 a box around that reaches outside", "box_out_of_bounds", param="box", box="[4,4,65,9]"),
    _pointed(
        "B61 run lengths of another size",
        "segmentation_size_mismatch",
        param="segmentation",
        segmentation='{"size":[1,1],"counts":[0,1]}',
    ),
    _pointed(
        "B61 run lengths of a size beyond all pictures",
        "segmentation_size_mismatch",
        param="segmentation",
        segmentation='{"size":[2000000000,2000000000],"counts":[1,3999999999999999999]}',
    ),
    _pointed("B61 a polygon of two points", "segmentation_invalid", param="segmentation", segmentation="[[1,1,2,2]]"),
    _prompted("B75 empty prompt", "", "prompt_empty"),
    _prompted("B75 prompt of spaces", "   ", "prompt_empty"),
    _prompted("B76 prompt of 2,001 characters", "x" * 2_001, "prompt_too_long"),
    _prompted("B76 prompt of a megabyte", "x" * 1_000_000, "prompt_too_long"),
    _prompted("B77 prompt with NUL", "a\0b", "invalid_characters"),
    refused(
        "B78 prompt of a lone surrogate",
        lambda stage: stage.api.post(SUBMIT, rb'{"prompt": "\ud800"}', content_type="application/json"),
        400,
        "json_invalid",
    ),
    accepted("B79 prompt of combining marks", with_target(prompt="\u0301" * 1_999 + "a")),
    accepted("B79 prompt that turns the writing round", with_target(prompt="the dog \u202e on the left")),
    accepted(
        "B80 prompt that is a script", with_target(prompt="<script>alert(1)</script>{{7*7}}'; DROP TABLE jobs_job")
    ),
    accepted("B81 prompt against policy", with_target(prompt="undress her")),
    # No operation takes a seed: the same picture and mask give the same result.
    _pointed("B86 seed of 2^63", "unknown_parameter", param="seed", bbox="1,1,5,5", seed=str(2**63)),
    _pointed("B86 seed and a half", "unknown_parameter", param="seed", bbox="1,1,5,5", seed="1.5"),
]

_OPTIONS = [
    _bad_option("B82 unknown output format", output_format="bmp"),
    _bad_option("B82 quality 0", quality="0"),
    _bad_option("B82 quality 101", quality="101"),
    _bad_option("B82 quality of words", quality="high"),
    _bad_option("B82 quality and a half", quality="80.5"),
    _bad_option("B82 quality of 5,000 digits", quality="1" * 5_000),
    _bad_option("B82 metadata over 4 KB", metadata=json.dumps({"note": "x" * 4_096})),
    _bad_option("B82 metadata that is no object", metadata="[1]"),
    _bad_option("B82 metadata with NUL", metadata=r'{"a": "\u0000"}'),
    _bad_option("B82 metadata with a lone surrogate", metadata=r'{"a": "\ud800"}'),
    _bad_option("B82 metadata with infinity", metadata='{"a": 1e400}'),
    _bad_option("B82 metadata 50,000 deep", metadata='{"a":' * 50_000),
    _bad_option("B82 grow of words", "grow_invalid", grow="a lot"),
    _bad_option("B82 grow without end", "grow_invalid", grow="99999"),
    _bad_option("B82 grow below nothing", "grow_invalid", grow="-3"),
    _bad_option("B82 grow by half a pixel", "grow_invalid", grow="1.5px"),
    _bad_option("B82 grow over a hundred percent", "grow_invalid", grow="101%"),
    _bad_option("B82 feather without grow", "feather_invalid", feather="3"),
    _bad_option("B82 feather below nothing", grow="5", feather="-1"),
    _bad_option("B82 feather without end", grow="5", feather="501"),
    _bad_option("B82 feather of words", grow="5", feather="soft"),
    _bad_option("B82 unknown mode", mode="best"),
    _bad_option("B82 unknown policy", metadata_policy="burn"),
    refused(
        "B83 WebP too wide",
        with_image(lambda: photo(size=(16_400, 16)), output_format="webp"),
        422,
        "invalid_parameter",
        "output_format",
    ),
    _bad_option("B84 misspelt parameter", "unknown_parameter", output_fromat="png"),
    _bad_option("B84 parameter of 500 letters", "unknown_parameter", param="x" * 80, **{"x" * 500: "1"}),
    refused("B85 a field twice", _two_boxes, 400, "duplicate_field", "bbox"),
]

CASES = [*_MASKS, *_BOXES, *_POINTED, *_OPTIONS]
