"""The hub (rules H1–H6) with a real channel layer, a real database and real commits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from classroom.people.digests import auth_digest
from classroom.people.models import Enrolment, RevokedSession, SchoolClass, User
from classroom.rooms import access, broadcast, catchup, hub, journal, rights, roster, services
from classroom.rooms.frames import Close
from classroom.rooms.hub import Hub
from classroom.rooms.models import Room
from classroom.rooms.viewers import PENDING_HIGH
from inference_worker.job import WORKER, WorkerState
from tests.rooms import wire
from tests.rooms.onlookers import Onlooker
from tests.services import Valkey, until

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.django_db(transaction=True)]
Opener = Callable[[], Hub]
ANN = {"id": str(uuid4()), "name": "Ann", "role": "student"}


@pytest.fixture
def open_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Opens hubs, each as a web process of its own would; they are quicker to look than in real life."""
    monkeypatch.setattr(hub, "CHECK_S", 0.2)
    monkeypatch.setattr(roster, "SETTLE_S", 0.05)
    opened: list[Hub] = []

    def make() -> Hub:
        opened.append(Hub())
        return opened[-1]

    yield make
    assert all(one.draining for one in opened), "a test must drain its hubs inside its loop"


@pytest.fixture
async def house(open_hub: Opener) -> AsyncIterator[Hub]:
    one = open_hub()
    yield one
    await one.drain()


@sync_to_async
def say(room_id: UUID, text: str = "hello", **more: Any) -> int:
    said = {"by": ANN, **more} if "actor" not in more else more
    with transaction.atomic():
        return journal.append(room_id, type="message.posted", data={"text": text}, **said).seq


async def say_unheard(room_id: UUID, monkeypatch: pytest.MonkeyPatch) -> int:
    """An event whose hint is lost."""
    with monkeypatch.context() as lossy:
        lossy.setattr(broadcast, "events_tell", lambda events: None)
        return await say(room_id)


async def enter(
    one: Hub, user: User, room: Room, after: int | None = None, epoch: str | None = None, **about: Any
) -> Onlooker:
    viewer = Onlooker(await sync_to_async(access.room_for)(user, room.pk), **about)
    await one.attach(viewer, after=after, epoch=epoch)
    return viewer


async def sees(viewer: Onlooker, seqs: list[int]) -> None:
    await until(lambda: viewer.seqs[-1:] == seqs[-1:] or viewer.closed, f"{seqs[-1:]} in {viewer.seqs}")
    assert viewer.seqs == seqs
    for frame in viewer.seen:
        wire.checked(frame)


# ---- H1–H3: hints, holes and losses


async def test_h1_what_is_said_reaches_every_process(
    open_hub: Opener, room: Room, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "CHECK_S", 600.0)  # so that only hints can have told
    one, other = open_hub(), open_hub()
    try:
        here, there = await enter(one, bob, room), await enter(other, bob, room)
        for _ in range(3):
            await say(room.pk, actor=bob)
        for viewer in (here, there):
            await sees(viewer, [0, 1, 2, 3])
            told = [
                frame for frame in viewer.seen if frame["type"] == "message.posted"
            ]  # who is here may be said behind it
            assert told[-1]["by"]["name"] == "Bob Baker"
    finally:
        await one.drain()
        await other.drain()


async def test_h2_a_hole_is_read_from_the_log(
    house: Hub, room: Room, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "CHECK_S", 600.0)  # so that only the hole can have told
    viewer = await enter(house, bob, room)
    await say(room.pk)
    await sees(viewer, [0, 1])
    await say_unheard(room.pk, monkeypatch)
    await say(room.pk)
    await sees(viewer, [0, 1, 2, 3])
    assert house.repaired > 0


