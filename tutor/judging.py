"""From the samples of a private solve to a verdict: votes, compares with what is accepted, or proves by the checker.

What neither matches nor is proved is never sealed: then the vault has the accepted answers alone. Runs beside the scribe,
not in it: a comparison may take the checker's child seconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from classroom.rooms.clock import database_now
from classroom.rooms.models import Problem
from tutor import solutions, vault
from tutor.checker.pool import pool
from tutor.models import Reference, Solve, Writing
from tutor.solutions import Vote
from tutor.writings import OPEN

log = structlog.get_logger(__name__)
Verdict = Solve.Verdict
SEALED: Final = (Verdict.MATCHES, Verdict.PROVED)
CLAIM: Final = timedelta(minutes=2)  # longer than judging may take
VOTE_S: Final = 30.0  # the longest that samples are compared with each other by the checker
CHANGED: Final = gettext_noop("The problem has been changed since.")
NOBODY: Final = gettext_noop("No sample came to a final answer.")
_FORMULA: Final = re.compile(r"\$+([^$]{1,400})\$+")
_SOLVING: Final = re.compile(
    r"\b(?:solve|simplify|calculate|compute|evaluate|expand|work out|find|what is)\b|解|计算|化简|求", re.IGNORECASE
)
_WORD: Final = re.compile(r"\\[a-zA-Z]+|[a-zA-Z]{2,}")
_NAME: Final = re.compile(r"[a-zA-Z]")


def parts_of(problem: Problem) -> list[list[str]]:
    """The accepted answers of each part; one part without any where nothing is written."""
    reference: Reference | None = getattr(problem, "reference", None)
    steps = reference.steps if reference else []
    found = [[str(answer).strip() for answer in part.get("answers", []) if str(answer).strip()] for part in steps]
    return found or [[]]


def solves_due() -> list[UUID]:
    """Solves whose samples have all ended and which nobody judges, oldest first."""
    now = database_now()
    open_ones = Writing.objects.filter(state__in=OPEN, solve__isnull=False).values("solve")
    due = Solve.objects.filter(judged_at=None).exclude(pk__in=open_ones)
    due = due.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM))
    return list(due.order_by("asked_at").values_list("pk", flat=True)[:20])


def solve_judge(solve_id: UUID, content: str) -> bool:
    """Judge one solve and seal what may be. ``content``: the problem's present one. False if somebody else does."""
    now = database_now()
    due = Solve.objects.filter(pk=solve_id, judged_at=None).filter(Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM))
    if not due.update(claimed_at=now):
        return False
    solve = Solve.objects.select_related("problem__reference").get(pk=solve_id)
    signature = vault.signature_of(solve.problem_id)
    fields: dict[str, Any] = {"judged": signature, "verdict": "", "agreeing": 0, "answers": [], "reason": CHANGED}
    found: Vote | None = None
    if solve.content == content:
        found = _vote(solve)
        verdict = _verdict(solve.problem, found)
        fields |= {
            "verdict": verdict,
            "answers": list(found.answers) if found else [],
            "agreeing": found.agreeing if found else 0,
            "reason": "" if found else _why_nothing(solve),
        }
    if not solve.model and (model := _model(solve)):
        fields["model"] = model
    text = sound_text(found) if found is not None and fields["verdict"] in SEALED else ""
    with transaction.atomic():
        sealed = found is not None and _seal(solve, signature, fields["verdict"], found, text)
        Solve.objects.filter(pk=solve_id).update(judged_at=database_now(), sealed=sealed, **fields)
    log.info("solve_judged", solve=str(solve_id), verdict=fields["verdict"], sealed=sealed)
    return True


def _vote(solve: Solve) -> Vote | None:
    texts = solve.writings.filter(state=Writing.State.DONE).order_by("seed").values_list("raw", flat=True)
    parts = len(parts_of(solve.problem))
    same = _same_until(time.monotonic() + VOTE_S)
    read = [solutions.sample_read(raw, parts) for raw in texts]
    return solutions.vote([sample for sample in read if sample is not None], same)


