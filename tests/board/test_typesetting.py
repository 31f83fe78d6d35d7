"""Formulas become paths; whatever else stands in them is refused with a sentence."""

from __future__ import annotations

import re

import pytest

from classroom.board import typesetting
from classroom.board.typesetting import FormulaError, formula_check, formula_draw


def refused(latex: str) -> str:
    with pytest.raises(FormulaError) as error:
        formula_draw(latex)
    return str(error.value)


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{1}{2}", r"x^2 + \sqrt{3} \le 5", r"\sum_{i=1}^{n} i^2", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"a<b",
        r"\text{area} = \pi r^2", r"\begin{aligned}x&=1\\y&=2\end{aligned}", r"f'(x) = \int_0^\infty e^{-x^2}\,dx", r"50\%",
        r"\boxed{x}", r"\cancel{x}", r"\angle ABC = 90^\circ", r"\overrightarrow{AB}", r"\left(\frac12\right)", r"1\,\$",
        r"\text{a & b}", r"x\&y", r"\text{a<b}", r"\text{a &lt; b}",
    ],
)  # fmt: skip
def test_q20_a_formula_is_paths_in_its_box(latex: str) -> None:
    drawn = formula_draw(latex)
    assert drawn["w"] > 5
    assert drawn["h"] > 5
    for path in drawn["paths"]:
        assert re.fullmatch(r"[MLHVCSQTAZ0-9 .e-]+", path["d"]), path["d"][:80]
        assert re.fullmatch(r"translate\(-?[0-9.]+ -?[0-9.]+\)", path["transform"])
        x, y = (float(part) for part in path["transform"][10:-1].split())
        numbers = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", path["d"])]
        assert -1 <= x + numbers[0] <= drawn["w"] + 1
        assert -1 <= y + numbers[1] <= drawn["h"] + 1


def test_q20_lines_and_boxes_are_outlines_too() -> None:
    plain = formula_draw("x")["paths"]
    assert len(formula_draw(r"\boxed{x}")["paths"]) == len(plain) + 4
    assert len(formula_draw(r"\cancel{x}")["paths"]) == len(plain) + 1


@pytest.mark.parametrize(
    ("latex", "why"),
    [
        ("", typesetting.EMPTY),
        ("  \n ", typesetting.EMPTY),
        (r"\,", typesetting.EMPTY),
        ("x" * 501, typesetting.TOO_LONG),
        ("$x$", typesetting.DOLLARS),
        ("x\u200b", typesetting.UNSEEN),
        ("x\x00", typesetting.UNSEEN),
        ("x^", typesetting.UNREADABLE),
        (r"\frac{1", typesetting.UNREADABLE),
        ("x_1_2", typesetting.UNREADABLE),
        (r"\begin{pmatrix}1", typesetting.UNREADABLE),
        (r"\sqrt{" * 7 + "x" + "}" * 7, typesetting.TOO_DEEP),
        (r"\left(" * 7 + "x" + r"\right)" * 7, typesetting.TOO_DEEP),
        ("{" * 240 + "x" + "}" * 240, typesetting.TOO_MUCH),
        ("W" * 500, typesetting.TOO_MUCH),
        (r"\href{javascript:alert(1)}{x}", r"\href is not maths."),
        (r"\input{/etc/passwd}", r"\input is not maths."),
        (r"\foo{x}", r"“\foo” is not known here."),
        ("a & b", "“&” is not known here."),
        ("中", "A formula has no sign “中”: write it as text beside it."),
        (r"\text{面积}", "A formula has no sign “面”: write it as text beside it."),
    ],
)
def test_q20_what_cannot_be_drawn_is_refused_in_words(latex: str, why: str) -> None:
    assert refused(latex) == why


def test_q20_more_paths_than_a_page_should_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "PATHS_MAX", 2)
    assert refused("abc") == typesetting.TOO_MUCH


def test_the_check_is_cheap_and_gives_the_formula_without_blanks() -> None:
    assert formula_check("  x+1\n") == "x+1"
    assert formula_check(r"\infty + \default") == r"\infty + \default"
    assert formula_check(r"5\,\$") == r"5\,\$"


@pytest.mark.parametrize("markup", ["<script>alert(1)</script>", "</math><svg onload=alert(1)>", "&lt;b&gt;", "]]>"])
def test_q20_markup_is_signs_or_nothing(markup: str) -> None:
    """Each letter is an outline of its own: there is no text in what is drawn."""
    try:
        drawn = formula_draw(markup)
    except FormulaError:
        return
    assert set(drawn) == {"w", "h", "paths"}
    assert all(set(path) == {"d", "transform"} for path in drawn["paths"])
