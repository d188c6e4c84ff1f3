"""The folder of models: each download is checked, then converted once to the file that is loaded, where it is not that."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from safetensors import SafetensorError

from inference import weights
from inference.downloads import DiskFull, OnBytes, download
from inference.errors import BadWeights, EngineError
from inference.known_models import KnownModel
from inference.model_store.conversion import CONVERTERS

_READABLE = 0o644  # its writer makes it the fetching user's alone, and a worker may be another


class WrongHash(EngineError):
    """The file is not the one it should be. It was deleted."""

    code = "wrong_hash"


@dataclass(frozen=True)
class Finding:
    """What became of a file since it was fetched."""

    name: str
    is_good: bool
    detail: str


class ModelStore:
    """Models in one folder: the file to load, and where that was converted, NAME.json about it and the download."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, model: KnownModel) -> Path:
        """Of the file that is loaded."""
        return self._folder / model.file_name

    def state(self, model: KnownModel) -> str:
        """`installed`, `partial` or `missing`."""
        if self.path(model).exists() and (model.is_kept_as_it_is or self._notes(model).exists()):
            return "installed"
        return "partial" if self._partial(model).exists() else "missing"

    def fetch(self, model: KnownModel, *, source: str | None = None, on_bytes: OnBytes) -> Path:
        """Download, check, convert. Goes on where an earlier attempt broke off. Returns the file to load.

        `source` is another address or a file to take it from; what comes must hash to the same. Raises `EngineError`s.
        """
        if self.state(model) == "installed":
            return self.path(model)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._check_space(model)
        original = self._folder / model.download_name
        if not original.exists():
            self._bring(model, source or model.url, on_bytes)
            if weights.hash_file(self._partial(model)) != model.sha256:
                self._partial(model).unlink()
                raise WrongHash(f"What came as {model.name} does not have the SHA-256 {model.sha256}. It was deleted.")
            self._partial(model).replace(original)
        if not model.is_kept_as_it_is:
            self._convert(model, original)
        return self.path(model)

    def verify(self, model: KnownModel) -> Iterator[Finding]:
        """Hash the files again."""
        expected: dict[str, str | None] = {model.download_name: model.sha256}
        if not model.is_kept_as_it_is:
            notes = json.loads(self._notes(model).read_text()) if self._notes(model).exists() else {}
            expected[model.file_name] = notes.get("safetensors_sha256")
        for name, wanted in expected.items():
            path = self._folder / name
            if not path.exists():
                yield Finding(name, False, "missing")
            elif weights.hash_file(path) != wanted:
                yield Finding(name, False, "changed")
            else:
                yield Finding(name, True, "OK")

    def _bring(self, model: KnownModel, source: str, on_bytes: OnBytes) -> None:
        if urlsplit(source).scheme in ("http", "https"):
            download(source, self._partial(model), size_bytes=model.size_bytes, on_bytes=on_bytes)
            return
        path = Path(source)
        if not path.is_file():
            raise EngineError(f"There is no file {source}.")
        shutil.copyfile(path, self._partial(model))

    def _check_space(self, model: KnownModel) -> None:
        partial = self._partial(model)
        files = 1 if model.is_kept_as_it_is else 2
        needed = files * model.size_bytes - (partial.stat().st_size if partial.exists() else 0)
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise DiskFull(f"{self._folder} has {free:,} bytes left; {needed:,} are needed. Make room, then try again.")

    def _convert(self, model: KnownModel, original: Path) -> None:
        unfinished = self.path(model).with_suffix(".unfinished")
        try:
            CONVERTERS[model.kind](original, unfinished)
        except BadWeights:
            original.unlink()
            raise
        except (OSError, SafetensorError) as error:
            unfinished.unlink(missing_ok=True)
            if getattr(error, "errno", None) in (errno.EACCES, errno.EROFS):
                raise EngineError(f"{self._folder} cannot be written.") from error
            raise DiskFull(f"{unfinished} could not be written: {error}. Make room, then try again.") from error
        unfinished.chmod(_READABLE)
        notes = {"source_sha256": model.sha256, "safetensors_sha256": weights.hash_file(unfinished)}
        self._notes(model).write_text(json.dumps(notes, indent=1))
        unfinished.replace(self.path(model))

    def _partial(self, model: KnownModel) -> Path:
        return self._folder / f"{model.download_name}.partial"

    def _notes(self, model: KnownModel) -> Path:
        return self._folder / f"{model.name}.json"
