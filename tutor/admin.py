"""Records of answers and of what problems keep to themselves in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from classroom.people.admin_records import RecordAdmin
from tutor.models import Answer, Reference, Shard, Step


@admin.register(Answer)
class AnswerAdmin(RecordAdmin):
    list_display = ("id", "room", "state", "model", "attempt", "asked_at", "finished_at")
    list_select_related = ("room",)
    list_filter = ("state", "model")
    search_fields = ("id", "trace", "room__title")
    show_full_result_count = False


@admin.register(Step)
class StepAdmin(RecordAdmin):
    list_display = ("id", "room", "text", "verdict", "matches", "asked_at", "checked_at")
    list_select_related = ("room",)
    list_filter = ("verdict", "matches")
    search_fields = ("id", "trace", "text", "room__title")
    show_full_result_count = False


@admin.register(Shard)
class ShardAdmin(RecordAdmin):
    list_display = ("id", "epoch", "cursor", "beat_at")


@admin.register(Reference)
class ReferenceAdmin(admin.ModelAdmin):
    list_display = ("problem",)
    list_select_related = ("problem",)
    search_fields = ("problem__title", "problem__slug")
    autocomplete_fields = ("problem",)
