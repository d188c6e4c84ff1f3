from django.db import migrations, models

from pixelsite.lib.migrations import AddIndexWithoutLocking


class Migration(migrations.Migration):
    """On PostgreSQL it is built beside the running site, which cannot happen inside a transaction."""

    atomic = False

    dependencies = [("jobs", "0011_batches")]

    operations = [
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)), fields=["batch", "batch_index"], name="job_by_batch"
            ),
        ),
    ]
