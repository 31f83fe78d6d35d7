"""From pieces to chunks: nothing lost, no grapheme cut, never late, never large."""

from __future__ import annotations

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_worker.chunker import CALM_S, CHUNK_BYTES, LONGEST_S, QUIET_S, Chunker, pieces, safe_end

# What joins with its neighbours: marks, joiners, flags, jamo, a virama, CR LF; and much that does not.
SCRAPS = ["a", " ", "\n", "\r", "\r\n", "$x$", "e\u0301", "\u0301", "字", "好的", "👩‍🏫", "\u200d", "🏽", "🇩", "🇩🇪", "각",
          "ᄀ", "ᅡ", "क्षि", "\u094d", "\ufe0f", "\x00", "\ufffd"]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(SCRAPS), st.text(max_size=8))).map("".join)
MOVES = st.lists(st.tuples(TEXTS, st.floats(0, 0.1)), max_size=30)


def borders(text: str) -> set[int]:
    return {match.end() for match in regex.finditer(r"\X", text)} | {0}


@settings(max_examples=150, deadline=None)
@given(MOVES)
def test_chunks_join_to_the_text_and_cut_no_grapheme(moves: list[tuple[str, float]]) -> None:
    chunker, now, chunks = Chunker(), 0.0, []
    for text, pause in moves:
        chunks += chunker.push(text, now)
        now += pause
        chunks += chunker.tick(now)
    before_end = len("".join(chunks))
    chunks += chunker.finish()
    whole = "".join(text for text, _ in moves)
    assert "".join(chunks) == whole
    assert all(chunks)
    assert before_end in borders(whole)
    end = 0
    for chunk in chunks:
        end += len(chunk)
        assert end in borders(whole)
        assert len(chunk.encode(errors="surrogatepass")) <= CHUNK_BYTES


@settings(max_examples=100, deadline=None)
@given(MOVES)
def test_nothing_that_may_be_shown_is_held_longer_than_said(moves: list[tuple[str, float]]) -> None:
    chunker, now = Chunker(), 0.0
    for text, pause in moves:
        chunker.push(text, now)
        due = chunker.due()
        assert due is None or due <= now + LONGEST_S
        now += pause
        if due is not None and due <= now:
            chunker.tick(now)
            assert chunker.due() is None


@given(TEXTS, st.integers(20, 200))
def test_pieces_are_bounded_and_join(text: str, limit: int) -> None:
    parts = list(pieces(text, limit))
    assert "".join(parts) == text
    assert all(0 < len(part.encode()) <= limit for part in parts)


def test_the_first_chunk_goes_at_once() -> None:
    chunker = Chunker()
    assert chunker.push("Hello", 5.0) == ["Hell"]
    assert chunker.finish() == ["o"]


def test_a_complete_line_goes_at_once() -> None:
    chunker = Chunker()
    chunker.push("ab", 0.0)
    assert chunker.push("cd", 0.001) == []
    assert chunker.push("ef\ngh", 0.002) == ["bcdef\n"]


def test_text_gathers_between_two_chunks_and_goes_by_the_clock() -> None:
    chunker = Chunker()
    chunker.push("ab", 0.0)
    assert chunker.push("cd", QUIET_S / 2) == []
    assert chunker.due() == LONGEST_S
    assert chunker.tick(LONGEST_S - 0.001) == []
    assert chunker.tick(LONGEST_S) == ["bc"]
    assert chunker.due() is None, "one held grapheme is no reason to wake up"


def test_a_late_piece_takes_along_what_is_held() -> None:
    chunker = Chunker()
    chunker.push("ab", 0.0)
    assert chunker.push("c", QUIET_S) == ["b"]


def test_an_accent_joins_the_letter_before_it() -> None:
    chunker = Chunker()
    assert chunker.push("cafe", 0.0) == ["caf"]
    assert chunker.push("\u0301 au lait", 1.0) == ["e\u0301 au lai"]


def test_a_family_and_a_flag_arrive_whole() -> None:
    chunker = Chunker()
    text = "👩‍🏫🇩🇪"
    seen = [chunk for at, sign in enumerate(text) for chunk in chunker.push(sign, float(at))]
    assert [*seen, *chunker.finish()] == ["👩‍🏫", "🇩🇪"]


def test_carriage_return_waits_for_its_line_feed() -> None:
    chunker = Chunker()
    assert chunker.push("ab\r", 0.0) == ["ab"]
    assert chunker.push("\nc", 0.001) == ["\r\n"]


def test_an_empty_text_is_no_chunk() -> None:
    chunker = Chunker()
    assert chunker.push("", 0.0) == []
    assert chunker.tick(9.0) == []
    assert chunker.finish() == []
    assert safe_end("") == 0


def test_a_long_text_is_cut_between_graphemes() -> None:
    text = "👩‍🏫" * 1_000
    parts = Chunker().push(text + "x", 0.0)
    assert "".join(parts) == text
    assert len(parts) > 1
    assert all(set(regex.findall(r"\X", part)) == {"👩‍🏫"} for part in parts)


def test_an_endless_grapheme_is_cut_and_not_held_for_ever() -> None:
    text = "z" + "\u0301" * (2 * CHUNK_BYTES)
    chunker = Chunker()
    sent = chunker.push(text, 0.0)
    assert "".join([*sent, *chunker.finish()]) == text
    assert sent
    assert all(len(part.encode()) <= CHUNK_BYTES for part in sent)


def test_a_long_tail_is_held_behind_a_long_text() -> None:
    chunker = Chunker()
    assert "".join(chunker.push("ab" * CHUNK_BYTES, 0.0)) == ("ab" * CHUNK_BYTES)[:-1]


def test_a_text_that_nobody_watches_goes_every_two_seconds() -> None:
    calm = Chunker(calm=True)
    assert calm.push("a b", 0.0) == ["a "]
    assert calm.push("c\nd", 1.9) == []
    assert calm.due() == CALM_S
    assert calm.tick(1.99) == []
    assert calm.tick(2.0) == ["bc\n"]
    assert calm.push("e", 3.9) == []
    assert calm.push("f", 4.1) == ["de"]
    assert calm.finish() == ["f"]


def test_at_fifty_tokens_a_second_three_leave_together() -> None:
    """What a chunk costs is a transaction, and for each viewer a system call, however long it is."""
    chunker = Chunker()
    sent = [chunk for number in range(100) for chunk in chunker.push("word ", number / 50)]
    assert len(sent) == 1 + 99 // 3
    assert len("".join(sent + chunker.finish())) == 500
