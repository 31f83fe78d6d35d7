from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "classroom.rooms"
    label = "rooms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from classroom.rooms import revocation  # noqa: F401  (connects its receiver)

    def ready(self) -> None:
        from classroom.rooms import announcements  # noqa: F401  (connects its receiver)
