from django.db import migrations, models

from pixelsite.lib.migrations import AddIndexWithoutLocking


class Migration(migrations.Migration):
    """On PostgreSQL it is built beside the running site, which cannot happen inside a transaction."""

    atomic = False

    dependencies = [("billing", "0005_what_was_told")]

    operations = [
        AddIndexWithoutLocking(
            model_name="ledgerentry",
            index=models.Index(fields=["wallet", "created_at"], name="entry_by_time"),
        ),
    ]
