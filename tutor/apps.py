from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate

from tutor.tools.registry import names_of


class TutorConfig(AppConfig):
    name = "tutor"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A tool that is misspelt in TUTOR_TOOLS is named at the start, not when somebody asks. Raises ValueError."""
        if settings.TUTOR_TOOLS != "auto":
            names_of(settings.TUTOR_TOOLS)
        post_migrate.connect(_vectors_prepare, sender=self)


def _vectors_prepare(**_: object) -> None:
    from tutor.documents.near import vectors_prepare  # here: models are not there yet when apps are

    vectors_prepare()
