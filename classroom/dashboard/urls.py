from __future__ import annotations

from django.urls import path

from classroom.dashboard import views

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/<uuid:room_id>/board.png", views.dashboard_board, name="dashboard_board"),
    path("dashboard/events/", views.dashboard_events, name="dashboard_events"),
]
