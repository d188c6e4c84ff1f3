"""ID tokens as an OpenID Connect provider signs them, and as it never should."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

TOKEN_LIFETIME_S = 3600


@dataclass(frozen=True)
class Person:
    """Someone with an account at the provider."""

    sub: str
    email: str
    name: str
    email_verified: bool = True

    @property
    def claims(self) -> dict[str, Any]:
        """What the provider says about this person."""
        return {
            "sub": self.sub,
            "email": self.email,
            "email_verified": self.email_verified,
            "name": self.name,
        }


class Fault(Enum):
    """What is wrong with the next ID tokens."""

    WRONG_AUDIENCE = "issued to another client"
    AUDIENCE_LIST = "issued to us and another client together"
    WRONG_PARTY = "azp names another client"
    WRONG_ISSUER = "issued by someone else"
    EXPIRED = "expired an hour ago"
    FROM_THE_FUTURE = "issued in an hour"
    ALG_NONE = "not signed at all"
    HS256 = "signed with the public key as if it were a shared secret"
    FOREIGN_KEY = "signed with another key under the same key id"
    UNKNOWN_KEY = "signed with a key that is not published"
    WRONG_NONCE = "made for another sign-in"
    NO_NONCE = "without a nonce"
    NO_SUBJECT = "without a subject"
    NO_ID_TOKEN = "no ID token, only an access token"
    NOT_A_TOKEN = "a word where the token should be"


def new_key(key_id: str) -> RSAKey:
    """A signing key, fresh and private."""
    return RSAKey.generate_key(2048, {"kid": key_id, "use": "sig", "alg": "RS256"})


def id_claims(*, person: Person, issuer: str, client_id: str, nonce: str | None, now: float) -> dict[str, Any]:
    """The claims of a right ID token."""
    claims = {
        "iss": issuer,
        "aud": client_id,
        "azp": client_id,
        "iat": int(now),
        "exp": int(now) + TOKEN_LIFETIME_S,
        **person.claims,
    }
    return claims if nonce is None else claims | {"nonce": nonce}


def sign(claims: dict[str, Any], *, key: RSAKey, fault: Fault | None) -> str:
    """The token of these claims, with the chosen fault in it."""
    claims = _spoiled(claims, fault)
    header = {"alg": "RS256", "typ": "JWT", "kid": str(key.kid)}
    match fault:
        case Fault.NOT_A_TOKEN:
            return "token"
        case Fault.ALG_NONE:
            return f"{_encoded(header | {'alg': 'none'})}.{_encoded(claims)}."
        case Fault.HS256:
            signed = f"{_encoded(header | {'alg': 'HS256'})}.{_encoded(claims)}"
            mac = hmac.new(key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
            return f"{signed}.{base64url(mac)}"
        case Fault.FOREIGN_KEY:
            return jwt.encode(header, claims, new_key(str(key.kid)))
        case Fault.UNKNOWN_KEY:
            stranger = new_key("not-published")
            return jwt.encode(header | {"kid": str(stranger.kid)}, claims, stranger)
        case _:
            return jwt.encode(header, claims, key)


def _spoiled(claims: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    """The claims with a wrong value where the fault wants one."""
    match fault:
        case Fault.WRONG_AUDIENCE:
            return claims | {"aud": "another-client.apps.example"}
        case Fault.AUDIENCE_LIST:
            return claims | {"aud": [claims["aud"], "another-client.apps.example"]}
        case Fault.WRONG_PARTY:
            return claims | {"azp": "another-client.apps.example"}
        case Fault.WRONG_ISSUER:
            return claims | {"iss": "https://issuer.example"}
        case Fault.EXPIRED:
            return claims | {"iat": claims["iat"] - 7200, "exp": claims["exp"] - 7200}
        case Fault.FROM_THE_FUTURE:
            return claims | {"iat": claims["iat"] + 3600, "exp": claims["exp"] + 3600}
        case Fault.WRONG_NONCE:
            return claims | {"nonce": secrets.token_urlsafe(16)}
        case Fault.NO_NONCE:
            return {name: value for name, value in claims.items() if name != "nonce"}
        case Fault.NO_SUBJECT:
            return {name: value for name, value in claims.items() if name != "sub"}
        case _:
            return claims


def challenge_of(code_verifier: str) -> str:
    """The S256 code challenge of a PKCE verifier (RFC 7636)."""
    return base64url(hashlib.sha256(code_verifier.encode()).digest())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _encoded(part: dict[str, Any]) -> str:
    return base64url(json.dumps(part).encode())
