from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_index_for_due_months")]

    operations = [
        migrations.AddField(
            model_name="spendingrules",
            name="low_balance_told_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Since then there has not been enough again.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="spendingrules",
            name="budget_told_month",
            field=models.DateField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="spendingrules",
            name="budget_told_percent",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="spendingrules",
            name="watched_entry_id",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="Newest posting that was looked at for the budget.",
            ),
        ),
    ]
