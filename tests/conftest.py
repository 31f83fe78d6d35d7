"""The cast and the places that every test may ask for. Alice teaches, Bob studies, Charlie is outside and must be refused."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Before Django reads its settings: tests own a folder of their own and never touch a real DATA_DIR.
_HOME = Path(os.environ.setdefault("CHALKSTREAM_TEST_HOME", tempfile.mkdtemp(prefix="chalkstream-test-")))
if "PYTEST_XDIST_WORKER" in os.environ:
    _HOME = _HOME / os.environ["PYTEST_XDIST_WORKER"]
os.environ["DATA_DIR"] = str(_HOME)
os.environ["DEMO"] = "0"
for _name in ("DATABASE_URL", "REDIS_URL", "INFERENCE_ENGINE", "TUTOR_MODEL"):
    os.environ.pop(_name, None)

import pytest  # noqa: E402
from django.test import Client  # noqa: E402

from classroom.people.models import Enrolment, Role, SchoolClass, User  # noqa: E402
from classroom.rooms.models import Problem, Room  # noqa: E402

PASSWORD = "correct-horse-9"


def person(username: str, role: str, name: str = "") -> User:
    return User.objects.create_user(username, password=PASSWORD, role=role, display_name=name)


def enrol(user: User, school_class: SchoolClass, role: str) -> None:
    Enrolment.objects.create(user=user, school_class=school_class, role=role)


@pytest.fixture
def alice(db: None) -> User:
    return person("alice", Role.TEACHER, "Alice Archer")


@pytest.fixture
def bob(db: None) -> User:
    return person("bob", Role.STUDENT, "Bob Baker")


@pytest.fixture
def tom(db: None) -> User:
    return person("tom", Role.ASSISTANT, "Tom Tutor")


@pytest.fixture
def olga(db: None) -> User:
    return person("olga", Role.OBSERVER, "Olga Onlooker")


@pytest.fixture
def root(db: None) -> User:
    return person("root", Role.ADMIN, "Root")


@pytest.fixture
def charlie(db: None) -> User:
    """A student of another class: the outsider."""
    return person("charlie", Role.STUDENT, "Charlie Clark")


@pytest.fixture
def school_class(alice: User, bob: User, tom: User, olga: User) -> SchoolClass:
    made = SchoolClass.objects.create(name="Year 9", created_by=alice)
    enrol(alice, made, Role.TEACHER)
    enrol(bob, made, Role.STUDENT)
    enrol(tom, made, Role.ASSISTANT)
    enrol(olga, made, Role.OBSERVER)
    return made


@pytest.fixture
def other_class(alice: User, charlie: User) -> SchoolClass:
    made = SchoolClass.objects.create(name="Year 8", created_by=alice)
    enrol(charlie, made, Role.STUDENT)
    return made


@pytest.fixture
def problem(db: None) -> Problem:
    return Problem.objects.create(slug="sum", title="A sum", statement="What is $1+1$?")


@pytest.fixture
def room(school_class: SchoolClass, other_class: SchoolClass, problem: Problem, alice: User) -> Room:
    return Room.objects.create(school_class=school_class, title="Table one", problem=problem, created_by=alice)


@pytest.fixture
def client_for():  # type: ignore[no-untyped-def]
    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make
