from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        from billing.invariants import register  # noqa: PLC0415  # models are not loaded before ready()
        from jobs import receivers  # noqa: PLC0415
        from jobs.invariants import INVARIANTS  # noqa: PLC0415

        for invariant in INVARIANTS:
            register(invariant)
        receivers.connect()
