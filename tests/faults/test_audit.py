"""The audit that the fault runs rely on sees what it is there to see: each test does one wrong past the site's rules."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models.functions import Now

from billing import triggers
from billing.models import EntryKind, LedgerEntry, Wallet
from jobs import lifecycle, storage
from jobs.catalogue import REMOVE_OBJECT
from jobs.models import Job, WebhookDelivery
from jobs.submission import CallOptions, OutputOptions, submit_job
from jobs.targets import Box
from jobs.uploads import Source, check_input
from tests.cast import Cast
from tests.faults.audit import facts
from tests.faults.customers import small_picture


@pytest.fixture(autouse=True)
def _three_jobs(cast: Cast) -> None:
    """One that completed and told so, one that failed and told so, and one under way, whose credits are held."""
    done, failed, _ = (lifecycle.claim_job(_submitted(cast).pk) for _ in range(3))
    assert done is not None
    assert failed is not None
    names = [storage.output_name(done.pk, 1, "png")]
    names += [storage.preview_name(done.pk, 1, which) for which in ("input", "output")]
    for name in names:
        storage.write(name, b"stored")
    result = lifecycle.Result(
        output_name=names[0], output_type="image/png", input_preview_name=names[1], output_preview_name=names[2],
        engine="test", receipt={},
    )  # fmt: skip
    lifecycle.complete_job(job_id=done.pk, attempt=1, result=result)
    lifecycle.fail_job(job_id=failed.pk, attempt=1, code="test", message="For the test.")
    WebhookDelivery.objects.update(state="delivered", delivered_at=Now())


def _submitted(cast: Cast) -> Job:
    box = ("bbox", Box(x=12, y=12, width=5, height=5))
    return submit_job(
        user=cast.alice,
        operation=REMOVE_OBJECT,
        checked=check_input(image=Source(file=io.BytesIO(small_picture())), mask=None, boxes=(box,)),
        output=OutputOptions(),
        call=CallOptions(webhook_url="https://example.com/hook"),
    ).job


def _without_index(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {name}")


def _capture_again(cast: Cast) -> None:
    _without_index("one_resolution_per_hold")
    first, wallet = LedgerEntry.objects.get(kind=EntryKind.CAPTURE), cast.wallet
    LedgerEntry.objects.create(
        wallet=wallet,
        kind=first.kind,
        amount=first.amount,
        available_after=wallet.available,
        held_after=wallet.held - first.amount,  # of the job under way
        job_id=first.job_id,
        hold=first.hold,
    )


def _delete_the_result(cast: Cast) -> None:
    storage.delete([Job.objects.get(status="completed").output_name])


def _leave_an_orphan(cast: Cast) -> None:
    storage.write(storage.output_name(Job.objects.get(status="completed").pk, 2, "png"), b"left behind")


def _forget_an_event(cast: Cast) -> None:
    WebhookDelivery.objects.filter(job__status="failed").delete()


def _leave_an_event_undelivered(cast: Cast) -> None:
    WebhookDelivery.objects.filter(job__status="failed").update(state="failed", delivered_at=None)


def _tell_twice(cast: Cast) -> None:
    _without_index("one_event_per_webhook_url")
    delivery = WebhookDelivery.objects.get(job__status="failed")
    delivery.pk = uuid.uuid4()
    delivery.save(force_insert=True)


def _free_what_is_held(cast: Cast) -> None:
    triggers.remove(connection)
    Wallet.objects.filter(user=cast.alice).update(available=cast.wallet.available + cast.wallet.held, held=0)


WRONGS: dict[str, tuple[Callable[[Cast], None], str]] = {
    "a hold was resolved twice, the index that forbids it gone": (_capture_again, "1 holds and 2 resolutions"),
    "a result is gone": (_delete_the_result, "lacks its result"),
    "a file belongs to nobody": (_leave_an_orphan, "no job knows the file"),
    "an event was forgotten": (_forget_an_event, "has 0 events"),
    "an event was not delivered": (_leave_an_event_undelivered, "is failed"),
    "an event was made twice": (_tell_twice, "has 2 events"),
    "credits were freed past the ledger": (_free_what_is_held, "entries say"),
}


def test_only_the_job_under_way_is_not_as_it_should_be() -> None:
    (offence,) = facts()["wrong"]

    assert offence.endswith("is processing")


@pytest.mark.parametrize(("wrong", "sentence"), WRONGS.values(), ids=WRONGS)
def test_it_finds_that(cast: Cast, wrong: Callable[[Cast], None], sentence: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # what is checked at commit is checked now: indexes can be dropped then
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    wrong(cast)

    offences = facts()["wrong"]

    assert any(sentence in offence for offence in offences), offences
