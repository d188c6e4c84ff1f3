"""A submission that is only asked about: everything is checked and counted, nothing is stored, held or done."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request

from accounts.models import ApiKey, User
from jobs.api.preferences import cancel_after_s
from jobs.api.requests import TargetSerializer
from jobs.api.serializers import DryRunSerializer, JobSerializer
from jobs.catalogue import Operation
from jobs.submission import estimate_job

JOB_OR_DRY_RUN = PolymorphicProxySerializer(
    component_name="JobOrDryRun", serializers=[JobSerializer, DryRunSerializer], resource_type_field_name=None
)


def estimated(request: Request, serializer: TargetSerializer, *, operation: Operation) -> dict[str, Any]:
    """What the submission would be answered. Raises what is wrong with the request itself, as a submission does."""
    serializer.call_facts()
    cancel_after_s(request)
    checked = serializer.checked_input()
    estimate = estimate_job(
        user=cast(User, request.user),
        api_key=request.auth if isinstance(request.auth, ApiKey) else None,
        operation=operation,
        checked=checked,
        output=serializer.output_options(),
    )
    refusal = estimate.refusal
    return {
        "dry_run": True,
        "operation": operation.name,
        "credits": float(estimate.price_credits),
        "credits_remaining": float(estimate.available),
        "would_be_accepted": refusal is None,
        "refusal": None if refusal is None else {"code": refusal.code, "detail": refusal.message},
        "warnings": list(checked.warnings),
        **({"sandbox": True} if estimate.is_sandbox else {}),
    }
