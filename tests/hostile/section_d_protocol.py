"""D. Headers, keys, protocol. What only a real server can be sent is in tests/live/test_protocol.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.test.client import encode_multipart
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import ApiKey, User
from jobs.idempotency import IdempotentRequest
from tests.hostile.cases import BALANCE, SUBMIT, Case, Send, Stage, accepted, json_body, refused, with_options
from tests.jobs.conftest import mask, photo, upload


def _fields() -> dict[str, Any]:
    return {"image": upload(photo()), "mask": upload(mask())}


def _with_header(name: str, value: str | Callable[[Stage], str]) -> Send:
    """Submit with this header beside an ordinary key."""
    return lambda stage: stage.api.post(
        SUBMIT, _fields(), headers={name: value if isinstance(value, str) else value(stage)}
    )


def _without_key(**headers: str | Callable[[Stage], str]) -> Send:
    """Submit with these headers, `HTTP_AUTHORIZATION` among them or not."""

    def send(stage: Stage) -> Any:
        sent = {name: value if isinstance(value, str) else value(stage) for name, value in headers.items()}
        return APIClient().post(SUBMIT, _fields(), **sent)  # type: ignore[arg-type]

    return send


def _key_in_address(name: str) -> Send:
    return lambda stage: APIClient().post(f"{SUBMIT}?{name}={stage.cast.alice_key}", _fields())


def _authorized(title: str, header: str | Callable[[Stage], str], code: str = "api_key_invalid", **facts: Any) -> Case:
    return refused(title, _without_key(HTTP_AUTHORIZATION=header), 401, code, **facts)


def _unknown_key(stage: Stage) -> str:
    """Well formed, never minted."""
    body = stage.cast.alice_key[:-7] + "A"
    if body == stage.cast.alice_key[:-6]:
        body = body[:-1] + "B"
    return f"Bearer {body}{api_keys._checksum(body)}"


def _revoke(stage: Stage) -> None:
    key = ApiKey.objects.get(user=stage.cast.bob)
    api_keys.revoke_key(user=stage.cast.bob, key_id=key.pk)


def _disable(stage: Stage) -> None:
    User.objects.filter(pk=stage.cast.bob.pk).update(is_active=False)


def _delete_keys_owner(stage: Stage) -> None:
    ApiKey.objects.filter(user=stage.cast.bob).delete()  # as the cascade from a deleted user does


def _bobs(stage: Stage) -> str:
    return f"Bearer {stage.cast.bob_key}"


_KEYS = [
    refused("D113 no Authorization", _without_key(), 401, "api_key_missing"),
    _authorized("D114 scheme without a key", "Bearer"),
    _authorized("D114 scheme with a space for a key", "Bearer "),
    _authorized("D114 two spaces", lambda stage: f"Bearer  {stage.cast.alice_key}"),
    _authorized("D114 a tab", lambda stage: f"Bearer\t{stage.cast.alice_key}"),
    _authorized("D114 the key alone", lambda stage: stage.cast.alice_key),
    accepted("D114 lower-case scheme", _without_key(HTTP_AUTHORIZATION=lambda stage: f"bearer {stage.cast.alice_key}")),
    _authorized("D115 Basic", "Basic dXNlcjpwYXNz"),
    refused("D115 X-API-Key", _without_key(HTTP_X_API_KEY=lambda stage: stage.cast.alice_key), 401, "api_key_missing"),
    _authorized("D116 wrong checksum", lambda stage: f"Bearer {stage.cast.alice_key[:-1]}-"),
    _authorized("D116 right form, unknown", _unknown_key),
    _authorized("D116 key of 10 kB", "Bearer " + "x" * 10_000),
    _authorized("D116 key that is not ASCII", "Bearer pk_live_ümlaut"),
    _authorized("D117 revoked key", _bobs, "api_key_revoked", prepare=_revoke),
    _authorized("D118 key of a disabled user", _bobs, prepare=_disable),
    _authorized("D118 key of a deleted user", _bobs, prepare=_delete_keys_owner),
    *(
        refused(f"D119 key in the address as {name}", _key_in_address(name), 401, "api_key_in_url")
        for name in ("api_key", "key", "token", "access_token")
    ),
]


def _submitted_job(stage: Stage) -> str:
    return str(stage.api.post(SUBMIT, _fields()).json()["id"])


def _alices_job(method: str, suffix: str = "") -> Send:
    def send(stage: Stage) -> Any:
        listed = stage.api.get("/v1/account/usage").json()["results"]
        bob = stage.cast.api(stage.cast.bob_key)
        return bob.generic(method, f"/v1/image/{listed[0]['id']}{suffix}")

    return send


def _get(path: str) -> Send:
    return lambda stage: stage.api.get(path)


_JOB_IDS = {
    "text": "not-a-uuid",
    "10 kB": "x" * 10_000,
    "a path": "../../etc/passwd",
    "an encoded path": "%2e%2e%2faccount",
    "NUL": "%00",
    "nobody's": "00000000-0000-4000-8000-000000000000",
}

_JOBS = [
    *(
        refused(f"D121 {title} of another user", _alices_job(method, suffix), 404, "not_found", prepare=_submitted_job)
        for title, method, suffix in (
            ("a job", "GET", ""), ("deletion of a job", "DELETE", ""), ("events of a job", "GET", "/events"),
        )
    ),
    *(refused(f"D122 job id: {name}", _get(f"/v1/image/{job_id}"), 404, "not_found") for name, job_id in _JOB_IDS.items()),
]  # fmt: skip


def _multipart(body: bytes, boundary: str | None = "x") -> Send:
    parameters = "" if boundary is None else f"; boundary={boundary}"
    return json_body(body, f"multipart/form-data{parameters}")


_WHOLE = encode_multipart("x", {"bbox": "2,2,9,9", "image": upload(photo())})

_BODIES = [
    refused("D123 JSON as text/plain", json_body(b"{}", "text/plain"), 415, "unsupported_media_type"),
    refused(
        "D123 form without parts",
        json_body(b"bbox=1,1,5,5", "application/x-www-form-urlencoded"),
        415,
        "unsupported_media_type",
    ),
    refused("D124 no boundary", _multipart(_WHOLE, None), 400, "multipart_invalid"),
    refused("D124 boundary of 300 characters", _multipart(_WHOLE, "x" * 300), 400, "multipart_invalid"),
    refused("D124 cut in the middle of the picture", _multipart(_WHOLE[: len(_WHOLE) // 2]), 400, "multipart_invalid"),
    refused("D124 cut before the closing boundary", _multipart(_WHOLE[:-8]), 400, "multipart_invalid"),
    refused("D124 another boundary than was said", _multipart(_WHOLE, "y"), 400, "multipart_invalid"),
    *(
        refused(f"D125 {title}", json_body(body), 400, "json_invalid")
        for title, body in {
            "half an object": b"{",
            "a list": b"[]",
            "null": b"null",
            "NaN": b'{"bbox": NaN}',
            "a key twice": b'{"bbox": "1,1,5,5", "bbox": "1,1,6,6"}',
            "a key twice inside": b'{"metadata": {"a": 1, "a": 2}}',
            "10,000 deep": b"[" * 10_000,
            "10,000 objects deep": b'{"a":' * 10_000,
            "1e400": b'{"quality": 1e400}',
            "5,000 digits": b'{"quality": ' + b"1" * 5_000 + b"}",
            "UTF-16": '{"bbox": "1,1,5,5"}'.encode("utf-16"),
            "byte order mark": b'\xef\xbb\xbf{"bbox": "1,1,5,5"}',
            "Latin-1": b'{"bbox": "\xff"}',
            "a lone surrogate": rb'{"output_format": "\ud800"}',
            "a lone surrogate as name": rb'{"\udfff": 1}',
            "nothing": b" ",
        }.items()
    ),
    refused("D125 3 MB of it", json_body(b'{"a": "' + b"x" * 3_000_000 + b'"}'), 413, "file_too_large"),
    refused(
        "D126 1,001 fields",
        lambda stage: stage.api.post(SUBMIT, {f"f{index}": "1" for index in range(1_001)}),
        400,
        "too_many_fields",
    ),
    refused(
        "D126 101 files",
        lambda stage: stage.api.post(SUBMIT, {f"f{index}": upload(b"x") for index in range(101)}),
        400,
        "too_many_files",
    ),
]


def _with_limit_of(requests: int) -> Callable[[Stage], None]:
    def prepare(stage: Stage) -> None:
        plan = stage.cast.wallet.plan
        plan.requests_per_minute = requests
        plan.save()
        for _ in range(requests):
            stage.api.post(SUBMIT)

    return prepare


def _call_from_many_addresses(stage: Stage) -> None:
    for number in range(60):
        APIClient().get(BALANCE, headers={"X-Forwarded-For": f"1.2.3.{number}"})


def _submit_under_key(stage: Stage) -> None:
    assert _with_header("Idempotency-Key", "first")(stage).status_code == 202


def _twice_at_once(stage: Stage) -> Any:
    with IdempotentRequest(user=stage.cast.alice, key="first", fingerprint="x").in_progress():
        return _with_header("Idempotency-Key", "first")(stage)


def _other_under_key(stage: Stage) -> Any:
    return stage.api.post(SUBMIT, _fields() | {"quality": "80"}, headers={"Idempotency-Key": "first"})


def _leave_four_credits(stage: Stage) -> None:
    stage.cast.set_credits(4)


def _by_method(method: str) -> Send:
    return lambda stage: stage.api.generic(method, SUBMIT)


def _editor_without_token(stage: Stage) -> Any:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(stage.cast.alice)
    return browser.post("/editor/jobs/", _fields())


_HEADERS = [
    *(
        refused(f"D128 {method}", _by_method(method), 405, "method_not_allowed")
        for method in ("GET", "PUT", "PATCH", "DELETE", "TRACE", "BREW")
    ),
    accepted("D129 Accept: text/xml, answered in JSON", _with_header("Accept", "text/xml")),
    refused("D130 another host", _with_header("Host", "evil.example"), 400, "bad_request", counted=False),
    refused(
        "D131 a hundred forwarded addresses are one caller",
        lambda stage: APIClient().get(BALANCE, headers={"X-Forwarded-For": ", ".join(["1.2.3.4"] * 100)}),
        429,
        "rate_limited",
        prepare=_call_from_many_addresses,
    ),
    accepted("D132 no User-Agent", with_options()),
    *(
        refused(f"D133 Idempotency-Key: {title}", _with_header("Idempotency-Key", key), 400, "idempotency_key_invalid")
        for title, key in {
            "empty": "", "256 characters": "x" * 256, "not ASCII": "schlüssel", "a tab": "a\tb", "NUL": "a\0b",
        }.items()
    ),
    refused("D134 same key, other body", _other_under_key, 422, "idempotency_key_reused", prepare=_submit_under_key),
    refused("D135 same key while running", _twice_at_once, 409, "idempotency_in_progress"),
    refused("D136 over the limit", with_options(), 429, "rate_limited", prepare=_with_limit_of(1)),
    refused("D137 too few credits", with_options(), 402, "insufficient_credits", prepare=_leave_four_credits),
    refused("D139 no token on a POST of the editor", _editor_without_token, 403, "csrf_failed", counted=False),
    refused(
        "D140 preflight from another site",
        lambda stage: APIClient().options(
            SUBMIT, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        ),
        401,
        "api_key_missing",
    ),
]  # fmt: skip

CASES = [*_KEYS, *_JOBS, *_BODIES, *_HEADERS]
