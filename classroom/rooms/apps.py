from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "classroom.rooms"
    label = "rooms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from classroom.rooms import announcements, revocation  # noqa: F401  (connect their receivers)
