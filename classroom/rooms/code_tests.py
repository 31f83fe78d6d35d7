"""The tests of a problem that is answered in code. They are read here, never run: pupils' browsers do that (Z5, Z6)."""

from __future__ import annotations

import ast
import re
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from classroom.people.models import User
from classroom.rooms.access import room_for
from classroom.rooms.verbs import MAX_TESTS

LONGEST: Final = 4_000
_EXAMPLE: Final = re.compile(r"^\s*>>> ?(.*)$")
_MORE: Final = re.compile(r"^\s*\.\.\. ?(.*)$")


def tests_checked(text: str) -> str:
    """The tests with plain line ends, or empty. Raises ValidationError that says which line is no Python.

    Either plain Python with one test for each ``assert``, or examples: ``>>> double(2)`` and below it what that prints.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if not text.strip():
        return ""
    if len(text) > LONGEST:
        raise ValidationError(_("The tests have at most %(n)s characters.") % {"n": LONGEST})
    if "\0" in text:
        raise ValidationError(_("The text has a character that cannot be stored."))
    count = _examples(text) if _EXAMPLE.search(text.split("\n", 1)[0]) else _asserts(text)
    if not count:
        raise ValidationError(_("Write at least one line with “assert”, or an example with “>>>”."))
    if count > MAX_TESTS:
        raise ValidationError(_("There are at most %(n)s tests.") % {"n": MAX_TESTS})
    return text


def _asserts(text: str) -> int:
    return sum(isinstance(statement, ast.Assert) for statement in _parsed(text, 0).body)


def _examples(text: str) -> int:
    """How many examples say what they print. Each one's source is the line of its ``>>>`` and the ``...`` below it."""
    lines, at, wanting = text.split("\n"), 0, 0
    while at < len(lines):
        begin = _EXAMPLE.match(lines[at])
        if begin is None:
            at += 1
            continue
        source, first = [begin[1]], at
        at += 1
        while at < len(lines) and (more := _MORE.match(lines[at])):
            source.append(more[1])
            at += 1
        _parsed("\n".join(source) + "\n", first)
        wanting += at < len(lines) and bool(lines[at].strip()) and not _EXAMPLE.match(lines[at])
    return wanting


def _parsed(text: str, before: int) -> ast.Module:
    """``before``: how many lines stand above this text."""
    try:
        return ast.parse(text)
    except SyntaxError as error:
        line = before + (error.lineno or 1)
    except (ValueError, RecursionError, MemoryError):
        line = before + 1
    raise ValidationError(_("Line %(n)s is no Python.") % {"n": line})


@require_safe
def room_code_tests(request: HttpRequest, room_id: UUID) -> JsonResponse:
    """``GET /api/rooms/<room>/code-tests/`` → {tests}: those of its problem as they are now, for who may look in (Z6)."""
    if not isinstance(request.user, User):
        return JsonResponse({"code": "unauthenticated"}, status=401)
    problem = room_for(request.user, room_id).room.problem
    response = JsonResponse({"tests": problem.code_tests if problem else ""})
    response["Cache-Control"] = "private, no-store"
    return response
