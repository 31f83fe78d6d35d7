"""One run on one machine: what is checked, opened, started and told, and how it is closed again."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, TextIO

from classroom.env import Env
from classroom.supervisor import checks, redis
from classroom.supervisor.checks import Trouble
from classroom.supervisor.console import Console, welcome
from classroom.supervisor.environment import data_folder, environment_make
from classroom.supervisor.keeper import Keeper
from classroom.supervisor.ports import listen
from classroom.supervisor.processes import BY_NAME, PROCESSES, Process
from classroom.supervisor.readiness import Answer, Readiness, host_name, own_address
from classroom.supervisor.supervisor import Slot, Supervisor
from classroom.supervisor.watch import Watch

REDIS_START_S: Final = 10.0
SPACE_EVERY_S: Final = 60.0


class House:
    """One run: what was asked for, and what has been opened for it."""

    def __init__(self, env: Env, console: Console, *, only: Sequence[str], keeper: Keeper) -> None:
        self.env = env
        self.console = console
        self.data = data_folder(env)
        self.kinds = [process for process in PROCESSES if not only or process.name in only]
        self.whole = not only
        self.supervisor = Supervisor(console, keeper, environment_make(env))
        self.watch = Watch()
        self.users: list[list[str]] = []
        self._ready = False
        self._served = False
        self._told: list[str] = []
        self._space_at = 0.0
        self._lock: TextIO | None = None
        self._listener: socket.socket | None = None
        self._readiness: Readiness | None = None

    # ---- opening

    def check(self) -> None:
        """All that can be known before anything runs. Raises Trouble."""
        checks.folder_make(self.data)
        model = self.env.TUTOR_MODEL if self.env.INFERENCE_ENGINE == "batching" else ""
        checks.space_check(self.data, free_mb=checks.space_needed(self.data, model=model))
        if self.whole:
            self._lock = checks.lock_take(self.data)
            if not self.env.REDIS_URL:
                checks.socket_check(self.data)
        if any(process.socket for process in self.kinds):
            self._listener = listen(self.env.BIND, self.env.PORT)

    def start(self) -> None:
        self.supervisor.signals_take()
        if self.whole:
            if not self.env.REDIS_URL:
                self._redis_start()
            # The model takes longest to come, and does not care about the database: it begins first.
            self._add([process for process in self.kinds if "database" not in process.needs])
            self._prepare()
        running = {slot.name for slot in self.supervisor.slots}
        self._add([process for process in self.kinds if process.name not in running])
        if self._listener is not None and not self.supervisor.stopping:
            host, port = own_address(self.env.BIND), self._listener.getsockname()[1]
            self._readiness = Readiness(host, port, name=host_name(self.env.ALLOWED_HOSTS))
            self._readiness.start()

    def _add(self, processes: Sequence[Process]) -> None:
        for process in processes:
            fd = self._listener.fileno() if process.socket and self._listener else None
            for name in names(process, self.env.WEB_PROCESSES):
                self.supervisor.add(Slot(name, process.argv(fd=fd), fds=() if fd is None else (fd,)))

    def _redis_start(self) -> None:
        path = redis.socket_path(self.data)
        if redis.leftover_stop(path):
            self.console.say("a Redis was left over from an earlier run: it has been stopped")
        command = redis.server_command(redis.server_binary(), self.data)
        self.supervisor.add(Slot("redis", command, last=True))
        up = self.supervisor.wait(lambda: redis.ask(path, b"PING").startswith(b"+PONG"), REDIS_START_S)
        if not up and not self.supervisor.stopping:
            raise Trouble(f"The embedded Redis does not start: see its lines above. Its data is in {self.data}/redis.")

    def _prepare(self) -> None:
        argv = [sys.executable, "-m", "classroom.supervisor.prepare"]
        status, lines = self.supervisor.finish(Slot("prepare", argv))
        if self.supervisor.stopping:
            return
        if status != 0:
            raise Trouble("The database could not be prepared: see the lines above.")
        found = json_last(lines)
        self.users = found.get("users", []) if isinstance(found, dict) else []

    # ---- running

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._space_at > SPACE_EVERY_S:
            self._space_at = now
            self._space_tell()
        if self._readiness is not None:
            self._tell(self._readiness.last)
            self._hung_restart(self._readiness.last, now)

    def _space_tell(self) -> None:
        try:
            checks.space_check(self.data)
        except Trouble as trouble:
            self.console.say(str(trouble))

    def _tell(self, answer: Answer) -> None:
        missing = answer.missing()
        if not self._ready and (answer.ok or missing == ["model: broken"]):
            # Without its model the class still works, and a newcomer must not wait for what will not come.
            self._ready = True
            note = (
                "" if answer.ok else "The tutor is unavailable: see the lines of `inference` above, or run make doctor."
            )
            self.console.block(welcome(self.url, self.users, note=note))
        elif answer.states and not self._served:
            self._served = True
            if not answer.ok:
                self.console.say(f"pages are served at {self.url}; still to come: {', '.join(missing)}")
        elif self._ready and answer.states and missing != self._told:
            self.console.say(f"not well: {', '.join(missing)}" if missing else "all is well again")
        self._told = missing if answer.states else self._told

    def _hung_restart(self, answer: Answer, now: float) -> None:
        for slot in self.supervisor.slots:
            process = BY_NAME.get(slot.name)
            if process is None or slot.child is None:
                continue
            if self.watch.hung(process, answer, started_at=slot.child.started_at, now=now):
                self.supervisor.restart(slot, "lives but does nothing")

    @property
    def url(self) -> str:
        port = self._listener.getsockname()[1] if self._listener else self.env.PORT
        host = own_address(self.env.BIND)
        return f"http://{'localhost' if host in ('127.0.0.1', '::1') else host}:{port}/"

    def close(self) -> None:
        if self._readiness is not None:
            self._readiness.end()
        if self._listener is not None:
            self._listener.close()
        killed = self.supervisor.stop()
        if killed:
            self.console.say(f"did not end in time and was killed: {', '.join(killed)}")
        if self._lock is not None:
            self._lock.close()


def names(process: Process, count: int) -> list[str]:
    return [f"{process.name}{number + 1}" for number in range(count)] if process.socket else [process.name]


def json_last(lines: list[str]) -> Any:
    """The last line that is a JSON object; {} if none is."""
    for line in reversed(lines):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return {}
