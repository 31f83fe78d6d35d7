"""The row about whose turn it is: E21."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import httpx2 as httpx

from tests.chaos.round import Round
from tests.chaos.screen import Person
from tests.services import NO_TLS

LOUD = "Loud"
ROOMS, PEOPLE = 20, 25
SLOTS = 8  # of the scripted engine: so many have their place already when the quiet class asks
# Whose turn it was, where turns are given: a mark of taking lives JOB_TTL_S from that moment. The log's order of starts
# is not it, since what was taken before the question came may be written down behind it.
ORDER = """
from classroom.rooms.connections import redis_client
from inference_worker.job import JOB_TTL_S, TAKEN
from tutor.models import Answer
own = TAKEN.format(answer={answer!r}, attempt=1)
asked_s = Answer.objects.get(pk={answer!r}).asked_at.timestamp()
client = redis_client()
with client.pipeline() as pipeline:
    keys = list(client.scan_iter(TAKEN.format(answer="*", attempt="*"), count=1_000))
    pipeline.time()
    for key in keys:
        pipeline.pttl(key)
    (now_s, now_us), *left_ms = pipeline.execute()
taken_s = {{key: now_s + now_us / 1e6 + left / 1e3 - JOB_TTL_S for key, left in zip(keys, left_ms, strict=True)}}
mine_s = taken_s.pop(own)
result = sum(asked_s < at < mine_s for at in taken_s.values())
"""


def flood(round: Round) -> None:
    """E21: one class asks without end, in many rooms at once; another class asks one question in the middle of it."""
    house = round.house
    rooms = [house.room(LOUD) for _ in range(ROOMS)]
    people = house.people(PEOPLE + 1, LOUD)[1:]
    prompts = int(round.lengths["prompts"])
    (asker,) = round.join(1)
    loud = house.background.spawn(_ask(prompts, house.url(0), rooms, people))
    round.until(lambda: _waiting(round) >= SLOTS, "the loud class is in the queue")
    question, asked = round.ask(asker, words=10, rate=0), time.monotonic()
    round.until(lambda: round.end(question), "the quiet class has its answer")
    round.took(time.monotonic() - asked)
    overtaken = house.ask(ORDER.format(answer=round.answer(question)))
    round.expect(overtaken <= SLOTS, f"{overtaken} of the loud class were taken first")
    round.until(loud.done, "the loud class has asked everything", timeout_s=600)
    round.until(lambda: not _waiting(round), "everybody has an answer", timeout_s=600)
    round.inject(prompts)


def _waiting(round: Round) -> int:
    """How many answers have no end yet, of all rooms."""
    code = "from tutor.models import Answer\nfrom tutor.answers import ACTIVE\n"
    return int(round.house.ask(code + "result = Answer.objects.filter(state__in=ACTIVE).count()"))


async def _ask(prompts: int, url: str, rooms: list[str], people: list[Person]) -> None:
    """Every question until it is taken: a class that is told to wait asks again at once."""
    gate = asyncio.Semaphore(PEOPLE)

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        text = f"@scripted rate=100 text=Number {number} of the loud class."
        frame: dict[str, Any] = {"type": "answer.ask", "id": str(uuid.uuid4()), "data": {"text": text}}
        headers = {"Authorization": f"Bearer {people[number % PEOPLE].token}"}
        async with gate:
            while True:
                address = f"{url}/api/rooms/{rooms[number % ROOMS]}/events/"
                reply = (await client.post(address, json=frame, headers=headers)).json()
                if not reply.get("retryable"):
                    return
                await asyncio.sleep(0.2)

    async with httpx.AsyncClient(timeout=60, trust_env=False, verify=NO_TLS) as client:
        await asyncio.gather(*(ask(client, number) for number in range(prompts)))
