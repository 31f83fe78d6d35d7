"""The nearest passages by the database itself: DOCUMENT_VECTORS=pgvector, on PostgreSQL with the extension ``vector``.

Exact, as ``vectors.nearest`` is, and with the same cosines: a class's passages are few, and an approximate index over all
classes would find fewer of one class's. What is gained is memory: no worker holds vectors. They stand a second time beside
those of ``Passage.vector``, in a column that only such a database has, so that who changes the setting loses nothing.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.core.management import CommandError
from django.db import DatabaseError, connection, transaction

from tutor.documents.models import Passage

log = structlog.get_logger(__name__)
PGVECTOR: Final = "pgvector"
BATCH: Final = 200
_PREPARE: Final = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    "ALTER TABLE tutor_passage ADD COLUMN IF NOT EXISTS near vector",  # of any length: the model is a setting
)
_READY: Final = """
    SELECT 1 FROM pg_attribute WHERE attrelid = 'tutor_passage'::regclass AND attname = 'near' AND NOT attisdropped"""
_MISSING: Final = """
    SELECT DISTINCT d.id FROM tutor_document d JOIN tutor_passage p ON p.document_id = d.id
    WHERE d.school_class_id = %s AND d.embedder = %s AND d.state = 'ready' AND NOT d.is_hidden
    AND p.vector IS NOT NULL AND p.near IS NULL"""
_FILL: Final = "UPDATE tutor_passage SET near = %s::vector WHERE id = %s"
# Which of two conditions the database looks at first is its own matter, and vectors of two lengths are an error: hence CASE.
_NEAREST: Final = """
    SELECT id, -distance FROM (
        SELECT p.id, CASE WHEN vector_dims(p.near) = %s THEN p.near <#> %s::vector END AS distance
        FROM tutor_passage p JOIN tutor_document d ON d.id = p.document_id
        WHERE d.school_class_id = %s AND d.embedder = %s AND d.state = 'ready' AND NOT d.is_hidden AND p.near IS NOT NULL
    ) AS compared WHERE distance IS NOT NULL ORDER BY distance, id LIMIT %s"""


def vectors_prepare() -> None:
    """What the setting asks for, made in the database. Raises CommandError in words for who has set it."""
    is_ready.cache_clear()
    if settings.DOCUMENT_VECTORS != PGVECTOR:
        return
    if connection.vendor != "postgresql":
        raise CommandError("DOCUMENT_VECTORS=pgvector wants PostgreSQL: set DATABASE_URL, or DOCUMENT_VECTORS=exact.")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in _PREPARE:
                cursor.execute(statement)
    except DatabaseError as error:
        raise CommandError(
            f"DOCUMENT_VECTORS=pgvector cannot be used: {' '.join(str(error).split())}. The server needs the extension "
            "pgvector, and where this user may not, its superuser says once CREATE EXTENSION vector in this database; "
            "or set DOCUMENT_VECTORS=exact."
        ) from error


def by_database() -> bool:
    """Whether the setting asks for it and the database is prepared; else vectors are compared in this process."""
    return settings.DOCUMENT_VECTORS == PGVECTOR and is_ready()


@lru_cache(maxsize=1)
def is_ready() -> bool:
    """Asked once in a process: tables are made before it starts."""
    found = False
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_READY)
            found = cursor.fetchone() is not None
    if not found:
        log.warning("pgvector_not_prepared", setting="DOCUMENT_VECTORS", remedy="manage.py migrate")
    return found


def nearest(class_id: UUID, embedder: str, query: bytes, limit: int) -> list[tuple[int, float]]:
    """(passage, cosine) of the ``limit`` nearest in the class's visible documents of this model, best first."""
    seen, wanted = (str(class_id), embedder), array("f", query)
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, seen)
        for (document,) in cursor.fetchall():  # such as were read before the setting was
            document_fill(document)
        cursor.execute(_NEAREST, [len(wanted), _written(wanted), *seen, limit])
        return [(int(pk), float(cosine)) for pk, cosine in cursor.fetchall()]


def document_fill(document_id: UUID) -> None:
    """Copies a document's vectors to where the database compares them; all or none."""
    stored: Any = Passage.objects.filter(document_id=document_id).exclude(vector=None).values_list("vector", "pk")
    with transaction.atomic(), connection.cursor() as cursor:
        rows = [(_written(array("f", bytes(vector))), pk) for vector, pk in stored]
        for at in range(0, len(rows), BATCH):
            cursor.executemany(_FILL, rows[at : at + BATCH])


def _written(vector: array[float]) -> str:
    """As pgvector reads it; nine digits tell every float32 from its neighbours."""
    return f"[{','.join(f'{number:.9g}' for number in vector)}]"
