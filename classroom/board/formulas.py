"""Formulas of a board, drawn once and kept (Q20)."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from django.db import IntegrityError, transaction

from classroom.board.jail import Refused, child_ask
from classroom.board.models import Formula
from classroom.board.reasons import reason_said
from classroom.board.typesetting import FormulaError, formula_check
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError
from classroom.rooms.limits import Limit, Rate, spend_for

DRAWING: Final = Limit(Rate(60, 30), Rate(240, 80))  # of formulas that nobody has drawn before
VERSION: Final = "1"  # a new way of drawing is a new digest


def latex_of(data: Any) -> str:
    """The formula of a request. Raises FrameError that names ``latex``."""
    if not isinstance(data, dict) or set(data) != {"latex"}:
        raise FrameError("bad_field", "Send {latex} and nothing else.", field="latex")
    if not isinstance(data["latex"], str):
        raise FrameError("bad_field", "`latex` must be text.", field="latex")
    return data["latex"]


def formula_drawn(latex: str, *, spender: RoomRights | None = None) -> dict[str, Any]:
    """{w, h, paths} of a formula, from what was drawn before if it can be. Raises FrameError that names ``latex``.

    ``spender`` pays for what has to be drawn; None for the house's own.
    """
    try:
        text = formula_check(latex)
        drawn = formula_known(text)
        if drawn is None:
            if spender is not None:
                spend_for(spender, "formula", DRAWING)
            drawn = child_ask("formula", text.encode())[0]
            _keep(digest_of(text), drawn)
    except (FormulaError, Refused) as refused:
        raise FrameError("bad_field", reason_said(str(refused)), field="latex") from None
    return drawn


def formula_known(text: str) -> dict[str, Any] | None:
    """What was drawn of it before."""
    drawn: dict[str, Any] | None = Formula.objects.filter(pk=digest_of(text)).values_list("drawn", flat=True).first()
    return drawn


def digest_of(text: str) -> str:
    return hashlib.sha256(f"{VERSION}\n{text}".encode()).hexdigest()


def _keep(digest: str, drawn: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            Formula.objects.create(pk=digest, drawn=drawn)
    except IntegrityError:  # somebody else has drawn it meanwhile
        return
