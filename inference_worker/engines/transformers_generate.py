"""A real model by transformers' plain ``generate``: at most ``concurrency`` requests at once, the others wait in order.

The first real engine: it keeps the whole contract, but shares nothing between requests. Batching comes with its own engine
behind the same interface.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from tokenizers.decoders import DecodeStream
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.utils.logging import disable_progress_bar

from inference_worker.engines.base import Chunk, EngineError, Finish, Handle, Request, Started, Stats
from inference_worker.engines.stops import StopText
from inference_worker.job import FinishReason
from inference_worker.load_model import model_folder

log = logging.getLogger(__name__)
PRIME = 16  # prompt tokens that the detokeniser sees before the first new one: a leading space depends on its neighbour


class NonFinite(RuntimeError):
    """The logits have a NaN or infinity: sampling from them would print rubbish."""


class _Watch(LogitsProcessor):
    """Looks at every step's logits before sampling touches them."""

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if torch.isnan(scores).any() or not torch.isfinite(scores).any():
            raise NonFinite
        return scores


class _Until(StoppingCriteria):
    """Ends generation at the next token after a cancel, the deadline or a stop string."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        return torch.full((input_ids.shape[0],), self._stream.over(), dtype=torch.bool, device=input_ids.device)


class _Stream:
    """Takes token ids from ``generate`` and pushes whole characters (the streamer protocol: ``put`` and ``end``)."""

    def __init__(self, handle: Handle, tokenizer: Any, prompt: list[int], eos: frozenset[int]) -> None:
        self._handle, self._fast, self._eos = handle, tokenizer.backend_tokenizer, eos
        self._decode = DecodeStream(skip_special_tokens=True)
        for token in prompt[-PRIME:]:
            self._decode.step(self._fast, token)
        self._stops = StopText(handle.request.sampling.stop)
        self._skip = True  # the first `put` is the prompt
        self.tokens = 0
        self.stopped = False
        self.reason: FinishReason | None = None

    def put(self, value: Any) -> None:
        if self._skip:
            self._skip = False
            return
        for token in value.reshape(-1).tolist():
            self.tokens += 1
            if token in self._eos:
                continue
            piece = self._decode.step(self._fast, token)
            if piece and not self.stopped:
                text, self.stopped = self._stops.push(piece)
                if text:
                    self._handle.push(Chunk(text))

    def end(self) -> None:
        """Called by ``generate`` after its last token; an unfinished character is dropped."""

    def over(self) -> bool:
        self.reason = self.reason or self._handle.ended_by()
        return self.stopped or self.reason is not None

    def finish(self, limit: int) -> Finish:
        if self.reason is None and not self.stopped and (rest := self._stops.flush()):
            self._handle.push(Chunk(rest))
        reason: FinishReason = self.reason or ("length" if self.tokens >= limit and not self.stopped else "stop")
        return Finish(reason, self.tokens)


class TransformersEngine:
    name = "transformers"

    def __init__(self, *, model: str, data_dir: Path, concurrency: int = 2, **_: object) -> None:
        self.model = model
        self._data_dir = data_dir
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="generate")
        self._handles: dict[Handle, bool] = {}  # → whether it runs
        self._lock = Lock()
        self._net: Any = None
        self._tokenizer: Any = None
        self._eos: frozenset[int] = frozenset()

    def load(self) -> None:
        disable_progress_bar()
        folder = model_folder(self.model, self._data_dir)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
            self._net = AutoModelForCausalLM.from_pretrained(
                str(folder), dtype=_dtype(device), use_safetensors=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            first = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            raise EngineError(f"the model in {folder} cannot be loaded: {first}") from error
        if not getattr(self._tokenizer, "is_fast", False):
            raise EngineError(f"{folder / 'tokenizer.json'} is missing: only fast tokenizers can stream")
        for weight in self._net.parameters():
            weight.data = weight.data.clone() if device == "cpu" else weight.data.to(device)  # off the unaligned mmap
        self._net = self._net.to(device).eval()
        ends = self._net.generation_config.eos_token_id
        own = self._tokenizer.eos_token_id
        self._eos = frozenset([*(ends if isinstance(ends, list) else [ends]), own]) - {None}
        self._warm_up()

    def facts(self) -> tuple[float, str, str]:
        """Millions of parameters, dtype and device."""
        return self._net.num_parameters() / 1e6, str(self._net.dtype), str(self._net.device)

    def submit(self, request: Request) -> Handle:
        handle = Handle(request)
        with self._lock:
            self._handles[handle] = False
        self._pool.submit(self._run, handle)
        return handle

    def stats(self) -> Stats:
        with self._lock:
            running = sum(self._handles.values())
            return Stats(running, len(self._handles) - running)

    def drain(self, reason: FinishReason = "preempted") -> None:
        with self._lock:
            handles = list(self._handles)
        for handle in handles:
            handle.cancel(reason)

    def _warm_up(self) -> None:
        ask = Request("warm-up", ({"role": "user", "content": "Hi"},))
        with torch.inference_mode():
            ids = torch.tensor([self._prompt(ask)], device=self._net.device)
            self._net.generate(ids, max_new_tokens=1, do_sample=False, pad_token_id=min(self._eos, default=0))

    def _prompt(self, request: Request) -> list[int]:
        """Token ids of the chat, the generation prompt and the prefix. A model without a template gets plain text."""
        messages: list[Any] = [dict(message) for message in request.messages]
        if self._tokenizer.chat_template:
            text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        else:
            text = "\n".join(message["content"] for message in messages) + "\n"
        return list(self._tokenizer(text + request.prefix, add_special_tokens=False)["input_ids"])

    def _run(self, handle: Handle) -> None:
        with self._lock:
            self._handles[handle] = True
        try:
            handle.push(self._generate(handle))
        except NonFinite:
            handle.push(Finish("error", message="The model's numbers went out of range."))
        except Exception as error:  # the edge of a request: it fails alone, with its reason
            log.exception("request %s failed", handle.request.request_id)
            handle.push(Finish("error", message=f"{type(error).__name__}: {error}"[:280]))
        finally:
            with self._lock:
                self._handles.pop(handle, None)

    def _generate(self, handle: Handle) -> Finish:
        request, sampling = handle.request, handle.request.sampling
        if (reason := handle.ended_by()) is not None:
            return Finish(reason)
        prompt = self._prompt(request)
        limit = sampling.max_tokens - len(self._tokenizer(request.prefix, add_special_tokens=False)["input_ids"])
        room = int(getattr(self._net.config, "max_position_embeddings", 1 << 30))
        if len(prompt) + max(limit, 0) > room:
            limit = room - len(prompt)
            if limit < 1:
                return Finish("error", message=f"The prompt has {len(prompt)} tokens; the model takes {room}.")
        handle.push(Started(len(prompt)))
        if limit < 1:
            return Finish("length")
        stream = _Stream(handle, self._tokenizer, prompt, self._eos)
        if sampling.seed is not None:
            torch.manual_seed(sampling.seed)
        ids = torch.tensor([prompt], device=self._net.device)
        with torch.inference_mode():
            self._net.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=limit,
                streamer=stream,
                stopping_criteria=StoppingCriteriaList([_Until(stream)]),
                logits_processor=LogitsProcessorList([_Watch()]),
                pad_token_id=min(self._eos, default=0),
                **_drawing(request),
            )
        return stream.finish(limit)


def _drawing(request: Request) -> dict[str, Any]:
    sampling = request.sampling
    if sampling.temperature <= 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {
        "do_sample": True,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k or None,
    }


def _dtype(device: str) -> Any:
    """bf16 where the hardware computes in it; elsewhere it is slower than fp32 (CPU) or overflows (fp16 on old GPUs)."""
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32
