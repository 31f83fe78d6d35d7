"""The demo's people: made by ``seed_demo``, shown on the log-in page when ``DEMO`` is set."""

from __future__ import annotations

from dataclasses import dataclass

from classroom.people.models import Role

PASSWORD = "chalk-and-talk"  # noqa: S105  (a demo's password is public by purpose)
CLASS_NAME = "Year 9 Maths"


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    display_name: str
    role: Role


ACCOUNTS = (
    Account("mia", "Mia", Role.STUDENT),
    Account("noah", "Noah", Role.STUDENT),
    Account("lin", "林小雨", Role.STUDENT),
    Account("ada", "Ada", Role.TEACHER),
    Account("tom", "Tom", Role.ASSISTANT),
    Account("olga", "Olga", Role.OBSERVER),
    Account("admin", "Admin", Role.ADMIN),
)
