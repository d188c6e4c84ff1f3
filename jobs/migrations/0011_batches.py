import uuid

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


def forget_keys_of_batches(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("jobs", "IdempotencyRecord").objects.filter(job=None).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0010_events_about_the_account"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("operation", models.CharField(max_length=40)),
                (
                    "lines",
                    models.JSONField(
                        help_text="For each picture as sent: its file's name, warnings, and why it became no job."
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"verbose_name_plural": "batches", "ordering": ["-created_at", "-id"]},
        ),
        # SQLite builds the table anew for a column, and drops its triggers with the old one.
        migrations.RunPython(remove, install),
        migrations.AddField(
            model_name="job",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="jobs.batch",
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="batch_index",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="Which picture of the batch, from 0.", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(batch__isnull=True, batch_index__isnull=True)
                | models.Q(batch__isnull=False, batch_index__isnull=False),
                name="job_of_a_batch_has_a_place",
            ),
        ),
        migrations.RunPython(install, remove),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="job",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.job"
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget_keys_of_batches),
        migrations.AddField(
            model_name="idempotencyrecord",
            name="batch",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.batch"
            ),
        ),
        migrations.AddConstraint(
            model_name="idempotencyrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(batch__isnull=True, job__isnull=False)
                | models.Q(batch__isnull=False, job__isnull=True),
                name="idempotency_key_made_one_thing",
            ),
        ),
    ]
