"""The collection, as an API client would use it: every request is built from the file alone and sent to a running site."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import httpx
import pytest
from django.core.management import call_command

from pixelsite.docs_pages import collection
from tests.photos import sample_jpeg, sample_mask
from tests.servers.stack import LiveSite

Json = dict[str, Any]

_SIZE = (720, 600)  # the boxes of the examples lie inside


def _file(name: str) -> bytes:
    """What somebody has chosen who was asked for this file."""
    return sample_mask(*_SIZE) if "mask" in name else sample_jpeg(*_SIZE)


def _requests(saved: Json) -> Iterator[tuple[str, Json]]:
    for folder in saved["item"]:
        for item in folder["item"]:
            yield folder["name"], item


@dataclass
class Client:
    """What Postman does with a collection, as far as ours goes."""

    saved: Json
    variables: dict[str, str]

    def send(self, item: Json) -> httpx.Response:
        request = item["request"]
        parts = [self._filled(part) for part in request["url"]["path"]]
        for variable in request["url"].get("variable", ()):
            parts = [self._filled(variable["value"]) if part == f":{variable['key']}" else part for part in parts]
        site = self._filled(request["url"]["host"][0])
        headers = {header["key"]: header["value"] for header in request["header"] if not header.get("disabled")}
        answer = httpx.request(
            request["method"],
            "/".join([site, *parts]),
            params=[(q["key"], q["value"]) for q in request["url"].get("query", ()) if not q.get("disabled")],
            headers=headers | self._auth(request),
            timeout=120,
            **self._body(request),
        )
        self._remember(item, answer)
        return answer

    def _filled(self, text: str) -> str:
        return re.sub(r"\{\{(\w+)\}\}", lambda found: self.variables[found[1]], text)

    def _auth(self, request: Json) -> dict[str, str]:
        auth: Json = request.get("auth") or self.saved["auth"]
        told = {part["key"]: self._filled(part["value"]) for part in auth[auth["type"]]}
        if auth["type"] == "bearer":
            return {"Authorization": f"Bearer {told['token']}"}
        assert told["in"] == "header"
        return {told["key"]: told["value"]}

    def _body(self, request: Json) -> Json:
        body = request.get("body")
        if body is None:
            return {}
        if body["mode"] == "raw":
            return {"content": body["raw"]}
        assert body["mode"] == "formdata"
        sent = [part for part in body["formdata"] if not part.get("disabled")]
        files = [(part["key"], (part["src"], _file(part["src"]))) for part in sent if part["type"] == "file"]
        return {"files": files, "data": {part["key"]: part["value"] for part in sent if part["type"] == "text"}}

    def _remember(self, item: Json, answer: httpx.Response) -> None:
        """What the scripts of the requests do."""
        script = "".join(line for event in item.get("event", ()) for line in event["script"]["exec"])
        for variable, place in re.findall(r'set\("(\w+)", told\.([\w.]+)\)', script):
            if answer.status_code < 300:
                self.variables[variable] = reduce(lambda told, name: told[name], place.split("."), answer.json())


@pytest.fixture(scope="module")
def client(live_site: LiveSite) -> Client:
    saved = httpx.get(f"{live_site.url}/docs/pixelsite.postman_collection.json").json()
    key = live_site.manage("createapikey", f"collection-{time.monotonic_ns()}@example.com").strip()
    variables = {variable["key"]: variable["value"] for variable in saved["variable"]} | {"api_key": key}
    return Client(saved=saved, variables=variables)


# The order in which a person would send them: what others ask for first, what undoes it last.
_FIRST = {"remove-object", "batch", "inpaint"}
# Needs what the calls before do not leave behind: a blocked job, and a batch with a picture that failed.
_NOT_SENT = {"appeal", "retry"}


def _turn(item: Json) -> int:
    request = item["request"]
    if request["method"] == "DELETE":
        return 3
    return 1 if request["url"]["path"][-1] in _FIRST else 2


@pytest.mark.live
def test_what_the_collection_sends_is_answered_as_it_says(client: Client) -> None:
    told: dict[str, int] = {}
    undocumented: list[tuple[str, int, str]] = []

    for folder, item in sorted(_requests(client.saved), key=lambda entry: _turn(entry[1])):
        path = item["request"]["url"]["path"]
        if path[-1] in _NOT_SENT:
            continue
        if path[-1] == "results.zip":
            _wait_for_the_batch(client)
        answer = client.send(item)
        told["/".join(path)] = answer.status_code
        if answer.status_code not in {saved["code"] for saved in item["response"] if saved["code"] < 300}:
            undocumented.append((f"{folder}: {item['name']}", answer.status_code, answer.text[:300]))

    assert undocumented == []
    assert len(told) + len(_NOT_SENT) == len(
        {"/".join(i["request"]["url"]["path"]) for _, i in _requests(client.saved)}
    )


def _wait_for_the_batch(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.variables['api_key']}"}
    address = f"{client.variables['base_url']}/v1/batches/{client.variables['batch_id']}"
    assert httpx.get(f"{address}?wait=60", headers=headers, timeout=90).json()["status"] == "completed"


@pytest.mark.live
def test_the_collection_leads_to_the_site_that_serves_it_and_holds_no_key(live_site: LiveSite) -> None:
    saved = httpx.get(f"{live_site.url}/docs/pixelsite.postman_collection.json").json()

    variables = {variable["key"]: variable["value"] for variable in saved["variable"]}
    remembered = {name for name, value in variables.items() if not value}
    assert variables["base_url"] == live_site.url
    assert remembered == set(variables) - {"base_url"}


@pytest.fixture(scope="module")
def saved() -> Json:
    return collection.current()


def test_every_operation_of_the_document_is_in_it_once(saved: Json) -> None:
    schema = collection.document()
    operations = sorted(
        (method.upper(), re.sub(r"\{(\w+)\}", r":\1", path))
        for path, known in schema["paths"].items()
        for method in known
    )

    requests = [item["request"] for _, item in _requests(saved)]
    assert (
        sorted((request["method"], request["url"]["raw"].removeprefix("{{base_url}}")) for request in requests)
        == operations
    )


def test_it_has_the_form_that_the_format_asks_for(saved: Json) -> None:
    """Of the published schema of v2.1: what is required, and the types of what we write."""
    assert set(saved["info"]) >= {"name", "schema"}
    assert saved["info"]["schema"].endswith("/v2.1.0/collection.json")
    for _, item in _requests(saved):
        url = item["request"]["url"]
        assert url["raw"] == "/".join([*url["host"], *url["path"]])
        assert item["name"]
        for response in item["response"]:
            assert set(response) >= {"name", "originalRequest", "status", "code", "header", "body"}
            assert isinstance(response["body"], str)
        body = item["request"].get("body")
        if body is not None:
            assert body["mode"] in ("raw", "formdata", "urlencoded")
            assert body[body["mode"]]
            for part in body.get("formdata", ()):
                assert ("src" in part) == (part["type"] == "file")


def test_every_request_has_a_saved_success_and_its_saved_refusals_are_json(saved: Json) -> None:
    for _, item in _requests(saved):
        assert any(response["code"] < 300 for response in item["response"]), item["name"]
        for response in item["response"]:
            if response["code"] >= 400:
                json.loads(response["body"])


def test_the_folders_are_the_tags_of_the_document(saved: Json) -> None:
    assert [folder["name"] for folder in saved["item"]] == [tag["name"] for tag in collection.document()["tags"]]


def test_the_command_prints_what_the_site_serves(saved: Json, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("collection")

    assert json.loads(capsys.readouterr().out) == json.loads(collection.as_json(saved))
