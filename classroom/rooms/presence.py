"""Who is here: heartbeats in Redis, never in the log.

One sorted set a room: member = JSON of {id, name, role} and the process that saw the person, score = when that ends. Each
hub writes its own people every BEAT_S; a dead process's people vanish after TTL_S. Without Redis nobody is shown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

from classroom.rooms.connections import redis_client

TTL_S = 20
BEAT_S = 8
Person = dict[str, Any]


def _key(room_id: UUID | str) -> str:
    return f"{settings.CHANNEL_PREFIX}:present:{room_id}"


def present_beat(process: str, rooms: dict[UUID, list[Person]], gone: dict[UUID, list[Person]]) -> None:
    """Write who this process sees now and take out who has left. Raises redis.RedisError."""
    until = time.time() + TTL_S
    with redis_client().pipeline(transaction=False) as pipeline:
        for room_id, people in gone.items():
            if people:
                pipeline.zrem(_key(room_id), *[_member(process, person) for person in people])
        for room_id, people in rooms.items():
            if people:
                pipeline.zadd(_key(room_id), {_member(process, person): until for person in people})
                pipeline.expire(_key(room_id), TTL_S * 3)
        pipeline.execute()


def present_in(room_ids: Iterable[UUID]) -> dict[UUID, list[Person]]:
    """People in each room over all processes, each once, by name. Empty lists when Redis is away."""
    rooms = list(room_ids)
    now = time.time()
    try:
        with redis_client().pipeline(transaction=False) as pipeline:
            for room_id in rooms:
                pipeline.zrangebyscore(_key(room_id), now, "+inf")
            replies = pipeline.execute()
    except redis.RedisError:
        replies = [[] for _ in rooms]
    return {room_id: _people(members) for room_id, members in zip(rooms, replies, strict=True)}


def _member(process: str, person: Person) -> str:
    return json.dumps({"process": process, **person}, ensure_ascii=False, sort_keys=True)


def _people(members: list[str]) -> list[Person]:
    seen: dict[str, Person] = {}
    for member in members:
        person = json.loads(member)
        del person["process"]
        seen[person["id"]] = person
    return sorted(seen.values(), key=lambda person: (person["name"].casefold(), person["id"]))
