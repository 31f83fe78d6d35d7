"""Addresses of the boards' API."""

from __future__ import annotations

from django.urls import path

from classroom.board.documents import BoardsView
from classroom.board.views import ExportView, FormulasView, ImagesView, ImageView

urlpatterns = [
    path("api/rooms/<uuid:room_id>/boards/", BoardsView.as_view(), name="api_boards"),
    path("api/boards/<uuid:document_id>/formulas/", FormulasView.as_view(), name="api_formulas"),
    path("api/boards/<uuid:document_id>/images/", ImagesView.as_view(), name="api_images"),
    path("api/boards/<uuid:document_id>/images/<uuid:image_id>/", ImageView.as_view(), name="api_image"),
    path("api/boards/<uuid:document_id>/export.<str:kind>", ExportView.as_view(), name="api_export"),
]
