"""Addresses that may never be fetched, by the catalogue's number, each with the code that refuses it."""

from __future__ import annotations

NOT_ALLOWED = "url_not_allowed"
INVALID = "url_invalid"
SCHEME = "url_scheme_not_allowed"
CREDENTIALS = "url_credentials"

_LABEL_OF_64 = "a" * 64
_HOST_OF_254 = ".".join(["a" * 49] * 5) + ".abcd"

_BY_NUMBER: dict[int, tuple[str, tuple[str, ...]]] = {
    87: (NOT_ALLOWED, ("http://127.0.0.1/", "http://localhost/", "http://localhost./", "http://a.localhost/")),
    88: (NOT_ALLOWED, ("http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/")),
    89: (NOT_ALLOWED, ("http://①②⑦.⓪.⓪.①/",)),
    90: (NOT_ALLOWED, ("http://0.0.0.0/", "http://[::]/", "http://[::1]/")),
    91: (NOT_ALLOWED, ("http://[::ffff:127.0.0.1]/", "http://[::127.0.0.1]/")),
    92: (NOT_ALLOWED, ("http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::1]/")),
    93: (NOT_ALLOWED, ("http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/")),
    94: (
        NOT_ALLOWED,
        (
            "http://[fec0::1]/",
            "http://[fe80::1%eth0]/",
            "http://[fe80::1%25eth0]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
        ),
    ),
    95: (
        NOT_ALLOWED,
        (
            "http://169.254.169.254/latest/meta-data/",
            "http://metadata.google.internal/computeMetadata/v1/",
            "http://METADATA.google.Internal./",
            "http://100.100.100.200/",
        ),
    ),
    96: (
        NOT_ALLOWED,
        tuple(
            f"http://{address}/"
            for address in (
                "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "100.64.0.1", "198.18.0.1", "192.0.0.1",
                "240.0.0.1", "255.255.255.255",
            )
        ),
    ),
    97: (NOT_ALLOWED, ("http://224.0.0.1/", "http://[ff02::1]/", "http://192.88.99.1/")),
    101: (
        SCHEME,
        (
            "file:///etc/passwd",
            "ftp://93.184.215.14/x",
            "gopher://93.184.215.14/",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "//93.184.215.14/x",
            "http:/93.184.215.14",
        ),
    ),
    102: (CREDENTIALS, ("http://user:pw@93.184.215.14/", "http://user@93.184.215.14/", "http://@93.184.215.14/")),
    103: (NOT_ALLOWED, tuple(f"http://93.184.215.14:{port}/" for port in (22, 25, 6379, 5432, 0, 65536))),
    104: (
        NOT_ALLOWED,
        (
            "http://good.example#@127.0.0.1/",
            "http://good.example\\@127.0.0.1/",
            "http://good.exa\tmple/",
            "http://good.example/\r\nX-Evil: 1",
        ),
    ),
    # What the site itself answers to: see ALLOWED_HOSTS of a test run.
    105: (NOT_ALLOWED, ("http://testserver/v1/files/x", "https://TESTSERVER./x.png")),
    106: (
        INVALID,
        (
            f"http://{_HOST_OF_254}/",
            f"http://{_LABEL_OF_64}.example/",
            "http://xn--.example/",
            "http://xn--99999999.example/",
            "http:///x",
            "http://a..example/",
            "http://[::1/",
            "http://good.exa mple/",
            "http://good.example/" + "x" * 5_000,
        ),
    ),
}  # fmt: skip

ADDRESSES: list[tuple[int, str, str]] = [
    (number, url, code) for number, (code, urls) in _BY_NUMBER.items() for url in urls
]
