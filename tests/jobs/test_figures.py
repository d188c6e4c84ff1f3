"""The figures by day: jobs, credits and money, counted by a handful of queries whatever there is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing import goodwill, ledger
from billing.figures import books_by_day
from billing.models import AutomaticTopUp, Pack, StripeEvent
from billing.stripe_events import store
from billing.stripe_objects import ToldEvent
from jobs import lifecycle
from jobs.figures import Figures, figures
from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import result_of

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _a_day(cast: Cast) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def _event(kind: str, *, at: datetime = NOW, **told: Any) -> None:
    payload = {"data": {"object": {"currency": "usd", **told}}}
    StripeEvent.objects.create(stripe_id=f"evt_{uuid.uuid4().hex}", kind=kind, payload=payload, received_at=at)


def _now(days: int = 30) -> Figures:
    return figures(days=days, now=NOW)


def test_jobs_are_counted_by_how_they_ended(submit: Callable[..., Job]) -> None:
    jobs = [submit() for _ in range(4)]
    done, failed = (lifecycle.claim_job(job.pk) for job in jobs[:2])
    assert done is not None
    assert failed is not None
    lifecycle.complete_job(job_id=done.pk, attempt=1, result=result_of(done))
    lifecycle.fail_job(job_id=failed.pk, attempt=1, code="bad", message="It went wrong.")
    lifecycle.cancel_job(job=jobs[2])

    today = _now().days[0]
    assert (today.day, today.jobs, today.ends) == (
        TODAY,
        4,
        {"Completed": 1, "Failed": 1, "Blocked": 0, "Canceled": 1},
    )
    assert (today.books.spent, today.books.refunds, today.books.refunded) == (5, 2, 10)


def test_jobs_of_test_keys_are_apart(submit: Callable[..., Job]) -> None:
    submit()
    Job.objects.filter(pk=submit().pk).update(is_sandbox=True)

    today = _now().days[0]
    assert (today.jobs, today.sandbox) == (1, 1)


def test_seconds_run_from_the_first_claim_to_the_end(completed: Job) -> None:
    Job.objects.update(started_at=NOW, ended_at=NOW + timedelta(seconds=90, milliseconds=400))

    assert _now().days[0].seconds == 90


def test_what_operators_gave_back_is_told_apart(cast: Cast, completed: Job) -> None:
    goodwill.refund_completed_job(job_id=completed.pk, actor=cast.olga, reason="a seam in it")

    books = _now().days[0].books
    assert (books.spent, books.refunded, books.given) == (5, 0, 5)


def test_a_day_ends_at_midnight_utc(submit: Callable[..., Job]) -> None:
    job = submit()
    Job.objects.filter(pk=job.pk).update(created_at=datetime(2026, 3, 30, 23, 59, 59, tzinfo=UTC))

    counted = {day.day: day.jobs for day in _now().days if day.jobs}
    assert counted == {date(2026, 3, 30): 1}


@pytest.mark.parametrize("days", [30, 90])
def test_every_day_of_the_span_has_a_row(days: int) -> None:
    listed = [day.day for day in _now(days).days]

    assert listed == [TODAY - timedelta(days=number) for number in range(days)]


def test_what_is_older_than_the_span_is_not_counted(submit: Callable[..., Job]) -> None:
    Job.objects.filter(pk=submit().pk).update(created_at=NOW - timedelta(days=30))

    assert _now().total.jobs == 0
    assert _now(90).total.jobs == 1


def test_revenue_is_what_paid_invoices_and_packs_brought() -> None:
    _event("invoice.paid", amount_paid=1000)
    _event("checkout.session.completed", amount_total=3500, mode="payment", payment_status="paid")
    _event("checkout.session.async_payment_succeeded", amount_total=500, mode="payment", payment_status="paid")

    assert _now().days[0].books.came == {"usd": 5000}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("checkout.session.completed", {"amount_total": 1000, "mode": "subscription", "payment_status": "paid"}),
        ("checkout.session.completed", {"amount_total": 1000, "mode": "payment", "payment_status": "unpaid"}),
        ("invoice.payment_failed", {"amount_paid": 1000}),
        ("payment_intent.succeeded", {"amount": 1000}),
        ("invoice.paid", {}),
    ],
    ids=["told of by its invoice", "not paid yet", "failed", "told of by what it paid", "without a sum"],
)
def test_nothing_is_counted_twice_or_before_it_is_paid(kind: str, told: dict[str, Any]) -> None:
    _event(kind, **told)

    assert _now().days[0].books.came == {}


def test_automatic_top_ups_are_revenue_once_paid(cast: Cast) -> None:
    pack = Pack.objects.earliest("position")
    for state in ("paid", "failed", "asked"):
        AutomaticTopUp.objects.create(wallet=cast.wallet, pack=pack, price_cents=1000, state=state)

    assert _now().days[0].books.came == {"usd": 1000}


def test_currencies_are_kept_apart_and_written_as_people_do() -> None:
    _event("invoice.paid", amount_paid=1050)
    _event("invoice.paid", amount_paid=900, currency="jpy")

    assert _now().days[0].books.revenue == "900 JPY, $10.50"


def test_refunds_and_disputes_are_what_went_back() -> None:
    _event("refund.created", amount=300)
    _event("charge.dispute.funds_withdrawn", amount=1000)

    assert _now().days[0].books.went == {"usd": 1300}


def test_the_sums_survive_in_what_is_stored_of_an_event() -> None:
    told = {
        "id": "in_1",
        "object": "invoice",
        "amount_paid": 1000,
        "currency": "usd",
        "customer_email": "x@example.com",
    }
    payload = {"created": 1, "data": {"object": told}}
    store(ToldEvent(id="evt_1", kind="invoice.paid", is_live=False, created=NOW, payload=payload))

    assert books_by_day(NOW - timedelta(days=1))[TODAY].came == {"usd": 1000}
    assert "x@example.com" not in str(StripeEvent.objects.get().payload)


def test_what_is_outstanding_is_told_as_of_now(cast: Cast, job: Job) -> None:
    ledger.adjust(
        wallet=User.objects.get(pk=cast.bob.pk).wallet, amount=-520, actor=cast.olga, reason="fraud", force=True
    )

    now = _now().outstanding
    assert (now.available, now.held, now.owed) == (495, 5, 20)


@pytest.mark.parametrize("number", [1, 6])
def test_it_takes_six_queries_whatever_there_is(
    submit: Callable[..., Job], number: int, django_assert_num_queries: Any
) -> None:
    for each in range(number):
        submit()
        _event("invoice.paid", amount_paid=1000, at=NOW - timedelta(days=each))

    with django_assert_num_queries(6):
        _now(90)


@pytest.mark.parametrize(("query", "days"), [("", 30), ("?days=90", 90), ("?days=100000", 30), ("?days=x", 30)])
def test_the_page_shows_thirty_or_ninety_days(client: Client, cast: Cast, query: str, days: int) -> None:
    client.force_login(cast.olga)

    page = client.get(f"/admin/figures/{query}").content.decode()

    assert page.count('<th scope="row">') == days + 1


def test_its_charts_are_pictures_with_words_and_a_table_beside_them(client: Client, cast: Cast, completed: Job) -> None:
    client.force_login(cast.olga)

    page = client.get("/admin/figures/").content.decode()

    assert ("<svg" in page, 'aria-label="Jobs by how they ended"' in page) == (True, True)
    assert "<title>31 March, Completed: 1 jobs</title>" in page


def test_only_operators_with_the_right_see_it(client: Client, cast: Cast) -> None:
    client.force_login(User.objects.create_user("looker@example.com", is_staff=True))

    assert client.get("/admin/figures/").status_code == 403


def test_the_first_page_of_the_admin_leads_there(client: Client, cast: Cast) -> None:
    client.force_login(cast.olga)

    page = client.get("/admin/").content.decode()

    assert ('href="/admin/figures/"' in page, 'href="/admin/find/"' in page) == (True, True)
    assert timezone.now() == NOW
