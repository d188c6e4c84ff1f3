"""Billing is tested without the house above it."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.fixture(autouse=True)
def _holds_without_jobs(db: None) -> None:
    """PostgreSQL refuses, at commit, a hold without a job row; for the length of a test it does not."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER jobs_check_money ON billing_ledgerentry")
