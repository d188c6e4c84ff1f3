"""The Celery app: which doorbells exist and who may ring them. No work is done here."""

from __future__ import annotations

import os

from celery import Celery

from pixelsite.lib import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelsite.settings")

broker.use_for_filesystem_urls()
app = Celery("pixelsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["billing", "inference"])
