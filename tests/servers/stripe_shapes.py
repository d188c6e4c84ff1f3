"""Stripe's objects as its API of the pinned version tells them: the fields that are ever looked at, with their names."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

Record = dict[str, Any]

_WHERE_IDS_ARE = {
    "customer": "cus", "price": "price", "subscription": "sub", "subscription_item": "si", "invoice": "in",
    "line_item": "il", "checkout.session": "cs_test", "payment_intent": "pi", "payment_method": "pm", "charge": "ch",
    "refund": "re", "dispute": "dp", "event": "evt", "invoice_payment": "inpay", "billing_portal.session": "bps",
}  # fmt: skip


def prefix_of(kind: str) -> str:
    return _WHERE_IDS_ARE[kind]


def months_later(anchor: int, months: int) -> int:
    """The moment so many months after `anchor`, on its day or the month's last, as Stripe counts."""
    at = datetime.fromtimestamp(anchor, tz=UTC)
    count = at.month - 1 + months
    year, month = at.year + count // 12, count % 12 + 1
    day = min(at.day, calendar.monthrange(year, month)[1])
    return int(at.replace(year=year, month=month, day=day).timestamp())


def nested(text: str) -> Record:
    """`items[0][price]=p` as `{"items": ["p"…]}`: the way Stripe's libraries write parameters."""
    tree: Record = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, _, rest = name.partition("[")
        keys = [first, *(part.rstrip("]") for part in rest.split("[") if rest)]
        place = tree
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return {key: _with_lists(value) for key, value in tree.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _with_lists(one) for key, one in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def listing(data: list[Record], *, url: str, has_more: bool = False) -> Record:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def line(*, price: Record, amount: int, start: int, end: int, item: str, proration: bool, quantity: int = 1) -> Record:
    return {
        "object": "line_item",
        "amount": amount,
        "subtotal": amount,
        "currency": price["currency"],
        "description": f"{'Remaining time on ' if proration else ''}{price['id']}",
        "quantity": quantity,
        "period": {"start": start, "end": end},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "parent": {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {"proration": proration, "subscription_item": item, "invoice_item": None},
        },
    }


def invoice(*, customer: str, subscription: str | None, lines: list[Record], created: int, reason: str) -> Record:
    total = sum(one["amount"] for one in lines)
    return {
        "object": "invoice",
        "customer": customer,
        "parent": {
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"subscription": subscription, "metadata": {}},
        }
        if subscription
        else None,
        "status": "draft",
        "billing_reason": reason,
        "currency": lines[0]["currency"],
        "total": total,
        "subtotal": total,
        "amount_due": max(0, total),
        "amount_paid": 0,
        "amount_remaining": max(0, total),
        "created": created,
        "period_start": lines[0]["period"]["start"],
        "period_end": lines[0]["period"]["end"],
        "number": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "attempt_count": 0,
        "attempted": False,
        "next_payment_attempt": None,
        "livemode": False,
        "lines": listing(lines, url="/v1/invoices/lines"),
    }


def price(*, id: str, unit_amount: int, currency: str, interval: str | None) -> Record:  # noqa: A002  # Stripe's word
    return {
        "id": id,
        "object": "price",
        "active": True,
        "currency": currency,
        "unit_amount": unit_amount,
        "product": f"prod_{id}",
        "type": "recurring" if interval else "one_time",
        "recurring": {"interval": interval, "interval_count": 1, "usage_type": "licensed"} if interval else None,
        "livemode": False,
        "metadata": {},
    }


def payment_intent(*, customer: str, amount: int, currency: str, created: int, metadata: Record) -> Record:
    return {
        "object": "payment_intent",
        "customer": customer,
        "amount": amount,
        "amount_received": 0,
        "currency": currency,
        "created": created,
        "status": "requires_payment_method",
        "latest_charge": None,
        "last_payment_error": None,
        "metadata": metadata,
        "livemode": False,
    }


def charge(*, payment: Record, created: int) -> Record:
    return {
        "object": "charge",
        "customer": payment["customer"],
        "payment_intent": payment["id"],
        "amount": payment["amount"],
        "amount_captured": payment["amount"],
        "amount_refunded": 0,
        "currency": payment["currency"],
        "captured": True,
        "paid": True,
        "refunded": False,
        "disputed": False,
        "status": "succeeded",
        "created": created,
        "livemode": False,
        "metadata": {},
    }


def subscription(*, customer: str, price: Record, item: str, start: int) -> Record:
    return {
        "object": "subscription",
        "customer": customer,
        "status": "incomplete",
        "billing_cycle_anchor": start,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "collection_method": "charge_automatically",
        "currency": price["currency"],
        "created": start,
        "start_date": start,
        "latest_invoice": None,
        "pending_update": None,
        "livemode": False,
        "metadata": {},
        "items": listing(
            [
                {
                    "id": item,
                    "object": "subscription_item",
                    "price": price,
                    "quantity": 1,
                    "current_period_start": start,
                    "current_period_end": months_later(start, 1),
                    "created": start,
                    "metadata": {},
                }
            ],
            url="/v1/subscription_items",
        ),
    }


def session(*, params: Record, created: int, items: list[Record]) -> Record:
    return {
        "object": "checkout.session",
        "customer": params["customer"],
        "mode": params["mode"],
        "status": "open",
        "payment_status": "unpaid",
        "payment_intent": None,
        "subscription": None,
        "invoice": None,
        "metadata": params.get("metadata", {}),
        "created": created,
        "expires_at": created + 86_400,
        "success_url": params["success_url"],
        "cancel_url": params["cancel_url"],
        "amount_total": sum(one["price"]["unit_amount"] * one["quantity"] for one in items),
        "currency": items[0]["price"]["currency"],
        "livemode": False,
        "line_items": listing(items, url="/v1/checkout/sessions/line_items"),
    }
