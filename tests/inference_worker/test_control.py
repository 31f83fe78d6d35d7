"""The listening thread on a real server: hears in order, survives rubbish and a restart, and catches up."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from inference_worker.control import Listener
from inference_worker.heartbeat import Heartbeat
from inference_worker.job import CONTROL, PERSISTED, WORKER, WORKER_TTL_S, Control, Persisted, WorkerState
from tests.inference_worker.line import Line, client_make
from tests.services import Valkey, wait_until


class Ear:
    """What a listener was told."""

    def __init__(self, url: str) -> None:
        self.heard: list[Any] = []
        self.connections = 0
        self.listener = Listener(
            client_make(url), on_control=self.heard.append, on_persisted=self.heard.append, on_connect=self._connected
        )
        self.listener.start()
        assert self.listener.connected.wait(5)

    def _connected(self) -> None:
        self.connections += 1


@pytest.fixture
def ear(valkey: Valkey) -> Iterator[Ear]:
    made = Ear(valkey.url)
    yield made
    made.listener.stop(5)


def test_stops_and_confirmations_are_heard_in_order(client: Any, ear: Ear) -> None:
    words = [
        Persisted("a", 1, 3),
        Control("stop", "a"),
        Persisted("a", 1, 9, done=True),
        Persisted("b", 2, 0, hole=True),
    ]
    for word in words:
        client.publish(CONTROL if isinstance(word, Control) else PERSISTED, word.to_json())
    wait_until(lambda: len(ear.heard) == 4, "all four are heard")
    assert ear.heard == words


@pytest.mark.parametrize("channel", [CONTROL, PERSISTED])
@pytest.mark.parametrize("text", ["", "{", "null", "[]", "7", '{"verb": "stop"}', '{"answer": 1, "x": 2}', "\x00"])
def test_rubbish_is_passed_over(client: Any, ear: Ear, channel: str, text: str) -> None:
    client.publish(channel, text)
    client.publish(CONTROL, Control("stop", "a").to_json())
    wait_until(lambda: ear.heard, "the word behind it is heard")
    assert ear.heard == [Control("stop", "a")]


@pytest.mark.parametrize(
    "text", ['{"answer": "a", "attempt": 1, "raw_length": "x"}', '{"answer": [], "attempt": 1, "raw_length": 1}']
)
def test_a_field_of_the_wrong_kind_does_not_end_the_listening(client: Any, valkey: Valkey, text: str) -> None:
    with Line(valkey.url) as line:
        line.open("a")
        client.publish(PERSISTED, text)
        client.publish(CONTROL, Control("stop", "b").to_json())
        wait_until(lambda: line.controls, "the word behind it is heard")


def test_it_comes_back_after_a_kill_and_catches_up(mortal: Valkey) -> None:
    ear = Ear(mortal.url)
    mortal.kill()
    wait_until(lambda: not ear.listener.connected.is_set(), "it notices")
    mortal.start()
    wait_until(lambda: ear.connections == 2, "it is back")
    client_make(mortal.url).publish(CONTROL, Control("stop", "a").to_json())
    wait_until(lambda: ear.heard, "it hears again")
    ear.listener.stop(5)


def test_it_waits_for_a_server_that_is_not_there_yet(mortal: Valkey) -> None:
    mortal.kill()
    url = mortal.url
    started = threading.Thread(target=Ear, args=(url,))
    started.start()
    mortal.start()
    started.join(10)
    assert not started.is_alive()


def test_a_heartbeat_tells_the_state_expires_and_is_taken_away(client: Any) -> None:
    states = [WorkerState("w", "loading", "scripted", "demo")]
    beat = Heartbeat(client, lambda: states[-1])
    key = WORKER.format(name="w")
    beat.start()
    wait_until(lambda: client.get(key), "the first beat")
    assert WorkerState.from_json(client.get(key)) == states[0]
    assert 0 < client.ttl(key) <= WORKER_TTL_S
    states.append(WorkerState("w", "ready", "scripted", "demo", running=("a:1",)))
    beat.beat()
    wait_until(lambda: WorkerState.from_json(client.get(key)).running == ("a:1",), "the change is told")
    beat.stop(5)
    assert client.get(key) is None


def test_a_heartbeat_tells_of_a_name_that_is_no_text(client: Any) -> None:
    """TUTOR_MODEL and INFERENCE_ENGINE may hold any bytes."""
    model = os.fsdecode(b"/models/\xff\xfe")
    beat = Heartbeat(client, lambda: WorkerState("w", "broken", model, model, f"{model} is missing"))
    beat.start()
    wait_until(lambda: client.get(WORKER.format(name="w")), "the first beat")
    told = WorkerState.from_json(client.get(WORKER.format(name="w")))
    assert (told.model, told.reason) == ("/models/??", "/models/?? is missing")
    assert beat._thread.is_alive()
    beat.stop(5)


def test_a_heartbeat_survives_a_restart_of_redis(mortal: Valkey) -> None:
    beat = Heartbeat(client_make(mortal.url), lambda: WorkerState("w", "ready", "scripted", "demo"))
    beat.start()
    mortal.kill()
    mortal.start()
    client = client_make(mortal.url)
    client.delete(WORKER.format(name="w"))
    wait_until(lambda: client.get(WORKER.format(name="w")), "it beats again")
    mortal.kill()
    beat.stop(10)
