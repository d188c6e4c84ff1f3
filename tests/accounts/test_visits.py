"""An operator looks at an account as its customer sees it: reading only, for half an hour, and never unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission
from django.test import AsyncClient, Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from jobs.representation import file_url
from tests.belongings import Belongings, give_alice_everything
from tests.cast import Cast

WHY = "Ticket 42: the balance looks wrong"


@pytest.fixture
def alice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Belongings:
    monkeypatch.setattr("jobs.dispatch.ring", lambda **_: True)
    return give_alice_everything(cast)


@pytest.fixture
def olga(cast: Cast) -> Client:
    browser = Client()
    browser.force_login(cast.olga)
    return browser


def _begin(browser: Client, customer: User, reason: str = WHY) -> Any:
    return browser.post(f"/admin/accounts/user/{customer.pk}/visit/", {"reason": reason})


@pytest.fixture
def visiting(olga: Client, cast: Cast) -> Client:
    assert _begin(olga, cast.alice)["Location"] == "/dashboard/"
    return olga


def test_the_operator_is_shown_what_the_customer_sees(visiting: Client, cast: Cast) -> None:
    page = visiting.get("/account/").content.decode()

    assert ("<dd>alice@example.com</dd>" in page, 'data-testid="visit-banner"' in page) == (True, True)


def test_the_admin_stays_the_operators_own(visiting: Client) -> None:
    page = visiting.get("/admin/").content.decode()

    assert "<strong>olga</strong>" in page


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path", ["/keys/", "/webhooks/secret/", "/account/delete/", "/editor/jobs/", "/account/sessions/end/"]
)
def test_nothing_can_be_changed(visiting: Client, cast: Cast, alice: Belongings, path: str, method: str) -> None:
    before = alice.rows()

    answer = visiting.generic(method, path)

    assert (answer.status_code, alice.rows()) == (403, before)


@pytest.mark.parametrize(
    "path", ["/accounts/google/login/callback/", "/accounts/demo/", "/v1/files/x", "/account/export/"]
)
def test_doors_and_images_are_closed(visiting: Client, path: str) -> None:
    assert visiting.get(path).status_code == 403


def test_no_link_to_an_image_is_on_any_page(visiting: Client, alice: Belongings) -> None:
    link = file_url(alice.job, "output", base_url="")
    pages = [visiting.get(path) for path in ("/dashboard/", f"/jobs/{alice.job.pk}/", f"/editor/jobs/{alice.job.pk}/")]

    assert (link is not None, [page.status_code for page in pages]) == (True, [200, 200, 200])
    assert [b"/v1/files/" in page.content for page in pages] == [False, False, False]


def test_a_script_is_refused_in_its_own_language(visiting: Client) -> None:
    assert visiting.post("/editor/jobs/").json()["code"] == "visits_only_look"


def test_ending_it_makes_the_operator_themselves(visiting: Client, cast: Cast) -> None:
    answer = visiting.post("/admin/visit/end/")

    assert answer["Location"] == f"/admin/accounts/user/{cast.alice.pk}/change/"
    assert "olga@example.com" in visiting.get("/account/").content.decode()


def test_beginning_and_end_are_written_down_with_who_and_why(visiting: Client, cast: Cast) -> None:
    visiting.post("/admin/visit/end/")

    events = AuditEvent.objects.filter(user=cast.alice, kind__startswith="visit_").order_by("id")
    assert [(event.kind, event.actor, event.reason) for event in events] == [
        ("visit_begun", cast.olga, WHY),
        ("visit_ended", cast.olga, ""),
    ]


def test_the_customer_sees_that_an_operator_has_looked(visiting: Client, alice_browser: Client) -> None:
    page = alice_browser.get("/account/").content.decode()

    assert ("Operator looks at the account" in page, "olga" in page, WHY in page) == (True, False, False)


def test_after_half_an_hour_it_is_over(olga: Client, cast: Cast) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        _begin(olga, cast.alice)
    with time_machine.travel(now + timedelta(minutes=29, seconds=59), tick=False):
        during = olga.get("/account/").content.decode()
    with time_machine.travel(now + timedelta(minutes=30), tick=False):
        after = olga.get("/account/").content.decode()

    assert ("<dd>alice@example.com</dd>" in during, "<dd>alice@example.com</dd>" in after) == (True, False)
    assert AuditEvent.objects.filter(kind="visit_ended", user=cast.alice).count() == 1


def test_an_operator_who_lost_the_right_is_themselves_at_once(visiting: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.olga.pk).update(is_superuser=False)

    assert "<dd>olga@example.com</dd>" in visiting.get("/account/").content.decode()


def test_a_customer_who_becomes_an_operator_is_no_longer_visited(visiting: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.alice.pk).update(is_staff=True)

    assert "<dd>olga@example.com</dd>" in visiting.get("/account/").content.decode()


def test_accounts_of_operators_are_not_looked_at(olga: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.bob.pk).update(is_staff=True)

    assert _begin(olga, cast.bob).status_code == 409


def test_without_a_reason_there_is_no_visit(olga: Client, cast: Cast) -> None:
    assert _begin(olga, cast.alice, reason="").status_code == 400
    assert "<dd>olga@example.com</dd>" in olga.get("/account/").content.decode()


def test_an_operator_without_the_right_does_not_visit(client: Client, cast: Cast) -> None:
    looker = User.objects.create_user("looker@example.com", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_user"))
    client.force_login(looker)

    assert _begin(client, cast.alice).status_code == 403


def test_a_customer_cannot_make_one_up(alice_browser: Client, cast: Cast) -> None:
    alice_browser.cookies["visit"] = "1"
    session = alice_browser.session
    session["visit"] = {"customer": cast.bob.pk, "operator": cast.alice.pk, "until": timezone.now().timestamp() + 999}
    session.save()

    assert "<dd>alice@example.com</dd>" in alice_browser.get("/account/").content.decode()


def test_pages_of_a_visit_are_kept_nowhere(visiting: Client) -> None:
    assert visiting.get("/dashboard/")["Cache-Control"] == "no-store"


def test_whoever_does_not_visit_pays_nothing(
    alice_browser: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(0):
        alice_browser.get("/accounts/signup/")


def test_it_holds_where_views_are_asynchronous(cast: Cast, alice: Belongings) -> None:
    async def visit() -> tuple[int, bool, int]:
        browser = AsyncClient()
        await browser.aforce_login(cast.olga)
        await browser.post(f"/admin/accounts/user/{cast.alice.pk}/visit/", {"reason": WHY})
        shown = await browser.get(f"/jobs/{alice.job.pk}/")
        refused = await browser.post("/keys/")
        return shown.status_code, b"/v1/files/" in shown.content, refused.status_code

    assert async_to_sync(visit)() == (200, False, 403)
