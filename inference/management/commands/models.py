"""`manage.py models`: which models there are, fetch some, look whether the fetched ones are still what they were."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from inference.errors import EngineError
from inference.known_models import KNOWN_MODELS, KnownModel, find_model
from inference.model_store import ModelStore


class Command(BaseCommand):
    """Three verbs."""

    help = "List, fetch and verify the models that engines, targets and the content filter load."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list | fetch | verify")
        verbs.add_parser("list", help="what there is, and what of it is installed")
        fetch = verbs.add_parser("fetch", help="download, check and convert models; goes on where it broke off")
        fetch.add_argument("names", nargs="+", metavar="NAME")
        fetch.add_argument("--from", dest="source", metavar="ADDRESS", help="a mirror or a file; it must hash the same")
        verify = verbs.add_parser("verify", help="hash the installed files again")
        verify.add_argument("names", nargs="*", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        store = ModelStore(settings.MODELS_DIR)
        try:
            models = [find_model(name) for name in options.get("names") or ()]
            if options["verb"] == "list":
                self._list(store)
            elif options["verb"] == "fetch":
                self._fetch_all(store, models, options["source"])
            else:
                self._verify(store, models)
        except EngineError as error:
            raise CommandError(str(error)) from error

    def _list(self, store: ModelStore) -> None:
        for model in KNOWN_MODELS.values():
            self.stdout.write(f"{model.name:15} {store.state(model):10} {model.size_bytes / 1e6:7.1f} MB  "
                              f"{model.licence:12} for {model.purpose}: {model.title}")  # fmt: skip
            self.stdout.write(f"{'':15} {model.url}\n{'':15} SHA-256 {model.sha256}")
        self.stdout.write(f"Installed in {settings.MODELS_DIR}")

    def _fetch_all(self, store: ModelStore, models: list[KnownModel], source: str | None) -> None:
        if source is not None and len(models) > 1:
            raise CommandError("--from is one address, and the models are several. Fetch them one by one.")
        for model in models:
            self._fetch(store, model, source)

    def _fetch(self, store: ModelStore, model: KnownModel, source: str | None) -> None:
        self.stdout.write(f"{model.title}, licence {model.licence}, from {source or model.url}")
        bar = tqdm(total=model.size_bytes, unit="B", unit_scale=True, disable=not sys.stderr.isatty())
        with bar:
            path = store.fetch(model, source=source, on_bytes=lambda there: bar.update(there - bar.n))
        self.stdout.write(self.style.SUCCESS(f"Installed: {path}"))
        self.stdout.write(model.next_step)

    def _verify(self, store: ModelStore, models: list[KnownModel]) -> None:
        installed = [model for model in KNOWN_MODELS.values() if store.state(model) == "installed"]
        findings = [finding for model in models or installed for finding in store.verify(model)]
        if not findings:
            self.stdout.write("No model is installed.")
        for finding in findings:
            self.stdout.write(f"{finding.detail:8} {finding.name}")
        if not all(finding.is_good for finding in findings):
            raise CommandError("Not every file is what it should be. Delete it and fetch the model again.")
