from django.db import migrations, models

from pixelsite.lib.migrations import AddIndexWithoutLocking


class Migration(migrations.Migration):
    """On PostgreSQL it is built beside the running site, which cannot happen inside a transaction."""

    atomic = False

    dependencies = [("jobs", "0012_index_for_batches")]

    operations = [
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)), fields=["-ended_at"], name="job_by_end"
            ),
        ),
    ]
