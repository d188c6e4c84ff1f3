from django.apps import AppConfig


class InferenceConfig(AppConfig):
    """This house owns no table."""

    name = "inference"
