"""A pack that buys itself when credits run low: one at a time, never over the month's ceiling, off at the first refusal.

The row is written first and the card charged from it, so that a crash between the two neither loses a payment nor makes
a second one. Credits come as for any other payment: when Stripe says that it is paid.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import letters
from billing import ledger, stripe_client, top_ups
from billing import stripe_gateway as gateway
from billing.models import AutomaticTopUp, Pack, SpendingRules, Wallet
from billing.periods import calendar_month
from billing.prices import price_of
from billing.stripe_objects import PaymentState
from pixelsite.lib.errors import PixelsiteError

State = AutomaticTopUp.State
_ASK_AGAIN_AFTER = timedelta(minutes=1)


class NoSavedCard(PixelsiteError):
    """There is no saved card to charge. Buy a pack or a plan once; its card is kept at Stripe."""

    code = "no_saved_card"
    status = 409


class CeilingTooLow(PixelsiteError):
    """The monthly ceiling is below the price of the pack, so nothing could ever be bought. Raise it."""

    code = "ceiling_too_low"
    status = 422


@transaction.atomic
def turn_on(*, wallet: Wallet, pack: Pack, below_credits: int, monthly_cents_max: int) -> SpendingRules:
    """Buy `pack` whenever fewer than `below_credits` are left. The caller has seen that there is a card."""
    if monthly_cents_max < pack.price_cents:
        raise CeilingTooLow(param="monthly_ceiling")
    rules, _ = SpendingRules.objects.update_or_create(
        wallet=wallet,
        defaults={
            "top_up_pack": pack,
            "top_up_below_credits": below_credits,
            "top_up_monthly_cents_max": monthly_cents_max,
            "top_up_stopped_reason": "",
        },
    )
    return rules


def turn_off(*, wallet: Wallet) -> None:
    SpendingRules.objects.filter(wallet=wallet).update(top_up_pack=None, top_up_stopped_reason="")


def has_saved_card(wallet: Wallet) -> bool:
    return bool(wallet.stripe_customer and gateway.saved_card(customer=wallet.stripe_customer))


def top_up_low_wallets(*, now: datetime | None = None, limit: int = 50) -> int:
    """Buy for accounts that ask for it, and ask again where no answer came. Returns how many were charged.

    Stops at a Stripe that is away: the others would wait for nothing.
    """
    if not stripe_client.is_on():
        return 0
    now = now or timezone.now()
    try:
        for row in _unanswered(now)[:limit]:
            _charge(row, now=now)
        low = list(_low(now).select_related("wallet")[:limit])
        return sum(top_up_if_low(rules.wallet, now=now) for rules in low)
    except stripe_client.StripeUnavailable:
        return 0


def top_up_if_low(wallet: Wallet, *, now: datetime | None = None) -> bool:
    """Charge the card for one pack if the account's rules ask for it. Returns whether it was charged."""
    now = now or timezone.now()
    row = _begin(wallet, now=now)
    return row is not None and _charge(row, now=now)


def record_payment(payment: PaymentState) -> bool:
    """Take over what Stripe says of a payment of ours. Returns whether it is an automatic top-up."""
    row = AutomaticTopUp.objects.select_related("wallet__user", "pack").filter(pk=_number(payment.top_up)).first()
    if row is None or row.wallet.stripe_customer != payment.customer:
        return False
    if payment.is_paid:
        with transaction.atomic():
            AutomaticTopUp.objects.filter(pk=row.pk).update(state=State.PAID, payment_intent=payment.id)
            top_ups.grant_payment(payment, wallet=row.wallet, pack=row.pack)
    elif payment.status in ("requires_payment_method", "requires_action", "canceled"):
        _fail(row, payment.failure or "the bank wants you to confirm the payment", payment_intent=payment.id)
    return True


def spent_cents(wallet: Wallet, *, now: datetime) -> int:
    """What automatic top-ups of this calendar month (UTC) cost, those under way among them."""
    rows = _this_month(now).filter(wallet=wallet)
    return sum(rows.values_list("price_cents", flat=True))


@transaction.atomic
def _begin(wallet: Wallet, *, now: datetime) -> AutomaticTopUp | None:
    """The row of a purchase, if the rules ask for one and allow it."""
    locked = Wallet.objects.select_for_update().get(pk=wallet.pk)
    rules = SpendingRules.objects.select_related("top_up_pack").filter(wallet=locked).first()
    if rules is None or rules.top_up_pack is None or rules.top_up_stopped_reason:
        return None
    pack = rules.top_up_pack
    if ledger.available_credits(locked, now=now) >= (rules.top_up_below_credits or 0):
        return None
    if spent_cents(locked, now=now) + pack.price_cents > (rules.top_up_monthly_cents_max or 0):
        return None
    try:
        with transaction.atomic():
            return AutomaticTopUp.objects.create(wallet=locked, pack=pack, price_cents=pack.price_cents, created_at=now)
    except IntegrityError:  # one is under way
        return None


