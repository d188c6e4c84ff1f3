from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import admin_stripe, plans, receivers  # noqa: F401, PLC0415  # models are not loaded before ready()

        receivers.connect()
        post_migrate.connect(plans.seed_plans, sender=self)
        post_migrate.connect(plans.seed_packs, sender=self)
