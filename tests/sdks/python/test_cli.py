"""The command line: what is read from it, what is refused before anything is sent, and what it does on a real site."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pixelsite_client.cli import main
from pixelsite_client.cli.arguments import UsageError, parse_box, parse_corners, parse_points, parser
from pixelsite_client.cli.plans import Plan, planned

from jobs.targets import Box
from tests.faults.customers import small_picture
from tests.sdks.python.conftest import KEY
from tests.sdks.python.faulty import Faulty, completed, refused
from tests.servers.processes import free_port
from tests.servers.stack import LiveSite

edges = st.integers(0, 999_999)
lengths = st.integers(1, 999_999)


def _plan(*line: str) -> Plan:
    return planned(parser().parse_args(line))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with three pictures and things that are none."""
    for name in ("a.jpg", "b.PNG", "c.webp", "notes.txt", "a-clean.jpg", ".hidden.jpg"):
        (tmp_path / name).write_bytes(small_picture())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def at_faulty(faulty: Faulty, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Faulty:
    monkeypatch.setenv("PIXELSITE_API_KEY", KEY)
    monkeypatch.setenv("PIXELSITE_BASE_URL", faulty.url)
    return faulty


@given(edges, edges, lengths, lengths)
def test_a_box_is_read_as_the_site_reads_it(x: int, y: int, width: int, height: int) -> None:
    written = f"{x},{y},{width},{height}"

    assert Box(*parse_box(written)) == Box.parse(written)


@given(st.text(alphabet="0123456789,-. x٣", max_size=20))
def test_whatever_is_written_is_a_box_of_the_site_or_refused(written: str) -> None:
    try:
        box = parse_box(written)
    except argparse.ArgumentTypeError:
        return

    assert Box(*box) == Box.parse(written)


@pytest.mark.parametrize(
    "written", ["", "1,2,3", "1,2,3,4,5", "1,2,0,4", "-1,2,3,4", "1.5,2,3,4", "٣,2,3,4", "a,b,c,d"]
)
def test_what_is_no_box_is_refused(written: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_box(written)


@given(st.lists(st.tuples(edges, edges, st.sampled_from([0, 1])), min_size=1, max_size=9))
def test_points_are_on_the_object_unless_they_say_otherwise(points: list[tuple[int, int, int]]) -> None:
    written = " ".join(f"{x},{y}" + ("" if label else ",0") for x, y, label in points)

    assert parse_points(written) == points


@pytest.mark.parametrize("written", ["", "1", "1,2,3,4", "1,2,2", "1;2", "-1,2", "1.5,2", "a,b"])
def test_what_is_no_point_is_refused(written: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="x,y"):
        parse_points(written)


@pytest.mark.parametrize("written", ["5,5,5,9", "5,5,9,5", "1,2,3", "9,9,1,1"])
def test_corners_in_the_wrong_order_are_refused(written: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_corners(written)


def test_a_folder_means_the_pictures_in_it_but_not_earlier_results(folder: Path) -> None:
    plan = _plan("remove", ".", "--box", "1,1,2,2")

    assert [task.source for task in plan.tasks] == ["a.jpg", "b.PNG", "c.webp"]
    assert [str(task.target) for task in plan.tasks] == ["a-clean.jpg", "b-clean.PNG", "c-clean.webp"]


def test_a_pattern_and_a_file_mean_a_picture_once(folder: Path) -> None:
    assert [task.source for task in _plan("remove", "a.jpg", "?.*", "--prompt", "x").tasks] == [
        "a.jpg", "b.PNG", "c.webp",
    ]  # fmt: skip


def test_a_mask_inside_the_folder_is_not_a_picture(folder: Path) -> None:
    assert "b.PNG" not in [task.source for task in _plan("remove", ".", "--mask", "b.PNG").tasks]


def test_a_folder_of_masks_is_matched_by_name(folder: Path) -> None:
    masks = folder / "masks"
    masks.mkdir()
    for name in ("a.png", "c-mask.png"):
        (masks / name).write_bytes(b"")

    a, b, c = _plan("remove", ".", "--mask", "masks", "--out-dir", "out").tasks

    assert (a.options["mask"], c.options["mask"]) == ("masks/a.png", "masks/c-mask.png")
    assert b.obstacle == "there is no mask b.png in masks"


def test_arguments_become_those_of_the_client(folder: Path) -> None:
    line = ["--box", "1,2,3,4", "--box", "5,6,7,8", "--points", "1,2 3,4,0", "--find-in", "0,0,9,9", "--prompt", "x"]
    line += ["--grow", "15%", "--feather", "2", "--quality", "90", "--mode", "quality", "--metadata-policy", "strip"]

    plan = _plan("remove", "a.jpg", *line, "--format", "png")

    assert plan.options == {
        "boxes": [(1, 2, 3, 4), (5, 6, 7, 8)], "points": [(1, 2), (3, 4)], "labels": [1, 0], "box": (0, 0, 9, 9),
        "prompt": "x", "grow": "15%", "feather": 2, "quality": 90, "mode": "quality", "metadata_policy": "strip",
        "output_format": "png",
    }  # fmt: skip
    assert str(plan.tasks[0].target) == "a-clean.png"


@pytest.mark.parametrize(
    ("output", "options"),
    [("x.jpg", {}), ("x.jpeg", {}), ("x.png", {"output_format": "png"}), ("x.webp", {"output_format": "webp"})],
)
def test_the_name_of_the_result_says_its_format(folder: Path, output: str, options: dict[str, str]) -> None:
    (task,) = _plan("remove", "a.jpg", "--box", "1,1,2,2", "-o", output).tasks

    assert (str(task.target), task.options) == (output, options)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["remove", "a.jpg"], "what to point at"),
        (["remove", "none.jpg", "--prompt", "x"], "no such file"),
        (["remove", "a.jpg", "b.PNG", "--prompt", "x", "-o", "c.jpg"], "single picture"),
        (["remove", "a.jpg", "--prompt", "x", "-o", "c.jpg", "--out-dir", "d"], "one of them"),
        (["remove", "a.jpg", "--prompt", "x", "-o", "c.gif"], r"\.jpg, \.png or \.webp"),
        (["remove", "a.jpg", "--prompt", "x", "-o", "c.jpg", "--format", "png"], "--format says png"),
        (["segment", "a.jpg", "--prompt", "x", "-o", "c.jpg"], "a mask is a PNG"),
        (["remove", "https://example.com/photo", "--prompt", "x"], "--format"),
        (["remove", "a.jpg", "./a.jpg", "--prompt", "x", "--out-dir", "d"], "both become"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(folder: Path, line: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        _plan(*line)


def test_a_wrong_line_ends_with_two_and_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["remove", "a.jpg", "--box", "1,2,3"])

    assert (ended.value.code, "x,y,w,h" in capsys.readouterr().err) == (2, True)


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["remove", "--help"])

    out = capsys.readouterr().out
    assert all(f"\n  {code} " in out for code in (0, 1, 2, 3, 4, 5, 130))
    assert "15% or auto" in out


def test_an_existing_file_is_never_overwritten_and_nothing_is_sent(
    at_faulty: Faulty, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "b.PNG").read_bytes()

    code = main(["remove", "a.jpg", "--box", "1,1,2,2", "-o", "b.PNG"])

    assert (code, at_faulty.heard, (folder / "b.PNG").read_bytes()) == (1, [], before)
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([refused(401, "api_key_invalid")], 3),
        ([refused(403, "scope_missing")], 3),
        ([refused(402, "insufficient_credits")], 4),
        ([refused(422, "mask_empty")], 1),
    ],
)
def test_the_exit_code_tells_what_to_do(at_faulty: Faulty, answers: list[Any], code: int) -> None:
    at_faulty.script = list(answers)

    assert main(["remove", "a.jpg", "--box", "1,1,2,2", "-o", "new.jpg", "-q"]) == code


