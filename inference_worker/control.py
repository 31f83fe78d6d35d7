"""The control thread: hears stops for running answers and the scribe's confirmations. Reconnects by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import redis

from inference_worker.job import CONTROL, PERSISTED, Control, Persisted

log = logging.getLogger(__name__)
LISTEN_S = 0.5
RETRY_S = 0.5


class ControlListener:
    """``on_connect`` runs after every (re)connection: what was said meanwhile was not heard."""

    def __init__(
        self,
        connect: Callable[[], Any],
        *,
        on_control: Callable[[Control], None],
        on_persisted: Callable[[Persisted], None],
        on_connect: Callable[[Any], None],
    ) -> None:
        self._connect, self._on_connect = connect, on_connect
        self._on_control, self._on_persisted = on_control, on_persisted
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                client = self._connect()
                with client.pubsub(ignore_subscribe_messages=True) as pubsub:
                    pubsub.subscribe(CONTROL, PERSISTED)
                    self._on_connect(client)
                    while not self._stop.is_set():
                        self._heard(pubsub.get_message(timeout=LISTEN_S))
            except redis.RedisError as error:
                log.warning("control waits for Redis: %s", error)
                self._stop.wait(RETRY_S)

    def _heard(self, message: Any) -> None:
        if message is None:
            return
        try:
            if message["channel"] == CONTROL:
                self._on_control(Control.from_json(message["data"]))
            else:
                self._on_persisted(Persisted.from_json(message["data"]))
        except (TypeError, ValueError) as error:
            log.error("control message not understood: %s", error)
