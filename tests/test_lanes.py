"""All requests of a process share a few threads; who only waits holds none. Nothing here is about rights."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler

from classroom.asgi import application
from classroom.lanes import LANES, Lanes

Work = Callable[[], Awaitable[None]]


def lanes_for(work: Work, count: int = 3) -> Lanes:
    async def served(*_: Any) -> None:
        async with ThreadSensitiveContext():  # as Django's own handler does
            await work()

    return Lanes(served, count)


async def served(lanes: Lanes, requests: int) -> None:
    await asyncio.gather(*(lanes({"type": "http"}, None, None) for _ in range(requests)))


async def test_many_requests_at_once_run_on_a_few_threads_all_of_which_work() -> None:
    seen: list[str] = []

    def page() -> None:
        time.sleep(0.002)
        seen.append(threading.current_thread().name)

    async def work() -> None:
        await sync_to_async(page)()

    await served(lanes_for(work), 60)
    assert len(seen) == 60
    assert len(set(seen)) == 3


async def test_a_request_stays_on_its_thread() -> None:
    threads: list[set[int]] = []

    async def work() -> None:
        mine: set[int] = set()
        for _ in range(4):
            mine.add(await sync_to_async(threading.get_ident)())
            await asyncio.sleep(0.001)
        threads.append(mine)

    await served(lanes_for(work), 12)
    assert [len(mine) for mine in threads] == [1] * 12


async def test_whoever_waits_holds_nobody_up() -> None:
    """Event streams and long polls stay open for minutes, many more of them than there are lanes."""
    leave, said = asyncio.Event(), []

    async def speaks() -> None:
        said.append(await sync_to_async(lambda: "here")())

    turns = iter([leave.wait] * 40)
    lanes = lanes_for(lambda: next(turns, speaks)())  # type: ignore[arg-type,return-value]  # what waiting gives is not used
    waiting = asyncio.ensure_future(served(lanes, 40))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await served(lanes, 5)
    assert said == ["here"] * 5
    assert not waiting.done()
    leave.set()
    await waiting


async def test_a_lane_in_which_something_takes_long_is_passed_by() -> None:
    held, took = threading.Event(), []

    async def slow() -> None:
        await sync_to_async(held.wait)(10)

    async def quick() -> None:
        began = time.monotonic()
        await sync_to_async(time.sleep)(0.001)
        took.append(time.monotonic() - began)

    turns = iter([slow, slow])
    lanes = lanes_for(lambda: next(turns, quick)())
    blocked = asyncio.ensure_future(served(lanes, 2))
    await asyncio.sleep(0.05)
    for _ in range(9):
        await served(lanes, 1)
    assert len(took) == 9, "two of three lanes were held, and every one went through the third"
    held.set()
    await blocked
    await served(lanes, 1)
    assert not any(lane.pending for lane in lanes._lanes)


async def test_what_goes_wrong_in_a_lane_is_the_requests_own() -> None:
    async def falls() -> None:
        await sync_to_async(int)("x")

    lanes = lanes_for(falls, 1)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            await served(lanes, 1)


def test_all_pages_go_through_them() -> None:
    http = application.application_mapping["http"]
    assert isinstance(http, Lanes)
    assert isinstance(http._application, ASGIHandler)
    assert len(http._lanes) == LANES
