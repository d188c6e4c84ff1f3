"""`manage.py models` for what is no engine's: a classifier out of a package, and files that are kept as they come."""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from inference import downloads, known_models
from inference.errors import BadWeights
from inference.known_models import KNOWN_MODELS, Kind, KnownModel
from inference.model_store.archives import take_members
from inference.model_store.conversion import CONVERTERS
from inference.safety.loading import load_filter
from tests import photos
from tests.inference.test_models_command import Shelf, ShelfServer, serving
from tests.inference.tiny_tfjs import TinyModel, tiny_model

FOLDER = "package/dist/models/mobilenet_v2"


def _package(members: dict[str, bytes], *extra: tarfile.TarInfo) -> bytes:
    """An npm package: a gzipped tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member in extra:
            archive.addfile(member)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture(scope="module")
def tiny() -> TinyModel:
    return tiny_model()


@pytest.fixture(scope="module")
def package(tiny: TinyModel) -> bytes:
    topology, shard = tiny.bundles()
    return _package(
        {
            "package/package.json": b"{}",
            f"{FOLDER}/model.min.js": topology,
            f"{FOLDER}/group1-shard1of1.min.js": shard,
            "package/dist/models/other/model.min.js": b"not looked at",
        }
    )


@pytest.fixture
def server() -> Iterator[ShelfServer]:
    with serving(Shelf(b"")) as running:
        yield running


class Catalogue:
    """Models that lie on the server, one at a time, and the folder they go to."""

    def __init__(self, server: ShelfServer, folder: Path, known: dict[str, KnownModel]) -> None:
        self._server, self.folder, self._known = server, folder, known

    def add(self, name: str, kind: Kind, content: bytes) -> None:
        """Lay it on the server, as the model of that name."""
        self._server.shelf.content = content
        self._known[name] = KnownModel(
            name=name,
            title="A small one",
            purpose="tests",
            kind=kind,
            url=f"http://127.0.0.1:{self._server.server_port}/{name}-1.0.tgz",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            licence="none",
            next_step=f"Use {name}.",
        )


@pytest.fixture
def catalogue(tmp_path: Path, settings, server: ShelfServer, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    known: dict[str, KnownModel] = {}
    monkeypatch.setattr(known_models, "KNOWN_MODELS", known)
    monkeypatch.setattr("inference.management.commands.models.KNOWN_MODELS", known)
    monkeypatch.setattr(downloads, "_TIMEOUT", httpx.Timeout(0.5))
    monkeypatch.setattr(downloads, "_PAUSE_S", 0.0)
    settings.MODELS_DIR = tmp_path / "models"
    return Catalogue(server, tmp_path / "models", known)


def test_the_classifier_in_the_package_is_what_the_filter_loads(
    catalogue: Catalogue, package: bytes, tiny: TinyModel
) -> None:
    catalogue.add("nsfw-mobilenet", "nsfwjs", package)
    picture = photos.with_object(18, 15)

    call_command("models", "fetch", "nsfw-mobilenet")

    scores = load_filter("nsfw-mobilenet", models_dir=catalogue.folder, device="cpu").check(picture).scores
    wanted = tiny.forward(picture / 255)
    assert scores["explicit"] == pytest.approx(wanted[1] + wanted[3], abs=2e-4)


def test_what_was_installed_can_be_read_by_other_users_and_nothing_else_is_left(
    catalogue: Catalogue, package: bytes
) -> None:
    catalogue.add("nsfw-mobilenet", "nsfwjs", package)

    call_command("models", "fetch", "nsfw-mobilenet")

    assert sorted(path.name for path in catalogue.folder.iterdir()) == [
        "nsfw-mobilenet-1.0.tgz", "nsfw-mobilenet.json", "nsfw-mobilenet.safetensors",
    ]  # fmt: skip
    assert stat.S_IMODE((catalogue.folder / "nsfw-mobilenet.safetensors").stat().st_mode) == 0o644


@pytest.mark.parametrize("kind", ["nsfwjs", "tflite"])
def test_a_broken_download_goes_on_where_it_broke(
    catalogue: Catalogue, server: ShelfServer, package: bytes, kind: Kind
) -> None:
    catalogue.add("nsfw-mobilenet", kind, package)
    server.shelf.breaks_after = [1000, 500]

    call_command("models", "fetch", "nsfw-mobilenet")

    assert server.shelf.ranges == [None, "bytes=1000-", "bytes=1500-"]


@pytest.mark.parametrize("kind", ["nsfwjs", "tflite"])
def test_other_bytes_are_deleted_and_never_loaded(
    catalogue: Catalogue, server: ShelfServer, package: bytes, kind: Kind
) -> None:
    catalogue.add("nsfw-mobilenet", kind, package)
    server.shelf.content = package[:-1] + bytes([package[-1] ^ 1])

    with pytest.raises(CommandError, match="does not have the SHA-256"):
        call_command("models", "fetch", "nsfw-mobilenet")

    assert list(catalogue.folder.iterdir()) == []


def test_a_file_that_is_kept_lies_under_its_own_name_and_is_verified(
    catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue.add("outline", "tflite", b"TFL3" * 500)
    call_command("models", "fetch", "outline")
    assert [path.name for path in catalogue.folder.iterdir()] == ["outline.tflite"]
    capsys.readouterr()

    call_command("models", "verify")
    assert capsys.readouterr().out == "OK       outline.tflite\n"

    (catalogue.folder / "outline.tflite").write_bytes(b"changed")
    with pytest.raises(CommandError, match="Not every file"):
        call_command("models", "verify", "outline")


def test_several_are_fetched_by_one_command(catalogue: Catalogue, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        catalogue.add(name, "tflite", b"the same for both")

    call_command("models", "fetch", "one", "two")

    assert {path.name for path in catalogue.folder.iterdir()} == {"one.tflite", "two.tflite"}
    assert "Use one." in capsys.readouterr().out


def test_one_file_cannot_be_several_models(catalogue: Catalogue, tmp_path: Path) -> None:
    for name in ("one", "two"):
        catalogue.add(name, "tflite", b"x")

    with pytest.raises(CommandError, match="one by one"):
        call_command("models", "fetch", "one", "two", "--from", str(tmp_path))


def test_a_package_without_the_model_is_refused_and_deleted(catalogue: Catalogue) -> None:
    catalogue.add("nsfw-mobilenet", "nsfwjs", _package({"package/package.json": b"{}"}))

    with pytest.raises(CommandError, match=r"holds no package/dist/models/mobilenet_v2/model\.min\.js"):
        call_command("models", "fetch", "nsfw-mobilenet")

    assert list(catalogue.folder.iterdir()) == []


_WITH_A_SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
from inference import known_models
from inference.downloads import DiskFull
from inference.known_models import KnownModel
from inference.model_store import ModelStore
package = Path(sys.argv[1])
model = KnownModel(name="small", title="", purpose="", kind="nsfwjs", url="http://x/small.tgz", licence="", next_step="",
                   size_bytes=package.stat().st_size, sha256=sys.argv[3])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = ModelStore(Path(sys.argv[2]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
try:
    store.fetch(model, source=str(package), on_bytes=lambda there: None)
except DiskFull as error:
    print(error, "|", store.state(model))
"""


