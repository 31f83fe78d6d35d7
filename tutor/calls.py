"""The life of a call: found in the text of an answer, run beside the scribe, and answered in a new attempt (K1–K7).

``Answer.calls`` holds [{n, tool, arguments, asked, error, offset, outcome?, text?}]; ``Answer.call_due_at`` is set while the
last of them is open, and is its lease. What a tool gives goes to the room and to the model only through ``_kept``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from classroom.rooms import journal
from classroom.rooms.clock import database_now
from classroom.rooms.models import Room
from inference_worker.job import THINK
from tutor import boarding, guard, hidden, showing
from tutor.checker.pool import pool
from tutor.class_worker import task_ring
from tutor.dispatch import answer_dispatch, attempt_stop_send
from tutor.documents.search import passages_find
from tutor.forbidden import praise, search
from tutor.models import Answer
from tutor.tools import registry
from tutor.tools.constants import constants_of
from tutor.tools.results import Result, Scope, ToolError

log = structlog.get_logger(__name__)
TASK: Final = "tutor.tasks.call_run"
CLAIM: Final = timedelta(seconds=20)  # longer than a call may take with the start of a child
TOOL_S: Final = 3.0  # for all that one call has computed
NEW_PART: Final = "\n\n"  # between what was written before and after a call
LATE: Final = "This takes too long to work out."
ENOUGH: Final = "No calls are left for this answer. Go on without tools."
UNFIT: Final = "The call cannot be used."
WITHHELD: Final = "The result would give the answer away. Go on without it."


# ---- in the scribe's transaction


def call_made(answer: Answer, *, done: bool = False) -> hidden.Call | None:
    """The call that stands behind the guard's cursor, with its end in ``raw``. ``done``: no more text follows.

    Calls beyond the last that is refused are hidden like all others, and nothing comes of them.
    """
    if not answer.tools or len(answer.calls) > settings.TUTOR_CALLS_MAX:
        return None
    marks = hidden.Marks(THINK, tools=True)
    call = hidden.parts_of(marks, answer.raw[answer.released :], done=done).call
    return call and hidden.Call(call.body, answer.released + call.end, call.closed)


def call_open(answer: Answer, call: hidden.Call, policy: guard.Policy) -> journal.Draft:
    """End the part that the call ends, and hand the answer over to the tool (K1). The caller saves the row.

    The attempt is over: what its worker still sends is a repeat. The next one begins when the tool has answered.
    """
    stopped = answer.attempt
    answer.raw = answer.raw[: call.end]
    showing.answer_show(answer, policy, done=True)
    part = NEW_PART if answer.shown and not answer.shown.endswith(NEW_PART) else ""
    answer.raw += part
    answer.shown += part
    answer.raw_length = answer.released = len(answer.raw)
    entry = _entry(answer, call, policy)
    answer.calls = [*answer.calls, entry]
    answer.attempt, answer.forgiven = stopped + 1, answer.forgiven + 1
    answer.call_due_at = answer.progress_at = database_now()
    transaction.on_commit(partial(_opened, answer.pk, stopped))
    told = {name: entry[name] for name in ("tool", "asked", "offset")}
    return journal.Draft(
        answer.room_id, "answer.tool_called", {"answer": str(answer.pk), "call": entry["n"], **told}, trace=answer.trace
    )


def _entry(answer: Answer, call: hidden.Call, policy: guard.Policy) -> dict[str, Any]:
    number = len(answer.calls) + 1
    if number > settings.TUTOR_CALLS_MAX:
        entry = entry_of(hidden.Call("", 0), (), policy, "") | {"error": ENOUGH}
    else:
        entry = entry_of(call, answer.tools, policy, showing.said_before(answer))
    return {"n": number, **entry, "offset": len(answer.shown)}


def entry_of(call: hidden.Call, tools: Sequence[str], policy: guard.Policy, before: str) -> dict[str, Any]:
    """A call as it was read: {tool, arguments, asked, error}; ``asked`` is empty where the room may not know it (K4)."""
    try:
        if not call.closed:
            raise ToolError(f"The call is longer than {hidden.CALL_MAX} characters.")
        request = registry.call_read(call.body, tools)
    except ToolError as error:
        return {"tool": "", "arguments": None, "asked": "", "error": str(error)}
    asked = "" if _holds(policy, request) else _kept(policy, before, request.asked) or ""
    given = request.arguments.model_dump(mode="json")
    return {"tool": request.name, "arguments": given, "asked": asked, "error": ""}


def _opened(answer_id: UUID, stopped: int) -> None:
    attempt_stop_send(answer_id, stopped)
    task_ring(TASK, answer_id)


# ---- beside it


def calls_waiting(since: timedelta) -> list[UUID]:
    """Answers with a call that nobody has run, nor begun to, for so long; a paused one waits for its resume."""
    due = Answer.objects.filter(state=Answer.State.RUNNING, call_due_at__lt=database_now() - since)
    return list(due.order_by("call_due_at").values_list("pk", flat=True)[:100])


def call_run(answer_id: UUID) -> bool:
    """Run the open call, tell the room, and let the answer go on with the result (K3). False if there is none to run."""
    now = database_now()
    due = Answer.objects.filter(pk=answer_id, state=Answer.State.RUNNING, call_due_at__lte=now)
    if not due.update(call_due_at=now + CLAIM):
        return False
    answer = Answer.objects.select_related("room", "problem").get(pk=answer_id)
    found = _outcome(answer)
    with transaction.atomic():
        fresh = Answer.objects.select_for_update().get(pk=answer_id)
        if fresh.call_due_at is None or len(fresh.calls) != len(answer.calls):
            return False  # somebody put a word in, which ends the wait, or another has run it
        if fresh.state != Answer.State.RUNNING:
            Answer.objects.filter(pk=answer_id).update(call_due_at=now)  # run it again when it goes on
            return False
        last = {**fresh.calls[-1], "outcome": found["outcome"], "text": found["text"]}
        fresh.calls = [*fresh.calls[:-1], last]
        board = _boarded(fresh, found)
        told = {"at": fresh.raw_length, "text": _response(found, board.get("board", [])), "call": last["n"]}
        fresh.inserts = [*fresh.inserts, told]
        fresh.call_due_at, fresh.progress_at = None, database_now()
        fresh.save(update_fields=["calls", "inserts", "call_due_at", "progress_at"])
        data = {"answer": str(answer_id), "call": last["n"], **found, **board}
        journal.append(fresh.room_id, type="answer.tool_returned", data=data, trace=fresh.trace)
        transaction.on_commit(partial(answer_dispatch, answer_id))
    log.info("call_returned", answer=str(answer_id), tool=last["tool"], outcome=found["outcome"], trace=fresh.trace)
    return True


def _boarded(answer: Answer, found: dict[str, Any]) -> dict[str, Any]:
    """{board: ids of its shapes} of a drawing that is on the room's board now (K8)."""
    if found["drawing"] is None:
        return {}
    Room.objects.select_for_update().get(pk=answer.room_id)  # rooms are locked before their documents
    alt = _kept(showing.policy_of(answer), "", boarding.alt_of(found["text"])) or ""
    ids = boarding.drawing_put(answer.room, found["drawing"], alt)
    return {"board": ids} if ids else {}


