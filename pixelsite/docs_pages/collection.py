"""The API as a Postman collection (v2.1), made from the OpenAPI document; Bruno and Insomnia import the same file."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

Json = dict[str, Any]

FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_METHODS = ("get", "post", "put", "patch", "delete")
_FORMS = {"multipart/form-data": "formdata", "application/x-www-form-urlencoded": "urlencoded"}
# The first of these that an operation takes: a form can hold a file.
_BODIES = ("multipart/form-data", "application/json", "application/x-www-form-urlencoded")
# What is remembered of an answer, for the requests that ask for it later: variable, and where it is in the answer.
_REMEMBERED = {
    "remove_object": ("job_id", "id"),
    "remove_object_batch": ("batch_id", "id"),
    "picwish_create_task": ("task_id", "data.task_id"),
}


def current() -> Json:
    """The collection of this site's API."""
    return collection_of(document(), site=settings.SITE_URL)


def document() -> Json:
    """The OpenAPI document, as the site serves it."""
    schema: Json = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


def as_json(collection: Json) -> str:
    return json.dumps(collection, indent=1, ensure_ascii=False, default=str) + "\n"


def collection_of(schema: Json, *, site: str) -> Json:
    """A folder for each tag, a request for each operation, with what is answered as saved examples."""
    folders: dict[str, Json] = {
        tag["name"]: {"name": tag["name"], "description": tag["description"], "item": []} for tag in schema["tags"]
    }
    for path, operations in schema["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                tag = operation["tags"][0]
                folder = folders.setdefault(tag, {"name": tag, "description": "", "item": []})
                folder["item"].append(_item(schema, path, method, operation))
    return {
        "info": {
            "name": schema["info"]["title"],
            "description": f"{schema['info']['description']}\n\nSet `api_key` to a key from {site}/keys/. Requests that "
            "send a file name `photo.jpg` and `mask.png`: choose your own.",
            "version": schema["info"]["version"],
            "schema": FORMAT,
        },
        "auth": {"type": "bearer", "bearer": [_typed("token", "{{api_key}}")]},
        "variable": [
            _typed("base_url", site),
            _typed("api_key", ""),
            *(_typed(variable, "") for variable, _ in _REMEMBERED.values()),
        ],
        "item": [folder for folder in folders.values() if folder["item"]],
    }


def _typed(key: str, value: str) -> Json:
    return {"key": key, "value": value, "type": "string"}


def _item(schema: Json, path: str, method: str, operation: Json) -> Json:
    request: Json = {
        "method": method.upper(),
        "description": operation["description"],
        "header": _headers(operation),
        "url": _url(path, operation),
    }
    if (body := _body(schema, operation)) is not None:
        request["body"] = body
        if body["mode"] == "raw":
            request["header"].append({"key": "Content-Type", "value": "application/json"})
    if (auth := _auth(schema, operation)) is not None:
        request["auth"] = auth
    item: Json = {"name": operation["summary"], "request": request, "response": _responses(operation, request)}
    if operation["operationId"] in _REMEMBERED:
        variable, place = _REMEMBERED[operation["operationId"]]
        program = [
            "const told = pm.response.json();",
            f'if (pm.response.code < 300) pm.collectionVariables.set("{variable}", told.{place});',
        ]
        item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": program}}]
    return item


def _parameters(operation: Json, place: str) -> list[Json]:
    return [parameter for parameter in operation.get("parameters", ()) if parameter["in"] == place]


def _headers(operation: Json) -> list[Json]:
    """Headers that may be sent, switched off: each asks for something."""
    return [
        {"key": header["name"], "value": "", "description": header.get("description", ""), "disabled": True}
        for header in _parameters(operation, "header")
    ]


def _url(path: str, operation: Json) -> Json:
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    url: Json = {"raw": "{{base_url}}/" + "/".join(parts), "host": ["{{base_url}}"], "path": parts}
    query = [
        {"key": field["name"], "value": "", "description": field.get("description", ""), "disabled": True}
        for field in _parameters(operation, "query")
    ]
    variables = [
        {"key": field["name"], "value": f"{{{{{field['name']}}}}}", "description": field.get("description", "")}
        for field in _parameters(operation, "path")
    ]
    return url | ({"query": query} if query else {}) | ({"variable": variables} if variables else {})


def _auth(schema: Json, operation: Json) -> Json | None:
    """How the operation takes a key; None where as all others do."""
    (name,) = operation["security"][0]
    scheme = schema["components"]["securitySchemes"][name]
    if scheme["type"] == "http":
        return None
    return {
        "type": "apikey",
        "apikey": [_typed("key", scheme["name"]), _typed("value", "{{api_key}}"), _typed("in", scheme["in"])],
    }


def _body(schema: Json, operation: Json) -> Json | None:
    content = operation.get("requestBody", {}).get("content", {})
    media_type = next((kind for kind in _BODIES if kind in content), None)
    if media_type is None:
        return None
    example = _first_example(content[media_type])
    if media_type not in _FORMS:
        raw = json.dumps(example, indent=2, ensure_ascii=False)
        return {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    mode = _FORMS[media_type]
    fields = _resolved(schema, content[media_type]["schema"])["properties"]
    return {"mode": mode, mode: [part for name in fields for part in _parts(name, fields[name], example)]}


def _parts(name: str, field: Json, example: Json) -> list[Json]:
    """What the form has under this name; fields that the example leaves out are switched off."""
    one = field.get("items", field) if field.get("type") == "array" else field
    is_file = one.get("format") == "binary" or one.get("contentMediaType") == "application/octet-stream"
    values = example.get(name, "")
    parts = []
    for value in values if isinstance(values, list) else [values]:
        written: Json = {"type": "file", "src": value or []} if is_file else {"type": "text", "value": str(value)}
        parts.append({"key": name, "description": field.get("description", ""), **written})
        if name not in example:
            parts[-1]["disabled"] = True
    return parts


def _resolved(schema: Json, found: Json) -> Json:
    name = found.get("$ref", "").rpartition("/")[2]
    resolved: Json = schema["components"]["schemas"][name] if name else found
    return resolved


def _first_example(content: Json) -> Any:
    return next(iter(content["examples"].values()))["value"]


def _responses(operation: Json, request: Json) -> list[Json]:
    asked = {"method": request["method"], "url": request["url"], "header": []}
    saved = []
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            for name, example in content.get("examples", {}).items():
                value = example["value"]
                saved.append(
                    {
                        "name": f"{status} {example.get('summary', name)}",
                        "originalRequest": asked,
                        "status": HTTPStatus(int(status)).phrase,
                        "code": int(status),
                        "_postman_previewlanguage": "json" if media_type == "application/json" else "text",
                        "header": [{"key": "Content-Type", "value": media_type}],
                        "body": value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False),
                    }
                )
    return saved
