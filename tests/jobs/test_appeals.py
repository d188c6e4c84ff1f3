"""A person's word above the content filter's: asked for once, given with one click, told to the owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEvent
from jobs import appeals
from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import block

FINGERPRINT = appeals.fingerprint_of(b"the picture", "the words")
# Numbers that are found on a page only if somebody puts them there.
SAFETY = {
    "decision": "block",
    "category": "explicit",
    "scores": {"explicit": 0.97316},
    "fingerprint": FINGERPRINT,
}


@pytest.fixture
def blocked(job: Job) -> Job:
    """A job of Alice's that the content filter refused."""
    return block(job, safety=SAFETY)


@pytest.fixture
def marked(completed: Job) -> Job:
    """A job of Alice's that the content filter let through, unsure."""
    Job.objects.filter(pk=completed.pk).update(review="wanted", safety=SAFETY | {"decision": "review"})
    return Job.objects.get(pk=completed.pk)


@pytest.fixture
def olga(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.olga)
    return client


def _told(api: APIClient, job: Job) -> Any:
    return api.get(f"/v1/image/{job.pk}").json()["review"]


def _review(job: Job) -> str:
    return Job.objects.get(pk=job.pk).review


def test_the_owner_appeals_and_is_told_so(alice_api: APIClient, blocked: Job) -> None:
    before = _told(alice_api, blocked)
    answer = alice_api.post(f"/v1/image/{blocked.pk}/appeal")

    assert (before, answer.status_code, answer.json()["review"]) == (None, 200, "appealed")
    assert _told(alice_api, blocked) == "appealed"


@pytest.mark.parametrize("decide", [None, appeals.uphold, appeals.release])
def test_a_job_is_appealed_once(cast: Cast, alice_api: APIClient, blocked: Job, decide: Any) -> None:
    alice_api.post(f"/v1/image/{blocked.pk}/appeal")
    if decide is not None:
        decide(blocked, actor=cast.olga)
    before = _review(blocked)

    answer = alice_api.post(f"/v1/image/{blocked.pk}/appeal")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_appealable")
    assert _review(blocked) == before


@pytest.mark.parametrize("state", ["job", "claimed", "completed", "marked"])
def test_only_a_blocked_job_is_appealed(request: Any, alice_api: APIClient, state: str) -> None:
    job = request.getfixturevalue(state)

    assert alice_api.post(f"/v1/image/{job.pk}/appeal").status_code == 409
    assert _review(job) == job.review


def test_a_stranger_cannot_appeal(bob_api: APIClient, blocked: Job) -> None:
    assert bob_api.post(f"/v1/image/{blocked.pk}/appeal").status_code == 404
    assert _review(blocked) == ""


def test_the_page_has_a_button_that_appeals_and_then_says_how_it_stands(
    cast: Cast, alice_browser: Client, blocked: Job
) -> None:
    page = alice_browser.get(f"/jobs/{blocked.pk}/").content.decode()
    after = alice_browser.post(f"/jobs/{blocked.pk}/appeal/", follow=True).content.decode()
    appeals.release(blocked, actor=cast.olga)
    at_last = alice_browser.get(f"/jobs/{blocked.pk}/").content.decode()

    assert f'action="/jobs/{blocked.pk}/appeal/"' in page
    assert "You have appealed" in after
    assert 'data-testid="appeal"' not in after
    assert "A person has let this through" in at_last


@pytest.mark.parametrize(("verdict", "told"), [(appeals.release, "released"), (appeals.uphold, "upheld")])
def test_the_owner_is_told_what_the_person_said(
    cast: Cast, alice_api: APIClient, blocked: Job, verdict: Any, told: str
) -> None:
    verdict(appeals.appeal(blocked), actor=cast.olga)

    assert _told(alice_api, blocked) == told


def test_that_the_filter_was_unsure_is_not_told(cast: Cast, alice_api: APIClient, marked: Job) -> None:
    before = _told(alice_api, marked)
    appeals.uphold(marked, actor=cast.olga)

    assert (before, _told(alice_api, marked)) == (None, None)


def test_what_was_let_through_passes_again_for_this_account_and_this_request_only(cast: Cast, blocked: Job) -> None:
    other = appeals.fingerprint_of(b"the picture", "other words")
    before = appeals.is_released(user_id=cast.alice.pk, fingerprint=FINGERPRINT)
    appeals.release(blocked, actor=cast.olga)

    assert not before
    assert appeals.is_released(user_id=cast.alice.pk, fingerprint=FINGERPRINT)
    assert not appeals.is_released(user_id=cast.bob.pk, fingerprint=FINGERPRINT)
    assert not appeals.is_released(user_id=cast.alice.pk, fingerprint=other)


