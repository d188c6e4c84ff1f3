"""The pages anyone may see, and the headers on all of them."""

from __future__ import annotations

import pytest
from django.test import Client

from billing.models import Plan
from jobs import workers
from tests.cast import Cast


@pytest.mark.parametrize("path", ["/", "/pricing"])
def test_prices_come_from_the_plans(db: None, client: Client, path: str) -> None:
    Plan.objects.filter(slug="pro").update(price_cents=77_00, monthly_credits=61_234)

    page = client.get(path).content.decode()

    assert "77" in page
    assert "61,234" in page


@pytest.mark.parametrize(
    "path", ["/", "/pricing", "/accounts/login/", "/docs/", "/docs/quick-start", "/docs/api", "/nothing-here"]
)
def test_every_page_forbids_foreign_content(db: None, client: Client, path: str) -> None:
    answer = client.get(path)

    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert (answer["X-Content-Type-Options"], answer["X-Frame-Options"]) == ("nosniff", "DENY")


def test_a_page_that_does_not_exist_says_so(db: None, client: Client) -> None:
    answer = client.get("/nothing-here")

    assert (answer.status_code, "<html" in answer.content.decode()) == (404, True)


def test_health_is_503_without_a_worker(db: None, client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()["database"]) == (503, "ok")
    assert "worker" in answer.json()["worker"]


def test_health_is_200_with_everything_alive(db: None, client: Client) -> None:
    workers.report_worker(name="w", engines=[], safety_filter="none")

    assert (client.get("/healthz").status_code, client.get("/healthz").json()["status"]) == (200, "ok")


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        (["none"], "none"),
        (["nsfw-mobilenet"] * 2, "nsfw-mobilenet"),
        (["nsfw-mobilenet", "none"], "none, nsfw-mobilenet"),
    ],
    ids=["none", "one", "different ones"],
)
def test_health_names_the_content_filters_and_none_is_no_fault(
    db: None, client: Client, filters: list[str], told: str
) -> None:
    for number, name in enumerate(filters):
        workers.report_worker(name=f"w{number}", engines=[], safety_filter=name)

    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()["content_filter"]) == (200, told)


def test_health_knows_no_filter_without_a_worker(db: None, client: Client) -> None:
    assert client.get("/healthz").json()["content_filter"] == "unknown"


@pytest.mark.parametrize(
    ("filters", "warns"), [([], False), (["nsfw-mobilenet"], False), (["nsfw-mobilenet", "none"], True)]
)
def test_the_admin_says_when_a_worker_looks_at_nothing(
    cast: Cast, client: Client, filters: list[str], warns: bool
) -> None:
    for name in filters:
        workers.report_worker(name=name, engines=[], safety_filter=name)
    client.force_login(cast.olga)

    assert ("without a content filter" in client.get("/admin/").content.decode()) is warns


def test_the_api_documentation_comes_from_this_host_alone(db: None, client: Client) -> None:
    page = client.get("/docs/api").content.decode()

    assert "swagger-ui" in page
    assert "https://" not in page.replace("https://swagger.io", "")


def test_a_request_id_is_answered_and_ours_when_the_given_one_is_odd(db: None, client: Client) -> None:
    assert client.get("/", HTTP_X_REQUEST_ID="abc-12345")["X-Request-Id"] == "abc-12345"
    assert client.get("/", HTTP_X_REQUEST_ID="<script>")["X-Request-Id"] != "<script>"
