"""People come, go and come back at two web processes; hints are lost, doubled, late; the log is restored (H1–H5, F4, F8).

A state machine makes up the class's day; the model is the log itself, and the oracle of the fault matrix compares every
page with it. ``STORM_RUNS`` says how many days (``make storm`` asks for 1,000).
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from classroom.people.models import Enrolment, SchoolClass, User
from classroom.rooms import access, broadcast, frames, hub, journal, roster, services
from classroom.rooms.hub import Hub
from classroom.rooms.models import Event, Room, new_epoch
from classroom.rooms.viewers import PENDING_HIGH, Batch
from tests.chaos.oracle import Ledger, Log, judge
from tests.rooms.onlookers import Onlooker

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.django_db(transaction=True)]
RUNS = int(os.environ.get("STORM_RUNS") or 25)
RULES_A_RUN = 25
CHECK_S = 0.03
SETTLE_S = 20.0
PEOPLE = ("alice", "bob", "tom", "olga")
WEB = st.sampled_from([0, 1])


@dataclass(slots=True)
class Place:
    """What all runs share: the loop, two web processes, the people."""

    runner: asyncio.Runner
    school_class: SchoolClass
    people: dict[str, User]
    hubs: list[Hub] = field(default_factory=list)

    def run(self, work: Any) -> Any:
        return self.runner.run(work)


class Looking(Onlooker):
    """Closed is closed, as on a real line: what would be written afterwards goes nowhere."""

    def write(self, batch: Batch) -> None:
        if self.closed is None:
            super().write(batch)


@dataclass(slots=True)
class Page:
    """One person's page: what it has been shown over all of its sockets, and where it stands."""

    who: str
    seen: list[dict[str, Any]] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)  # by this server; ``seen`` may begin with more
    viewer: Onlooker | None = None
    web: int = 0
    removed: bool = False

    @property
    def cursor(self) -> int | None:
        seqs = [frame["seq"] for frame in self.seen if frame.get("seq") is not None]
        return seqs[-1] if seqs else None

    @property
    def epoch(self) -> str | None:
        shown = [frame["data"]["epoch"] for frame in self.seen if frame["type"] == "snapshot"]
        return shown[-1] if shown else None


