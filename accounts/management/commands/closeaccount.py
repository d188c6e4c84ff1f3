"""`manage.py closeaccount EMAIL`: what a person may ask for: everything of theirs goes, the books stay."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.models import User


class Command(BaseCommand):
    """Close one account."""

    help = (
        "Close the account of EMAIL: keys stop, queued jobs are refunded, images are deleted, the address is forgotten."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no account with the address {options['email']!r}.")
        try:
            services.close_account(user)
        except services.LastSuperuser as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"The account of {options['email']} is closed.")
