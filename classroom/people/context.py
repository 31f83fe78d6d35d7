"""What every page knows about the site and about who looks at it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from classroom.people import demo
from classroom.people.access import LOOKING_ROLES, TEACHING_ROLES, classes_of
from classroom.people.models import User

NAME = "Chalkstream"


def site(request: HttpRequest) -> dict[str, Any]:
    """{"house": {demo, name, staff, can_review, demo_accounts}}; not "site", which allauth's views fill themselves.

    ``staff``: may look at the dashboard; ``can_review``: may read transcripts. Both are asked lazily, because most
    templates that are rendered never look.
    """
    user = getattr(request, "user", None)
    return {
        "house": {
            "demo": settings.DEMO,
            "name": NAME,
            "staff": SimpleLazyObject(lambda: _has_class(user, LOOKING_ROLES)),
            "can_review": SimpleLazyObject(lambda: _has_class(user, TEACHING_ROLES)),
            "demo_accounts": demo_accounts(),
        }
    }


def demo_accounts() -> list[dict[str, str]]:
    if not settings.DEMO:
        return []
    return [
        {
            "username": account.username,
            "name": account.display_name,
            "role": str(account.role.label),
            "password": demo.PASSWORD,
        }
        for account in demo.ACCOUNTS
    ]


def _has_class(user: object, roles: frozenset[Any]) -> bool:
    if not isinstance(user, User) or not user.is_active:
        return False
    # A teacher without a class yet still gets the menu; for everybody else the enrolments decide.
    return user.role in TEACHING_ROLES or classes_of(user, roles).exists()
