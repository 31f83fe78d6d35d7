"""The whole house for a test: own DATA_DIR, own database, own Redis, every process real, every log readable.

    with Stack(tmp_path, web=2) as stack:
        stack.urls[0]; stack.manage("demo_info"); stack.kill("scribe"); stack.start("scribe"); stack.logs("web1")

The commands are those of ``classroom.supervisor.processes``; only each web process has a port of its own here, so that
a test can say which one it speaks to. Whatever happens to the test, the keeper ends what it started.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from websockets.sync.client import ClientConnection

from classroom.env import Env
from classroom.supervisor.child import BASE_DIR, Child, children_stop
from classroom.supervisor.environment import environment_make
from classroom.supervisor.keeper import Keeper
from classroom.supervisor.ports import listen
from classroom.supervisor.processes import BY_NAME
from classroom.supervisor.readiness import readiness
from tests.prepared import KEPT, prepared
from tests.services import Postgres, Valkey, wait_until

READY_S = 60.0
ASK_S = 0.3  # every part is looked at for each answer, while all of them need the cores to begin
STOP_S = 5.0
MANAGE_S = 120.0


class Stack:
    """``web`` web processes (``web1``, ``web2`` …), ``redis``, ``scribe``, ``inference``, ``class``.

    ``database``: "sqlite", "postgres" (a server of its own) or a running Postgres, in which it makes a database.
    ``without``: names that are not started at first. ``settings`` are further environment variables. ``servers``: the
    ASGI server of each web process, where it is not the default.
    """

    def __init__(
        self,
        folder: Path,
        *,
        web: int = 1,
        database: str | Postgres = "sqlite",
        engine: str = "scripted",
        without: Sequence[str] = (),
        seed: bool = True,
        settings: Mapping[str, str] | None = None,
        servers: Sequence[str] = (),
    ) -> None:
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.keeper = Keeper()
        # A socket's name has 100 bytes at most, and a test's folder may be deep.
        self._sockets = tempfile.TemporaryDirectory(prefix="cs-")
        self.redis = Valkey(Path(self._sockets.name), self.keeper)
        self._own_postgres = Postgres(self.keeper) if database == "postgres" else None
        self._database = database
        self._without = set(without)
        self.listeners = {f"web{number + 1}": listen("127.0.0.1", 0) for number in range(web)}
        self.ports = [int(listener.getsockname()[1]) for listener in self.listeners.values()]
        self.urls = [f"http://127.0.0.1:{port}" for port in self.ports]
        self.names = [*self.listeners, "scribe", "inference", "class"]
        self.children: dict[str, Child] = {}
        self._servers = dict(zip(self.listeners, servers, strict=False))
        self._settings = {
            "INFERENCE_ENGINE": engine,
            "DATA_DIR": str(self.data),
            "DEMO": str(seed),
            "RATE_LIMITS": "0",
            **(settings or {}),
        }
        self.database_url = ""
        self._demo = "{}"
        self.tokens: dict[str, tuple[float, str]] = {}  # by username: until when to use it, access token
        self.sockets: list[ClientConnection] = []  # those of tests.ledger

    def sockets_close(self) -> None:
        while self.sockets:
            self.sockets.pop().close()

    # ---- life

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:  # also Ctrl-C: what was started must not be left running
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        if "redis" not in self._without:
            self.redis.start()
        if self._own_postgres is not None:
            self._own_postgres.start()
        postgres = self._database if isinstance(self._database, Postgres) else self._own_postgres
        self.database_url = postgres.database() if postgres else ""
        self.prepare()
        for name in self.names:
            if name not in self._without:
                self.start(name)
        if not self._without:
            self.wait_ready()

    def close(self) -> None:
        self.sockets_close()
        children_stop(self.children.values(), grace_s=STOP_S)
        self.redis.close()
        if self._own_postgres is not None:
            self._own_postgres.close()
        for listener in self.listeners.values():
            listener.close()
        self._sockets.cleanup()
        self.keeper.close()

    # ---- one process

    def start(self, name: str) -> None:
        if name == "redis":
            self.redis.start()
            return
        fd = self.listeners[name].fileno() if name in self.listeners else None
        argv = BY_NAME[name.rstrip("0123456789")].argv(fd=fd)
        with self.log(name).open("ab") as output:
            self.children[name] = Child(
                argv, self.keeper, environment=self.environment(name), output=output, fds=() if fd is None else (fd,)
            )

    def stop(self, name: str) -> None:
        """SIGTERM, and SIGKILL if it does not end."""
        if name == "redis":
            self.redis.stop()
        else:
            children_stop([self.children[name]], grace_s=STOP_S)

    def kill(self, name: str) -> None:
        """SIGKILL to it and to all that it started."""
        if name == "redis":
            self.redis.kill()
        else:
            self.children[name].signal(signal.SIGKILL)
            self.children[name].wait(STOP_S)

    def pause(self, name: str) -> None:
        """As a machine that has stalled: it keeps its sockets and its leases, and does nothing."""
        self._child(name).signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self._child(name).signal(signal.SIGCONT)

    def running(self, name: str) -> bool:
        return self._child(name).status() is None

    def _child(self, name: str) -> Child:
        child = self.redis.child if name == "redis" else self.children[name]
        assert child is not None, f"{name} was never started"
        return child

    # ---- what can be read

    def log(self, name: str) -> Path:
        return self.data / f"{name}.log"

    def logs(self, name: str) -> str:
        path = self.redis.log if name == "redis" else self.log(name)
        return path.read_text(errors="replace") if path.exists() else ""

    def readiness(self, web: int = 0) -> dict[str, Any]:
        """The answer of /readyz of one web process; {} while it does not answer at all."""
        return readiness("127.0.0.1", self.ports[web])

    def wait_ready(self, *, timeout_s: float = READY_S) -> None:
        """Every web process answers 200 to /readyz. Fails with the logs when a process ends meanwhile."""
        try:
            for number in range(len(self.urls)):
                wait_until(
                    partial(self._ready, number), f"web{number + 1} is ready", timeout_s=timeout_s, every_s=ASK_S
                )
        except AssertionError as error:
            tails = [f"--- {name}\n{self.logs(name)[-1500:]}" for name in (*self.children, "redis")]
            raise AssertionError("\n".join([str(error), str(self.readiness()), *tails])) from error

    def wait_answers(self, *, timeout_s: float = READY_S) -> None:
        """Every web process answers, whatever else is not there."""
        for number in range(len(self.urls)):
            wait_until(
                lambda number=number: bool(self.readiness(number)),
                f"web{number + 1}",
                timeout_s=timeout_s,
                every_s=ASK_S,
            )

    def _ready(self, web: int) -> bool:
        ended = [name for name, child in self.children.items() if child.status() is not None]
        assert not ended, f"ended: {', '.join(ended)}"
        return bool(self.readiness(web).get("ok"))

    @property
    def demo(self) -> dict[str, Any]:
        """{"room": uuid, "users": [[name, password, role], …]} of the sown demo school."""
        return dict(json.loads(self._demo))

    # ---- commands

    def environment(self, name: str = "") -> dict[str, str]:
        """Of one process, or what is the same for all."""
        given: Any = {"REDIS_URL": self.redis.url, "DATABASE_URL": self.database_url, **self._settings}
        if name in self._servers:
            given["WEB_SERVER"] = self._servers[name]
        # The worker has settings of its own, which Env does not know.
        return {**environment_make(Env(**given)), **given}

    def prepare(self) -> None:
        """Migrations, cache table and demo school, in one process, as the supervisor does it. On SQLite once for a test run."""
        make = partial(self._run, "-m", "classroom.supervisor.prepare")
        fresh = not (self.data / KEPT[0]).exists() and not self.database_url
        said = prepared(self.data, f"demo-{self._settings['DEMO']}", make) if fresh else make()
        lines = said.strip().splitlines()
        self._demo = lines[-1] if lines else "{}"

    def manage(self, *words: str) -> str:
        """``manage.py`` with these words; its standard output. Fails with all that it printed."""
        return self._run("manage.py", *words)

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=BASE_DIR,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=MANAGE_S,
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def connect(self, name: str = "web1") -> socket.socket:
        """A bare TCP connection to a web process, for tests that speak badly on purpose."""
        return socket.create_connection(self.listeners[name].getsockname(), timeout=5)
