"""The inner loops of the exemplar engine, compiled by numba.

`pixels` and `known` are H×W×C float32, `matches` and `sources` of pixels H×W×2 int32 (row, column). Every loop over
places is parallel and reads only what the round before has written, so that results do not depend on timing.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange


@njit(cache=True, nogil=True)
def patch_distance(pixels, y, x, sy, sx, radius, limit):
    total = np.float32(0)
    channels = pixels.shape[2]
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            for channel in range(channels):
                difference = pixels[y + dy, x + dx, channel] - pixels[sy + dy, sx + dx, channel]
                total += difference * difference
        if total > limit:
            return total
    return total


@njit(cache=True, nogil=True)
def _farness(y, x, sy, sx, far, free):
    """What a match costs for lying farther away than `free` pixels."""
    dy, dx = np.float32(y - sy), np.float32(x - sx)
    beyond = max(np.float32(0), np.sqrt(dy * dy + dx * dx) - free)
    return far * beyond * beyond


@njit(cache=True, nogil=True)
def scramble(number):
    """A pseudo-random number below 2³² that depends on nothing but its argument (a splitmix step)."""
    value = np.uint64(number) + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (value ^ (value >> np.uint64(31))) & np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def make_valid(matches, targets, sources, places):
    height, width = sources.shape
    for index in range(len(targets)):
        y, x = targets[index]
        sy, sx = matches[y, x]
        if sy < 0 or sx < 0 or sy >= height or sx >= width or not sources[sy, sx]:
            place = places[scramble(index) % np.uint64(len(places))]
            matches[y, x, 0] = place[0]
            matches[y, x, 1] = place[1]


@njit(cache=True, nogil=True, parallel=True)
def search(pixels, targets, is_target, sources, matches, radius, turn, reach_max, far, free):
    """One round of propagation from neighbours near and far, then random search; every target looks at the last round."""
    height, width = sources.shape
    better = matches.copy()
    count = len(targets)
    for index in prange(count):
        y, x = targets[index]
        by, bx = matches[y, x]
        best = patch_distance(pixels, y, x, by, bx, radius, np.float32(3.4e38)) + _farness(
            y, x, by, bx, far, free[y, x]
        )
        for step in (1, 4):
            for direction in range(4):
                dy = step * ((direction == 0) - (direction == 1))
                dx = step * ((direction == 2) - (direction == 3))
                ny, nx = y + dy, x + dx
                if ny < 0 or nx < 0 or ny >= height or nx >= width or not is_target[ny, nx]:
                    continue
                sy, sx = matches[ny, nx, 0] - dy, matches[ny, nx, 1] - dx
                if sy < 0 or sx < 0 or sy >= height or sx >= width or not sources[sy, sx] or (sy == by and sx == bx):
                    continue
                away = _farness(y, x, sy, sx, far, free[y, x])
                distance = away + patch_distance(pixels, y, x, sy, sx, radius, best - away)
                if distance < best:
                    best, by, bx = distance, sy, sx
        reach = reach_max
        draw = np.uint64(turn * 1000003 + index) * np.uint64(64)
        while reach >= 1:
            draw += np.uint64(2)
            sy = by + np.int64(scramble(draw) % np.uint64(2 * reach + 1)) - reach
            sx = bx + np.int64(scramble(draw + np.uint64(1)) % np.uint64(2 * reach + 1)) - reach
            if sy >= 0 and sx >= 0 and sy < height and sx < width and sources[sy, sx]:
                away = _farness(y, x, sy, sx, far, free[y, x])
                distance = away + patch_distance(pixels, y, x, sy, sx, radius, best - away)
                if distance < best:
                    best, by, bx = distance, sy, sx
            reach //= 2
        better[y, x, 0] = by
        better[y, x, 1] = bx
    return better


@njit(cache=True, nogil=True, parallel=True)
def distances(pixels, targets, matches, radius):
    found = np.empty(len(targets), np.float32)
    for index in prange(len(targets)):
        y, x = targets[index]
        found[index] = patch_distance(pixels, y, x, matches[y, x, 0], matches[y, x, 1], radius, np.float32(3.4e38))
    return found


@njit(cache=True, nogil=True, parallel=True)
def vote(known, holes, is_target, matches, weights, radius):
    height, width, channels = known.shape
    filled = known.copy()
    for index in prange(len(holes)):
        y, x = holes[index]
        total = np.float64(0)
        sums = np.zeros(channels, np.float64)
        for dy in range(-radius, radius + 1):
            for dx in range(-radius, radius + 1):
                cy, cx = y - dy, x - dx
                if cy < 0 or cx < 0 or cy >= height or cx >= width or not is_target[cy, cx]:
                    continue
                weight = np.float64(weights[cy, cx])
                sy, sx = matches[cy, cx, 0] + dy, matches[cy, cx, 1] + dx
                total += weight
                for channel in range(channels):
                    sums[channel] += weight * known[sy, sx, channel]
        for channel in range(channels):
            filled[y, x, channel] = sums[channel] / total
    return filled


@njit(cache=True, nogil=True, parallel=True)
def choose(known, holes, is_target, matches, means, radius):
    """Of the pixels that the patches over a place propose, the one nearest to their mean. Known pixels stay."""
    height, width, channels = known.shape
    chosen = np.empty((height, width, 2), np.int32)
    for y in prange(height):
        for x in range(width):
            chosen[y, x, 0] = y
            chosen[y, x, 1] = x
    for index in prange(len(holes)):
        y, x = holes[index]
        nearest = np.float32(3.4e38)
        for dy in range(-radius, radius + 1):
            for dx in range(-radius, radius + 1):
                cy, cx = y - dy, x - dx
                if cy < 0 or cx < 0 or cy >= height or cx >= width or not is_target[cy, cx]:
                    continue
                sy, sx = matches[cy, cx, 0] + dy, matches[cy, cx, 1] + dx
                away = np.float32(0)
                for channel in range(channels):
                    difference = known[sy, sx, channel] - means[y, x, channel]
                    away += difference * difference
                if away < nearest:
                    nearest = away
                    chosen[y, x, 0] = sy
                    chosen[y, x, 1] = sx
    return chosen


@njit(cache=True, nogil=True)
def _step(known, hole, py, px, qy, qx, sources, channel):
    """How much the picture should change from p to its neighbour q: as it does where their pixels came from."""
    height, width = hole.shape
    dy, dx = qy - py, qx - px
    ay, ax = sources[py, px]
    by, bx = sources[qy, qx]
    total, count = np.float64(0), 0
    if not hole[py, px]:
        pass
    elif 0 <= ay + dy < height and 0 <= ax + dx < width and not hole[ay + dy, ax + dx]:
        total += known[ay + dy, ax + dx, channel] - known[ay, ax, channel]
        count += 1
    if not hole[qy, qx]:
        pass
    elif 0 <= by - dy < height and 0 <= bx - dx < width and not hole[by - dy, bx - dx]:
        total += known[by, bx, channel] - known[by - dy, bx - dx, channel]
        count += 1
    if count == 0:
        return known[by, bx, channel] - known[ay, ax, channel]
    return total / count


@njit(cache=True, nogil=True, parallel=True)
def integrate(known, hole, holes, sources, rounds, relaxation, screen):
    """Solve Poisson's equation in the hole by successive over-relaxation, one channel per thread."""
    height, width = hole.shape
    filled = known.copy()
    count = len(holes)
    for channel in prange(3):
        target = np.zeros(count, np.float64)
        neighbours = np.zeros(count, np.int64)
        copied = np.empty(count, np.float64)
        for index in range(count):
            y, x = holes[index]
            copied[index] = known[sources[y, x, 0], sources[y, x, 1], channel]
            filled[y, x, channel] = copied[index]
            for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                ny, nx = y + dy, x + dx
                if 0 <= ny < height and 0 <= nx < width:
                    neighbours[index] += 1
                    target[index] -= _step(known, hole, y, x, ny, nx, sources, channel)
        for _ in range(rounds):
            for index in range(count):
                y, x = holes[index]
                total = target[index]
                for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                    ny, nx = y + dy, x + dx
                    if 0 <= ny < height and 0 <= nx < width:
                        total += filled[ny, nx, channel]
                value = (total + screen * copied[index]) / (neighbours[index] + screen)
                filled[y, x, channel] += relaxation * (value - filled[y, x, channel])
    return filled


