"""What rooms need from above without importing it: functions named by dotted strings in ``classroom.routing``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from classroom.rooms.access import RoomRights
    from classroom.rooms.models import Room

Look = tuple[dict[str, Any], bool]  # the tutor's state, and whether saving is slow


@cache
def action(verb: str) -> Callable[..., int | None]:
    """The function that performs a verb: (rights, frame, trace) → seq of its event or None. Raises KeyError."""
    table: dict[str, str] = import_string(settings.ROOM_ACTIONS)
    found: Callable[..., int | None] = import_string(table[verb])
    return found


@cache
def _around_look() -> Callable[[], Look]:
    found: Callable[[], Look] = import_string(settings.ROOM_AROUND)
    return found


def around_look() -> Look:
    """{available, reason} of the tutor, for people; and whether text that was made waits to be kept for longer than they
    expect. Never raises.
    """
    return _around_look()()


@cache
def _tutor_state() -> Callable[[], dict[str, Any]]:
    found: Callable[[], dict[str, Any]] = import_string(settings.ROOM_TUTOR_STATE)
    return found


def tutor_state() -> dict[str, Any]:
    """{available, reason} of the tutor, for people: never raises."""
    return _tutor_state()()


@cache
def _ladder(name: str) -> Callable[..., Any]:
    table: dict[str, str] = settings.ROOM_LADDER
    found: Callable[..., Any] = import_string(table[name])
    return found


def ladder_state(rights: RoomRights) -> dict[str, Any] | None:
    """The ladder of hints for a snapshot, as this person may know it; None in a room without a problem."""
    found: dict[str, Any] | None = _ladder("state")(rights)
    return found


def ladder_head(room: Room) -> dict[str, Any] | None:
    """The same for an event, whose readers keep by themselves whether somebody has tried."""
    found: dict[str, Any] | None = _ladder("head")(room)
    return found


def ladder_begin(room: Room, seq: int) -> None:
    """The room has its problem from the event ``seq`` on."""
    _ladder("begin")(room, seq)


@cache
def _problem_set() -> Callable[[Room], None]:
    found: Callable[[Room], None] = import_string(settings.ROOM_PROBLEM_SET)
    return found


def problem_set(room: Room) -> None:
    """The room has this problem, or none, from this transaction on."""
    _problem_set()(room)