async def test_h3_a_lost_hint_is_found_by_looking(
    house: Hub, room: Room, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await enter(house, bob, room)
    await say_unheard(room.pk, monkeypatch)
    await sees(viewer, [0, 1])
    assert house.repaired == 1


async def test_h2_hints_that_cross_are_put_in_order(house: Hub, room: Room, bob: User) -> None:
    viewer = await enter(house, bob, room)
    events = []
    for _ in range(3):
        with pytest.MonkeyPatch.context() as lossy:
            lossy.setattr(broadcast, "events_tell", events.extend)
            await say(room.pk)
    for event in (events[2], events[0], events[0], events[1], events[2]):
        await sync_to_async(broadcast.events_tell)([event])
    await sees(viewer, [0, 1, 2, 3])


async def test_h6_without_redis_the_room_goes_on(
    open_hub: Opener, room: Room, bob: User, tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> None:
    folder = Path(tmp_path_factory.mktemp("r"))
    with Valkey(folder) as server:
        settings.REDIS_URL = server.url
        config = {"hosts": [{"address": server.url, "socket_timeout": None}], "prefix": settings.CHANNEL_PREFIX}
        settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": config}}
        one = open_hub()
        viewer = await enter(one, bob, room)
        await say(room.pk)
        await sees(viewer, [0, 1])
        await asyncio.to_thread(server.kill)
        await say(room.pk)
        await sees(viewer, [0, 1, 2])
        late = await enter(one, bob, room)
        await sees(late, [2])
        await asyncio.to_thread(server.start)
        await until(lambda: one.feeds[room.pk].subscribed, "subscribed again")
        repaired = one.repaired
        await say(room.pk)
        await sees(viewer, [0, 1, 2, 3])
        assert one.repaired - repaired <= 1
        await one.drain()


# ---- H4: late, slow, reconnecting


async def test_h4_a_newcomer_gets_a_snapshot_and_then_lives(house: Hub, room: Room, bob: User) -> None:
    await say(room.pk, "before")
    viewer = await enter(house, bob, room)
    assert viewer.types() == ["snapshot"]
    data = viewer.seen[0]["data"]
    assert [item["text"] for item in data["state"]["items"]] == ["before"]
    assert data["epoch"] == room.epoch
    await say(room.pk)
    await sees(viewer, [1, 2])


@pytest.mark.parametrize("from_ring", [True, False])
async def test_h4_who_comes_back_gets_what_she_missed(house: Hub, room: Room, bob: User, from_ring: bool) -> None:
    if from_ring:
        await enter(house, bob, room)  # this process has the room in its memory
    for _ in range(4):
        await say(room.pk)
    await until(lambda: not from_ring or house.feeds[room.pk].head == 4, "heard")
    viewer = await enter(house, bob, room, after=2, epoch=room.epoch)
    await say(room.pk)
    await sees(viewer, [3, 4, 5])
    assert "snapshot" not in viewer.types()


async def test_h4_nothing_missed_is_nothing_sent(house: Hub, room: Room, bob: User) -> None:
    await say(room.pk)
    viewer = await enter(house, bob, room, after=1, epoch=room.epoch)
    assert (viewer.seen, viewer.live) == ([], True)


@pytest.mark.parametrize("cursor", [{"after": 9, "epoch": None}, {"after": 1, "epoch": "another"}, {"after": None}])
async def test_h4_a_cursor_that_cannot_be_served_gets_a_snapshot(
    house: Hub, room: Room, bob: User, cursor: dict[str, Any]
) -> None:
    await say(room.pk)
    viewer = await enter(house, bob, room, **cursor)
    await say(room.pk)
    await sees(viewer, [1, 2])
    assert viewer.types()[0] == "snapshot"


async def test_h4_too_far_behind_gets_a_snapshot(
    house: Hub, room: Room, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catchup, "GAP_MAX", 3)
    for _ in range(5):
        await say(room.pk)
    assert (await enter(house, bob, room, after=1, epoch=room.epoch)).types() == ["snapshot"]
    assert (await enter(house, bob, room, after=2, epoch=room.epoch)).seqs == [3, 4, 5]


async def test_h4_entering_while_everybody_writes(house: Hub, room: Room, bob: User) -> None:
    """No event falls between the snapshot and the first live frame, none is shown twice."""
    entered = asyncio.Event()

    async def write() -> None:
        while not entered.is_set():
            await say(room.pk)

    writing = asyncio.create_task(write())
    viewers = []
    for number in range(6):
        viewers.append(await enter(house, bob, room, after=None if number % 2 else 0, epoch=room.epoch))
        await asyncio.sleep(0.02)
    entered.set()
    await writing
    _, head = await sync_to_async(journal.head)(room.pk)
    for viewer in viewers:
        first = viewer.seqs[0]
        await sees(viewer, list(range(first, head + 1)))
        assert first == 1 or viewer.types()[0] == "snapshot"


async def test_h4_a_slow_viewer_catches_up_when_she_reads_again(house: Hub, room: Room, bob: User) -> None:
    slow, quick = await enter(house, bob, room), await enter(house, bob, room)
    slow.unread = PENDING_HIGH + 1
    for _ in range(5):
        await say(room.pk)
    await sees(quick, [0, 1, 2, 3, 4, 5])
    assert slow.seqs == [0]
    slow.unread = 0
    await sees(slow, [0, 1, 2, 3, 4, 5])
    await say(room.pk)
    await sees(slow, [0, 1, 2, 3, 4, 5, 6])


async def test_h4_who_reads_nothing_at_all_is_cut(
    house: Hub, room: Room, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catchup, "STALLED_S", 0.2)
    viewer = await enter(house, bob, room)
    viewer.unread = PENDING_HIGH + 1
    await say(room.pk)
    await until(lambda: viewer.closed, "closed")
    assert (viewer.closed, viewer.retry_ms) == (Close.SLOW_DOWN, 2_000)


async def test_a_long_catch_up_is_written_in_pieces(house: Hub, room: Room, bob: User) -> None:
    for _ in range(6):
        await say(room.pk, "x" * 60_000)
    viewer = await enter(house, bob, room, after=0, epoch=room.epoch)
    await sees(viewer, [1, 2, 3, 4, 5, 6])
    assert max(sum(map(len, batch.texts)) for batch in viewer.batches) < PENDING_HIGH


async def test_another_epoch_starts_everybody_afresh(house: Hub, room: Room, bob: User) -> None:
    viewers = [await enter(house, bob, room) for _ in range(2)]
    await say(room.pk)
    for viewer in viewers:
        await sees(viewer, [0, 1])
    await Room.objects.filter(pk=room.pk).aupdate(epoch="restored", last_seq=0)
    await room.events.all().adelete()
    late = await enter(house, bob, room)
    for viewer in viewers:
        await until(lambda viewer=viewer: "restored" in viewer.epochs(), "a snapshot")
    await say(room.pk)
    for viewer in (*viewers, late):
        await until(lambda viewer=viewer: viewer.seqs[-1] == 1, "live again")
        assert viewer.seqs[-2:] == [0, 1]


async def test_a_room_that_is_gone_leaves_nothing_behind(house: Hub, room: Room, bob: User) -> None:
    mine = await sync_to_async(access.room_for)(bob, room.pk)
    await Room.objects.filter(pk=room.pk).adelete()
    with pytest.raises(Room.DoesNotExist):
        await house.attach(Onlooker(mine), after=None, epoch=None)
    assert house.feeds == {}


async def test_the_last_viewer_takes_the_room_along(house: Hub, room: Room, bob: User) -> None:
    first, second = await enter(house, bob, room), await enter(house, bob, room)
    house.detach(first)
    assert room.pk in house.feeds
    house.detach(second)
    house.detach(second)
    assert house.feeds == {}
    again = await enter(house, bob, room)
    await say(room.pk)
    await sees(again, [0, 1])


# ---- H5: rights, and F8: removal


async def test_f8_the_removed_sees_her_removal_and_nothing_above(
    house: Hub, room: Room, school_class: SchoolClass, alice: User, bob: User
) -> None:
    removed, teacher = await enter(house, bob, room), await enter(house, alice, room)
    await sync_to_async(services.member_remove)(school_class=school_class, user_id=bob.pk, by=alice)
    await say(room.pk, "about Bob")
    await sees(teacher, [0, 1, 2])
    assert (removed.seqs, removed.types()[-1], removed.closed) == ([0, 1], "member.removed", Close.REVOKED)


async def test_f8_a_removal_that_is_heard_late_does_not_cut_who_was_taken_back(
    house: Hub, room: Room, school_class: SchoolClass, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = await enter(house, alice, room)
    with monkeypatch.context() as unheard:
        unheard.setattr(broadcast, "events_tell", lambda events: None)
        for change in (services.member_remove, services.member_restore):
            await sync_to_async(change)(school_class=school_class, user_id=bob.pk, by=alice)
        back = await enter(house, bob, room, after=0, epoch=room.epoch)
    await say(room.pk)
    await sees(teacher, [0, 1, 2, 3])
    await sees(back, [1, 2, 3])
    assert back.closed is None


async def test_f8_who_is_removed_on_her_way_in_stays_outside(
    house: Hub, room: Room, school_class: SchoolClass, alice: User, bob: User
) -> None:
    teacher = await enter(house, alice, room)
    late = Onlooker(await sync_to_async(access.room_for)(bob, room.pk))
    await sync_to_async(services.member_remove)(school_class=school_class, user_id=bob.pk, by=alice)
    await say(room.pk, "about Bob")
    await sees(teacher, [0, 1, 2])
    await house.attach(late, after=None, epoch=None)
    assert (late.closed, late.seen) == (Close.REVOKED, [])


async def test_h5_lost_rights_close(house: Hub, room: Room, bob: User, alice: User) -> None:
    viewer, teacher = await enter(house, bob, room), await enter(house, alice, room)
    await Enrolment.objects.filter(user=bob).aupdate(removed_at=timezone.now())
    await house.rights.read()
    assert (viewer.closed, teacher.closed) == (Close.REVOKED, None)


async def test_h5_rights_are_read_by_themselves(
    open_hub: Opener, room: Room, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "RIGHTS_S", 0.1)
    one = open_hub()
    viewer = await enter(one, bob, room)
    await User.objects.filter(pk=bob.pk).aupdate(is_active=False)
    await until(lambda: viewer.closed, "closed")
    assert viewer.closed == Close.REVOKED
    await one.drain()


async def test_h5_logging_out_closes_at_once_everywhere(house: Hub, room: Room, bob: User) -> None:
    mine, others = await enter(house, bob, room, session="a" * 64), await enter(house, bob, room, session="b" * 64)
    await RevokedSession.objects.acreate(digest="a" * 64)
    await sync_to_async(broadcast.everywhere_tell)({"type": "rights.changed"})
    await until(lambda: mine.closed, "closed")
    assert (mine.closed, others.closed) == (Close.EXPIRED, None)


async def test_h5_a_changed_password_closes(house: Hub, room: Room, bob: User) -> None:
    viewer = await enter(house, bob, room, auth=auth_digest(bob))
    await house.rights.read()
    assert viewer.closed is None
    await sync_to_async(bob.set_password)("another-horse-9")
    await bob.asave()
    await house.rights.read()
    assert viewer.closed == Close.EXPIRED, "the room is still his: he signs in again and is back"


async def test_h5_the_end_of_the_token_closes(house: Hub, room: Room, bob: User) -> None:
    now = datetime.now(UTC)
    over = await enter(house, bob, room, until=now - timedelta(seconds=1))
    good = await enter(house, bob, room, until=now + timedelta(minutes=5))
    await house.rights.read()
    assert (over.closed, good.closed) == (Close.EXPIRED, None)


async def test_h5_a_new_role_changes_what_is_shown(house: Hub, room: Room, tom: User) -> None:
    viewer = await enter(house, tom, room)
    await Enrolment.objects.filter(user=tom).aupdate(role="student")
    await house.rights.read()
    await say(room.pk, "staff only", audience=journal.STAFF)
    await sees(viewer, [0, 1])
    assert [frame["type"] for frame in viewer.seen if frame.get("seq") == 1] == ["event.hidden"]


# ---- F9: restart


async def test_f9_everybody_gets_a_moment_of_her_own_to_come_back(open_hub: Opener, room: Room, bob: User) -> None:
    one = open_hub()
    viewers = [await enter(one, bob, room) for _ in range(8)]
    await one.drain()
    assert {viewer.closed for viewer in viewers} == {Close.RESTART}
    moments = [viewer.retry_ms or 0 for viewer in viewers]
    assert all(200 <= moment < 5_000 for moment in moments)
    assert len(set(moments)) > 1


# ---- presence, the tutor, and looking from outside


def present(viewer: Onlooker) -> list[str]:
    shown = [frame["data"]["present"] for frame in viewer.seen if "present" in frame["data"]]
    return [person["name"] for person in shown[-1]] if shown else []


async def test_who_is_here_over_all_processes(house: Hub, open_hub: Opener, room: Room, alice: User, bob: User) -> None:
    other = open_hub()
    student = await enter(house, bob, room)
    teacher = await enter(other, alice, room)
    for viewer in (student, teacher):
        await until(lambda viewer=viewer: present(viewer) == ["Alice Archer", "Bob Baker"], "both")
    other.detach(teacher)
    await until(lambda: present(student) == ["Bob Baker"], "Alice has gone")
    await other.drain()


async def test_two_windows_are_one_person(house: Hub, room: Room, bob: User) -> None:
    first, second = await enter(house, bob, room), await enter(house, bob, room)
    await until(lambda: present(first) == ["Bob Baker"], "here")
    house.detach(second)
    await asyncio.sleep(0.3)
    assert present(first) == ["Bob Baker"]


async def test_whether_the_tutor_is_there_is_told_when_it_changes(
    house: Hub, room: Room, bob: User, redis_url: str
) -> None:
    viewer = await enter(house, bob, room)
    state = WorkerState("w1", "ready", "scripted", "demo").to_json()
    with redis.Redis.from_url(redis_url) as client:
        await asyncio.to_thread(client.set, WORKER.format(name="w1"), state)
        await until(lambda: "tutor.changed" in viewer.types(), "told")
        await asyncio.to_thread(client.delete, WORKER.format(name="w1"))
    await until(lambda: viewer.types().count("tutor.changed") == 2, "told again")
    came, went = [frame for frame in viewer.seen if frame["type"] == "tutor.changed"]
    assert came["data"] == {"available": True, "reason": ""}
    assert went["data"]["available"] is False
    assert wire.checked(went)["seq"] is None


async def test_ephemeral_frames_pass_through(house: Hub, room: Room, bob: User) -> None:
    viewer = await enter(house, bob, room)
    for _ in range(20):  # what is in no log may be lost while the hub is still subscribing
        await sync_to_async(broadcast.ephemeral_tell)(room.pk, json.loads('{"type":"typing.shown","data":{}}'))
        with suppress(AssertionError):
            await until(lambda: "typing.shown" in viewer.types(), "shown", timeout_s=1.0)
            break
    assert "typing.shown" in viewer.types()


async def test_which_of_many_rooms_have_changed(house: Hub, room: Room, alice: User) -> None:
    other = await Room.objects.acreate(school_class=room.school_class, title="Two", created_by=alice)
    watching = house.watch([room.pk, other.pk], quiet_s=0.3)
    assert await anext(watching) == set()
    for _ in range(3):
        await say(room.pk)
    changed: set[UUID] = set()
    while not changed:
        changed = await anext(watching)
    assert changed == {room.pk}
    await watching.aclose()
    assert house.feeds == {}


async def test_work_that_breaks_begins_again(house: Hub, room: Room, bob: User) -> None:
    """A message that nobody can read ends the listening for a moment, not for good."""
    viewer = await enter(house, bob, room)
    await sync_to_async(broadcast.everywhere_tell)({"type": "room.events", "room": "not-an-id", "frames": []})
    await asyncio.sleep(0.5)
    await sync_to_async(broadcast.ephemeral_tell)(room.pk, json.loads('{"type":"typing.shown","data":{}}'))
    await until(lambda: "typing.shown" in viewer.types(), "heard again")


async def test_the_outsider_has_no_way_in(house: Hub, room: Room, charlie: User) -> None:
    with pytest.raises(Exception, match="no such room"):
        await enter(house, charlie, room)
    assert house.feeds == {}
    assert uuid4() not in house.feeds


async def test_slow_saving_is_told_once_and_to_who_comes_meanwhile(
    house: Hub, room: Room, bob: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6."""
    behind = True
    monkeypatch.setattr(hub, "around_look", lambda: ({"available": True, "reason": ""}, behind))
    viewer = await enter(house, bob, room)
    await until(lambda: "saving.changed" in viewer.types(), "told")
    late = await enter(house, alice, room)
    assert late.types()[-2:] == ["snapshot", "saving.changed"]
    behind = False
    for one in (viewer, late):
        await until(lambda one=one: one.types().count("saving.changed") == 2, "told again")
        assert [f["data"]["behind"] for f in one.seen if f["type"] == "saving.changed"] == [True, False]
