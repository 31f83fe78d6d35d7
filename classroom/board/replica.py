"""One document in this process, derived from its log alone, and the judge of what may be added to it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from pycrdt import Array, Doc, Map, Text

from classroom.board import limits
from classroom.board.models import Document, Drawn, Kind, Snapshot, Update, Writer
from classroom.board.scene import SceneError, Shape, code_read, pages_read, shape_read
from classroom.board.updates import EMPTY, Change, Malformed, change_read, clocks_read

# The parts of a document, and whether what stands in them has a key.
CODE: Final = frozenset({("code", False)})
SCENE: Final = frozenset({("shapes", True), ("pages", False)})


class UpdateRefused(Exception):
    """An update that is not taken. ``code`` for programs, ``message`` for people, ``field`` names the culprit."""

    def __init__(self, code: str, message: str | Promise, field: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


class Replica:
    """A document at ``seq`` of its log. Whoever reads or changes it holds ``lock``."""

    def __init__(self, document_id: UUID) -> None:
        self.document_id, self.kind = document_id, ""
        self.lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self.seq = 0
        self.spoilt = self._watching = False
        self.doc: Doc[Any] = Doc(allow_multithreading=True)
        self.writers: dict[int, str] = {}
        self.gone: dict[str, str] = {}  # whose shapes others took away, until the log notes it
        self._touched: set[str] = set()
        self._pages_touched = False
        self._page_of: dict[str, str] = {}
        self._by_of: dict[str, str] = {}
        self._indexed = 0
        self._integrated: bytes | None = None

    def _watch(self) -> None:
        self._watching = True
        self.doc.observe(self._note)
        if self.kind == Kind.CODE:
            self._text = self.doc.get("code", type=Text)
            return
        self._shapes = self.doc.get("shapes", type=Map)
        self._pages = self.doc.get("pages", type=Array)
        self._shapes.observe_deep(self._shapes_note)
        self._pages.observe_deep(self._pages_note)

    # ---- from the log

    def catch_up(self, document: Document) -> None:
        """Bring it to the document's ``last_seq``. One below ours means another log: begin anew."""
        self.kind = document.kind
        if document.last_seq < self.seq:
            self._begin()
        if document.last_seq > self.seq:
            self._read(document.last_seq)
            self.writers = dict(Writer.objects.filter(document_id=self.document_id).values_list("client", "who"))
        if not self._watching:
            self._watch()
        self._reindex()

    def _read(self, head: int) -> None:
        if self.seq == 0:
            found = Snapshot.objects.filter(document_id=self.document_id, seq__lte=head).order_by("-seq").first()
            if found is not None:
                self.doc.apply_update(bytes(found.data))
                self.seq = found.seq
        rows = Update.objects.filter(document_id=self.document_id, seq__gt=self.seq, seq__lte=head).order_by("seq")
        for seq, data in rows.values_list("seq", "data"):
            self.doc.apply_update(bytes(data))
            self.seq = seq

    def rebuild(self, document: Document, more: Iterable[bytes] = ()) -> None:
        """Throw it away and make it from the log again, with ``more`` that is accepted and not yet in the log."""
        writers, gone = self.writers, self.gone
        self._begin()
        self.catch_up(document)
        for data in more:
            self.doc.apply_update(data)
            self.seq += 1
        self.writers, self.gone = writers, gone
        self._reindex()

    def _reindex(self) -> None:
        """After others' updates: which page each shape is on, and whose it is."""
        if self.kind == Kind.CODE or self._indexed == self.seq:
            return
        if self._indexed == 0:
            self._touched.update(self._shapes.keys())
        for key in self._touched:
            found = self._shapes.get(key)
            if isinstance(found, Map):
                self._page_of[key], self._by_of[key] = str(found.get("page")), str(found.get("by"))
            else:
                self._page_of.pop(key, None)
                self._by_of.pop(key, None)
        self._touched.clear()
        self._indexed = self.seq

    # ---- what a client may add

    def integrate(self, data: bytes, who: str, *, trusted: bool = False) -> bytes | None:
        """Add an update of ``who``; gives back what it was here (None: nothing new). Raises UpdateRefused.

        ``trusted``: shapes may say that anybody has drawn them (Q15).
        After a refusal the replica may be spoilt: ``rebuild`` it where it is ``spoilt``.
        """
        self._taken()
        self._touched.clear()
        self._pages_touched = False
        change = self._fitting(data, who)
        if change is None:
            return None
        self.spoilt = True
        try:
            self.doc.apply_update(data)
        except (ValueError, RuntimeError):  # cannot be decoded, cannot be integrated
            raise UpdateRefused("malformed", "The update cannot be read.") from None
        self._whole(change)
        gone = self._scene_check(None if trusted else who)
        self.spoilt = False
        self.gone.update((key, by) for key, by in gone.items() if by != who)
        self._touched.clear()
        integrated = self._taken()
        if integrated is not None:
            self.seq = self._indexed = self.seq + 1
            for client in change.clients:
                self.writers.setdefault(client, who)
        return integrated

    def _taken(self) -> bytes | None:
        """What the library has told since the last time: nothing if it knew all of it."""
        integrated, self._integrated = self._integrated, None
        return integrated

    def _fitting(self, data: bytes, who: str) -> Change | None:
        if data == EMPTY:
            return None
        if len(data) > limits.MESSAGE_BYTES:
            raise UpdateRefused("too_big", f"An update has at most {limits.MESSAGE_BYTES} bytes.")
        try:
            change = change_read(data)
        except Malformed as error:
            raise UpdateRefused("malformed", f"The update cannot be read: {error}.") from None
        foreign = sorted(change.roots - (CODE if self.kind == Kind.CODE else SCENE))
        if foreign:
            raise UpdateRefused("bad_field", "This document has no such part.", foreign[0][0][:60])
        clocks = clocks_read(self.doc.get_state())
        for client, start, end in change.structs:
            known = clocks.get(client, 0)
            if start > known:
                raise UpdateRefused("missing", "The update hangs on one that is not here.")
            if end > known and self.writers.get(client, who) != who:
                raise UpdateRefused("forbidden", "This Yjs client is somebody else's.", "client")
        return change

    def _whole(self, change: Change) -> None:
        """Nothing of it may wait for something that is not here: it would wait in every copy for ever."""
        clocks = clocks_read(self.doc.get_state())
        if any(end > clocks.get(client, 0) for client, _, end in [*change.structs, *change.deleted]):
            raise UpdateRefused("missing", "The update hangs on one that is not here.")

    def _scene_check(self, who: str | None) -> dict[str, str]:
        """Judge what was touched, by ``who`` if it is not trusted; gives back whose the shapes are that went."""
        gone: dict[str, str] = {}
        try:
            if self.kind == Kind.CODE:
                code_read(self.doc)
                return gone
            if self._pages_touched:
                pages_read(self.doc)
            for key in self._touched:
                shape = self._shape(key)
                if shape is not None:
                    self._by_check(shape, who)
                    self._page_of[key], self._by_of[key] = shape.page, shape.by
                elif self._page_of.pop(key, None) is not None:
                    gone[key] = self._by_of.pop(key)
            self._count_check()
        except SceneError as error:
            raise UpdateRefused(error.code, error.message, error.field) from None
        return gone

    def _shape(self, key: str) -> Shape | None:
        """The shape as it is now; None: it is gone. Raises SceneError."""
        found = self._shapes.get(key)
        if found is None and key not in self._shapes:
            return None
        if not isinstance(found, Map):
            raise SceneError("bad_field", "A shape is a map of fields.", "shape")
        return shape_read(key, found.to_py())

    def _by_check(self, shape: Shape, who: str | None) -> None:
        """A shape is by whoever put it there, and stays so; undo brings one back as whose it was. Raises SceneError."""
        drawn = self._by_of.get(shape.id)
        if drawn is None and who is not None and shape.by != who:
            drawn = self.gone.get(shape.id) or self._drawn(shape.id)
        if who is not None and shape.by != (drawn or who):
            raise SceneError("forbidden", _("A shape says that somebody else has drawn it."), "by")

    def _drawn(self, key: str) -> str | None:
        found = Drawn.objects.filter(document_id=self.document_id, shape=key)
        return found.values_list("who", flat=True).first()

    def _count_check(self) -> None:
        if not self._touched:
            return
        counts = Counter(self._page_of.values())
        if len(counts) > limits.PAGES:
            raise SceneError("too_many", format_lazy(_("A board has at most {most} pages."), most=limits.PAGES), "page")
        if counts and max(counts.values()) > limits.SHAPES_A_PAGE:
            raise SceneError(
                "too_many", format_lazy(_("A page has at most {most} shapes."), most=limits.SHAPES_A_PAGE), "shapes"
            )

    # ---- what the library tells while it integrates

    def _note(self, event: Any) -> None:
        self._integrated = bytes(event.update)

    def _shapes_note(self, events: list[Any]) -> None:
        for event in events:
            if event.path:
                self._touched.add(str(event.path[0]))
            else:
                self._touched.update(event.keys)

    def _pages_note(self, events: list[Any]) -> None:
        self._pages_touched = True
