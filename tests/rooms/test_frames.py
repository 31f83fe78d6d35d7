"""The wire (rules F1–F9 of PROTOCOL.md), held to the fixtures that the front end is held to as well."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404
from hypothesis import given
from hypothesis import strategies as st

from classroom.people.models import User
from classroom.rooms import actions, frames, transports
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from tests.rooms import wire

CLIENT = wire.fixtures("client")
SERVER = wire.fixtures("server")
OF_SOCKETS = {"join", "ping", "auth.refresh"}


def as_sent(case: dict[str, Any]) -> str:
    return str(case["raw"]) if "raw" in case else json.dumps(case["frame"], ensure_ascii=False)


def post(text: Any = "hello", **more: Any) -> str:
    return json.dumps({"type": "message.post", "id": str(uuid4()), "data": {"text": text}, **more})


def refused(text: str | bytes) -> FrameError:
    with pytest.raises(FrameError) as caught:
        frames.decode(text)
    return caught.value


# ---- what clients send


@pytest.mark.parametrize("case", [c for c in CLIENT if c["valid"]], ids=wire.label)
def test_f2_a_good_frame_is_read(case: dict[str, Any]) -> None:
    frame = frames.decode(as_sent(case))
    assert (frame.type, frame.id) == (case["frame"]["type"], case["frame"]["id"])
    assert frame.data.model_dump(exclude_unset=True) == case["frame"].get("data", {})


@pytest.mark.parametrize("case", [c for c in CLIENT if not c["valid"]], ids=wire.label)
def test_f5_a_bad_frame_gets_its_code_and_the_field(case: dict[str, Any], room: Room, alice: User) -> None:
    with pytest.raises(FrameError) as caught:
        actions.perform(alice, room.pk, frames.decode(as_sent(case)))
    assert {"code": caught.value.code, "field": caught.value.field} == case["error"]
    assert caught.value.message
    assert not Event.objects.exists()


@pytest.mark.parametrize("case", [c for c in CLIENT if c["valid"] and c["of"] not in OF_SOCKETS], ids=wire.label)
def test_f2_charlie_is_refused_with_every_good_frame(case: dict[str, Any], room: Room, charlie: User) -> None:
    with pytest.raises(Http404):
        actions.perform(charlie, room.pk, frames.decode(as_sent(case)))
    assert not Event.objects.exists()


def test_every_verb_has_good_and_bad_fixtures() -> None:
    for verb in frames.VERBS:
        kinds = {case["valid"] for case in CLIENT if case["of"] == verb}
        assert kinds == {True, False}, f"tests/frames/{verb}.json needs good and bad frames"


def test_every_server_frame_has_fixtures() -> None:
    known = frames.FACTS | frames.EPHEMERAL | {frames.HIDDEN}
    assert {case["of"] for case in SERVER} == known
    assert wire.DATA.keys() | wire.BARE.keys() == known
    assert {case["frame"]["type"] for case in SERVER} == known


@pytest.mark.parametrize("case", SERVER, ids=wire.label)
def test_f1_server_frames_have_the_one_envelope(case: dict[str, Any]) -> None:
    assert case["frame"]["type"] == case["of"]
    assert json.loads(frames.encode(wire.checked(case["frame"]))) == case["frame"]


@pytest.mark.parametrize("case", [c for c in SERVER if c["of"] not in wire.BARE], ids=wire.label)
def test_f1_the_server_writes_its_fixtures(case: dict[str, Any]) -> None:
    frame = case["frame"]
    built = frames.event_frame(
        frame["type"],
        frame["data"],
        seq=frame["seq"],
        at=datetime.fromisoformat(frame["at"]),
        by=frame["by"],
        ref=frame["ref"],
        trace=frame["trace"],
    )
    assert built == frame
    assert list(built) == ["type", "seq", "at", "by", "ref", "trace", "data"]


def test_f1_times_are_utc_with_milliseconds() -> None:
    at = datetime(2026, 11, 21, 11, 0, 0, 999_900, tzinfo=timezone(timedelta(hours=2)))
    assert frames.event_frame("pong", {}, at=at)["at"] == "2026-11-21T09:00:00.999Z"
    now = datetime.fromisoformat(frames.event_frame("pong", {})["at"])
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=60)


def test_f4_a_hidden_event_says_its_place_and_nothing_else() -> None:
    assert frames.hidden_frame(9) == {"type": "event.hidden", "seq": 9, "data": {}}


def test_ack_and_error_carry_the_frames_id() -> None:
    assert frames.ack_frame("a", None) == {"type": "ack", "ref": "a", "seq": None}
    known = frames.error_frame(FrameError("slow_down", "Wait.", retry_ms=5, ref="inner"), None)
    assert (known["ref"], known["retryable"], known["retry_ms"]) == ("inner", True, 5)
    assert frames.error_frame(FrameError("bad_field", "No.", ref="inner"), "outer")["ref"] == "outer"
    wire.checked(known)


# ---- bounds


def test_f3_a_frame_over_64_kib_is_too_big() -> None:
    assert refused(" " * 65_537).code == "too_big"
    assert refused(post("x" * 65_000)).code == "too_long"


def test_f3_the_bound_counts_bytes_not_characters() -> None:
    text = json.dumps({"type": "ping", "id": str(uuid4()), "data": {}}, ensure_ascii=False)
    padded = text[:-1] + " " * (65_536 - len(text)) + "}"
    assert frames.decode(padded).type == "ping"
    assert refused(padded.replace(" ", "é", 1)).code == "too_big"
    assert frames.decode(padded.encode()).type == "ping"
    assert refused(padded.encode() + b" ").code == "too_big"


def test_f3_depth_is_bounded_before_the_parser_sees_it() -> None:
    assert refused("[" * 60_000).code == "too_deep"
    assert refused('{"a":' * 9 + "1" + "}" * 9).code == "too_deep"
    assert refused(("[" * 9 + "]" * 9).encode()).code == "too_deep"


def test_f3_brackets_inside_text_do_not_count() -> None:
    frame = frames.decode(post('[[[[[[[[[[{{{{{{{{{{ \\ "quoted [[[[[[[[[[" \\'))
    assert frame.data.text.startswith("[[[[")


def test_bytes_that_are_not_utf8_are_not_json() -> None:
    assert refused(b'{"type":"ping\xff"}').code == "bad_json"


def test_a_lone_surrogate_cannot_be_kept() -> None:
    assert refused(post("a\ud800b")).field == "data.text"
    with pytest.raises(FrameError) as caught:
        frames.text_checked("a\ud800b")
    assert (caught.value.code, caught.value.field) == ("bad_field", "data.text")


@pytest.mark.parametrize(
    "harm",
    [{"id": "\ud800"}, {"\udfff": 1}, {"data": {"a\ud800": 1}}, {"type": "\ud800"}],
    ids=["id", "name", "deeper", "verb"],
)
def test_f2_half_a_character_is_refused_in_words_that_can_be_sent(harm: dict[str, Any]) -> None:
    error = refused(json.dumps({"type": "ping", "id": str(uuid4()), "data": {}, **harm}))
    assert error.code == "bad_field"
    assert frames.encode(frames.error_frame(error, None)).encode()


def test_f5_the_id_comes_back_wherever_it_can_be_read() -> None:
    name = str(uuid4())
    assert refused(json.dumps({"type": "nope", "id": name})).ref == name
    assert refused(json.dumps({"type": "ping", "id": name, "data": {"x": 1}})).ref == name
    assert refused(json.dumps({"type": "ping", "id": name, "extra": 1})).ref == name
    assert refused(json.dumps({"type": "ping", "id": "short"})).ref == "short"
    assert refused(json.dumps({"type": "ping", "id": "x" * 37})).ref is None
    assert refused(json.dumps({"type": "ping", "id": 5})).ref is None


def test_a_field_name_of_the_client_is_cut() -> None:
    error = refused(json.dumps({"type": "ping", "id": str(uuid4()), "data": {"x" * 5_000: 1}}))
    assert error.field == "data." + "x" * 115
    assert len(error.message) < 200


def test_braces_in_a_field_name_are_text() -> None:
    error = refused(json.dumps({"type": "ping", "id": str(uuid4()), "data": {"{0.__class__}": 1}}))
    assert error.message == "`data.{0.__class__}` is not a field of this frame."


def test_f6_which_errors_say_that_the_client_is_broken() -> None:
    broken = {"bad_json", "too_deep", "unknown_type", "bad_field", "too_long", "empty"}
    others = {"forbidden", "room_closed", "not_running", "busy", "slow_down", "unavailable", "too_big"}
    assert all(FrameError(code, "").malformed for code in broken)
    assert not any(FrameError(code, "").malformed for code in others)


@pytest.mark.parametrize("blank", ["", " ", "\n\t ", "\u3000", "\u2003"])
def test_text_must_say_something(blank: str) -> None:
    with pytest.raises(FrameError) as caught:
        frames.text_checked(blank, field="data.title")
    assert (caught.value.code, caught.value.field) == ("empty", "data.title")


def test_text_loses_blank_ends_only() -> None:
    assert frames.text_checked("  a \n b  ") == "a \n b"


# ---- for any input


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_f5_whatever_comes_is_read_or_refused(text: str | bytes) -> None:
    try:
        frame = frames.decode(text)
    except FrameError as error:
        wire.checked(frames.error_frame(error, None))
    else:
        assert frame.type in frames.VERBS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(frames.VERBS)), st.dictionaries(st.sampled_from(["text", "after", "x", "user"]), JSON))
def test_f5_whatever_data_comes_is_read_or_refused_by_its_field(verb: str, data: dict[str, Any]) -> None:
    name = str(uuid4())
    wrong = None
    try:
        frame = frames.decode(json.dumps({"type": verb, "id": name, "data": data}))
    except FrameError as error:
        wrong = error
    if wrong is None:
        assert frame.data.model_dump(exclude_unset=True) == data
    else:
        assert wrong.code == "too_deep" or (wrong.field or "").startswith("data")
        assert wrong.ref == (None if wrong.code == "too_deep" else name)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_goes_over_the_wire_unchanged(text: str) -> None:
    encoded = frames.encode(frames.event_frame("message.posted", {"text": text}, seq=1))
    assert json.loads(encoded)["data"]["text"] == text
    assert "\n" not in encoded, "a frame must be one line: SSE sends it as one"


# ---- as Server-Sent Events


@pytest.mark.parametrize("case", SERVER, ids=wire.label)
def test_x2_every_server_frame_is_an_sse_event(case: dict[str, Any]) -> None:
    lines = transports.sse(frames.encode(case["frame"])).split("\n")
    assert lines[0] == f"event: {case['frame']['type']}"
    seq = case["frame"].get("seq")
    carries_a_place = seq is not None and case["of"] not in {"ack"}
    assert (f"id: {seq}" in lines) is carries_a_place
    assert json.loads(lines[-3].removeprefix("data: ")) == case["frame"]
    assert lines[-2:] == ["", ""]


def test_who_comes_back_comes_at_another_moment() -> None:
    found = {frames.retry_spread(200, 700) for _ in range(200)}
    assert len(found) > 20
    assert 200 <= min(found) <= max(found) < 700
