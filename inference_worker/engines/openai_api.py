"""Any server of the OpenAI protocol that streams: vLLM, SGLang, llama-server, TGI, ``transformers serve``, hosted ones.

One event loop in one thread, one connection for each running request. Cancel closes it, and the server stops there. A
pause closes it too and gives the place away; resume goes on from the text so far, as a new attempt does from its prefix.

Nobody here knows the server's tokens. A piece of the stream is counted as one until the server says the number, and the
tokens of a prefix that another run wrote are estimated from its bytes: E4 holds about.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

import httpx2 as httpx

from inference_worker.engines.base import EngineOptions, Finish, Handle, Progress, Request, Stats
from inference_worker.engines.endpoint import Endpoint, OpenAIOptions
from inference_worker.engines.errors import ModelError, RequestError
from inference_worker.engines.event_stream import BrokenStream, in_thought
from inference_worker.engines.loops import LOOPED
from inference_worker.engines.remote_run import BROKE_OFF, Connection, Rewritten, Run, tokens_in
from inference_worker.engines.stops import StopStrings
from inference_worker.engines.text_seam import TextSeam
from inference_worker.job import FinishReason

log = logging.getLogger(__name__)
SLOTS = 64
FIRST_S = 120.0  # a server may let a request wait in its own queue
STALL_S = 30.0  # but once it speaks it goes on
NO_TOKENIZER = "This engine has no tokenizer: it takes messages."
NOT_UNDERSTOOD = "The model server sent something that is no answer."
SILENT = "The model server stopped answering."
FAILED_HERE = "The model failed on this question."


class OpenAIEngine:
    name = "openai_api"
    takes_turns = False

    def __init__(self, options: EngineOptions) -> None:
        if not isinstance(options, OpenAIOptions):
            raise ModelError("the engine openai_api needs OPENAI_BASE_URL")
        self._options = options
        self.model = options.model
        self.slots = options.slots or SLOTS
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine-openai_api", daemon=True)
        self._places = asyncio.Semaphore(self.slots)
        self._lock = threading.Lock()
        self._live: dict[Run, Future[Finish]] = {}
        self._made = self._prompted = 0
        self._endpoint: Endpoint | None = None

    def start(self, progress: Progress) -> None:
        self._thread.start()
        try:
            self._endpoint = self._do(self._connect(progress))
        except ModelError:
            self._tell(self._loop.stop)
            raise
        self.model = self._endpoint.model

    def submit(self, request: Request) -> Handle:
        wake = asyncio.Event()
        handle = Handle(request, lambda: self._tell(wake.set))
        run = Run(handle, wake, StopStrings(request.sampling.stop, shown=request.prefix), tokens_in(request.prefix))
        with self._lock:
            if self._endpoint is None:
                handle.finish(Finish("preempted"))
                return handle
            future = asyncio.run_coroutine_threadsafe(self._answer(run, self._endpoint), self._loop)
            self._live[run] = future
        future.add_done_callback(partial(self._settle, run))
        return handle

    def stats(self) -> Stats:
        with self._lock:
            live = [run for run in self._live if not run.handle.over]
            running = sum(run.running for run in live)
            paused = sum(run.handle.paused_at is not None for run in live)
            return Stats(running, len(live) - running, self._made, paused, self._prompted)

    def drain(self, timeout_s: float) -> None:
        with self._lock:
            endpoint, self._endpoint = self._endpoint, None
            live = dict(self._live)
        for run in live:
            run.handle.cancel("preempted")
        wait(live.values(), timeout_s)
        if endpoint is not None:
            self._do(endpoint.close())
            self._tell(self._loop.stop)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _tell(self, function: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(function)

    def _settle(self, run: Run, future: Future[Finish]) -> None:
        with self._lock:
            self._live.pop(run, None)
            self._made += run.made
            self._prompted += run.prompt_tokens
        if future.cancelled():
            run.handle.finish(Finish("preempted"))
        elif (error := future.exception()) is None:
            run.handle.finish(future.result())
        elif isinstance(error, RequestError):
            run.handle.finish(Finish("error", run.prompt_tokens, run.count, str(error)))
        else:
            log.error("request %s failed", run.handle.request.id, exc_info=error)
            run.handle.finish(Finish("error", message=f"{FAILED_HERE} ({type(error).__name__})"))

    # ---- in the loop's thread

    async def _connect(self, progress: Progress) -> Endpoint:
        endpoint = Endpoint(self._options)
        try:
            await endpoint.explore(progress)
        except BaseException:  # a cancelled task too must close its connections
            await endpoint.close()
            raise
        return endpoint

    async def _answer(self, run: Run, endpoint: Endpoint) -> Finish:
        """Connection after connection, until there is a reason to end."""
        if run.handle.request.ids:
            raise RequestError(NO_TOKENIZER)
        reason: FinishReason | None = None
        while reason is None:
            reason = await self._place(run)
            if reason is not None:
                break
            run.running = True
            try:
                reason = await self._connection(run, endpoint) if run.handle.begin() else "cancelled"
            finally:
                run.running = False
                self._places.release()
        if reason != "preempted":  # else it is written elsewhere, and may become a stop there
            run.handle.emit(run.stops.flush(), 0)
        return Finish(reason, run.prompt_tokens, run.count, LOOPED if run.looped else "")

    async def _place(self, run: Run) -> FinishReason | None:
        """Wait while paused, and until there is a place. The reason when the request ends before."""
        handle = run.handle
        while True:
            run.wake.clear()
            if (due := handle.due()) is not None or handle.over:
                return due or "cancelled"
            if handle.paused_at is not None:
                await run.wake.wait()
            elif await self._while_wanted(run, asyncio.ensure_future(self._places.acquire())):
                return None

    async def _connection(self, run: Run, endpoint: Endpoint) -> FinishReason | None:
        """None: paused, or to be tried once more with the whole prefix."""
        request = run.handle.request
        if run.count >= request.sampling.max_tokens:
            return "length"
        dialect = endpoint.dialect
        back = dialect.continuation != "ask" and not run.rewritten
        seam = TextSeam(request.prefix + run.text, back=back, echo=dialect.echo)
        connection = Connection(run, seam, parts=endpoint.parts_thoughts and not dialect.echo)
        most = request.sampling.max_tokens - connection.before
        body = endpoint.body(request.messages, connection.seam.kept, request.sampling, most)
        reading = asyncio.ensure_future(self._read(connection, endpoint, body))
        if not await self._while_wanted(run, reading):
            return run.handle.due()
        try:
            return reading.result()
        except Rewritten:
            run.rewritten = True
            return None

    async def _read(self, connection: Connection, endpoint: Endpoint, body: dict[str, Any]) -> FinishReason | None:
        """One stream to its end, or until nobody wants more of it. Raises RequestError and Rewritten."""
        name = connection.run.handle.request.id
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(FIRST_S) as limit, endpoint.stream(body) as data:
                async for piece in data:
                    if not connection.take(piece):
                        break
                    limit.reschedule(now() + (STALL_S if connection.pieces else FIRST_S))
        except TimeoutError:
            raise RequestError(SILENT) from None
        except httpx.TransportError as error:
            if connection.deltas.reason is None:
                log.warning("request %s: the stream broke: %r", name, error)
                raise RequestError(BROKE_OFF) from None
        except BrokenStream as error:
            log.warning("request %s: %s", name, error)
            raise RequestError(NOT_UNDERSTOOD) from None
        finally:
            # Some part a thought only from its opening mark on (vLLM's parser for Qwen3): what goes on in the middle of
            # one then comes as the answer, and must not be shown for having parted another.
            alike = endpoint.dialect.continuation == "ask" or in_thought(connection.seam.kept)
            endpoint.parts_thoughts |= connection.deltas.parted and alike
        return connection.end()

    async def _while_wanted(self, run: Run, work: asyncio.Future[Any]) -> bool:
        """Whether ``work`` came to its end; given up as soon as the caller wants something else, or in time nothing."""
        while not work.done():
            run.wake.clear()
            if not run.wanted:
                work.cancel()
                await asyncio.wait({work})
                return not work.cancelled()
            woken = asyncio.ensure_future(run.wake.wait())
            left_s = max(0.0, run.handle.deadline - time.monotonic())
            await asyncio.wait({work, woken}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
        return True
