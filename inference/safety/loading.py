"""Filters by name, as the setting spells them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inference.engines.base import Image
from inference.errors import BadWeights
from inference.known_models import find_model
from inference.safety import FilterNotReady, NoFilter, SafetyFilter, Verdict
from inference.safety.policy import Policy, parse_policy

SPELLINGS = "none, nsfw-mobilenet, transformers:/DIRECTORY or plugin:PACKAGE.MODULE:FACTORY"
NAME_CHARS_MAX = 40  # of the column that says which filter a worker has


def load_filter(spec: str, *, models_dir: Path, policy: str | None = None, device: str = "auto") -> SafetyFilter:
    """Return the filter of that name, loaded.

    `spec` is one of `SPELLINGS`, `policy` the text of a policy (`policy.EXAMPLE`) instead of the filter's own, `device`
    `auto`, `cpu` or `cuda`. Raises `FilterNotReady`, whose message says what to do.
    """
    kind, _, rest = spec.strip().partition(":")
    if kind not in _LOADERS or (kind in ("none", "nsfw-mobilenet") and rest):
        raise FilterNotReady(f"There is no content filter {spec!r}. Set {SPELLINGS}.")
    if policy is not None and not policy.strip():
        policy = None
    if kind == "none":
        if policy is not None:
            raise FilterNotReady(
                "A content policy is set, but no filter that would follow it. Set a filter, or no policy."
            )
        return NoFilter()
    return _LOADERS[kind](rest, models_dir, None if policy is None else parse_policy(policy), device)


def _nsfw_mobilenet(_: str, models_dir: Path, policy: Policy | None, device: str) -> SafetyFilter:
    path = models_dir / find_model("nsfw-mobilenet").file_name
    if not path.is_file():
        raise FilterNotReady(
            f"The filter nsfw-mobilenet needs {path}, which is not there. Run `manage.py models fetch nsfw-mobilenet`."
        )
    mobilenet = importlib.import_module("inference.safety.mobilenet")  # torch: seconds that no filter does not owe
    classifying = importlib.import_module("inference.safety.classifying")
    try:
        classifier = mobilenet.load_classifier(path, device=device)
    except BadWeights as error:
        raise FilterNotReady(f"{error} Delete {path}, then run `manage.py models fetch nsfw-mobilenet`.") from error
    made: SafetyFilter = classifying.ClassifierFilter("nsfw-mobilenet", classifier, policy or mobilenet.DEFAULT_POLICY)
    return made


def _directory(folder: str, _: Path, policy: Policy | None, device: str) -> SafetyFilter:
    if not folder:
        raise FilterNotReady(
            "transformers: needs a directory after the colon, such as transformers:/srv/models/filter."
        )
    directory = importlib.import_module("inference.safety.directory")  # as above
    classifying = importlib.import_module("inference.safety.classifying")
    path = Path(folder).expanduser()
    classifier = directory.DirectoryClassifier(path, device=device)
    if policy is None:
        label = classifier.labels[-1].replace('"', '\\"')
        raise FilterNotReady(
            f"The model in {path} has the labels {', '.join(classifier.labels)}; which of them to block has to be said "
            f'in a content policy, such as {{"blocked": {{"labels": ["{label}"], "block": 0.85}}}}.'
        )
    made: SafetyFilter = classifying.ClassifierFilter(_short(f"transformers:{path.name}"), classifier, policy)
    return made


def _plugin(target: str, models_dir: Path, policy: Policy | None, device: str) -> SafetyFilter:
    module_name, _, factory_name = target.partition(":")
    if not module_name or not factory_name:
        raise FilterNotReady(f"plugin: needs PACKAGE.MODULE:FACTORY after the colon, not {target!r}.")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise FilterNotReady(
            f"The filter's module {module_name} cannot be imported: {error}. Install its package for this Python."
        ) from error
    factory: Any = getattr(module, factory_name, None)
    if not callable(factory):
        raise FilterNotReady(f"The module {module_name} has no function {factory_name}.")
    return _Plugin(target, factory(models_dir=models_dir, policy=policy, device=device))


class _Plugin:
    """A filter from elsewhere, held to what filters promise."""

    def __init__(self, target: str, made: Any) -> None:
        if not callable(getattr(made, "check", None)):
            raise FilterNotReady(
                f"What plugin:{target} makes has no method `check`; docs/safety.md says what it needs."
            )
        self._target, self._made = target, made
        self.name = _short(str(getattr(made, "name", "") or target))

    def check(self, image: Image) -> Verdict:
        """Judge one H×W×3 uint8 RGB picture. Raises `TypeError` if the plug-in does not answer with a verdict."""
        verdict = self._made.check(image)
        if not isinstance(verdict, Verdict) or verdict.decision not in ("allow", "review", "block"):
            raise TypeError(f"plugin:{self._target} answered {type(verdict).__name__} instead of a verdict.")
        return verdict


def _short(name: str) -> str:
    return name[:NAME_CHARS_MAX]


_LOADERS: dict[str, Callable[[str, Path, Policy | None, str], SafetyFilter]] = {
    "none": lambda *_: NoFilter(),
    "nsfw-mobilenet": _nsfw_mobilenet,
    "plugin": _plugin,
    "transformers": _directory,
}
