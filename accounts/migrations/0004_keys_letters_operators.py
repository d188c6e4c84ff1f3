import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_rights_and_flags"),
    ]

    operations = [
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.EmailField(max_length=254)),
                (
                    "kind",
                    models.CharField(
                        help_text="Names the templates: templates/letters/KIND.txt, .subject.txt.", max_length=40
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="What it is about: one letter for one occasion.", max_length=160, unique=True
                    ),
                ),
                ("context", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("try_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("given_up_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="auditevent",
            name="audit_kind_known",
        ),
        migrations.AddField(
            model_name="apikey",
            name="daily_cap_credits",
            field=models.PositiveIntegerField(blank=True, help_text="Most credits a day (UTC).", null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="expires_at",
            field=models.DateTimeField(blank=True, help_text="Refused from then on. Empty: never.", null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="is_sandbox",
            field=models.BooleanField(db_default=False, default=False, help_text="Tries everything, costs nothing."),
        ),
        migrations.AddField(
            model_name="apikey",
            name="monthly_cap_credits",
            field=models.PositiveIntegerField(blank=True, help_text="Most credits a month (UTC).", null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="scopes",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="What it may be used for. Empty: everything.",
            ),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="actor",
            field=models.ForeignKey(
                blank=True,
                help_text="The operator, where it was not the account itself.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="user",
            name="suspended_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Since when an operator keeps the account out.",
                null=True,
                verbose_name="suspended",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="suspended_reason",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=200),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signed_in", "Signed in"),
                    ("signed_out", "Signed out"),
                    ("sign_in_refused", "Sign-in refused"),
                    ("key_created", "API key made"),
                    ("key_revoked", "API key revoked"),
                    ("endpoint_added", "Webhook endpoint added"),
                    ("endpoint_deleted", "Webhook endpoint deleted"),
                    ("endpoint_enabled", "Webhook endpoint enabled"),
                    ("secret_shown", "Webhook secret shown"),
                    ("secret_rotated", "Webhook secret rotated"),
                    ("account_closed", "Account closed"),
                    ("rights_confirmed", "Rights confirmed"),
                    ("flagged", "Flagged"),
                    ("flag_cleared", "Flag cleared"),
                    ("job_released", "Job let through"),
                    ("job_upheld", "Job stays as it is"),
                    ("key_changed", "API key changed"),
                    ("key_rotated", "API key replaced"),
                    ("session_ended", "Session ended"),
                    ("data_exported", "Data exported"),
                    ("code_sent", "Sign-in code sent"),
                    ("credits_adjusted", "Credits adjusted"),
                    ("job_refunded", "Job refunded by hand"),
                    ("plan_given", "Plan given"),
                    ("suspended", "Suspended"),
                    ("restored", "Restored"),
                    ("visit_begun", "Operator looks at the account"),
                    ("visit_ended", "Operator has looked"),
                    ("event_replayed", "Stripe event replayed"),
                    ("admin_action", "Changed in the admin"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="auditevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "signed_in",
                            "signed_out",
                            "sign_in_refused",
                            "key_created",
                            "key_revoked",
                            "endpoint_added",
                            "endpoint_deleted",
                            "endpoint_enabled",
                            "secret_shown",
                            "secret_rotated",
                            "account_closed",
                            "rights_confirmed",
                            "flagged",
                            "flag_cleared",
                            "job_released",
                            "job_upheld",
                            "key_changed",
                            "key_rotated",
                            "session_ended",
                            "data_exported",
                            "code_sent",
                            "credits_adjusted",
                            "job_refunded",
                            "plan_given",
                            "suspended",
                            "restored",
                            "visit_begun",
                            "visit_ended",
                            "event_replayed",
                            "admin_action",
                        ],
                    )
                ),
                name="audit_kind_known",
            ),
        ),
        migrations.AddIndex(
            model_name="letter",
            index=models.Index(
                condition=models.Q(("given_up_at__isnull", True), ("sent_at__isnull", True)),
                fields=["try_at"],
                name="letter_due",
            ),
        ),
    ]
