"""Between text and tokens, on a tokenizer whose tokens are often parts of characters: detokenising and seams."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from inference_worker.engines.detokeniser import Detokeniser
from inference_worker.engines.seam import Seam, prefix_tokenizer, vocabulary_read
from tests.inference_worker.tiny import END, LESSONS, tokenizer_make

BYTE_LEVEL: Any = tokenizer_make().backend_tokenizer
VOCABULARY = vocabulary_read(BYTE_LEVEL)
SIZE = BYTE_LEVEL.get_vocab_size()
TEXT = st.one_of(st.text(max_size=30), st.sampled_from(sorted(LESSONS.values())))


def decode(ids: list[int]) -> str:
    return str(BYTE_LEVEL.decode(ids, skip_special_tokens=True))


def said(ids: list[int], context: list[int] | None = None) -> str:
    detokeniser = Detokeniser(decode, context or [])
    return "".join(detokeniser.step(token) for token in ids) + detokeniser.flush()


def ids_of(text: str) -> list[int]:
    return list(BYTE_LEVEL.encode(text, add_special_tokens=False).ids)


# ---- detokenising


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_step_by_step_it_is_the_text(before: str, text: str) -> None:
    assert said(ids_of(text), ids_of(before)) == text.rstrip("\ufffd")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, SIZE - 1), max_size=40))
def test_any_tokens_are_what_the_tokenizer_makes_of_them_at_once(ids: list[int]) -> None:
    """A model at high temperature writes bytes that are no text."""
    assert said(ids) == decode(ids).rstrip("\ufffd")


def test_half_a_character_waits_for_the_other_half_and_is_dropped_at_the_end() -> None:
    ids = ids_of("🎉")
    letters = [BYTE_LEVEL.token_to_id(letter) for letter in BYTE_LEVEL.pre_tokenizer.pre_tokenize_str("🎉")[0][0]]
    assert decode(letters) == "🎉"
    detokeniser = Detokeniser(decode)
    assert [detokeniser.step(token) for token in letters] == ["", "", "", "🎉"]
    assert said(letters[:3]) == ""
    assert said(ids) == "🎉"


def test_sentencepiece_keeps_its_spaces() -> None:
    """Of the first word the space is no part; of the others it is."""
    vocabulary = {"<unk>": 0, "▁a": 1, "▁bc": 2, "d": 3, "<0xE5>": 4, "<0xA5>": 5, "<0xBD>": 6}
    pieces = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True))
    pieces.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    detokeniser = Detokeniser(lambda ids: str(pieces.decode(ids)))
    assert [detokeniser.step(token) for token in [1, 2, 3, 4, 5, 6, 2]] == ["a", " bc", "d", "", "", "好", " bc"]
    read = vocabulary_read(pieces)
    assert [read.written[token] for token in (1, 3, 4)] == [b" a", b"d", b"\xe5"]


# ---- seams


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_what_is_kept_and_what_is_written_again_are_the_prefix(text: str) -> None:
    seam = Seam(ids_of(text), VOCABULARY)
    assert decode(seam.kept) + seam.again == decode(ids_of(text))


@settings(max_examples=200, deadline=None)
@given(TEXT, st.randoms(use_true_random=False))
def test_whatever_is_drawn_at_a_seam_writes_the_prefix_again(text: str, chance: Any) -> None:
    seam = Seam(ids_of(text), VOCABULARY)
    drawn: list[int] = []
    while allowed := seam.allowed():
        assert len(drawn) < 200
        drawn.append(chance.choice(allowed))
        seam.take(drawn[-1])
    written = b"".join(VOCABULARY.written[token] for token in drawn)
    assert written.startswith(seam.again.encode())
    assert len(written) - len(seam.again.encode()) < 20, "no more than the rest of one token"


def test_control_tokens_are_never_allowed_at_a_seam() -> None:
    end = BYTE_LEVEL.token_to_id(END)
    for text in LESSONS.values():
        assert end not in Seam(ids_of(text), VOCABULARY).allowed()


def test_without_a_prefix_there_is_no_seam() -> None:
    seam = Seam([], VOCABULARY)
    assert (seam.kept, seam.again, seam.allowed()) == ([], "", [])


def test_a_vocabulary_that_cannot_spell_takes_nothing_back() -> None:
    words = Tokenizer(models.WordLevel({"one": 0, "two": 1}, unk_token="one"))
    seam = Seam([0, 1], vocabulary_read(words))
    assert (seam.kept, seam.again) == ([0, 1], "")


def test_a_prefix_is_read_as_it_was_written_also_where_questions_are_normalised() -> None:
    """Qwen2 composes e + accent in what people write; in the model's own text that would move every offset."""
    composing = Tokenizer.from_str(BYTE_LEVEL.to_str())
    composing.normalizer = normalizers.NFC()
    assert composing.decode(composing.encode("e\u0301").ids) == "\u00e9"
    kept = prefix_tokenizer(composing)
    assert kept.decode(kept.encode("e\u0301").ids) == "e\u0301"
    assert prefix_tokenizer(BYTE_LEVEL) is BYTE_LEVEL


def test_pre_tokenising_is_that_of_the_real_models() -> None:
    assert isinstance(BYTE_LEVEL.pre_tokenizer, pre_tokenizers.ByteLevel)
