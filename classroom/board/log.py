"""The log of a board's document: the only place where updates are inserted (Q1–Q4).

Write, then tell: ``updates_append`` judges each update against the document under the row lock that orders the log, appends
what it takes in one transaction, and tells afterwards. A refused update leaves no trace, here or in any copy.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pycrdt import Doc

from classroom.board import limits
from classroom.board.models import Document, Drawn, Snapshot, Update, Writer
from classroom.board.replica import Replica, UpdateRefused
from classroom.people.models import User
from classroom.rooms import broadcast
from classroom.rooms.models import Room

REPLICAS_KEPT = 64
TUTOR = "tutor"


@dataclass(frozen=True, slots=True)
class Draft:
    """An update that somebody wants to add. ``author`` None is the tutor or the system."""

    data: bytes
    author: User | None
    origin: str


@dataclass(frozen=True, slots=True)
class Row:
    """An update of the log, as it is told."""

    seq: int
    origin: str
    data: bytes


Outcome = Row | UpdateRefused | None  # None: it said nothing new
Allow = Callable[[Document, Draft], None]


def update_append(document: Document, data: bytes, *, author: User | None, origin: str) -> int:
    """Append one update for the server itself (the tutor, an import); gives back its seq. Raises UpdateRefused.

    An update that says nothing new appends nothing and gives back the last seq. May run inside a transaction: then it
    is told when that commits.
    """
    outcome = updates_append(document.pk, [Draft(data, author, origin)])[0]
    if isinstance(outcome, UpdateRefused):
        raise outcome
    return (
        outcome.seq if outcome is not None else Document.objects.values_list("last_seq", flat=True).get(pk=document.pk)
    )


def updates_append(document_id: UUID, drafts: Sequence[Draft], *, allow: Allow | None = None) -> list[Outcome]:
    """Judge and append updates in their order, in one transaction; one outcome for each.

    ``allow`` is asked for each under the lock, and raises UpdateRefused; without one it is the server itself that writes,
    which may draw for others (Q15). Raises Document.DoesNotExist, django.db.Error.
    """
    with _held(document_id) as replica, transaction.atomic():
        document = Document.objects.select_for_update().get(pk=document_id)
        replica.catch_up(document)
        known = set(replica.writers)
        outcomes: list[Outcome] = []
        for draft in drafts:
            outcomes.append(_judge(replica, document, draft, [row for row in outcomes if isinstance(row, Row)], allow))
        rows = [(draft, row) for draft, row in zip(drafts, outcomes, strict=True) if isinstance(row, Row)]
        if rows:
            _insert(document, rows)
            Writer.objects.bulk_create(
                Writer(document=document, client=client, who=who)
                for client, who in replica.writers.items()
                if client not in known
            )
            _gone_note(document, replica)
            _snapshot(document, replica, len(rows))
            transaction.on_commit(partial(updates_tell, document_id, [row for _, row in rows]))
    return outcomes


def _judge(replica: Replica, document: Document, draft: Draft, before: list[Row], allow: Allow | None) -> Outcome:
    try:
        if allow is not None:
            allow(document, draft)
        if document.bytes + sum(len(row.data) for row in before) + len(draft.data) > limits.DOCUMENT_BYTES:
            raise UpdateRefused("too_big", _("This board is full. Go on in a new room."))
        who = str(draft.author.pk) if draft.author else TUTOR
        data = replica.integrate(draft.data, who, trusted=allow is None)
    except UpdateRefused as refused:
        if replica.spoilt:
            replica.rebuild(document, [row.data for row in before])
        return refused
    return Row(replica.seq, draft.origin, data) if data is not None else None


def _insert(document: Document, rows: list[tuple[Draft, Row]]) -> None:
    room_seq = Room.objects.values_list("last_seq", flat=True).get(pk=document.room_id)
    now = timezone.now()
    Update.objects.bulk_create(
        Update(
            document=document, seq=row.seq, room_seq=room_seq, author=draft.author, origin=row.origin, data=row.data, at=now
        )
        for draft, row in rows
    )  # fmt: skip
    document.last_seq = rows[-1][1].seq
    document.bytes += sum(len(row.data) for _, row in rows)
    document.save(update_fields=["last_seq", "bytes"])


def _gone_note(document: Document, replica: Replica) -> None:
    """Whose the shapes are that others have taken away: one row for each, whenever it last went."""
    if replica.gone:
        Drawn.objects.bulk_create(
            [Drawn(document=document, shape=key, who=who) for key, who in replica.gone.items()],
            update_conflicts=True, unique_fields=["document", "shape"], update_fields=["who"],
        )  # fmt: skip
        replica.gone.clear()


def _snapshot(document: Document, replica: Replica, added: int) -> None:
    if document.last_seq // limits.SNAPSHOT_ROWS > (document.last_seq - added) // limits.SNAPSHOT_ROWS:
        Snapshot.objects.filter(document=document).delete()
        Snapshot.objects.create(document=document, seq=replica.seq, data=replica.doc.get_update())


def updates_tell(document_id: UUID, rows: Sequence[Row]) -> None:
    """Tell committed updates to every process that has the document open. Never raises for Redis."""
    told = [(row.seq, row.origin, row.data) for row in rows]
    broadcast.group_tell(
        document_group(document_id), {"type": "board.updates", "document": str(document_id), "rows": told}
    )


def document_group(document_id: UUID | str) -> str:
    return f"board.{document_id}"


# ---- reading


def document_load(document: Document, *, upto: int | None = None, room_seq: int | None = None) -> Doc[Any]:
    """The document from its log as a copy of one's own: whole, up to its seq ``upto``, or as it was at a room's seq."""
    rows = Update.objects.filter(document=document)
    if room_seq is not None:
        rows = rows.filter(room_seq__lte=room_seq)
    if upto is not None:
        rows = rows.filter(seq__lte=upto)
    doc: Doc[Any] = Doc()
    begun = 0
    if room_seq is None:
        snapshots = Snapshot.objects.filter(document=document)
        found = (snapshots.filter(seq__lte=upto) if upto is not None else snapshots).order_by("-seq").first()
        if found is not None:
            doc.apply_update(bytes(found.data))
            begun = found.seq
    for data in rows.filter(seq__gt=begun).order_by("seq").values_list("data", flat=True):
        doc.apply_update(bytes(data))
    return doc


def document_answer(document_id: UUID, state: bytes) -> tuple[int, bytes, bytes]:
    """For somebody who has ``state``: the seq that this is of, what is missing there, and the document's own state.

    Raises ValueError for a state that cannot be read, Document.DoesNotExist, django.db.Error.
    """
    with _held(document_id) as replica:
        document = Document.objects.get(pk=document_id)
        replica.catch_up(document)
        return replica.seq, replica.doc.get_update(state), replica.doc.get_state()


def updates_read(document_id: UUID, *, after: int, limit: int = 200) -> list[Row]:
    """Rows above ``after`` in order, at most ``limit``."""
    rows = Update.objects.filter(document_id=document_id, seq__gt=after).order_by("seq")[:limit]
    return [Row(row.seq, row.origin, bytes(row.data)) for row in rows]


def heads(document_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The last seq of many documents in one query; those that are gone are missing."""
    return dict(Document.objects.filter(pk__in=document_ids).values_list("pk", "last_seq"))


# ---- this process's copies

_replicas: OrderedDict[UUID, Replica] = OrderedDict()
_lock = threading.Lock()


@contextmanager
def _held(document_id: UUID) -> Iterator[Replica]:
    """This process's replica, alone. Whatever goes wrong inside, it is thrown away: the log is the truth.

    Inside a transaction of the caller it is one made for this call, as a rollback would leave a shared one ahead.
    """
    if connection.in_atomic_block:
        yield Replica(document_id)
        return
    with _lock:
        replica = _replicas.pop(document_id, None) or Replica(document_id)
        _replicas[document_id] = replica
        while len(_replicas) > REPLICAS_KEPT:
            _replicas.popitem(last=False)
    with replica.lock:
        kept = False
        try:
            yield replica
            kept = True
        finally:
            if not kept:
                replica_drop(document_id)


def replica_drop(document_id: UUID) -> None:
    with _lock:
        _replicas.pop(document_id, None)
