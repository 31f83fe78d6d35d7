"""What Celery is told, and that it does it: tickets come back, nobody hoards them, and JSON is all that is read."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from inference_worker.celery_app import app, broker_url
from inference_worker.job import JOBS, QUEUE, TICKET, Job
from inference_worker.places import SPARE
from inference_worker.tasks import ticket
from tests.inference_worker.hired import Hire, ask, ended, gone
from tests.inference_worker.line import SmallScribe, job_put, stop_say
from tests.services import Valkey, wait_until

UNACKED, INDEX = "unacked", "unacked_index"  # kombu's names for the tickets that workers hold, and since when
SLOTS = 2


def test_the_settings_are_those_that_the_comments_explain() -> None:
    expected: dict[str, Any] = {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_enable_remote_control": False,
    }
    assert {name: app.conf[name] for name in expected} == expected
    assert ticket.acks_late
    assert ticket.ignore_result


def test_the_channel_has_the_times_after_which_a_ticket_comes_back(valkey: Valkey) -> None:
    with app.connection_for_read(broker_url(valkey.url)) as connection:
        channel: Any = connection.default_channel
        assert channel.visibility_timeout == 900
        assert (channel.unacked_restore_interval, channel.unacked_restore_throttle) == (10, 6)
        assert channel.unacked_restore_limit == 100


START = """
import gc
from celery.signals import worker_init
from inference_worker.celery_app import app
from inference_worker.runtime import Holder
class Sender:
    hostname, concurrency = "inference@test", 1
assert gc.get_freeze_count() == 0
worker_init.send(sender=Sender)
runtime = Holder.runtime
print(runtime.state().state, Sender.concurrency, runtime.tickets)
print(gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 10_000)
runtime.close()
"""


def test_the_start_gives_celery_the_engines_count_and_puts_what_is_loaded_out_of_the_collectors_sight(
    valkey: Valkey, tmp_path: Path
) -> None:
    settings = {"REDIS_URL": valkey.url, "DATA_DIR": str(tmp_path), "INFERENCE_ENGINE": "scripted"}
    environment = {**os.environ, **settings, "INFERENCE_SLOTS": "5"}
    done = subprocess.run(
        [sys.executable, "-c", START], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["ready", str(5 + SPARE), str(5 + SPARE), "True", "True"]


def test_a_worker_holds_the_tickets_it_can_serve_until_they_are_served_and_no_more(hire: Hire, valkey: Valkey) -> None:
    worker = hire(INFERENCE_SLOTS=str(SLOTS), MAX_ANSWER_TOKENS="4000")
    names = [f"a{number}" for number in range(SLOTS + SPARE + 4)]
    for name in names:
        ask(worker, "@scripted rate=50 loop", name)
    wait_until(lambda: worker.client.hlen(UNACKED) == SLOTS + SPARE, "it holds them")
    time.sleep(1.0)
    assert worker.client.hlen(UNACKED) == SLOTS + SPARE, "not one more than it has threads"
    assert worker.client.llen(QUEUE) == 4, "the others are for an idle worker"
    assert worker.client.llen(JOBS) == len(names) - SLOTS
    for name in names:
        stop_say(worker.client, name)
    wait_until(lambda: not worker.client.hlen(UNACKED) and not worker.client.llen(QUEUE), "all are acked")


def test_a_killed_workers_tickets_come_back_when_their_time_is_over(hire: Hire, valkey: Valkey) -> None:
    """A job that nobody has taken is served by a ticket that the dead worker had. Only the clock is moved."""
    worker = hire(INFERENCE_SLOTS="1", MAX_ANSWER_TOKENS="4000")
    with SmallScribe(valkey.url) as scribe:
        ask(worker, "@scripted rate=50 loop", "running")
        ask(worker, "@scripted text=served", "waiting")
        wait_until(lambda: scribe.row("running").raw and worker.client.hlen(UNACKED) == 2, "it holds both")
        assert worker.child is not None
        worker.child.signal(signal.SIGKILL)
        gone(worker, 5.0)
        assert (worker.client.hlen(UNACKED), worker.client.llen(QUEUE)) == (2, 0), "acked late: they are not lost"
        for tag in worker.client.zrange(INDEX, 0, -1):
            worker.client.zadd(INDEX, {tag: time.time() - 901})
        hire(INFERENCE_SLOTS="1", MAX_ANSWER_TOKENS="4000")
        assert ended(scribe, "waiting").raw == "served"
        wait_until(lambda: not worker.client.hlen(UNACKED), "both are acked")


class Mischief:
    """What runs a command when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.file}",)


@pytest.mark.parametrize("serializer", ["pickle", "yaml"])
def test_charlies_message_that_is_no_json_is_not_read(
    hire: Hire, valkey: Valkey, tmp_path: Path, serializer: str
) -> None:
    worker, file = hire(), tmp_path / "mischief"
    bodies = {
        "pickle": pickle.dumps(([Mischief(file)], {}, {})),
        "yaml": f"!!python/object/apply:os.system ['touch {file}']".encode(),
    }
    kinds = {"pickle": "application/x-python-serialize", "yaml": "application/x-yaml"}
    with Celery(broker=broker_url(valkey.url)) as sender, sender.connection_for_write() as connection:
        connection.Producer().publish(
            bodies[serializer],
            routing_key=QUEUE,
            content_type=kinds[serializer],
            content_encoding="binary",
            headers={"task": TICKET, "id": "charlie", "lang": "py"},
        )
    with SmallScribe(valkey.url) as scribe:
        job_put(worker.client, Job("a", 1, ({"role": "user", "content": "@scripted text=still there"},)))
        wait_until(lambda: "Refusing to deserialize" in worker.log.read_text(), "it says so")
        worker.ticket()
        assert ended(scribe).raw == "still there"
    assert not file.exists()
