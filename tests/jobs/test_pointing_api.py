"""Clicks, boxes around objects, segmentations and sentences: what is stored of them, and how the hole is then grown."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from jobs import retention
from jobs.models import Job
from jobs.targets import Segmentation
from tests.jobs.conftest import SIZE, mask, photo, upload

URL = "/v1/image/remove-object"
WIDTH, HEIGHT = SIZE
POLYGON = "[[4, 4, 20, 4, 20, 20]]"


def _send(api: APIClient, **fields: Any) -> Any:
    return api.post(URL, {"image": upload(photo()), **fields})


def test_clicks_are_stored_with_what_they_are_on(alice_api: APIClient) -> None:
    answer = _send(alice_api, points="[[5, 6], [40, 30]]", labels="[1, 0]")

    assert answer.status_code == 202
    assert Job.objects.get().clicks == [{"x": 5, "y": 6, "label": 1}, {"x": 40, "y": 30, "label": 0}]


def test_a_box_around_an_object_is_not_a_box_to_erase(alice_api: APIClient) -> None:
    _send(alice_api, box="[4, 5, 24, 30]")

    job = Job.objects.get()
    assert (job.boxes, job.object_box) == ([], {"x": 4, "y": 5, "width": 20, "height": 25})


def test_polygons_are_stored_as_they_were_drawn(alice_api: APIClient) -> None:
    _send(alice_api, segmentation=POLYGON)

    assert Segmentation.from_json(Job.objects.get().segmentation) == Segmentation.parse(POLYGON)


def test_run_lengths_must_have_the_photos_size(alice_api: APIClient) -> None:
    answer = _send(alice_api, segmentation=f'{{"size": [{WIDTH}, {HEIGHT}], "counts": [0, {WIDTH * HEIGHT}]}}')

    assert (answer.status_code, answer.json()["code"]) == (422, "segmentation_size_mismatch")


def test_a_sentence_is_stored_as_one_line(alice_api: APIClient) -> None:
    _send(alice_api, prompt="  the dog\non the left ")

    assert Job.objects.get().prompt == "the dog on the left"


def test_every_way_of_pointing_may_be_combined(alice_api: APIClient) -> None:
    answer = _send(
        alice_api,
        mask=upload(mask()),
        bbox="1,1,5,5",
        points="[[5, 6]]",
        labels="[1]",
        segmentation=POLYGON,
        prompt="the text",
    )

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("target", "grow"),
    [
        ({"bbox": "1,1,9,9"}, "0"),
        ({"segmentation": POLYGON}, "0"),
        ({"points": "[[5,6]]", "labels": "[1]"}, "auto"),
        ({"box": "1,1,30,30"}, "auto"),
        ({"prompt": "the dog"}, "auto"),
        ({"prompt": "the dog", "grow": "15%"}, "15%"),
        ({"bbox": "1,1,9,9", "expand": "15%"}, "15%"),
    ],
    ids=["box", "polygon", "clicks", "box around", "sentence", "sentence and grow", "expand"],
)
def test_what_had_to_be_found_is_grown_and_what_was_marked_is_not(
    alice_api: APIClient, target: dict[str, str], grow: str
) -> None:
    assert _send(alice_api, **target).status_code == 202
    assert Job.objects.get().grow == grow


def test_grow_and_its_other_name_together_are_refused(alice_api: APIClient) -> None:
    answer = _send(alice_api, bbox="1,1,9,9", grow="3", expand="4")

    assert (answer.status_code, answer.json()["code"], answer.json()["param"]) == (422, "grow_invalid", "expand")


def test_in_a_box_it_is_enough_to_say_what_is_not_the_object(alice_api: APIClient) -> None:
    answer = _send(alice_api, box="[4, 5, 24, 30]", points="[[5, 6]]", labels="[0]")

    assert answer.status_code == 202


def test_labels_without_points_are_refused(alice_api: APIClient) -> None:
    answer = _send(alice_api, bbox="1,1,9,9", labels="[1]")

    assert (answer.status_code, answer.json()["code"]) == (422, "points_invalid")


def test_what_was_pointed_at_goes_with_the_picture(alice_api: APIClient) -> None:
    _send(alice_api, prompt="the dog", segmentation=POLYGON, points="[[5,6]]", labels="[1]", box="1,1,30,30")

    retention.delete_images(Job.objects.get())

    job = Job.objects.get()
    assert (job.prompt, job.segmentation, job.clicks, job.object_box) == ("", None, [], None)
