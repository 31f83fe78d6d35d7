"""Full text search by the database itself: FTS5 on SQLite, a tsvector index on PostgreSQL (see migration ``documents``).

Both are asked for any of the words, ranked by how many and how rare they are. The class is part of the query,
never of the words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection

_SQLITE: Final = """
    SELECT p.id, -bm25(tutor_passage_words) FROM tutor_passage_words
    JOIN tutor_passage p ON p.id = tutor_passage_words.rowid JOIN tutor_document d ON d.id = p.document_id
    WHERE tutor_passage_words MATCH %s AND d.school_class_id = %s AND d.state = 'ready' AND NOT d.is_hidden
    ORDER BY 2 DESC, p.id LIMIT %s"""
_POSTGRES: Final = """
    SELECT p.id, ts_rank_cd(to_tsvector('english', p.words), query, 1) FROM to_tsquery('english', %s) query, tutor_passage p
    JOIN tutor_document d ON d.id = p.document_id
    WHERE to_tsvector('english', p.words) @@ query AND d.school_class_id = %s AND d.state = 'ready' AND NOT d.is_hidden
    ORDER BY 2 DESC, p.id LIMIT %s"""


def matches(class_id: UUID, terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
    """(passage, score) of the class's visible documents, best first. ``terms`` as ``words.query_terms`` gives them."""
    if not terms:
        return []
    if connection.vendor == "sqlite":
        sql, key = _SQLITE, class_id.hex
        query = " OR ".join(f'"{term}"' for term in terms)
    else:
        sql, key = _POSTGRES, str(class_id)
        query = " | ".join(f"'{term}'" for term in terms)
    with connection.cursor() as cursor:
        cursor.execute(sql, [query, key, limit])
        return [(int(pk), float(score)) for pk, score in cursor.fetchall()]
