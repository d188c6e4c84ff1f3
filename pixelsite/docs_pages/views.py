"""`/docs/` and what is below it. Public, the same for everybody but for the header."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, conditional_page, require_safe

from pixelsite.docs_pages import collection, pages
from pixelsite.docs_pages.contents import SECTIONS

# The same for everybody, and small: caches may keep it for an hour, and then ask whether it has changed.
_shared = cache_control(public=True, max_age=3600)
# The header shows who is signed in: a browser may keep its own copy, and asks each time whether it still holds.
_own = cache_control(private=True, no_cache=True)


def _page_context(request: HttpRequest) -> dict[str, Any]:
    return {"sections": SECTIONS, "canonical": settings.SITE_URL + request.path}


@require_safe
@_own
@conditional_page
def index(request: HttpRequest) -> HttpResponse:
    """The first page: a card for each page."""
    return render(request, "docs/index.html", _page_context(request))


@require_safe
@_own
@conditional_page
def page(request: HttpRequest, name: str) -> HttpResponse:
    """One page of `docs/`."""
    if name.endswith("/") and name.rstrip("/") in pages.known_pages():
        return redirect("docs_page", name=name.rstrip("/"), permanent=True)
    found = pages.find_page(name)
    if found is None:
        raise Http404
    context = _page_context(request) | {
        "page": found,
        "name": name,
        "section": pages.section_of(name),
        "neighbours": pages.neighbours_of(name),
        "contents": [heading for heading in found.headings if heading.level in (2, 3)],
    }
    return render(request, "docs/page.html", context)


@require_safe
@_shared
def picture(request: HttpRequest, name: str) -> HttpResponseBase:
    """An image of a page."""
    file = pages.known_pictures().get(name)
    if file is None:
        raise Http404
    body = file.read_bytes()
    answer = get_conditional_response(request, etag=_etag(body)) or HttpResponse(
        body, content_type=pages.picture_type(file)
    )
    answer["ETag"] = _etag(body)
    return answer


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@lru_cache(maxsize=1)
def _search_body() -> bytes:
    return json.dumps(pages.search_index(), ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=1)
def _collection_body() -> bytes:
    return collection.as_json(collection.current()).encode()


@require_safe
@_shared
@condition(etag_func=lambda request: _etag(_search_body()))
def search(request: HttpRequest) -> HttpResponse:
    """What the filter in the sidebar looks through."""
    return HttpResponse(_search_body(), content_type="application/json")


@require_safe
@_shared
@condition(etag_func=lambda request: _etag(_collection_body()))
def collection_file(request: HttpRequest) -> HttpResponse:
    """The API as a Postman collection, which Bruno and Insomnia import as well."""
    return HttpResponse(
        _collection_body(),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="pixelsite.postman_collection.json"'},
    )
