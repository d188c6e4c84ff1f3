from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import audit, sessions  # noqa: PLC0415  # models are not loaded before ready()

        audit.connect()
        sessions.connect()
