from django.db import migrations, models

from pixelsite.lib.migrations import AddIndexWithoutLocking


class Migration(migrations.Migration):
    """On PostgreSQL these are built beside the running site, which cannot happen inside a transaction."""

    atomic = False

    dependencies = [("jobs", "0008_sandbox")]

    operations = [
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("api_key__isnull", False)), fields=["api_key", "created_at"], name="job_by_key"
            ),
        ),
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("is_sandbox", True)), fields=["user", "created_at"], name="job_sandbox"
            ),
        ),
    ]
