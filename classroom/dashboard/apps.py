from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "classroom.dashboard"
    label = "dashboard"
    default_auto_field = "django.db.models.BigAutoField"
