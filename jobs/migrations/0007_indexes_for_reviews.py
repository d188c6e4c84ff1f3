from django.db import migrations, models

from pixelsite.lib.migrations import AddIndexWithoutLocking


class Migration(migrations.Migration):
    """On PostgreSQL these are built beside the running site, which cannot happen inside a transaction."""

    atomic = False

    dependencies = [("jobs", "0006_targets_and_verdicts")]

    operations = [
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status", "blocked")), fields=["user", "ended_at"], name="job_blocked"
            ),
        ),
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(condition=models.Q(("review", "released")), fields=["user"], name="job_released"),
        ),
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("review__in", ("wanted", "appealed"))), fields=["review"], name="job_to_look_at"
            ),
        ),
    ]
