"""What a file says of how its picture came about: IPTC's digital source type, in its XMP packet.

IPTC Photo Metadata Standard 2023.1; terms of https://cv.iptc.org/newscodes/digitalsourcetype/.
"""

from __future__ import annotations

import re
from typing import Literal

SourceType = Literal["compositeWithTrainedAlgorithmicMedia", "algorithmicallyEnhanced"]
"""A photo with parts that a trained model has made, or with parts that an algorithm without training has altered."""

_TERMS = b"http://cv.iptc.org/newscodes/digitalsourcetype/"
_NAMESPACE = b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PACKET = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
_END = b"</rdf:RDF>"
# Each passes over a packet once, whatever is in it.
_SAID_BEFORE = (
    re.compile(rb"(?<!\s)\s++Iptc4xmpExt:DigitalSourceType\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+')"),
    re.compile(rb"<Iptc4xmpExt:DigitalSourceType\b[^<>]*+(?:/>|>[^<]*+</Iptc4xmpExt:DigitalSourceType\s*+>)"),
)
_SUBJECT = re.compile(rb"<rdf:Description\b[^<>]*?\brdf:about\s*=\s*(\"[^\"<>]*+\"|'[^'<>]*+')")


def with_source_type(xmp: bytes | None, source_type: SourceType) -> bytes:
    """Return an XMP packet that says so, and all that it said before but another source type.

    Without a packet, or with one that has no end, a new one is made.
    """
    if xmp is None or _END not in xmp:
        xmp = _PACKET
    for said in _SAID_BEFORE:
        xmp = said.sub(b"", xmp)
    about = _SUBJECT.search(xmp)
    head, end, tail = xmp.rpartition(_END)
    said_now = (
        b"<rdf:Description rdf:about=" + (about[1] if about else b'""') + b' xmlns:Iptc4xmpExt="' + _NAMESPACE + b'"'
        b' Iptc4xmpExt:DigitalSourceType="' + _TERMS + source_type.encode() + b'"/>'
    )  # fmt: skip
    return head + said_now + end + tail
