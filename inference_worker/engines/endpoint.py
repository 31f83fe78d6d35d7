"""A server of the OpenAI protocol: where it is, what it is told, and what its refusals mean.

How a server goes on with an answer that has begun is found out at the start, for no two do it alike:

* ``fields``: with ``continue_final_message`` and ``add_generation_prompt`` (vLLM, SGLang);
* ``assistant``: by itself, when the last message is the assistant's (llama-server, TGI; or by the chat template);
* ``ask``: not at all (``transformers serve``, hosted models). A turn of the user then asks it to go on. That is the
  only way in which the text behind a pause or a crash may differ from what the server would have said without it.

It is tried with an answer of one letter: where the prompt grows by one token, the answer has been left open. Some then
repeat the beginning before they go on (``transformers serve``); that is tried too.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import httpx2 as httpx

from inference_worker.engines.base import EngineOptions, Progress
from inference_worker.engines.errors import ModelError, RequestError, Unreached
from inference_worker.engines.event_stream import BrokenStream, Deltas, EventStream
from inference_worker.job import Message, Sampling

log = logging.getLogger(__name__)
logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request says nothing
CONNECT_S = 5.0
PATIENCE_S = 60.0  # at the start: the server may be loading its model
PROBE_S = 120.0  # for one token
AGAIN_S = 0.5
RETRIES = 3
RETRY_S = 0.5  # then twice that, and so on; or what Retry-After says
RETRY_MAX_S = 15.0
BUSY = frozenset({429, 502, 503, 504})
CONTINUE = {"continue_final_message": True, "add_generation_prompt": False}
BEGINNING = "Chalk, 4711 and"
GO_ON = (
    "Your last message was cut off. Go on exactly where it ends, in the middle of the word if need be. Repeat nothing."
)
UNREACHABLE = "The model server cannot be reached."
REFUSALS = {
    401: "The model server does not accept our key.", 403: "The model server does not accept our key.",
    404: "The model server does not have this model.", 413: "The conversation is too long for the model.",
    429: "The model server has too much to do. Please try again in a moment.",
}  # fmt: skip
TOO_LONG = re.compile(r"context.{0,20}(length|size|window)|maximum.{0,20}tokens|too long|exceed_context", re.IGNORECASE)
# What chat templates write between turns. Who typed it in a question would end her turn and speak as somebody else.
_CONTROL = re.compile(r"<\|[^|<>\s]{1,40}\|>|<｜[^｜<>\s]{1,40}｜>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>")
Continuation = Literal["fields", "assistant", "ask"]


@dataclass(frozen=True, slots=True)
class OpenAIOptions(EngineOptions):
    """``model`` is the server's word for it; "" for the first one that it has. ``base_url`` ends in ``/v1``."""

    base_url: str = ""
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Dialect:
    """``extras``: the server takes ``top_k``. ``echo``: it repeats the beginning that it goes on from."""

    extras: bool = False
    continuation: Continuation = "ask"
    echo: bool = False


