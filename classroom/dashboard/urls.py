from __future__ import annotations

from django.urls import path

from classroom.dashboard import views

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/events/", views.dashboard_events, name="dashboard_events"),
]
