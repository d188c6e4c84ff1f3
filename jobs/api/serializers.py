"""What callers get."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from rest_framework import serializers

from jobs.catalogue import OPERATIONS
from jobs.models import Review, Status


class SubmissionSerializer(serializers.Serializer[Any]):
    """An accepted job."""

    id = serializers.UUIDField()
    generation_id = serializers.UUIDField(help_text="The same as `id`.")
    status = serializers.ChoiceField(choices=Status.choices)
    operation = serializers.CharField()
    credits_used = serializers.FloatField(help_text="Held now; given back unless the job completes.")
    sandbox = serializers.BooleanField(
        required=False, help_text="Of jobs of test keys, which cost nothing and are stamped; not there otherwise."
    )


class AcceptedSerializer(SubmissionSerializer):
    """An accepted job, and what may not have been meant."""

    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="Sentences, such as that the mask covers most of the picture."
    )


class RefusalSerializer(serializers.Serializer[Any]):
    """Why a submission would be refused, as the refusal itself would say it."""

    code = serializers.CharField(help_text="For programs; stable.")
    detail = serializers.CharField(help_text="A sentence that says what to do.")


class DryRunSerializer(serializers.Serializer[Any]):
    """What a submission would cost, and whether it would be accepted now. Nothing was stored, held or done."""

    dry_run = serializers.BooleanField(help_text="Always true.")
    operation = serializers.CharField()
    credits = serializers.FloatField(help_text="What the job would cost.")
    credits_remaining = serializers.FloatField(help_text="What the account has now.")
    would_be_accepted = serializers.BooleanField(
        help_text="Credits, caps of the key and limits as they are now; each may have changed a moment later."
    )
    refusal = RefusalSerializer(allow_null=True)
    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="Sentences, such as that the mask covers most of the picture."
    )
    sandbox = serializers.BooleanField(required=False, help_text="Asked with a test key; not there otherwise.")


class JobErrorSerializer(serializers.Serializer[Any]):
    """Why a job failed or was blocked."""

    code = serializers.CharField()
    message = serializers.CharField()


class SelectionSerializer(serializers.Serializer[Any]):
    """What points, a box or a sentence were found to mean."""

    area_share = serializers.FloatField(help_text="Of the picture, 0 to 1.")
    price_credits = serializers.FloatField(help_text="What removing it costs.")
    understood = serializers.CharField(allow_null=True, help_text="What the sentence was understood as.")
    found_by = serializers.ListField(child=serializers.CharField(), help_text="Names of the models that looked.")
    warnings = serializers.ListField(child=serializers.CharField())


class JobSerializer(SubmissionSerializer):
    """A job and what became of it."""

    output_url = serializers.CharField(allow_null=True, help_text="Signed, expires; needs no key.")
    progress = serializers.IntegerField(min_value=0, max_value=100)
    stage = serializers.CharField(allow_null=True)
    error = JobErrorSerializer(allow_null=True)
    error_message = serializers.CharField(allow_null=True)
    review = serializers.ChoiceField(
        choices=[Review.APPEALED.value, Review.UPHELD.value, Review.RELEASED.value],
        allow_null=True,
        help_text="Of a blocked job: an appeal waits for a person, or what the person said. `released`: send it again.",
    )
    place_in_line = serializers.IntegerField(allow_null=True, help_text="Jobs that go before it, while it is queued.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    engine = serializers.CharField(allow_null=True)
    receipt = serializers.DictField(allow_null=True, help_text="What was changed and what was not.")
    selection = SelectionSerializer(allow_null=True, help_text="What was found, of jobs that look for something.")
    metadata = serializers.DictField(allow_null=True, help_text="What the caller sent along.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    batch_id = serializers.UUIDField(required=False, help_text="Of a job submitted with others; not there otherwise.")
    batch_index = serializers.IntegerField(required=False, help_text="Which picture of the batch it is, from 0.")


class DeleteQuerySerializer(serializers.Serializer[Any]):
    """How far a deletion goes."""

    only = serializers.ChoiceField(
        choices=[Status.QUEUED.value],
        required=False,
        help_text="`queued`: cancel a job that nobody works on yet, and delete no image.",
    )


class UsageQuerySerializer(serializers.Serializer[Any]):
    """Which of the account's jobs to list."""

    status = serializers.ChoiceField(choices=Status.choices, required=False, help_text="Only jobs that stand so.")
    operation = serializers.ChoiceField(choices=sorted(OPERATIONS), required=False, help_text="Only jobs of this kind.")
    since = serializers.DateTimeField(required=False, help_text="Only jobs submitted at or after this time (ISO 8601).")
    until = serializers.DateTimeField(required=False, help_text="Only jobs submitted before this time.")

    def conditions(self) -> Q:
        sent = self.validated_data
        names = {"status": "status", "operation": "operation", "since": "created_at__gte", "until": "created_at__lt"}
        return Q(**{names[name]: value for name, value in sent.items()})


class UsageLineSerializer(serializers.Serializer[Any]):
    """One job in the list of recent ones."""

    id = serializers.UUIDField()
    generation_id = serializers.UUIDField()
    operation = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=Status.choices)
    credits_used = serializers.FloatField()
    sandbox = serializers.BooleanField(required=False, help_text="As of the job.")
    output_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class UsageSerializer(serializers.Serializer[Any]):
    """A page of recent jobs."""

    next = serializers.CharField(allow_null=True, help_text="Address of the next page, with older jobs.")
    previous = serializers.CharField(allow_null=True, help_text="Address of the page before, with newer jobs.")
    results = UsageLineSerializer(many=True)


class ModelSerializer(serializers.Serializer[Any]):
    """An operation, what it costs, and whether a worker offers it now."""

    operation = serializers.CharField()
    title = serializers.CharField()
    endpoint = serializers.CharField()
    credits = serializers.FloatField()
    typical_seconds = serializers.FloatField(allow_null=True, help_text="Null where no model does it here.")
    engine = serializers.CharField(allow_null=True)
    device = serializers.CharField(allow_null=True)
    available = serializers.BooleanField()


class ModelsSerializer(serializers.Serializer[Any]):
    """Everything on offer."""

    models = ModelSerializer(many=True)
