"""One thread for all runs: everything arrives, in order, and nobody's accident is another one's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from inference_worker.engines.base import Chunk, Event, Finish, Handle, Request
from inference_worker.job import Sampling
from inference_worker.pump import Pump
from tests.services import wait_until


@dataclass
class Ear:
    """Writes down what it hears, and on which thread."""

    heard: list[Event] = field(default_factory=list)
    looks: int = 0
    at: float | None = None
    threads: set[str] = field(default_factory=set)
    look: Callable[[], Finish | None] = lambda: None

    def hear(self, event: Event | None, now: float) -> Finish | None:
        self.threads.add(threading.current_thread().name)
        if event is None:
            self.looks, self.at = self.looks + 1, None
            return self.look()
        self.heard.append(event)
        return event if isinstance(event, Finish) else None

    def due(self) -> float | None:
        return self.at


def handle() -> Handle:
    return Handle(Request("r", ({"role": "user", "content": "Why?"},), Sampling()))


@pytest.fixture
def pump() -> Iterator[Pump]:
    made = Pump()
    made.start()
    yield made
    made.stop(5)


Carry = Callable[[Handle, Ear], "Future[Finish]"]


@pytest.fixture
def carry(pump: Pump) -> Iterator[Carry]:
    """On a thread of its own, as a ticket does it."""
    with ThreadPoolExecutor(40) as pool:
        yield lambda handle, ear: pool.submit(pump.carry, handle, ear)
        pump.stop(5)


def test_all_that_was_said_arrives_in_order_also_what_was_said_before(carry: Carry) -> None:
    handles, ears = [handle() for _ in range(32)], [Ear() for _ in range(32)]
    for one in handles:
        one.emit("before")
    ends = [carry(*pair) for pair in zip(handles, ears, strict=True)]
    for number in range(50):
        for one in handles:
            one.emit(str(number))
    for one in handles:
        one.finish(Finish("stop"))
    assert [end.result(10) for end in ends] == [Finish("stop")] * 32
    for ear in ears:
        assert ear.heard == [Chunk("before"), *(Chunk(str(number)) for number in range(50)), Finish("stop")]
    assert {name for ear in ears for name in ear.threads} == {"pump"}


def test_who_hears_nothing_is_looked_at_now_and_then_and_when_it_asks_to_be(carry: Carry) -> None:
    given_up, soon = Ear(look=lambda: Finish("error")), Ear(at=time.monotonic())
    assert carry(handle(), given_up).result(10) == Finish("error")
    one = handle()
    carry(one, soon)
    wait_until(lambda: soon.looks >= 2, "it is looked at")
    one.finish(Finish("stop"))


def test_an_accident_is_told_to_its_own_ticket_alone(carry: Carry) -> None:
    def stumble() -> Finish:
        raise ZeroDivisionError

    broken, sound, ear = handle(), handle(), Ear()
    failed, end = carry(broken, Ear(look=stumble)), carry(sound, ear)
    with pytest.raises(ZeroDivisionError):
        failed.result(10)
    broken.emit("nobody hears it")
    sound.emit("still there")
    sound.finish(Finish("stop"))
    assert end.result(10) == Finish("stop")
    assert ear.heard[0] == Chunk("still there")


def test_a_stop_lets_everybody_go_and_nobody_in(pump: Pump, carry: Carry) -> None:
    ears = [Ear() for _ in range(3)]
    ends = [carry(handle(), ear) for ear in ears]
    wait_until(lambda: all(ear.looks for ear in ears), "they are carried")
    pump.stop(5)
    assert [end.result(10) for end in ends] == [Finish("preempted")] * 3
    assert pump.carry(handle(), Ear()) == Finish("preempted")
