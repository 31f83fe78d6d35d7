"""A small server of the OpenAI protocol that does what no real one can be told to: fail in a chosen way, on cue.

A script is bytes to send, a number of seconds to wait, or HANG_UP. Each request takes the next script; the last one
stays for all that follow.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from inference_worker.engines import engine_make
from inference_worker.engines.endpoint import Dialect, OpenAIOptions

HANG_UP = object()
KEY = "sk-very-secret"
Step = bytes | float | object
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def refusal(status: int, body: str = "{}", *, headers: str = "") -> list[Step]:
    data = body.encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(data)}\r\nConnection: close\r\n{headers}\r\n".encode()
    return [head + data]


def event(**chunk: Any) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def delta(content: str = "", **more: Any) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": content, **more}, "finish_reason": None}])


def finished(reason: Any = "stop", tokens: int | None = None) -> bytes:
    usage = {} if tokens is None else {"usage": {"prompt_tokens": 7, "completion_tokens": tokens}}
    return event(choices=[{"index": 0, "delta": {}, "finish_reason": reason}], **usage) + b"data: [DONE]\n\n"


def answer(text: str) -> list[Step]:
    """A good one, word by word."""
    return [HEAD, *(delta(word) for word in text.split(" ")), finished()]


@dataclass
class FaultServer:
    """``bodies``: what it was asked; ``dropped``: how many clients closed before it was done."""

    scripts: list[Sequence[Step]]
    prompt_tokens: int = 10  # said to a probe of one token
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    dropped: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _open(self) -> asyncio.Server:
        return await asyncio.start_server(self._client, "127.0.0.1", self.port)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:")), 0
            )
            body = json.loads(await reader.readexactly(length) or b"{}")
            await self._play(self._script(head, body), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.dropped += 1
        finally:
            writer.close()

    def _script(self, head: str, body: dict[str, Any]) -> Sequence[Step]:
        if body and not body.get("stream"):
            return self._probe(body)
        self.headers.append(head)
        self.bodies.append(body)
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]

    def _probe(self, body: dict[str, Any]) -> Sequence[Step]:
        """It leaves an answer open when it is told so."""
        longer = 0 if len(body["messages"]) == 1 else 1 if "continue_final_message" in body else 6
        said = json.dumps({"choices": [], "usage": {"prompt_tokens": self.prompt_tokens + longer}})
        return [f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n{said}".encode()]

    async def _play(self, script: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.ensure_future(reader.read(1))
        for step in script:
            if step is HANG_UP:
                writer.transport.abort()
                return
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif isinstance(step, float):
                await asyncio.wait({gone}, timeout=step)
            if gone.done():
                raise ConnectionResetError
        gone.cancel()


class Serving:
    """Servers with scripts, each with an engine that has found out how it wants to be spoken to."""

    def __init__(self, opened: ExitStack, folder: Path) -> None:
        self._opened, self._folder = opened, folder

    def __call__(self, *scripts: Sequence[Step], dialect: Dialect | None = None) -> tuple[FaultServer, Any]:
        server = self._opened.enter_context(FaultServer([answer("ready"), *scripts]))
        options = OpenAIOptions("m", self._folder, 4, base_url=server.url, api_key=KEY)
        engine: Any = engine_make("openai_api", options)
        engine.start(lambda _: None)
        self._opened.callback(engine.drain, 5)
        server.bodies.clear()
        if dialect is not None:
            engine._endpoint.dialect = dialect
        return server, engine
