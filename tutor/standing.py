"""How the private solving of a problem stands, in words for staff."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from tutor.models import Solve
from tutor.solver import Standing

Verdict = Solve.Verdict
_MATHS: Final = re.compile(r"[\d\\=<>^+]|^\S{1,2}$")


@dataclass(frozen=True, slots=True)
class Words:
    """``text`` is Markdown, readable as it stands; ``tone``: how the line looks."""

    text: str
    tone: Literal["ok", "warn", "info"]


def standing_words(standing: Standing) -> Words:
    solve = standing.solve
    if solve is None:
        return Words("Not solved in private yet.", "info")
    if solve.judged_at is None:
        if standing.ended == solve.samples:
            return Words(f"All {_samples(solve.samples)} are written and are being compared.", "info")
        if not standing.model and not standing.ended:
            return Words("Waits for a model that is ready.", "info")
        return Words(f"Being solved in private: {standing.ended} of {_samples(solve.samples)} written.", "info")
    said = " and ".join(map(_shown, solve.answers))
    accepted = " or ".join(map(_shown, standing.accepted))
    count = f"{solve.agreeing} of {_samples(solve.samples)} {'agrees' if solve.agreeing == 1 else 'agree'}"
    match solve.verdict:
        case Verdict.MATCHES:
            return Words(f"Solved in private: {count} on {said}, which matches what is accepted.", "ok")
        case Verdict.PROVED:
            return Words(f"Solved in private: {count} on {said}, which the checker has proved.", "ok")
        case Verdict.DISAGREES:
            text = f"{count} on {said}, which disagrees with what is accepted: {accepted}. One of the two is wrong."
            return Words(text, "warn")
        case Verdict.UNCLEAR:
            why = (
                f"which could not be compared with what is accepted: {accepted}" if accepted else "which nothing proves"
            )
            return Words(f"{count} on {said}, {why}.", "warn")
        case _:
            return Words(f"Not solved: {solve.reason}", "warn")


def _shown(answer: str) -> str:
    """An answer as a formula, unless it is words."""
    bare = answer.strip().strip("$").strip()
    return f"${bare}$" if _MATHS.search(bare) else bare


def _samples(count: int) -> str:
    return f"{count} sample" if count == 1 else f"{count} samples"
