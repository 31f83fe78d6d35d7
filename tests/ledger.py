"""A ledger client: a real socket that writes down what it saw, for comparison with the log."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.services import NO_TLS
from tests.stack import Stack

WAIT_S = 40.0
TOKEN_S = 120.0  # of the five minutes that an access token lives
Frame = dict[str, Any]


class Account:
    """One person at one web process, by JWT as a program signs in. Who is not of the demo school has a ``password``."""

    def __init__(self, stack: Stack, username: str, web: int = 0, *, password: str = "") -> None:
        self.stack, self.username = stack, username
        self.url = stack.urls[web]
        password = password or next(secret for name, secret, _ in stack.demo["users"] if name == username)
        if stack.tokens.get(username, (0.0, ""))[0] < time.monotonic():  # good on every web process, and bounded
            reply = httpx.post(
                f"{self.url}/api/token/", json={"username": username, "password": password}, timeout=20, verify=NO_TLS
            )
            assert reply.status_code == 200, reply.text
            stack.tokens[username] = time.monotonic() + TOKEN_S, reply.json()["access"]
        self.headers = {"Authorization": f"Bearer {stack.tokens[username][1]}"}

    def ticket(self) -> str:
        reply = httpx.post(f"{self.url}/api/tickets/", headers=self.headers, timeout=20, verify=NO_TLS)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["ticket"])

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return httpx.request(method, f"{self.url}{path}", headers=self.headers, timeout=60, verify=NO_TLS, **more)

    def log(self, room: str) -> list[Frame]:
        """The room's log from its first event, as this person may see it."""
        frames: list[Frame] = []
        while True:
            after = frames[-1]["seq"] if frames else 0
            reply = httpx.get(
                f"{self.url}/api/rooms/{room}/events/?after={after}&wait=0",
                headers=self.headers,
                timeout=20,
                verify=NO_TLS,
            )
            assert reply.status_code == 200, reply.text
            fresh = [frame for frame in reply.json()["frames"] if frame.get("seq") and frame["type"] != "snapshot"]
            if not fresh:
                return frames
            frames += fresh

    def open(
        self, room: str, *, web: int | None = None, origin: str | None = None, ticket: str | None = None
    ) -> ClientConnection:
        url = self.url if web is None else self.stack.urls[web]
        protocols: Any = ["classroom.v1", f"ticket.{ticket or self.ticket()}"]
        socket = connect(
            f"{url.replace('http', 'ws', 1)}/ws/rooms/{room}/", subprotocols=protocols, origin=origin,
            max_queue=None, compression=None, open_timeout=20, close_timeout=2, legacy=True,
        )  # fmt: skip
        self.stack.sockets.append(socket)
        return socket

    def join(self, room: str, *, after: int | None = None, epoch: str | None = None, web: int | None = None) -> Ledger:
        return Ledger(self.open(room, web=web), after, epoch)


class Ledger:
    """A joined socket. ``frames`` holds all it saw, in order."""

    def __init__(self, socket: ClientConnection, after: int | None, epoch: str | None) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self.hello = self.read()
        assert self.hello["type"] == "hello"
        self.send("join", after=after, epoch=epoch)

    def send(self, verb: str, **data: Any) -> str:
        frame_id = str(uuid.uuid4())
        self.socket.send(json.dumps({"type": verb, "id": frame_id, "data": data}))
        return frame_id

    def read(self, timeout_s: float = WAIT_S) -> Frame:
        frame: Frame = json.loads(self.socket.recv(timeout_s))
        self.frames.append(frame)
        return frame

    def until(self, wanted: Callable[[Frame], bool] | str, timeout_s: float = WAIT_S) -> Frame:
        """The next frame of this type, or that fits."""
        end = time.monotonic() + timeout_s
        while True:
            frame = self.read(max(0.01, end - time.monotonic()))
            if frame["type"] == wanted if isinstance(wanted, str) else wanted(frame):
                return frame

    def reply(self, frame_id: str) -> Frame:
        return self.until(lambda frame: frame["type"] in ("ack", "error") and frame.get("ref") == frame_id)

    def ask(self, text: str) -> str:
        """Ask the tutor; gives back the answer's id."""
        frame_id = self.send("answer.ask", text=text)
        asked = self.until(lambda f: f["type"] == "answer.asked" and f["ref"] == frame_id)
        return str(asked["data"]["answer"])

    def end_of(self, answer: str, timeout_s: float = WAIT_S) -> Frame:
        kinds = {"answer.completed", "answer.stopped", "answer.failed"}
        return self.until(lambda f: f["type"] in kinds and f["data"]["answer"] == answer, timeout_s)

    def close_code(self, timeout_s: float = WAIT_S) -> tuple[int, str]:
        """Read until the server closes; (code, reason)."""
        try:
            while True:
                self.read(timeout_s)
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")

    @property
    def events(self) -> list[Frame]:
        """What was seen of the log."""
        return [f for f in self.frames if f.get("seq") is not None and f["type"] not in ("ack", "snapshot")]


def text_of(frames: list[Frame], answer: str) -> str:
    """The text that a screen shows from its deltas; a hole or a repeat fails."""
    text = ""
    for frame in frames:
        if frame["type"] == "answer.delta" and frame["data"]["answer"] == answer:
            assert frame["data"]["offset"] == len(text), f"offset {frame['data']['offset']} behind {len(text)}"
            text += frame["data"]["text"]
    return text


def proven(end: Frame, text: str) -> None:
    """The end of an answer carries the text that the screen has."""
    data = end["data"]
    assert data["text"] == text
    assert data["length"] == len(text)
    assert data["sha256"] == hashlib.sha256(text.encode()).hexdigest()
