"""The study: gets private texts written and deals with their ends. Runs beside the scribe, every TICK_S, on rows alone.

What takes the checker seconds is done here, so that neither the scribe nor the reaper of answers ever waits for it.
"""

from __future__ import annotations

from classroom.rooms.connections import redis_client
from tutor import solver, summaries
from tutor.availability import workers_read
from tutor.duty import Duty
from tutor.writings import writings_send, writings_watch


class Study(Duty):
    name = "study"

    def tick(self) -> None:
        client = redis_client()
        workers = workers_read(client)
        writings_watch(client, workers)
        summaries.memories_tend(workers)
        writings_send(workers)
        solver.solves_judge()
