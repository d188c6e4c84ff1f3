from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from jobs import triggers


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    """Each column has a default in the database or may be empty: rows that the version before writes are complete."""

    dependencies = [
        ("jobs", "0005_indexes_for_fair_order"),
    ]

    operations = [
        # SQLite builds the table anew for a column, and drops its triggers with the old one.
        migrations.RunPython(remove, install),
        migrations.AddField(
            model_name="job",
            name="clicks",
            field=models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
        ),
        migrations.AddField(
            model_name="job",
            name="object_box",
            field=models.JSONField(blank=True, help_text="An object is to be found in it.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="prompt",
            field=models.TextField(blank=True, db_default="", default="", help_text="What to remove, in words."),
        ),
        migrations.AddField(
            model_name="job",
            name="review",
            field=models.CharField(
                blank=True,
                choices=[
                    ("wanted", "The filter is not sure"),
                    ("appealed", "The customer appeals"),
                    ("upheld", "Looked at: stays as it is"),
                    ("released", "Looked at: let through"),
                ],
                db_default="",
                default="",
                help_text="Whether a person should look.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="safety",
            field=models.JSONField(blank=True, help_text="Verdict and scores; not told to the caller.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="segmentation",
            field=models.JSONField(blank=True, help_text="COCO's run lengths or polygons.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="selection",
            field=models.JSONField(blank=True, help_text="What was found, of jobs that look for something.", null=True),
        ),
        migrations.RunPython(install, remove),
    ]
