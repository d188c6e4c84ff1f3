from django.db import migrations, models

from pixelsite.lib.migrations import AddIndexWithoutLocking


class Migration(migrations.Migration):
    """On PostgreSQL this is built beside the running site, which cannot happen inside a transaction."""

    atomic = False

    dependencies = [("billing", "0003_stripe_packs_debts_rules")]

    operations = [
        AddIndexWithoutLocking(
            model_name="wallet",
            index=models.Index(fields=["months_granted_until"], name="wallet_month_due"),
        ),
    ]
