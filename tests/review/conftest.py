"""A room in which something was said, for those who review it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms import journal
from classroom.rooms.models import Event, Room
from tutor.models import Answer

Say = Callable[..., Event]


@pytest.fixture
def say() -> Say:
    """Append any fact: say(room, kind, by, role, **data)."""

    def append(
        room: Room, kind: str, by: User | None = None, role: str = "student", audience: str = "all", **data: Any
    ) -> Event:
        with transaction.atomic():
            who = journal.person(by, role) if by else None
            return journal.append(room.pk, type=kind, data=data, actor=by, by=who, audience=audience)

    return append


@pytest.fixture
def answer(room: Room, bob: User, say: Say) -> Answer:
    """Bob asked, the tutor answered; what it thought is private."""
    now = timezone.now()
    made = Answer(
        room=room, asked_by=bob, question="Why, asks Bob Baker?", state="completed",
        raw="<think>PRIVATE THOUGHT</think>Because.",
        shown="Because, Bob.", model="tiny-model", engine="scripted", prompt_version="seed-1", trace="trace-1",
        prompt_tokens=31, completion_tokens=7, asked_at=now, started_at=now + timedelta(milliseconds=250),
        first_text_at=now + timedelta(milliseconds=700), finished_at=now + timedelta(milliseconds=1500), asked_seq=0,
        reason="stop",
    )  # fmt: skip
    made.asked_seq = say(room, "answer.asked", bob, answer=str(made.pk), text=made.question).seq
    say(room, "answer.queued", answer=str(made.pk), position=1, eta_s=None)
    say(room, "answer.started", answer=str(made.pk), attempt=1, model="tiny-model", engine="scripted")
    say(room, "answer.delta", answer=str(made.pk), offset=0, text="Because, Bob.", part="text")
    say(
        room, "answer.completed", answer=str(made.pk), text="Because, Bob.", sha256="0" * 64, length=13, reason="stop",
        model="tiny-model", prompt_tokens=31, completion_tokens=7, first_token_ms=450, total_ms=1250,
    )  # fmt: skip
    made.save()
    return made


@pytest.fixture
def talk(room: Room, bob: User, alice: User, say: Say, answer: Answer) -> Room:
    """A message before and after the answer, and a few notices."""
    say(room, "message.posted", bob, text="Hello, I am Bob and **this** is $x^2$")
    say(room, "hand.raised", bob)
    say(room, "hand.lowered", alice, "teacher", user=journal.person(bob, "student"))
    say(room, "message.posted", alice, "teacher", text="bob baker, well done. 林")
    say(room, "room.closed", alice, "teacher")
    return room
