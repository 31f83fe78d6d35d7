"""The data of every frame that a client may send, by its verb; unknown fields are errors (F5)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_TEXT = 8_000
MAX_STEP = 1_000
MAX_RUNG = 5
MAX_OUTPUT = 4_000
MAX_TESTS = 100


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]


class Nothing(Strict):
    """Data of a verb that needs none."""


class Join(Strict):
    after: int | None = Field(default=None, ge=0)
    epoch: str | None = Field(default=None, max_length=64)


class About(Strict):
    """A step, a part of what an answer has shown, or shapes of a board."""

    step: str | None = Field(default=None, max_length=36)
    answer: str | None = Field(default=None, max_length=36)
    start: int | None = Field(default=None, ge=0)
    end: int | None = Field(default=None, ge=1)
    document: str | None = Field(default=None, max_length=36)
    shapes: list[Annotated[str, Field(max_length=36)]] | None = Field(default=None, min_length=1, max_length=40)


class Post(Strict):
    text: Text
    about: About | None = None


class Ask(Strict):
    text: Text
    about: About | None = None
    supersedes: str | None = Field(default=None, max_length=36)


class Highlight(Strict):
    answer: str = Field(max_length=36)
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    on: bool


class Stop(Strict):
    answer: str = Field(max_length=36)


class Insert(Strict):
    answer: str = Field(max_length=36)
    text: Text


class StepSubmit(Strict):
    text: str = Field(max_length=MAX_STEP)
    after: str | None = Field(default=None, max_length=36)
    fresh: bool = False


class CodeTests(Strict):
    """What the tests of a problem said in a browser: a report, not a proof."""

    passed: int = Field(ge=0, le=MAX_TESTS)
    total: int = Field(ge=1, le=MAX_TESTS)
    failed: list[Annotated[str, StringConstraints(max_length=200)]] = Field(default_factory=list, max_length=5)


class CodeRun(Strict):
    """A run of the room's code in somebody's browser. ``sha256`` is of the code's UTF-8 bytes."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    ok: bool
    output: str = Field(max_length=MAX_OUTPUT)
    cut: bool = False
    ending: Literal["done", "stopped", "time"] = "done"
    tests: CodeTests | None = None


class HandLower(Strict):
    user: str | None = Field(default=None, max_length=36)


class Rung(Strict):
    rung: int = Field(ge=0, le=MAX_RUNG)


class BoardMode(Strict):
    mode: str = Field(max_length=8)


class BoardGrant(Strict):
    person: str = Field(max_length=36)
    write: bool | None


class BoardReveal(Strict):
    document: str = Field(max_length=36)
    on: bool


class AuthRefresh(Strict):
    access: str = Field(max_length=4_096)


VERBS: dict[str, type[Strict]] = {
    "join": Join,
    "ping": Nothing,
    "message.post": Post,
    "answer.ask": Ask,
    "answer.stop": Stop,
    "answer.pause": Stop,
    "answer.resume": Stop,
    "answer.insert": Insert,
    "step.submit": StepSubmit,
    "code.run": CodeRun,
    "highlight.set": Highlight,
    "hint.request": Nothing,
    "teacher.rung": Rung,
    "board.mode": BoardMode,
    "board.grant": BoardGrant,
    "board.reveal": BoardReveal,
    "hand.raise": Nothing,
    "hand.lower": HandLower,
    "typing.show": Nothing,
    "auth.refresh": AuthRefresh,
}
