"""A deterministic engine without torch: for tests and for work on the pages. It answers from the question itself.

The first line of the last user message may direct it::

    @scripted rate=50 tokens=200   words a second; at most so many words
    @scripted text=…               the rest of the message, word for word (rate= may stand before it)
    @scripted echo                 prints all the messages that it was given
    @scripted think                a thought between <think> markers, then the answer
    @scripted loop                 the same sentence until max_tokens
    @scripted fail                 ends with an error after a few words
    @scripted stall                stops producing until cancelled or past its deadline

Text is cut into words with their spaces; a "token" is such a word. The prefix is honoured exactly: the full text is a
function of the messages, and generation goes on behind it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from inference_worker.engines.base import Chunk, Finish, Handle, Request, Started, Stats
from inference_worker.engines.stops import StopText
from inference_worker.job import FinishReason

_WORD = re.compile(r"\s*\S+|\s+$")
SAMPLE = """## A small plan

Read the question again: **{question}**

1. Name what is unknown, say $x$.
2. Write what you know as an equation, for example $2x + 3 = 11$.
3. Do the same on both sides:

$$2x = 8 \\quad\\Rightarrow\\quad x = \\frac{{8}}{{2}} = 4$$

```python
x = (11 - 3) / 2
```

把每一步写清楚 — then check it: $2 \\cdot 4 + 3 = 11$ 👍🏽
"""
LOOP = "And so we try the same step again. "


@dataclass(frozen=True, slots=True)
class Script:
    """What the directive says."""

    text: str
    rate: float
    tokens: int | None = None
    ends: str = ""  # "fail" or "stall" after the text


class ScriptedEngine:
    name = "scripted"

    def __init__(self, *, model: str = "scripted", rate: float = 60.0, **_: object) -> None:
        self.model = "scripted" if model == "demo" else model
        self._rate = rate
        self._running: set[Handle] = set()
        self._lock = threading.Lock()

    def load(self) -> None:
        """Nothing to load."""

    def submit(self, request: Request) -> Handle:
        handle = Handle(request)
        with self._lock:
            self._running.add(handle)
        threading.Thread(target=self._run, args=(handle,), daemon=True).start()
        return handle

    def stats(self) -> Stats:
        with self._lock:
            return Stats(len(self._running), 0)

    def drain(self, reason: FinishReason = "preempted") -> None:
        with self._lock:
            running = list(self._running)
        for handle in running:
            handle.cancel(reason)

    def _run(self, handle: Handle) -> None:
        request = handle.request
        script = script_for(request, self._rate)
        prompt = sum(len(message["content"].split()) for message in request.messages)
        handle.push(Started(prompt + len(request.prefix.split())))
        done = 0
        finish = Finish("stop")
        stops = StopText(request.sampling.stop)
        limit = min(request.sampling.max_tokens, script.tokens or request.sampling.max_tokens)
        limit -= len(_WORD.findall(request.prefix))
        for word in _words(script.text[len(request.prefix) :]):
            if (reason := handle.ended_by()) is not None or done >= limit:
                finish = Finish(reason or "length", done)
                break
            text, stopped = stops.push(word)
            done += 1  # noqa: SIM113  (the limit above looks at it too)
            if text:
                handle.push(Chunk(text))
            if stopped:
                finish = Finish("stop", done)
                break
            handle.wait(1.0 / script.rate)
        else:
            finish = _end(handle, script, done)
        if finish.reason in ("stop", "length") and (rest := stops.flush()):
            handle.push(Chunk(rest))
        with self._lock:
            self._running.discard(handle)
        handle.push(finish)


def _end(handle: Handle, script: Script, done: int) -> Finish:
    if script.ends == "fail":
        return Finish("error", done, "The script says to fail here.")
    while script.ends == "stall":
        handle.wait(0.05)
        if (reason := handle.ended_by()) is not None:
            return Finish(reason, done)
    return Finish("stop", done)


def script_for(request: Request, rate: float) -> Script:
    """The full text of an answer, from its messages alone."""
    question = next((m["content"] for m in reversed(request.messages) if m["role"] == "user"), "")
    if not question.startswith("@scripted"):
        return Script(SAMPLE.format(question=question.replace("\n", " ")[:200]), rate)
    head, _, literal = question.partition("text=")
    words = head.split()[1:]
    values = dict(word.split("=", 1) for word in words if "=" in word)
    rate = float(values.get("rate", rate))
    tokens = int(values["tokens"]) if "tokens" in values else None
    if literal or "text=" in question:
        return Script(literal, rate, tokens)
    sample = SAMPLE.format(question="scripted")
    if tokens is not None:
        sample = (sample * (tokens // len(_WORD.findall(sample)) + 1)) if tokens else ""
    if "echo" in words:
        sample = "\n".join(f"{m['role']}: {m['content']}" for m in request.messages)
    if "think" in words:
        sample = f"<think>The secret is 42, do not show it.</think>{sample}"
    if "loop" in words:
        sample = LOOP * 10_000
    ends = next((word for word in ("fail", "stall") if word in words), "")
    return Script("Let me see. " if ends else sample, rate, tokens, ends)


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        yield match.group()
