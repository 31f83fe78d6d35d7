"""Addresses of the pages about hints."""

from __future__ import annotations

from django.urls import path

from tutor import pages, solve_pages

urlpatterns = [
    path("classes/<uuid:class_id>/hints/", pages.class_rules, name="class_rules"),
    path("rooms/<uuid:room_id>/hints/", pages.room_rules, name="room_rules"),
    path("problems/<uuid:problem_id>/answers/", pages.problem_answers, name="problem_answers"),
    path("problems/<uuid:problem_id>/solve/", solve_pages.problem_solve, name="problem_solve"),
]
