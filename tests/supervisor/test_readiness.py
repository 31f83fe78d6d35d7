"""Asking /readyz, and noticing who has gone quiet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from classroom.supervisor import probe
from classroom.supervisor.processes import BY_NAME, INFERENCE, SCRIBE, WEB
from classroom.supervisor.readiness import Answer, Readiness, host_name, own_address, readiness
from classroom.supervisor.watch import Watch
from tests.services import free_port, wait_until


@contextmanager
def serving(status: int, body: bytes, asked: list[str] | None = None) -> Iterator[int]:
    """A server that answers every GET like this; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if asked is not None:
                asked.append(f"{self.path} {self.headers['Host']}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body(**states: str) -> bytes:
    parts = {name: {"ok": state == "ok", "state": state} for name, state in states.items()}
    return json.dumps({"ok": all(part["ok"] for part in parts.values()), "parts": parts}).encode()


def test_both_answers_are_read() -> None:
    with serving(200, body(redis="ok")) as port:
        assert readiness("127.0.0.1", port)["ok"] is True
    with serving(503, body(redis="unreachable")) as port:
        assert readiness("127.0.0.1", port)["ok"] is False


@pytest.mark.parametrize(("status", "words"), [(404, b"{}"), (400, b"Bad Request"), (200, b"<html>"), (503, b"")])
def test_an_answer_that_is_not_ours_is_none(status: int, words: bytes) -> None:
    with serving(status, words) as port:
        assert readiness("127.0.0.1", port) == {}


def test_nobody_there_is_no_error() -> None:
    assert readiness("127.0.0.1", free_port()) == {}


def test_it_asks_in_a_name_that_is_let_in() -> None:
    asked: list[str] = []
    with serving(200, body(), asked) as port:
        readiness("127.0.0.1", port, name="school.example")
    assert asked == ["/readyz school.example"]


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        ("", "localhost"),
        ("*", "localhost"),
        ("school.example,x", "school.example"),
        (".school.example", "school.example"),
    ],
)
def test_the_name_follows_the_allowed_hosts(allowed: str, name: str) -> None:
    assert host_name(allowed) == name


@pytest.mark.parametrize(
    ("bind", "address"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")]
)
def test_where_this_machine_reaches_itself(bind: str, address: str) -> None:
    assert own_address(bind) == address


def test_the_thread_keeps_the_last_answer() -> None:
    with serving(503, body(redis="ok", model="loading")) as port:
        asking = Readiness("127.0.0.1", port, name="localhost")
        asking.start()
        wait_until(lambda: asking.last.states, "an answer")
        asking.end()
        asking.join(10)
    assert asking.last == Answer(False, {"redis": "ok", "model": "loading"})
    assert asking.last.missing() == ["model: loading"]
    assert asking.ask() == Answer()


WELL = {"database": "ok", "redis": "ok"}


def test_a_scribe_that_lives_but_says_nothing_is_hung() -> None:
    watch, quiet = Watch(), Answer(False, {**WELL, "scribe": "silent"})
    assert not watch.hung(SCRIBE, quiet, started_at=0, now=100)
    assert not watch.hung(SCRIBE, quiet, started_at=0, now=100 + SCRIBE.silent_s - 1)
    assert watch.hung(SCRIBE, quiet, started_at=0, now=100 + SCRIBE.silent_s)
    assert not watch.hung(SCRIBE, quiet, started_at=0, now=101 + SCRIBE.silent_s)


def test_its_own_start_gives_it_time() -> None:
    watch, quiet = Watch(), Answer(False, {**WELL, "scribe": "not started"})
    watch.hung(SCRIBE, quiet, started_at=0, now=100)
    assert not watch.hung(SCRIBE, quiet, started_at=110, now=100 + SCRIBE.silent_s)
    assert watch.hung(SCRIBE, quiet, started_at=110, now=110 + SCRIBE.silent_s)


@pytest.mark.parametrize("server", ["database", "redis"])
def test_nobody_is_blamed_while_a_server_is_away(server: str) -> None:
    watch = Watch()
    answer = Answer(False, {**WELL, "scribe": "silent", server: "unreachable"})
    assert not any(watch.hung(SCRIBE, answer, started_at=0, now=now) for now in range(0, 1000, 10))


def test_a_word_from_it_clears_its_name() -> None:
    watch = Watch()
    quiet, well = Answer(False, {**WELL, "scribe": "silent"}), Answer(True, {**WELL, "scribe": "ok"})
    watch.hung(SCRIBE, quiet, started_at=0, now=100)
    watch.hung(SCRIBE, well, started_at=0, now=110)
    assert not watch.hung(SCRIBE, quiet, started_at=0, now=100 + SCRIBE.silent_s)


def test_a_model_that_loads_slowly_is_no_reason() -> None:
    answer = Answer(False, {**WELL, "worker": "ok", "model": "loading"})
    watch = Watch()
    assert not any(watch.hung(INFERENCE, answer, started_at=0, now=now) for now in range(0, 5000, 100))


def test_who_is_no_part_of_readyz_is_not_watched() -> None:
    answer = Answer(False, dict(WELL))
    assert not any(Watch().hung(process, answer, started_at=0, now=1e6) for process in (WEB, BY_NAME["class"]))


def test_the_probe_says_which_part_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(503, body(scribe="ok", model="loading")) as port:
        assert probe.main(["--port", str(port), "scribe"]) == 0
        assert probe.main(["--port", str(port), "scribe", "model"]) == 1
        assert probe.main(["--port", str(port)]) == 1
        assert probe.main(["--port", str(port), "unheard-of"]) == 1
    assert capsys.readouterr().out.split() == ["model", "model", "unheard-of"]
    assert probe.main(["--port", str(free_port())]) == 1
