"""How much a mask is to be enlarged."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.targets.errors import InvalidGrow

GROW_PX_MAX, GROW_PERCENT_MAX = 500, 100
_GROW = re.compile(r"(?P<number>[0-9]{1,5}(\.[0-9]{1,3})?)\s*(?P<unit>%|px)?", re.ASCII)


@dataclass(frozen=True)
class Grow:
    """By how much a mask is enlarged on all sides: pixels, or a share of the thickness of its thickest place."""

    px: int = 0
    percent: float = 0.0
    is_automatic: bool = False
    """A few pixels, as an edge painted by hand needs."""

    @classmethod
    def parse(cls, value: object, *, param: str = "grow") -> Grow:
        """Read `12`, `"12px"`, `"15%"` or `"auto"`. Raises `InvalidGrow`."""
        text = str(value).strip().lower() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if text == "auto":
            return cls(is_automatic=True)
        found = _GROW.fullmatch(text)
        if found is None:
            raise InvalidGrow(param=param)
        number, unit = float(found["number"]), found["unit"]
        if unit == "%" and number <= GROW_PERCENT_MAX:
            return cls(percent=number)
        if unit != "%" and number.is_integer() and number <= GROW_PX_MAX:
            return cls(px=int(number))
        raise InvalidGrow(f"`grow` is at most {GROW_PX_MAX} whole pixels or {GROW_PERCENT_MAX}%.", param=param)

    @property
    def is_nothing(self) -> bool:
        return not (self.px or self.percent or self.is_automatic)

    def __str__(self) -> str:
        if self.is_automatic:
            return "auto"
        return f"{self.percent:g}%" if self.percent else str(self.px)


NO_GROWTH = Grow()
