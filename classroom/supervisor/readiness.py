"""Asks ``/readyz`` again and again, beside the supervisor's loop, and keeps the last answer."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any, Final

ASK_FIRST_S: Final = 0.5
ASK_LATER_S: Final = 3.0
TIMEOUT_S: Final = 8.0


def readiness(host: str, port: int, *, name: str = "localhost") -> dict[str, Any]:
    """The body of ``/readyz``; {} when nobody answers or the answer is not ours. ``name`` is the Host header's."""
    link = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)  # not urllib: no proxy stands before ourselves
    try:
        link.request("GET", "/readyz", headers={"Host": name})
        answer = link.getresponse()
        body = json.loads(answer.read())
        return dict(body) if answer.status in (200, 503) else {}
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        link.close()


def host_name(allowed: str) -> str:
    """A Host header that ALLOWED_HOSTS lets in."""
    first = allowed.split(",")[0].strip()
    return "localhost" if first in ("", "*") else first.removeprefix(".")


def own_address(bind: str) -> str:
    """Where this machine reaches a server that listens on ``bind``."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1", "[::]": "::1"}.get(bind, bind.strip("[]"))


@dataclass(frozen=True, slots=True)
class Answer:
    """``states``: the word of every part; empty while no web process answers."""

    ok: bool = False
    states: dict[str, str] = field(default_factory=dict)

    def missing(self) -> list[str]:
        return [f"{name}: {state}" for name, state in self.states.items() if state != "ok"]


class Readiness(threading.Thread):
    """Holds ``last``. It starts nothing and prints nothing: the loop does both."""

    def __init__(self, host: str, port: int, *, name: str) -> None:
        super().__init__(name="readiness", daemon=True)
        self._address = (host, port, name)
        self._end = threading.Event()
        self.last = Answer()

    def run(self) -> None:
        while not self._end.wait(ASK_LATER_S if self.last.ok else ASK_FIRST_S):
            self.ask()

    def ask(self) -> Answer:
        host, port, name = self._address
        body = readiness(host, port, name=name)
        states = {part: str(found.get("state")) for part, found in body.get("parts", {}).items()}
        self.last = Answer(bool(body.get("ok")), states)
        return self.last

    def end(self) -> None:
        self._end.set()
