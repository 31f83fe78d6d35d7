"""What a class has uploaded, the passages in it, and what was found in them for one answer."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tutor.documents.reasons import reason_said


class Document(models.Model):
    """A file of a class. ``sha256`` names it under DATA_DIR/documents; its text stands in the passages alone."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting to be read")
        READING = "reading", _("being read")
        READY = "ready", _("ready")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school_class = models.ForeignKey("people.SchoolClass", on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, help_text="pdf, docx, ipynb, markdown or text")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(help_text="bytes")
    pages = models.PositiveIntegerField(null=True, help_text="of a PDF its pages, of a notebook its cells")
    is_hidden = models.BooleanField(default=False, help_text="for staff alone: never found for anybody's question")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=300, default="", help_text="why it was refused, in words for people")
    embedder = models.CharField(max_length=80, default="", help_text="whose vectors its passages have; empty: none")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    uploaded_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, help_text="when somebody last began to read it")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school_class", "sha256"], name="one_file_of_a_class")]

    @property
    def reason_said(self) -> str:
        return reason_said(self.reason)

    def __str__(self) -> str:
        return self.title


class Passage(models.Model):
    """A piece of a document, as long as a model reads at once. ``words`` are what full text search sees of it."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    n = models.PositiveIntegerField(help_text="1, 2, 3 … in the order of the document")
    page = models.PositiveIntegerField(null=True)
    anchor = models.CharField(max_length=200, help_text="where it stands, in words: a page, a heading, a cell, lines")
    heading = models.CharField(max_length=200, default="")
    text = models.TextField()
    words = models.TextField()
    vector = models.BinaryField(null=True, help_text="float32, of length 1")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "n"], name="one_place_in_a_document")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.n}"


class Retrieval(models.Model):
    """What was looked for and found for one answer: every candidate with the scores of every stage, for reviewers."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SEARCHING = "searching", _("searching")
        FOUND = "found", _("found")
        NOTHING = "nothing", _("nothing found")
        LATE = "late", _("too late")

    answer = models.OneToOneField("tutor.Answer", on_delete=models.CASCADE, related_name="retrieval", primary_key=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked_for = models.BooleanField(default=False, help_text="whether the question is about the class's materials")
    candidates = models.JSONField(
        default=list, help_text="best first, each with its scores; ``kept`` went to the model"
    )
    stages = models.JSONField(default=dict, help_text="milliseconds and candidates of each stage")
    began_at = models.DateTimeField()
    latency_ms = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.answer_id} {self.state}"
