"""Connects allauth's sign-up to the rooms: ``people`` makes the account and knows no room."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import user_signed_up
from django.dispatch import receiver

from classroom.people.models import User
from classroom.rooms import services


@receiver(user_signed_up, dispatch_uid="rooms.announcements")
def newcomer_announced(user: User, **_: Any) -> None:
    services.newcomer_announce(user=user)
