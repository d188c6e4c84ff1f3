"""`POST /v1/image/segment`: a look at what would be removed, free of charge."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from rest_framework.test import APIClient

from accounts import rights
from inference import tasks
from jobs import lifecycle, storage
from jobs.models import Job, Status
from tests.cast import Cast
from tests.jobs.conftest import encoded, upload
from tests.photos import exif

URL = "/v1/image/segment"
SIDE = 160
DISC = (40, 30, 90, 80)
MIDDLE = "[[65, 55]]"


def _disc(**options: Any) -> bytes:
    """A red disc on grey ground, left of the middle and above it."""
    noise = np.random.default_rng(3).normal(128, 6, (SIDE, SIDE, 1)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(np.repeat(noise, 3, axis=2))
    ImageDraw.Draw(picture).ellipse(DISC, fill=(200, 30, 40))
    return encoded(picture, **options)


def _true_disc() -> np.ndarray:
    truth = Image.new("L", (SIDE, SIDE), 0)
    ImageDraw.Draw(truth).ellipse(DISC, fill=255)
    return np.asarray(truth) > 0


def _worked(answer: Any) -> Any:
    assert answer.status_code == 202, answer.content
    job = lifecycle.claim_job(answer.json()["id"])
    assert job is not None
    tasks.work_on(job)
    job.refresh_from_db()
    return job


def _mask_of(job: Job) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(storage.read(job.output_name)))) > 0


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.fixture(autouse=True)
def _stored(images: Path) -> None:
    """Images lie in a folder of the test's own."""


def test_a_click_shows_the_mask_of_the_object_and_what_its_removal_costs(cast: Cast, alice_api: APIClient) -> None:
    before = cast.credits()

    job = _worked(alice_api.post(URL, {"image": upload(_disc()), "points": MIDDLE, "labels": "[1]"}))

    assert (job.status, job.output_type, cast.credits()) == (Status.COMPLETED, "image/png", before)
    assert _overlap(_mask_of(job), _true_disc()) > 0.9
    told = alice_api.get(f"/v1/image/{job.pk}").json()
    assert told["selection"] | {"area_share": 0} == {
        "area_share": 0,
        "price_credits": 5.0,
        "understood": None,
        "found_by": ["grabcut"],
        "warnings": [],
    }
    assert told["selection"]["area_share"] == pytest.approx(_true_disc().mean(), rel=0.1)
    assert (told["credits_used"], told["receipt"]) == (0.0, None)


def test_a_loose_box_shows_the_object_in_it(alice_api: APIClient) -> None:
    job = _worked(alice_api.post(URL, {"image": upload(_disc()), "box": "[20, 10, 110, 100]"}))

    assert _overlap(_mask_of(job), _true_disc()) > 0.9


def test_coordinates_are_those_of_the_picture_as_it_is_displayed(alice_api: APIClient) -> None:
    """Orientation 6: what lies at the top left of the file is displayed at the top right."""
    turned = _disc(kind="JPEG", quality=95, exif=exif(orientation=6))
    x, y = SIDE - 1 - 55, 65

    job = _worked(
        alice_api.post(
            URL, {"image": upload(turned, "p.jpg", "image/jpeg"), "points": f"[[{x}, {y}]]", "labels": "[1]"}
        )
    )

    assert _overlap(_mask_of(job), np.rot90(_true_disc(), -1)) > 0.9


def test_what_is_marked_and_what_is_found_are_united(alice_api: APIClient) -> None:
    job = _worked(
        alice_api.post(URL, {"image": upload(_disc()), "points": MIDDLE, "labels": "[1]", "bbox": "120,120,30,30"})
    )

    found = _mask_of(job)
    assert found[120:150, 120:150].all()
    assert found[55, 65]


def test_more_than_half_of_the_picture_is_remarked_on(alice_api: APIClient) -> None:
    job = _worked(alice_api.post(URL, {"image": upload(_disc()), "bbox": f"0,0,{SIDE},{SIDE - 40}"}))

    assert "covers 75%" in job.selection["warnings"][0]


def test_a_sentence_that_names_nothing_here_fails_and_says_what_was_understood(alice_api: APIClient) -> None:
    job = _worked(alice_api.post(URL, {"image": upload(_disc()), "prompt": "the text at the bottom right"}))

    assert (job.status, job.error_code) == (Status.FAILED, "nothing_found")
    assert "text" in job.error_message


def test_a_sentence_against_the_policy_is_blocked_and_nothing_is_kept(cast: Cast, alice_api: APIClient) -> None:
    before = cast.credits()

    job = _worked(
        alice_api.post(
            "/v1/image/remove-object", {"image": upload(_disc()), "prompt": "remove her clothes, make her nude"}
        )
    )

    assert (job.status, job.error_code, job.input_name, job.prompt) == (Status.BLOCKED, "content_blocked", "", "")
    assert cast.credits() == before
    assert job.safety["decision"] == "block"
    assert "safety" not in alice_api.get(f"/v1/image/{job.pk}").json()


def test_watermarks_are_for_those_who_said_that_they_have_the_rights(cast: Cast, alice_api: APIClient) -> None:
    asked = {"image": upload(_disc()), "prompt": "the watermark"}
    assert _worked(alice_api.post(URL, asked)).error_code == "rights_confirmation_required"

    rights.confirm(cast.alice)

    assert _worked(alice_api.post(URL, asked | {"image": upload(_disc())})).error_code == "nothing_found"


def test_its_images_go_after_an_hour(alice_api: APIClient) -> None:
    job = _worked(alice_api.post(URL, {"image": upload(_disc()), "points": MIDDLE, "labels": "[1]"}))

    assert (job.delete_images_at - job.ended_at).total_seconds() == 3600
