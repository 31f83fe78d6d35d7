"""Who has gone quiet: a process that lives but does not say so in ``/readyz``. Pure; the loop acts on it."""

from __future__ import annotations

from dataclasses import dataclass, field

from classroom.supervisor.processes import Process
from classroom.supervisor.readiness import Answer

QUIET = ("silent", "not started")


@dataclass(slots=True)
class Watch:
    """Since when each process has been quiet although all that it needs is well, in monotonic seconds."""

    since: dict[str, float] = field(default_factory=dict)

    def hung(self, process: Process, answer: Answer, *, started_at: float, now: float) -> bool:
        """True when it is time to start ``process`` again. Its own start counts as a word from it."""
        quiet = answer.states.get(process.part) in QUIET
        able = all(answer.states.get(need) == "ok" for need in process.needs)
        if not (process.part and quiet and able):
            self.since.pop(process.name, None)
            return False
        since = max(self.since.setdefault(process.name, now), started_at)
        if now - since < process.silent_s:
            return False
        self.since.pop(process.name)
        return True
