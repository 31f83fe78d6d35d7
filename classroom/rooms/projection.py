"""The state of a room as a fold over its log (P1–P3): what a ``snapshot`` carries and what clients keep up to date.

``apply`` is pure and mirrors ``reduce`` in ``static/src/store.ts``; both are held to ``tests/frames/*.json``.
``state_read`` builds the same state without reading every delta of finished answers, whose text stands in their last event.
"""

from __future__ import annotations

import copy
from typing import Any

from django.db.models import Q

from classroom.rooms import tries, wiring
from classroom.rooms.access import RoomRights
from classroom.rooms.models import Event, Problem, Room

ITEMS_KEPT = 300
ENDED = {"answer.completed": "completed", "answer.stopped": "stopped", "answer.failed": "failed"}
HANDS = {"answer.paused": "paused", "answer.resumed": "running", "answer.inserted": "running"}
_NO_RESULT: dict[str, Any] = {"outcome": None, "text": "", "tex": "", "drawing": None}
NOTICES = frozenset(
    {
        "member.joined", "member.removed", "room.closed", "room.reopened", "room.changed", "rung.moved", "rules.changed",
        "memory.changed", "controls.changed",
    }
)  # fmt: skip

CONTROLS = dict.fromkeys(("stop", "pause", "insert", "highlight", "about", "run"), "everybody")
RUN = ("sha256", "ok", "output", "cut", "ending", "tests")
State = dict[str, Any]
Frame = dict[str, Any]


def empty(room: dict[str, Any], problem: dict[str, Any] | None, ladder: dict[str, Any] | None) -> State:
    """The state of a room before its first event."""
    return {
        "room": room,
        "problem": problem,
        "ladder": ladder,
        "items": [],
        "hands": [],
        "controls": dict(CONTROLS),
        "truncated": False,
    }


def apply(state: State, frame: Frame) -> State:
    """The state after one event. Ephemeral frames and hidden events change nothing."""
    state = copy.copy(state)
    _fold(state, frame)
    return state


def _fold(state: State, frame: Frame) -> None:
    kind, data = frame["type"], frame["data"]
    if state["ladder"] and tries.is_try(kind, frame.get("by"), data.get("text", "")):
        state["ladder"] = {**state["ladder"], "tried": True}
    if kind == "message.posted":
        about = {"about": data["about"]} if "about" in data else {}
        _item(state, frame, kind="message", text=data["text"], checks=[], **about)
    elif kind == "answer.asked":
        _item(
            state, frame, kind="answer", answer=data["answer"], question=data["text"], state="queued",
            text="", position=None, reason="", ended_by=None, model="", inserts=[], eta_s=None, hint=None, checks=[],
            search=None, sources=[],
            about=data.get("about"), highlights=[], held_by=None,
        )  # fmt: skip
    elif kind == "step.submitted":
        _item(
            state, frame, kind="step", step=data["step"], text=data["text"], after=data["after"],
            verdict=None, reason="", witness=None, column=None,
        )  # fmt: skip
    elif kind == "step.checked":
        fields = {name: data[name] for name in ("verdict", "reason", "witness", "column")}
        state["items"] = [{**item, **fields} if item.get("step") == data["step"] else item for item in state["items"]]
    elif kind == "code.ran":
        _item(state, frame, kind="run", **{name: data[name] for name in RUN})
    elif kind.startswith("highlight."):
        _highlights(state, frame)
    elif kind == "lines.checked":
        _lines(state, data)
    elif kind.startswith("answer."):
        _answer(state, frame)
    elif kind == "hint.given":
        _hint(state, frame)
    elif kind in ("hand.raised", "hand.lowered"):
        who = frame["by"] if kind == "hand.raised" else data["user"]
        others = [hand for hand in state["hands"] if hand["id"] != who["id"]]
        state["hands"] = [*others, who] if kind == "hand.raised" else others
    elif kind in NOTICES:
        _room(state, frame)


