"""Which of the things found a sentence means: by place, size, neighbours and number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inference.errors import NothingFound
from inference.targets.prompt.candidates import Candidate
from inference.targets.prompt.wishes import Place, Wish

# Shares of the photo's side. A thing "on the left" of several may reach over the middle, a single one hardly, and
# writing "at the bottom" stands well below it.
_HALF, _HALF_OF_SEVERAL, _HALF_OF_WRITING = 0.55, 0.7, 0.4
_CORNER_CENTRE, _CORNER_REACH = 0.5, 0.7  # a corner's writing starts anywhere in its half and ends near the corner
_EDGE = 0.12
_CENTRE = (0.28, 0.72)
_NEAR_SHARE = 0.6  # of the neighbour's larger side: two things so far apart at most are beside each other
_PROMINENT = 4.0  # times as large as the next one: what the photo is about
_ALONE = 15.0  # times as large as the next one: nobody would doubt which is meant
_BACKGROUND_SHARE = 0.45  # of the largest one's area
_FAR_SHARE = 0.06  # of the photo: a single thing that is smaller may be in its background


class Ambiguous(NothingFound):
    """Several things could be meant. Say which one: its place, its size or its colour."""


@dataclass(frozen=True)
class Scene:
    """What choosing needs to know of the photo: (height, width)."""

    shape: tuple[int, int]

    def relative(self, candidate: Candidate) -> tuple[float, float, float, float]:
        """The box in shares of the photo: left, top, right, bottom."""
        height, width = self.shape
        left, top, right, bottom = candidate.box
        return left / width, top / height, right / width, bottom / height


def choose(candidates: Sequence[Candidate], wish: Wish, scene: Scene, others: Sequence[Candidate]) -> list[Candidate]:
    """Return those that the wish means, the surest first; none if there are none.

    `others` are what the wish's relation is to. Raises `Ambiguous` where the wish does not tell which of several.
    """
    chosen = list(candidates)
    if wish.relation is not None:
        chosen = _related(chosen, wish.relation.side, others)
    chosen = _placed(chosen, wish, scene)
    if wish.is_written:
        return _checked_written(chosen, wish)
    if wish.size and wish.amount is None:
        chosen = _sized(chosen, wish.size)
    _refuse_guesses(chosen, wish)
    chosen.sort(key=_order(wish))
    if wish.rank > 1:
        return chosen[wish.rank - 1 : wish.rank]
    return chosen if wish.amount is None else chosen[: wish.amount]


def _checked_written(chosen: list[Candidate], wish: Wish) -> list[Candidate]:
    """All of the writing is one thing; but a line that is told apart in a way nobody here understands is refused."""
    if wish.unclear and len(chosen) > 1:
        raise Ambiguous(
            f"There are {len(chosen)} pieces of writing, and '{wish.unclear[0]}' does not tell them apart here."
        )
    if wish.size and len(chosen) > 1:
        ordered = sorted(chosen, key=lambda each: each.area_px, reverse=wish.size == "largest")
        return ordered[: wish.amount] if wish.amount is not None else _sized(chosen, wish.size)
    return chosen if wish.amount is None else sorted(chosen, key=lambda each: -each.area_px)[: wish.amount]


def _refuse_guesses(chosen: Sequence[Candidate], wish: Wish) -> None:
    amount = len(chosen) if wish.amount is None else wish.amount
    if wish.rank > 1 and not (wish.places and (wish.places[0].horizontal or wish.places[0].vertical)):
        raise Ambiguous("Counting needs a side: 'the second from the left'.")
    if len(chosen) <= (amount if wish.amount is not None and not wish.unclear else 1) or _is_outstanding(
        chosen, amount, _ALONE
    ):
        return
    if wish.unclear and not (wish.places and wish.amount is not None):
        raise Ambiguous(
            f"There are {len(chosen)}, and '{wish.unclear[0]}' does not tell them apart here. Say the place."
        )
    if wish.narrow == "kind" and not wish.is_told_apart:
        raise Ambiguous(
            f"There are {len(chosen)} that could be '{wish.words}'. Say the place or the size of the one to remove."
        )
    if wish.narrow == "role" and not wish.is_told_apart and (wish.amount is not None or _has_subject(chosen)):
        raise Ambiguous(f"There are {len(chosen)} people. Say which: 'the people in the background', 'all people'.")


def _is_outstanding(chosen: Sequence[Candidate], amount: int, times: float) -> bool:
    areas = sorted((each.area_px for each in chosen), reverse=True)
    return amount == 1 and len(areas) > 1 and areas[0] >= times * areas[1]


def _has_subject(chosen: Sequence[Candidate]) -> bool:
    """Whether one is what the photo is about."""
    return _is_outstanding(chosen, 1, _PROMINENT)


def _sized(chosen: list[Candidate], size: str) -> list[Candidate]:
    """Those that are large, or small, beside the others."""
    if len(chosen) < 2:
        return chosen
    middle = sum(each.area_px for each in chosen) / len(chosen)
    return [each for each in chosen if (each.area_px >= middle) == (size == "largest")]


def _order(wish: Wish) -> Callable[[Candidate], float]:
    """Which one comes first where fewer are wanted than there are."""
    if wish.size:
        return lambda each: each.area_px if wish.size == "smallest" else -each.area_px
    place = wish.places[0] if wish.places else Place()
    if place.horizontal in ("left", "right"):
        return lambda each: each.centre[0] if place.horizontal == "left" else -each.centre[0]
    if place.vertical in ("top", "bottom"):
        return lambda each: each.centre[1] if place.vertical == "top" else -each.centre[1]
    if wish.relation is not None:
        return lambda each: 0.0  # they come with the nearest one first
    return lambda each: -each.area_px


def _related(candidates: Sequence[Candidate], side: str, others: Sequence[Candidate]) -> list[Candidate]:
    """Those on that side of one of the others, or beside it; the nearest first."""
    found: dict[int, float] = {}
    for number, each in enumerate(candidates):
        for other in others:
            if other is not each and _is_on_side(each, other, side):
                gap = _gap(each, other)
                left, top, right, bottom = other.box
                if side or gap <= _NEAR_SHARE * max(right - left, bottom - top):
                    found[number] = min(gap, found.get(number, gap))
    return [candidates[number] for number in sorted(found, key=lambda number: found[number])]


def _is_on_side(each: Candidate, other: Candidate, side: str) -> bool:
    (x, y), (other_x, other_y) = each.centre, other.centre
    return {"left": x < other_x, "right": x > other_x, "top": y < other_y, "bottom": y > other_y}.get(side, True)


def _gap(one: Candidate, other: Candidate) -> float:
    """Pixels between two boxes; zero where they overlap."""
    across = max(one.box[0] - other.box[2], other.box[0] - one.box[2], 0)
    down = max(one.box[1] - other.box[3], other.box[1] - one.box[3], 0)
    return float((across**2 + down**2) ** 0.5)


def _placed(candidates: Sequence[Candidate], wish: Wish, scene: Scene) -> list[Candidate]:
    if not wish.places:
        return list(candidates)
    is_one_of_several = len(candidates) > 1 and wish.amount is not None and not wish.is_written
    half = _HALF_OF_SEVERAL if is_one_of_several else _HALF if len(candidates) == 1 else 0.5
    if wish.is_written:
        half = _HALF_OF_WRITING
    if wish.rank > 1:
        half = 1.0  # counted from that side, wherever they are
    return [
        each
        for each in candidates
        if any(
            _is_at(scene.relative(each), place, half) and _is_in_ground(each, candidates, place, scene)
            for place in wish.places
        )
    ]


def _is_at(box: tuple[float, float, float, float], place: Place, half: float) -> bool:
    left, top, right, bottom = box
    is_diagonal = place.horizontal in ("left", "right") and place.vertical in ("top", "bottom")
    if place.is_corner or is_diagonal:
        return _is_in_corner(box, place)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    is_central = _CENTRE[0] <= middle_x <= _CENTRE[1], _CENTRE[0] <= middle_y <= _CENTRE[1]
    across = {"left": middle_x < half, "right": middle_x > 1 - half, "centre": is_central[0], None: True}
    down = {"top": middle_y < half, "bottom": middle_y > 1 - half, "middle": is_central[1], None: True}
    if not (across[place.horizontal] and down[place.vertical]):
        return False
    if place.is_edge:
        return _touches_edge(box, place)
    return not place.is_centre or bool(place.horizontal or place.vertical) or is_central[0]


def _touches_edge(box: tuple[float, float, float, float], place: Place) -> bool:
    left, top, right, bottom = box
    near = {"left": left < _EDGE, "right": right > 1 - _EDGE, "top": top < _EDGE, "bottom": bottom > 1 - _EDGE}
    named = [side for side in (place.horizontal, place.vertical) if side in near]
    return any(near[side] for side in named or near)


def _is_in_corner(box: tuple[float, float, float, float], place: Place) -> bool:
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    is_left, is_right = (
        x < 1 - _CORNER_CENTRE and left < 1 - _CORNER_REACH,
        x > _CORNER_CENTRE and right > _CORNER_REACH,
    )
    is_top, is_bottom = (
        y < 1 - _CORNER_CENTRE and top < 1 - _CORNER_REACH,
        y > _CORNER_CENTRE and bottom > _CORNER_REACH,
    )
    across = {"left": is_left, "right": is_right}.get(place.horizontal or "", is_left or is_right)
    down = {"top": is_top, "bottom": is_bottom}.get(place.vertical or "", is_top or is_bottom)
    return across and down


def _is_in_ground(each: Candidate, candidates: Sequence[Candidate], place: Place, scene: Scene) -> bool:
    """Small beside the largest of its kind is the background; a single one is judged by the photo's size."""
    if place.ground is None:
        return True
    if len(candidates) > 1:
        is_far = each.area_px < _BACKGROUND_SHARE * max(other.area_px for other in candidates)
    else:
        is_far = each.area_px < _FAR_SHARE * scene.shape[0] * scene.shape[1]
    return is_far == (place.ground == "background")
