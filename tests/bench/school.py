"""The school that the bench needs: one class, members without passwords, a new room for every sitting, real tickets."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from classroom.people.models import Enrolment, Role, SchoolClass, User
from classroom.people.tickets import ticket_mint
from classroom.rooms import journal
from classroom.rooms.models import Room


class School:
    def __init__(self) -> None:
        self._mark = token_hex(4)  # there may be another one in this database
        self._teacher = User.objects.create(username=f"teacher-{self._mark}", role=Role.TEACHER)
        self._outsider = User.objects.create(username=f"outsider-{self._mark}", role=Role.STUDENT)
        self._class = SchoolClass.objects.create(name="Bench", created_by=self._teacher)
        self._members: list[User] = []

    @property
    def speaker(self) -> dict[str, Any]:
        return journal.person(self._teacher)

    def rooms(self, rooms: int, members: int) -> list[str]:
        """The ids of new rooms in a class that has at least so many members for each of them."""
        self._enrol(rooms * members)
        made = [Room(school_class=self._class, title="Bench", created_by=self._teacher) for _ in range(rooms)]
        return [str(room.pk) for room in Room.objects.bulk_create(made)]

    def tickets(self, first: int, count: int) -> list[str]:
        """Tickets of ``count`` members from number ``first`` on. They are good for 30 s."""
        return [_ticket(user) for user in self._members[first : first + count]]

    def outsider_ticket(self) -> str:
        """The ticket of somebody who must be refused."""
        return _ticket(self._outsider)

    def _enrol(self, members: int) -> None:
        numbers = range(len(self._members), members)
        new = [User(username=f"member-{self._mark}-{number}", role=Role.STUDENT) for number in numbers]
        User.objects.bulk_create(new)
        Enrolment.objects.bulk_create(
            [Enrolment(school_class=self._class, user=user, role=Role.STUDENT) for user in new]
        )
        self._members += new


def _ticket(user: User) -> str:
    return ticket_mint(user, until=None, session_key=None)
