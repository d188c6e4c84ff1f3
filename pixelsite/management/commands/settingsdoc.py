"""`manage.py settingsdoc`: the configuration table, written from the settings themselves."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from pixelsite.lib import env


class Command(BaseCommand):
    """Print every environment variable as a Markdown table."""

    help = "Print docs/settings.md."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("# Settings\n")
        self.stdout.write("Every setting is an environment variable. Written by `manage.py settingsdoc`.\n")
        self.stdout.write("| variable | default | meaning |\n| --- | --- | --- |")
        for variable in env.REGISTRY.values():
            default = f"`{variable.default}`" if variable.default else "empty"
            self.stdout.write(f"| `{variable.name}` | {default} | {variable.meaning} |")