@njit(cache=True, nogil=True)
def _inside(place, limit):
    """Mirror a coordinate that leaves the picture."""
    if limit == 1:
        return 0
    period = 2 * (limit - 1)  # a picture two pixels high is mirrored more than once
    place = abs(place) % period
    return min(place, period - place)


@njit(cache=True, nogil=True, parallel=True)
def bend(guess, holes, rounds, relaxation, settled):
    """Solve the biharmonic equation in the hole by successive over-relaxation, one channel per thread."""
    height, width = guess.shape[:2]
    filled = guess.copy()
    for channel in prange(3):
        plane = filled[:, :, channel]
        for _ in range(rounds):
            most = np.float32(0)
            for index in range(len(holes)):
                y, x = holes[index]
                up, down = _inside(y - 1, height), _inside(y + 1, height)
                left, right = _inside(x - 1, width), _inside(x + 1, width)
                near = plane[up, x] + plane[down, x] + plane[y, left] + plane[y, right]
                corners = plane[up, left] + plane[up, right] + plane[down, left] + plane[down, right]
                far = plane[_inside(y - 2, height), x] + plane[_inside(y + 2, height), x]
                far += plane[y, _inside(x - 2, width)] + plane[y, _inside(x + 2, width)]
                change = relaxation * ((8 * near - 2 * corners - far) / 20 - plane[y, x])
                plane[y, x] += change
                most = max(most, abs(change))
            if most < settled:
                break
    return filled
