"""What an account reads of its credits."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import ledger, statements
from billing.models import LotKind
from tests.cast import Cast


def _spend(cast: Cast, amount: int = 5) -> uuid.UUID:
    job_id = uuid.uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=amount)
    return job_id


def test_lots_are_listed_in_the_order_in_which_they_are_spent(cast: Cast) -> None:
    now = timezone.now()
    for days in (40, 20):
        ledger.grant(
            wallet=cast.wallet,
            kind=LotKind.PLAN,
            amount=days,
            source=f"in_{days}",
            expires_at=now + timedelta(days=days),
        )

    lots = statements.lots_left(cast.alice)

    assert [lot.remaining for lot in lots] == [20, 40, 500]
    assert lots[-1].expires_at is None


def test_expired_lots_are_not_to_spend(cast: Cast) -> None:
    past = timezone.now() - timedelta(minutes=1)
    ledger.grant(wallet=cast.wallet, kind=LotKind.PLAN, amount=7, source="in_7", expires_at=past)

    assert [lot.remaining for lot in statements.lots_left(cast.alice)] == [500]


def test_pages_follow_each_other_without_gap_or_repetition(cast: Cast) -> None:
    for _ in range(7):
        _spend(cast)

    seen, older_than = [], None
    while True:
        page = statements.statement_page(cast.alice, older_than=older_than, limit=3)
        seen += [line.balance_after for line in page.lines]
        older_than = page.older_than
        if older_than is None:
            break

    assert seen == [465, 470, 475, 480, 485, 490, 495, 500]


def test_the_file_has_every_movement_with_the_balance_after_it(cast: Cast, alice_browser: Client) -> None:
    ledger.refund(job_id=_spend(cast), reason="The job failed")

    answer = alice_browser.get("/billing/credits.csv")

    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [(row["credits"], row["balance after"]) for row in rows] == [("500", "500"), ("-5", "495"), ("5", "500")]
    assert rows[-1]["reason"] == "The job failed"
    assert answer["Content-Type"].startswith("text/csv")


def test_a_reason_that_a_spreadsheet_would_calculate_is_made_harmless(cast: Cast) -> None:
    ledger.adjust(wallet=cast.wallet, amount=1, actor=cast.olga, reason="=HYPERLINK(1)")

    *_, last = csv.reader(io.StringIO("".join(statements.statement_csv(cast.alice))))

    assert last[-1] == "'=HYPERLINK(1)"


def test_the_page_shows_what_is_there_until_when_and_every_movement(cast: Cast, alice_browser: Client) -> None:
    _spend(cast)

    page = alice_browser.get("/billing/credits/").content.decode()

    assert "Sign-up credits" in page
    assert "they do not expire" in page
    assert "Held for a job" in page


def test_the_page_says_what_is_owed(cast: Cast, alice_browser: Client) -> None:
    ledger.claw_back(wallet=cast.wallet, amount=512, source="re_1", reason="Payment refunded")

    assert "12 credits are owed" in alice_browser.get("/billing/credits/").content.decode()


def test_nobody_reads_the_books_of_another(cast: Cast, client: Client) -> None:
    _spend(cast)
    client.force_login(cast.bob)

    page = client.get("/billing/credits/").content.decode()
    rows = b"".join(client.get("/billing/credits.csv")).decode()

    assert "Held for a job" not in page
    assert len(rows.splitlines()) == 2  # the heading, and Bob's own sign-up credits


def test_a_page_that_is_none_shows_the_newest(alice_browser: Client) -> None:
    for nonsense in ("-1", "x", "9" * 30, "１２"):
        assert alice_browser.get("/billing/credits/", {"older_than": nonsense}).status_code == 200


def test_the_page_asks_the_same_of_the_database_however_long_the_books(cast: Cast, alice_browser: Client) -> None:
    alice_browser.get("/billing/credits/")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            alice_browser.get("/billing/credits/")
        counts.append(len(asked))
        for _ in range(12):
            _spend(cast)

    assert counts[0] == counts[1]
