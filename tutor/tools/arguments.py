"""What each tool may be asked: typed, bounded, and nothing else. Numbers are finite; text is plain and short."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

OBJECTS_MAX: Final = 60
FUNCTIONS_MAX: Final = 4
REACH: Final = 1_000_000.0  # of a coordinate
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def _plain(text: str) -> str:
    if _UNSEEN.search(text):
        raise ValueError("has a character that nobody sees")
    return text


class Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Number = Annotated[float, Field(ge=-REACH, le=REACH, strict=True)]
Length = Annotated[float, Field(gt=0, le=REACH, strict=True)]
Place = tuple[Number, Number]
Expression = Annotated[
    str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True), AfterValidator(_plain)
]
Label = Annotated[str, StringConstraints(max_length=40, strip_whitespace=True), AfterValidator(_plain)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_']{0,11}$")]


class Window(Arguments):
    """From where to where; the second is the larger."""

    x: Place = (-10.0, 10.0)
    y: Place | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        for low, high in filter(None, (self.x, self.y)):
            if high - low < 1e-6:
                raise ValueError("a window goes from the smaller number to the larger one")
        return self


class Calculate(Arguments):
    do: Literal["evaluate", "simplify", "expand", "factor", "solve"] = "evaluate"
    expression: Expression
    unknown: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]$")] | None = None


class Plot(Window):
    functions: Annotated[list[Expression], Field(min_length=1, max_length=FUNCTIONS_MAX)]


class LookUp(Arguments):
    text: Annotated[str, StringConstraints(min_length=2, max_length=200, strip_whitespace=True), AfterValidator(_plain)]


# ---- what can be drawn


class Point(Arguments):
    kind: Literal["point"]
    id: Id
    at: Place
    label: Label | None = None


class Segment(Arguments):
    kind: Literal["segment"]
    ends: tuple[Id, Id]
    label: Label = ""


class Line(Arguments):
    kind: Literal["line"]
    through: tuple[Id, Id]
    label: Label = ""


class Circle(Arguments):
    """With a radius, or through a point."""

    kind: Literal["circle"]
    centre: Id
    radius: Length | None = None
    through: Id | None = None
    label: Label = ""

    @model_validator(mode="after")
    def _one_size(self) -> Circle:
        if (self.radius is None) == (self.through is None):
            raise ValueError("a circle has a radius, or goes through a point")
        return self


class Polygon(Arguments):
    kind: Literal["polygon"]
    points: Annotated[list[Id], Field(min_length=3, max_length=20)]
    label: Label = ""


class Angle(Arguments):
    """At the second of its points, from the first to the third, the smaller one of the two."""

    kind: Literal["angle"]
    points: tuple[Id, Id, Id]
    label: Label = ""


class Graph(Arguments):
    kind: Literal["graph"]
    function: Expression
    label: Label = ""


class Text(Arguments):
    kind: Literal["text"]
    at: Place
    text: Annotated[Label, StringConstraints(min_length=1)]


Shape = Annotated[
    Point | Segment | Line | Circle | Polygon | Angle | Graph | Text,
    Field(discriminator="kind"),
]


class Draw(Arguments):
    objects: Annotated[list[Shape], Field(min_length=1, max_length=OBJECTS_MAX)]
    axes: bool = False
