"""`manage.py landingpictures`: make the landing page's before and after with the product itself."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from PIL import Image

from inference import pipeline, presence, worker
from inference.pipeline import RemovalRequest
from pixelsite.sample import draw_sample


class Command(BaseCommand):
    """Draw the sample, remove the ball, write both pictures to static/img."""

    help = "Write static/img/sample-before.webp and sample-after.webp, made by the pipeline."

    def handle(self, *args: Any, **options: Any) -> None:
        sample = draw_sample()
        mask = io.BytesIO()
        Image.open(io.BytesIO(sample.mask_png)).convert("L").save(mask, "PNG")
        presence.load_engines()
        result = pipeline.run(
            RemovalRequest(image=sample.photo_jpeg, mask_png=mask.getvalue()),
            engines=worker.engines(),
            safety=worker.safety(),
            on_progress=lambda _stage, _percent: None,
        )
        for name, data in (("before", sample.photo_jpeg), ("after", result.data)):
            path = settings.BASE_DIR / "static" / "img" / f"sample-{name}.webp"
            Image.open(io.BytesIO(data)).save(path, "WEBP", quality=82, method=6)
            self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
