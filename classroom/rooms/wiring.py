"""What rooms need from above without importing it: functions named by dotted strings in ``classroom.routing``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@cache
def action(verb: str) -> Callable[..., int | None]:
    """The function that performs a verb: (rights, frame, trace) → seq of its event or None. Raises KeyError."""
    table: dict[str, str] = import_string(settings.ROOM_ACTIONS)
    return import_string(table[verb])  # type: ignore[no-any-return]  # a dotted name of ours


@cache
def _saving_behind() -> Callable[[], bool]:
    return import_string(settings.ROOM_SAVING_BEHIND)  # type: ignore[no-any-return]  # a dotted name of ours


def saving_behind() -> bool:
    """Whether text that was made waits to be kept for longer than people expect: never raises."""
    return _saving_behind()()


@cache
def _tutor_state() -> Callable[[], dict[str, Any]]:
    return import_string(settings.ROOM_TUTOR_STATE)  # type: ignore[no-any-return]  # a dotted name of ours


def tutor_state() -> dict[str, Any]:
    """{available, reason} of the tutor, for people: never raises."""
    return _tutor_state()()
