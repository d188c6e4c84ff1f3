"""A real site that signs in with a real OpenID Connect provider, both on loopback."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.accounts.browser import Browser, GoogleSite
from tests.servers.oidc import running_oidc
from tests.servers.oidc_tokens import Person
from tests.servers.processes import free_port
from tests.servers.site import running_site

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def _google_site(pytestconfig: pytest.Config) -> Iterator[GoogleSite]:
    port = free_port()
    with running_oidc() as google:
        google.redirect_uris.add(f"http://127.0.0.1:{port}/accounts/google/login/callback/")
        # All sign-ins of the session come from one address.
        unlimited = {"PIXELSITE_SIGN_INS_PER_MINUTE": "1000000"}
        with running_site(root=pytestconfig.rootpath, port=port, **google.environment, **unlimited) as site:
            yield GoogleSite(site=site, google=google)


@pytest.fixture
def google_site(_google_site: GoogleSite) -> GoogleSite:
    """The site of the whole session, with a provider that behaves."""
    google = _google_site.google
    google.people.clear()
    google.authorizations.clear()
    google.auto_approve, google.is_denied, google.fault = True, False, None
    return _google_site


@pytest.fixture
def new_person() -> Callable[..., Person]:
    """Make up someone the site has never seen."""

    def make(*, email_verified: bool = True) -> Person:
        number = next(_numbers)
        return Person(
            sub=f"10000000000000000{number:04}",
            email=f"person-{number}@example.com",
            name=f"Person {number}",
            email_verified=email_verified,
        )

    return make


@pytest.fixture
def person(new_person: Callable[..., Person]) -> Person:
    return new_person()


@pytest.fixture
def browser(google_site: GoogleSite) -> Iterator[Browser]:
    with Browser(google_site) as browser:
        yield browser


@pytest.fixture
def other_browser(google_site: GoogleSite) -> Iterator[Browser]:
    with Browser(google_site) as browser:
        yield browser
