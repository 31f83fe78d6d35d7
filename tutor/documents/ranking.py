"""Two lists of candidates become one: reciprocal-rank fusion, a re-ranking of the best, a threshold. Pure.

The re-ranking asks how near the passage is to the question (cosine) and how much of what the question names stands in it
(coverage: the share of its words' weight, a word weighing the more the fewer candidates have it). Of pairs of signs about every
second one crosses the border of two words and means nothing: one that is not found counts half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tutor.documents.words import is_pair, query_terms, stem, terms

RRF: Final = 60
RERANKED: Final = 20
NEARNESS: Final = 0.8  # of the re-ranked score; the rest is coverage


@dataclass(slots=True)
class Candidate:
    """A passage and the scores of every stage; None where a stage did not have it."""

    passage: int
    fulltext: float | None = None
    fulltext_rank: int | None = None
    cosine: float | None = None
    cosine_rank: int | None = None
    fused: float = 0.0
    coverage: float = 0.0
    score: float = 0.0
    kept: bool = False


def fused(fulltext: Sequence[tuple[int, float]], near: Sequence[tuple[int, float]]) -> list[Candidate]:
    """Σ 1 / (RRF + rank) over both lists, best first."""
    found: dict[int, Candidate] = {}
    for rank, (passage, score) in enumerate(fulltext, 1):
        one = found.setdefault(passage, Candidate(passage))
        one.fulltext, one.fulltext_rank = score, rank
    for rank, (passage, score) in enumerate(near, 1):
        one = found.setdefault(passage, Candidate(passage))
        one.cosine, one.cosine_rank = score, rank
    for one in found.values():
        one.fused = sum(1 / (RRF + rank) for rank in (one.fulltext_rank, one.cosine_rank) if rank is not None)
    return sorted(found.values(), key=lambda one: (-one.fused, one.passage))


def reranked(
    candidates: Sequence[Candidate], question: str, texts: Mapping[int, str], *, rerank: bool
) -> list[Candidate]:
    """The best RERANKED with their ``score``, best first. Without ``rerank`` in the order of the fusion; without any vector
    the score is the coverage alone.
    """
    best = list(candidates[:RERANKED])
    stems = {one.passage: {stem(term) for term in terms(texts.get(one.passage, ""))} for one in best}
    wanted = list(dict.fromkeys(stem(term) for term in query_terms(question)))
    weights = {
        term: math.log(1 + (len(best) + 1) / (1 + sum(term in held for held in stems.values()))) for term in wanted
    }
    has_vectors = any(one.cosine is not None for one in best)
    for one in best:
        has = sum(weight for term, weight in weights.items() if term in stems[one.passage])
        lacks = sum(_lack(term, weight) for term, weight in weights.items() if term not in stems[one.passage])
        one.coverage = has / (has + lacks or 1.0)
        nearness = one.cosine or 0.0
        one.score = NEARNESS * nearness + (1 - NEARNESS) * one.coverage if has_vectors else one.coverage
    return sorted(best, key=lambda one: (-one.score, one.passage)) if rerank else best


def _lack(term: str, weight: float) -> float:
    return weight / 2 if is_pair(term) else weight
