from __future__ import annotations

from django.urls import path

from classroom.people import views

urlpatterns = [
    path("classes/", views.classes, name="classes"),
    path("classes/new/", views.class_new, name="class_new"),
]
