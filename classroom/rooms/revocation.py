"""Logging out ends the sockets that were opened from that page session: at once by a hint, within RIGHTS_S without it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from classroom.people.digests import session_digest
from classroom.people.models import RevokedSession
from classroom.rooms import broadcast


@receiver(user_logged_out)
def session_revoke(sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
    key = request.session.session_key if request is not None and hasattr(request, "session") else None
    if key:
        RevokedSession.objects.get_or_create(digest=session_digest(key))
        broadcast.everywhere_tell({"type": "rights.changed"})
