"""The page of an account's photos: looking through them, taking them along, deleting them."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs import history, lifecycle, storage
from jobs.models import Job, Status
from tests.cast import Cast
from tests.jobs.conftest import result_of

Submit = Callable[..., Job]


def _named(job: Job, name: str) -> Job:
    Job.objects.filter(pk=job.pk).update(metadata={"filename": name})
    return job


def _complete(job: Job) -> Job:
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    assert lifecycle.complete_job(job_id=job.pk, attempt=claimed.attempt, result=result_of(claimed))
    return Job.objects.get(pk=job.pk)


def _is_stored(name: str) -> bool:
    return default_storage.exists(name)


def _ids(page: Any) -> list[str]:
    return [card["id"] for card in page.context["jobs"]]


def _zip(response: Any) -> zipfile.ZipFile:
    async def gather() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return zipfile.ZipFile(io.BytesIO(asyncio.run(gather())))


def test_photos_are_shown_newest_first_and_by_what_became_of_them(
    cast: Cast, submit: Submit, alice_browser: Client
) -> None:
    waiting, canceled = submit(), submit()
    lifecycle.cancel_job(job=canceled)

    assert _ids(alice_browser.get("/photos/")) == [str(canceled.pk), str(waiting.pk)]
    assert _ids(alice_browser.get("/photos/", {"show": "working"})) == [str(waiting.pk)]
    assert _ids(alice_browser.get("/photos/", {"show": "not-done"})) == [str(canceled.pk)]
    assert _ids(alice_browser.get("/photos/", {"show": "done"})) == []


@pytest.mark.parametrize("search", ["beach", "BEACH.JPG", "{id}", "{start}"])
def test_a_photo_is_found_by_its_name_and_by_its_number(submit: Submit, alice_browser: Client, search: str) -> None:
    wanted, _ = _named(submit(), "Beach.jpg"), _named(submit(), "forest.jpg")
    words = search.format(id=wanted.pk, start=str(wanted.pk)[:8].upper())

    assert _ids(alice_browser.get("/photos/", {"q": words})) == [str(wanted.pk)]


@pytest.mark.parametrize("search", ["%", "_", "\x00", "0" * 40, "00000000-", "'; --", "é" * 300, "{", "ffffffff-ffff"])
def test_any_search_is_answered(submit: Submit, alice_browser: Client, search: str) -> None:
    submit()

    assert alice_browser.get("/photos/", {"q": search, "page": search, "show": search}).status_code == 200


def test_the_page_asks_the_same_of_the_database_however_many_photos(submit: Submit, alice_browser: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            alice_browser.get("/photos/")
        return len(asked)

    submit()
    few = queries()
    for _ in range(4):
        submit()

    assert queries() == few


def test_chosen_photos_are_deleted_and_those_in_work_stay(submit: Submit, alice_browser: Client) -> None:
    working, ended = submit(), submit()
    lifecycle.cancel_job(job=ended)

    alice_browser.post("/photos/delete/", {"job": [str(working.pk), str(ended.pk), "no-id"]})

    assert not _is_stored(storage.input_name(ended.pk, "png"))
    assert _is_stored(storage.input_name(working.pk, "png"))


def test_nobody_deletes_or_downloads_what_is_anothers(cast: Cast, submit: Submit, client: Client) -> None:
    job = submit()
    lifecycle.cancel_job(job=job)
    client.force_login(cast.bob)

    client.post("/photos/delete/", {"job": [str(job.pk)]})
    answer = client.post("/photos/download/", {"job": [str(job.pk)]})

    assert _is_stored(storage.input_name(job.pk, "png"))
    assert answer.status_code == 302


def test_chosen_results_come_as_one_zip_under_the_names_they_had(submit: Submit, alice_browser: Client) -> None:
    jobs = [_complete(_named(submit(), name)) for name in ("beach.jpg", "beach.jpg", "../etc/passwd")]
    waiting = submit()

    archive = _zip(alice_browser.post("/photos/download/", {"job": [str(job.pk) for job in (*jobs, waiting)]}))

    assert sorted(archive.namelist()) == ["00-passwd.png", "01-beach.png", "02-beach.png"]
    assert archive.read("01-beach.png") == storage.read(Job.objects.get(pk=jobs[1].pk).output_name)


def test_choosing_nothing_says_what_to_do(alice_browser: Client) -> None:
    for path in ("/photos/delete/", "/photos/download/"):
        page = alice_browser.post(path, follow=True).content.decode()

        assert "choose photos" in page


def test_a_name_comes_from_the_editor_only_as_text(submit: Submit) -> None:
    job = submit()
    for metadata in (None, {}, {"filename": 5}, {"filename": ["x"]}):
        job.metadata = metadata
        assert history.name_of(job) == ""


def test_the_editor_opens_what_an_earlier_job_came_to(submit: Submit, alice_browser: Client) -> None:
    job = _complete(_named(submit(), "beach.jpg"))

    start = alice_browser.get("/editor/", {"job": str(job.pk)}).context["editor_config"]["start"]

    assert start["name"] == "beach.jpg"
    assert f"/v1/files/{job.pk}/output" in start["url"]


def test_the_editor_opens_nothing_of_anothers(cast: Cast, submit: Submit, client: Client) -> None:
    client.force_login(cast.bob)

    for job_id in (str(submit().pk), "no-id", ""):
        assert client.get("/editor/", {"job": job_id}).context["editor_config"]["start"] is None


def test_an_account_without_photos_is_told_how_to_begin(alice_browser: Client) -> None:
    assert "No photos yet" in alice_browser.get("/photos/").content.decode()
    assert "Nothing found" in alice_browser.get("/photos/", {"q": "x"}).content.decode()


def test_only_removals_are_photos(cast: Cast, job: Job, alice_browser: Client) -> None:
    Job.objects.filter(pk=job.pk).update(operation="segment")

    assert _ids(alice_browser.get("/photos/")) == []
    assert Job.objects.get().status == Status.QUEUED


def test_a_photo_runs_again_with_the_same_picture_and_wishes_and_costs_again(
    cast: Cast, submit: Submit, rung: list[str], alice_browser: Client, django_capture_on_commit_callbacks: Any
) -> None:
    first = submit(format="webp", quality=70)
    lifecycle.cancel_job(job=first)
    before = cast.credits()

    with django_capture_on_commit_callbacks(execute=True):
        alice_browser.post(f"/jobs/{first.pk}/again/")

    again = Job.objects.exclude(pk=first.pk).get()
    assert (again.status, again.output_format, again.quality, again.boxes) == ("queued", "webp", 70, first.boxes)
    assert storage.read(again.input_name) == storage.read(Job.objects.get(pk=first.pk).input_name)
    assert cast.credits() == (before[0] - 5, before[1] + 5)
    assert rung == [str(again.pk)]


def test_what_cannot_run_again_says_why_and_costs_nothing(cast: Cast, submit: Submit, alice_browser: Client) -> None:
    working, gone = submit(), submit()
    lifecycle.cancel_job(job=gone)
    history.delete([Job.objects.get(pk=gone.pk)])
    before = cast.credits()

    for job, words in ((working, "Only a photo that is done"), (gone, "have been deleted")):
        page = alice_browser.post(f"/jobs/{job.pk}/again/", follow=True).content.decode()
        assert words in page

    assert Job.objects.count() == 2
    assert cast.credits() == before


def test_without_credits_nothing_runs_again_and_no_file_is_left(
    cast: Cast, submit: Submit, alice_browser: Client
) -> None:
    job = submit()
    lifecycle.cancel_job(job=job)
    cast.set_credits(4)

    page = alice_browser.post(f"/jobs/{job.pk}/again/", follow=True).content.decode()

    assert "Insufficient credits" in page
    assert storage.job_folders("inputs") == [str(job.pk)]
