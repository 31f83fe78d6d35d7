"""The cast and the places that every test may ask for. Alice teaches, Bob studies, Charlie is outside and must be refused."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Tests own a folder of their own and never touch a real DATA_DIR; so Django is set up here and not by pytest-django,
# which would read its settings before this file. Workers of pytest-xdist share the folder of the first process.
if "CHALKSTREAM_TEST_HOME" not in os.environ:
    os.environ["CHALKSTREAM_TEST_HOME"] = tempfile.mkdtemp(prefix="chalkstream-test-")
    atexit.register(shutil.rmtree, os.environ["CHALKSTREAM_TEST_HOME"], ignore_errors=True)
os.environ["DATA_DIR"] = str(Path(os.environ["CHALKSTREAM_TEST_HOME"], os.environ.get("PYTEST_XDIST_WORKER", "alone")))
os.environ["DJANGO_SETTINGS_MODULE"] = "classroom.settings"
os.environ["DEMO"] = "0"
# Several test processes compute at once: threads of each that spin while they wait would take the others' cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests say in seconds what a class says in an hour; tests/rooms/test_limits.py has the limits.
os.environ["RATE_LIMITS"] = "0"
for _name in ("DATABASE_URL", "REDIS_URL", "INFERENCE_ENGINE", "TUTOR_MODEL"):
    os.environ.pop(_name, None)

# As the house does at set-up: without the compiled catalogues it would speak English only.
from classroom.catalogue import compile as catalogue

catalogue.main()

import django

django.setup()

import hypothesis
import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import flush
from django.test import Client, override_settings
from django.utils import translation
from pytest_django import DjangoDbBlocker, Settings

from classroom.people.models import Enrolment, Role, SchoolClass, User
from classroom.rooms.models import Problem, Room
from tests.databases import connected_to
from tests.households import Households
from tests.prepared import tables_made
from tests.services import Postgres, Valkey
from tutor import availability, class_worker, dispatch

ClientFor = Callable[[User], Client]
PASSWORD = "correct-horse-9"
ALWAYS_THE_SAME = {"django_content_type", "auth_permission"}
# A machine under load is no failure; which inputs are tried may differ from run to run.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], database=None
)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """A real hash takes a second of one core for every person of the cast."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _english() -> None:
    """What a request of an earlier test has chosen lasts in this thread until another chooses."""
    translation.activate("en")


@pytest.fixture(autouse=True, scope="session")
def _no_files_served() -> Iterator[None]:
    """It would look at every static file again for each test client; tests of a whole house have it."""
    without = [name for name in settings.MIDDLEWARE if not name.startswith("servestatic.")]
    with override_settings(MIDDLEWARE=without):
        yield


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    """After each test with real commits Django would delete content types and permissions, and work them out anew: that is
    nine tenths of a flush, for rows that are always the same. So they stay.
    """

    def sql_flush(style: Any, connection: Any, **how: bool) -> list[str]:
        tables = {
            *connection.introspection.django_table_names(only_existing=True, include_views=False)
        } - ALWAYS_THE_SAME
        return list(connection.ops.sql_flush(style, sorted(tables), **how))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        yield


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """One real Redis-compatible server for the whole run."""
    with tempfile.TemporaryDirectory(prefix="cs-") as folder, Valkey(Path(folder)) as server:
        yield server


@pytest.fixture
def redis_url(valkey: Valkey, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """That server, empty, as the one that everything of this test speaks to."""
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    settings.REDIS_URL = valkey.url
    settings.BROKER_URL = valkey.url.replace("unix://", "redis+socket://", 1)
    layer = {**settings.CHANNEL_LAYERS["default"]}
    layer["CONFIG"] = {**layer["CONFIG"], "hosts": [{"address": valkey.url, "socket_timeout": None}]}
    settings.CHANNEL_LAYERS = {"default": layer}
    monkeypatch.setattr(availability, "HEARD_S", 1e-9)  # a test lets workers come and go faster than people ask
    dispatch._celery.cache_clear()
    class_worker.sender.cache_clear()
    yield valkey.url
    dispatch._celery.cache_clear()
    class_worker.sender.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One real PostgreSQL for the whole run."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres, django_db_blocker: DjangoDbBlocker) -> str:
    """A database in it that has our tables."""

    def migrate(url: str) -> None:
        with django_db_blocker.unblock(), connected_to(url):
            call_command("migrate", verbosity=0)

    return tables_made(postgres, migrate)


@pytest.fixture(params=["sqlite", "postgres"])
def either_database(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[str]:
    """Runs the test on SQLite and on PostgreSQL, with real commits. Ask for it before any person or room."""
    if request.param == "sqlite":
        yield request.param
        return
    with connected_to(request.getfixturevalue("postgres_url")):
        yield request.param
        call_command("flush", verbosity=0, interactive=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-screenshots", action="store_true", help="write the README's pictures into docs/images")


# What takes a minute and more begins first, those of one folder together because they share a house: whichever test
# process is free takes the next file, and none is left alone with a long one at the end.
LONG = (
    "whole",
    "browser",
    "bench/test_bench.py",
    "supervisor/test_house.py",
    "chaos/test_matrix.py",
    "servers/test_bounds.py",
    "inference_worker/test_worker_process.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    places = [tests / name for name in LONG]

    def rank(item: pytest.Item) -> int:
        return next((n for n, place in enumerate(places) if item.path.is_relative_to(place)), len(places))

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return Households(config, log)


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
def client_for() -> ClientFor:
    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make
