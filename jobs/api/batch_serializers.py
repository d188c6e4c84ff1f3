"""What callers get to know of a batch."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.api.serializers import JobErrorSerializer, RefusalSerializer
from jobs.models import Status
from pixelsite.lib.schema import ErrorSerializer

STATUSES = [
    status.value for status in (Status.QUEUED, Status.PROCESSING, Status.COMPLETED, Status.FAILED, Status.CANCELED)
]


class BatchLineSerializer(serializers.Serializer[Any]):
    """One picture of a batch."""

    index = serializers.IntegerField(min_value=0, help_text="Its place among the `images`, from 0.")
    filename = serializers.CharField(allow_blank=True)
    id = serializers.UUIDField(allow_null=True, help_text="Its job; null where it was refused when it came.")
    generation_id = serializers.UUIDField(allow_null=True, help_text="The same as `id`.")
    status = serializers.ChoiceField(choices=Status.choices)
    progress = serializers.IntegerField(min_value=0, max_value=100)
    credits_used = serializers.FloatField()
    output_url = serializers.CharField(allow_null=True, help_text="Signed, expires; needs no key.")
    error = JobErrorSerializer(allow_null=True)
    error_message = serializers.CharField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())


class CountsSerializer(serializers.Serializer[Any]):
    """How many pictures stand how; those refused when they came are among the failed."""

    queued = serializers.IntegerField()
    processing = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    blocked = serializers.IntegerField()
    canceled = serializers.IntegerField()


class BatchStandingSerializer(serializers.Serializer[Any]):
    """A batch and what became of each picture."""

    id = serializers.UUIDField()
    batch_id = serializers.UUIDField(help_text="The same as `id`.")
    operation = serializers.CharField()
    status = serializers.ChoiceField(
        choices=STATUSES, help_text="`completed` once all have ended and at least one has a result."
    )
    total = serializers.IntegerField()
    accepted = serializers.IntegerField(help_text="Pictures that became jobs.")
    refused = serializers.IntegerField(help_text="Pictures that were refused when they came, and cost nothing.")
    counts = CountsSerializer()
    progress = serializers.IntegerField(min_value=0, max_value=100, help_text="Percent, over all pictures.")
    credits_used = serializers.FloatField(help_text="Held or spent now.")
    results_url = serializers.CharField(
        allow_null=True, help_text="Where the results are as one ZIP, once there is one. Needs the key."
    )
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    jobs = BatchLineSerializer(many=True)
    sandbox = serializers.BooleanField(required=False, help_text="Of test keys only.")


class NotRetriedSerializer(serializers.Serializer[Any]):
    """A picture that is not tried again."""

    index = serializers.IntegerField(min_value=0)
    filename = serializers.CharField(allow_blank=True)
    error = JobErrorSerializer(help_text="What to do instead.")


class RetriedSerializer(BatchStandingSerializer):
    """A batch after what failed was submitted again."""

    retried = serializers.ListField(child=serializers.IntegerField(), help_text="Places of the pictures tried again.")
    not_retried = NotRetriedSerializer(many=True)


class QuotedLineSerializer(serializers.Serializer[Any]):
    """One picture of a batch that is only asked about."""

    index = serializers.IntegerField(min_value=0)
    filename = serializers.CharField(allow_blank=True)
    would_be_accepted = serializers.BooleanField()
    refusal = RefusalSerializer(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())


class BatchQuoteSerializer(serializers.Serializer[Any]):
    """What a batch would cost, and which pictures would be accepted now. Nothing was stored, held or done."""

    dry_run = serializers.BooleanField(help_text="Always true.")
    operation = serializers.CharField()
    credits = serializers.FloatField(help_text="What those that would be accepted cost together.")
    credits_each = serializers.FloatField()
    credits_remaining = serializers.FloatField(help_text="What the account has now.")
    total = serializers.IntegerField()
    accepted = serializers.IntegerField()
    refused = serializers.IntegerField()
    would_be_accepted = serializers.BooleanField(help_text="Whether at least one picture would be.")
    jobs = QuotedLineSerializer(many=True)
    sandbox = serializers.BooleanField(required=False, help_text="Asked with a test key; not there otherwise.")


class BatchRefusedSerializer(ErrorSerializer):
    """Not one picture was accepted; `jobs` is there where they were looked at."""

    jobs = BatchLineSerializer(many=True, required=False)