def _why_nothing(solve: Solve) -> str:
    failed = solve.writings.filter(state=Writing.State.FAILED).order_by("seed").first()
    return failed.reason if failed is not None else NOBODY


def sound_text(found: Vote) -> str:
    """The shortest solution without a calculation that the checker refutes; empty if there is none.

    A model that guesses the answer writes a way that does not lead there: that is nothing to hold anybody to.
    """
    until = time.monotonic() + VOTE_S
    for text in found.texts:
        verdicts = (pool().step_check(one).verdict for one in solutions.calculations(text) if time.monotonic() < until)
        if "refuted" not in verdicts:
            return text
    return ""


def _same_until(until: float) -> Callable[[str, str], bool]:
    """Whether two answers are the same: by the checker up to that moment of the steady clock, by their letters later."""

    def same(one: str, other: str) -> bool:
        if one == other:
            return True
        return time.monotonic() < until and pool().answer_check(one, [other]).verdict == "verified"

    return same


def _verdict(problem: Problem, found: Vote | None) -> Verdict:
    if found is None:
        return Verdict.NOTHING
    parts = parts_of(problem)
    if not any(parts):
        return Verdict.PROVED if proved(problem.statement, found.answers) else Verdict.UNCLEAR
    checked = [
        pool().answer_check(answer, accepted).verdict for answer, accepted in zip(found.answers, parts, strict=True)
    ]
    if "refuted" in checked:
        return Verdict.DISAGREES
    return Verdict.MATCHES if set(checked) == {"verified"} else Verdict.UNCLEAR


def proved(statement: str, answers: Sequence[str]) -> bool:
    """Whether the checker proves the answer from the statement alone, as it would a step (V4).

    Only where the statement is one formula and a word such as “solve”: of a story a formula may be any part, and what
    follows from a part is no answer.
    """
    formulas = _FORMULA.findall(statement)
    prose = _FORMULA.sub(" ", statement)
    if len(answers) != 1 or len(formulas) != 1 or not _SOLVING.search(prose) or re.search(r"\d", prose):
        return False
    formula, answer = formulas[0].strip(), answers[0]
    if " ".join(formula.split()) == " ".join(answer.split()):
        return False
    names = set(_NAME.findall(_WORD.sub(" ", formula)))
    if "=" in formula and "=" not in answer and len(names) == 1:
        answer = f"{names.pop()} = {answer}"
    if ("=" in formula) != ("=" in answer):
        return False
    return pool().step_check(answer, formula).verdict == "verified"


def _model(solve: Solve) -> str:
    """Who wrote the samples; empty where another solve has the place of that model."""
    model = solve.writings.exclude(model="").values_list("model", flat=True).first() or ""
    others = Solve.objects.filter(problem=solve.problem_id, content=solve.content, round=solve.round, model=model)
    return "" if others.exists() else model


def _seal(solve: Solve, signature: str, verdict: str, found: Vote, text: str) -> bool:
    """A match without a sound text says nothing that is not accepted already; a proof is sealed for its answer alone."""
    if verdict not in SEALED or (verdict == Verdict.MATCHES and not text):
        return False
    writing = solve.writings.exclude(model="").first()
    return vault.solution_seal(
        solve.problem_id,
        signature,
        vault.Found(
            answers=found.answers if verdict == Verdict.PROVED else (),
            between=tuple(solutions.values_between(text, solve.problem.statement)),
            solution=text,
            key_steps=tuple(solutions.key_steps(text)),
            model=writing.model if writing else "",
        ),
    )


def recompare(solve: Solve) -> None:
    """Have a judged solve judged again, if what it was compared with has changed. Costs no model."""
    if solve.judged_at is None or solve.judged == vault.signature_of(solve.problem_id):
        return
    Solve.objects.filter(pk=solve.pk, judged=solve.judged).update(judged_at=None, claimed_at=None)
    solve.judged_at = None
