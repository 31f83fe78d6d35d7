"""The sealed values of a problem: what the tutor may not say below rung 5 (G4). No path of a student's reads them.

A seal is made when it is first needed and again when what it was made from has changed: it carries a signature of the
reference and the public statement, so nobody who writes either (an import, a form, the admin) has to think of the vault.
A teacher's own solution is never overwritten; the accepted answers are withheld beside her values, because steps are
compared with them. A solver's result was checked against the reference and falls with it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final
from uuid import UUID

from classroom.rooms.clock import database_now
from classroom.rooms.models import Problem
from tutor.models import Reference, Vault

SOLUTION_RUNG: Final = 5  # from here on the solution itself may be told


def forbidden_of(problem_id: UUID | None, rung: int) -> list[str]:
    """The values that an answer on this rung may not show, sealed now if they are not; none without a problem.

    They are frozen into the answer when it is asked, so that the guard decides the same however often it is run again.
    """
    if problem_id is None or rung >= SOLUTION_RUNG:
        return []
    problem = Problem.objects.select_related("reference", "vault").filter(pk=problem_id).first()
    if problem is None:
        return []
    vault = getattr(problem, "vault", None)
    if vault is None or vault.signature != _signature(problem, vault):
        vault = vault_seal(problem_id)
    return list(vault.forbidden)


def vault_seal(problem_id: UUID) -> Vault:
    """Seal what the reference accepts, beside what a teacher has written. Safe to call at any time, by anybody.

    Raises Problem.DoesNotExist.
    """
    problem = Problem.objects.select_related("reference", "vault").get(pk=problem_id)
    known: Vault | None = getattr(problem, "vault", None)
    signature = _signature(problem, known)
    own = [str(value) for value in known.own] if known and isinstance(known.own, list) else []
    fields: dict[str, Any] = {
        "forbidden": list(dict.fromkeys([*own, *_accepted(problem)])),
        "signature": signature,
        "sealed_at": database_now(),
    }
    if known is None or (known.sealed_by == Vault.By.SOLVER and known.signature != signature):
        fields |= {"sealed_by": Vault.By.ACCEPTED, "solution": "", "key_steps": [], "model": ""}
    vault, _ = Vault.objects.update_or_create(problem=problem, defaults=fields)
    return vault


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
