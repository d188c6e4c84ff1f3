"""Results that say how they came about: IPTC's digital source type in the XMP of every format."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from inference.codecs.origin import with_source_type
from inference.engines.exemplar import ExemplarEngine
from inference.pipeline import RemovalRequest, run
from inference.safety import NoFilter
from tests import photos

TERM = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="uuid:7" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/x"'
    b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    b' Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def _removed(image: bytes, **options: object) -> bytes:
    request = RemovalRequest(image=image, mask_png=photos.sample_mask(), **options)  # type: ignore[arg-type]
    return run(request, engines=[ExemplarEngine()], safety=NoFilter(), on_progress=lambda *_: None).data


def _encoded(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    if kind == "PNG" and "xmp" in options:
        options["pnginfo"] = chunks = PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", str(options.pop("xmp"), "utf-8"))  # type: ignore[call-overload]
    Image.fromarray(photos.with_object()).save(buffer, kind, **options)
    return buffer.getvalue()


def _source_types(data: bytes) -> list[str]:
    xmp = Image.open(io.BytesIO(data)).info.get("xmp") or b""
    return re.findall(r'DigitalSourceType="([^"]*)"', xmp.decode())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_result_says_so_in_every_format(kind: str) -> None:
    assert _source_types(_removed(_encoded(kind), says_origin=True)) == [TERM]


def test_a_result_says_nothing_unless_it_is_set() -> None:
    assert _source_types(_removed(_encoded("JPEG"))) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_the_packet_said_before_stays_but_for_another_source_type(kind: str) -> None:
    data = _removed(_encoded(kind, xmp=XMP), says_origin=True)

    packet = Image.open(io.BytesIO(data)).info["xmp"]
    assert b'dc:format="image/x"' in packet
    assert _source_types(data) == [TERM]
    assert packet.count(b'rdf:about="uuid:7"') == 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_it_is_said_even_where_all_else_is_stripped(kind: str) -> None:
    data = _removed(_encoded(kind, xmp=XMP), says_origin=True, metadata_policy="strip")

    assert _source_types(data) == [TERM]
    assert b"dc:format" not in Image.open(io.BytesIO(data)).info["xmp"]


@given(st.one_of(st.binary(max_size=300), st.text(alphabet="<>/=\"' Iptc4xmpExt:DigitalSourceTyperdf", max_size=200)))
def test_any_packet_says_it_once_and_saying_it_again_changes_nothing(junk: bytes | str) -> None:
    packet = junk if isinstance(junk, bytes) else junk.encode()

    said = with_source_type(packet + b"</rdf:RDF>", "algorithmicallyEnhanced")

    assert said.count(TERM.encode()) == 1
    assert with_source_type(said, "algorithmicallyEnhanced").count(TERM.encode()) == 1
