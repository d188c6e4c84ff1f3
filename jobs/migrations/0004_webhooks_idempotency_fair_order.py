import uuid
from datetime import timedelta

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from jobs import triggers


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection)


def say_when_images_go(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Jobs that ended before this version have no time of deletion yet."""
    ended = apps.get_model("jobs", "Job").objects.filter(ended_at__isnull=False, images_deleted_at=None)
    for job in ended.only("ended_at").iterator():
        job.delete_images_at = job.ended_at + timedelta(hours=settings.RETENTION_HOURS)
        job.save(update_fields=["delete_images_at"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("jobs", "0003_how_the_hole_is_bordered"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # SQLite builds the table anew for a column, and drops its triggers with the old one.
        migrations.RunPython(remove, install),
        migrations.CreateModel(
            name="IdempotencyRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(help_text="SHA-256 of method, path and body.", max_length=64)),
                ("answer", models.JSONField()),
                ("created_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("url", models.CharField(max_length=2048)),
                (
                    "host",
                    models.CharField(help_text="Of the URL: a few at a time are sent to one host.", max_length=255),
                ),
                ("event", models.CharField(max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField()),
                ("claimed_until", models.DateTimeField(blank=True, help_text="A sender is trying it now.", null=True)),
                ("last_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                (
                    "last_reply",
                    models.CharField(blank=True, help_text="Start of what the receiver answered.", max_length=1024),
                ),
                ("created_at", models.DateTimeField()),
                ("tried_at", models.DateTimeField(blank=True, null=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=2048)),
                ("created_at", models.DateTimeField()),
                (
                    "failing_since",
                    models.DateTimeField(blank=True, help_text="First failure after the last success.", null=True),
                ),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                ("disabled_reason", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed", models.CharField(editable=False, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("retires_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.AddField(
            model_name="job",
            name="cancel_at",
            field=models.DateTimeField(blank=True, help_text="A job still queued then is canceled.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="delete_images_at",
            field=models.DateTimeField(blank=True, help_text="Known once the job has ended.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="keep_hours",
            field=models.PositiveSmallIntegerField(blank=True, help_text="Empty: as the site is set.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="metadata",
            field=models.JSONField(blank=True, help_text="The caller's own; returned untouched.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="not_before",
            field=models.DateTimeField(
                blank=True, help_text="Held back until then after a passing failure.", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="turn",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Place in the fair order; see jobs/fairness.py."
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="webhook_url",
            field=models.CharField(blank=True, db_default="", default="", max_length=2048),
        ),
        migrations.AddField(
            model_name="idempotencyrecord",
            name="job",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.job"),
        ),
        migrations.AddField(
            model_name="idempotencyrecord",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="job",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: a test.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="jobs.job",
            ),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="webhook_deliveries",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="webhook_endpoints",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="endpoint",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="jobs.webhookendpoint",
            ),
        ),
        migrations.AddField(
            model_name="webhooksecret",
            name="endpoint",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="secrets",
                to="jobs.webhookendpoint",
            ),
        ),
        migrations.AddField(
            model_name="webhooksecret",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="idempotencyrecord",
            constraint=models.UniqueConstraint(fields=("user", "key"), name="idempotency_key_used_once"),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.UniqueConstraint(fields=("user", "url"), name="endpoint_once_per_account"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["next_try_at"], name="delivery_due"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["user", "-created_at", "-id"], name="delivery_by_user"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "delivered", "failed"])), name="delivery_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("delivered_at__isnull", False), ("state", "delivered")),
                    models.Q(models.Q(("state", "delivered"), _negated=True), ("delivered_at__isnull", True)),
                    _connector="OR",
                ),
                name="delivery_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("endpoint__isnull", False), ("job__isnull", False)),
                fields=("job", "endpoint"),
                name="one_event_per_endpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("endpoint__isnull", True), ("job__isnull", False)),
                fields=("job",),
                name="one_event_per_webhook_url",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhooksecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("endpoint__isnull", False), ("retires_at__isnull", True)),
                fields=("endpoint",),
                name="one_current_secret_per_endpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhooksecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("endpoint__isnull", True), ("retires_at__isnull", True)),
                fields=("user",),
                name="one_current_secret_per_account",
            ),
        ),
        migrations.RunPython(say_when_images_go, migrations.RunPython.noop),
        migrations.RunPython(install, remove),
    ]
