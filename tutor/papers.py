"""Rows of what a model writes for the house and not for a room: private solutions, and summaries of what a room has said.

Nothing here ever becomes an event by itself: what staff may know of it stands on pages of theirs.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Solve(models.Model):
    """One private solving of a problem by one model: several samples, a vote, a verdict.

    ``content`` is of the public statement and the number of answers that are wanted: once for each content and model,
    whatever the number of rooms. ``judged`` is the signature of what the vote was compared with; where that has
    changed, the samples are judged again, which costs no model.
    """

    class Verdict(models.TextChoices):
        MATCHES = "matches", "matches the accepted answer"
        PROVED = "proved", "proved by the checker"
        DISAGREES = "disagrees", "disagrees with the accepted answer"
        UNCLEAR = "unclear", "could not be compared"
        NOTHING = "nothing", "no sample came to an answer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    problem = models.ForeignKey("rooms.Problem", on_delete=models.CASCADE, related_name="solves")
    content = models.CharField(max_length=64)
    model = models.CharField(max_length=200, default="", help_text="empty until a worker has taken a sample")
    round = models.PositiveSmallIntegerField(default=1, help_text="asked for again: other samples")
    samples = models.PositiveSmallIntegerField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, help_text="when somebody last began to judge it")
    judged_at = models.DateTimeField(null=True)
    judged = models.CharField(max_length=64, default="")
    verdict = models.CharField(max_length=10, choices=Verdict, default="")
    answers = models.JSONField(default=list, help_text="what the vote says, one for each part")
    agreeing = models.PositiveSmallIntegerField(default=0, help_text="samples that say it")
    sealed = models.BooleanField(default=False, help_text="whether the vault has it")
    reason = models.CharField(max_length=300, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["problem", "content", "model", "round"], name="one_solve")]
        indexes = [models.Index(fields=["judged_at", "asked_at"])]

    def __str__(self) -> str:
        return f"solve of {self.problem_id}: {self.verdict or 'not judged'}"


class Memory(models.Model):
    """What a room has said earlier, in short: stands in prompts for all turns up to ``upto`` (the seq of a question).

    ``shown`` text alone goes into it. ``due`` says that further turns want to be taken into it.
    """

    class By(models.TextChoices):
        MODEL = "model", "the tutor"
        LIST = "list", "a plain list"
        STAFF = "staff", "staff"

    room = models.OneToOneField("rooms.Room", on_delete=models.CASCADE, related_name="memory", primary_key=True)
    summary = models.TextField(default="")
    upto = models.BigIntegerField(default=0)
    by = models.CharField(max_length=10, choices=By, default=By.LIST)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(null=True)
    due = models.BooleanField(default=False, db_index=True)

    def __str__(self) -> str:
        return f"memory of {self.room_id} up to {self.upto}"


class Writing(models.Model):
    """A text that a worker writes in private. As with an Answer this row, not any queue, says whether work is due.

    It belongs to a solve (one of its samples) or to a room's memory. ``raw`` is all that the model wrote, thoughts too.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    solve = models.ForeignKey(Solve, null=True, on_delete=models.CASCADE, related_name="writings")
    memory = models.ForeignKey(Memory, null=True, on_delete=models.CASCADE, related_name="writings")
    upto = models.BigIntegerField(default=0, help_text="of a memory: the last turn that it tells of")
    messages = models.JSONField(help_text="what the model is asked, the same for each attempt")
    preset = models.CharField(max_length=20)
    seed = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(default=1)
    forgiven = models.PositiveSmallIntegerField(default=0, help_text="attempts that gave up their place to a room")
    started_attempt = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=300, default="")
    raw = models.TextField(default="")
    raw_length = models.PositiveIntegerField(default=0)
    model = models.CharField(max_length=200, default="")
    worker = models.CharField(max_length=120, default="")
    completion_tokens = models.PositiveIntegerField(null=True)
    kept = models.BooleanField(default=False, help_text="its end has been dealt with")
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    progress_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "asked_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(solve__isnull=False, memory__isnull=True)
                | models.Q(solve__isnull=True, memory__isnull=False),
                name="writing_for_a_solve_or_a_memory",
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
