"""/metrics: counts for this machine or a token, and nothing that names a person."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from classroom import metrics
from classroom.people.models import User
from classroom.rooms import figures, frames
from classroom.rooms.feed import Told
from classroom.rooms.models import Room
from inference_worker.job import WORKER, WorkerState
from tests.tutor.turns import ask
from tutor.models import Answer, Shard

pytestmark = pytest.mark.django_db(transaction=True)


def read(client: Client, **headers: str) -> dict[str, Any]:
    """Every sample by name and labels."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        " ".join([sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_answers_are_counted_by_state_with_their_pace(client: Client, room: Room, bob: User, redis_url: str) -> None:
    first = ask(bob, room)
    ask(bob, room)
    end = timezone.now()
    Answer.objects.filter(pk=first.pk).update(
        state="completed", asked_at=end - timedelta(seconds=6), first_text_at=end - timedelta(seconds=5),
        finished_at=end, progress_at=end, completion_tokens=100,
    )  # fmt: skip
    found = read(client)
    assert found["chalkstream_answers state=queued"] == 1
    assert found["chalkstream_answers_ended_total state=completed"] == 1
    assert found["chalkstream_first_token_seconds quantile=0.95"] == pytest.approx(1.0)
    assert found["chalkstream_answer_tokens_per_second"] == pytest.approx(20.0)
    assert found["chalkstream_jobs_waiting"] == 1


def test_the_scribe_and_the_workers_tell_theirs(client: Client, redis_url: str) -> None:
    Shard.objects.create(pk=0, epoch=1, lag_ms=12, beat_at=timezone.now())
    beat = WorkerState("w1", "ready", "batching", "demo", figures={"running": 3, "step_ms": 41.5})
    with redis.Redis.from_url(redis_url) as link:
        link.set(WORKER.format(name="w1"), beat.to_json())
        link.xadd("cs:outputs:0", {"o": "x"})
    found = read(client)
    assert found["chalkstream_scribe_lag_seconds"] == 0.012
    assert found["chalkstream_outputs_kept"] == 1
    assert found["chalkstream_worker_ready worker=w1"] == 1
    assert found["chalkstream_engine_step_ms worker=w1"] == 41.5


def test_without_redis_the_rest_is_told(client: Client, room: Room, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found = read(client)
    assert found["chalkstream_answers state=queued"] == 0
    assert "chalkstream_jobs_waiting" not in found


def test_the_delay_of_an_event_is_from_its_commit_to_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def seen() -> tuple[float, float]:
        samples = {sample.name: sample.value for metric in figures.LAG.collect() for sample in metric.samples}
        return samples["chalkstream_delivery_lag_seconds_sum"], samples["chalkstream_delivery_lag_seconds_count"]

    monkeypatch.setattr(figures, "LOOK_S", 3600.0)
    monkeypatch.setattr(figures._Looked, "at", float("-inf"))
    before = seen()
    frame = frames.event_frame("message.posted", {"text": '"at":"no"'}, seq=1, at=timezone.now() - timedelta(seconds=2))
    figures.delivered(Told(2, "all", frames.encode(frames.hidden_frame(2))))
    for _ in range(3):  # of which one is looked at
        figures.delivered(Told(1, "all", frames.encode(frame)))
    total, count = seen()
    assert count - before[1] == 1
    assert total - before[0] == pytest.approx(2.0, abs=0.5)


@pytest.mark.parametrize(
    ("address", "headers", "token", "status"),
    [
        ("127.0.0.1", {}, "", 200),
        ("::1", {}, "", 200),
        ("10.0.0.7", {}, "", 404),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, "", 404),
        ("10.0.0.7", {"Authorization": "Bearer sesame"}, "sesame", 200),
        ("127.0.0.1", {}, "sesame", 404),
        ("10.0.0.7", {"Authorization": "Bearer simsalabim"}, "sesame", 404),
        ("10.0.0.7", {"Authorization": "Bearer "}, "", 404),
    ],
)
def test_charlie_reads_no_counts(
    client: Client, settings: Settings, address: str, headers: dict[str, str], token: str, status: int
) -> None:
    settings.METRICS_TOKEN = token
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


def test_the_gauges_of_the_dead_are_forgotten(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    for name in (f"gauge_livesum_{gone.pid}.db", "gauge_livesum_1.db", f"counter_{gone.pid}.db"):
        (tmp_path / name).touch()
    metrics.dead_forget(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["gauge_livesum_1.db", f"counter_{gone.pid}.db"])
