"""The main job through every real part: submit, worker, fill, charge, download. One site for the whole file."""

from __future__ import annotations

import io
import subprocess
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.servers.stack import LiveSite

pytestmark = pytest.mark.live

SIZE = (320, 240)
BOX = (120, 80, 180, 130)


def _photo() -> Image.Image:
    """Fine vertical stripes with a red block in the way."""
    columns = (128 + 60 * np.sin(np.arange(SIZE[0]) / 3)).astype(np.uint8)
    noise = np.random.default_rng(1).integers(0, 12, (SIZE[1], SIZE[0]))
    stripes = Image.fromarray((np.tile(columns, (SIZE[1], 1)) + noise).clip(0, 255).astype(np.uint8)).convert("RGB")
    ImageDraw.Draw(stripes).rectangle((BOX[0] + 4, BOX[1] + 4, BOX[2] - 4, BOX[3] - 4), fill=(220, 20, 20))
    return stripes


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _mask() -> Image.Image:
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).rectangle(BOX, fill=255)
    return mask


def _files() -> dict[str, tuple[str, bytes, str]]:
    return {"image": ("photo.png", _png(_photo()), "image/png"), "mask": ("mask.png", _png(_mask()), "image/png")}


@pytest.fixture
def api(live_site: LiveSite) -> Iterator[httpx.Client]:
    """A fresh account's client."""
    key = live_site.manage("createapikey", f"dev-{time.monotonic_ns()}@example.com").strip()
    with live_site.api(key) as client:
        yield client


def _balance(api: httpx.Client) -> tuple[float, float]:
    body = api.get("/v1/account/balance").json()
    return body["credits_remaining"], body["credits_held"]


def test_a_masked_object_is_removed_and_everything_else_is_untouched(api: httpx.Client) -> None:
    accepted = api.post("/v1/image/remove-object", files=_files())
    assert accepted.status_code == 202, accepted.text

    job = api.get(f"/v1/image/{accepted.json()['id']}", params={"wait": 60}).json()

    assert job["status"] == "completed", job
    result = Image.open(io.BytesIO(httpx.get(job["output_url"]).content))
    before, after = np.asarray(_photo()).astype(int), np.asarray(result.convert("RGB")).astype(int)
    hole = np.asarray(_mask()) > 0
    assert (result.format, result.size) == ("PNG", SIZE)
    assert np.array_equal(before[~hole], after[~hole])
    assert (after[hole][:, 0] - after[hole][:, 1]).max() < 40  # nothing red is left
    assert after[hole].std() > 20  # stripes, not a smear
    assert _balance(api) == (495.0, 0.0)


def test_a_box_does_the_same_without_a_mask(api: httpx.Client) -> None:
    box = f"{BOX[0]},{BOX[1]},{BOX[2] - BOX[0]},{BOX[3] - BOX[1]}"
    accepted = api.post("/v1/image/remove-object", files={"image": _files()["image"]}, data={"bbox": box})

    job = api.get(f"/v1/image/{accepted.json()['id']}", params={"wait": 60}).json()

    assert (job["status"], job["receipt"]["engine"] is not None) == ("completed", True)


def test_a_job_that_cannot_be_done_gives_the_credits_back(api: httpx.Client, live_site: LiveSite) -> None:
    # The picture vanishes from storage before any worker gets to it.
    live_site.manage("shell", "-c", _SUBMIT_AND_LOSE.format(email=api.get("/v1/account/balance").json()["email"]))

    deadline = time.monotonic() + 60
    while (line := api.get("/v1/account/usage").json()["results"][0])["status"] not in ("failed", "completed"):
        assert time.monotonic() < deadline, line
        time.sleep(0.2)

    assert (line["status"], line["credits_used"], _balance(api)) == ("failed", 0.0, (500.0, 0.0))


_SUBMIT_AND_LOSE = """
import io
from accounts.models import User
from django.conf import settings
from jobs import dispatch, storage, submission
from jobs.catalogue import REMOVE_OBJECT
from jobs.uploads import Source, check_input
from pixelsite.sample import draw_sample
sample = draw_sample()
checked = check_input(image=Source(file=io.BytesIO(sample.photo_jpeg)), mask=Source(file=io.BytesIO(sample.mask_png)), boxes=())
settings.JOB_ATTEMPTS_MAX = 1
ring, dispatch.ring = dispatch.ring, lambda **_: False
job = submission.submit_job(user=User.objects.get(email={email!r}), operation=REMOVE_OBJECT, checked=checked, output=submission.OutputOptions()).job
storage.delete([job.input_name])
ring(job_id=job.pk, operation=job.operation)
"""


def test_the_printed_curl_line_works_as_printed(live_site: LiveSite, pytestconfig: pytest.Config) -> None:
    done = subprocess.run(
        ["bash", "-c", live_site.curl_line.replace("curl", "curl --silent --show-error --fail", 1)],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert '"status":"queued"' in done.stdout.replace(" ", "")


def test_the_demo_account_owns_a_finished_sample(live_site: LiveSite) -> None:
    with live_site.api() as api:
        page = api.get("/v1/account/usage?limit=100").json()
        while page["next"]:  # the sample is the account's first job; other tests have added theirs
            page = api.get(page["next"]).json()
    sample = page["results"][-1]

    assert sample["status"] == "completed"
    assert httpx.get(sample["output_url"]).headers["content-type"] == "image/jpeg"


def test_health_names_every_part(live_site: LiveSite) -> None:
    body = httpx.get(f"{live_site.url}/healthz").json()

    assert body["status"] == body["database"] == body["broker"] == body["worker"] == "ok"


def test_the_ledger_is_in_order_afterwards(live_site: LiveSite) -> None:
    assert live_site.manage("check_ledger").strip() == "The ledger is in order."


def test_static_files_are_served_with_hashed_names_and_long_lives(live_site: LiveSite) -> None:
    page = httpx.get(live_site.url).text
    href = page.split('rel="stylesheet" href="')[1].split('"')[0]

    answer = httpx.get(live_site.url + href)

    assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_unknown_address_of_the_api_is_answered_in_json(api: httpx.Client) -> None:
    answer = api.get("/v1/image/not-an-id")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_no_key_is_in_the_log(live_site: LiveSite) -> None:
    assert live_site.demo_key not in live_site.log.read_text()
