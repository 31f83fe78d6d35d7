"""Records of problems, rooms and the log in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from classroom.people.admin_records import RecordAdmin
from classroom.rooms.models import Event, Problem, Room


@admin.register(Problem)
class ProblemAdmin(admin.ModelAdmin):
    list_display = ("title", "course", "lesson", "source", "created_by")
    list_select_related = ("created_by",)
    list_filter = ("course",)
    search_fields = ("title", "slug", "statement")
    autocomplete_fields = ("created_by",)


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    """To look at: what a room is changes on its own pages, where the people in it are told."""

    list_display = ("title", "school_class", "group", "state", "last_seq", "created_at")
    list_select_related = ("school_class", "group")
    list_filter = ("state", "school_class")
    search_fields = ("title",)
    readonly_fields = (
        "school_class",
        "group",
        "title",
        "problem",
        "state",
        "epoch",
        "last_seq",
        "created_by",
        "created_at",
    )


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ("room", "seq", "type", "at", "audience")
    list_select_related = ("room",)
    list_filter = ("type",)
    search_fields = ("room__title", "trace")
    show_full_result_count = False
