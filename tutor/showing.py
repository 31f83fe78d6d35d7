"""What becomes of raw text: the one way in which any of it comes to be shown, be it live, resumed or before an insert."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final
from uuid import UUID

from tutor import guard
from tutor.models import Answer, Step

_OWN_VALUE: Final = re.compile(
    r"[\d=<>≤≥$\\]|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten)\b|[零一二两三四五六七八九十]"
)
_VERIFIED_MAX: Final = 1_000
_verified_once: OrderedDict[UUID, bool] = OrderedDict()


def answer_show(answer: Answer, policy: guard.Policy, *, done: bool) -> str:
    """Let the guard look at the text behind the cursor; what may be shown is added to the row and given back.

    ``done``: nothing follows this part, so nothing of it waits any longer. The caller saves the row.
    """
    out = guard.release(
        policy,
        answer.raw[answer.released :],
        answer.released,
        done=done,
        before=said_before(answer),
    )
    answer.released = out.released
    answer.shown += out.text
    if out.withheld:
        kept = [{"start": part.start, "end": part.end, "why": part.why} for part in out.withheld]
        answer.withheld = [*answer.withheld, *kept]
    return out.text


def said_before(answer: Answer) -> str:
    """The end of what the room has seen of it: the text with the cards of its tools at their places."""
    shown = answer.shown[-guard.BEFORE :]
    begin = len(answer.shown) - len(shown)
    for call in reversed(answer.calls):
        at = call["offset"] - begin
        if at < 0:
            break
        shown = f"{shown[:at]}{call['asked']} {call.get('text', '')}\n{shown[at:]}"
    return shown[-guard.BEFORE :]


def policy_of(answer: Answer) -> guard.Policy:
    """What this answer may show: from its row, which a new scribe reads as the old one did, and from what had been checked
    when it was asked. Only the public statement is read as it is now; should it be edited meanwhile, what comes later is
    judged by the new one.
    """
    problem = answer.problem  # not the room's of now: these are the values of the one that was asked about
    asked = [answer.question, *(insert["text"] for insert in answer.inserts if "call" not in insert)]
    own_value = any(_OWN_VALUE.search(text.lower()) for text in asked)
    return guard.Policy(
        tools=bool(answer.tools),
        forbidden=tuple(answer.forbidden),
        statement=problem.statement if problem else "",
        praise=not own_value and _verified(answer),
        confirms=own_value or answer.about is not None,
    )


def _verified(answer: Answer) -> bool:
    """As ``_verified_read``, asked once for an answer in each process: it rests on what had been checked by a moment that
    has passed, and a step is checked once. One whose check commits behind our look stays unverified, the stricter of both.
    """
    known = _verified_once.get(answer.pk)
    if known is None:
        known = _verified_once[answer.pk] = _verified_read(answer)
        while len(_verified_once) > _VERIFIED_MAX:
            _verified_once.popitem(last=False)
    return known


def _verified_read(answer: Answer) -> bool:
    """Whether the last step that the asker had checked when she asked was verified.

    A question with a value of its own (“is it 7?”) has no such step: what is verified is another line than what it asks.
    """
    if answer.about is not None:
        # Asked about one step, its own verdict counts; what the tutor has written is nobody's work to be praised.
        step = answer.about["step"]
        at = answer.asked_at
        return bool(step) and Step.objects.filter(pk=step, verdict="verified", checked_at__lte=at).exists()
    if answer.asked_by_id is None:
        return False
    checked = Step.objects.filter(room=answer.room_id, by=answer.asked_by_id, checked_at__lte=answer.asked_at)
    last = checked.filter(seq__lt=answer.asked_seq).order_by("-seq").values_list("verdict", flat=True).first()
    return last == "verified"
