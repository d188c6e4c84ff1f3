"""`manage.py createapikey EMAIL [--credits N]`: print a new key and nothing else."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from accounts import api_keys, services
from billing import ledger


class Command(BaseCommand):
    """Make a key for an account, creating the account if needed."""

    help = "Print a new API key for EMAIL, creating the account if there is none. The key is shown only here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--credits", type=int, metavar="N", help="Bring the account's balance to N credits.")
        parser.add_argument("--name", default="Command line", help="Name of the key in the dashboard.")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        email, credits_wanted = options["email"], options["credits"]
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email!r} is not an e-mail address.") from None
        if credits_wanted is not None and credits_wanted < 0:
            raise CommandError("--credits must be 0 or more.")
        user = services.register_user(email=email)
        wallet = ledger.wallet_of(user)
        if credits_wanted is not None:
            difference = credits_wanted - ledger.available_credits(wallet)
            if difference:
                ledger.adjust(wallet=wallet, amount=difference, actor=user, reason="createapikey --credits")
        _, key = api_keys.mint_key(user=user, name=options["name"])
        self.stdout.write(key)
