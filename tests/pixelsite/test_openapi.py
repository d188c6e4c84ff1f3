"""The OpenAPI document says everything of every operation, and its examples are what its own schemas allow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from django.test import Client

from pixelsite.docs_pages import collection

Json = dict[str, Any]

_SCHEMES = {"Clipdrop": "clipdropKey", "PicWish": "picwishKey", "Maskr": "maskrKey"}
_NATIVE = "apiKey"
# What a refusal looks like, by the tag of the operation.
_ERROR_KEYS = {"Clipdrop": {"error"}, "PicWish": {"status", "message"}, "Maskr": {"detail"}}
_NATIVE_ERROR_KEYS = {"detail", "code", "param", "request_id"}
_BINARY = ("image/png", "application/zip")

SCHEMA = collection.document()
OPERATIONS = [
    pytest.param(operation, id=f"{method} {path}")
    for path, operations in SCHEMA["paths"].items()
    for method, operation in operations.items()
]
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


def _examples(operation: Json) -> Iterator[tuple[str, str, Json, Any]]:
    """Status (or `request`), media type, schema and value of every example."""
    parts = {"request": operation.get("requestBody", {}), **operation["responses"]}
    for status, part in parts.items():
        for media_type, content in part.get("content", {}).items():
            for example in content.get("examples", {}).values():
                yield status, media_type, content["schema"], example["value"]


def _errors(operation: Json) -> dict[str, Json]:
    return {status: response for status, response in operation["responses"].items() if int(status) >= 400}


def test_it_is_openapi_3_1() -> None:
    assert SCHEMA["openapi"].startswith("3.1")


def test_no_two_operations_have_the_same_id() -> None:
    ids = [operation["operationId"] for operations in SCHEMA["paths"].values() for operation in operations.values()]

    assert len(ids) == len(set(ids))


@each_operation
def test_every_operation_says_what_it_is(operation: Json) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
    assert len(operation["description"]) >= len(operation["summary"]) > 10
    assert not operation["summary"].endswith(".")
    assert [tag in {tag["name"] for tag in SCHEMA["tags"]} for tag in operation["tags"]] == [True]


@each_operation
def test_every_operation_takes_a_key_where_its_vendor_does(operation: Json) -> None:
    wanted = _SCHEMES.get(operation["tags"][0], _NATIVE)

    assert operation["security"] == [{wanted: []}]
    assert wanted in SCHEMA["components"]["securitySchemes"]


@pytest.mark.parametrize(
    ("scheme", "place"),
    [
        ("apiKey", ("http", "bearer")),
        ("maskrKey", ("http", "bearer")),
        ("clipdropKey", ("header", "x-api-key")),
        ("picwishKey", ("header", "X-API-KEY")),
    ],
)
def test_the_schemes_are_the_vendors_own(scheme: str, place: tuple[str, str]) -> None:
    described = SCHEMA["components"]["securitySchemes"][scheme]

    assert (described.get("in", described["type"]), described.get("scheme", described.get("name"))) == place


@each_operation
def test_every_operation_shows_a_success_and_what_it_takes(operation: Json) -> None:
    shown = {status for status, *_ in _examples(operation)}

    assert any(status.startswith("2") for status in shown)
    assert "request" in shown or "requestBody" not in operation


@each_operation
def test_every_refusal_is_described_and_shown_in_the_vendors_own_form(operation: Json) -> None:
    keys = _ERROR_KEYS.get(operation["tags"][0], _NATIVE_ERROR_KEYS)
    shown = {status: value for status, _, _, value in _examples(operation) if status in _errors(operation)}

    assert set(shown) == set(_errors(operation))
    assert [status for status, value in shown.items() if not set(value) >= keys] == []
    if operation["tags"][0] in _ERROR_KEYS:
        assert [status for status, value in shown.items() if set(value) != keys] == []
    assert [status for status, response in _errors(operation).items() if not response["description"]] == []
    assert {"401", "429"} <= set(shown)


@each_operation
def test_every_example_is_what_its_schema_allows(operation: Json) -> None:
    for status, media_type, schema, value in _examples(operation):
        if media_type not in _BINARY:
            whole = {**schema, "components": SCHEMA["components"]}
            problems = [
                f"{status} {media_type}: {problem.json_path}: {problem.message}"
                for problem in jsonschema.Draft202012Validator(whole).iter_errors(value)
            ]
            assert problems == []


@each_operation
def test_every_answer_names_its_request_and_waiting_is_told(operation: Json) -> None:
    for status, response in operation["responses"].items():
        assert "X-Request-Id" in response["headers"]
        assert ("Retry-After" in response["headers"]) == (status in ("429", "503"))


@pytest.mark.parametrize("path", ["/cleanup/v1", "/inpainting/v1"])
def test_clipdrops_success_is_a_picture_with_its_headers_shown(path: str) -> None:
    success = SCHEMA["paths"][path]["post"]["responses"]["200"]

    assert list(success["content"]) == ["image/png"]
    shown = {
        name: next(iter(header["examples"].values()))["value"]
        for name, header in success["headers"].items()
        if "examples" in header
    }
    assert shown == {"x-remaining-credits": 96, "x-credits-consumed": 1}


def test_the_site_serves_the_same_document(db: None, client: Client) -> None:
    served = client.get("/v1/openapi.json").json()

    assert set(served["paths"]) == set(SCHEMA["paths"])
    assert served["info"]["title"] == "Pixelsite API"
