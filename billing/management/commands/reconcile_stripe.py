"""`manage.py reconcile_stripe`: compare Stripe's books with the ledger. For every night, and after an outage."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing import stripe_client
from billing.reconciliation import differences
from pixelsite.lib.errors import PixelsiteError


class Command(BaseCommand):
    help = "List what Stripe and the ledger disagree on. Exits 1 if there is anything that was not repaired."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=int, default=3, metavar="DAYS", help="How far back to look (default 3).")
        parser.add_argument(
            "--repair", action="store_true", help="Handle what is missing, as its event would have been."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not stripe_client.is_on():
            raise CommandError("Payments are off: set STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET and STRIPE_PRICES.")
        if options["since"] < 1:
            raise CommandError("--since takes a number of days, 1 or more.")
        found = repaired = 0
        try:
            for difference in differences(
                since=timezone.now() - timedelta(days=options["since"]), repair=options["repair"]
            ):
                self.stdout.write(str(difference))
                found += 1
                repaired += difference.is_repaired
        except PixelsiteError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{found} differences, {repaired} repaired")
        if found > repaired:
            sys.exit(1)
