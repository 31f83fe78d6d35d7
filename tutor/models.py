"""The life of an answer, the scribe's lease, and the private half of a problem."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tutor.documents.models import Document, Passage, Retrieval
from tutor.prompt import question_about

__all__ = ["Answer", "Document", "HintRules", "Ladder", "Passage", "Reference", "Retrieval", "Shard", "Step", "Vault"]


class Answer(models.Model):
    """One question to the tutor and what became of it. This row, not any queue, says whether work is due.

    ``raw`` is all that the model wrote (thoughts too; reviewers only); ``raw_length`` its code points; ``released`` how
    much of it the guard has dealt with. ``shown`` is what the room has seen: the concatenation of its deltas.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        COMPLETED = "completed", _("completed")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="answers")
    problem = models.ForeignKey(
        "rooms.Problem",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="the room's, when it was asked",
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_seq = models.BigIntegerField()
    turn = models.BigIntegerField(
        null=True, help_text="asked_seq of the question in whose place in the line this one came"
    )
    about = models.JSONField(
        null=True, help_text="the passage that was asked about: seq, step or answer, start, end, text"
    )
    question = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=1)
    forgiven = models.PositiveSmallIntegerField(default=0, help_text="attempts that nobody's failure made necessary")
    started_attempt = models.PositiveSmallIntegerField(default=0, help_text="the last attempt that a worker took")
    reason = models.CharField(max_length=300, default="")

    raw = models.TextField(default="")
    raw_length = models.PositiveIntegerField(default=0)
    released = models.PositiveIntegerField(default=0)
    shown = models.TextField(default="")
    inserts = models.JSONField(default=list, help_text="[{at, text}]: what people put in, and behind how much of raw")
    held_by_staff = models.BooleanField(default=False, help_text="paused by staff, who alone may let it go on")
    rung = models.PositiveSmallIntegerField(default=0, help_text="how much it might tell when it was asked")
    forbidden = models.JSONField(default=list, help_text="values that must not be shown, as sealed when it was asked")
    withheld = models.JSONField(default=list, help_text="[{start, end, why}]: parts of raw that the guard kept back")
    proofread = models.PositiveIntegerField(
        default=0, help_text="how much of shown has been searched for lines of maths"
    )
    tools = models.JSONField(default=list, help_text="names of the tools that it may call, as offered when it was sent")
    calls = models.JSONField(default=list, help_text="calls of tools and what came back, as in ``tutor.calls``")
    call_due_at = models.DateTimeField(null=True, help_text="while a call is open: when it may be run (again)")

    trace = models.CharField(max_length=32, default="")
    preset = models.CharField(max_length=20, default="seed")
    prompt_version = models.CharField(max_length=40, default="")
    model = models.CharField(max_length=200, default="")
    engine = models.CharField(max_length=40, default="")
    worker = models.CharField(max_length=120, default="")
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)

    place = models.PositiveSmallIntegerField(default=0, help_text="how many were ahead of it in the room, as last told")
    asked_at = models.DateTimeField()
    enqueued_at = models.DateTimeField(null=True, help_text="null while an earlier answer of the room has the turn")
    started_at = models.DateTimeField(null=True)
    first_text_at = models.DateTimeField(null=True)
    progress_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["room", "state"]), models.Index(fields=["state", "progress_at"])]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    @property
    def words(self) -> str:
        """The question, with the passage that it points at."""
        about = self.about or {}
        shapes, step = about.get("shapes") or (), about.get("step")
        return question_about(self.question, about.get("text", ""), shapes=shapes, step=step)

    @property
    def order(self) -> int:
        """Where it stands in its room's line."""
        return self.asked_seq if self.turn is None else self.turn


class Step(models.Model):
    """A line of maths that somebody showed the room, and what the checker said. The row says whether a check is due.

    ``start`` and ``end``: which part of the message ``seq`` it is; null for a line that was shown as a step (V1, V7).
    ``matches`` is how it stands to the problem's accepted answers. It is for staff: no event and no student path has it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="steps")
    problem = models.ForeignKey("rooms.Problem", null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    seq = models.BigIntegerField()
    text = models.CharField(max_length=1_000)
    start = models.PositiveIntegerField(null=True)
    end = models.PositiveIntegerField(null=True)
    after = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    verdict = models.CharField(max_length=10, default="", help_text="verified, refuted, unknown; empty until checked")
    reason = models.CharField(max_length=400, default="")
    witness = models.CharField(max_length=400, default="", help_text="for staff also what was found by solving")
    matches = models.CharField(max_length=10, default="")
    trace = models.CharField(max_length=32, default="")
    asked_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, help_text="when somebody last began to check it")
    checked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["room", "by", "seq"]), models.Index(fields=["checked_at", "asked_at"])]

    def __str__(self) -> str:
        return f"{self.id} {self.verdict or 'waiting'}"


class Shard(models.Model):
    """The scribe's lease on one output stream: whoever raised ``epoch`` last holds it."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    epoch = models.BigIntegerField(default=0)
    cursor = models.CharField(max_length=40, default="0-0", help_text="last committed Redis Stream id")
    beat_at = models.DateTimeField(null=True)
    lag_ms = models.PositiveIntegerField(
        default=0, help_text="from the worker's sending to the commit, in the last batch"
    )

    def __str__(self) -> str:
        return f"shard {self.pk}, epoch {self.epoch}"


