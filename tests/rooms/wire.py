"""The shape of every frame that the server sends, for tests: a field too many or too few fails where it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FIXTURES = Path(__file__).parent.parent / "frames"


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Nothing(Shape):
    pass


class By(Shape):
    id: str = Field(min_length=36, max_length=36)
    name: str
    role: Literal["student", "assistant", "teacher", "observer", "admin"]


class Can(Shape):
    post: bool
    ask: bool
    stop: bool


class You(By):
    staff: bool
    can: Can


class Limits(Shape):
    text: int
    frame: int
    heartbeat_s: int


class Hello(Shape):
    v: Literal[1]
    room: str
    epoch: str
    seq: int
    you: You
    limits: Limits


class RoomHead(Shape):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)
    id: str
    title: str
    state: Literal["open", "closed"]
    class_name: str = Field(alias="class")


class ProblemHead(Shape):
    id: str
    title: str
    statement: str


class LineMark(Shape):
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    verdict: Literal["verified", "refuted"]
    reason: str = Field(min_length=1)
    witness: str | None
    step: str | None = None


class LinesChecked(Shape):
    message: int | None
    answer: str | None
    checks: list[LineMark] = Field(min_length=1)


class MessageItem(Shape):
    kind: Literal["message"]
    seq: int
    at: str
    by: By
    text: str
    checks: list[LineMark]
    about: About | None = None


class PutIn(Shape):
    offset: int
    text: str
    by: By


class Source(Shape):
    n: int = Field(ge=1)
    document: str = Field(min_length=36, max_length=36)
    title: str = Field(min_length=1)
    page: int | None
    anchor: str = Field(min_length=1)
    passage: int = Field(ge=1)
    score: float = Field(ge=0, le=1)


class Line(Shape):
    kind: Literal["line", "polygon"]
    tone: int = Field(ge=0, le=5)
    points: list[list[float | int]]


class Round(Shape):
    kind: Literal["circle"]
    tone: int
    at: list[float | int]
    r: float | int


class Dot(Shape):
    kind: Literal["point"]
    tone: int
    at: list[float | int]


class Written(Shape):
    kind: Literal["text"]
    tone: int
    at: list[float | int]
    text: str = Field(min_length=1)
    side: Literal["n", "ne", "e", "se", "s", "sw", "w", "nw", "c"]


class Ticks(Shape):
    x: list[float | int]
    y: list[float | int]


class Drawing(Shape):
    width: int
    height: int
    window: list[float | int] = Field(min_length=4, max_length=4)
    axes: bool
    ticks: Ticks
    shapes: list[Line | Round | Dot | Written]


class ToolFound(Shape):
    text: str
    tex: str
    drawing: Drawing | None


class ToolItem(ToolFound):
    call: int = Field(ge=1)
    tool: str
    asked: str
    offset: int
    put_ins: int
    outcome: Literal["done", "failed", "withheld"] | None


class ToolCalled(Shape):
    answer: str
    call: int = Field(ge=1)
    tool: str
    asked: str
    offset: int


class ToolReturned(ToolFound):
    answer: str
    call: int = Field(ge=1)
    board: list[str] = Field(default=[], max_length=500)
    outcome: Literal["done", "failed", "withheld"]


class About(Shape):
    seq: int
    step: str | None
    answer: str | None
    start: int | None
    end: int | None
    text: str = Field(min_length=1)
    document: str | None = None
    shapes: list[str] | None = None


class Posted(Shape):
    text: str
    about: About | None = None


class Place(Shape):
    start: int = Field(ge=0)
    end: int = Field(ge=1)


class Highlight(Place):
    by: By | None


class HighlightChanged(Place):
    answer: str
    on: bool


class HighlightProposed(Shape):
    answer: str
    places: list[Place] = Field(min_length=1)


Who = Literal["everybody", "asker", "staff"]


class Controls(Shape):
    stop: Who
    pause: Who
    insert: Who
    highlight: Who
    about: Who
    run: Who = "everybody"


class ControlsChanged(Shape):
    controls: Controls


class AnswerItem(Shape):
    kind: Literal["answer"]
    seq: int
    at: str
    by: By
    answer: str
    question: str
    state: Literal["queued", "running", "paused", "completed", "stopped", "failed"]
    text: str
    position: int | None
    reason: str
    ended_by: By | None
    model: str
    inserts: list[PutIn]
    tools: list[ToolItem] | None = None
    eta_s: int | None
    hint: int | None
    checks: list[LineMark]
    search: Literal["searching", "found", "nothing", "done"] | None
    sources: list[Source]
    about: About | None
    highlights: list[Highlight]
    held_by: By | None


class HintItem(Shape):
    kind: Literal["hint"]
    seq: int
    at: str
    by: None
    rung: int = Field(ge=0, le=5)
    text: str = Field(min_length=1)
    asked_by: By


class Ladder(Shape):
    rung: int = Field(ge=0, le=5)
    reached: int = Field(ge=0, le=5)
    more: bool
    given: int
    ceiling: int = Field(ge=0, le=4)
    budget: int | None
    attempt_first: bool
    solution_at: str | None = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


class LadderState(Ladder):
    tried: bool


class Checked(Shape):
    verdict: Literal["verified", "refuted", "unknown"]
    reason: str = Field(min_length=1)
    witness: str | None
    column: int | None


class StepItem(Shape):
    kind: Literal["step"]
    seq: int
    at: str
    by: By
    step: str
    text: str
    after: str | None
    verdict: Literal["verified", "refuted", "unknown"] | None
    reason: str
    witness: str | None
    column: int | None


class TestsSaid(Shape):
    __test__ = False
    passed: int = Field(ge=0, le=100)
    total: int = Field(ge=1, le=100)
    failed: list[Annotated[str, Field(max_length=200)]] = Field(max_length=5)


class CodeRan(Shape):
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    ok: bool
    output: str = Field(max_length=4_000)
    cut: bool
    ending: Literal["done", "stopped", "time"]
    tests: TestsSaid | None


class RunItem(CodeRan):
    kind: Literal["run"]
    seq: int
    at: str
    by: By


class NoticeItem(Shape):
    kind: Literal["notice"]
    seq: int
    at: str
    by: By | None
    type: Literal[
        "member.joined", "member.removed", "room.closed", "room.reopened", "room.changed", "rung.moved", "rules.changed",
        "memory.changed", "controls.changed",
    ]  # fmt: skip
    data: dict[str, Any]


class State(Shape):
    room: RoomHead
    problem: ProblemHead | None
    ladder: LadderState | None
    items: list[MessageItem | AnswerItem | StepItem | RunItem | HintItem | NoticeItem]
    hands: list[By]
    controls: Controls
    truncated: bool


class Tutor(Shape):
    available: bool
    reason: str


class Snapshot(Shape):
    state: State
    epoch: str
    present: list[By]
    tutor: Tutor


class Text(Shape):
    text: str


class Asked(Shape):
    answer: str
    text: str
    about: About | None = None
    supersedes: str | None = None


class Queued(Shape):
    answer: str
    position: int
    eta_s: int | None


class Searched(Shape):
    answer: str
    phase: Literal["searching", "found", "nothing", "done"]
    latency_ms: int | None


class AnswerSource(Source):
    answer: str


class Started(Shape):
    answer: str
    attempt: int
    model: str
    engine: str


class Delta(Shape):
    answer: str
    offset: int
    text: str = Field(min_length=1)
    part: Literal["text", "code", "result"]


class Ended(Shape):
    answer: str
    text: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    length: int
    reason: str


class StepSubmitted(Shape):
    step: str
    text: str = Field(min_length=1, max_length=1_000)
    after: str | None


class StepChecked(Checked):
    step: str


class HintRequested(Shape):
    rung: int = Field(ge=0, le=5)


class HintGiven(Shape):
    rung: int = Field(ge=0, le=5)
    text: str
    answer: str | None
    asked_by: By
    ladder: Ladder


class RungMoved(Shape):
    rung: int = Field(ge=0, le=5)
    before: int = Field(ge=0, le=5)
    ladder: Ladder


class MemoryChanged(Shape):
    text: str
    upto: int
    how: Literal["model", "list", "staff"]


class RulesChanged(Shape):
    ladder: Ladder


class Paused(Shape):
    answer: str
    length: int


class Resumed(Shape):
    answer: str


class Inserted(Shape):
    answer: str
    text: str = Field(min_length=1)
    offset: int


class Completed(Ended):
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    first_token_ms: int | None
    total_ms: int | None


class Failed(Ended):
    message: str


class Someone(Shape):
    user: By


class Changed(Shape):
    title: str
    problem: ProblemHead | None
    ladder: Ladder | None = None


class Present(Shape):
    present: list[By]


class BoardChanged(Shape):
    mode: Literal["open", "view", "isolated", "locked"]


class BoardGranted(Shape):
    person: By
    write: bool | None


class Owner(Shape):
    id: str = Field(min_length=36, max_length=36)
    name: str


class BoardRevealed(Shape):
    document: str = Field(min_length=36, max_length=36)
    owner: Owner
    on: bool


class Behind(Shape):
    behind: bool


class Frame(Shape):
    type: str
    seq: int | None
    at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
    by: By | None
    ref: str | None
    trace: str
    data: dict[str, Any]


class Hidden(Shape):
    type: Literal["event.hidden"]
    seq: int
    data: Nothing


class Ack(Shape):
    type: Literal["ack"]
    ref: str
    seq: int | None


class Error(Shape):
    type: Literal["error"]
    ref: str | None
    code: str
    message: str
    field: str | None
    retryable: bool
    retry_ms: int | None


BARE: dict[str, type[Shape]] = {"event.hidden": Hidden, "ack": Ack, "error": Error}
DATA: dict[str, type[Shape]] = {
    "hello": Hello,
    "snapshot": Snapshot,
    "pong": Nothing,
    "presence.changed": Present,
    "typing.shown": Nothing,
    "tutor.changed": Tutor,
    "saving.changed": Behind,
    "message.posted": Posted,
    "answer.asked": Asked,
    "answer.queued": Queued,
    "answer.started": Started,
    "answer.delta": Delta,
    "answer.paused": Paused,
    "answer.resumed": Resumed,
    "answer.inserted": Inserted,
    "answer.tool_called": ToolCalled,
    "answer.tool_returned": ToolReturned,
    "answer.completed": Completed,
    "answer.stopped": Ended,
    "answer.failed": Failed,
    "step.submitted": StepSubmitted,
    "step.checked": StepChecked,
    "lines.checked": LinesChecked,
    "code.ran": CodeRan,
    "answer.status": Searched,
    "answer.source": AnswerSource,
    "highlight.changed": HighlightChanged,
    "highlight.proposed": HighlightProposed,
    "controls.changed": ControlsChanged,
    "hint.requested": HintRequested,
    "hint.given": HintGiven,
    "rung.moved": RungMoved,
    "rules.changed": RulesChanged,
    "memory.changed": MemoryChanged,
    "board.changed": BoardChanged,
    "board.granted": BoardGranted,
    "board.revealed": BoardRevealed,
    "hand.raised": Nothing,
    "hand.lowered": Someone,
    "member.joined": Someone,
    "member.removed": Someone,
    "room.closed": Nothing,
    "room.reopened": Nothing,
    "room.changed": Changed,
}


def checked(frame: dict[str, Any]) -> dict[str, Any]:
    """The frame itself, if every field of it is as PROTOCOL.md says; pydantic's ValidationError if not."""
    bare = BARE.get(frame["type"])
    if bare is not None:
        bare.model_validate(frame)
    else:
        Frame.model_validate(frame)
        DATA[frame["type"]].model_validate(frame["data"])
    return frame


def fixtures(direction: str) -> list[Any]:
    """Every case of ``tests/frames`` that goes in this direction, with the file's name as ``of``."""
    cases = []
    for path in sorted(FIXTURES.glob("*.json")):
        if path.stem != "fold":
            cases += [{"of": path.stem, **case} for case in json.loads(path.read_text())]
    return [case for case in cases if case["direction"] == direction]


def folds() -> list[Any]:
    """The scenarios of ``fold.json``: {name, start, frames, end}."""
    found: list[Any] = json.loads((FIXTURES / "fold.json").read_text())
    return found


def label(case: dict[str, Any]) -> str:
    return f"{case.get('of', 'fold')}: {case['name']}"
