"""Run lengths and the compressed text that COCO's tools write them as.

A number is written in groups of five bits, lowest first, each as the character 48 + group, plus 32 if more follow; the
highest bit of the last group is the sign. From the fourth number on, what is written is the difference to the number
two places earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from jobs.targets.errors import InvalidSegmentation

RUNS_MAX = 500_000  # the ragged outlines of a crowd in 50 MP; coarse masks have thousands

_OFFSET, _GROUP_BITS, _MORE, _SIGN = 48, 5, 0x20, 0x10
_GROUPS_MAX = 8  # 40 bits: more than any count of pixels has


def check(counts: Sequence[object], *, total: int, param: str) -> tuple[int, ...]:
    """Return the counts if they are whole, not negative, mark something and sum to the total of pixels.

    Raises `InvalidSegmentation`.
    """
    if len(counts) > RUNS_MAX:
        raise InvalidSegmentation(f"The segmentation has more than {RUNS_MAX:,} runs.", param=param)
    wrong = InvalidSegmentation("Run lengths are whole numbers, 0 or more.", param=param)
    whole: list[int] = []
    for count in counts:
        if type(count) is float and count.is_integer():
            count = int(count)
        if type(count) is not int or count < 0:
            raise wrong
        whole.append(count)
    found = sum(whole)
    if found != total:
        # Python does not print numbers of thousands of digits.
        said = f"{found:,}" if found < 2**63 else "far more"
        raise InvalidSegmentation(f"The run lengths sum to {said}, but the size has {total:,} pixels.", param=param)
    if not any(islice(whole, 1, None, 2)):
        raise InvalidSegmentation("The segmentation marks no pixel.", param=param)
    return tuple(whole)


def decompress(text: str, *, total: int, param: str) -> tuple[int, ...]:
    """Read compressed counts, and `check` them."""
    wrong = InvalidSegmentation("The compressed counts cannot be read.", param=param)
    counts: list[int] = []
    value, groups = 0, 0
    for character in text:
        code = ord(character) - _OFFSET
        if not 0 <= code < 2 * _MORE or groups == _GROUPS_MAX or len(counts) > RUNS_MAX:
            raise wrong
        value |= (code & (_MORE - 1)) << (_GROUP_BITS * groups)
        groups += 1
        if code & _MORE:
            continue
        if code & _SIGN:
            value -= 1 << (_GROUP_BITS * groups)
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value, groups = 0, 0
    if groups:
        raise wrong
    return check(counts, total=total, param=param)


def compress(counts: Iterable[int]) -> str:
    """Write counts as text; `decompress` reads it."""
    written = list(counts)
    groups: list[str] = []
    for index, count in enumerate(written):
        value = count - written[index - 2] if index > 2 else count
        is_written = False
        while not is_written:
            group = value & (_MORE - 1)
            value >>= _GROUP_BITS
            is_written = value == (-1 if group & _SIGN else 0)
            groups.append(chr(_OFFSET + (group if is_written else group | _MORE)))
    return "".join(groups)
