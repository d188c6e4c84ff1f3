"""Alice as the vendors' programs know her."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from jobs.models import Job
from tests.cast import Cast


@pytest.fixture
def clipdrop(cast: Cast) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_X_API_KEY=cast.alice_key)
    return client


@pytest.fixture
def picwish(clipdrop: APIClient) -> APIClient:
    return clipdrop


@pytest.fixture
def maskr(cast: Cast) -> APIClient:
    return cast.api(cast.alice_key)


@pytest.fixture
def nothing_happened(cast: Cast) -> Callable[[], bool]:
    """Whether there is neither a job nor a hold."""
    before = cast.credits()
    return lambda: not Job.objects.exists() and cast.credits() == before
