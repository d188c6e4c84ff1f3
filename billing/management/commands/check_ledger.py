"""`manage.py check_ledger`: does the money add up? Exit status 1 if not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import invariants


class Command(BaseCommand):
    """Run every invariant of the ledger."""

    help = "Check that wallets, lots, ledger entries and jobs agree. Exits with 1 and names what does not."

    def handle(self, *args: Any, **options: Any) -> None:
        found = invariants.violations()
        for violation in found:
            self.stderr.write(f"{violation.invariant}: {violation.offender}")
        if found:
            raise CommandError(f"The ledger is wrong in {len(found)} place(s).")
        self.stdout.write("The ledger is in order.")
