"""Blocks to passages: lengths, places, and words as full text search sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.documents import chunks
from tutor.documents.chunks import Block, pieces
from tutor.documents.words import query_terms, stem, terms


def block(text: str, anchor: str = "Page 1") -> Block:
    return Block(text, anchor)


def test_short_paragraphs_are_put_together_and_long_ones_cut_at_sentences() -> None:
    text = "One.\n\nTwo.\n\n" + " ".join(f"Sentence number {n} is here." for n in range(20))
    made = pieces([block(text)], size=100)
    assert made[0].text.startswith("One.\n\nTwo.\n\nSentence number 0")
    assert all(len(piece.text) <= 100 for piece in made)
    assert all(piece.text.endswith(".") for piece in made)
    assert [piece.n for piece in made] == list(range(1, len(made) + 1))


def test_a_passage_never_crosses_its_place() -> None:
    made = pieces([Block("a", "Page 1", page=1), Block("b", "Page 2", "H", 2), Block("", "Page 3")])
    assert [(piece.text, piece.anchor, piece.heading, piece.page) for piece in made] == [
        ("a", "Page 1", "", 1), ("b", "Page 2", "H", 2),
    ]  # fmt: skip


def test_chinese_is_cut_at_its_own_full_stops() -> None:
    made = pieces([block("圆是一条曲线。" * 30)], size=50)
    assert len(made) > 3
    assert all(piece.text.endswith("。") and len(piece.text) <= 50 for piece in made)


def test_there_are_so_many_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "PASSAGES_MAX", 3)
    assert len(pieces([block("x" * 1_000)], size=100)) == 3


@given(st.lists(st.text(max_size=400), max_size=5), st.integers(20, 200))
def test_nothing_but_blanks_is_lost_and_no_passage_is_too_long(texts: list[str], size: int) -> None:
    made = pieces([block(text) for text in texts], size)
    assert all(0 < len(piece.text) <= size for piece in made)
    assert "".join("".join(piece.text.split()) for piece in made) == "".join("".join(text.split()) for text in texts)


def test_words_are_lower_case_and_pairs_where_there_are_no_blanks() -> None:
    assert terms("The Hypotenuse: 3² + ½x_1, ＡＢＣ") == ["the", "hypotenuse", "32", "1", "2x", "1", "abc"]
    assert terms("勾股定理 a²") == ["勾股", "股定", "定理", "a2"]
    assert terms("圆 and 半径r") == ["圆", "and", "半径", "r"]
    assert terms("x" * 99) == ["x" * 40]
    assert terms('"; DROP TABLE --') == ["drop", "table"]


def test_a_question_is_what_it_is_about() -> None:
    assert query_terms("What is the hypotenuse of the triangle, the hypotenuse?") == ["hypotenuse", "triangle"]
    assert query_terms("what is it?") == ["what", "is", "it"], "all of it where nothing else is left"
    assert query_terms("") == []
    assert query_terms("掷硬币正面的概率是什么？") == ["掷硬", "硬币", "币正", "正面", "概率"]
    assert query_terms("是什么") == ["是什", "什么"]
    assert len(query_terms(" ".join(f"w{n}" for n in range(99)))) == 40


def test_stems_take_common_endings_off() -> None:
    assert {stem("circles"), stem("circle")} == {"circl"}
    assert stem("angle") == stem("angles")
    assert stem("factorising") == stem("factorise") == stem("factorised")
    assert (stem("gas"), stem("圆形"), stem("x")) == ("gas", "圆形", "x")
