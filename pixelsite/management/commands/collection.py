"""`manage.py collection`: the API as a Postman collection."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from pixelsite.docs_pages import collection


class Command(BaseCommand):
    """Print the collection that the site serves, with this site's address in it."""

    help = "Print the API as a Postman collection (v2.1), which Bruno and Insomnia import as well."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(collection.as_json(collection.current()), ending="")
