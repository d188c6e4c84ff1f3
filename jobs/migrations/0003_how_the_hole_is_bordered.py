from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from jobs import triggers


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    """Each column has a default in the database: rows that the version before writes meanwhile are complete."""

    dependencies = [("jobs", "0002_triggers")]

    operations = [
        # SQLite builds the table anew for a column, and drops its triggers with the old one.
        migrations.RunPython(remove, install),
        migrations.AddField(
            "job", "metadata_policy", models.CharField(max_length=10, default="keep", db_default="keep")
        ),
        migrations.AddField(
            "job",
            "mode",
            models.CharField(max_length=8, default="fast", db_default="fast", help_text="Fast or quality."),
        ),
        migrations.AddField(
            "job",
            "grow",
            models.CharField(max_length=8, default="0", db_default="0", help_text="Pixels, percent or auto."),
        ),
        migrations.AddField(
            "job",
            "feather",
            models.PositiveSmallIntegerField(null=True, blank=True, help_text="Pixels; empty: half of the growth."),
        ),
        migrations.RunPython(install, remove),
    ]
