"""Queries that are built once: the same rows as Django's own, for other values, in every thread, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection
from django.db.models import Count, Q, QuerySet, Value
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms.models import Event, Room
from classroom.rooms.prepared import Prepared, row_insert
from tutor.models import Answer

pytestmark = pytest.mark.usefixtures("either_database")


def events(room: Room, *texts: str) -> None:
    now = timezone.now()
    Event.objects.bulk_create(
        Event(room=room, seq=number, type="message.posted", at=now, data={"text": text}, by=None)
        for number, text in enumerate(texts, 1)
    )


@pytest.fixture
def second(room: Room, alice: User) -> Room:
    return Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)


def test_rows_are_those_of_the_query_with_every_column_as_django_reads_it(room: Room, second: Room) -> None:
    prepared: Prepared[Room] = Prepared(lambda key: Room.objects.filter(pk=key))
    for wanted in (room, second, room):
        [found] = prepared(wanted.pk)
        assert type(found) is Room
        fields = [field.attname for field in Room._meta.concrete_fields]
        assert {name: getattr(found, name) for name in fields} == {name: getattr(wanted, name) for name in fields}
        assert (found._state.adding, found._state.db) == (False, "default")
    assert prepared(uuid4()) == []
    assert prepared.first(uuid4()) is None


def test_values_of_every_type_are_filled_in_and_sql_is_built_once(room: Room, second: Room) -> None:
    events(room, "a", "b", "c")
    events(second, "d")
    built: list[tuple[Any, ...]] = []

    def build(key: UUID, kind: str, after: int) -> QuerySet[Event, tuple[int, dict[str, str]]]:
        built.append((key, kind, after))
        after_it = Event.objects.filter(room=key, type=kind, seq__gt=after, audience="all")
        return after_it.order_by("-seq").values_list("seq", "data")[:2]

    prepared = Prepared(build)
    assert prepared(room.pk, "message.posted", 0) == [(3, {"text": "c"}), (2, {"text": "b"})]
    assert prepared(second.pk, "message.posted", 0) == [(1, {"text": "d"})]
    assert prepared(room.pk, "message.posted", 2) == [(3, {"text": "c"})]
    assert prepared(room.pk, "hand.raised", 0) == []
    assert len(built) == 1
    assert (room.pk, "message.posted", 0) not in built, "the values of one frame never stand in the SQL of another"


def test_a_value_that_stands_twice_is_filled_in_twice(room: Room, second: Room) -> None:
    events(room, "a", "b")
    events(second, "c")
    prepared: Prepared[tuple[int, int]] = Prepared(
        lambda key, seq: (
            Event.objects.filter(Q(room=key) | Q(seq=seq))
            .annotate(all=Value(1))
            .values("all")
            .annotate(in_room=Count("pk", filter=Q(room=key)), with_seq=Count("pk", filter=Q(seq=seq)))
            .values_list("in_room", "with_seq")
        )
    )
    assert prepared.first(room.pk, 1) == (2, 2)
    assert prepared.first(second.pk, 2) == (1, 1)
    assert prepared.first(uuid4(), 9) == (0, 0)


def test_each_thread_reads_by_its_own_connection(room: Room) -> None:
    prepared: Prepared[Room] = Prepared(lambda key: Room.objects.filter(pk=key))
    assert prepared.first(room.pk) == room

    def work() -> Room | None:
        try:
            return prepared.first(room.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert [one.result() for one in [pool.submit(work) for _ in range(4)]] == [room] * 4


def test_what_is_no_parameter_is_no_value(room: Room) -> None:
    with pytest.raises(AssertionError, match="no parameter"):
        Prepared(lambda key: Room.objects.all())(room.pk)
    with pytest.raises(AssertionError, match="whole rows"):
        Prepared(lambda key: Room.objects.filter(pk=key).only("title"))(room.pk)
    counted = Room.objects.annotate(said=Count("events"))
    with pytest.raises(AssertionError, match="behind the columns"):
        Prepared(lambda key: counted.filter(pk=key).values_list("said", "title"))(room.pk)


def test_a_row_that_brings_its_key_is_inserted_as_django_would(room: Room, bob: User) -> None:
    now = timezone.now()
    more = {"question": "why?", "about": {"text": "x", "n": [1]}, "asked_at": now - timedelta(seconds=1)}
    ours = Answer(id=uuid4(), room=room, asked_by=bob, asked_seq=1, enqueued_at=now, **more)
    row_insert(ours)
    assert (ours._state.adding, ours._state.db) == (False, "default")
    theirs = Answer.objects.create(id=uuid4(), room=room, asked_by=bob, asked_seq=1, enqueued_at=now, **more)
    one, other = Answer.objects.filter(pk__in=[ours.pk, theirs.pk]).values()
    assert {**one, "id": None} == {**other, "id": None}
    assert Answer.objects.get(pk=ours.pk).about == {"text": "x", "n": [1]}
    ours.question = "again?"
    ours.save()
    assert Answer.objects.get(pk=ours.pk).question == "again?"
    with pytest.raises(IntegrityError):
        row_insert(Answer(id=ours.pk, room=room, asked_seq=1, **more))