def _charge(row: AutomaticTopUp, *, now: datetime) -> bool:
    """Ask Stripe for the payment of a row. Asking twice charges once."""
    customer = row.wallet.stripe_customer or ""
    asked_before = now - row.created_at > _ASK_AGAIN_AFTER
    known = _find_payment(row, customer) if asked_before and customer else None
    if known is None:
        try:
            known = _pay(row, customer)
        except (stripe_client.PaymentDeclined, NoSavedCard) as refusal:
            _fail(row, refusal.message)
            return False
        except (stripe_client.StripeRefused, top_ups.PackNotSold):
            _fail(row, "the payment could not be made")
            return False
    AutomaticTopUp.objects.filter(pk=row.pk, payment_intent="").update(payment_intent=known.id)
    if not known.is_paid:
        record_payment(known)
    return known.is_paid


def _pay(row: AutomaticTopUp, customer: str) -> PaymentState:
    price_id = price_of(row.pack.slug)
    if price_id is None:
        raise top_ups.PackNotSold
    card = gateway.saved_card(customer=customer) if customer else None
    if card is None:
        raise NoSavedCard
    price = gateway.price(price_id)
    if price.unit.amount > row.price_cents:
        # The ceiling was reckoned with the price of our row.
        raise top_ups.PackNotSold
    return gateway.charge_saved_card(
        customer=customer,
        card=card,
        price=price,
        metadata={"pixelsite_top_up": str(row.pk), "pixelsite_pack": row.pack.slug},
        description=f"{row.pack.credits:,} credits (automatic top-up)",
        key=f"top-up-{row.pk}-{row.created_at.timestamp()}",
    )


def _find_payment(row: AutomaticTopUp, customer: str) -> PaymentState | None:
    """Stripe forgets idempotency keys after a day; what is written on a payment stays."""
    found = gateway.payments(since=row.created_at - timedelta(minutes=5), customer=customer)
    return next((payment for payment in found if payment.top_up == str(row.pk)), None)


@transaction.atomic
def _fail(row: AutomaticTopUp, why: str, *, payment_intent: str = "") -> None:
    """A refused payment turns automatic top-ups off, once, with the reason and a letter."""
    changed = AutomaticTopUp.objects.filter(pk=row.pk, state=State.ASKED).update(
        state=State.FAILED, payment_intent=payment_intent or row.payment_intent
    )
    if not changed:
        return
    SpendingRules.objects.filter(wallet=row.wallet).update(top_up_stopped_reason=why[:200])
    user = row.wallet.user
    if user.is_active:
        letters.write(
            address=user.email,
            kind="top_up_stopped",
            key=f"top_up_stopped:{row.pk}",
            context={"pack": row.pack.name, "why": why, "billing_url": f"{settings.SITE_URL}/billing/"},
        )


def _low(now: datetime) -> QuerySet[SpendingRules]:
    """Rules that ask for a purchase now. The ceiling is looked at here, or those at it would keep others from their turn."""
    spent = (
        _this_month(now).filter(wallet=OuterRef("wallet")).order_by().values("wallet").annotate(n=Sum("price_cents"))
    )
    under_way = AutomaticTopUp.objects.filter(state=State.ASKED).values("wallet_id")
    return (
        SpendingRules.objects.filter(
            top_up_pack__isnull=False,
            top_up_stopped_reason="",
            wallet__user__is_active=True,
            wallet__available__lt=F("top_up_below_credits"),
        )
        .exclude(wallet_id__in=under_way)
        .annotate(spent=Coalesce(Subquery(spent.values("n")), 0))
        .filter(top_up_monthly_cents_max__gte=F("spent") + F("top_up_pack__price_cents"))
        .order_by("pk")
    )


def _unanswered(now: datetime) -> QuerySet[AutomaticTopUp]:
    rows = AutomaticTopUp.objects.filter(
        Q(payment_intent=""), state=State.ASKED, created_at__lte=now - _ASK_AGAIN_AFTER
    )
    return rows.select_related("wallet__user", "pack").order_by("pk")


def _this_month(now: datetime) -> QuerySet[AutomaticTopUp]:
    month = calendar_month(now)
    return AutomaticTopUp.objects.filter(
        state__in=(State.ASKED, State.PAID), created_at__gte=month.start, created_at__lt=month.end
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
