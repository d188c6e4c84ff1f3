"""`manage.py models`: downloads go on where they broke off, and nothing that hashes differently is ever loaded."""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command

from inference import downloads, known_models
from inference.engines.base import Crop
from inference.engines.registry import WeightsMissing, load_engine
from inference.known_models import KnownModel
from tests import photos
from tests.inference.test_lama_fused import random_generator


class Shelf:
    """What the server holds, and how it misbehaves."""

    def __init__(self, content: bytes) -> None:
        self.content, self.tag = content, '"one"'
        self.breaks_after: list[int] = []
        self.knows_ranges = True
        self.status: int | None = None
        self.sleeps = threading.Event()
        self.ranges: list[str | None] = []


class ShelfServer(ThreadingHTTPServer):
    daemon_threads = True
    shelf: Shelf

    def handle_error(self, *_: object) -> None:
        pass  # the client hangs up where it was cut off

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/tiny-lama.pt"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ShelfServer

    def do_GET(self) -> None:
        shelf = self.server.shelf
        wanted = self.headers.get("Range")
        shelf.ranges.append(wanted)
        start = 0
        if wanted and shelf.knows_ranges and self.headers.get("If-Range") == shelf.tag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        body = shelf.content[start:]
        self.send_response(shelf.status or (206 if start else 200))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", shelf.tag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(shelf.content) - 1}/{len(shelf.content)}")
        self.end_headers()
        if shelf.breaks_after:
            self.wfile.write(body[: shelf.breaks_after.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small random LaMa as `torch.save` writes a training checkpoint."""
    path = tmp_path_factory.mktemp("weights") / "best.ckpt"
    state = {f"generator.{name}": value for name, value in random_generator().state_dict().items()}
    torch.save({"state_dict": state}, path)
    return path.read_bytes()


@contextmanager
def serving(shelf: Shelf) -> Iterator[ShelfServer]:
    """A server of one file, on this machine."""
    with ShelfServer(("127.0.0.1", 0), _Handler) as running:
        running.shelf = shelf
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def server(checkpoint: bytes) -> Iterator[ShelfServer]:
    with serving(Shelf(checkpoint)) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, settings, server: ShelfServer, checkpoint: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models, and a catalogue whose only model lies on the server."""
    model = KnownModel(
        name="tiny-lama",
        title="A small LaMa",
        purpose="engine lama",
        kind="lama",
        url=server.url,
        size_bytes=len(checkpoint),
        sha256=hashlib.sha256(checkpoint).hexdigest(),
        licence="none",
        next_step="Use it.",
    )
    known = {model.name: model}
    monkeypatch.setattr(known_models, "KNOWN_MODELS", known)
    monkeypatch.setattr("inference.management.commands.models.KNOWN_MODELS", known)
    monkeypatch.setattr(downloads, "_TIMEOUT", httpx.Timeout(0.5))
    monkeypatch.setattr(downloads, "_PAUSE_S", 0.0)
    settings.MODELS_DIR = tmp_path / "models"
    return tmp_path / "models"


def _fetch(*arguments: str) -> None:
    call_command("models", "fetch", "tiny-lama", *arguments)


def test_a_fetched_model_is_what_the_engine_loads(folder: Path, checkpoint: bytes, tmp_path: Path) -> None:
    (tmp_path / "best.ckpt").write_bytes(checkpoint)
    crop = Crop(photos.with_object(), photos.object_mask())

    _fetch()

    fetched, original = (
        load_engine("lama", weights_path=path, device="cpu").fill([crop])[0]
        for path in (folder / "tiny-lama.safetensors", tmp_path / "best.ckpt")
    )
    assert np.array_equal(fetched, original)


def test_a_broken_download_goes_on_where_it_broke(folder: Path, server: ShelfServer) -> None:
    server.shelf.breaks_after = [100_000, 50_000]

    _fetch()

    assert server.shelf.ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_run_goes_on_as_well(folder: Path, server: ShelfServer) -> None:
    server.shelf.breaks_after = [100_000] + [0] * 20
    with pytest.raises(CommandError, match=r"ended|closed|disconnected"):
        _fetch()
    server.shelf.breaks_after = []
    server.shelf.ranges.clear()

    _fetch()

    assert server.shelf.ranges == ["bytes=100000-"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(folder: Path, server: ShelfServer) -> None:
    server.shelf.breaks_after = [100_000] + [0] * 20
    with pytest.raises(CommandError):
        _fetch()
    server.shelf.breaks_after, server.shelf.tag = [], '"two"'

    _fetch()

    assert (folder / "tiny-lama.safetensors").exists()


def test_a_server_that_knows_no_ranges_sends_it_all_again(folder: Path, server: ShelfServer) -> None:
    server.shelf.knows_ranges = False
    server.shelf.breaks_after = [100_000]

    _fetch()

    assert (folder / "tiny-lama.safetensors").exists()


def test_other_bytes_are_deleted_and_never_loaded(folder: Path, server: ShelfServer, checkpoint: bytes) -> None:
    server.shelf.content = checkpoint[:-1] + bytes([checkpoint[-1] ^ 1])

    with pytest.raises(CommandError, match="does not have the SHA-256"):
        _fetch()

    assert list(folder.iterdir()) == []


def test_a_file_that_is_too_large_is_not_stored(folder: Path, server: ShelfServer, checkpoint: bytes) -> None:
    server.shelf.content = checkpoint + b"x"

    with pytest.raises(CommandError, match="larger than"):
        _fetch()


def test_a_missing_file_is_an_error_at_once(folder: Path, server: ShelfServer) -> None:
    server.shelf.status = 404

    with pytest.raises(CommandError, match="answered 404"):
        _fetch()

    assert len(server.shelf.ranges) == 1


def test_a_busy_server_is_asked_again_and_then_named(folder: Path, server: ShelfServer) -> None:
    server.shelf.status = 503

    with pytest.raises(CommandError, match="answered 503"):
        _fetch()

    assert len(server.shelf.ranges) == 5


def test_no_server_is_an_error_in_a_sentence(folder: Path) -> None:
    with pytest.raises(CommandError, match="could not be fetched"):
        _fetch("--from", "http://127.0.0.1:9/tiny-lama.pt")


def test_a_file_at_hand_can_be_used_if_it_hashes_the_same(folder: Path, checkpoint: bytes, tmp_path: Path) -> None:
    (tmp_path / "right.pt").write_bytes(checkpoint)
    (tmp_path / "wrong.pt").write_bytes(b"wrong")

    with pytest.raises(CommandError, match="SHA-256"):
        _fetch("--from", str(tmp_path / "wrong.pt"))
    _fetch("--from", str(tmp_path / "right.pt"))

    assert (folder / "tiny-lama.safetensors").exists()


_WITH_A_SMALL_DISK = """
import resource, sys
from pathlib import Path
from inference.downloads import DiskFull, download
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    download(sys.argv[1], Path(sys.argv[2]), size_bytes=int(sys.argv[3]), on_bytes=lambda there: None)
except DiskFull as error:
    print(error)
"""


def test_a_full_disk_is_named_and_keeps_what_came(tmp_path: Path, server: ShelfServer, checkpoint: bytes) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 60_000
    partial = tmp_path / "x.partial"

    done = subprocess.run(
        [sys.executable, "-c", _WITH_A_SMALL_DISK, server.url, str(partial), str(len(checkpoint))],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "is full" in done.stdout
    assert 0 < partial.stat().st_size <= 60_000


def test_verify_finds_a_changed_and_a_missing_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _fetch()
    call_command("models", "verify")
    assert capsys.readouterr().out.endswith("OK       tiny-lama.pt\nOK       tiny-lama.safetensors\n")

    weights = folder / "tiny-lama.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    (folder / "tiny-lama.pt").unlink()

    with pytest.raises(CommandError, match="Not every file"):
        call_command("models", "verify", "tiny-lama")
    out = capsys.readouterr().out
    assert "missing  tiny-lama.pt" in out
    assert "changed  tiny-lama.safetensors" in out


def test_list_says_what_is_installed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("models", "list")
    before = capsys.readouterr().out
    _fetch()
    capsys.readouterr()
    call_command("models", "list")

    assert "missing" in before
    assert "installed" in capsys.readouterr().out


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(CommandError, match="Did you mean big-lama"):
        call_command("models", "fetch", "big_lama")


def test_missing_weights_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="models fetch big-lama"):
        load_engine("lama", weights_path=tmp_path / "none.safetensors")
