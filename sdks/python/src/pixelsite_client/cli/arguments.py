"""The command line, and the values in it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NoReturn

from pixelsite_client._version import __version__
from pixelsite_client.cli.exit_codes import EPILOG

_NUMBER = re.compile(r"[0-9]{1,6}")


class UsageError(Exception):
    """The command line cannot be meant."""


def parse_box(written: str) -> tuple[int, int, int, int]:
    """`x,y,w,h` in whole pixels. Raises `argparse.ArgumentTypeError`."""
    x, y, width, height = _numbers(written, count=4, shape="x,y,w,h")
    if not width or not height:
        raise argparse.ArgumentTypeError(f"{written!r}: a box is at least 1 pixel wide and high")
    return x, y, width, height


def parse_corners(written: str) -> tuple[int, int, int, int]:
    """`x1,y1,x2,y2` in whole pixels. Raises `argparse.ArgumentTypeError`."""
    x1, y1, x2, y2 = _numbers(written, count=4, shape="x1,y1,x2,y2")
    if x2 <= x1 or y2 <= y1:
        raise argparse.ArgumentTypeError(f"{written!r}: x2 is more than x1, y2 more than y1")
    return x1, y1, x2, y2


def parse_points(written: str) -> list[tuple[int, int, int]]:
    """`x,y` or `x,y,0` (not on the object), several with spaces between. Raises `argparse.ArgumentTypeError`."""
    return [_point(part) for part in written.split()] or _refused(written, "x,y")


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    command = argparse.ArgumentParser(
        prog="pixelsite",
        description="Remove things from photos. The key is read from PIXELSITE_API_KEY, the site's address from "
        "PIXELSITE_BASE_URL.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--version", action="version", version=f"pixelsite {__version__}")
    common, pictures = _common(), _pictures()
    commands = command.add_subparsers(dest="command", required=True, metavar="command")
    remove = _add(commands, "remove", "remove an object from pictures", parents=[common, pictures])
    _say_how_the_result_is_wanted(remove)
    _add(commands, "segment", "find an object, free of charge: writes the mask", parents=[common, pictures])
    _add(commands, "balance", "tell the credits that are left", parents=[common])
    return command


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    what: str,
    *,
    parents: list[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        parents=parents,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    site = common.add_argument_group("site")
    site.add_argument("--base-url", metavar="URL", help="address of the site; else PIXELSITE_BASE_URL")
    site.add_argument(
        "--key-file",
        type=Path,
        metavar="FILE",
        help="file that holds the API key and nothing else; else PIXELSITE_API_KEY",
    )
    site.add_argument("--timeout", type=_positive, default=60.0, metavar="S", help="seconds for one request (60)")
    site.add_argument("--retries", type=_whole, default=4, metavar="N", help="times a request is sent again (4)")
    common.add_argument("--json", action="store_true", help="one JSON object for each picture, a line each, on stdout")
    common.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")
    return common


def _pictures() -> argparse.ArgumentParser:
    pictures = argparse.ArgumentParser(add_help=False)
    pictures.add_argument(
        "pictures",
        nargs="+",
        metavar="PICTURE",
        help="files, folders (the pictures in them), patterns such as '*.jpg', or addresses",
    )
    target = pictures.add_argument_group("what to point at (alone or together)")
    target.add_argument(
        "--mask",
        metavar="PATH",
        help="mask of the picture's size, white goes; or a folder of masks named as the pictures",
    )
    target.add_argument("--box", action="append", type=parse_box, metavar="x,y,w,h", help="a box that goes; repeatable")
    target.add_argument(
        "--points",
        action="append",
        type=parse_points,
        metavar="'x,y x,y,0'",
        help="clicks on the object; ,0: not on it",
    )
    target.add_argument("--find-in", type=parse_corners, metavar="x1,y1,x2,y2", help="find the object inside this box")
    target.add_argument("--prompt", metavar="TEXT", help="a sentence: what goes, and where")
    target.add_argument("--grow", metavar="G", help="enlarge the mask: 12, 15%% or auto")
    files = pictures.add_argument_group("where results go (default: beside the picture)")
    files.add_argument("-o", "--output", type=Path, metavar="FILE", help="for a single picture")
    files.add_argument("--out-dir", type=Path, metavar="DIR", help="made where it is missing")
    files.add_argument("--force", action="store_true", help="overwrite files that exist")
    pictures.add_argument("--concurrency", type=_at_least_one, default=4, metavar="N", help="pictures at a time (4)")
    return pictures


def _say_how_the_result_is_wanted(remove: argparse.ArgumentParser) -> None:
    result = remove.add_argument_group("the result")
    result.add_argument("--format", choices=["jpeg", "png", "webp"], help="default: the picture's own")
    result.add_argument("--quality", type=_whole, metavar="1-100", help="for jpeg and webp")
    result.add_argument("--feather", type=_whole, metavar="PX", help="soft border inside the grown ring")
    result.add_argument("--mode", choices=["fast", "quality"], help="quality works longer on very large holes")
    result.add_argument(
        "--metadata-policy", choices=["keep", "strip", "strip_gps"], help="EXIF and other metadata (keep)"
    )
    remove.add_argument("--dry-run", action="store_true", help="tell what it would cost; do nothing")


def _point(written: str) -> tuple[int, int, int]:
    numbers = _numbers(written, count=3 if written.count(",") == 2 else 2, shape="x,y or x,y,0")
    if len(numbers) == 2:
        return numbers[0], numbers[1], 1
    if numbers[2] not in (0, 1):
        _refused(written, "x,y or x,y,0")
    return numbers[0], numbers[1], numbers[2]


def _numbers(written: str, *, count: int, shape: str) -> list[int]:
    parts = [part.strip() for part in written.split(",")]
    if len(parts) != count or not all(part.isascii() and _NUMBER.fullmatch(part) for part in parts):
        _refused(written, shape)
    return [int(part) for part in parts]


def _refused(written: str, shape: str) -> NoReturn:
    raise argparse.ArgumentTypeError(f"{written!r} is not {shape} in whole pixels")


def _whole(written: str) -> int:
    if not (written.isascii() and _NUMBER.fullmatch(written)):
        raise argparse.ArgumentTypeError(f"{written!r} is not a whole number")
    return int(written)


def _at_least_one(written: str) -> int:
    if _whole(written) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(written)


def _positive(written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"{written!r} is not a number of seconds")
    return seconds