def _item(room: State, frame: Frame, /, **fields: Any) -> None:
    room["items"] = [*room["items"], {"seq": frame["seq"], "at": frame["at"], "by": frame["by"], **fields}]


def _answer(state: State, frame: Frame) -> None:
    kind, data = frame["type"], frame["data"]
    items = list(state["items"])
    for index in range(len(items) - 1, -1, -1):
        if items[index].get("answer") == data["answer"]:
            break
    else:
        return  # its question is older than what this state holds
    item = dict(items[index])
    if kind == "answer.queued":
        item.update(position=data["position"], eta_s=data["eta_s"])
    elif kind == "answer.started":
        item.update(state="running", position=None, eta_s=None, model=data["model"])
    elif kind in HANDS:
        item.update(state=HANDS[kind], held_by=frame["by"] if kind == "answer.paused" else None)
        if kind == "answer.inserted":
            item["inserts"] = [*item["inserts"], {"offset": data["offset"], "text": data["text"], "by": frame["by"]}]
    elif kind == "answer.status":
        item["search"] = data["phase"]
    elif kind == "answer.source":
        item["sources"] = [*item["sources"], {name: value for name, value in data.items() if name != "answer"}]
    elif kind == "answer.tool_called":
        put_ins = len(item["inserts"])  # which of two that stand at one place came first
        told = {name: data[name] for name in ("call", "tool", "asked", "offset")}
        item["tools"] = [*item.get("tools", []), {**told, "put_ins": put_ins, **_NO_RESULT}]
    elif kind == "answer.tool_returned":
        found = {name: data[name] for name in (*_NO_RESULT, "board") if name != "board" or name in data}
        item["tools"] = [{**one, **found} if one["call"] == data["call"] else one for one in item.get("tools", [])]
    elif kind == "answer.delta":
        item["text"] = item["text"][: data["offset"]] + data["text"]
    elif kind in ENDED:
        item.update(
            held_by=None, state=ENDED[kind], position=None, eta_s=None, text=data["text"], reason=data["reason"],
            ended_by=frame["by"], model=data.get("model") or item["model"],
        )  # fmt: skip
    items[index] = item
    state["items"] = items


def _lines(state: State, data: dict[str, Any]) -> None:
    """Marks on parts of a message, known by its seq, or of an answer."""
    key, wanted = ("answer", data["answer"]) if data["message"] is None else ("seq", data["message"])
    state["items"] = [
        {**item, "checks": [*item["checks"], *data["checks"]]} if "checks" in item and item.get(key) == wanted else item
        for item in state["items"]
    ]


def _highlights(state: State, frame: Frame) -> None:
    """What people have highlighted, with who did it, and what the tutor proposes (by null), in the order of their places."""
    data = frame["data"]
    for at, item in enumerate(state["items"]):
        if item.get("answer") != data["answer"]:
            continue
        kept = {(one["start"], one["end"]): one["by"] for one in item["highlights"]}
        if frame["type"] == "highlight.proposed":
            kept = {(one["start"], one["end"]): None for one in data["places"]} | kept
        else:
            kept.pop((data["start"], data["end"]), None)
            if data["on"]:
                kept[data["start"], data["end"]] = frame["by"]
        marks = [{"start": start, "end": end, "by": kept[start, end]} for start, end in sorted(kept)]
        state["items"] = [*state["items"][:at], {**item, "highlights": marks}, *state["items"][at + 1 :]]


def _hint(state: State, frame: Frame) -> None:
    """A line of its own, or the mark of a hint on the answer that the tutor writes for it."""
    data = frame["data"]
    _ladder(state, data["ladder"], is_fresh=data["rung"] > 0)
    if data["answer"] is None:
        _item(state, frame, kind="hint", rung=data["rung"], text=data["text"], asked_by=data["asked_by"])
        return
    state["items"] = [
        {**item, "hint": data["rung"]} if item.get("answer") == data["answer"] else item for item in state["items"]
    ]


