"""The sealed values of a problem: what the tutor may not say below rung 5 (G4). No path of a student's reads them.

On rung 5 the tutor is told the sealed solution (``solution_told``, asked by ``dispatch`` alone, for a model's prompt); below
it nothing of a vault is read but the values, for the guard.

A seal is made when it is first needed and again when what it was made from has changed: it carries a signature of the
reference and the public statement, so nobody who writes either (an import, a form, the admin) has to think of the vault.
A teacher's own solution is never overwritten; the accepted answers are withheld beside her values, because steps are
compared with them. A solver's result was checked against the reference and falls with it (``solution_seal``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from classroom.rooms.clock import database_now
from classroom.rooms.models import Problem, Room
from tutor.documents.keys import hidden_values
from tutor.forbidden import search
from tutor.forbidden.values import values_of
from tutor.models import Reference, Solve, Step, Vault

SOLUTION_RUNG: Final = 5  # from here on the solution itself may be told
BETWEEN_RUNG: Final = 2  # up to here the tutor shall calculate nothing of the problem, so no value on the way either
TOLD_MAX: Final = 4_000  # characters of a solution that a model is told whole
STEPS_READ: Final = 50  # of a room, in which its own values are looked for


@dataclass(frozen=True, slots=True)
class Found:
    """A solver's result that was proved or matches: ``between`` are values on the way to ``answers``."""

    answers: tuple[str, ...]
    between: tuple[str, ...]
    solution: str
    key_steps: tuple[str, ...]
    model: str


def forbidden_of(problem_id: UUID | None, rung: int, room_id: UUID | None = None, *, between: bool = True) -> list[str]:
    """The values that an answer on this rung may not show, sealed now if they are not; none without a problem.

    They are frozen into the answer when it is asked, so that the guard decides the same however often it is run again.
    For a room what its class's hidden documents give as the answer belongs to them, and on the lowest rungs, unless
    ``between`` is False, those values on the way which none of its verified steps has found.
    """
    if problem_id is None or rung >= SOLUTION_RUNG:
        return []
    problem = Problem.objects.select_related("reference", "vault").filter(pk=problem_id).first()
    if problem is None:
        return []
    vault = _sealed(problem)
    found = list(vault.forbidden)
    if room_id is not None:
        found += _hidden(problem, room_id)
        if between and rung <= BETWEEN_RUNG and vault.between:
            found += _not_found(problem, vault.between, room_id)
    return list(dict.fromkeys(found))


def _hidden(problem: Problem, room_id: UUID) -> list[str]:
    """What the teachers of the room's own class keep from it; other classes have their own documents."""
    class_id = Room.objects.filter(pk=room_id).values_list("school_class_id", flat=True).first()
    return hidden_values(class_id, problem) if class_id is not None else []


def solution_told(problem_id: UUID | None, rung: int) -> str:
    """The sealed solution for the tutor's prompt, or its key steps if it is long; empty below the last rung, or without one."""
    if problem_id is None or rung < SOLUTION_RUNG:
        return ""
    problem = Problem.objects.select_related("reference", "vault").filter(pk=problem_id).first()
    vault = _sealed(problem) if problem is not None else None
    if vault is None:
        return ""
    steps = "\n".join(f"- {step}" for step in vault.key_steps)
    solution = vault.solution.strip()
    return solution if len(solution) <= TOLD_MAX or not steps else steps


def _sealed(problem: Problem) -> Vault:
    """The problem's vault, sealed now if it is not, or not from what stands there now."""
    vault: Vault | None = getattr(problem, "vault", None)
    return vault if vault and vault.signature == _signature(problem, vault) else vault_seal(problem.pk)


def _not_found(problem: Problem, between: list[str], room_id: UUID) -> list[str]:
    """Those of the values that the room has not come to by itself: its own results may be spoken of."""
    steps = Step.objects.filter(room=room_id, problem=problem, verdict="verified").order_by("-seq")
    texts = list(steps.values_list("text", flat=True)[:STEPS_READ])
    return [
        value
        for value in between
        if not any(search.said(values_of((value,), problem.statement), "", text) for text in texts)
    ]


def vault_seal(problem_id: UUID) -> Vault:
    """Seal what the reference accepts, beside what a teacher has written. Safe to call at any time, by anybody.

    Raises Problem.DoesNotExist.
    """
    problem = Problem.objects.select_related("reference", "vault").get(pk=problem_id)
    known: Vault | None = getattr(problem, "vault", None)
    signature = _signature(problem, known)
    is_solvers = known is not None and known.sealed_by == Vault.By.SOLVER
    stands = known is not None and known.signature == signature
    found = known.found if known and is_solvers and stands else []
    own = [str(value) for value in known.own] if known and isinstance(known.own, list) else []
    fields: dict[str, Any] = {
        "forbidden": list(dict.fromkeys([*own, *_accepted(problem), *found])),
        "signature": signature,
        "sealed_at": database_now(),
    }
    if not (is_solvers and stands):
        fields |= {"found": [], "between": []}
    if known is None or (is_solvers and not stands):
        fields |= {"sealed_by": Vault.By.ACCEPTED, "solution": "", "key_steps": [], "model": ""}
    vault, _ = Vault.objects.update_or_create(problem=problem, defaults=fields)
    # What was compared with other answers is compared again: the samples are kept.
    Solve.objects.filter(problem=problem).exclude(judged__in=("", signature)).update(judged_at=None, claimed_at=None)
    return vault


@transaction.atomic
def solution_seal(problem_id: UUID, signature: str, found: Found) -> bool:
    """Seal a solver's result that was judged against the sources of ``signature``.

    False: these have changed meanwhile, or a teacher has written a solution, which wins.
    """
    vault = vault_seal(problem_id)
    written = Reference.objects.filter(pk=problem_id).exclude(solution__regex=r"^\s*$").exists()
    if vault.signature != signature or vault.sealed_by == Vault.By.TEACHER or written:
        return False
    vault.sealed_by, vault.sealed_at, vault.model = Vault.By.SOLVER, database_now(), found.model
    vault.solution, vault.key_steps = found.solution, list(found.key_steps)
    vault.found, vault.between = list(found.answers), list(found.between)
    vault.forbidden = list(dict.fromkeys([*vault.forbidden, *found.answers]))
    vault.save()
    return True


def signature_of(problem_id: UUID) -> str:
    """The signature of the sources as they are now: what a solver's result is judged against. Raises Problem.DoesNotExist."""
    problem = Problem.objects.select_related("reference", "vault").get(pk=problem_id)
    return _signature(problem, getattr(problem, "vault", None))


def _accepted(problem: Problem) -> list[str]:
    """Every accepted answer of every part, in order; of a multiple choice the right choices."""
    reference: Reference | None = getattr(problem, "reference", None)
    parts = reference.steps if reference else []
    return [str(answer).strip() for part in parts for answer in part.get("answers", []) if str(answer).strip()]


def _signature(problem: Problem, vault: Vault | None) -> str:
    reference: Reference | None = getattr(problem, "reference", None)
    sources = [
        problem.statement,
        _accepted(problem),
        reference.solution if reference else "",
        vault.own if vault else [],
    ]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()
