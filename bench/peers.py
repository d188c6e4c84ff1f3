"""What others do with the same picture: OpenCV, scikit-image, and the crop strategy of the open tool in use today."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from skimage.restoration import inpaint_biharmonic

from inference.engines.base import Image as Pixels
from inference.engines.base import Mask
from inference.engines.lama.checkpoint import load_generator

_TOOL_MARGIN_PX = 128


def telea(image: Pixels, mask: Mask) -> Pixels:
    return np.asarray(cv2.inpaint(image, mask.astype(np.uint8), 5, cv2.INPAINT_TELEA), np.uint8)


def navier_stokes(image: Pixels, mask: Mask) -> Pixels:
    return np.asarray(cv2.inpaint(image, mask.astype(np.uint8), 5, cv2.INPAINT_NS), np.uint8)


def biharmonic(image: Pixels, mask: Mask) -> Pixels:
    filled = inpaint_biharmonic(image, mask, split_into_regions=True, channel_axis=2)
    return np.where(mask[..., None], np.clip(np.rint(filled * 255), 0, 255), image).astype(np.uint8)


def shiftmap(image: Pixels, mask: Mask) -> Pixels:
    return _xphoto(image, mask, cv2.xphoto.INPAINT_SHIFTMAP, cv2.COLOR_RGB2Lab, cv2.COLOR_Lab2RGB)


def fsr_fast(image: Pixels, mask: Mask) -> Pixels:
    return _xphoto(image, mask, cv2.xphoto.INPAINT_FSR_FAST, cv2.COLOR_RGB2BGR, cv2.COLOR_BGR2RGB)


def _xphoto(image: Pixels, mask: Mask, method: int, there: int, back: int) -> Pixels:
    converted = cv2.cvtColor(image, there)
    filled = np.empty_like(converted)
    cv2.xphoto.inpaint(converted, np.where(mask, 0, 255).astype(np.uint8), filled, method)
    # Some change known pixels too: only the hole counts.
    return np.where(mask[..., None], cv2.cvtColor(filled, back), image).astype(np.uint8)


class OpenTool:
    """One fp32 TorchScript forward for each hole's box and 128 pixels around it, one after the other; all in memory."""

    def __init__(self, weights: Path) -> None:
        generator = load_generator(weights)
        example = torch.rand(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
        self._model = torch.jit.trace(generator, example, check_trace=False)  # type: ignore[no-untyped-call]

    def job(self, data: bytes, mask: Mask) -> bytes:
        """From a JPEG file to a JPEG file."""
        image = np.array(Image.open(io.BytesIO(data)).convert("RGB"))
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            left, top, width, height = cv2.boundingRect(contour)
            rows = slice(max(0, top - _TOOL_MARGIN_PX), top + height + _TOOL_MARGIN_PX)
            columns = slice(max(0, left - _TOOL_MARGIN_PX), left + width + _TOOL_MARGIN_PX)
            crop, hole = image[rows, columns], mask[rows, columns]
            image[rows, columns] = np.where(hole[..., None], self._forward(crop, hole), crop)
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=95)
        return buffer.getvalue()

    @torch.no_grad()
    def _forward(self, crop: Pixels, hole: Mask) -> Pixels:
        height, width = hole.shape
        padding = ((0, -height % 8), (0, -width % 8))
        image = np.pad(crop, (*padding, (0, 0)), mode="symmetric").astype(np.float32) / 255
        mask = np.pad(hole, padding, mode="symmetric").astype(np.float32)
        painted = self._model(torch.from_numpy(image).permute(2, 0, 1)[None], torch.from_numpy(mask)[None, None])
        pixels = (painted[0].permute(1, 2, 0).numpy() * 255).clip(0, 255).astype(np.uint8)
        return np.asarray(pixels[:height, :width])
