"""Admin pages of records that nobody changes by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:
    RecordBase = admin.ModelAdmin[Any]
else:
    RecordBase = admin.ModelAdmin


class RecordAdmin(RecordBase):
    """To look at, never to add, change or delete: logs, answers and receipts."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
