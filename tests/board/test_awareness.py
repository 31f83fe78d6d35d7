"""Who points where (rule Q12): stamped by the server, one's own alone, gone with the socket."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from classroom.board.awareness import GONE, States, colour_of, stamp
from classroom.board.messages import Awareness
from classroom.board.updates import Malformed
from classroom.people.models import Role, User

BOB = User(pk=uuid4(), username="bob", display_name="Bob Baker", role=Role.STUDENT)


def says(state: object, client: int = 1, clock: int = 1) -> list[Awareness]:
    return [Awareness(client, clock, json.dumps(state))]


def test_q12_the_server_says_who_somebody_is() -> None:
    told = json.loads(stamp('{"laser":true,"user":{"id":"x","name":"Alice"}}', BOB))
    assert told["laser"] is True
    assert told["user"]["name"] == "Bob Baker"
    assert told["user"]["color"] == told["user"]["colour"] == colour_of(BOB.pk)
    assert stamp("null", BOB) == GONE


def test_q12_what_somebody_draws_is_shown_only_where_she_may_write() -> None:
    assert "draft" in json.loads(stamp('{"draft":{"id":"x"}}', BOB, writes=True))
    assert "draft" not in json.loads(stamp('{"draft":{"id":"x"}}', BOB))
    (told,) = States().take("a", BOB, says({"draft": {"id": "x"}, "laser": True}), 0.0)
    assert json.loads(told.state).keys() == {"laser", "user"}


@pytest.mark.parametrize("state", ["", "[1]", "5", "{", "[" * 100 + "]" * 100, '{"a":"' + "x" * 5_000 + '"}'])
def test_q12_what_is_no_state_is_malformed(state: str) -> None:
    with pytest.raises(Malformed):
        stamp(state, BOB)


def test_q12_a_socket_speaks_for_itself_alone() -> None:
    states = States()
    assert states.take("a", BOB, says({}, client=1), 0.0)
    assert states.take("b", BOB, says({}, client=1, clock=9), 0.0) == []
    assert states.take("a", BOB, says({}, client=1, clock=0), 0.0) == [], "an old one"
    again = states.take("a", BOB, says({}, client=2), 0.0)
    assert [(one.client, one.state == GONE) for one in again] == [(1, True), (2, False)], "a new document, a new client"
    assert [one.client for one in states.all()] == [2]
    assert states.take("a", BOB, says(None, client=2, clock=2), 0.0)[0].state == GONE
    assert states.leave("a") == []


def test_q12_states_of_other_processes_are_heard_and_forgotten() -> None:
    states = States()
    states.take("a", BOB, says({}, client=1), 0.0)
    assert states.hear(says({"x": 1}, client=1, clock=5), 0.0) == [], "not about our own"
    assert states.hear(says({"x": 1}, client=3, clock=5), 0.0)
    assert states.hear(says({"x": 1}, client=3, clock=4), 0.0) == [], "an old one"
    assert [one.client for one in states.all(ours_only=True)] == [1]
    states.expire(10.0)
    assert len(states.all()) == 2
    states.expire(31.0)
    assert states.all() == []
    states.hear(says({"x": 1}, client=4), 40.0)
    assert states.hear(says(None, client=4, clock=2), 40.0)[0].state == GONE
    assert states.all() == []
