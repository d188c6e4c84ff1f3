"""The pyramid: the same picture and hole in several sizes, and what is done on each."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image, Mask
from inference.engines.exemplar import kernels
from inference.engines.exemplar.shifts import find_shifts, label_hole

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_RADIUS = 3  # 7×7 patches, as in the papers
_SOURCES_MIN = 16  # fewer patches to choose from are none
_COARSEST_DEPTH_PX = 5.0  # the hole is this deep, at most, on the coarsest level
_COARSEST_SIDE_PX = 24
_TEXTURE_WEIGHT = 3.0  # of texture against colour when patches are compared
_TEXTURE_WINDOW_PX = 9
# What a match costs for being as far away as the picture is wide, in squared grey levels a channel: what is near belongs
# here more likely than what is far (texture 8.2 without, 7.2 with it, PSNR the same). The nearest ground costs nothing:
# were the nearest of it the cheapest, the hole would be filled with rows of the same few pieces from its border.
_FARNESS = 6000.0
_FREE_DEPTHS = 2.0
_CONFIDENCE_BASE = 1.5  # how fast trust falls with each pixel from the border
_CONFIDENCE_DEPTH_MAX = 24.0
# Turns of search and vote on each level: the coarse ones decide what goes where, and cost little. A level with more
# patches than this gets one turn, and looks for better matches only near the ones it was given.
_TURNS_MAX = 12
_TURN_PATCHES = 200_000
_REACH_FINE_PX = 16
_SETTLED = 0.25  # grey levels a turn changes on average when there is no more to gain
_SCREEN = 0.01  # ties the result to the copied pixels: a wrong border colour reaches about 10 px into the hole
_ROUNDS, _RELAXATION = 80, 1.7  # of successive over-relaxation; enough for that reach


def radius_for(mask: Mask) -> int:
    """The largest patch radius of which enough wholly known patches exist; small pictures get smaller patches."""
    for radius in range(_RADIUS, 0, -1):
        if min(mask.shape) >= 4 * radius and _sources(mask, radius).sum() >= _SOURCES_MIN:
            return radius
    return 0


def _sources(hole: Mask, radius: int) -> Mask:
    """Centres of patches that lie wholly in the picture and wholly outside the hole."""
    size = 2 * radius + 1
    unknown = cv2.dilate(hole.astype(np.uint8), np.ones((size, size), np.uint8)) > 0
    known = ~unknown
    if radius:
        known[:radius] = known[-radius:] = False
        known[:, :radius] = known[:, -radius:] = False
    return known


def build_pyramid(image: Image, mask: Mask, radius: int) -> list[Level]:
    """Levels from the finest to the coarsest, each half the size of the one before."""
    colours = np.where(mask[..., None], 0, image).astype(np.float32)
    pixels = np.concatenate([colours, _texture(colours, mask)], axis=2)
    levels = [Level(pixels, mask, radius)]
    while True:
        last = levels[-1]
        if last.depth.max() <= _COARSEST_DEPTH_PX or min(last.hole.shape) // 2 < max(_COARSEST_SIDE_PX, 4 * radius):
            return levels
        pixels, hole = _halved(last.known, last.hole)
        if hole.all() or _sources(hole, radius).sum() < _SOURCES_MIN:
            return levels
        levels.append(Level(pixels, hole, radius))


def _halved(pixels: Floats, hole: Mask) -> tuple[Floats, Mask]:
    """Half the size: the mean of the known pixels; a coarse pixel is in the hole if any of its fine ones is."""
    height, width = hole.shape
    pad = ((0, height % 2), (0, width % 2))
    hole = np.pad(hole, pad, mode="edge")
    pixels = np.pad(pixels, (*pad, (0, 0)), mode="edge")
    blocks = (hole.shape[0] // 2, 2, hole.shape[1] // 2, 2)
    weights = (~hole).reshape(blocks).astype(np.float32)
    sums = (pixels.reshape(*blocks, -1) * weights[..., None]).sum(axis=(1, 3))
    means = sums / np.maximum(weights.sum(axis=(1, 3)), 1)[..., None]
    return means.astype(np.float32), np.asarray(hole.reshape(blocks).any(axis=(1, 3)))


def _texture(colours: Floats, hole: Mask) -> Floats:
    """How strongly brightness varies around each known pixel, along rows and along columns."""
    grey = colours.mean(axis=2)
    known = ~hole
    strengths = []
    for axis in (0, 1):
        both = known & np.roll(known, 1, axis)
        change = np.where(both, np.abs(grey - np.roll(grey, 1, axis)), 0).astype(np.float32)
        total = cv2.blur(change, (_TEXTURE_WINDOW_PX, _TEXTURE_WINDOW_PX))
        share = cv2.blur(both.astype(np.float32), (_TEXTURE_WINDOW_PX, _TEXTURE_WINDOW_PX))
        strengths.append(total / np.maximum(share, 1e-3))
    return np.stack(strengths, axis=2).astype(np.float32) * np.float32(_TEXTURE_WEIGHT)


class Level:
    """One size of the picture: what is known, what is to be filled, and from where it may be."""

    def __init__(self, known: Floats, hole: Mask, radius: int) -> None:
        self.known, self.hole, self.radius = known, hole, radius
        self.depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3)
        self.sources = _sources(hole, radius)
        self.far = np.float32(_FARNESS * (2 * radius + 1) ** 2 * known.shape[2] / max(hole.shape) ** 2)
        self.free = np.asarray(_FREE_DEPTHS * self.depth, np.float32)
        self.holes = np.argwhere(hole).astype(np.int32)
        size = 2 * radius + 1
        touched = cv2.dilate(hole.astype(np.uint8), np.ones((size, size), np.uint8)) > 0
        inside = np.zeros_like(touched)
        inside[radius : hole.shape[0] - radius, radius : hole.shape[1] - radius] = True
        self.is_target = touched & inside
        self.targets = np.argwhere(self.is_target).astype(np.int32)
        self.confidence = (_CONFIDENCE_BASE ** -np.minimum(self.depth, _CONFIDENCE_DEPTH_MAX)).astype(np.float32)

    def guess(self) -> Floats:
        """A first guess for the coarsest level: smooth, a few pixels deep."""
        hole = self.hole.astype(np.uint8)
        planes = [
            cv2.inpaint(np.clip(plane, 0, 255).astype(np.uint8), hole, 3, cv2.INPAINT_NS)
            for plane in np.moveaxis(self.known, 2, 0)
        ]
        guess = np.stack(planes, axis=2).astype(np.float32)
        return np.where(self.hole[..., None], guess, self.known)

    def shifted_matches(self, *, guide: Floats, otherwise: Ints) -> Ints:
        """Matches that copy whole parts of the picture, laid out after `guide`; `otherwise` where nothing repeats."""
        found = find_shifts(self.known, self.sources, self.hole, self.radius)
        if len(found) == 0:
            return otherwise
        labels = label_hole(self.known, guide, self.hole, found, far=float(self.far) / (2 * self.radius + 1) ** 2)
        # Patches around the hole go on as its nearest pixel does.
        _, zones = cv2.distanceTransformWithLabels(
            (~self.hole).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
        )
        shift_of_zone = np.full(zones.max() + 1, -1, np.int32)
        shift_of_zone[zones[self.hole]] = labels[self.hole]
        shift = shift_of_zone[zones]
        rows, columns = np.indices(self.hole.shape, dtype=np.int32)
        matches = np.stack([rows, columns], axis=2) + found[shift]
        return self._made_valid(np.where(shift[..., None] < 0, -1, matches).astype(np.int32))

    def random_matches(self) -> Ints:
        """A match for every target, drawn without looking."""
        return self._made_valid(np.full((*self.hole.shape, 2), -1, np.int32))

    def adopt(self, coarse: Ints) -> Ints:
        """Matches of the coarser level, twice as large."""
        rows, columns = np.indices(self.hole.shape, dtype=np.int32)
        matches = 2 * coarse[rows // 2, columns // 2] + np.stack([rows % 2, columns % 2], axis=2)
        return self._made_valid(matches.astype(np.int32))

    def solve(self, pixels: Floats, matches: Ints) -> tuple[Floats, Ints]:
        """Search and vote by turns, until nothing is gained."""
        turns = min(_TURNS_MAX, max(1, _TURN_PATCHES // max(1, len(self.targets))))
        sweeps, reach = (1, _REACH_FINE_PX) if turns == 1 else (2, max(self.hole.shape))
        for turn in range(turns):
            for sweep in range(sweeps):
                matches = kernels.search(
                    pixels,
                    self.targets,
                    self.is_target,
                    self.sources,
                    matches,
                    self.radius,
                    sweeps * turn + sweep,
                    reach,
                    self.far,
                    self.free,
                )
            before, pixels = pixels, self.vote(matches, pixels)
            if float(np.abs(pixels - before)[self.hole].mean()) < _SETTLED:
                break
        return pixels, matches

    def vote(self, matches: Ints, pixels: Floats | None = None) -> Floats:
        """Fill each pixel with the mean of what the patches over it propose.

        Patches count by how well they match `pixels`; without them, by how near they are to the border alone.
        """
        weights = self._weights(matches, pixels)
        voted: Floats = kernels.vote(self.known, self.holes, self.is_target, matches, weights, self.radius)
        return voted

    def choose(self, pixels: Floats, matches: Ints) -> Ints:
        """For each pixel of the hole, the place of the one known pixel that it becomes."""
        means = self.vote(matches, pixels)
        chosen: Ints = kernels.choose(self.known, self.holes, self.is_target, matches, means, self.radius)
        return chosen

    def integrate(self, places: Ints) -> Floats:
        """The chosen pixels, with their gradients integrated from the hole's border inwards."""
        colours = self.known[..., :3]
        filled: Floats = kernels.integrate(colours, self.hole, self.holes, places, _ROUNDS, _RELAXATION, _SCREEN)
        return filled

    def _made_valid(self, matches: Ints) -> Ints:
        kernels.make_valid(matches, self.targets, self.sources, np.argwhere(self.sources).astype(np.int32))
        return matches

    def _weights(self, matches: Ints, pixels: Floats | None) -> Floats:
        if pixels is None:
            return self.confidence
        distance = kernels.distances(pixels, self.targets, matches, self.radius)
        scale = 2 * max(float(np.percentile(distance, 75)), 1e-3)
        weights = np.zeros(self.hole.shape, np.float32)
        rows, columns = self.targets.T
        weights[rows, columns] = np.exp(-distance / scale) * self.confidence[rows, columns] + 1e-12
        return weights
