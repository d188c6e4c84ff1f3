"""Requests that work as printed."""

from __future__ import annotations


def curl_example(*, site: str, key: str = "$PIXELSITE_KEY") -> str:
    """A submission, given a photo and a mask."""
    return (
        f'curl -X POST {site}/v1/image/remove-object \\\n  -H "Authorization: Bearer {key}" \\\n'
        "  -F image=@photo.jpg -F mask=@mask.png"
    )
