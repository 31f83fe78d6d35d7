"""Who read which transcript: a read without a row here does not happen."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ReadAudit(models.Model):
    """One disclosure of a transcript: written in the transaction that authorises the read."""

    id = models.BigAutoField(primary_key=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=200, help_text="kept when the account goes")
    room = models.ForeignKey("rooms.Room", null=True, on_delete=models.SET_NULL, related_name="reads")
    room_title = models.CharField(max_length=200)
    verb = models.CharField(max_length=20, help_text="view, export, command")
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.actor_name} · {self.verb} · {self.room_title}"