class Endpoint:
    """Belongs to one event loop. ``model`` and ``dialect`` are known after ``explore``.

    ``parts_thoughts``: the server has sent thoughts apart from an answer, in a stream like those that it goes on with.
    """

    def __init__(self, options: OpenAIOptions) -> None:
        self.model = options.model
        self.dialect = Dialect()
        self.parts_thoughts = False
        self._patience = 0.0
        self._url = options.base_url.rstrip("/")
        if not re.fullmatch(r"https?://[^/\s@]+(/\S*)?", self._url):
            raise ModelError(
                "OPENAI_BASE_URL is no address such as http://gpu:8000/v1 (no user name or password in it)"
            )
        headers = {"Authorization": f"Bearer {options.api_key}"} if options.api_key else {}
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(None, connect=CONNECT_S),  # the engine watches the rest
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=30),
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    # ---- at the start

    async def explore(self, progress: Progress) -> None:
        """One token from the model, and how the server wants to be spoken to. Raises ModelError."""
        progress(f"asking the model server at {self._url}")
        self._patience = asyncio.get_running_loop().time() + PATIENCE_S
        if not self.model:
            self.model = await self._first_model()
        status, count = await self._probe({"top_k": 1})
        extras = status < 400
        if status in (400, 422):
            status, count = await self._probe({})
        if status >= 400:
            reason = REFUSALS.get(status, f"it says HTTP {status}")
            raise ModelError(f"OPENAI_BASE_URL={self._url}, OPENAI_MODEL={self.model}: {reason}")
        self.dialect = Dialect(extras, await self._continuation(count))
        if self.dialect.continuation != "ask":
            self.dialect = replace(self.dialect, echo=await self._echoes())
        progress(f"the server's model is {self.model}; a cut answer goes on by: {self.dialect.continuation}")

    async def _first_model(self) -> str:
        while True:
            try:
                response = await self._client.get(f"{self._url}/models", timeout=CONNECT_S)
            except httpx.TransportError as error:
                await self._again(error)
                continue
            if response.status_code in BUSY:
                await self._again(f"HTTP {response.status_code}")
                continue
            if response.status_code in (401, 403):
                raise ModelError(f"OPENAI_BASE_URL={self._url}: {REFUSALS[401]} See OPENAI_API_KEY")
            try:
                return str(response.json()["data"][0]["id"])
            except (ValueError, LookupError, TypeError):
                raise ModelError(f"OPENAI_MODEL is empty, and {self._url}/models names no model") from None

    async def _continuation(self, count: int) -> Continuation:
        for way, extra in (("fields", CONTINUE), ("assistant", {})):
            status, longer = await self._probe(extra, "A")
            if status < 400 and count and longer - count <= 1:
                return "fields" if way == "fields" else "assistant"
        return "ask"

    async def _probe(self, extra: dict[str, Any], answer: str = "") -> tuple[int, int]:
        """(status, the prompt's tokens) of one token. Waits for a server that is not there yet."""
        messages: list[Message] = [{"role": "user", "content": "Hi"}]
        if answer:
            messages.append({"role": "assistant", "content": answer})
        body = {"model": self.model, "messages": messages, "max_tokens": 1, "temperature": 0, **extra}
        while True:
            try:
                response = await self._client.post(f"{self._url}/chat/completions", json=body, timeout=PROBE_S)
                if response.status_code in BUSY:
                    await self._again(f"HTTP {response.status_code}")
                    continue
                usage = response.json().get("usage") or {} if response.status_code < 400 else {}
                return response.status_code, int(usage.get("prompt_tokens") or 0)
            except httpx.TransportError as error:
                await self._again(error)
            except (ValueError, AttributeError, TypeError):
                raise ModelError(f"OPENAI_BASE_URL={self._url} is no server of the OpenAI protocol") from None

    async def _echoes(self) -> bool:
        events, deltas, said = EventStream(), Deltas(), ""
        body = self.body([{"role": "user", "content": "Hi"}], BEGINNING, Sampling(temperature=0), 1)
        try:
            async with self.stream(body) as data:
                async for piece in data:
                    said += "".join(map(deltas.push, events.push(piece)))
        except (RequestError, BrokenStream, httpx.TransportError) as error:
            raise ModelError(f"OPENAI_BASE_URL={self._url} does not stream: {error}") from None
        return said.startswith(BEGINNING)

    async def _again(self, reason: object) -> None:
        """Wait a moment for a server that is not there yet."""
        if asyncio.get_running_loop().time() > self._patience:
            said = str(reason) or type(reason).__name__
            raise Unreached(f"OPENAI_BASE_URL={self._url}: the server cannot be reached: {said}") from None
        await asyncio.sleep(AGAIN_S)

    # ---- one answer

    def body(self, messages: Sequence[Message], prefix: str, sampling: Sampling, max_tokens: int) -> dict[str, Any]:
        """The request for a stream. Stop strings are not in it: they are looked for here, alike for every server."""
        turns = [{**message, "content": plain(message["content"])} for message in messages]
        way = self.dialect.continuation
        if prefix:
            turns.append({"role": "assistant", "content": prefix})
        if prefix and way == "ask":
            turns.append({"role": "user", "content": GO_ON})
        greedy = sampling.temperature <= 0 or sampling.top_k == 1 or sampling.top_p <= 0
        body: dict[str, Any] = {
            "model": self.model, "messages": turns, "max_tokens": max_tokens, "stream": True,
            "stream_options": {"include_usage": True}, "temperature": 0 if greedy else sampling.temperature,
        }  # fmt: skip
        if not greedy:
            body["top_p"] = sampling.top_p
            if self.dialect.extras:
                body["top_k"] = sampling.top_k or -1  # without it some servers take the model's own default
            if sampling.seed is not None:
                body["seed"] = sampling.seed % (1 << 31)
        return body | (CONTINUE if prefix and way == "fields" else {})

    @asynccontextmanager
    async def stream(self, body: dict[str, Any]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of the answer. Leaving closes the connection, and with it the server's work.

        Raises RequestError with words that are fit for the room, and httpx.TransportError when the stream breaks.
        """
        request = self._client.build_request("POST", f"{self._url}/chat/completions", json=body)
        response = await self._send(request)
        try:
            if response.status_code != 200:
                raise RequestError(await self._refusal(response))
            yield response.aiter_bytes()
        finally:
            await response.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        """Once more when the server is busy or starts again: nothing of the answer has come yet."""
        for attempt in range(RETRIES + 1):
            wait_s = RETRY_S * 2**attempt
            try:
                response = await self._client.send(request, stream=True)
            except httpx.TransportError as error:
                if attempt == RETRIES:
                    log.warning("the model server cannot be reached: %s", type(error).__name__)
                    raise RequestError(UNREACHABLE) from None
            else:
                if response.status_code not in BUSY or attempt == RETRIES:
                    return response
                wait_s = max(wait_s, retry_after(response.headers.get("retry-after", "")))
                await response.aclose()
            await asyncio.sleep(min(wait_s, RETRY_MAX_S) * random.uniform(0.8, 1.2))  # noqa: S311 - spreads, no secret
        raise AssertionError("unreachable")

    async def _refusal(self, response: httpx.Response) -> str:
        said = (await response.aread())[:2_000].decode(errors="replace")
        log.warning("the model server says HTTP %s: %s", response.status_code, said[:300])
        if response.status_code in (400, 422) and TOO_LONG.search(said):
            return REFUSALS[413]
        return REFUSALS.get(response.status_code, f"The model server failed (HTTP {response.status_code}).")


def plain(text: str) -> str:
    """Without what looks like a control token, however it was nested."""
    while (less := _CONTROL.sub("", text)) != text:
        text = less
    return text


def retry_after(header: str) -> float:
    """Seconds; 0 for a date or nonsense."""
    return float(header) if re.fullmatch(r"\d{1,4}(\.\d{1,3})?", header.strip()) else 0.0
