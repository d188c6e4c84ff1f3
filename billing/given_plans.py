"""A plan that an operator gives to an account, with a reason. It holds while no subscription is paid."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from accounts import audit
from accounts.models import AuditKind, User
from billing.models import Plan, Wallet
from billing.operator_limits import check_not_own
from billing.subscriptions import settle_plan


@transaction.atomic
def give_plan(
    *, wallet: Wallet, plan: Plan | None, actor: User, reason: str, request: HttpRequest | None = None
) -> Plan:
    """Give an account a plan, or with None take the given one back. Returns the plan that holds now.

    Its monthly credits come with the account's next month. Raises `OwnAccount`.
    """
    check_not_own(actor=actor, wallet=wallet)
    locked = Wallet.objects.select_for_update().get(pk=wallet.pk)
    locked.given_plan = plan
    locked.save(update_fields=["given_plan"])
    holds = settle_plan(wallet=locked)
    audit.note(
        AuditKind.PLAN_GIVEN,
        user=locked.user,
        actor=actor,
        about=f"{plan} given" if plan else "given plan taken back",
        reason=reason,
        request=request,
    )
    return holds
