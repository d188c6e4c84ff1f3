"""What the editor does when something is in the way: nothing painted is ever lost, and nothing is charged twice."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests import photos
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live]

BOX = (130.0, 90.0, 230.0, 150.0)
ID = "11111111-1111-1111-1111-111111111111"
JOB = re.compile(f"/editor/jobs/{ID}/")


@pytest.fixture
def editor(desktop: Visitor) -> EditorPage:
    page = EditorPage(desktop)
    page.load(photos.with_object(360, 240))
    page.paint_box(BOX)
    return page


def _accept(editor: EditorPage) -> None:
    """Let the site seem to accept the job, so that the test decides what becomes of it."""
    job = {"id": ID, "status": "queued", "credits_used": 5.0}
    editor.page.route("**/editor/jobs/", lambda route: route.fulfill(status=202, json=job))
    editor.page.route("**/editor/events/**", lambda route: route.fulfill(content_type="text/event-stream", body=""))


def _answer(route: Route, **job: Any) -> None:
    route.fulfill(status=200, json={"id": ID, "output_url": None, "error": None} | job)


def _assert_can_try_again(editor: EditorPage) -> None:
    editor.wait_for("ready")
    expect(editor.part("erase")).to_be_enabled()
    assert editor.mask().any()


def test_being_signed_out_keeps_what_is_painted_and_works_after_signing_in_elsewhere(editor: EditorPage) -> None:
    editor.visitor.forgive("status of 401")
    editor.visitor.forgive("status of 403")
    editor.visitor.context.clear_cookies()

    editor.part("erase").click()
    expect(editor.part("editor-error")).to_contain_text("You have been signed out")
    _assert_can_try_again(editor)

    editor.visitor.sign_in(editor.visitor.context.new_page())
    editor.erase()
    expect(editor.part("editor-error")).to_be_empty()


def test_being_offline_keeps_what_is_painted_and_costs_nothing(editor: EditorPage) -> None:
    editor.visitor.forgive("ERR_INTERNET_DISCONNECTED")
    balance = editor.balance
    editor.visitor.context.set_offline(True)

    editor.part("erase").click()
    expect(editor.part("editor-error")).to_contain_text("no connection")
    _assert_can_try_again(editor)
    editor.visitor.context.set_offline(False)

    editor.erase()
    assert editor.balance == balance - 5


def test_an_answer_that_got_lost_is_asked_for_again_under_the_same_key(editor: EditorPage) -> None:
    editor.visitor.forgive("ERR_FAILED")
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.abort()

    editor.page.route("**/editor/jobs/", lose)
    for _ in range(2):
        editor.part("erase").click()
        _assert_can_try_again(editor)
    editor.paint_box((20, 20, 60, 50))
    editor.part("erase").click()
    _assert_can_try_again(editor)

    assert keys[0] == keys[1] != keys[2]


def test_a_refusal_is_shown_in_the_sites_own_words(editor: EditorPage) -> None:
    editor.visitor.forgive("status of 402")
    refusal = {"detail": "Insufficient credits. Required: 5, available: 0.", "code": "insufficient_credits"}
    editor.page.route("**/editor/jobs/", lambda route: route.fulfill(status=402, json=refusal))

    editor.part("erase").click()

    expect(editor.part("editor-error")).to_contain_text("Required: 5, available: 0.")
    _assert_can_try_again(editor)


def test_a_failed_job_says_why_and_that_the_credits_are_back(editor: EditorPage) -> None:
    _accept(editor)
    error = {"code": "bad_output", "message": "The result did not look right."}
    editor.page.route(JOB, lambda route: _answer(route, status="failed", error=error, balance=77))

    editor.part("erase").click()

    expect(editor.part("editor-error")).to_contain_text("The result did not look right. Your credits are back")
    assert editor.balance == 77
    _assert_can_try_again(editor)


def test_a_waiting_job_can_be_canceled(editor: EditorPage) -> None:
    _accept(editor)
    state = {"status": "queued"}

    def tell(route: Route) -> None:
        if route.request.method == "DELETE":
            state["status"] = "canceled"
        _answer(route, **state)

    editor.page.route(JOB, tell)
    editor.part("erase").click()
    expect(editor.part("editor-status")).to_have_text("Waiting for a worker…")

    editor.part("cancel").click()

    expect(editor.part("editor-error")).to_contain_text("Canceled. Your credits are back")
    _assert_can_try_again(editor)


def test_the_bar_shows_what_the_worker_reports_and_a_working_job_cannot_be_canceled(editor: EditorPage) -> None:
    _accept(editor)
    editor.page.route(JOB, lambda route: _answer(route, status="processing", stage="filling", progress=42))

    editor.part("erase").click()

    expect(editor.part("editor-status")).to_have_text("Filling the hole…")
    expect(editor.part("progress")).to_have_js_property("value", 42)
    expect(editor.part("cancel")).to_be_hidden()


def test_the_place_in_line_is_told_and_progress_is_heard_as_it_happens(editor: EditorPage) -> None:
    _accept(editor)
    asked: list[Route] = []

    def tell_once(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            _answer(route, status="queued", place_in_line=3)

    heard: list[Route] = []
    editor.page.route("**/editor/events/**", lambda route: heard.append(route))
    editor.page.route(JOB, tell_once)
    editor.part("erase").click()
    expect(editor.part("editor-status")).to_have_text("Waiting: 3 photos are before yours…")

    news = json.dumps({"id": ID, "status": "processing", "stage": "encoding", "progress": 63})
    heard[0].fulfill(content_type="text/event-stream", body=f"event: progress\ndata: {news}\n\n")

    expect(editor.part("editor-status")).to_have_text("Saving the result…")
    expect(editor.part("progress")).to_have_js_property("value", 63)


def test_a_file_that_is_no_photo_is_refused_and_the_photo_before_it_stays(editor: EditorPage) -> None:
    editor.part("file-input").set_input_files(
        {"name": "notes.png", "mimeType": "image/png", "buffer": b"not a picture at all"}
    )

    expect(editor.part("editor-error")).to_contain_text("cannot read this file as a photo")
    _assert_can_try_again(editor)