def test_an_appeal_alone_lets_nothing_through(cast: Cast, blocked: Job) -> None:
    appeals.appeal(blocked)
    appeals.uphold(blocked, actor=cast.olga)

    assert not appeals.is_released(user_id=cast.alice.pk, fingerprint=FINGERPRINT)


def test_an_operator_may_change_their_mind(cast: Cast, blocked: Job) -> None:
    appeals.release(blocked, actor=cast.olga)
    appeals.uphold(blocked, actor=cast.olga)

    assert not appeals.is_released(user_id=cast.alice.pk, fingerprint=FINGERPRINT)


def test_picture_and_words_have_a_fingerprint_together() -> None:
    pairs = [(b"ab", ""), (b"a", "b"), (b"", "ab"), (b"ab", "ab")]

    assert len({appeals.fingerprint_of(image, prompt) for image, prompt in pairs}) == len(pairs)


@pytest.mark.parametrize(("button", "review"), [("let-through", "released"), ("as-it-is", "upheld")])
def test_the_admins_page_of_a_job_decides_with_one_click(
    cast: Cast, olga: Client, blocked: Job, button: str, review: str
) -> None:
    address = f"/admin/jobs/job/{blocked.pk}/"
    page = olga.get(f"{address}change/").content.decode()
    olga.post(f"{address}{button}/")

    assert f'formaction="{address}{button}/"' in page
    assert _review(blocked) == review
    line = AuditEvent.objects.get(kind=f"job_{review}")
    assert (line.user, line.actor, line.about) == (cast.alice, cast.olga, f"job {blocked.pk}")


@pytest.mark.parametrize(("action", "review"), [("let_through", "released"), ("leave_as_it_is", "upheld")])
def test_the_admins_list_decides_for_several(olga: Client, blocked: Job, action: str, review: str) -> None:
    for _ in range(2):
        olga.post("/admin/jobs/job/", {"action": action, "_selected_action": [str(blocked.pk)]})

    assert _review(blocked) == review
    assert AuditEvent.objects.filter(kind=f"job_{review}").count() == 1  # the second time there was nothing to say


def test_a_link_decides_nothing(olga: Client, blocked: Job) -> None:
    assert olga.get(f"/admin/jobs/job/{blocked.pk}/let-through/").status_code == 405
    assert _review(blocked) == ""


def test_an_operator_who_may_only_look_decides_nothing(cast: Cast, olga: Client, blocked: Job) -> None:
    cast.olga.is_superuser = False
    cast.olga.save()

    assert olga.post(f"/admin/jobs/job/{blocked.pk}/let-through/").status_code == 403
    assert _review(blocked) == ""


def test_a_job_that_simply_completed_has_nothing_to_decide(cast: Cast, olga: Client, completed: Job) -> None:
    page = olga.get(f"/admin/jobs/job/{completed.pk}/change/").content.decode()

    assert "let-through" not in page
    assert not appeals.release(completed, actor=cast.olga)
    assert _review(completed) == ""


@pytest.mark.parametrize("review", ["wanted", "appealed"])
def test_the_admin_lists_what_waits_for_a_person(
    olga: Client, marked: Job, submit: Callable[..., Job], review: str
) -> None:
    appealed = appeals.appeal(block(submit(), safety=SAFETY))
    jobs = {"wanted": marked, "appealed": appealed}

    page = olga.get(f"/admin/jobs/job/?review__exact={review}").content.decode()

    assert str(jobs.pop(review).pk) in page
    assert all(str(other.pk) not in page for other in jobs.values())


def test_scores_are_shown_in_the_admin(olga: Client, blocked: Job) -> None:
    assert "0.97316" in olga.get(f"/admin/jobs/job/{blocked.pk}/change/").content.decode()


@pytest.mark.parametrize("state", ["blocked", "marked"])
def test_scores_are_shown_to_no_customer(request: Any, alice_api: APIClient, alice_browser: Client, state: str) -> None:
    job = request.getfixturevalue(state)
    answers: list[Any] = [
        *(alice_api.get(path) for path in (f"/v1/image/{job.pk}", f"/v1/image/{job.pk}/events", "/v1/account/usage")),
        alice_api.post(f"/v1/image/{job.pk}/appeal"),
        *(alice_browser.get(path) for path in (f"/jobs/{job.pk}/", "/dashboard/", f"/editor/jobs/{job.pk}/")),
        alice_api.delete(f"/v1/image/{job.pk}"),
    ]

    for answer in answers:
        shown = f"{answer.content.decode()}{answer.headers}"
        assert not [secret for secret in ("97316", "scores", "safety", FINGERPRINT) if secret in shown]
