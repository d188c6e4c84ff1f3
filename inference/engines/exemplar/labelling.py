"""The inner loops of `shifts`, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from inference.engines.exemplar.kernels import patch_distance, scramble

FORBIDDEN = np.float32(1e9)
_MISSING = (
    3e4  # where a shift leads into the hole and nothing can be compared: much, but less than an edge at its worst
)


@njit(cache=True, nogil=True, parallel=True)
def matches_elsewhere(pixels, targets, is_target, sources, places, radius, nearest_squared, rounds):
    """For each target the place of a similar patch that is not near."""
    height, width = sources.shape
    current = np.empty((height, width, 2), np.int32)
    count = len(targets)
    for index in prange(count):
        y, x = targets[index]
        place = places[scramble(index) % np.uint64(len(places))]
        current[y, x, 0], current[y, x, 1] = place[0], place[1]
    for turn in range(rounds):
        better = current.copy()
        for index in prange(count):
            y, x = targets[index]
            by, bx = current[y, x]
            best = np.float32(3.4e38)
            if (by - y) ** 2 + (bx - x) ** 2 >= nearest_squared:
                best = patch_distance(pixels, y, x, by, bx, radius, best)
            for step in (1, 4):
                for direction in range(4):
                    dy = step * ((direction == 0) - (direction == 1))
                    dx = step * ((direction == 2) - (direction == 3))
                    ny, nx = y + dy, x + dx
                    if ny < 0 or nx < 0 or ny >= height or nx >= width or not is_target[ny, nx]:
                        continue
                    sy, sx = current[ny, nx, 0] - dy, current[ny, nx, 1] - dx
                    if sy < 0 or sx < 0 or sy >= height or sx >= width or not sources[sy, sx]:
                        continue
                    if (sy - y) ** 2 + (sx - x) ** 2 < nearest_squared:
                        continue
                    distance = patch_distance(pixels, y, x, sy, sx, radius, best)
                    if distance < best:
                        best, by, bx = distance, sy, sx
            draw = np.uint64(turn * 1000003 + index) * np.uint64(64)
            reach = max(height, width)
            while reach >= 1:
                draw += np.uint64(2)
                sy = by + np.int64(scramble(draw) % np.uint64(2 * reach + 1)) - reach
                sx = bx + np.int64(scramble(draw + np.uint64(1)) % np.uint64(2 * reach + 1)) - reach
                reach //= 2
                if sy < 0 or sx < 0 or sy >= height or sx >= width or not sources[sy, sx]:
                    continue
                if (sy - y) ** 2 + (sx - x) ** 2 < nearest_squared:
                    continue
                distance = patch_distance(pixels, y, x, sy, sx, radius, best)
                if distance < best:
                    best, by, bx = distance, sy, sx
            better[y, x, 0] = by
            better[y, x, 1] = bx
        current = better
    found = np.empty((count, 2), np.int32)
    for index in range(count):
        found[index] = current[targets[index, 0], targets[index, 1]]
    return found


@njit(cache=True, nogil=True)
def _known(hole, y, x):
    return 0 <= y < hole.shape[0] and 0 <= x < hole.shape[1] and not hole[y, x]


@njit(cache=True, nogil=True)
def _difference(pixels, hole, ay, ax, by, bx, missing):
    """How unlike two known pixels are; `missing` where one is not known."""
    if not _known(hole, ay, ax) or not _known(hole, by, bx):
        return missing
    total = np.float32(0)
    for channel in range(pixels.shape[2]):
        difference = pixels[ay, ax, channel] - pixels[by, bx, channel]
        total += difference * difference
    return total


@njit(cache=True, nogil=True, parallel=True)
def costs(pixels, guide, guidance, hole, holes, index_of, shifts, options, far, rounds):
    """What each option (index of a shift, -1 for none) of each pixel costs, all others choosing at their best.

    Min-sum belief propagation on the grid of the hole's pixels, count×options float32.
    """
    count, most = options.shape
    missing = np.float32(_MISSING)
    alone = np.zeros((count, most), np.float32)
    neighbours = np.full((count, 4), -1, np.int32)
    for index in prange(count):
        y, x = holes[index]
        for direction in range(4):
            ny = y + (direction == 0) - (direction == 1)
            nx = x + (direction == 2) - (direction == 3)
            if 0 <= ny < hole.shape[0] and 0 <= nx < hole.shape[1]:
                neighbours[index, direction] = index_of[ny, nx]
        for one in range(most):
            shift = options[index, one]
            if shift < 0 or not _known(hole, y + shifts[shift, 0], x + shifts[shift, 1]):
                alone[index, one] = FORBIDDEN
                continue
            dy, dx = shifts[shift]
            cost = far * np.float32(dy * dy + dx * dx)
            for channel in range(pixels.shape[2]):
                difference = guide[y, x, channel] - pixels[y + dy, x + dx, channel]
                cost += guidance * difference * difference
            for direction in range(4):
                ny = y + (direction == 0) - (direction == 1)
                nx = x + (direction == 2) - (direction == 3)
                if _known(hole, ny, nx):
                    cost += 2 * _difference(pixels, hole, ny, nx, ny + dy, nx + dx, missing)
            alone[index, one] = cost
    messages = np.zeros((count, 4, most), np.float32)  # what a pixel's neighbour in each direction tells it
    for _ in range(rounds):
        for parity in range(2):
            for index in prange(count):
                y, x = holes[index]
                if (y + x) % 2 == parity:
                    for direction in range(4):
                        if neighbours[index, direction] >= 0:
                            _listen(
                                pixels,
                                hole,
                                holes,
                                shifts,
                                options,
                                alone,
                                neighbours,
                                messages,
                                index,
                                direction,
                                missing,
                            )
    for index in prange(count):
        for one in range(most):
            for way in range(4):
                alone[index, one] += messages[index, way, one]
    return alone


@njit(cache=True, nogil=True)
def _listen(pixels, hole, holes, shifts, options, alone, neighbours, messages, index, direction, missing):
    """Renew what one neighbour tells a pixel: for each of its options, what the neighbour's best answer to it costs."""
    y, x = holes[index]
    other = neighbours[index, direction]
    qy, qx = holes[other]
    most = options.shape[1]
    belief = np.empty(most, np.float32)
    for two in range(most):
        value = alone[other, two]
        for way in range(4):
            if way != direction ^ 1:
                value += messages[other, way, two]
        belief[two] = value
    order = np.argsort(belief)
    smallest = np.float32(3.4e38)
    for one in range(most):
        mine = options[index, one]
        if alone[index, one] >= FORBIDDEN:
            messages[index, direction, one] = FORBIDDEN
            continue
        ay, ax = y + shifts[mine, 0], x + shifts[mine, 1]
        cy, cx = qy + shifts[mine, 0], qx + shifts[mine, 1]
        best = np.float32(3.4e38)
        for two in order:
            if belief[two] >= best:
                break
            theirs = options[other, two]
            cost = belief[two]
            if theirs != mine and theirs >= 0:
                by, bx = y + shifts[theirs, 0], x + shifts[theirs, 1]
                ey, ex = qy + shifts[theirs, 0], qx + shifts[theirs, 1]
                cost += _difference(pixels, hole, ay, ax, by, bx, missing)
                if cost < best:
                    cost += _difference(pixels, hole, cy, cx, ey, ex, missing)
            best = min(best, cost)
        messages[index, direction, one] = best
        smallest = min(smallest, best)
    for one in range(most):
        messages[index, direction, one] -= smallest
