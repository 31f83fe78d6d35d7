from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "classroom.review"
    label = "review"
    default_auto_field = "django.db.models.BigAutoField"
