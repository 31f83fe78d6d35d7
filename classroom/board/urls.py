"""Addresses of the boards' API."""

from __future__ import annotations

from django.urls import path

from classroom.board.documents import BoardsView

urlpatterns = [
    path("api/rooms/<uuid:room_id>/boards/", BoardsView.as_view(), name="api_boards"),
]
