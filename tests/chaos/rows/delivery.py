"""Rows about screens and hints: E11, E13 to E16."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx

from tests.chaos.house import House
from tests.chaos.round import Round
from tests.chaos.screen import Screen
from tests.services import NO_TLS

UNKIND = {"DJANGO_SETTINGS_MODULE": "tests.chaos.layer_settings"}
TIMES = 100
BOUNDLESS = httpx.Limits(max_connections=None)
MANY = """
from classroom.rooms import journal
from django.db import transaction
from uuid import UUID
drafts = [journal.Draft(UUID({room!r}), "message.posted", {{"text": f"while it slept {{n}}"}}) for n in range({count})]
with transaction.atomic():
    journal.append_many(drafts)
result = None
"""
BEYOND = 2_100  # more than the server repeats one by one


@contextmanager
def unkind(house: House) -> Iterator[None]:
    """Both web processes with the unkind layer, each with a seed of its own."""
    with house.told({"web1": {**UNKIND, "CHAOS_SEED": "11"}, "web2": {**UNKIND, "CHAOS_SEED": "12"}}):
        yield


def hints(round: Round) -> None:
    """E11: of the hints that reach a web process a fifth is dropped, a fifth doubled, a fifth overtaken."""
    screens = round.join(4)
    question = round.ask(screens[0], words=50, rate=60)
    round.written(question, 1)
    round.chat(1.5, every_s=0.05)
    round.inject(len(round.house.truth(round.room).frames))
    round.healed()


def double(round: Round) -> None:
    """E13: one frame a hundred times at once, at both web processes, by POST and by socket; messages and questions."""
    first, second = round.join(2)
    verb = ("message.post", "answer.ask")[round.seed % 2]
    text = round.words(5) if verb == "message.post" else f"@scripted rate=0 text={round.words(5)}"
    frame = {"type": verb, "id": str(uuid.uuid4()), "data": {"text": text}}
    urls = [round.house.url(0), round.house.url(1)]
    begun = time.monotonic()
    over_socket = round.house.background.loop.create_task
    background = round.house.background
    background.call(lambda: over_socket(first.send(verb, frame["id"], text=text)))
    replies = background.run(_posts(first, urls, frame), timeout_s=120)
    round.took(time.monotonic() - begun)
    round.inject(TIMES)
    round.until(lambda: not first.unanswered, "the socket's own is answered")
    replies.append(first.sent[frame["id"]].reply)
    seqs = {reply.get("seq") for reply in replies}
    round.expect(len(seqs) == 1 and None not in seqs, f"{TIMES + 1} answers name the seqs {seqs}")
    round.say(second)


async def _posts(screen: Screen, urls: list[str], frame: dict[str, Any]) -> list[Any]:
    """The same frame so often at once; one that was not saved just now is posted again, as a page does."""
    headers = {"Authorization": f"Bearer {screen.person.token}"}

    async def post(client: httpx.AsyncClient, url: str) -> Any:
        while True:
            reply = (await client.post(f"{url}/api/rooms/{screen.room}/events/", json=frame, headers=headers)).json()
            if not reply.get("retryable"):
                return reply
            await asyncio.sleep(0.2)

    async with httpx.AsyncClient(timeout=60, trust_env=False, verify=NO_TLS, limits=BOUNDLESS) as client:
        return list(await asyncio.gather(*(post(client, urls[n % 2]) for n in range(TIMES))))


def tabs(round: Round) -> None:
    """E14: one person in four places at once, two at each web process; her own words come once to each."""
    screens = round.join(4, same=True)
    question = round.ask(screens[0], words=30)
    mine = [round.say(screen) for screen in screens for _ in range(3)]
    round.send(screens[1], "hand.raise")
    round.written(question, 10)
    round.inject(len(mine))
    round.house.background.call(screens[2].drop)
    round.healed()
    for screen in screens:
        echoes = [frame["ref"] for frame in screen.frames if frame["type"] == "message.posted" and frame["ref"] in mine]
        round.expect(len(echoes) == len(set(echoes)), "an own word came twice")


def flip(round: Round) -> None:
    """E15: the network goes without a word (no FIN), is dark for a while, and comes back as another one."""
    house, screens = round.house, round.join(3)
    question = round.ask(screens[0], words=60, rate=25)
    round.written(question, 10)
    browsers = house.of("browser")
    for line in browsers:
        line.set(refusing=True)
        round.inject(line.freeze())
    round.chat(round.lengths["dark"], every_s=0.3)
    for line in browsers:
        line.set(refusing=False)
    for screen in screens:  # a phone tells its pages that the network has changed
        house.background.call(screen.drop)
    round.healed()


def asleep(round: Round) -> None:
    """E16: a page wakes up with an old cursor, one of another epoch, or one above the head: one snapshot, no loop."""
    house, (sleeper, *others) = round.house, round.join(3)
    for screen in others:
        round.say(screen)
    round.healed()
    sleeper.asleep = True
    house.background.call(sleeper.drop)
    round.until(lambda: not sleeper.live, "it sleeps")
    kind = round.seed % 3
    if kind == 0:
        house.ask(MANY.format(room=round.room, count=BEYOND))
    elif kind == 1:
        sleeper.epoch = uuid.uuid4().hex
    else:
        sleeper.cursor = (sleeper.cursor or 0) + 500
    round.say(others[0])
    before = sleeper.socket, sleeper.snapshots
    round.inject()
    sleeper.asleep = False
    round.healed()
    round.chat(0.6)
    # Old but of this log: a server that is still reading it itself may repeat the events instead, which is as good.
    enough = {0, 1} if kind == 0 else {1}
    round.expect(sleeper.snapshots - before[1] in enough, f"{sleeper.snapshots - before[1]} snapshots")
    round.expect(sleeper.socket == before[0] + 1, f"{sleeper.socket - before[0]} sockets")