def test_a_disk_that_is_full_at_the_conversion_is_named_and_nothing_half_written_is_loaded(
    tmp_path: Path, package: bytes
) -> None:
    (tmp_path / "small.tgz").write_bytes(package)
    limit = len(package) + 100  # the package fits, the converted file does not

    done = subprocess.run(
        [sys.executable, "-c", _WITH_A_SMALL_DISK, str(tmp_path / "small.tgz"), str(tmp_path / "models"),
         hashlib.sha256(package).hexdigest(), str(limit)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "Make room" in done.stdout
    assert done.stdout.endswith("| missing\n")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["small.tgz"]


@pytest.mark.parametrize(
    "extra",
    [
        _link("package/wanted", "/etc/passwd"),
        _link("package/wanted", "../../outside", tarfile.LNKTYPE),
        _link("package/wanted", "", tarfile.DIRTYPE),
    ],
    ids=["symbolic link", "hard link", "folder"],
)
def test_only_plain_files_are_taken_out_of_an_archive(tmp_path: Path, extra: tarfile.TarInfo) -> None:
    (tmp_path / "a.tgz").write_bytes(_package({}, extra))
    (tmp_path / "out").mkdir()

    with pytest.raises(BadWeights, match="not the one plain file"):
        take_members(tmp_path / "a.tgz", ["package/wanted"], tmp_path / "out", bytes_max=1000)

    assert list((tmp_path / "out").iterdir()) == []


def test_only_the_named_members_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(
        _package({"../outside": b"x", "/absolute": b"x", "package/wanted": b"wanted", "other/wanted": b"x"})
    )
    (tmp_path / "out").mkdir()

    taken = take_members(tmp_path / "a.tgz", ["package/wanted"], tmp_path / "out", bytes_max=1000)

    assert taken["package/wanted"].read_bytes() == b"wanted"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tgz", "out", "wanted"]


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", gzip.compress(b"no tar"), gzip.compress(bytes(3 << 20))[:500]],
    ids=["empty", "not gzipped", "no tar", "cut off"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tgz").write_bytes(content)

    with pytest.raises(BadWeights):
        take_members(tmp_path / "a.tgz", ["wanted"], tmp_path, bytes_max=1000)


def test_a_member_that_is_too_large_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(_package({"wanted": bytes(2000)}))

    with pytest.raises(BadWeights):
        take_members(tmp_path / "a.tgz", ["wanted"], tmp_path, bytes_max=1000)

    assert not (tmp_path / "wanted").exists()


def test_every_known_model_is_converted_or_kept_and_says_what_comes_next() -> None:
    assert all(model.is_kept_as_it_is or model.kind in CONVERTERS for model in KNOWN_MODELS.values())
    assert all(model.next_step.endswith(".") and len(model.sha256) == 64 for model in KNOWN_MODELS.values())
    assert len({model.file_name for model in KNOWN_MODELS.values()}) == len(KNOWN_MODELS)


SEGMENTERS = Path(__file__).resolve().parents[3] / "shared" / "models" / "segmenters"
# Copies in circulation; where they are not at hand, this test has no cases.
COPIES = [
    (name, SEGMENTERS / file)
    for name, file in (("deeplab-voc", "deeplabv3_257_mv_gpu.tflite"), ("selfie", "selfie_segmentation.tflite"))
    if SEGMENTERS.is_dir()
]


@pytest.mark.parametrize(("name", "copy"), COPIES)
def test_the_copies_in_circulation_are_the_known_models(name: str, copy: Path) -> None:
    content = copy.read_bytes()

    assert (KNOWN_MODELS[name].size_bytes, KNOWN_MODELS[name].sha256) == (
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
