"""Receipts of reads in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from classroom.people.admin_records import RecordAdmin
from classroom.review.models import ReadAudit


@admin.register(ReadAudit)
class ReadAuditAdmin(RecordAdmin):
    list_display = ("at", "actor_name", "verb", "room_title", "detail")
    list_filter = ("verb",)
    search_fields = ("actor_name", "room_title")
    date_hierarchy = "at"
