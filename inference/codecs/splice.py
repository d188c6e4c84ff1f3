"""JPEG in, JPEG out, without encoding the photo again: new DCT coefficients where pixels changed, the old ones elsewhere.

A JPEG is a grid of MCUs (minimum coded units: 8×8 pixels, or 16×16 where chroma is halved both ways). The change of the
pixels in a touched MCU is transformed and added to its coefficients; the DCT is linear, so pixels of the MCU that did
not change keep their values but for rounding. Every other MCU keeps its coefficients bit for bit.
Source: ITU-T T.81, annex A.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jpeglib
import mozjpeg_lossless_optimization as mozjpeg
import numpy as np
from numpy.typing import NDArray

from inference.codecs.photo import Samples
from inference.codecs.segments import with_component_ids_of

jpeglib.version.set("turbo210")
_one_at_a_time = threading.Lock()  # the library keeps its state in globals

_SIDE = 8
_AC_MAX = 1023  # what 8-bit samples can give; more comes from broken files, and the encoder would give up on it
_TO_YCBCR = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]], np.float32
)


def _dct_matrix() -> NDArray[np.float32]:
    """Row k holds the k-th cosine over eight samples, of length 1."""
    frequency, sample = np.mgrid[:_SIDE, :_SIDE]
    waves = np.cos((2 * sample + 1) * frequency * np.pi / (2 * _SIDE)) * np.sqrt(2 / _SIDE)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)


_DCT = _dct_matrix()


class CannotSplice(Exception):
    """This JPEG is of a kind whose coefficients cannot be kept."""


@dataclass(frozen=True, kw_only=True)
class Spliced:
    """A JPEG file without the metadata of the old one."""

    data: bytes
    mcus_total: int
    mcus_reencoded: int


def splice(
    data: bytes, before: Samples, after: Samples, changed: NDArray[np.bool_], *, is_progressive: bool
) -> Spliced:
    """Put the changed pixels into a JPEG file. Arrays have the orientation in which the file stores the picture.

    `before` and `after` are H×W (grey) or H×W×3 (RGB) uint8, `changed` H×W bool. The output is progressive where the
    input was, and Huffman-coded. Raises `CannotSplice`.
    """
    with _one_at_a_time, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.jpg"
        path.write_bytes(data)
        file = jpeglib.read_dct(str(path))
        planes = _planes(file, before.shape)
        touched = _touched(changed, _mcu_size(file))
        for plane in planes:
            _replace(plane, before, after, touched)
        output = Path(folder) / "output.jpg"
        file.write_dct(str(output), flags=["+OPTIMIZE_CODING"])
        written = with_component_ids_of(data, output.read_bytes())
    if is_progressive:
        written = mozjpeg.optimize(written)
    return Spliced(data=written, mcus_total=touched.size, mcus_reencoded=int(touched.sum()))


def differing_mcus(one: bytes, other: bytes) -> NDArray[np.bool_]:
    """Return which MCUs of two JPEG files of one kind differ in any coefficient. Raises `CannotSplice`."""
    with _one_at_a_time, tempfile.TemporaryDirectory() as folder:
        files = []
        for name, data in (("one.jpg", one), ("other.jpg", other)):
            path = Path(folder) / name
            path.write_bytes(data)
            files.append(jpeglib.read_dct(str(path)))
        first, second = (
            _planes(file, (file.height, file.width) if file.num_components == 1 else (file.height, file.width, 3))
            for file in files
        )
    rows, columns = (
        -(-side // step) for side, step in zip((files[0].height, files[0].width), _mcu_size(files[0]), strict=True)
    )
    differing = np.zeros((rows, columns), bool)
    for plane, its_other in zip(first, second, strict=True):
        if plane.coefficients.shape != its_other.coefficients.shape:
            raise CannotSplice("pictures of different sizes or samplings")
        blocks = np.argwhere((plane.coefficients != its_other.coefficients).any(axis=(2, 3)))
        differing[blocks[:, 0] // plane.blocks[0], blocks[:, 1] // plane.blocks[1]] = True
    return differing


@dataclass(frozen=True)
class _Plane:
    """One component of the picture."""

    coefficients: NDArray[np.int16]
    """Rows × columns of blocks × 8 × 8, changed in place."""
    quantisation: NDArray[np.float32]
    """8×8."""
    weights: NDArray[np.float32] | None
    """What red, green and blue contribute; None for grey."""
    blocks: tuple[int, int]
    """Rows and columns of blocks in an MCU."""
    pixels: tuple[int, int]
    """Rows and columns of pixels that a sample stands for."""


def _planes(file: Any, shape: tuple[int, ...]) -> list[_Plane]:
    """Read the coefficients. Raises `CannotSplice` for a kind of file that is not understood."""
    spaces = {1: ("JCS_GRAYSCALE",), 3: ("JCS_YCbCr", "JCS_RGB")}
    space, count = str(file.jpeg_color_space).rpartition(".")[2], file.num_components
    if (
        space not in spaces.get(count, ())
        or len(shape) != (2 if count == 1 else 3)
        or shape[:2] != (file.height, file.width)
    ):
        raise CannotSplice(f"{count} components of {space}")
    arrays = [file.Y] if count == 1 else [file.Y, file.Cb, file.Cr]
    if any(array is None or array.max() > _AC_MAX or array.min() < -_AC_MAX - 1 for array in arrays):
        raise CannotSplice("coefficients out of range")
    matrix = [None] if count == 1 else np.eye(3, dtype=np.float32) if space == "JCS_RGB" else _TO_YCBCR
    factors = [(int(rows), int(columns)) for rows, columns in file.samp_factor][:count]
    most = max(rows for rows, _ in factors), max(columns for _, columns in factors)
    if any(most[0] % rows or most[1] % columns for rows, columns in factors):
        raise CannotSplice(f"sampling factors {factors}")
    if count == 1:
        factors, most = [(1, 1)], (1, 1)  # a single component has no interleaving, whatever its factors say
    return [
        _Plane(
            array,
            np.asarray(file.qt[number], np.float32),
            weights,
            factor,
            (most[0] // factor[0], most[1] // factor[1]),
        )
        for array, number, weights, factor in zip(arrays, file.quant_tbl_no, matrix, factors, strict=True)
    ]


def _mcu_size(file: Any) -> tuple[int, int]:
    """Rows and columns of pixels."""
    if file.num_components == 1:
        return _SIDE, _SIDE
    return tuple(_SIDE * int(max(column)) for column in zip(*file.samp_factor, strict=True))  # type: ignore[return-value]


def _touched(changed: NDArray[np.bool_], mcu: tuple[int, int]) -> NDArray[np.bool_]:
    """Which MCUs hold a changed pixel."""
    height, width = (-(-side // step) for side, step in zip(changed.shape, mcu, strict=True))
    touched = np.zeros((height, width), bool)
    for row in range(height):
        columns = np.flatnonzero(changed[row * mcu[0] : (row + 1) * mcu[0]].any(axis=0))
        touched[row, columns // mcu[1]] = True
    return touched


def _replace(plane: _Plane, before: Samples, after: Samples, touched: NDArray[np.bool_]) -> None:
    """Add the change to the blocks of touched MCUs, one row of MCUs at a time."""
    rows_px, columns_px = (_SIDE * blocks * pixels for blocks, pixels in zip(plane.blocks, plane.pixels, strict=True))
    for row, first, last in _spans(touched):
        window = slice(row * rows_px, (row + 1) * rows_px), slice(first * columns_px, last * columns_px)
        change = after[window].astype(np.float32) - before[window]
        if plane.weights is not None:
            change = change @ plane.weights
        # Beyond the picture's border the change goes on as it is there.
        missing = rows_px - change.shape[0], (last - first) * columns_px - change.shape[1]
        change = np.pad(change, ((0, missing[0]), (0, missing[1])), mode="edge")
        vertical, horizontal = plane.pixels
        samples = change.reshape(change.shape[0] // vertical, vertical, -1, horizontal).mean(axis=(1, 3))
        blocks = samples.reshape(plane.blocks[0], _SIDE, -1, _SIDE).swapaxes(1, 2)
        steps = _DCT @ blocks @ _DCT.T / plane.quantisation
        _add(plane, steps, row, first, touched[row, first:last])


def _spans(touched: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """Row, first and last (excluded) touched column of each row that has any."""
    for row in np.flatnonzero(touched.any(axis=1)):
        columns = np.flatnonzero(touched[row])
        yield int(row), int(columns[0]), int(columns[-1]) + 1


def _add(plane: _Plane, steps: NDArray[np.float32], row: int, first: int, touched: NDArray[np.bool_]) -> None:
    across = plane.blocks[1]
    # Blocks beyond the border that only fill up the last MCU are not stored.
    blocks = plane.coefficients[
        row * plane.blocks[0] : (row + 1) * plane.blocks[0], first * across : (first + len(touched)) * across
    ]
    chosen = np.repeat(touched, across)[: blocks.shape[1]]
    steps = steps[: blocks.shape[0], : blocks.shape[1]]
    changed = np.clip(np.rint(blocks[:, chosen] + steps[:, chosen]), -_AC_MAX, _AC_MAX)
    blocks[:, chosen] = changed.astype(np.int16)
