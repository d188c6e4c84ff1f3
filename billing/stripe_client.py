"""How Stripe is reached, and what its refusals become: errors of our own, which say what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import stripe
from django.conf import settings

from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

_TIMEOUT_S = 10
_RETRIES = 2


class PaymentsOff(PixelsiteError):
    """Payments are not set up on this site. Ask whoever runs it."""

    code = "payments_off"
    status = 404


class StripeUnavailable(PixelsiteError):
    """Stripe does not answer at the moment. Try again in a minute; if you were paying, look at your invoices first."""

    code = "stripe_unavailable"
    status = 503
    retry_after_s = 60


class StripeRefused(PixelsiteError):
    """Stripe did not accept this. Nothing was charged. Reload the page and try again."""

    code = "stripe_refused"
    status = 502


class StripeObjectMissing(StripeRefused):
    """Stripe does not know this object (any more)."""

    code = "stripe_object_missing"
    status = 404


class PaymentDeclined(PixelsiteError):
    """The payment was declined. Use another card, or ask your bank."""

    code = "payment_declined"
    status = 402


def is_on() -> bool:
    return bool(settings.STRIPE_SECRET_KEY)


def is_live() -> bool:
    """Whether the key moves real money."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


def client() -> stripe.StripeClient:
    if not settings.STRIPE_SECRET_KEY:
        raise PaymentsOff
    return _client_of(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


@lru_cache(maxsize=4)
def _client_of(secret_key: str, base: str) -> stripe.StripeClient:
    # The API's version is the one that this release of the library was written for.
    return stripe.StripeClient(
        secret_key,
        base_addresses={"api": base},
        http_client=stripe.RequestsClient(timeout=_TIMEOUT_S),
        max_network_retries=_RETRIES,
    )


@contextmanager
def asking() -> Iterator[stripe.V1Services]:
    """Stripe's services; what they raise becomes ours. Messages of Stripe's own mistakes stay in the log."""
    try:
        yield client().v1
    except stripe.CardError as refusal:
        raise PaymentDeclined(refusal.user_message) from refusal
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as failure:
        logger.warning("Stripe does not answer: %s", type(failure).__name__)
        raise StripeUnavailable from failure
    except (stripe.AuthenticationError, stripe.PermissionError) as refusal:
        logger.critical("Stripe refuses our key: check STRIPE_SECRET_KEY and its permissions (%s)", refusal.request_id)
        raise StripeUnavailable from refusal
    except stripe.InvalidRequestError as refusal:
        if refusal.code == "resource_missing":
            raise StripeObjectMissing(f"Stripe does not know {refusal.param or 'this object'}.") from refusal
        logger.warning("Stripe refused a request (%s, %s)", refusal.code, refusal.request_id)
        raise StripeRefused from refusal
    except stripe.StripeError as refusal:
        logger.warning("Stripe refused a request (%s, %s)", type(refusal).__name__, refusal.request_id)
        raise StripeRefused from refusal
