"""The rules of hints of a class or a room, as its staff set them (N8): told in every room where they hold from now on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from classroom.people.access import role_in
from classroom.people.models import SchoolClass, User
from classroom.rooms import journal
from classroom.rooms.models import Room
from tutor.models import HintRules
from tutor.rungs import SIMILAR, head_read

BUDGET_MAX = 50


class Wanted(TypedDict):
    ceiling: int
    budget: int | None
    attempt_first: bool
    solution_at: datetime | None


def rules_of(place: SchoolClass | Room) -> HintRules | None:
    """The place's own rules, or None."""
    return HintRules.objects.filter(**_key(place)).first()


@transaction.atomic
def rules_save(*, by: User, place: SchoolClass | Room, wanted: Wanted) -> HintRules:
    """Raises ValidationError that names the field."""
    if not 0 <= wanted["ceiling"] <= SIMILAR:
        raise ValidationError({"ceiling": _("Asking reaches level %(n)s at most.") % {"n": SIMILAR}})
    if wanted["budget"] is not None and not 0 <= wanted["budget"] <= BUDGET_MAX:
        raise ValidationError({"budget": _("From 0 to %(n)s hints, or nothing for no bound.") % {"n": BUDGET_MAX}})
    rules, _made = HintRules.objects.update_or_create(**_key(place), defaults=dict(wanted))
    _tell(place, by)
    return rules


@transaction.atomic
def rules_drop(*, by: User, place: SchoolClass | Room) -> bool:
    """A room goes back to its class's rules, a class to those of the house. False: it had none of its own."""
    dropped, _each = HintRules.objects.filter(**_key(place)).delete()
    if dropped:
        _tell(place, by)
    return bool(dropped)


def rules_tell(rules: HintRules, by: User) -> None:
    """Tell of rules that were written in another way. Inside a transaction."""
    _tell(rules.room or rules.school_class, by)


def _key(place: SchoolClass | Room | None) -> dict[str, Any]:
    return {"room": place} if isinstance(place, Room) else {"school_class": place}


def _tell(place: SchoolClass | Room | None, by: User) -> None:
    """Into every room with a problem for which the rules are others now, locked in the order of their ids."""
    rooms: QuerySet[Room] = Room.objects.select_related("school_class").exclude(problem=None).order_by("pk")
    here = {"pk": place.pk} if isinstance(place, Room) else {"school_class": place, "hint_rules": None}
    for room in rooms.filter(**here).select_for_update(of=("self",)):
        who = journal.person(by, role_in(by, room.school_class))
        journal.append(room.pk, type="rules.changed", data={"ladder": head_read(room)}, actor=by, by=who)
