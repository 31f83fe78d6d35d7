"""The engine: one thread, one model, all requests in one batch.

Every turn of the thread looks after what was asked (new, cancelled, paused, late), admits whom the fair queue names,
and makes one ragged step: one token for everybody who is being answered, and as much of the waiting prompts as lets
them hardly notice. Only this thread touches the queue, the batch and the model; the others leave requests and wake it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import Any

from inference_worker.checkpoints import model_folder
from inference_worker.engines.base import EngineOptions, Finish, Handle, Progress, Request, Stats
from inference_worker.engines.batch import Batch
from inference_worker.engines.errors import ModelError, RequestError, blamed
from inference_worker.engines.memory import RUNNING_SHARE, Arena, Kept, Shape
from inference_worker.engines.pooled import FAILED
from inference_worker.engines.ragged import NAME
from inference_worker.engines.replies import Reply, Running
from inference_worker.engines.schedule import FairQueue, Pace
from inference_worker.engines.speech import Speech
from inference_worker.engines.weights import Weights, device_choose, dtype_choose, weights_load
from inference_worker.job import FinishReason, Sampling

log = logging.getLogger(__name__)
SLOTS_CPU, SLOTS_CUDA = 32, 64
PREFILL_CPU, PREFILL_CUDA = 192, 4_096  # prompt tokens between two looks at cancel and deadline
IDLE_S = 0.5
WARM_UP = Request("warm-up", ({"role": "user", "content": "Hi"},), Sampling(max_tokens=1, temperature=0))


class BatchingEngine:
    name = "batching"
    takes_turns = True

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self.model = options.model
        self.device = device_choose(options.device)
        cuda = self.device.startswith("cuda")
        self.slots = options.slots or (SLOTS_CUDA if cuda else SLOTS_CPU)
        self.context = 0  # tokens that fit, prompt and answer together
        self.net: Any = None
        self.speech: Speech
        self.weights: Weights
        self.batch: Batch
        self._pace = Pace(PREFILL_CUDA if cuda else PREFILL_CPU, options.prefill)
        self._queue: FairQueue[Running] = FairQueue(fair=options.fair)
        self._inbox: deque[Running] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._draining = False
        self._arrived = 0
        self._thread = threading.Thread(target=self._loop, name="engine-batching", daemon=True)

    # ---- any thread

    def start(self, progress: Progress) -> None:
        dtype = dtype_choose(self.options.dtype, self.device)
        folder = model_folder(self.options.model, self.options.data_dir, progress)
        loaded = weights_load(folder, device=self.device, dtype=dtype, attention=NAME)
        self.net, self.speech, self.weights = loaded.net, loaded.speech, loaded.weights
        shape = Shape.of(self.net.config, dtype, self.device)
        most = 2 * self.slots * self.speech.context
        room = self.options.kv_tokens or min(shape.affordable(), most)
        arena = Arena(shape, rows=self.slots, room=int(room * RUNNING_SHARE))
        kept = Kept(room - arena.room if self.options.reuse else 0)
        self.batch = Batch(self.net, arena, kept, self._pace, self._queue)
        self.context = min(self.speech.context, arena.room)
        self._thread.start()
        with blamed(folder):
            *_, end = self.submit(WARM_UP).events()
            if not isinstance(end, Finish) or end.reason == "error":
                self.drain(IDLE_S)
                raise ModelError(f"{folder} loads but does not answer: {getattr(end, 'message', '')}")

    def submit(self, request: Request) -> Handle:
        handle = Handle(request, self._wake.set)
        try:
            reply = Reply(handle, self.speech, room=self.context)
        except RequestError as error:
            handle.finish(Finish("error", message=str(error)))
            return handle
        except Exception as error:  # an edge: a chat template is the model's own program
            log.exception("request %s has no prompt", request.id)
            handle.finish(Finish("error", message=f"{FAILED} ({type(error).__name__})"))
            return handle
        if reply.full:
            reply.end("length")
            return handle
        with self._lock:
            if self._draining:
                handle.finish(Finish("preempted"))
                return handle
            self._arrived += 1
            self._inbox.append(Running(reply, self._arrived))
        self._wake.set()
        return handle

    def stats(self) -> Stats:
        return self.batch.stats(waiting=len(self._inbox) + len(self._queue))

    def drain(self, timeout_s: float) -> None:
        with self._lock:
            self._draining = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        for item in self._everybody() if self._thread.is_alive() else ():
            item.reply.handle.finish(Finish("preempted"))  # a step that does not end

    # ---- the engine's thread

    def _loop(self) -> None:
        while True:
            try:
                if not self._turn():
                    return
            except Exception:  # an edge: a fault of ours must not leave anybody waiting
                log.exception("the engine stumbled; what was running has failed")
                self.batch.fail_all(FAILED)

    def _turn(self) -> bool:
        """False when everything is over and nothing more may come."""
        if not self.batch.running and not self._inbox and not any(item.ready for item in self._queue):
            self._wake.wait(IDLE_S)
        self._wake.clear()
        if self._draining and not self._send_away():
            return False
        while self._inbox:
            item = self._inbox.popleft()
            self._queue.push(item, item.group)
        self._sweep_queue()
        self.batch.sweep()
        self.batch.advance()
        return True

    def _send_away(self) -> bool:
        """Everybody is asked to leave; false when nobody is left."""
        left = self._everybody()
        for item in left:
            item.reply.handle.cancel("preempted")
        return bool(left)

    def _everybody(self) -> list[Running]:
        with self._lock:
            return [*self._inbox, *self._queue, *self.batch.running, *self.batch.parked]

    def _sweep_queue(self) -> None:
        for item in self._queue:
            reason: FinishReason | None = item.reply.handle.due()
            if item.reply.handle.over or reason is not None:
                self._queue.remove(item)
                self.batch.forget(item)
                item.reply.end(reason or "cancelled")
