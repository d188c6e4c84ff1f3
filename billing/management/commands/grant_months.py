"""`manage.py grant_months`: what `attend` does by itself, for a cron job or to catch up by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from billing import ledger, monthly

_BATCH = 500


class Command(BaseCommand):
    help = "Grant the running month's credits where they are due and write off lots that have ended. Safe to run twice."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{_all(monthly.grant_due_months)} accounts looked at for their month.")
        self.stdout.write(f"{_all(ledger.close_expired_lots)} accounts had lots that ended.")


def _all(duty: Any) -> int:
    """Repeat until fewer than a batch are left."""
    done = 0
    while True:
        visited = int(duty(limit=_BATCH))
        done += visited
        if visited < _BATCH:
            return done