def _ladder(state: State, ladder: dict[str, Any] | None, *, is_fresh: bool) -> None:
    """``is_fresh``: tries of before do not count any more."""
    tried = not is_fresh and bool(state["ladder"] and state["ladder"]["tried"])
    state["ladder"] = {**ladder, "tried": tried} if ladder else None


def _room(state: State, frame: Frame) -> None:
    kind, data = frame["type"], frame["data"]
    if kind in ("room.closed", "room.reopened"):
        state["room"] = {**state["room"], "state": "closed" if kind == "room.closed" else "open"}
    elif kind == "room.changed":
        state["room"] = {**state["room"], "title": data["title"]}
        is_new = (data["problem"] or {}).get("id") != (state["problem"] or {}).get("id")
        state["problem"] = data["problem"]
        if "ladder" in data:
            _ladder(state, data["ladder"], is_fresh=is_new)
    elif kind == "controls.changed":
        state["controls"] = {**CONTROLS, **data["controls"]}  # an older event knows fewer
    elif kind in ("rung.moved", "rules.changed"):
        _ladder(state, data["ladder"], is_fresh=False)
    elif kind == "member.removed":
        state["hands"] = [hand for hand in state["hands"] if hand["id"] != data["user"]["id"]]
    told = {name: value for name, value in data.items() if name != "ladder"}
    _item(state, frame, kind="notice", type=kind, data=told)


def room_head(room: Room) -> dict[str, Any]:
    return {"id": str(room.pk), "title": room.title, "state": room.state, "class": room.school_class.name}


def problem_head(problem: Problem | None) -> dict[str, Any] | None:
    if problem is None:
        return None
    return {"id": str(problem.pk), "title": problem.title, "statement": problem.statement}


def state_read(rights: RoomRights, head: int) -> State:
    """The state at ``head`` as this person may see it. Run inside the transaction that read ``head``.

    Keeps the last ITEMS_KEPT items; ``truncated`` says that there were more. Seven queries at most.
    """
    room = rights.room
    seen = Event.objects.filter(room=room, seq__lte=head, audience__in=rights.audiences)
    whole = seen.exclude(type__in=["answer.delta", "answer.queued"])
    line_hints = Q(type="hint.given", data__answer=None)
    starts = list(
        whole.filter(
            Q(type__in=["message.posted", "answer.asked", "step.submitted", "code.ran"])
            | Q(type__in=NOTICES)
            | line_hints
        )
        .order_by("-seq")
        .values_list("seq", flat=True)[: ITEMS_KEPT + 1]
    )
    truncated = len(starts) > ITEMS_KEPT
    since = starts[ITEMS_KEPT - 1] if truncated else 1
    state = empty(room_head(room), problem_head(room.problem), None)
    state["truncated"] = truncated
    # Who may do what holds, and hands stay up, however long ago that was, unless somebody was removed since.
    hands = Q(type__in=["hand.raised", "hand.lowered", "member.removed", "controls.changed"])
    events = list(whole.filter(Q(seq__gte=since) | hands).order_by("seq"))
    ended = {event.data["answer"] for event in events if event.type in ENDED}
    open_since = [e.seq for e in events if e.type == "answer.asked" and e.data["answer"] not in ended]
    if open_since:
        tail = seen.filter(type__in=["answer.delta", "answer.queued"], seq__gte=min(open_since))
        events = sorted([*events, *tail], key=lambda event: event.seq)
    for event in events:
        _fold(state, event.frame())
    state["items"] = [item for item in state["items"] if item["seq"] >= since]
    # The rows are newer than a replayed room.changed could be, and older rooms never had one.
    state["room"], state["problem"] = room_head(room), problem_head(room.problem)
    state["ladder"] = wiring.ladder_state(rights)
    return state
