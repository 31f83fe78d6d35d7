"""Rooms, the problems they work on, and the log. Only ``journal`` inserts events."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.rooms import frames


def new_epoch() -> str:
    return uuid.uuid4().hex


class Problem(models.Model):
    """What a room works on: the public half. Answers, hints and solutions live apart, in ``tutor``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=120, unique=True, help_text="the id in the file it was imported from")
    title = models.CharField(max_length=200)
    statement = models.TextField(max_length=20_000, help_text="Markdown; formulas between $ or $$")
    code_tests = models.TextField(
        blank=True, max_length=4_000, help_text="Python that pupils' browsers run behind their code"
    )
    course = models.CharField(max_length=200, blank=True)
    lesson = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=400, blank=True)
    license = models.CharField(max_length=120, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["course", "lesson", "title"]

    def __str__(self) -> str:
        return self.title


class Room(models.Model):
    """A place where people of one class (or one of its groups) work on one problem."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    class Language(models.TextChoices):
        """What the tutor replies in; empty: the language of the question."""

        ASKED = "", _("The language of the question")
        ENGLISH = "en", "English"
        CHINESE = "zh-hans", "简体中文"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school_class = models.ForeignKey("people.SchoolClass", on_delete=models.CASCADE, related_name="rooms")
    group = models.ForeignKey("people.Group", null=True, blank=True, on_delete=models.SET_NULL, related_name="rooms")
    title = models.CharField(max_length=120)
    problem = models.ForeignKey(Problem, null=True, blank=True, on_delete=models.SET_NULL, related_name="rooms")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    language = models.CharField(max_length=10, choices=Language, default=Language.ASKED, blank=True)
    epoch = models.CharField(
        max_length=32, default=new_epoch, help_text="changes when the log is not the same any more"
    )
    last_seq = models.BigIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class Event(models.Model):
    """One fact in a room's log. ``seq`` is 1, 2, 3 … in each room, without a gap; rows are only ever inserted.

    ``by`` is {id, name, role} as it was at that moment, or null for the tutor and the system. ``audience`` is ``all``,
    ``staff`` or ``user:<id>``. ``ref`` is the client's frame id; with ``actor`` it makes a verb happen once.
    """

    id = models.BigAutoField(primary_key=True)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.JSONField(null=True)
    audience = models.CharField(max_length=48, default="all")
    ref = models.CharField(max_length=64, null=True)
    trace = models.CharField(max_length=32, default="")
    data = models.JSONField()
    epoch = ""  # of the room when this was appended: no column, the hint of it is told with it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="one_seq"),
            models.UniqueConstraint(
                fields=["room", "actor", "ref"], condition=models.Q(ref__isnull=False), name="one_event_a_ref"
            ),
        ]
        indexes = [models.Index(fields=["room", "type", "seq"])]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"

    def frame(self) -> dict[str, Any]:
        """This event as its audience gets it."""
        return frames.event_frame(
            self.type, self.data, seq=self.seq, at=self.at, by=self.by, ref=self.ref, trace=self.trace
        )
