"""Addresses of the pages about hints, documents, and what people may do with answers."""

from __future__ import annotations

from django.urls import path

from tutor import control_pages, memory_pages, pages, solve_pages
from tutor.documents import pages as documents

urlpatterns = [
    path("classes/<uuid:class_id>/hints/", pages.class_rules, name="class_rules"),
    path("rooms/<uuid:room_id>/hints/", pages.room_rules, name="room_rules"),
    path("rooms/<uuid:room_id>/memory/", memory_pages.room_memory, name="room_memory"),
    path("rooms/<uuid:room_id>/controls/", control_pages.room_controls, name="room_controls"),
    path("problems/<uuid:problem_id>/answers/", pages.problem_answers, name="problem_answers"),
    path("problems/<uuid:problem_id>/copy/", pages.problem_copy, name="problem_copy"),
    path("problems/<uuid:problem_id>/solve/", solve_pages.problem_solve, name="problem_solve"),
    path("classes/<uuid:class_id>/documents/", documents.class_documents, name="class_documents"),
    path("classes/<uuid:class_id>/documents/<uuid:document_id>/hide/", documents.document_hide, name="document_hide"),
    path(
        "classes/<uuid:class_id>/documents/<uuid:document_id>/delete/",
        documents.document_delete,
        name="document_delete",
    ),
    path("documents/<uuid:document_id>/", documents.document_page, name="document_page"),
]
