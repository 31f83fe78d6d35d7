"""Addresses of the pages of classes, rooms and problems."""

from __future__ import annotations

from django.urls import path

from classroom.rooms import class_pages, pages, problem_pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("join/", pages.join, name="join"),
    path("classes/<uuid:class_id>/", class_pages.class_page, name="class_page"),
    path("classes/<uuid:class_id>/rename/", class_pages.class_rename, name="class_rename"),
    path("classes/<uuid:class_id>/code/renew/", class_pages.code_renew, name="code_renew"),
    path("classes/<uuid:class_id>/code/open/", class_pages.code_open, name="code_open"),
    path("classes/<uuid:class_id>/people/add/", class_pages.member_add, name="member_add"),
    path("classes/<uuid:class_id>/people/<uuid:user_id>/remove/", class_pages.member_remove, name="member_remove"),
    path("classes/<uuid:class_id>/people/<uuid:user_id>/restore/", class_pages.member_restore, name="member_restore"),
    path("classes/<uuid:class_id>/people/<uuid:user_id>/role/", class_pages.member_role, name="member_role"),
    path("classes/<uuid:class_id>/groups/new/", class_pages.group_new, name="group_new"),
    path("classes/<uuid:class_id>/groups/<uuid:group_id>/", class_pages.group_edit, name="group_edit"),
    path("classes/<uuid:class_id>/groups/<uuid:group_id>/delete/", class_pages.group_delete, name="group_delete"),
    path("classes/<uuid:class_id>/rooms/new/", pages.room_new, name="room_new"),
    path("rooms/<uuid:room_id>/", pages.room_page, name="room_page"),
    path("rooms/<uuid:room_id>/edit/", pages.room_edit, name="room_edit"),
    path("rooms/<uuid:room_id>/close/", pages.room_close, name="room_close"),
    path("rooms/<uuid:room_id>/reopen/", pages.room_reopen, name="room_reopen"),
    path("problems/", problem_pages.problems, name="problems"),
    path("problems/new/", problem_pages.problem_new, name="problem_new"),
    path("problems/<uuid:problem_id>/", problem_pages.problem_page, name="problem_page"),
    path("problems/<uuid:problem_id>/edit/", problem_pages.problem_edit, name="problem_edit"),
]
