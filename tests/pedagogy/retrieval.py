"""Whether a question finds its passage: our own handbook and questions, hybrid search beside plain full text search.

The real way: the file is uploaded to a class, read in the jail, embedded, and searched as for an answer. A question is right
when one of its sections stands among the first three passages that would go to the model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile

from classroom.people.access import class_for
from classroom.people.models import Enrolment, Role, SchoolClass, User
from tests.bench.figures import Figure
from tests.pedagogy.poison import Poison
from tutor.documents import fulltext, ingest, shelf
from tutor.documents.models import Document, Passage
from tutor.documents.search import CANDIDATES, passages_search
from tutor.documents.words import query_terms

FOLDER: Final = Path(__file__).parent
HANDBOOK: Final = FOLDER / "handbook.md"
QUESTIONS: Final = [json.loads(line) for line in (FOLDER / "handbook-questions.jsonl").read_text().splitlines()]
ELSEWHERE: Final = (FOLDER / "handbook-elsewhere.txt").read_text().splitlines()
FIRST: Final = 3


@dataclass
class Found:
    """Of each question the place of its first right passage, from 1; 0 is none."""

    ranks: list[int] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        return sum(0 < rank <= FIRST for rank in self.ranks) / len(self.ranks) if self.ranks else None

    @property
    def mrr(self) -> float | None:
        return sum(1 / rank for rank in self.ranks if rank) / len(self.ranks) if self.ranks else None


@dataclass
class Retrieval:
    """``quiet``: of questions about something else, those for which nothing is quoted."""

    hybrid: Found = field(default_factory=Found)
    plain: Found = field(default_factory=Found)
    quiet: int = 0
    of: int = 0
    missed: list[str] = field(default_factory=list)
    poison: Poison | None = None

    def figures(self) -> list[Figure]:
        return [
            Figure("recall_at_3", self.hybrid.recall, ">=", 0.9, ours=True),
            Figure("mrr", self.hybrid.mrr, ">=", 0.75, ours=True),
            Figure("recall_at_3_fulltext", self.plain.recall, ">=", 0, ours=True),
            Figure("mrr_fulltext", self.plain.mrr, ">=", 0, ours=True),
            Figure("poison_leaks", None if self.poison is None else float(self.poison.leaks), "=", 0, ours=True),
            Figure("elsewhere_quiet", self.quiet / self.of if self.of else None, ">=", 0.8, ours=True),
        ]

    def record(self) -> dict[str, Any]:
        counts = {"questions": len(self.hybrid.ranks), "missed": self.missed, "elsewhere": [self.quiet, self.of]}
        return {"retrieval": counts} | (self.poison.record() if self.poison else {})


def handbook_class() -> SchoolClass:
    """A class that has the handbook, ready to be searched."""
    teacher = User.objects.create_user("handbook-teacher", password=None, role=Role.TEACHER)
    made = SchoolClass.objects.create(name="Handbook", created_by=teacher)
    Enrolment.objects.create(user=teacher, school_class=made, role=Role.TEACHER)
    file = SimpleUploadedFile(HANDBOOK.name, HANDBOOK.read_bytes())
    document = shelf.document_upload(class_for(teacher, made.pk), teacher, file)
    ingest.document_read(document.pk)
    assert Document.objects.get(pk=document.pk).state == Document.State.READY
    return made


def rank_of(anchors: Iterable[str], wanted: list[str]) -> int:
    """The first place whose section, the last heading of the anchor, is wanted; 0: none."""
    return next((n for n, anchor in enumerate(anchors, 1) if anchor.split(" › ")[-1] in wanted), 0)


def by_words(class_id: UUID, question: str) -> list[str]:
    """Plain full text search: the database's own order."""
    found = fulltext.matches(class_id, query_terms(question), CANDIDATES)
    anchors = dict(Passage.objects.filter(pk__in=[key for key, _ in found]).values_list("pk", "anchor"))
    return [anchors[key] for key, _ in found]


def by_all(class_id: UUID, question: str) -> list[str]:
    """What would go to the model, and behind it the rest of the candidates: below the threshold counts as not found."""
    return [one["anchor"] for one in passages_search(class_id, question).candidates if one["kept"]]


def retrieval_score(school_class: SchoolClass, questions: list[dict[str, Any]], elsewhere: list[str]) -> Retrieval:
    scores = Retrieval()
    searches: list[tuple[Found, Callable[[UUID, str], list[str]]]] = [
        (scores.hybrid, by_all), (scores.plain, by_words),
    ]  # fmt: skip
    for row in questions:
        for found, search in searches:
            found.ranks.append(rank_of(search(school_class.pk, row["q"]), row["at"]))
        if scores.hybrid.ranks[-1] == 0:
            scores.missed.append(row["q"])
    for question in elsewhere:
        scores.of += 1
        scores.quiet += not by_all(school_class.pk, question)
    return scores
