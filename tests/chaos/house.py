"""The whole product with a proxy of ours on every line: browser ↔ web, and each process ↔ Redis and ↔ PostgreSQL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.school import Console
from tests.chaos.background import Background
from tests.chaos.oracle import Log
from tests.chaos.proxy import Proxy
from tests.chaos.screen import Person
from tests.stack import Stack

PARTS = ("web1", "web2", "scribe", "inference", "inference2", "class")
ROOMS_AT_ONCE = 20
ASK_AGAIN = 20
AFRESH = "from django.db import connection\nconnection.close()\n"
# Long enough for a round, so that no screen has to ask for another one while the database is away.
TOKEN_HOURS = 12
SCHOOL = """
from datetime import timedelta
from django.contrib.auth.hashers import make_password
from django.db import transaction
from rest_framework_simplejwt.tokens import AccessToken
from classroom.people.models import Enrolment, Role, SchoolClass, User

name, count, first = {name!r}, {count}, {first}
teacher, _ = User.objects.get_or_create(username="chaos", defaults=dict(role=Role.TEACHER, password=make_password(None)))
made, _ = SchoolClass.objects.get_or_create(name=name, defaults=dict(created_by=teacher))
Enrolment.objects.get_or_create(user=teacher, school_class=made, defaults=dict(role=Role.TEACHER))
people = [teacher] if not first else []
with transaction.atomic():
    for number in range(first, first + count):
        username = f"{{name.lower()}}{{number}}"
        pupil = User.objects.create(username=username, display_name=username.title(), role=Role.STUDENT, password="!")
        Enrolment.objects.create(user=pupil, school_class=made, role=Role.STUDENT)
        people.append(pupil)

def token(user):
    made = AccessToken.for_user(user)
    made.set_exp(lifetime=timedelta(hours={hours}))
    return str(made)

result = [[user.username, str(user.pk), token(user)] for user in people]
"""
ROOMS = """
from classroom.people.models import SchoolClass, User
from classroom.rooms import services
school, teacher = SchoolClass.objects.get(name={name!r}), User.objects.get(username="chaos")
result = [str(services.room_create(by=teacher, school_class=school, title=f"Chaos {{n}}", problem=None, group=None).pk)
          for n in range({count})]
