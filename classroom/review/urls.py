from __future__ import annotations

from django.urls import path

from classroom.review import views

urlpatterns = [
    path("review/", views.review, name="review"),
    path("review/<uuid:room_id>/", views.review_room, name="review_room"),
    path("review/<uuid:room_id>/board.<str:kind>", views.review_board, name="review_board"),
    path("review/<uuid:room_id>/export.jsonl", views.review_export, name="review_export"),
]
