"""A worker outlives a Redis that dies while a task is under way, whatever its connection was doing just then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.worker.consumer import Consumer
from kombu.transport import get_transport_cls
from kombu.transport.redis import Transport as Plain
from redis.exceptions import ConnectionError as RedisGone

import classroom.celery
import inference_worker.celery_app
from inference_worker.broker import Transport
from tests.services import Valkey

WORKERS = [classroom.celery.app, inference_worker.celery_app.app]


@pytest.mark.parametrize("app", WORKERS, ids=lambda app: app.main)
def test_both_workers_have_it(app: Celery) -> None:
    assert get_transport_cls("redis") is Transport
    assert app.conf.broker_connection_max_retries is None, "Redis may be away for an hour"


def test_messages_share_one_client_until_the_connection_is_another(tmp_path: Path) -> None:
    with Valkey(tmp_path, tcp=True) as valkey:
        app = Celery("shared", broker=valkey.tcp_url, set_as_current=False)
        app.conf.update(broker_transport=Transport)
        with app.connection_for_write() as connection:
            channel: Any = connection.default_channel
            with channel.conn_or_acquire() as first, channel.conn_or_acquire() as again:
                assert first is again
                assert first.ping()
                with channel.conn_or_acquire(given := object()) as own:
                    assert own is given
            channel._disconnect_pools()
            with channel.conn_or_acquire() as other:
                assert other is not first
                assert other.ping()


@pytest.mark.filterwarnings("ignore:(?s).*breaking change.*:celery.exceptions.CPendingDeprecationWarning")
def test_two_tasks_under_way_and_a_broken_connection(tmp_path: Path) -> None:
    with Valkey(tmp_path, tcp=True) as valkey:
        consumer, message = at_work(valkey, Plain)
        with pytest.raises(AttributeError, match="hostname"):  # no more? then Celery or kombu is mended, and we can go
            consumer.on_connection_error_after_connected(RedisGone("gone"))
        valkey.start()
        consumer, message = at_work(valkey, Transport)
        consumer.on_connection_error_after_connected(RedisGone("gone"))
        assert consumer.connection is None
        with pytest.raises(RedisGone):
            message.ack()
        assert RedisGone in Transport.connection_errors, "what Celery expects of an ack, and logs"


def at_work(valkey: Valkey, transport: type[Plain]) -> tuple[Any, Any]:
    """A consumer with two messages under way that waits for a third when Redis is killed, and the first of them."""
    app = Celery("lost", broker=valkey.tcp_url, set_as_current=False)
    app.conf.update(broker_transport=transport, worker_enable_prefetch_count_reduction=False)
    connection = app.connection_for_read()
    channel, later = connection.default_channel, connection.channel()
    channel.queue_declare("lost")
    for one in (channel, later):
        one.basic_publish(one.prepare_message("work"), exchange="", routing_key="lost")
    heard: list[Any] = []
    channel.basic_consume("lost", no_ack=False, callback=heard.append, consumer_tag="one")
    connection.drain_events(timeout=5)
    assert later.basic_get("lost") is not None
    with pytest.raises(TimeoutError):
        connection.drain_events(timeout=0.05)
    for one in (channel, later):
        one.qos._on_collect.cancel()  # at this process's end nobody should look for that Redis
    consumer: Any = Consumer.__new__(Consumer)
    consumer.app, consumer.connection = app, connection
    valkey.kill()
    return consumer, heard[0]