"""
LOG = """
import json
import time
from classroom.rooms import frames
from classroom.rooms.models import Event, Room
events = list(Event.objects.filter(room={room!r}).order_by("seq"))
result = {{
    "epoch": Room.objects.get(pk={room!r}).epoch,
    "frames": [json.loads(frames.encode(event.frame())) for event in events],
    "hidden": [event.seq for event in events if event.audience != "all"],
}}
"""


class House(Stack):
    """A Stack whose lines go through proxies: ``lines["web1:redis"]``, ``["browser:web1"]``, ``["scribe:database"]``."""

    def __init__(self, folder: Path, background: Background, *, database: str = "sqlite", **settings: str) -> None:
        super().__init__(folder, web=2, database=database, settings=settings)
        self.background = background
        # The house's own lines have a thread to themselves: hundreds of screens that come back at once are many seconds
        # of work for theirs, and no process is to wait so long for Redis because of us.
        self._behind = Background()
        self.lines: dict[str, Proxy] = {}
        self.own: dict[str, dict[str, str]] = {}  # by process: what it alone is told
        self._starting = ""
        self._rooms: dict[str, list[str]] = {}
        self._people: dict[str, list[Person]] = {}
        self._console: Console | None = None

    # ---- life

    def open(self) -> None:
        folder = Path(self._sockets.name)
        for part in PARTS:
            path = folder / f"{part}.sock"
            self.lines[f"{part}:redis"] = Proxy(self._behind, target=self.redis.socket, path=path)
            if self._own_postgres is not None:
                target = ("127.0.0.1", self._own_postgres.port)
                self.lines[f"{part}:database"] = Proxy(self._behind, target=target)
        for name, port in zip(self.listeners, self.ports, strict=True):
            self.lines[f"browser:{name}"] = Proxy(self.background, target=("127.0.0.1", port))
        super().open()
        self._console = Console(self)

    def close(self) -> None:
        if self._console is not None:
            self._console.close()
        super().close()
        for line in self.lines.values():
            line.close()
        self._behind.close()

    def start(self, name: str) -> None:
        self._starting = name
        try:
            super().start(name)
        finally:
            self._starting = ""

    def environment(self, *named: str) -> dict[str, str]:
        """As the Stack's; a process that is just being started gets its own lines and what it alone is told."""
        told = super().environment(*named)
        name = self._starting
        if name not in PARTS:
            return told
        told["REDIS_URL"] = f"unix://{self.lines[f'{name}:redis'].path}"
        if self._own_postgres is not None:
            here, there = self._own_postgres.port, self.lines[f"{name}:database"].port
            told["DATABASE_URL"] = told["DATABASE_URL"].replace(f":{here}/", f":{there}/")
        return {**told, **self.own.get(name, {})}

    def ask(self, code: str) -> Any:
        """Run code in the house's Django shell, past all proxies; again when a fault has cost it its own connection."""
        assert self._console is not None
        for _ in range(ASK_AGAIN):
            try:
                return self._console.run(AFRESH + code)
            except AssertionError as error:
                if "OperationalError" not in str(error):
                    raise
            time.sleep(0.5)
        return self._console.run(AFRESH + code)

    @property
    def postgres(self) -> Any:
        assert self._own_postgres is not None
        return self._own_postgres

    # ---- faults

    def of(self, kind: str) -> list[Proxy]:
        """The lines to ``redis`` or ``database``, or those of ``browser``."""
        return [line for name, line in self.lines.items() if kind in name.split(":")]

    def again(self, name: str, *, kill: bool = False) -> None:
        """Ended and started again."""
        (self.kill if kill else self.stop)(name)
        self.start(name)

    def whole(self) -> None:
        """No fault is left: lines heal, and a process that has ended is started again, as the supervisor does."""
        for line in self.lines.values():
            line.heal()
        for name, child in list(self.children.items()):
            if child.status() is not None:
                self.start(name)
        self.wait_ready()

    @contextmanager
    def told(self, own: Mapping[str, dict[str, str]]) -> Iterator[None]:
        """Those processes run with these variables meanwhile."""
        self._restart(own)
        try:
            yield
        finally:
            self._restart({name: {} for name in own})

    def _restart(self, own: Mapping[str, dict[str, str]]) -> None:
        for name, told in own.items():
            self.own[name] = told
            self.again(name)
        self.whole()

    # ---- the school

    def url(self, web: int) -> str:
        """A web process as browsers reach it: through its proxy."""
        return f"http://127.0.0.1:{self.lines[f'browser:web{web + 1}'].port}"

    def people(self, count: int, school: str = "Chaos") -> list[Person]:
        """The teacher, then pupils."""
        known = self._people.setdefault(school, [])
        if len(known) < count:
            code = SCHOOL.format(name=school, count=count - len(known), first=len(known), hours=TOKEN_HOURS)
            known += [Person(*one) for one in self.ask(code)]
        return known[:count]

    def room(self, school: str = "Chaos") -> str:
        """A new room of that class."""
        free = self._rooms.setdefault(school, [])
        if not free:
            self.people(1, school)
            free += self.ask(ROOMS.format(name=school, count=ROOMS_AT_ONCE))
        return free.pop()

    def truth(self, room: str) -> Log:
        """The room's log as the database has it."""
        read = self.ask(LOG.format(room=room))
        return Log(read["epoch"], read["frames"], frozenset(read["hidden"]))

    def memo(self, name: str, value: Any) -> Path:
        """Keep something beside the logs, to look at after a round that failed."""
        path = self.data / f"{name}.json"
        path.write_text(json.dumps(value, indent=1, ensure_ascii=False))
        return path