def _outcome(answer: Answer) -> dict[str, Any]:
    find = partial(passages_find, answer.room.school_class_id)
    scope = Scope(_timed(pool().compute), tuple(answer.forbidden), find)
    return outcome_of(answer.calls[-1], showing.policy_of(answer), showing.said_before(answer), scope)


def outcome_of(call: dict[str, Any], policy: guard.Policy, before: str, scope: Scope) -> dict[str, Any]:
    """{outcome, text, tex, drawing}, as the room and the model may know it (K4). ``before``: what was shown."""
    try:
        if call["error"]:
            raise ToolError(call["error"])
        request = registry.request_of(call["tool"], call["arguments"])
        result = request.run(scope)
    except ToolError as error:
        return _found("failed", _kept(policy, before, str(error)) or UNFIT)
    if result.hit or (result.drawing is not None and _holds(policy, request)) or _told(policy, before, result):
        return _found("withheld", WITHHELD)
    parts = [part for part in result.parts if _kept(policy, before, part) is not None]
    if result.parts and not parts:
        return _found("withheld", WITHHELD)
    return _found("done", "\n".join([result.text, *parts]), result.tex, result.drawing)


def _found(outcome: str, text: str, tex: str = "", drawing: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"outcome": outcome, "text": text, "tex": tex, "drawing": drawing}


def _told(policy: guard.Policy, before: str, result: Result) -> bool:
    """Whether the result says what must not be said. A value that a tool comes to is never taken for one of the statement."""
    values = policy.values
    if result.drawing is None and values and search.said(values.strict, "", result.text):
        return True
    parts = {result.said, *result.said.splitlines()}
    return any(_kept(policy, before, part) is None for part in parts)


def _holds(policy: guard.Policy, request: registry.Request) -> bool:
    """Whether a forbidden number stands in what is to be calculated or drawn, however it is written."""
    numbers = {abs(number) for number in policy.values.numbers}
    return any(abs(found) in numbers for text in request.expressions for found in constants_of(text))


def _kept(policy: guard.Policy, before: str, text: str) -> str | None:
    """The text, if the guard would show it behind what was shown; None if not."""
    if policy.values and search.said(policy.values, before, text):
        return None
    if not policy.praise and praise.praises("", text, confirms=policy.confirms):
        return None
    return text


def _timed(compute: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The child, for TOOL_S in all; a request that is running then ends by the child's own clock."""
    until = time.monotonic() + TOOL_S

    def asked(request: dict[str, Any]) -> dict[str, Any]:
        return compute(request) if time.monotonic() < until else {"error": LATE}

    return asked


def _response(found: dict[str, Any], board: Sequence[str] = ()) -> str:
    """What the model reads: nothing that the room does not. ``board``: ids of its shapes there, to be pointed at (A15)."""
    name = {"done": "result", "failed": "error", "withheld": "withheld"}[found["outcome"]]
    told = {name: found["text"]}
    if board:
        told["on_the_board"] = boarding.drawing_named(found["drawing"], board)
    return f"<tool_response>\n{json.dumps(told, ensure_ascii=False)}\n</tool_response>"
