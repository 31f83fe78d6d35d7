"""Text as full text search sees it: the same on SQLite and PostgreSQL, and for scripts without blanks.

Words of letters and digits in lower case; of Chinese, Japanese and Korean runs every pair of neighbours, because nothing
says where their words begin. Endings are the database's matter (porter, english) but for ``stem``, which compares two texts.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WIDE: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_RUN: Final = re.compile(rf"[{_WIDE}]+|[^\W_{_WIDE}]+")
_IS_WIDE: Final = re.compile(rf"[{_WIDE}]")
_ENDINGS: Final = (
    "ations", "ation", "ingly", "edly", "ings", "ing", "ies", "ers", "ed", "es", "er", "ly", "s", "e", "y",
)  # fmt: skip
_STEM_LEAST: Final = 3
WORD_MAX: Final = 40
_PARTICLE: Final = re.compile(r"[的了是吗呢么什怎哪谁我你他她们这那请]")
# What says nothing about the subject of a question.
_STOP: Final = (
    "a about again all also am an and any are as at be because been before being both but by can could did do does "
    "doing don each every explain find for from get give given had has have he help her here him his how i if in "
    "into is it its just know let like make many may me mean means mine more most much must my need no nor not now "
    "of off on once one only or other our out over own please same say says she should show so some such take tell "
    "than that the their them then there these they thing this those through to too under understand until up us "
    "use using very want was way we were what when where whether which while who whom why will with work works "
    "would you your yours 什么 怎么 为什 如何 可以 请问 我们 一个 这个 那个"
)
STOP: Final = frozenset(_STOP.split())


def terms(text: str) -> list[str]:
    """The words of a text in their order, as they are indexed."""
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if not _IS_WIDE.match(run):
            found.append(run[:WORD_MAX])
        elif len(run) == 1:
            found.append(run)
        else:
            found += [run[at : at + 2] for at in range(len(run) - 1)]
    return found


def query_terms(text: str, limit: int = 40) -> list[str]:
    """The words of a question that say what it is about, each once; all of them where nothing else is left."""
    every = list(dict.fromkeys(terms(text)))
    said = [term for term in every if term not in STOP and not (is_pair(term) and _PARTICLE.search(term))]
    return (said or every)[:limit]


def stem(term: str) -> str:
    """A word without its most common English ending; short words and other scripts stay."""
    if not term.isascii():
        return term
    for ending in _ENDINGS:
        if term.endswith(ending) and len(term) - len(ending) >= _STEM_LEAST:
            return term[: -len(ending)]
    return term


def is_pair(term: str) -> bool:
    """Whether it is two neighbours of a script without blanks."""
    return len(term) == 2 and bool(_IS_WIDE.match(term))
