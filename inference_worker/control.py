"""The thread that listens: stops from the web side, confirmations from the scribe. Reconnects for ever by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import redis

from inference_worker.job import CONTROL, PERSISTED, Control, Persisted

log = logging.getLogger(__name__)
POLL_S = 0.5
RETRY_S = 0.5


class Listener:
    """Calls ``on_control`` and ``on_persisted`` for each message, in order, and ``on_connect`` after each subscribing.

    Pub/sub keeps nothing: what was said while the connection was gone is lost, so ``on_connect`` must catch up.
    """

    def __init__(
        self,
        client: Any,
        *,
        on_control: Callable[[Control], None],
        on_persisted: Callable[[Persisted], None],
        on_connect: Callable[[], None],
    ) -> None:
        self._client = client
        self._on_control, self._on_persisted, self._on_connect = on_control, on_persisted, on_connect
        self._stop = threading.Event()
        self.connected = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._client.pubsub() as pubsub:
                    pubsub.subscribe(CONTROL, PERSISTED)
                    self._listen(pubsub)
            except redis.RedisError as error:
                if self.connected.is_set():
                    log.warning("redis does not answer, stops and confirmations wait: %s", error)
                self.connected.clear()
                self._stop.wait(RETRY_S)

    def _listen(self, pubsub: Any) -> None:
        subscribed = 0
        while not self._stop.is_set():
            message = pubsub.get_message(timeout=POLL_S)
            if message is None:
                continue
            if message["type"] == "subscribe":
                subscribed += 1
                if subscribed == 2:
                    self.connected.set()
                    self._on_connect()
            elif message["type"] == "message":
                self._take(message["channel"], message["data"])

    def _take(self, channel: str, data: str) -> None:
        try:
            if channel == CONTROL:
                self._on_control(Control.from_json(data))
            else:
                self._on_persisted(Persisted.from_json(data))
        except (TypeError, ValueError) as error:  # also a field of the wrong kind, which its reader notices
            log.error("unreadable message on %s: %s", channel, error)
