"""What a refusal says, and what becomes of names that callers choose."""

from __future__ import annotations

import pytest
from django.test import Client

from jobs.models import Job
from tests.hostile.cases import SUBMIT, Stage
from tests.jobs.conftest import photo, upload

NAMES = ["../../etc/passwd", "a\0b.png", "x" * 4_000 + ".png", "a\u202egnp.exe", "🦆.png", "a\r\nX-Evil: 1.png"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_file_name_is_used_nowhere(stage: Stage, name: str) -> None:
    answer = stage.api.post(SUBMIT, {"image": upload(photo(), name), "bbox": "2,2,9,9"})

    job = Job.objects.get()
    stored = [path.relative_to(stage.images) for path in stage.images.rglob("*") if path.is_file()]
    assert [str(path) for path in stored] == [job.input_name]
    assert str(job.pk) in job.input_name
    assert "X-Evil" not in answer
    assert "evil" not in str({**answer.headers, **answer.json()}).lower()


@pytest.mark.parametrize(
    ("written", "meant"), [("rectangels", "rectangles"), ("output_fromat", "output_format"), ("Image", "image")]
)
def test_a_misspelt_parameter_is_answered_with_the_nearest_name(stage: Stage, written: str, meant: str) -> None:
    answer = stage.api.post(SUBMIT, {"image": upload(photo()), written: "1"})

    assert f"Did you mean `{meant}`?" in answer.json()["detail"]


def test_a_mask_of_another_size_is_told_with_both_sizes(stage: Stage) -> None:
    answer = stage.api.post(SUBMIT, {"image": upload(photo()), "mask": upload(photo(size=(63, 47)))})

    assert "63×47" in answer.json()["detail"]
    assert "64×48" in answer.json()["detail"]


def test_a_turned_photo_is_measured_as_it_is_displayed(stage: Stage) -> None:
    turned = photo("JPEG", size=(48, 64), exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0")

    answer = stage.api.post(SUBMIT, {"image": upload(turned), "bbox": "60,40,4,8"})

    assert (answer.status_code, Job.objects.get().width, Job.objects.get().height) == (202, 64, 48)


@pytest.mark.parametrize("path", ["/keys/", "/webhooks/add/", "/keys/1/revoke/", "/webhooks/secret/rotate/"])
def test_a_form_of_the_dashboard_without_its_token_is_refused(stage: Stage, path: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(stage.cast.alice)
    keys = stage.cast.alice.api_keys.count()

    answer = browser.post(path, {"name": "mine", "url": "https://evil.example/"})

    assert (answer.status_code, "open too long" in answer.content.decode()) == (403, True)
    assert stage.cast.alice.api_keys.filter(revoked_at=None).count() == keys
