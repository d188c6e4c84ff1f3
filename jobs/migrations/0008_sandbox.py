from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from jobs import triggers


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0007_indexes_for_reviews"),
    ]

    operations = [
        # SQLite builds the table anew for a column, and drops its triggers with the old one.
        migrations.RunPython(remove, install),
        migrations.AddField(
            model_name="job",
            name="is_sandbox",
            field=models.BooleanField(db_default=False, default=False, help_text="Of a test key: free, and stamped."),
        ),
        migrations.RunPython(install, remove),
    ]
