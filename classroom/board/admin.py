"""Records of boards in Django's admin: to look at. What a board is changes on the board, where the people in it see it."""

from __future__ import annotations

from django.contrib import admin

from classroom.board.models import Board, Document, Drawn, Formula, Grant, Picture, Snapshot, Thumbnail, Update, Writer
from classroom.people.admin_records import RecordAdmin


@admin.register(Board)
class BoardAdmin(RecordAdmin):
    list_display = ("room", "mode")
    list_select_related = ("room",)
    list_filter = ("mode",)


@admin.register(Grant)
class GrantAdmin(RecordAdmin):
    list_display = ("room", "person", "write")
    list_select_related = ("room", "person")


@admin.register(Document)
class DocumentAdmin(RecordAdmin):
    list_display = ("room", "kind", "owner", "revealed", "last_seq", "bytes", "created_at")
    list_select_related = ("room", "owner")
    list_filter = ("kind",)
    search_fields = ("room__title",)


@admin.register(Update)
class UpdateAdmin(RecordAdmin):
    list_display = ("document", "seq", "room_seq", "author", "origin", "at")
    list_select_related = ("document", "author")
    show_full_result_count = False


@admin.register(Snapshot, Thumbnail)
class StateAdmin(RecordAdmin):
    list_display = ("document", "seq")
    list_select_related = ("document",)


@admin.register(Writer)
class WriterAdmin(RecordAdmin):
    list_display = ("document", "client", "who")
    list_select_related = ("document",)


@admin.register(Drawn)
class DrawnAdmin(RecordAdmin):
    list_display = ("document", "shape", "who")
    list_select_related = ("document",)


@admin.register(Formula)
class FormulaAdmin(RecordAdmin):
    list_display = ("digest",)


@admin.register(Picture)
class PictureAdmin(RecordAdmin):
    list_display = ("document", "kind", "w", "h", "size", "by", "at")
    list_select_related = ("document", "by")
