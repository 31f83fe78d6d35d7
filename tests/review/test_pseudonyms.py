"""Names out of texts, by whichever way they are written, and nothing else. Bob and Charlie must not be found again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import override_settings

from classroom.review.pseudonyms import Pseudonyms, pseudonym

MIA, LIN, WILL = "id-mia", "id-lin", "id-will"
NAMES = [
    (MIA, "mia"), (MIA, "Mia Schmidt-Öz"), (LIN, "lin"), (LIN, "林小雨"), (WILL, "wpark"), (WILL, "Will Park"), ("id-x", "x"),
]  # fmt: skip


@pytest.fixture
def names() -> Pseudonyms:
    return Pseudonyms(NAMES)


def test_the_same_person_is_the_same_pseudonym_and_nobody_elses() -> None:
    assert pseudonym(MIA) == pseudonym(MIA)
    assert pseudonym(MIA) != pseudonym(LIN)
    assert MIA not in pseudonym(MIA)


def test_pseudonyms_hang_on_the_servers_secret() -> None:
    here = pseudonym(MIA)
    with override_settings(SECRET_KEY="another server"):
        assert pseudonym(MIA) != here


@pytest.mark.parametrize(
    "text",
    [
        "hi mia!",
        "MIA?",
        "Mia Schmidt-Öz said",
        "mia schmidt-öz",
        "(mia)",
        "mia's idea",
        "_mia_",
        "**Mia**",
        "Schmidt-Öz!",
        "@mia",
        "mia,mia",
    ],
)
def test_names_are_found_however_they_are_written(names: Pseudonyms, text: str) -> None:
    found = names.text(text)
    assert pseudonym(MIA) in found
    assert "mia" not in found.casefold()
    assert "Schmidt" not in found


@pytest.mark.parametrize("text", ["林小雨说得对", "我和林小雨一起", "lin: yes", "LIN"])
def test_names_in_scripts_without_spaces(names: Pseudonyms, text: str) -> None:
    found = names.text(text)
    assert pseudonym(LIN) in found
    assert "林小雨" not in found


@pytest.mark.parametrize(
    "text", ["miami", "linear equation", "$\\sin(x)$ and $x^2$", "amiable", "parking", "I will try", "a park"]
)
def test_other_words_are_left_alone(names: Pseudonyms, text: str) -> None:
    assert names.text(text) == text


def test_a_first_name_that_is_a_word_is_replaced_as_it_is_written_in_the_name(names: Pseudonyms) -> None:
    assert names.text("Will, will you?") == f"{pseudonym(WILL)}, will you?"


def test_decomposed_letters_do_not_hide_a_name(names: Pseudonyms) -> None:
    assert "Schmidt" not in names.text("Mia Schmidt-O\u0308z")


def test_longer_names_win(names: Pseudonyms) -> None:
    assert names.text("Mia Schmidt-Öz") == pseudonym(MIA)


def test_people_in_data_are_replaced_whole(names: Pseudonyms) -> None:
    data = {
        "user": {"id": MIA, "name": "Mia", "role": "student"},
        "more": [{"id": "stranger", "name": "Zoe", "role": "x"}],
    }
    found = names.value(data)
    assert found["user"] == {"id": pseudonym(MIA), "name": pseudonym(MIA), "role": "student"}
    assert found["more"][0]["name"] == pseudonym("stranger")
    assert "Zoe" not in json.dumps(found)


def test_values_keep_their_shape(names: Pseudonyms) -> None:
    data = {"answer": "u-1", "offset": 3, "text": "hi mia", "part": "text", "n": None, "ok": True, "list": ["mia", 1.5]}
    found = names.value(data)
    assert found == {**data, "text": f"hi {pseudonym(MIA)}", "list": [pseudonym(MIA), 1.5]}


def test_the_hash_of_the_true_text_goes() -> None:
    assert Pseudonyms([]).value({"text": "a", "sha256": "b"}) == {"text": "a"}


def test_words_of_the_protocol_stay_whole_when_a_person_is_called_so() -> None:
    names = Pseudonyms([("1", "text"), ("2", "answer"), ("3", "scripted")])
    found = names.value({"answer": "u-1", "part": "text", "engine": "scripted", "text": "text"})
    assert found == {"answer": "u-1", "part": "text", "engine": "scripted", "text": pseudonym("1")}


@pytest.mark.parametrize("name", ["a.b*", "(x", "[", "\\d+", "^$", "na|me", "<b>Bo</b>"])
def test_names_are_no_patterns(name: str) -> None:
    assert Pseudonyms([("1", name)]).text("plain words 42") == "plain words 42"
    if len(name) > 1:
        assert pseudonym("1") in Pseudonyms([("1", name)]).text(f"so {name} says")


def test_a_name_never_survives_whatever_stands_around_it() -> None:
    payloads = json.loads((Path(__file__).parents[1] / "payloads.json").read_text(encoding="utf-8"))
    names = Pseudonyms([(MIA, "Mirabella")])
    for payload in payloads:
        for text in (f"{payload} Mirabella", f"Mirabella {payload}", f"<{payload}>Mirabella</b>"):
            assert "mirabella" not in names.text(text).casefold()
