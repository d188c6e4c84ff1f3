import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0009_indexes_for_caps_and_tests")]

    operations = [
        migrations.AddField(
            model_name="webhookdelivery",
            name="data",
            field=models.JSONField(blank=True, help_text="What is told, of an event that is about no job.", null=True),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="job",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: a test, or about the account.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="jobs.job",
            ),
        ),
    ]
