"""The two shapes in which problems come from outside, and what becomes of them. Pure: no database, no files.

*Steps*: {id, title, body, course, lesson, source, license, steps: [{title, body, kind, answer_type, answers, choices,
hints: [{type, title, text, hintAnswer?}], wrong?}]}, formulas between ``$$``.
*Words*: {question, solution, socratic}, plain text with ``<<48/2=24>>`` calculations and a last line ``#### 24``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

STATEMENT_LIMIT = 20_000
TITLE_LIMIT = 200
PARAGRAPH = "\n\n"
SPECIAL = re.compile(r"([\\`*_$\[\]<>~|])")
LEADING = re.compile(r"([#+=-]|\d+(?=[.)](?:\s|$)))")
MARK = "\ue000"  # from the private use area: no text has it
CALCULATION = re.compile(r"<<[^<>]*>>")
ANSWER_LINE = re.compile(r"^####\s*(.+?)\s*$", re.MULTILINE)


class ShapeError(ValueError):
    """A row that cannot be used: ``field`` names the part at fault, as in ``steps.0.answers``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class Hint(BaseModel):
    type: Literal["hint", "scaffold"]
    title: str = ""
    text: str
    hintAnswer: list[str] | None = None


class Step(BaseModel):
    title: str
    body: str = ""
    kind: Literal["TextBox", "MultipleChoice"]
    answer_type: Literal["arithmetic", "string", "numeric"]
    answers: list[str] = Field(min_length=1)
    choices: list[str] | None = None
    hints: list[Hint]
    wrong: list[str] = []


class StepsRow(BaseModel):
    id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,120}$")
    title: str = Field(max_length=TITLE_LIMIT)
    body: str
    course: str = Field("", max_length=200)
    lesson: str = Field("", max_length=200)
    source: str = Field("", max_length=400)
    license: str = Field("", max_length=120)
    steps: list[Step] = Field(min_length=1)
    skills: list[str] = []


class WordsRow(BaseModel):
    question: str = Field(min_length=1, max_length=STATEMENT_LIMIT)
    solution: str = Field(min_length=1)
    socratic: str = ""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A problem ready to be stored. ``public`` are fields of rooms.Problem, ``private`` those of tutor.Reference."""

    slug: str
    public: dict[str, str]
    private: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


def row_shape(row: Any) -> Shaped:
    """The problem in a row of either shape. Raises ShapeError."""
    if not isinstance(row, dict):
        raise ShapeError("row", "is not a JSON object")
    try:
        if "steps" in row:
            return _steps_shape(StepsRow.model_validate(row, strict=True))
        if "question" in row:
            return _words_shape(WordsRow.model_validate(row, strict=True))
    except ValidationError as error:
        first = error.errors()[0]
        raise ShapeError(".".join(str(part) for part in first["loc"]), first["msg"]) from None
    raise ShapeError("row", "has neither `steps` nor `question`: this shape is not known")


def _steps_shape(row: StepsRow) -> Shaped:
    warnings: list[str] = []
    statement = _statement(row, warnings)
    title = " ".join(row.title.split())
    if not title:
        title = row.lesson or _short(" ".join(row.body.split())) or row.id
        warnings.append(f"title: is empty; “{title}” serves")
    public = {
        "title": title,
        "statement": statement,
        "course": row.course,
        "lesson": row.lesson,
        "source": row.source,
        "license": row.license,
    }
    steps = [step.model_dump(exclude_none=True) for step in row.steps]
    return Shaped(row.id, public, {"solution": "", "steps": steps, "skills": row.skills}, warnings)


def _statement(row: StepsRow, warnings: list[str]) -> str:
    """Body, then each step's own text and choices: nothing of answers or hints."""
    parts = [markdown(row.body, "body", warnings)]
    for number, step in enumerate(row.steps):
        name = f"steps.{number}"
        text = PARAGRAPH.join(filter(None, (markdown(t, name, warnings) for t in (step.title, step.body))))
        if len(row.steps) > 1:
            # A displayed formula begins its own paragraph.
            text = f"**{number + 1}.**{PARAGRAPH if text.startswith('$$') else ' '}{text}"
        choices = [f"- {markdown(choice, name, warnings, display=False)}" for choice in step.choices or []]
        parts += [text, "\n".join(choices)]
    statement = PARAGRAPH.join(filter(None, parts)) or markdown(row.title, "title", warnings)
    if len(statement) > STATEMENT_LIMIT:
        raise ShapeError("steps", f"make a statement of {len(statement)} characters; the limit is {STATEMENT_LIMIT}")
    return statement


def _words_shape(row: WordsRow) -> Shaped:
    answer = ANSWER_LINE.search(row.solution)
    if answer is None:
        raise ShapeError("solution", "has no last line `#### answer`")
    question = " ".join(row.question.split())
    hints: list[dict[str, Any]] = []
    for line in row.socratic.splitlines():
        asked, arrow, told = line.partition(" ** ")
        if arrow:
            hints.append({"type": "scaffold", "title": asked.strip(), "text": _plain(told)})
    step = {
        "title": question,
        "body": "",
        "kind": "TextBox",
        "answer_type": "numeric",
        "answers": [f"$${answer[1].replace(',', '')}$$"],
        "hints": hints,
    }
    public = {
        "title": _short(question),
        "statement": markdown(question, "question", []),
        "course": "Word problems",
        "lesson": "",
        "source": "",
        "license": "",
    }
    # These rows have no id of their own: the question is what makes them the same.
    slug = "word-" + hashlib.sha256(question.encode()).hexdigest()[:16]
    return Shaped(slug, public, {"solution": _plain(row.solution), "steps": [step], "skills": []})


def _plain(text: str) -> str:
    """A solution without the calculator's marks."""
    return CALCULATION.sub("", ANSWER_LINE.sub("", text)).strip()


def _short(text: str, limit: int = 60) -> str:
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def markdown(text: str, field: str, warnings: list[str], *, display: bool = True) -> str:
    """Text with ``$$x$$`` formulas as Markdown with ``$x$``; everything else means itself, each line a paragraph.

    A text that is one formula becomes a displayed one. An unpaired ``$$`` is kept as text and warned about.
    """
    parts = text.replace(MARK, "").split("$$")
    if len(parts) % 2 == 0:
        warnings.append(f"{field}: an unpaired $$ is shown as it stands")
        parts[-2:] = ["$$".join(parts[-2:])]
    formulas = [_formula(part) for part in parts[1::2]]
    # Formulas step aside for a mark while the text around them is escaped line by line.
    lines = MARK.join(parts[0::2]).split("\n")
    escaped = PARAGRAPH.join(filter(None, (_escape(line.strip()) for line in lines)))
    if escaped == MARK and display and formulas[0]:
        return f"${formulas[0]}$"
    # A digit right behind a closing dollar would keep the formula from closing.
    escaped = re.sub(rf"{MARK}(?=\d)", f"{MARK} ", escaped)
    for formula in formulas:
        escaped = escaped.replace(MARK, formula, 1)
    return escaped.strip()


def _formula(text: str) -> str:
    inside = " ".join(text.split())
    return "$" + re.sub(r"(?<!\\)\$", r"\\$", inside) + "$" if inside else ""


def _escape(line: str) -> str:
    """The line with everything escaped that Markdown would take for a sign, at its start above all."""
    line = SPECIAL.sub(r"\\\1", line)
    found = LEADING.match(line)
    if found is None:
        return line
    sign, rest = found[1], line[found.end() :]
    return f"{sign}\\{rest}" if sign.isdigit() else f"\\{sign}{rest}"