def test_failures_of_several_kinds_end_with_one(at_faulty: Faulty) -> None:
    at_faulty.script = [refused(422, "mask_empty"), refused(402, "insufficient_credits")]

    assert main(["remove", "b.PNG", "c.webp", "--box", "1,1,2,2", "-q", "--concurrency", "1"]) == 1


def test_without_a_key_it_ends_with_three(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["balance", "--base-url", "https://pixelsite.example"]) == 3
    assert "PIXELSITE_API_KEY" in capsys.readouterr().err


def test_a_site_that_is_not_there_ends_with_five(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "key").write_text(KEY + "\n")

    assert (
        main(["balance", "--key-file", "key", "--base-url", f"http://127.0.0.1:{free_port()}", "--retries", "0"]) == 5
    )


def test_json_tells_of_trouble_too(at_faulty: Faulty, capsys: pytest.CaptureFixture[str]) -> None:
    at_faulty.script = [refused(422, "mask_empty", "The mask is empty.")]

    main(["remove", "b.PNG", "--box", "1,1,2,2", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert (told["source"], told["output"], told["error"]["code"]) == ("b.PNG", None, "mask_empty")
    assert told["error"]["request_id"] == "r" * 32


def test_a_picture_that_was_paid_for_can_be_had_though_it_could_not_be_saved(
    at_faulty: Faulty, capsys: pytest.CaptureFixture[str]
) -> None:
    link = at_faulty.url + "/picture"
    at_faulty.script = [completed(link), refused(403, "signature_invalid")]

    code = main(["remove", "b.PNG", "--box", "1,1,2,2", "--json"])

    assert (code, json.loads(capsys.readouterr().out)["output_url"]) == (3, link)


@pytest.mark.live
class TestOnALiveSite:
    @pytest.fixture(autouse=True)
    def _settings(self, live_site: LiveSite, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PIXELSITE_API_KEY", key)
        monkeypatch.setenv("PIXELSITE_BASE_URL", live_site.url)

    def test_a_photo_is_cleaned(self, sample: Path, capfd: pytest.CaptureFixture[str]) -> None:
        code = main(["remove", "photo.jpg", "--mask", "mask.png", "-o", "clean.jpg"])

        assert (code, capfd.readouterr()) == (0, ("clean.jpg\n", ""))
        assert (sample / "clean.jpg").read_bytes()[:2] == b"\xff\xd8"

    def test_a_folder_is_cleaned_into_another(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        # All of them are PNG files, whatever they are called: what they become has to be said.
        code = main(["remove", ".", "--box", "12,12,5,5", "--out-dir", "out", "--format", "png", "--json"])

        out, err = capfd.readouterr()
        told = [json.loads(line) for line in out.splitlines()]
        assert code == 0, err
        assert {line["output"] for line in told} == {"out/a-clean.png", "out/b-clean.PNG", "out/c-clean.png"}
        assert all(line["receipt"]["engine"] and line["status"] == "completed" for line in told)
        assert "3/3" in err

    def test_what_something_would_cost_is_told_and_nothing_done(
        self, folder: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        code = main(["remove", "a.jpg", "c.webp", "--box", "12,12,5,5", "--dry-run"])

        assert (code, capfd.readouterr().out) == (0, "a.jpg\t5 credits\nc.webp\t5 credits\ntogether\t10 credits\n")
        assert not (folder / "c-clean.webp").exists()

    def test_a_mask_is_found_and_used(self, sample: Path, capfd: pytest.CaptureFixture[str]) -> None:
        codes = (
            main(["segment", "photo.jpg", "--points", "566,474"]),
            main(["remove", "photo.jpg", "--mask", "photo-mask.png"]),
        )

        assert (codes, capfd.readouterr().out) == ((0, 0), "photo-mask.png\nphoto-clean.jpg\n")

    def test_a_sentence_that_names_nothing_fails(self, sample: Path, capfd: pytest.CaptureFixture[str]) -> None:
        code = main(["remove", "photo.jpg", "--prompt", "the unicorn"])

        out, err = capfd.readouterr()
        assert (code, out, "unicorn" in err, list(sample.glob("*clean*"))) == (1, "", True, [])

    def test_the_balance_is_told_by_the_module_too(self, pytestconfig: pytest.Config) -> None:
        environment = os.environ | {"PYTHONPATH": str(pytestconfig.rootpath / "sdks/python/src")}

        done = subprocess.run(
            [sys.executable, "-m", "pixelsite_client", "balance"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert (done.returncode, done.stderr) == (0, "")
        assert "credits left" in done.stdout
