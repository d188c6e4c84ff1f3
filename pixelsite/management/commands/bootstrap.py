"""`manage.py bootstrap`: make everything ready that the site needs, and say how to reach it. Run by `make run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.urls import reverse

from accounts import api_keys, services
from accounts.models import ApiKey, User
from accounts.views import demo_link_path
from inference import presence, tasks
from jobs import lifecycle
from jobs.catalogue import REMOVE_OBJECT
from jobs.models import Job
from jobs.submission import OutputOptions, submit_job
from jobs.uploads import Source, check_input
from pixelsite.sample import draw_sample


class Command(BaseCommand):
    """Migrate, collect static files, and on a laptop prepare the demo account."""

    help = "Prepare database, cache and static files; under DEBUG also the demo account with a sample removal."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Preparing the database and the static files …")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if not settings.DEBUG:
            self.stdout.write(f"Ready: {settings.SITE_URL}")
            return
        user = services.register_user(email=services.DEMO_EMAIL, name="Demo")
        folder = _write_sample(settings.DATA_DIR / "sample")
        if not Job.objects.filter(user=user).exists():
            self.stdout.write("Removing the ball from the sample picture (the first start compiles the engine) …")
            _remove_from_sample(user, folder)
        self._greet(_first_key(user), folder)

    def _greet(self, key: str | None, folder: Path) -> None:
        shown = key or f"$({_shown('.venv/bin/python')} manage.py createapikey {services.DEMO_EMAIL})"
        lines = [
            "",
            f"  Pixelsite      {settings.SITE_URL}",
            f"  Demo sign-in   {settings.SITE_URL}{demo_link_path()}",
            f"  Demo API key   {key or 'was shown at the first start; the curl line below makes a new one'}",
            "",
            "  Try it:",
            "",
            f"  curl -X POST {settings.SITE_URL}{reverse('api_remove_object')} \\",
            f'    -H "Authorization: Bearer {shown}" \\',
            f"    -F image=@{_shown(folder / 'photo.jpg')} -F mask=@{_shown(folder / 'mask.png')}",
            "",
            "  Ctrl-C stops everything.",
            "",
        ]
        self.stdout.write("\n".join(lines))


def _shown(path: str | Path) -> str:
    """A path as one types it from here."""
    absolute = Path(path).absolute()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)


def _write_sample(folder: Path) -> Path:
    if not (folder / "mask.png").exists():
        folder.mkdir(parents=True, exist_ok=True)
        sample = draw_sample()
        (folder / "photo.jpg").write_bytes(sample.photo_jpeg)
        (folder / "mask.png").write_bytes(sample.mask_png)
    return folder


def _first_key(user: User) -> str | None:
    if ApiKey.objects.filter(user=user).exists():
        return None
    return api_keys.mint_key(user=user, name="Demo")[1]


def _remove_from_sample(user: User, folder: Path) -> None:
    """One real removal, done in this process: the worker is not running yet."""
    with (folder / "photo.jpg").open("rb") as photo, (folder / "mask.png").open("rb") as mask:
        checked = check_input(image=Source(file=photo), mask=Source(file=mask), boxes=())
    job = submit_job(user=user, operation=REMOVE_OBJECT, checked=checked, output=OutputOptions()).job
    presence.load_engines()
    claimed = lifecycle.claim_job(job.pk)
    if claimed is not None:
        tasks.work_on(claimed)
