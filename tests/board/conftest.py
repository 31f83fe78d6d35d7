"""Documents of a room, as its people see them."""

from __future__ import annotations

import pytest

from classroom.board import access
from classroom.board.models import Document, Kind
from classroom.people.models import Enrolment, Role, SchoolClass, User
from classroom.rooms.models import Room


@pytest.fixture
def board(room: Room) -> Document:
    return access.document_of(room, Kind.BOARD)


@pytest.fixture
def code(room: Room) -> Document:
    return access.document_of(room, Kind.CODE)


@pytest.fixture
def dora(school_class: SchoolClass) -> User:
    """Another student of the class."""
    made = User.objects.create_user("dora", password="correct-horse-9", role=Role.STUDENT, display_name="Dora 多拉")
    Enrolment.objects.create(user=made, school_class=school_class, role=Role.STUDENT)
    return made
