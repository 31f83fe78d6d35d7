"""What happened in a room besides talk, as a line of its transcript: every fact has words."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from classroom.rooms.models import Event

OUTPUT_MAX: Final = 400
CHECKS_MAX: Final = 5  # lines of one message or answer that are told one by one
NOTICES: Final = {
    "member.joined": _("{user} joined"),
    "member.removed": _("{user} was removed"),
    "answer.paused": _("paused the answer"),
    "answer.resumed": _("let the answer go on"),
    "answer.inserted": _("put in: {text}"),
    "answer.tool_called": _("the tutor called a tool. {asked}"),
    "answer.tool_returned": _("the tool: {text}"),
    "step.submitted": _("showed the step: {text}"),
    "step.checked": _("the step is {verdict}: {reason}"),
    "lines.checked": _("lines of what stands above were checked. {checks}"),
    "code.ran": _("ran the code in the browser: {output}"),
    "highlight.changed": _("marked a place of the answer as a key step"),
    "highlight.proposed": _("the tutor proposed key steps of its answer: {count}"),
    "controls.changed": _("changed who may stop, pause, put in, highlight and ask about"),
    "hint.requested": _("asked for a hint (level {rung})"),
    "hint.given": _("gave a hint (level {rung}): {text}"),
    "rung.moved": _("set the hints from level {before} to {rung}"),
    "rules.changed": _("changed the rules for hints"),
    "memory.changed": _("what the tutor remembers: {text}"),
    "hand.raised": _("raised a hand"),
    "hand.lowered": _("lowered the hand of {user}"),
    "board.changed": _("switched the board to: {mode}"),
    "board.granted": _("gave {user} the same right to draw as everybody"),
    "board.revealed": _("showed the sheet of {user} to everybody"),
    "room.closed": _("closed the room"),
    "room.reopened": _("opened the room again"),
    "room.changed": _("changed the room: {title}, {problem}"),
}
# What was switched off again, or for one person, has other words.
SWITCHED: Final = {
    ("highlight.changed", "on", False): _("took the mark of a key step away"),
    ("board.granted", "write", True): _("let {user} draw whatever the mode"),
    ("board.granted", "write", False): _("let {user} look at the board only"),
    ("board.revealed", "on", False): _("hid the sheet of {user} again"),
}
VERDICTS: Final = {"verified": _("verified"), "refuted": _("refuted"), "unknown": _("not decided")}
MODES: Final = {
    "open": _("everybody draws"),
    "view": _("students only look"),
    "isolated": _("each on their own sheet"),
    "locked": _("locked"),
}


def notice(event: Event) -> str:
    """What a notice says, in words; a type of a newer version, without words here, says its name."""
    data = event.data
    pattern = next((words for (kind, key, value), words in SWITCHED.items() if _is(event, kind, key, value)), None)
    pattern = pattern or NOTICES.get(event.type)
    if pattern is None:
        return event.type
    whose = data.get("user") or data.get("person") or data.get("owner") or {}
    return str(pattern).format(
        user=whose.get("name", ""),
        text=data.get("text", ""),
        asked=data.get("asked", ""),
        output=data.get("output", "")[:OUTPUT_MAX],
        verdict=_verdict(data),
        reason=data.get("reason", ""),
        checks=_checks(data.get("checks", [])),
        count=len(data.get("places", [])),
        rung=data.get("rung", ""),
        before=data.get("before", ""),
        mode=str(MODES.get(data.get("mode", ""), "")),
        title=data.get("title", ""),
        problem=(data.get("problem") or {}).get("title", str(_("no problem"))),
    )


def _is(event: Event, kind: str, key: str, value: bool) -> bool:
    return event.type == kind and event.data.get(key) is value


def _verdict(data: dict[str, Any]) -> str:
    return str(VERDICTS.get(data.get("verdict", ""), ""))


def _checks(checks: list[dict[str, Any]]) -> str:
    told = [f"{_verdict(check)}: {check['reason']}" for check in checks[:CHECKS_MAX]]
    more = len(checks) - CHECKS_MAX
    if more > 0:
        told.append(ngettext("and {n} more", "and {n} more", more).format(n=more))
    return " · ".join(told)
