"""Rows about what the model does: E17 to E20."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.house import House
from tests.chaos.round import Question, Round
from tests.chaos.screen import Frame

DEADLINE = {"ANSWER_DEADLINE_S": "4"}
LONGEST = 512  # MAX_ANSWER_TOKENS of the house


def _ended(round: Round, question: Question) -> Frame:
    return dict(round.until(lambda: round.end(question), "the answer has its end"))


def _next(round: Round, question: Question) -> None:
    """The slot is free again: the next question is answered whole."""
    following = round.ask(question.screen, words=8, rate=0)
    end = _ended(round, following)
    round.expect(end["type"] == "answer.completed", f"the next question ended as {end['type']}")


def memory(round: Round) -> None:
    """E17: the device runs out of memory in the middle: that answer fails and says so, the worker goes on."""
    asker, *_ = round.join(2)
    question = round.ask(asker, words=40, directives=f"oom={round.random.randrange(0, 30)}")
    round.inject()
    end = _ended(round, question)
    round.expect(end["type"] == "answer.failed" and end["data"]["reason"] == "error", f"it ended as {end['type']}")
    round.expect(end["data"].get("message"), "it says why in words")
    round.expect(round.house.running("inference"), "the worker lives")
    _next(round, question)
    round.healed()


def runaway(round: Round) -> None:
    """E18: a model that would never stop: the same few words for ever, or a long text that goes round and round."""
    asker, *_ = round.join(2)
    question = round.ask(asker, words=(3, 200)[round.seed % 2], rate=0, directives="loop", exact=False)
    round.inject()
    end = _ended(round, question)
    round.expect(end["type"] in {"answer.completed", "answer.failed"}, f"it ended as {end['type']}")
    shown = end["data"]["text"]
    round.expect(shown.startswith(question.text[:20]), "the text until then is kept")
    round.expect(len(shown) <= 6 * LONGEST, f"{len(shown)} characters")
    _next(round, question)
    round.healed()


@contextmanager
def hasty(house: House) -> Iterator[None]:
    """An answer may take four seconds."""
    with house.told({"web1": DEADLINE, "web2": DEADLINE, "scribe": DEADLINE}):
        yield


def hung(round: Round) -> None:
    """E19: the model says nothing more, from the start or in the middle: its deadline ends it and frees its place."""
    asker, *_ = round.join(2)
    question = round.ask(asker, words=40, directives=f"stall={round.random.randrange(0, 20)}", exact=False)
    round.inject()
    end = _ended(round, question)
    round.expect(end["data"]["reason"] == "deadline", f"it ended as {end['type']} {end['data']['reason']}")
    round.expect(question.text.startswith(end["data"]["text"]), "the text until then is kept")
    _next(round, question)
    round.healed()


def stopped(round: Round) -> None:
    """E20: somebody else in the room stops it; it is final, says who, and the next question has the slot."""
    asker, other = round.join(2)
    question = round.ask(asker, words=200, rate=50)
    answer = round.written(question, round.random.randrange(1, 100))
    frame_id, said = round.send(other, "answer.stop", answer=answer), time.monotonic()
    round.inject()
    end = _ended(round, question)
    round.took(max(entry.at for entry in asker.entries if entry.frame is round.end(question)) - said)
    round.expect(end["type"] == "answer.stopped" and end["ref"] == frame_id, f"it ended as {end['type']}")
    round.expect((end["by"] or {}).get("id") == other.person.id, "it says who")
    _next(round, question)
