"""What a class's documents say about a text: full text and vectors, fused, re-ranked, over a threshold.

The class comes from whoever calls (a room's own, from live state) and is part of every query; nothing in ``text`` can widen it.
Hidden documents and such as are not ready are never looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from classroom.rooms.prepared import Prepared
from tutor.documents import fulltext, near, ranking, vectors
from tutor.documents.models import Document, Passage
from tutor.documents.ranking import Candidate
from tutor.documents.words import query_terms

STAGES: Final = ("fulltext", "vectors", "rerank")
CANDIDATES: Final = 30  # of each of the two searches
TEXT_MAX: Final = 2_000  # characters of a question that are looked at
LOGGED: Final = 12


@dataclass(frozen=True, slots=True)
class Found:
    """One passage for whoever asked. ``score`` 0 to 1."""

    passage: int
    document: UUID
    title: str
    n: int
    page: int | None
    anchor: str
    text: str
    score: float


@dataclass(slots=True)
class Search:
    """The passages over the threshold, best first, and what every stage made of every candidate."""

    found: list[Found] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    stages: dict[str, Any] = field(default_factory=dict)


_OPEN: Prepared[tuple[UUID]] = Prepared(
    lambda school_class: Document.objects.filter(
        school_class=school_class, state=Document.State.READY, is_hidden=False
    ).values_list("pk")[:1]
)


def open_documents(class_id: UUID) -> bool:
    """Whether the class has anything that can be found."""
    if not settings.DOCUMENT_STAGES & {"fulltext", "vectors"}:
        return False
    return bool(_OPEN(class_id))


def passages_find(class_id: UUID, text: str, limit: int | None = None) -> list[Found]:
    """The best passages about ``text`` in the visible documents of a class; none if nothing passes DOCUMENT_THRESHOLD."""
    return passages_search(class_id, text, limit).found


def passages_search(class_id: UUID, text: str, limit: int | None = None) -> Search:
    """As ``passages_find``, with the scores of every stage. A vector that is late is left out (``stages`` says so)."""
    text, search = text[:TEXT_MAX], Search()
    stages: frozenset[str] = settings.DOCUMENT_STAGES
    by_words = _timed(search, "fulltext", lambda: _by_words(class_id, text)) if "fulltext" in stages else []
    by_vectors = _timed(search, "vectors", lambda: _near(search, class_id, text)) if "vectors" in stages else []
    fused = ranking.fused(by_words, by_vectors)
    rows = _rows(class_id, (one.passage for one in fused[: ranking.RERANKED]))
    texts = {key: f"{row.document.title} {row.heading} {row.text}" for key, row in rows.items()}
    fused = [one for one in fused if one.passage in rows]
    ranked = _timed(search, "rerank", lambda: ranking.reranked(fused, text, texts, rerank="rerank" in stages))
    for one in ranked[: limit or settings.DOCUMENT_PASSAGES]:
        one.kept = one.score >= settings.DOCUMENT_THRESHOLD
    search.found = [_found(one, rows[one.passage]) for one in ranked if one.kept]
    search.candidates = [_logged(one, rows[one.passage]) for one in ranked[:LOGGED]]
    return search


def _timed(search: Search, stage: str, act: Any) -> Any:
    begin = time.monotonic()
    found = act()
    search.stages.setdefault(stage, {}).update(ms=round((time.monotonic() - begin) * 1000, 1), found=len(found))
    return found


def _by_words(class_id: UUID, text: str) -> list[tuple[int, float]]:
    return fulltext.matches(class_id, query_terms(text), CANDIDATES)


def _near(search: Search, class_id: UUID, text: str) -> list[tuple[int, float]]:
    name = vectors.embedder_name()
    documents = Document.objects.filter(
        school_class_id=class_id, state=Document.State.READY, is_hidden=False, embedder=name
    ).exclude(embedder="")
    keys = list(documents.values_list("pk", flat=True))
    if not keys:
        return []
    try:
        query = vectors.embedder().embed([text], settings.DOCUMENT_SEARCH_S * 2 / 3)[0]
    except vectors.NoVectors as late:
        search.stages["vectors"] = {"late": str(late)}
        return []
    if vectors.is_nothing(query):
        search.stages["vectors"] = {"unknown": "the model does not know this script"}
        return []
    if near.by_database():
        search.stages["vectors"] = {"by": near.PGVECTOR}
        return near.nearest(class_id, name, query, CANDIDATES)
    return vectors.nearest(query, (pair for key in keys for pair in _stored(key)), CANDIDATES)


@lru_cache(maxsize=512)
def _stored(document_id: UUID) -> tuple[tuple[int, bytes], ...]:
    """A document's vectors. Once it is ready they do not change any more; a document that is read anew is a new one."""
    rows = (
        Passage.objects.filter(document_id=document_id).exclude(vector=None).order_by("n").values_list("pk", "vector")
    )
    return tuple((pk, bytes(vector)) for pk, vector in rows if vector is not None)


def _rows(class_id: UUID, keys: Iterable[int]) -> dict[int, Passage]:
    """Again by class and visibility: what was ranked may have been hidden or deleted meanwhile."""
    seen = Passage.objects.select_related("document").filter(
        document__school_class_id=class_id, document__state=Document.State.READY, document__is_hidden=False
    )
    return seen.in_bulk(list(keys))


def _found(one: Candidate, row: Passage) -> Found:
    return Found(
        row.pk, row.document_id, row.document.title, row.n, row.page, row.anchor, row.text, round(one.score, 4)
    )


def _logged(one: Candidate, row: Passage) -> dict[str, Any]:
    scores = {name: round(value, 5) if isinstance(value, float) else value for name, value in asdict(one).items()}
    return {**scores, "document": str(row.document_id), "title": row.document.title, "n": row.n, "anchor": row.anchor}
