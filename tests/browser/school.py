"""What browser tests read or put into a house's database, beside what people do on their screens."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from typing import Any
from uuid import uuid4

from classroom.supervisor.child import BASE_DIR
from tests.browser.screens import PASSWORD
from tests.services import wait_until
from tests.stack import Stack

# Names the demo's places, so that a test can open their pages.
PLACES = """
from classroom.people.models import SchoolClass, Group
from classroom.rooms.models import Room, Problem
school = SchoolClass.objects.get(name="Year 9 Maths")
rooms = {room.title: str(room.pk) for room in Room.objects.filter(school_class=school)}
result = {
    "class": str(school.pk), "code": school.join_code, "rooms": rooms,
    "room": rooms["Chickens and rabbits"], "table": rooms["Table one"],
    "group": str(Group.objects.get(school_class=school, name="Group one").pk),
    "problem": str(Problem.objects.get(slug="cs-system-3").pk),
}
"""
# A room of the whole class for one test alone; on the last rung nothing that is written is held back or withheld.
NEW_ROOM = """
from classroom.people.models import SchoolClass, User
from classroom.rooms import services
from classroom.rooms.models import Problem
from tutor.models import Ladder
room = services.room_create(
    by=User.objects.get(username="ada"), school_class=SchoolClass.objects.get(name="Year 9 Maths"),
    title={title!r}, problem=Problem.objects.get(slug={slug!r}), group=None,
)
Ladder.objects.update_or_create(room=room, problem=room.problem, defaults={{"rung": {rung}, "reached": {rung}}})
result = str(room.pk)
"""
# The log of a room as the truth that screens are held to: messages and finished answers in their order.
LOG = """
from classroom.rooms.models import Event
ends = ("answer.completed", "answer.stopped", "answer.failed")
events = Event.objects.filter(room={room!r}, type__in=("message.posted", "answer.asked", *ends)).order_by("seq")
result = [{{"type": e.type, "seq": e.seq, **e.data}} for e in events]
"""
# What a console runs: one line of JSON in, a piece of code; one line out, its result or what went wrong.
LOOP = """
import json, os, sys, traceback
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "classroom.settings"
django.setup()
for line in sys.stdin:
    names = {}
    try:
        exec(json.loads(line), names)
        answer = {"result": names.get("result")}
    except Exception:  # whatever the test's own code raises is told to the test
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
"""


class Console:
    """A Django shell of the house that stays open: starting one for each question would take longer than the tests."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOOP],
            cwd=BASE_DIR,
            env=stack.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> Any:
        """Runs the code and gives what it left in ``result``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the console ended"}')
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def places(self) -> dict[str, Any]:
        return dict(self.run(PLACES))

    def room_new(self, title: str, slug: str = "cs-linear-7", *, rung: int = 5) -> str:
        return str(self.run(NEW_ROOM.format(title=title, slug=slug, rung=rung)))

    def log_texts(self, room: str) -> list[dict[str, Any]]:
        return list(self.run(LOG.format(room=room)))

    def close(self) -> None:
        self._process.communicate()


class Program:
    """A person's program beside the screens: tokens and plain HTTP, as PROTOCOL.md describes them."""

    def __init__(self, stack: Stack, username: str, password: str = PASSWORD, *, web: int = 0) -> None:
        self.url = stack.urls[web]
        self.token = ""
        self.token = self._send("/api/token/", {"username": username, "password": password})["access"]

    def rooms(self) -> dict[str, str]:
        """Ids of the rooms that this person may enter, by title."""
        return {room["title"]: room["id"] for room in self._send("/api/rooms/", None)}

    def say(self, room: str, text: str) -> dict[str, Any]:
        return self.verb(room, "message.post", text=text)

    def verb(self, room: str, type: str, **data: Any) -> dict[str, Any]:
        return self._send(f"/api/rooms/{room}/events/", {"type": type, "id": str(uuid4()), "data": data})

    def answers(self, room: str) -> list[dict[str, Any]]:
        """The answers of the room as its snapshot shows them."""
        frames = self._send(f"/api/rooms/{room}/events/?wait=0", None)["frames"]
        snapshot = next(frame for frame in frames if frame["type"] == "snapshot")
        return [item for item in snapshot["data"]["state"]["items"] if item["kind"] == "answer"]

    def ask(self, room: str, text: str) -> dict[str, Any]:
        """Asks and waits for the end of the answer."""
        self.verb(room, "answer.ask", text=text)
        ended = ("completed", "stopped", "failed")
        return dict(
            wait_until(lambda: next((a for a in self.answers(room)[-1:] if a["state"] in ended), None), "an end")
        )

    def _send(self, path: str, body: dict[str, Any] | None) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=30) as answer:
            return json.load(answer)
