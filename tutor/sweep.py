"""The sweep: does what no class worker has taken. Runs beside the scribe, every TICK_S.

Steps and answers are checked here (V3, V8) and calls of tools run (K5); an answer whose search is late goes to a model
without it (D4).
"""

from __future__ import annotations

from datetime import timedelta

from tutor.calls import call_run, calls_waiting
from tutor.dispatch import answer_dispatch
from tutor.documents.sources import searches_late
from tutor.duty import Duty
from tutor.proofreading import answer_proofread, answers_waiting
from tutor.steps import step_check, steps_waiting

PATIENCE = timedelta(seconds=3)  # as long as a class worker has to begin


class Sweep(Duty):
    name = "sweep"

    def tick(self) -> int:
        """One round: how many steps it checked and calls it ran."""
        for answer_id in searches_late():
            answer_dispatch(answer_id)
        checked = 0
        for step_id in steps_waiting(PATIENCE):
            if self._stop.is_set():
                break
            checked += step_check(step_id)
        for answer_id in answers_waiting(PATIENCE):
            if self._stop.is_set():
                break
            checked += answer_proofread(answer_id)
        for answer_id in calls_waiting(PATIENCE):
            if self._stop.is_set():
                break
            checked += call_run(answer_id)
        return checked
