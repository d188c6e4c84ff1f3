"""Filters by name: what each spelling loads, and what a wrong one is told."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from inference.engines.base import Image
from inference.safety import FilterNotReady, NoFilter, Verdict, tfjs
from inference.safety.loading import NAME_CHARS_MAX, load_filter
from inference.safety.policy import Policy
from tests import photos
from tests.inference.tiny_tfjs import tiny_model

# Of the five labels one is always right.
POLICY = '{"any": {"labels": ["Drawing", "Hentai", "Neutral", "Porn", "Sexy"], "review": 0.99}}'


class Strict:
    """A filter from elsewhere."""

    name = "strict"

    def __init__(self, *, models_dir: Path, policy: Policy | None, device: str) -> None:
        self.told = (models_dir, policy, device)

    def check(self, image: Image) -> Verdict:
        return Verdict("block", "everything")


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An installed package with a filter in it."""
    module = ModuleType("strict_filter")
    monkeypatch.setitem(sys.modules, "strict_filter", module)
    module.make = Strict  # type: ignore[attr-defined]
    return module


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder in which a small random network is installed as the fetched one."""
    tfjs.save(tfjs.read_folder(tiny_model().write(tmp_path / "tiny")), tmp_path / "nsfw-mobilenet.safetensors")
    return tmp_path


def test_none_allows_everything_and_says_its_name(tmp_path: Path) -> None:
    none = load_filter("none", models_dir=tmp_path)

    assert isinstance(none, NoFilter)
    assert (none.name, none.check(photos.with_object()).decision) == ("none", "allow")


def test_none_with_a_policy_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FilterNotReady, match="no filter that would follow it"):
        load_filter("none", models_dir=tmp_path, policy=POLICY)


def test_the_fetched_model_is_loaded_with_its_own_policy(models: Path) -> None:
    fetched = load_filter("nsfw-mobilenet", models_dir=models, policy=" ", device="cpu")

    assert fetched.name == "nsfw-mobilenet"
    assert set(fetched.check(photos.with_object()).scores) == {"explicit"}


def test_a_policy_of_the_owners_replaces_it(models: Path) -> None:
    verdict = load_filter("nsfw-mobilenet", models_dir=models, policy=POLICY, device="cpu").check(photos.with_object())

    assert (verdict.decision, verdict.category, verdict.blocked, verdict.needs_review) == ("review", "any", False, True)


def test_a_model_that_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(FilterNotReady, match="models fetch nsfw-mobilenet"):
        load_filter("nsfw-mobilenet", models_dir=tmp_path)


def test_a_damaged_model_says_what_to_do(models: Path) -> None:
    (models / "nsfw-mobilenet.safetensors").write_bytes(b"damaged")

    with pytest.raises(FilterNotReady, match=r"Delete .* then run"):
        load_filter("nsfw-mobilenet", models_dir=models)


@pytest.mark.parametrize("spec", ["", "nsfw", "None", "none:x", "nsfw-mobilenet:x", "http://x"])
def test_an_unknown_name_is_told_the_known_ones(tmp_path: Path, spec: str) -> None:
    with pytest.raises(FilterNotReady, match="Set none, nsfw-mobilenet, transformers:/DIRECTORY or plugin:"):
        load_filter(spec, models_dir=tmp_path)


def test_a_directory_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(FilterNotReady, match="a directory after the colon"):
        load_filter("transformers:", models_dir=tmp_path)


def test_a_plugin_is_asked_and_told_what_is_set(package: ModuleType, tmp_path: Path) -> None:
    made: list[Strict] = []

    def make(*, models_dir: Path, policy: Policy | None, device: str) -> Strict:
        made.append(Strict(models_dir=models_dir, policy=policy, device=device))
        return made[0]

    package.make = make  # type: ignore[attr-defined]

    plugin = load_filter("plugin:strict_filter:make", models_dir=tmp_path, policy=POLICY, device="cpu")

    assert (plugin.name, plugin.check(photos.with_object()).category) == ("strict", "everything")
    folder, policy, device = made[0].told
    assert (folder, list(policy.categories) if policy else None, device) == (tmp_path, ["any"], "cpu")


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("plugin:", "PACKAGE.MODULE:FACTORY"),
        ("plugin:strict_filter", "PACKAGE.MODULE:FACTORY"),
        ("plugin:not_installed_anywhere:make", "cannot be imported"),
        ("plugin:strict_filter:absent", "has no function absent"),
        ("plugin:strict_filter:nothing", "has no method `check`"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_told_why(
    package: ModuleType, tmp_path: Path, spec: str, sentence: str
) -> None:
    package.nothing = lambda **_: object()  # type: ignore[attr-defined]

    with pytest.raises(FilterNotReady, match=sentence):
        load_filter(spec, models_dir=tmp_path)


@pytest.mark.parametrize("answer", [None, True, "allow", Verdict("fine")])  # type: ignore[arg-type]
def test_a_plugin_that_answers_without_a_verdict_lets_nothing_pass(
    package: ModuleType, tmp_path: Path, answer: object
) -> None:
    class Vague(Strict):
        def check(self, image: Image) -> Verdict:
            return answer  # type: ignore[return-value]

    package.make = Vague  # type: ignore[attr-defined]
    plugin = load_filter("plugin:strict_filter:make", models_dir=tmp_path)

    with pytest.raises(TypeError, match="instead of a verdict"):
        plugin.check(photos.with_object())


def test_names_fit_the_column_that_keeps_them(package: ModuleType, tmp_path: Path) -> None:
    class Long(Strict):
        name = "a-very-long-name" * 9

    package.make = Long  # type: ignore[attr-defined]

    assert len(load_filter("plugin:strict_filter:make", models_dir=tmp_path).name) == NAME_CHARS_MAX
