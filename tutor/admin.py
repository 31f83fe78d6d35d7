"""Records of answers and of what problems keep to themselves in Django's admin."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from classroom.people.admin_records import RecordAdmin
from classroom.people.models import User
from classroom.rooms.clock import database_now
from tutor.models import (
    Answer,
    Controls,
    Document,
    HintRules,
    Ladder,
    Memory,
    Passage,
    Reference,
    Retrieval,
    Shard,
    Solve,
    Step,
    Vault,
    Writing,
)
from tutor.rules import rules_tell
from tutor.vault import vault_seal


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


@admin.register(Document)
class DocumentAdmin(RecordAdmin):
    list_display = ("title", "school_class", "kind", "state", "is_hidden", "size", "embedder", "uploaded_at")
    list_select_related = ("school_class",)
    list_filter = ("state", "kind", "is_hidden")
    search_fields = ("title", "sha256")


@admin.register(Passage)
class PassageAdmin(RecordAdmin):
    list_display = ("document", "n", "anchor")
    list_select_related = ("document",)
    search_fields = ("document__title",)
    exclude = ("vector",)


@admin.register(Retrieval)
class RetrievalAdmin(RecordAdmin):
    list_display = ("answer_id", "state", "asked_for", "latency_ms", "began_at")
    list_filter = ("state", "asked_for")
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


@admin.register(Vault)
class VaultAdmin(admin.ModelAdmin):
    """Whoever writes a solution or values of her own here has the last word: neither a solver nor an import undoes it."""

    list_display = ("problem", "sealed_by", "sealed_at")
    list_select_related = ("problem",)
    list_filter = ("sealed_by",)
    search_fields = ("problem__title", "problem__slug")
    autocomplete_fields = ("problem",)
    fields = (
        "problem",
        "own",
        "solution",
        "key_steps",
        "forbidden",
        "found",
        "between",
        "model",
        "sealed_by",
        "sealed_at",
    )
    readonly_fields = ("forbidden", "found", "between", "model", "sealed_by", "sealed_at")

    def save_model(self, request: HttpRequest, obj: Vault, form: Any, change: bool) -> None:
        obj.sealed_by, obj.sealed_at = Vault.By.TEACHER, database_now()
        super().save_model(request, obj, form, change)
        vault_seal(obj.problem_id)


@admin.register(Solve)
class SolveAdmin(RecordAdmin):
    list_display = ("problem", "model", "samples", "agreeing", "verdict", "sealed", "asked_at", "judged_at")
    list_select_related = ("problem",)
    list_filter = ("verdict", "sealed", "model")
    search_fields = ("problem__title", "problem__slug")


@admin.register(Writing)
class WritingAdmin(RecordAdmin):
    list_display = ("id", "solve", "memory", "state", "attempt", "model", "reason", "asked_at", "finished_at")
    list_select_related = ("solve", "memory")
    list_filter = ("state", "model")
    search_fields = ("id",)
    show_full_result_count = False


@admin.register(Memory)
class MemoryAdmin(RecordAdmin):
    list_display = ("room", "by", "edited_by", "upto", "due", "changed_at")
    list_select_related = ("room", "edited_by")
    list_filter = ("by",)
    search_fields = ("room__title",)


@admin.register(HintRules)
class HintRulesAdmin(admin.ModelAdmin):
    """Rules written here are told to the rooms as those of the pages are (N8)."""

    list_display = ("school_class", "room", "ceiling", "budget", "attempt_first", "solution_at")
    list_select_related = ("school_class", "room")
    autocomplete_fields = ("school_class", "room")

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: HintRules, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        rules_tell(obj, _by(request))

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: HintRules) -> None:
        super().delete_model(request, obj)
        rules_tell(obj, _by(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[HintRules]) -> None:
        for rules in queryset.order_by("pk"):
            self.delete_model(request, rules)


@admin.register(Controls)
class ControlsAdmin(RecordAdmin):
    """To look at: what is set on the room's own page is told to the room (C2)."""

    list_display = ("room", "may_stop", "may_pause", "may_insert", "may_highlight", "may_about")
    list_select_related = ("room",)
    search_fields = ("room__title",)


@admin.register(Ladder)
class LadderAdmin(RecordAdmin):
    list_display = ("room", "problem", "rung", "given")
    list_select_related = ("room", "problem")
    search_fields = ("room__title", "problem__title")


def _by(request: HttpRequest) -> User:
    return cast("User", request.user)  # the admin lets nobody else in
