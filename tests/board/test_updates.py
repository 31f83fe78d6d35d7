"""Bytes before anything is done with them: what is read is what the library says, and nothing else gets by (rule Q3)."""

from __future__ import annotations

import math
from uuid import uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlFragment

from classroom.board import messages
from classroom.board.messages import Awareness, Sync, awareness_frame, message_read, number, sync_frame
from classroom.board.models import Document, Kind
from classroom.board.replica import Replica, UpdateRefused
from classroom.board.scene import TUTOR
from classroom.board.updates import Malformed, Reader, change_read, clocks_read
from tests.board.peers import drawing, shape, update_of

GOOD = drawing(shape(kind="text", text="héllo 😀", fill=None, locked=True), shape(x=0.1, y=-3, z=2**20))


def replica(kind: str = Kind.BOARD) -> Replica:
    made = Replica(uuid4())
    made.catch_up(Document(kind=kind))
    return made


def test_clocks_are_those_of_the_library() -> None:
    doc = Doc[object](client_id=5)
    shapes, code = doc.get("shapes", type=Map), doc.get("code", type=Text)
    shapes["a"] = Map(shape(points=[0, 0.5, 1], text="é😀", locked=False, fill=None))
    code.insert(0, "prïnt('😀')")
    del shapes["a"]
    change = change_read(doc.get_update())
    assert clocks_read(doc.get_state()) == {client: end for client, _, end in change.structs}
    assert change.clients == {5}
    assert change.deleted
    assert change.roots == {("shapes", True), ("code", False)}


def test_plain_values_of_every_kind_are_read() -> None:
    def every(doc: Doc[object]) -> None:
        doc.get("shapes", type=Map)["a"] = Map(
            {"a": None, "b": True, "c": False, "d": 1, "e": 0.1, "f": "é", "g": [1, {"h": [2]}], "i": b"x"[:0].decode()}
        )

    assert change_read(update_of(every)).structs[0][1] == 0


@pytest.mark.parametrize(
    "data",
    [
        update_of(lambda doc: doc.get("shapes", type=XmlFragment).children.append("x")),
        update_of(lambda doc: doc.get("code", type=Text).insert(0, "bold", {"b": True})),
        update_of(lambda doc: doc.get("code", type=Text).insert_embed(0, {"image": "x"})),
        update_of(lambda doc: doc.get("pages", type=Array).append(Array([1]))),
        update_of(lambda doc: doc.get("pages", type=Array).append(b"bytes")),
        update_of(lambda doc: doc.get("pages", type=Array).append(Doc())),
        update_of(lambda doc: doc.get("pages", type=Array).append([[[[[1]]]]])),
        b"\x01\x01\x05\x00\x0a\x05\x00",  # a struct that skips
        b"\x01\x01\x05\x00\x00\x00\x00",  # one of no length
        b"\x02\x00\x05\x00\x00\x05\x00\x00",  # a client twice
        b"\x00\x01\x05\x01\x00\x00",  # a deletion of nothing
        b"\x01\x01\x05\xff\xff\xff\xff\x07\x00\x05\x00",  # a clock beyond all clocks
        b"\x01\x01\x05\x00\x04\x01\x04code\x02\xff\xfe\x00",  # text that is not UTF-8
        b"\x01\x01\x05\x00\x08\x01\x04code\x01\x7d" + b"\xff" * 12,  # a number without an end
    ],
    ids=lambda _: "update",  # in the bytes are random client ids; each test process must find the same names
)  # fmt: skip
def test_q3_what_boards_do_not_have_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        change_read(data)


@pytest.mark.django_db  # a bent name of its author is looked up
@settings(max_examples=60)
@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.integers(0, 3))
@example(at=len(GOOD) - 1, byte=0, cut=3)
def test_q3_bytes_that_were_bent_are_refused_or_harmless(at: int, byte: int, cut: int) -> None:
    """Whatever comes out, it is a refusal or a board that can be read: never another error, and never a panic."""
    bent = GOOD[:at] + bytes([byte]) + GOOD[at + cut :]
    made = replica()
    try:
        taken = made.integrate(bent, TUTOR)
    except UpdateRefused as refused:
        code = refused.code
    else:
        copy, code = Doc[object](), "malformed"
        if taken is not None:
            copy.apply_update(taken)
        assert clocks_read(copy.get_state()) == clocks_read(made.doc.get_state())
    assert code in {"malformed", "missing", "bad_field", "too_long", "too_many", "markup", "forbidden"}


def test_q3_what_cannot_be_integrated_is_malformed() -> None:
    """Well-formed bytes whose parent is no map: found by bending an honest update."""
    base = drawing(shape(), keys=["00000000-0000-4000-8000-000000000001"])
    [(client, _, end)] = change_read(base).structs
    item = b"\x28" + b"\x00" + number(client) + number(1) + number(1) + b"a" + number(1) + b"\x78"
    made = replica()
    made.integrate(base, TUTOR)
    with pytest.raises(UpdateRefused) as caught:
        made.integrate(b"\x01\x01" + number(client) + number(end) + item + b"\x00", TUTOR)
    assert (caught.value.code, made.spoilt) == ("malformed", True)


def test_q3_what_hangs_on_something_else_is_missing() -> None:
    doc = Doc[object](client_id=9)
    shapes = doc.get("shapes", type=Map)
    told: list[bytes] = []
    doc.observe(lambda event: told.append(bytes(event.update)))
    for key in ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"):
        shapes[key] = Map(shape())
    del shapes["00000000-0000-4000-8000-000000000001"]
    for late in (told[1], told[2]):
        with pytest.raises(UpdateRefused) as caught:
            replica().integrate(late, "x")
        assert caught.value.code == "missing"


def test_what_is_known_already_says_nothing_new() -> None:
    made = replica()
    assert made.integrate(GOOD, TUTOR) is not None
    assert made.integrate(GOOD, TUTOR) is None
    assert made.integrate(b"\x00\x00", TUTOR) is None
    assert made.seq == 1


def test_q4_the_code_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classroom.board.limits.CODE", 10)
    made = replica(Kind.CODE)
    assert made.integrate(update_of(lambda doc: doc.get("code", type=Text).insert(0, "print(1)")), "x")
    with pytest.raises(UpdateRefused) as caught:
        made.integrate(update_of(lambda doc: doc.get("code", type=Text).insert(0, "print(2)")), "x")
    assert (caught.value.code, caught.value.field) == ("too_long", "code")
    with pytest.raises(UpdateRefused):
        replica(Kind.CODE).integrate(GOOD, "x")


# ---- messages


def test_messages_are_read_as_they_were_written() -> None:
    assert message_read(sync_frame(messages.UPDATE, b"abc")) == Sync(messages.UPDATE, b"abc")
    states = [Awareness(2**33, 7, '{"é":1}'), Awareness(1, 2, "null")]
    assert message_read(awareness_frame(states)) == states
    for value in (0, 127, 128, 300, 2**53 - 1):
        assert Reader(number(value)).number() == value


@pytest.mark.parametrize(
    "frame",
    [b"", b"\x02\x00", b"\x00\x03\x00", b"\x00\x00\x01", b"\x00\x00\x00\x00", b"\x01\x01\x09", b"\x01\x02\x00\x00"],
)
def test_other_messages_are_malformed(frame: bytes) -> None:
    with pytest.raises(Malformed):
        message_read(frame)


def test_numbers_have_an_end() -> None:
    for data in (b"\xff" * 12, number(2**53), b"\x80"):
        with pytest.raises(Malformed):
            Reader(data).number()
    assert math.log2(Reader(number(2**52)).number()) == 52
