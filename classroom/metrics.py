"""``GET /metrics``: counts for Prometheus and its kin, without any name, text or id of a person.

Web processes share their counts through files (prometheus_client's multiprocess mode). What the scribe and the workers
do stands in the database and in the workers' heartbeats, and is read when somebody asks.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.db.models import Count, F, Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from classroom.env import METRICS_DIR
from classroom.rooms.clock import database_now
from classroom.rooms.connections import redis_client
from inference_worker.job import JOBS, OUTPUTS
from tutor.availability import workers_read
from tutor.models import Answer, Shard

RECENT = timedelta(minutes=5)
LOCAL = frozenset({"127.0.0.1", "::1"})


def metrics(request: HttpRequest) -> HttpResponse:
    """For this machine itself, or whoever knows METRICS_TOKEN; to everybody else there is no such page."""
    if not _may_read(request):
        return HttpResponse(status=404)
    registry = CollectorRegistry()
    dead_forget(METRICS_DIR)
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # no types there
    registry.register(House())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    told = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN:
        return secrets.compare_digest(told.encode(), settings.METRICS_TOKEN.encode())
    # Behind a proxy everybody seems to come from this machine.
    return request.META.get("REMOTE_ADDR") in LOCAL and "X-Forwarded-For" not in request.headers


def dead_forget(folder: Path) -> None:
    """Take away the gauges of processes that have ended, however they did."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except PermissionError:
            continue  # somebody's, so alive


class House(Collector):
    """What the database and Redis know at this moment. A server that is away leaves its figures out."""

    def collect(self) -> Iterator[Metric]:
        yield from self._answers()
        try:
            yield from self._pipe()
            yield from self._workers()
        except redis.RedisError:
            return

    def _answers(self) -> Iterator[Metric]:
        active = GaugeMetricFamily("chalkstream_answers", "Answers that wait, run or are paused", labels=["state"])
        waiting = (Answer.State.QUEUED, Answer.State.RUNNING, Answer.State.PAUSED)
        counted = dict(Answer.objects.filter(state__in=waiting).values_list("state").annotate(n=Count("pk")).order_by())
        for state in waiting:
            active.add_metric([state.value], counted.get(state.value, 0))
        yield active
        ended = CounterMetricFamily("chalkstream_answers_ended", "Answers that have ended", labels=["state"])
        for state, count in (
            Answer.objects.exclude(state__in=waiting).values_list("state").annotate(n=Count("pk")).order_by()
        ):
            ended.add_metric([state], count)
        yield ended
        yield from self._recent()

    def _recent(self) -> Iterator[Metric]:
        since = timezone.now() - RECENT
        recent = Answer.objects.filter(state=Answer.State.COMPLETED, progress_at__gt=since).values_list(
            "asked_at", "first_text_at", "finished_at", "completion_tokens"
        )
        rows = [row for row in recent if row[1] and row[2]]
        first = sorted((row[1] - row[0]).total_seconds() for row in rows if row[1])
        spoken = sum((row[2] - row[1]).total_seconds() for row in rows if row[1] and row[2])
        words = "of the answers completed in the last five minutes"
        family = GaugeMetricFamily(
            "chalkstream_first_token_seconds", f"From the question to the first text, {words}", labels=["quantile"]
        )
        for quantile in (0.5, 0.95):
            if first:
                family.add_metric([str(quantile)], first[min(len(first) - 1, int(quantile * len(first)))])
        yield family
        rate = sum(row[3] or 0 for row in rows) / spoken if spoken else 0.0
        yield GaugeMetricFamily("chalkstream_answer_tokens_per_second", f"One answer's pace, {words}", value=rate)

    def _pipe(self) -> Iterator[Metric]:
        client = redis_client()
        shard = Shard.objects.aggregate(lag=Max(F("lag_ms")), beat=Max(F("beat_at")))
        lag, beat = (shard["lag"] or 0) / 1000, shard["beat"]
        backlog = client.xlen(OUTPUTS.format(shard=0))
        yield GaugeMetricFamily(
            "chalkstream_outputs_kept", "Entries in the pipe to the scribe, read or not", value=backlog
        )
        yield GaugeMetricFamily(
            "chalkstream_scribe_lag_seconds", "From the worker to the commit, last batch", value=lag
        )
        silent = (database_now() - beat).total_seconds() if beat else float("nan")
        yield GaugeMetricFamily(
            "chalkstream_scribe_silent_seconds", "Since the scribe last said it lives", value=silent
        )
        yield GaugeMetricFamily("chalkstream_jobs_waiting", "Jobs that no worker has taken", value=client.llen(JOBS))

    def _workers(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("chalkstream_worker_ready", "1 with its model loaded", labels=["worker"])
        figures: dict[str, GaugeMetricFamily] = {}
        for worker in workers_read(redis_client()):
            ready.add_metric([worker.name], float(worker.state == "ready"))
            for name, value in worker.figures.items():
                family = figures.setdefault(
                    name, GaugeMetricFamily(f"chalkstream_engine_{name}", f"The engine's {name}", labels=["worker"])
                )
                family.add_metric([worker.name], value)
        yield ready
        yield from figures.values()
