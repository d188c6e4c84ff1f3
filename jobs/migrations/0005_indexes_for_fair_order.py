from django.db import migrations, models

from pixelsite.lib.migrations import AddIndexWithoutLocking, RemoveIndexWithoutLocking


class Migration(migrations.Migration):
    """On PostgreSQL these are built beside the running site, which cannot happen inside a transaction."""

    atomic = False

    dependencies = [("jobs", "0004_webhooks_idempotency_fair_order")]

    operations = [
        RemoveIndexWithoutLocking(
            model_name="job",
            name="job_images_to_delete",
        ),
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status", "queued")), fields=["turn", "created_at"], name="job_fair_order"
            ),
        ),
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status", "queued")), fields=["user", "-turn"], name="job_last_turn"
            ),
        ),
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(condition=models.Q(("status", "processing")), fields=["-turn"], name="job_turn_now"),
        ),
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("delete_images_at__isnull", False), ("images_deleted_at__isnull", True)),
                fields=["delete_images_at"],
                name="job_images_due",
            ),
        ),
        AddIndexWithoutLocking(
            model_name="job",
            index=models.Index(
                condition=models.Q(("cancel_at__isnull", False), ("status", "queued")),
                fields=["cancel_at"],
                name="job_to_cancel",
            ),
        ),
    ]
