"""The proxy does what it says, and nothing else: bytes in order, and each fault."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.background import Background
from tests.chaos.proxy import Proxy

WORDS = bytes(range(256)) * 400


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """Sends back whatever it gets, to each caller in a thread of its own."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(link: socket.socket) -> None:
        with link:
            try:
                while piece := link.recv(65_536):
                    link.sendall(piece)
            except OSError:
                return

    def accept() -> None:
        try:
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
        except OSError:
            return

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()
    server.close()


@pytest.fixture
def proxy(background: Background, echo: tuple[str, int]) -> Iterator[Proxy]:
    made = Proxy(background, target=echo)
    yield made
    made.close()


def call(proxy: Proxy, timeout_s: float = 20.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout_s)


def said(link: socket.socket, words: bytes) -> bytes:
    """What comes back of these words."""
    threading.Thread(target=link.sendall, args=(words,), daemon=True).start()
    heard = b""
    while len(heard) < len(words) and (piece := link.recv(65_536)):
        heard += piece
    return heard


def test_it_carries_every_byte_both_ways(proxy: Proxy) -> None:
    with call(proxy) as link:
        assert said(link, WORDS) == WORDS
    assert proxy.bytes == 2 * len(WORDS)


def test_the_end_of_one_side_reaches_the_other(proxy: Proxy) -> None:
    with call(proxy) as link:
        assert said(link, b"last words") == b"last words"
        link.shutdown(socket.SHUT_WR)
        assert link.recv(10) == b""


def test_it_delays_and_throttles(proxy: Proxy) -> None:
    with call(proxy) as link:
        proxy.set(delay_s=0.2)
        begun = time.monotonic()
        assert said(link, b"slowly") == b"slowly"
        assert time.monotonic() - begun >= 0.4
        proxy.set(delay_s=0.0, rate=20_000)
        begun = time.monotonic()
        assert said(link, WORDS[:10_000]) == WORDS[:10_000]
        assert time.monotonic() - begun >= 0.9


def test_a_stall_says_nothing_and_loses_nothing(proxy: Proxy) -> None:
    with call(proxy) as link:
        assert said(link, b"one") == b"one"
        proxy.stall()
        link.sendall(b"two")
        link.settimeout(0.3)
        with pytest.raises(TimeoutError):
            link.recv(10)
        link.settimeout(20)
        proxy.go_on()
        assert link.recv(10) == b"two"


def test_what_is_frozen_stays_so_while_new_lines_work(proxy: Proxy) -> None:
    with call(proxy) as old:
        assert said(old, b"one") == b"one"
        assert proxy.freeze() == 1
        with call(proxy) as new:
            assert said(new, b"two") == b"two"
        old.sendall(b"lost")
        old.settimeout(0.3)
        with pytest.raises(TimeoutError):
            old.recv(10)
        proxy.heal()
        old.settimeout(20)
        assert old.recv(10) == b"lost"


def test_a_cut_is_noticed_and_the_next_line_works(proxy: Proxy) -> None:
    with call(proxy) as link:
        assert said(link, b"one") == b"one"
        assert proxy.cut() == 1
        with contextlib.suppress(ConnectionResetError):
            assert link.recv(10) == b""
    with call(proxy) as link:
        assert said(link, b"two") == b"two"


def test_refused_and_unreachable_are_ends(background: Background, proxy: Proxy) -> None:
    proxy.set(refusing=True)
    with call(proxy) as link:
        assert link.recv(10) == b""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = server.getsockname()
    gone = Proxy(background, target=nobody)
    with call(gone) as link:
        assert link.recv(10) == b""
    gone.close()


def test_unix_sockets_too(background: Background, echo: tuple[str, int], tmp_path: Path) -> None:
    inner = Proxy(background, target=echo, path=tmp_path / "in")
    outer = Proxy(background, target=tmp_path / "in", path=tmp_path / "out")
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(20)
        link.connect(str(tmp_path / "out"))
        assert said(link, WORDS) == WORDS
    outer.close()
    inner.close()
