"""A real model through transformers: a thread per running request, each with its own key-value cache.

The first real engine: it keeps the whole contract but shares nothing between requests. It steps the model by itself
instead of calling ``generate``, for then a cancel, a deadline, a stop string, a seed and a broken row are each a line
at the right place; with temperature 0 the tokens are those of ``generate``.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from inference_worker.checkpoints import model_folder
from inference_worker.engines.base import (
    EngineOptions,
    Finish,
    Handle,
    ModelError,
    Progress,
    Request,
    RequestError,
    blamed,
)
from inference_worker.engines.detokeniser import Detokeniser
from inference_worker.engines.drawing import Drawer
from inference_worker.engines.pooled import PooledEngine
from inference_worker.engines.seam import Seam, Vocabulary, prefix_tokenizer, vocabulary_read
from inference_worker.engines.stops import StopStrings
from inference_worker.job import FinishReason, Sampling

SLOTS_CPU = 2  # more only makes every answer slower
SLOTS_CUDA = 8
PREFILL_CPU = 128  # prompt tokens between two looks at cancel and deadline: about a second
PREFILL_CUDA = 4_096
WARM_UP = Request("warm-up", ({"role": "user", "content": "Hi"},), Sampling(max_tokens=1, temperature=0))


class TransformersEngine(PooledEngine):
    name = "transformers"

    def __init__(self, options: EngineOptions) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        super().__init__(options, slots=SLOTS_CUDA if self.device == "cuda" else SLOTS_CPU)
        self.context = 0  # tokens that fit, prompt and answer together
        self.net: Any = None
        self.tokenizer: Any = None
        self._vocabulary = Vocabulary(())
        self._prefix_tokenizer: Any = None
        self._eos: frozenset[int] = frozenset()
        self._special: tuple[str, ...] = ()
        self._last_only: dict[str, Any] = {}

    def start(self, progress: Progress) -> None:
        if self.device == "cpu":
            # Each running request computes in a thread of its own; more OpenMP threads than cores wait for each other.
            torch.set_num_threads(max(1, (os.cpu_count() or 1) // self.slots))
        folder = model_folder(self.options.model, self.options.data_dir, progress)
        self._load(folder)
        with blamed(folder):
            self._generate(Handle(WARM_UP))

    def _load(self, folder: Path) -> None:
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # no types there  # a log is no terminal
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # no types there
        with blamed(folder / "config.json"):
            AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
        with blamed(folder / "tokenizer.json"):
            tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
        if not tokenizer.is_fast:
            raise ModelError(f"{folder / 'tokenizer.json'} is missing: only fast tokenizers can stream")
        if not tokenizer.chat_template:
            raise ModelError(
                f"{folder / 'chat_template.jinja'} is missing: a model without a chat template cannot talk"
            )
        with blamed(folder):
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                str(folder), dtype="auto", use_safetensors=True, trust_remote_code=False, output_loading_info=True
            )
        net, found = loaded
        if missing := sorted(found["missing_keys"]):
            # The library fills them with random numbers and goes on.
            raise ModelError(f"the weights in {folder} are incomplete: {missing[0]} and {len(missing) - 1} more")
        dtype = compute_dtype(self.device)
        for weight in net.parameters():
            # Copied off the file's memory map, whose unaligned pages make every step 1.4 times slower.
            weight.data = weight.data.to(self.device, dtype, copy=True)
        self.net = net.to(self.device).eval()
        self.tokenizer = tokenizer
        self._vocabulary = vocabulary_read(tokenizer.backend_tokenizer)
        self._prefix_tokenizer = prefix_tokenizer(tokenizer.backend_tokenizer)
        self.context = int(getattr(net.config, "max_position_embeddings", 1 << 20))
        ends = net.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        self._eos = frozenset({*ends, tokenizer.eos_token_id} - {None})
        self._special = tuple(str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
        if "logits_to_keep" in inspect.signature(net.forward).parameters:
            self._last_only = {"logits_to_keep": 1}

    def prompt_ids(self, request: Request) -> list[int]:
        """The chat by the model's own template, ready for the assistant's words."""
        messages = [{**message, "content": self._plain(message["content"])} for message in request.messages]
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _plain(self, text: str) -> str:
        """A person cannot end her turn and speak as the system: control tokens in her text are taken out."""
        while found := next((token for token in self._special if token in text), None):
            text = text.replace(found, "")
        return text

    def _generate(self, handle: Handle) -> Finish:
        request, sampling = handle.request, handle.request.sampling
        prompt = self.prompt_ids(request)
        prefix = self._prefix_tokenizer.encode(request.prefix, add_special_tokens=False).ids
        total = len(prompt) + len(prefix)
        if total >= self.context:
            raise RequestError(f"The conversation has {total} tokens, but the model reads at most {self.context}.")
        seam = Seam(prefix, self._vocabulary)
        # Not the prefix's own tokens: a word that was cut short may have more of them than it had whole.
        kept, again = len(seam.kept), len(seam.again)
        if kept >= sampling.max_tokens:
            return Finish("length", len(prompt), kept)
        budget = min(self.context - len(prompt), sampling.max_tokens) - kept
        detokeniser = Detokeniser(self._decode, seam.kept)
        stops = StopStrings(sampling.stop)
        reason: FinishReason | None = None
        made = 0
        for token in self._tokens([*prompt, *seam.kept], Drawer(sampling, position=kept), handle, seam):
            if token in self._eos:
                reason = "stop"
                break
            made += 1
            text = detokeniser.step(token)
            self._emit(handle, stops.push(text[again:]))
            again = max(0, again - len(text))
            reason = "stop" if stops.hit else "length" if made >= budget else None
            if reason is not None:
                break
        handle.emit(stops.push(detokeniser.flush()[again:]), 0)
        handle.emit(stops.flush(), 0)
        return Finish(reason or handle.due() or "length", len(prompt), kept + made)

    def _tokens(self, ids: list[int], drawer: Drawer, handle: Handle, seam: Seam) -> Iterator[int]:
        """One new token after the other, until the handle is due."""
        cache: Any = None
        left = torch.tensor([ids], device=self.device)
        width = PREFILL_CUDA if self.device == "cuda" else PREFILL_CPU
        while handle.due() is None:
            now, left = left[:, :width], left[:, width:]
            with torch.inference_mode():
                out = self.net(input_ids=now, past_key_values=cache, use_cache=True, **self._last_only)
                cache = out.past_key_values
                if left.shape[1]:
                    continue
                token = drawer.draw(out.logits[0, -1], seam.allowed())
            seam.take(token)
            left = torch.tensor([[token]], device=self.device)
            yield token

    def _decode(self, ids: list[int]) -> str:
        return str(self.tokenizer.backend_tokenizer.decode(ids, skip_special_tokens=True))


def compute_dtype(device: str) -> torch.dtype:
    """bf16 where the hardware computes in it; on other CPUs it is slower than fp32, and fp16 overflows in Qwen2."""
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32