class Day(RuleBasedStateMachine):
    place: Place

    @initialize()
    def a_new_room(self) -> None:
        alice = self.place.people["alice"]
        Enrolment.objects.update(removed_at=None)
        self.room = Room.objects.create(school_class=self.place.school_class, title="Table one", created_by=alice)
        self.pages: list[Page] = []
        self.logs: list[Log] = []  # of epochs that are over
        self.kept: list[Event] = []  # hints on their way
        self.gone: set[str] = set()  # who may not be in the class

    # ---- what happens

    @rule(
        audience=st.sampled_from([journal.ALL, journal.STAFF, "user"]),
        hint=st.sampled_from(["told", "lost", "twice", "late"]),
    )
    def say(self, audience: str, hint: str) -> None:
        bob = self.place.people["bob"]
        whom = f"user:{bob.pk}" if audience == "user" else audience
        told: list[Event] = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(broadcast, "events_tell", told.extend)
            with transaction.atomic():
                journal.append(self.room.pk, type="message.posted", data={"text": whom}, audience=whom)
        if hint == "late":
            self.kept += told
        elif hint != "lost":
            for _ in range(1 + (hint == "twice")):
                broadcast.events_tell(told)

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def late_hints_come(self, data: st.DataObject) -> None:
        """In any order, once or twice."""
        for event in data.draw(st.lists(st.sampled_from(self.kept), max_size=6)):
            broadcast.events_tell([event])

    @rule(who=st.sampled_from(PEOPLE), web=WEB)
    def come(self, who: str, web: int) -> None:
        if who not in self.gone:
            self.pages.append(Page(who))
            self._enter(self.pages[-1], web)

    @precondition(lambda self: self._away())
    @rule(data=st.data(), web=WEB)
    def come_back(self, data: st.DataObject, web: int) -> None:
        self._enter(data.draw(st.sampled_from(self._away())), web)

    @rule(who=st.sampled_from(PEOPLE), web=WEB, back=st.integers(-3, 12), known=st.booleans())
    def come_with_an_old_cursor(self, who: str, web: int, back: int, known: bool) -> None:
        """``back`` events behind the head, or before it (a cursor of nowhere); ``known``: with the log's epoch."""
        if who in self.gone:
            return
        log = self._truth()
        cursor = max(0, len(log.frames) - back)
        page = Page(who)
        if known and cursor <= len(log.frames):
            start = {"type": "snapshot", "seq": 0, "data": {"epoch": log.epoch, "state": {"items": []}}}
            page.seen = [start, *log.frames[:cursor]]
        self.pages.append(page)
        self._enter(page, web, after=cursor, epoch=log.epoch if known else "of another log")

    @precondition(lambda self: self._here())
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self._out(data.draw(st.sampled_from(self._here())))

    @precondition(lambda self: self._here())
    @rule(data=st.data(), unread=st.sampled_from([0, PENDING_HIGH + 1]))
    def read_slowly_or_again(self, data: st.DataObject, unread: int) -> None:
        viewer = data.draw(st.sampled_from(self._here())).viewer
        assert viewer is not None
        viewer.unread = unread

    @rule(who=st.sampled_from(["bob", "olga"]))
    def remove_or_take_back(self, who: str) -> None:
        alice, user, school = self.place.people["alice"], self.place.people[who], self.place.school_class
        change = services.member_restore if who in self.gone else services.member_remove
        self.gone ^= {who}
        change(school_class=school, user_id=user.pk, by=alice)
        for page in self.pages:
            page.removed = page.removed or page.who in self.gone

    @rule(web=WEB)
    def restart(self, web: int) -> None:
        async def again() -> None:
            await self.place.hubs[web].drain()
            self.place.hubs[web] = Hub()

        self.place.run(again())
        self._collect()

    @rule(keep=st.integers(0, 30))
    def an_older_log_is_restored(self, keep: int) -> None:
        """As ``manage.py restore`` does: what came later is gone, and the epoch is another."""
        log = self._truth()
        self.logs.append(log)
        self.kept = []
        with transaction.atomic():
            Event.objects.filter(room=self.room, seq__gt=keep).delete()
            Room.objects.filter(pk=self.room.pk).update(epoch=new_epoch(), last_seq=min(keep, len(log.frames)))

    @rule(seconds=st.sampled_from([0.0, 0.002, 0.01, 2 * CHECK_S]))
    def time_passes(self, seconds: float) -> None:
        self.place.run(asyncio.sleep(seconds))
        self._collect()

    # ---- and how it has to end

    def teardown(self) -> None:
        if not hasattr(self, "room"):
            return
        for page in self._here():
            page.viewer.unread = 0  # type: ignore[union-attr]  # who is here has a viewer
        self._collect()
        for page in self._away():
            self._enter(page, 0)
        self.place.run(self._settled(Room.objects.get(pk=self.room.pk)))
        self._collect()
        for page in list(self._here()):
            self._out(page)
        self._judge()

    async def _settled(self, room: Room) -> None:
        try:
            async with asyncio.timeout(SETTLE_S):
                while not all(self._whole(page, room) for page in self._here()):
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError("not everybody came to the head") from None

    def _whole(self, page: Page, room: Room) -> bool:
        viewer = page.viewer
        assert viewer is not None
        feed = self.place.hubs[page.web].feeds.get(self.room.pk)
        at_head = feed is not None and feed.epoch == room.epoch and viewer.live and viewer.cursor == room.last_seq
        return at_head or viewer.closed is not None

    def _judge(self) -> None:
        log = self._truth()
        staying = [page for page in self.pages if not page.removed]
        ledgers = [Ledger(f"{number} {page.who}", page.seen) for number, page in enumerate(staying)]
        verdict = judge([*self.logs, log], ledgers)
        assert verdict.ok, verdict.findings
        for page in self.pages:
            self._audience(page)

    def _audience(self, page: Page) -> None:
        """F4: each event in full for its audience, and for nobody else."""
        staff = page.who != "bob"
        mine = {journal.ALL, f"user:{self.place.people[page.who].pk}", *([journal.STAFF] if staff else [])}
        for frame in page.shown:
            if frame["type"] == "message.posted":
                assert frame["data"]["text"] in mine, (page.who, frame)

    # ---- doing

    def _here(self) -> list[Page]:
        return [page for page in self.pages if page.viewer is not None]

    def _away(self) -> list[Page]:
        return [page for page in self.pages if page.viewer is None and not page.removed]

    def _enter(self, page: Page, web: int, after: int | None = None, epoch: str | None = None) -> None:
        rights = access.room_for(self.place.people[page.who], self.room.pk)
        page.viewer, page.web = Looking(rights), web
        if after is None:
            after, epoch = page.cursor, page.epoch
        self.place.run(self.place.hubs[web].attach(page.viewer, after=after, epoch=epoch))

    def _out(self, page: Page) -> None:
        viewer, page.viewer = page.viewer, None
        assert viewer is not None

        async def leave() -> None:
            self.place.hubs[page.web].detach(viewer)

        self.place.run(leave())
        page.seen += viewer.seen
        page.shown += viewer.seen

    def _collect(self) -> None:
        """Whose socket the server has closed is away, or never comes back."""
        for page in self._here():
            if page.viewer is not None and page.viewer.closed is not None:
                self._out(page)

    def _truth(self) -> Log:
        events = list(Event.objects.filter(room=self.room).order_by("seq"))
        stored = [json.loads(frames.encode(event.frame())) for event in events]
        hidden = frozenset(event.seq for event in events if event.audience != journal.ALL)
        return Log(Room.objects.get(pk=self.room.pk).epoch, stored, hidden)


@pytest.fixture
def place(school_class: SchoolClass, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(hub, "CHECK_S", CHECK_S)
    monkeypatch.setattr(roster, "SETTLE_S", 0.01)
    people = {user.username: user for user in User.objects.filter(username__in=PEOPLE)}
    with asyncio.Runner() as runner:
        made = Place(runner, school_class, people)

        async def opened() -> None:
            made.hubs += [Hub(), Hub()]

        async def ended() -> None:
            for one in made.hubs:
                await one.drain()

        runner.run(opened())
        yield made
        runner.run(ended())


def test_h1_h4_f4_f8_any_day_ends_with_the_log_on_every_page(place: Place) -> None:
    class Here(Day):
        pass

    Here.place = place
    run_state_machine_as_test(Here, settings=settings(max_examples=RUNS, stateful_step_count=RULES_A_RUN))
