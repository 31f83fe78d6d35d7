"""Boards: documents of a room, each with a log of its own. Only ``log`` inserts updates, snapshots and writers."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """Who may write on the boards of a room (PROTOCOL.md, Q5)."""

    OPEN = "open", _("everybody writes")
    VIEW = "view", _("students only look")
    ISOLATED = "isolated", _("each student on a layer of her own")
    LOCKED = "locked", _("only staff write")


class Kind(models.TextChoices):
    BOARD = "board", _("the common board")
    TEACHER = "teacher", _("the teacher's layer")
    LAYER = "layer", _("a student's layer")
    CODE = "code", _("the shared code")


class Board(models.Model):
    """The mode of a room's boards. A room without a row is open."""

    room = models.OneToOneField("rooms.Room", on_delete=models.CASCADE, related_name="board", primary_key=True)
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.OPEN)

    def __str__(self) -> str:
        return f"{self.room_id}: {self.mode}"


class Grant(models.Model):
    """A person's own right to write on the common board and in the code, whatever the mode says."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="board_grants")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    write = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "person"], name="one_grant")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.room_id}: {self.write}"


class Document(models.Model):
    """One Yjs document. ``last_seq`` and ``bytes`` are those of its log; raising them takes the lock that orders it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=8, choices=Kind)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    revealed = models.BooleanField(default=False)
    last_seq = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room", "kind"], condition=models.Q(owner__isnull=True), name="one_document_a_kind"
            ),
            models.UniqueConstraint(fields=["room", "kind", "owner"], name="one_layer_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.room_id}"


class Update(models.Model):
    """One Yjs update (v1), as it was integrated. ``seq`` is 1, 2, 3 … in each document, without a gap; only inserted.

    ``room_seq`` is the room's seq at that moment: a replay merges both logs by it. ``author`` null is the tutor or the
    system; ``origin`` is the socket that sent it, or a name such as ``tutor``.
    """

    id = models.BigAutoField(primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="updates")
    seq = models.BigIntegerField()
    room_seq = models.BigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    origin = models.CharField(max_length=40)
    data = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "seq"], name="one_update_seq")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.seq}"


class Snapshot(models.Model):
    """The document at ``seq``: only speeds joining. The log stays whole beside it."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="snapshots")
    seq = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "seq"], name="one_snapshot_seq")]

    def __str__(self) -> str:
        return f"{self.document_id} at {self.seq}"


class Writer(models.Model):
    """Whose Yjs client id this is: nobody may write under another's, or that person's own copy would fall apart."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="writers")
    client = models.BigIntegerField()
    who = models.CharField(max_length=40, help_text="id of the person, or `tutor`")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "client"], name="one_writer_a_client")]

    def __str__(self) -> str:
        return f"{self.client} is {self.who}"


class Drawn(models.Model):
    """Who drew a shape that somebody else has taken away: her undo brings it back as that person's (Q15)."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    shape = models.UUIDField()
    who = models.CharField(max_length=40, help_text="id of the person, or `tutor`")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "shape"], name="one_drawn_a_shape")]

    def __str__(self) -> str:
        return f"{self.shape} by {self.who}"


class Formula(models.Model):
    """A formula that was drawn once: its paths (``typesetting``), under the hash of its LaTeX. Nothing of it is secret."""

    digest = models.CharField(max_length=64, primary_key=True)
    drawn = models.JSONField(help_text="{w, h, paths}")

    def __str__(self) -> str:
        return self.digest


class Picture(models.Model):
    """A picture on a board, made anew from what was uploaded. It is in the database, so that a backup has whole boards."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="pictures")
    kind = models.CharField(max_length=20, help_text="its content type")
    w = models.PositiveIntegerField(help_text="pixels")
    h = models.PositiveIntegerField(help_text="pixels")
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "sha256"], name="one_picture_of_a_document")]

    def __str__(self) -> str:
        return f"{self.id} on {self.document_id}"


class Thumbnail(models.Model):
    """How a document looked at ``seq``, small, for a teacher's wall; ``asked_at`` is when it was last asked for."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, related_name="thumbnail", primary_key=True)
    seq = models.BigIntegerField(default=0)
    data = models.BinaryField(default=b"")
    asked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.document_id} at {self.seq}"
