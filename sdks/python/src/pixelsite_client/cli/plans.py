"""Which pictures are meant, and where each result goes: decided before anything is sent or paid."""

from __future__ import annotations

import argparse
import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from pixelsite_client.cli.arguments import UsageError
from pixelsite_client.pictures import is_address

_FAMILIES = {
    ".jpg": "jpeg", ".jpeg": "jpeg", ".jpe": "jpeg", ".jfif": "jpeg", ".png": "png", ".webp": "webp",
    ".bmp": "bmp", ".tif": "tiff", ".tiff": "tiff", ".avif": "avif",
}  # fmt: skip
_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
_MARKS = {"remove": "-clean", "segment": "-mask"}
_TARGETS = ("mask", "box", "points", "find_in", "prompt")


@dataclass(frozen=True)
class Task:
    """One picture and where its result goes."""

    source: str
    target: Path
    options: dict[str, Any]
    obstacle: str = ""
    """Why it cannot be sent."""


@dataclass(frozen=True)
class Plan:
    """All of them, and what holds for each."""

    operation: str
    tasks: tuple[Task, ...]
    options: dict[str, Any] = field(default_factory=dict)
    is_dry: bool = False


def planned(arguments: argparse.Namespace) -> Plan:
    """Read the command line as a plan. Raises `UsageError`."""
    if not any(getattr(arguments, name) for name in _TARGETS):
        raise UsageError("say what to point at: --mask, --box, --points, --find-in or --prompt")
    if arguments.output and arguments.out_dir:
        raise UsageError("-o names a file, --out-dir a folder for many: give one of them")
    sources = list(_sources(arguments.pictures, mask=arguments.mask))
    if arguments.output and len(sources) != 1:
        raise UsageError(f"-o is for a single picture, and these are {len(sources)}: use --out-dir")
    is_dry = getattr(arguments, "dry_run", False)
    tasks = tuple(_task(source, arguments, is_dry=is_dry) for source in sources)
    _refuse_one_target_for_two(tasks)
    return Plan(operation=arguments.command, tasks=tasks, options=_options(arguments), is_dry=is_dry)


def _sources(written: list[str], *, mask: str | None) -> Iterator[str]:
    """Every picture that is meant, once, in the order of the command line."""
    seen: set[str] = set()
    for one in written:
        for source in _expanded(one, mask=mask):
            if source not in seen:
                seen.add(source)
                yield source


def _expanded(written: str, *, mask: str | None) -> list[str]:
    path = Path(written)
    if is_address(written) or path.is_file():
        return [written]
    if path.is_dir():
        found = sorted(str(file) for file in path.iterdir() if _is_picture(file) and not _is_same(file, mask))
    else:
        found = sorted(file for file in glob.glob(written, recursive=True) if Path(file).is_file())  # noqa: PTH207  # absolute patterns too
    if not found:
        raise UsageError(f"{written}: there is no such file, and no picture in it")
    return found


def _is_picture(file: Path) -> bool:
    """Whether a file of a folder is meant: results of an earlier run lie there too."""
    is_ours = file.stem.endswith(tuple(_MARKS.values()))
    return file.suffix.lower() in _FAMILIES and not file.name.startswith(".") and not is_ours and file.is_file()


def _is_same(file: Path, mask: str | None) -> bool:
    return mask is not None and not is_address(mask) and Path(mask).exists() and file.samefile(mask)


def _task(source: str, arguments: argparse.Namespace, *, is_dry: bool) -> Task:
    target, options = _target(source, arguments)
    mask, obstacle = _mask(source, arguments.mask)
    if mask is not None:
        options["mask"] = mask
    if not obstacle and not is_dry and not arguments.force and target.exists():
        obstacle = f"{target} exists; --force overwrites it"
    return Task(source=source, target=target, options=options, obstacle=obstacle)


def _target(source: str, arguments: argparse.Namespace) -> tuple[Path, dict[str, Any]]:
    """Where the result goes, and the format that takes. Raises `UsageError`."""
    name = PurePosixPath(unquote(urlsplit(source).path)).name if is_address(source) else Path(source).name
    wanted = "png" if arguments.command == "segment" else arguments.format
    family = _FAMILIES.get(Path(name).suffix.lower())
    if arguments.output:
        return arguments.output, _format_of(
            arguments.output, family, wanted=wanted, is_mask=arguments.command == "segment"
        )
    if wanted is None and family is None:
        raise UsageError(f"{source}: which format should the result have? Give --format, or -o")
    suffix = Path(name).suffix if wanted in (None, family) and family else _SUFFIXES[wanted]
    folder = arguments.out_dir or (Path() if is_address(source) else Path(source).parent)
    return folder / f"{Path(name).stem or 'picture'}{_MARKS[arguments.command]}{suffix}", {}


def _format_of(output: Path, family: str | None, *, wanted: str | None, is_mask: bool) -> dict[str, Any]:
    named = _FAMILIES.get(output.suffix.lower())
    if wanted is not None:
        if named != wanted:
            what = "a mask is a PNG" if is_mask else f"--format says {wanted}"
            raise UsageError(f"{output}: {what}; name the file so")
        return {}
    if named is not None and named == family:
        return {}
    if named not in _SUFFIXES:
        raise UsageError(f"{output}: results are .jpg, .png or .webp, or have the picture's own format")
    return {"output_format": named}


def _mask(source: str, mask: str | None) -> tuple[str | None, str]:
    """The mask of this picture, or why there is none."""
    if mask is None or is_address(mask) or not Path(mask).is_dir():
        return mask, ""
    stem = Path(source).stem
    for name in (stem, f"{stem}-mask"):
        for suffix in (".png", ".webp", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg"):
            if (found := Path(mask) / f"{name}{suffix}").is_file():
                return str(found), ""
    return None, f"there is no mask {stem}.png in {mask}"


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    clicks = [click for clicks in arguments.points or () for click in clicks]
    options = {
        "boxes": arguments.box,
        "points": [click[:2] for click in clicks] or None,
        "labels": [click[2] for click in clicks] or None,
        "box": arguments.find_in,
        "prompt": arguments.prompt,
        "grow": arguments.grow,
    }
    if arguments.command == "remove":
        names = ("quality", "feather", "mode", "metadata_policy")
        options |= {name: getattr(arguments, name) for name in names} | {"output_format": arguments.format}
    return {name: value for name, value in options.items() if value is not None}


def _refuse_one_target_for_two(tasks: tuple[Task, ...]) -> None:
    first: dict[Path, str] = {}
    for task in tasks:
        other = first.setdefault(task.target, task.source)
        if other != task.source:
            raise UsageError(f"{other} and {task.source} would both become {task.target}")
