import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from billing import triggers


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_triggers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # SQLite builds a table anew for a column, and drops its triggers with the old one.
        migrations.RunPython(remove, install),
        migrations.CreateModel(
            name="AutomaticTopUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("price_cents", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "Asked of Stripe"), ("paid", "Paid"), ("failed", "Failed")],
                        default="asked",
                        max_length=8,
                    ),
                ),
                ("payment_intent", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Debt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        help_text="What took the credits back: a refund, a dispute.", max_length=120, unique=True
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("remaining", models.BigIntegerField()),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Pack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=40)),
                ("position", models.PositiveSmallIntegerField(help_text="Order on the pricing page.")),
                ("price_cents", models.PositiveIntegerField(verbose_name="price, US cents")),
                ("credits", models.PositiveIntegerField()),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="SpendingRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "low_balance_credits",
                    models.PositiveIntegerField(
                        blank=True, help_text="Mail once when fewer are left. Empty: no mail.", null=True
                    ),
                ),
                (
                    "monthly_budget_credits",
                    models.PositiveIntegerField(
                        blank=True, help_text="Tell at 80 % and 100 % of it; it stops nothing.", null=True
                    ),
                ),
                ("top_up_below_credits", models.PositiveIntegerField(blank=True, null=True)),
                ("top_up_monthly_cents_max", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "top_up_stopped_reason",
                    models.CharField(blank=True, help_text="Why it was turned off by itself.", max_length=200),
                ),
            ],
            options={
                "verbose_name_plural": "spending rules",
            },
        ),
        migrations.CreateModel(
            name="StripeEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stripe_id", models.CharField(max_length=255, unique=True)),
                ("kind", models.CharField(max_length=100)),
                ("payload", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Waits"),
                            ("handled", "Handled"),
                            ("ignored", "Nothing to do"),
                            ("parked", "For an operator to look at"),
                            ("failed", "Failed; is tried again"),
                        ],
                        default="received",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "try_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When it is tried again, if it waits."
                    ),
                ),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-received_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stripe_id", models.CharField(max_length=64, unique=True)),
                ("status", models.CharField(help_text="Stripe's word: active, past_due, canceled, …", max_length=24)),
                ("period_start", models.DateTimeField(blank=True, null=True)),
                ("period_end", models.DateTimeField(blank=True, null=True)),
                ("cancel_at_period_end", models.BooleanField(default=False)),
                ("past_due_since", models.DateTimeField(blank=True, null=True)),
                ("read_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="wallet",
            name="given_plan",
            field=models.ForeignKey(
                blank=True,
                help_text="Given by an operator; holds while no subscription is paid.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.plan",
            ),
        ),
        migrations.AddField(
            model_name="wallet",
            name="months_granted_until",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="End of the last month whose credits we gave ourselves.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="wallet",
            name="stripe_customer",
            field=models.CharField(blank=True, max_length=64, null=True, unique=True),
        ),
        migrations.AddField(
            model_name="automatictopup",
            name="wallet",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="automatic_top_ups", to="billing.wallet"
            ),
        ),
        migrations.AddField(
            model_name="debt",
            name="wallet",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="debts", to="billing.wallet"
            ),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.CheckConstraint(
                condition=models.Q(("price_cents__gte", 50)), name="pack_costs_what_stripe_takes"
            ),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.CheckConstraint(condition=models.Q(("credits__gte", 1)), name="pack_holds_credits"),
        ),
        migrations.AddField(
            model_name="automatictopup",
            name="pack",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.pack"),
        ),
        migrations.AddField(
            model_name="spendingrules",
            name="top_up_pack",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.pack"
            ),
        ),
        migrations.AddField(
            model_name="spendingrules",
            name="wallet",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="rules", to="billing.wallet"
            ),
        ),
        migrations.AddIndex(
            model_name="stripeevent",
            index=models.Index(
                condition=models.Q(("state__in", ("received", "failed"))), fields=["try_at"], name="stripe_event_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="stripeevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["received", "handled", "ignored", "parked", "failed"])),
                name="stripe_event_state_known",
            ),
        ),
        migrations.AddField(
            model_name="subscription",
            name="paid_plan",
            field=models.ForeignKey(
                blank=True,
                help_text="What has been paid until the end of the period: its limits hold.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.plan",
            ),
        ),
        migrations.AddField(
            model_name="subscription",
            name="plan",
            field=models.ForeignKey(
                help_text="What the next invoice bills.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.plan",
            ),
        ),
        migrations.AddField(
            model_name="subscription",
            name="wallet",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="subscriptions", to="billing.wallet"
            ),
        ),
        migrations.AddIndex(
            model_name="debt",
            index=models.Index(condition=models.Q(("remaining__gt", 0)), fields=["wallet"], name="debt_open"),
        ),
        migrations.AddConstraint(
            model_name="debt",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="debt_amount_positive"),
        ),
        migrations.AddConstraint(
            model_name="debt",
            constraint=models.CheckConstraint(
                condition=models.Q(("remaining__gte", 0), ("remaining__lte", models.F("amount"))),
                name="debt_remaining_within_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="automatictopup",
            index=models.Index(fields=["wallet", "created_at"], name="top_up_by_wallet"),
        ),
        migrations.AddConstraint(
            model_name="automatictopup",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "asked")), fields=("wallet",), name="one_top_up_under_way"
            ),
        ),
        migrations.AddConstraint(
            model_name="spendingrules",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("top_up_pack__isnull", True),
                    models.Q(("top_up_below_credits__isnull", False), ("top_up_monthly_cents_max__isnull", False)),
                    _connector="OR",
                ),
                name="top_up_has_a_threshold_and_a_ceiling",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["past_due_since"], name="subscription_past_due"),
        ),
        migrations.RunPython(install, remove),
    ]
