"""An engine without a model: deterministic text at a steady pace, for tests and for work on the pages.

The text is made from the last user message: Markdown with a heading, a list, formulas, code, Chinese and emoji. A line
``@scripted …`` in that message says otherwise; its words are

* ``tokens=N`` make the text N tokens long (repeated or cut)   * ``rate=R`` R tokens a second, 0 for as fast as it goes
* ``fail`` / ``fail=N`` fail at once / after N tokens          * ``stall`` / ``stall=N`` write nothing more after N
* ``oom`` / ``oom=N`` run out of memory                      * ``die`` / ``die=N`` kill the whole worker
* ``loop`` repeat the text until something ends it             * ``echo`` print the whole context that was given
* ``think`` put ``<think>…</think>`` in front                  * ``text=…`` print the rest of the message, exactly

``text=`` may call tools: a message that begins with ``<tool_response>`` is no question, but what came back for the call before;
the text goes on behind that call, with ``{result}`` in it replaced by what came back.

The text is a function of the messages alone, so an attempt with a prefix goes on exactly where the last one ended.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

from inference_worker.engines.base import EngineOptions, Finish, Handle, Progress
from inference_worker.engines.errors import RequestError
from inference_worker.engines.loops import LOOPED, looping
from inference_worker.engines.pooled import PooledEngine
from inference_worker.engines.stops import StopStrings
from inference_worker.job import FinishReason, Message

SLOTS = 8
MARK = re.compile(r"^@scripted\b[ \t]*(.*)$", re.MULTILINE)
TOKEN = re.compile(r"\s?\S{1,4}|\s")
FAILED = "The scripted engine was told to fail."
NO_MEMORY = "The scripted engine was told to run out of memory."
NO_TOKENIZER = "The scripted engine has no tokenizer: it takes messages."
CALLED = "</tool_call>"
RESULT = ("<tool_response>", "</tool_response>")
TEXT = """## Let us look at it together

You asked: {question}

1. Say in your own words what is given.
2. Give the unknown a name, for example $x$.
3. Write one step on each line:

$$
2x + 3 = 11 \\quad\\Rightarrow\\quad 2x = 8 \\quad\\Rightarrow\\quad x = 4
$$

A check costs one line of Python:

```python
assert 2 * 4 + 3 == 11
```

**Why does this work?** Because the same was done on both sides: $a = b$ gives $a - 3 = b - 3$.
好的，我们一步一步来：先化简，再代入。 👩‍🏫✨ Which step would you like to try yourself? 🇩🇪
"""


@dataclass(frozen=True, slots=True)
class Script:
    """What to write and how, read from the messages."""

    text: str
    rate: float | None = None
    fail_at: int | None = None
    oom_at: int | None = None
    die_at: int | None = None
    stall_at: int | None = None
    loop: bool = False


class ScriptedEngine(PooledEngine):
    name = "scripted"

    def __init__(self, options: EngineOptions) -> None:
        super().__init__(options, slots=SLOTS)
        self.model = "scripted"

    def start(self, progress: Progress) -> None:
        progress("the scripted engine has no model to load")

    def _generate(self, handle: Handle) -> Finish:
        request = handle.request
        if request.ids:
            raise RequestError(NO_TOKENIZER)
        script = script_read(request.messages)
        rate = self.options.rate if script.rate is None else script.rate
        stops = StopStrings(request.sampling.stop, shown=request.prefix)
        prompt_tokens = sum(len(tokens(message["content"])) for message in request.messages)
        done, rest = script_continue(script, request.prefix)
        started = time.monotonic()
        said: list[str] = []
        reason: FinishReason = "stop"
        message = ""
        for made, token in enumerate(rest):
            if rate > 0:
                handle.rest(started + made / rate - time.monotonic())
            started += handle.halt()
            accident(script, made)
            while script.stall_at is not None and made >= script.stall_at and handle.due() is None:
                handle.rest(60.0)
            reason = handle.due() or ("length" if done >= request.sampling.max_tokens else "stop")
            if reason != "stop":
                break
            done += 1
            self._emit(handle, stops.push(token))
            said.append(token)
            message = LOOPED if looping(said, request.sampling.loop_tokens) else ""
            if stops.hit or message:
                break
        if reason != "preempted":  # else it is written elsewhere, and may become a stop there
            handle.emit(stops.flush(), 0)
        return Finish(reason, prompt_tokens, done, message)


def accident(script: Script, made: int) -> None:
    """What is to go wrong after ``made`` tokens: an error of this request, of the device, or the end of the process."""
    if script.fail_at is not None and made >= script.fail_at:
        raise RequestError(FAILED)
    if script.oom_at is not None and made >= script.oom_at:
        raise MemoryError(NO_MEMORY)  # as torch.OutOfMemoryError: no RequestError, so nobody has foreseen it
    if script.die_at is not None and made >= script.die_at:
        os.kill(os.getpid(), signal.SIGKILL)


def tokens(text: str) -> list[str]:
    """Pieces of at most five characters that join to ``text``; on purpose they cut emoji and flags apart."""
    return TOKEN.findall(text)


def script_read(messages: tuple[Message, ...]) -> Script:
    question, results = _question(messages)
    found = MARK.search(question)
    if found is None:
        return Script(TEXT.format(question=_quoted(question)))
    if (at := question.find("text=", found.start(1))) >= 0:
        words, text = question[found.start(1) : at].split(), question[at + len("text=") :]
        text = CALLED.join(text.split(CALLED)[len(results) :]).replace("{result}", results[-1] if results else "")
    else:
        words = found.group(1).split()
        text = TEXT.format(question=_quoted(MARK.sub("", question)))
    options = dict(word.partition("=")[::2] for word in words)
    if "echo" in options:
        text = "\n\n".join(f"{message['role']}: {message['content']}" for message in messages)
    if "think" in options:
        text = f"<think>\nThe pupil asks about this; I keep the result to myself.\n</think>\n\n{text}"
    if (length := _number(options, "tokens")) is not None:
        text = "".join(itertools.islice(itertools.cycle(tokens(text) or [" "]), int(length)))
    return Script(
        text,
        rate=_number(options, "rate"),
        fail_at=_count(options, "fail"),
        oom_at=_count(options, "oom"),
        die_at=_count(options, "die"),
        stall_at=_count(options, "stall"),
        loop="loop" in options,
    )


def _question(messages: tuple[Message, ...]) -> tuple[str, list[str]]:
    """What was asked last, and what tools have answered since."""
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] != "user":
            continue
        if not message["content"].startswith(RESULT[0]):
            return message["content"], results[::-1]
        results.append(message["content"].removeprefix(RESULT[0]).partition(RESULT[1])[0].strip())
    return "", []


def script_continue(script: Script, prefix: str) -> tuple[int, Iterator[str]]:
    """(tokens that the prefix holds whole, the pieces behind it), cut where a run without a break would cut them."""
    looped = script.loop and bool(script.text)
    size = len(prefix) if looped or script.text.startswith(prefix) else 0
    rounds = itertools.repeat(script.text) if looped else iter([script.text])
    pieces = (token for text in rounds for token in tokens(text))
    done = end = 0
    for token in pieces:
        end += len(token)
        if end > size:
            return done, itertools.chain([token[len(token) - (end - size) :]], pieces)
        done += 1
    return done, iter(())


def _quoted(question: str) -> str:
    return " ".join(question.split())[:200] or "…"


def _number(options: dict[str, str], name: str) -> float | None:
    value = options.get(name, "")
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value) else None


def _count(options: dict[str, str], name: str) -> int | None:
    return int(_number(options, name) or 0) if name in options else None
