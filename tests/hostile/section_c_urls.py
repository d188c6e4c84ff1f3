"""C. Addresses of images, masks and webhooks. What it takes a server or a name server to show is in test_fetch.py."""

from __future__ import annotations

from itertools import cycle

from tests.hostile.addresses import ADDRESSES
from tests.hostile.cases import Case, Send, form, refused
from tests.jobs.conftest import mask, photo, upload

_FORMS: dict[str, dict[str, object]] = {
    "image_url": {"mask": lambda: upload(mask())},
    "mask_url": {"image": lambda: upload(photo())},
    "webhook_url": {"image": lambda: upload(photo()), "bbox": "2,2,9,9"},
}


def _sent_as(param: str, url: str) -> Send:
    return form(**_FORMS[param], **{param: url})


def _case(number: int, url: str, code: str, param: str) -> Case:
    shown = ascii(url[:60])[1:-1]
    return refused(f"C{number} {shown} as {param}", _sent_as(param, url), 422, code, param)


# Each address goes through one of the three parameters; test_fetch.py sends all of them through both functions.
CASES = [
    *(
        _case(*address, param)
        for address, param in zip(ADDRESSES, cycle(_FORMS), strict=False)
        if len(address[1]) < 2048
    ),
    *(_case(*address, "image_url") for address in ADDRESSES if len(address[1]) >= 2048),
    *(_case(87, "http://127.0.0.1:80/", "url_not_allowed", param) for param in _FORMS),
    _case(112, "http://hooks.example.com/", "https_required", "webhook_url"),
]
