"""Housekeeping of accounts, run by the class worker."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from classroom.people.models import RevokedSession, SpentTicket

log = structlog.get_logger(__name__)
SESSION_KEPT = timedelta(days=1)  # sockets of a logged-out session are long closed by then


@shared_task
def tokens_purge() -> None:
    """Forget spent tickets, revocations and refresh tokens that have ended anyway."""
    now = timezone.now()
    tickets, _ = SpentTicket.objects.filter(expires_at__lt=now).delete()
    sessions, _ = RevokedSession.objects.filter(at__lt=now - SESSION_KEPT).delete()
    call_command("flushexpiredtokens", verbosity=0)
    call_command("clearsessions", verbosity=0)
    log.info("tokens_purged", tickets=tickets, sessions=sessions)
