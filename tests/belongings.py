"""Everything a customer can own, and how to see that none of it was touched or shown."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.db.models import Model
from django.test import Client

from accounts.models import ApiKey
from jobs import lifecycle, webhooks
from jobs.batches import Pair, submit_batch
from jobs.catalogue import REMOVE_OBJECT
from jobs.idempotency import IdempotentRequest
from jobs.models import Batch, Job, WebhookDelivery, WebhookEndpoint
from jobs.submission import CallOptions, OutputOptions
from jobs.uploads import CheckedInput, Source, check_input
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, result_of

HOOK = "https://hooks.alice-owns-this.example/told"
NOTE = "alice-wrote-this-note"
PICTURE = "what-alice-called-her-photo.png"
# How a row leads to the user it belongs to, by its first relation that says so.
_OWNER_PATHS = {"user": "user", "wallet": "wallet__user", "lot": "lot__wallet__user"}
_OWNED_BY_NOBODY = {"Pack", "Plan", "StripeEvent", "Worker"}


@dataclass(frozen=True)
class Belongings:
    """What Alice has."""

    cast: Cast
    job: Job
    batch: Batch
    key: ApiKey
    endpoint: WebhookEndpoint
    delivery: WebhookDelivery
    secret: str
    session: UserSession

    @property
    def marks(self) -> list[str]:
        """Words that are in no answer to anybody but Alice."""
        return [
            self.cast.alice.email, str(self.job.pk), HOOK, NOTE, "Alice's key", "Alice&#x27;s key", self.cast.alice_key,
            self.key.prefix, self.secret, str(self.delivery.pk), str(self.batch.pk), PICTURE,
        ]  # fmt: skip

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of routes that lead to them, by name."""
        return {
            "job_id": self.job.pk,
            "task_id": self.job.pk,
            "batch_id": self.batch.pk,
            "key_id": self.key.pk,
            "endpoint_id": self.endpoint.pk,
            "delivery_id": self.delivery.pk,
            "session_id": self.session.pk,
            "kind": "output",
        }

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of Alice's, as it is now."""
        return {model.__name__: list(_owned(model, self.cast).order_by("pk").values()) for model in _models()}


def _models() -> list[type[Model]]:
    houses = [apps.get_app_config(house) for house in ("accounts", "billing", "jobs")]
    return [model for house in houses for model in house.get_models() if model.__name__ not in _OWNED_BY_NOBODY]


def _owned(model: type[Model], cast: Cast) -> Any:
    names = {field.name for field in model._meta.get_fields()}
    path = next((path for name, path in _OWNER_PATHS.items() if name in names), "pk")
    return model._default_manager.filter(**{path: cast.alice.pk})


def _checked() -> CheckedInput:
    return check_input(image=Source(file=io.BytesIO(photo())), mask=Source(file=io.BytesIO(mask())), boxes=())


def give_alice_everything(cast: Cast) -> Belongings:
    """A batch of one finished job with images, a key, a webhook endpoint that was told of the job, and a remembered request."""
    endpoint = webhooks.add_endpoint(user=cast.alice, url=HOOK)
    key = ApiKey.objects.get(user=cast.alice)
    submission = submit_batch(
        user=cast.alice,
        api_key=key,
        operation=REMOVE_OBJECT,
        pairs=[Pair(filename=PICTURE, check=_checked)],
        output=OutputOptions(),
        call=CallOptions(
            webhook_url=HOOK,
            metadata={"note": NOTE},
            idempotent=IdempotentRequest(user=cast.alice, key="alice-1", fingerprint="0" * 64),
        ),
    )
    batch, (job,) = submission.batch, submission.jobs
    assert batch is not None
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    assert lifecycle.complete_job(job_id=job.pk, attempt=claimed.attempt, result=result_of(claimed))
    Client().force_login(cast.alice)
    return Belongings(
        cast=cast,
        job=Job.objects.get(pk=job.pk),
        batch=batch,
        key=key,
        endpoint=endpoint,
        delivery=WebhookDelivery.objects.filter(endpoint=endpoint).get(),
        secret=webhooks.current_secret(user=cast.alice, endpoint=endpoint),
        session=UserSession.objects.get(user=cast.alice),
    )
