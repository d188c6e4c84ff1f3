from django.apps import AppConfig


class PixelsiteConfig(AppConfig):
    """The composition root holds no tables, only the commands that start the whole site."""

    name = "pixelsite"
