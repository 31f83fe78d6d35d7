"""``manage.py solve_problems``: solve problems in private, with the workers that run, and tell what came of it."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet

from classroom.people.models import SchoolClass
from classroom.rooms.models import Problem
from tutor import availability, solver
from tutor.solver import Standing
from tutor.standing import standing_words

POLL_S = 0.5


class Command(BaseCommand):
    help = (
        "Solve problems in private: several samples each, voted over and compared with the accepted answers. The result goes "
        "into the vault if it matches or is proved. Once for each problem and model; the scribe and a worker must run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--class", dest="classes", action="append", default=[], metavar="NAME", help="of its rooms")
        parser.add_argument(
            "--problem", dest="problems", action="append", default=[], metavar="SLUG", help="this one, by slug or id"
        )
        parser.add_argument("--samples", type=int, default=settings.SOLVER_SAMPLES or solver.SAMPLES)
        parser.add_argument("--again", action="store_true", help="further samples for what was solved already")
        parser.add_argument("--patient", action="store_true", help="wait on while no worker is ready")
        parser.add_argument("--timeout", type=float, default=0.0, metavar="SECONDS", help="stop waiting then; 0: never")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["samples"] <= solver.SAMPLES_MAX:
            raise CommandError(f"--samples: from 1 to {solver.SAMPLES_MAX}.")
        problems = list(_problems(options["classes"], options["problems"]))
        if not problems:
            raise CommandError("No room works on a problem: name one with --problem.")
        new = 0
        for problem in problems:
            made = solver.solve_request(problem.pk, by=None, samples=options["samples"], again=options["again"])[1]
            new += made
        self.stdout.write(f"{len(problems)} problems, {new} to be solved, {len(problems) - new} known already.")
        self._report(problems, self._wait(problems, options["timeout"], patient=options["patient"]))

    def _wait(self, problems: list[Problem], timeout_s: float, *, patient: bool) -> list[Standing]:
        """Until nothing is under way, no worker is there any more, or the time is over."""
        until = time.monotonic() + timeout_s if timeout_s else float("inf")
        while True:
            standings = [solver.standing_of(problem) for problem in problems]
            samples = sum(one.ended for one in standings), sum(one.solve.samples for one in standings if one.solve)
            done = sum(not one.is_under_way for one in standings)
            self._progress(f"{done} of {len(problems)} problems, {samples[0]} of {samples[1]} samples")
            if done == len(problems) or time.monotonic() >= until:
                return standings
            if not patient and not availability.model_read():
                self.stderr.write(self.style.WARNING("No worker is ready. What is left is solved when one is."))
                return standings
            time.sleep(POLL_S)

    def _progress(self, words: str) -> None:
        """A line in place on a terminal, nothing in a log file."""
        if self.stdout.isatty():
            self.stdout.write(f"\r\033[K{words}", ending="")
            self.stdout.flush()

    def _report(self, problems: list[Problem], standings: list[Standing]) -> None:
        if self.stdout.isatty():
            self.stdout.write("")
        for problem, standing in zip(problems, standings, strict=True):
            words = standing_words(standing)
            style = {"ok": self.style.SUCCESS, "warn": self.style.WARNING}.get(words.tone, str)
            self.stdout.write(f"{problem.title}: {style(words.text)}")
        sealed = sum(bool(one.solve and one.solve.sealed) for one in standings)
        waiting = sum(one.is_under_way for one in standings)
        self.stdout.write(f"{sealed} of {len(problems)} are sealed, {waiting} are still under way.")


def _problems(classes: list[str], named: list[str]) -> QuerySet[Problem]:
    """What is named, and what rooms of the classes work on; without either what any room works on. Raises CommandError."""
    found = Problem.objects.order_by("course", "lesson", "title", "pk")
    wanted = Q()
    for name in classes:
        if not SchoolClass.objects.filter(name=name).exists():
            raise CommandError(f"--class: there is no class “{name}”.")
        wanted |= Q(rooms__school_class__name=name)
    for name in named:
        one = Q(slug=name) | Q(pk=_uuid(name)) if _uuid(name) else Q(slug=name)
        if not Problem.objects.filter(one).exists():
            raise CommandError(f"--problem: there is no problem “{name}”.")
        wanted |= one
    return found.filter(wanted or Q(rooms__isnull=False)).distinct()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