class Reference(models.Model):
    """The private half of a problem: accepted answers, authored hints, solution. No student path reads it but ``hints``,
    which gives an authored hint when its turn has come.
    """

    class Format(models.TextChoices):
        IMPORTED = "imported", "as imported"
        MARKDOWN = "markdown", "Markdown"

    problem = models.OneToOneField(
        "rooms.Problem", on_delete=models.CASCADE, related_name="reference", primary_key=True
    )
    solution = models.TextField(blank=True)
    steps = models.JSONField(default=list, help_text="as imported: title, body, answers, choices, hints")
    skills = models.JSONField(default=list)
    format = models.CharField(max_length=10, choices=Format, default=Format.IMPORTED)

    def __str__(self) -> str:
        return f"reference of {self.problem_id}"


class Vault(models.Model):
    """What is known of a problem's solution, sealed: only the guard and staff read it, no student path does.

    ``forbidden`` are the values that give the problem away, as text that ``tutor.checker`` reads. ``sealed_by`` says where
    they come from: the accepted answers alone, a solver's run that was checked against them, or a teacher's own solution.
    ``signature`` is of all that they were made from: where it does not fit any more, the seal is made anew.
    """

    class By(models.TextChoices):
        ACCEPTED = "accepted", "accepted answers"
        SOLVER = "solver", "solver"
        TEACHER = "teacher", "teacher"

    problem = models.OneToOneField("rooms.Problem", on_delete=models.CASCADE, related_name="vault", primary_key=True)
    forbidden = models.JSONField(default=list)
    own = models.JSONField(default=list, blank=True, help_text="a teacher's further values, kept at every new seal")
    found = models.JSONField(
        default=list, blank=True, help_text="the solver's final answers, where nothing is accepted"
    )
    between = models.JSONField(default=list, blank=True, help_text="values on the solver's way to the answer")
    solution = models.TextField(blank=True)
    key_steps = models.JSONField(default=list, blank=True)
    sealed_by = models.CharField(max_length=10, choices=By, default=By.ACCEPTED)
    model = models.CharField(max_length=200, default="", help_text="the solver's")
    signature = models.CharField(max_length=64, default="")
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"vault of {self.problem_id}"


class HintRules(models.Model):
    """How far the tutor may go in a class, or in one of its rooms (whose own rules then count alone)."""

    school_class = models.OneToOneField(
        "people.SchoolClass", null=True, blank=True, on_delete=models.CASCADE, related_name="hint_rules"
    )
    room = models.OneToOneField(
        "rooms.Room", null=True, blank=True, on_delete=models.CASCADE, related_name="hint_rules"
    )
    ceiling = models.PositiveSmallIntegerField(default=4, help_text="the highest rung that asking reaches")
    budget = models.PositiveSmallIntegerField(null=True, blank=True, help_text="hints for each problem; null: no bound")
    attempt_first = models.BooleanField(default=True, help_text="whether a try has to come before each hint")
    solution_at = models.DateTimeField(null=True, blank=True, help_text="from when on the solution may be told")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(school_class__isnull=False, room__isnull=True)
                | models.Q(school_class__isnull=True, room__isnull=False),
                name="rules_of_a_class_or_a_room",
            )
        ]

    def __str__(self) -> str:
        return f"hint rules of {self.room_id or self.school_class_id}"


class Controls(models.Model):
    """Who may do what in a room with the tutor's answers. A room without a row lets everybody who may write."""

    class Who(models.TextChoices):
        EVERYBODY = "everybody", "everybody"
        ASKER = "asker", "who asked, and staff"
        STAFF = "staff", "staff alone"

    room = models.OneToOneField("rooms.Room", on_delete=models.CASCADE, related_name="controls", primary_key=True)
    may_stop = models.CharField(max_length=10, choices=Who, default=Who.EVERYBODY)
    may_pause = models.CharField(max_length=10, choices=Who, default=Who.EVERYBODY)
    may_insert = models.CharField(max_length=10, choices=Who, default=Who.EVERYBODY)
    may_highlight = models.CharField(max_length=10, choices=Who, default=Who.EVERYBODY)
    may_about = models.CharField(max_length=10, choices=Who, default=Who.EVERYBODY)
    may_run = models.CharField(max_length=10, choices=Who, default=Who.EVERYBODY)

    def __str__(self) -> str:
        return f"controls of {self.room_id}"


class Ladder(models.Model):
    """How far a room has come on a problem's ladder of hints. ``seq`` is the event behind which a try counts."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="ladders")
    problem = models.ForeignKey("rooms.Problem", on_delete=models.CASCADE, related_name="+")
    rung = models.PositiveSmallIntegerField(default=0)
    reached = models.PositiveSmallIntegerField(
        default=0, help_text="the rung of the last hint; below rung: staff opened it"
    )
    more = models.BooleanField(default=False, help_text="whether a further authored hint belongs to this rung")
    given = models.PositiveSmallIntegerField(default=0, help_text="hints that have been given")
    authored = models.PositiveSmallIntegerField(default=0, help_text="authored hints up to this place are used")
    seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "problem"], name="one_ladder")]

    def __str__(self) -> str:
        return f"rung {self.rung} of {self.room_id}"


from tutor.papers import Memory, Solve, Writing  # noqa: E402  (Django looks for models here)

__all__ = ["Answer", "HintRules", "Ladder", "Memory", "Reference", "Shard", "Solve", "Step", "Vault", "Writing"]
