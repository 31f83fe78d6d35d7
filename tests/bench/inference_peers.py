"""What others do with the same model and the same library: one thread a question, one batch, transformers' own batching."""

from __future__ import annotations

import threading
import time
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    ContinuousBatchingConfig,
    GenerationConfig,
    StoppingCriteria,
    StoppingCriteriaList,
    TextIteratorStreamer,
)

from inference_worker.engines.weights import DTYPES
from tests.bench.inference_work import Sitting, Watch, messages, timed

PAGE, STEP_TOKENS, PAGES = 32, 256, 640  # transformers' defaults would take 60 % of the memory


class Peer:
    """A model as ``from_pretrained`` gives it, off the file's memory map so that everybody's weights lie alike."""

    name = ""
    attention = "sdpa"

    def __init__(self, model: str, dtype: str) -> None:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.net: Any = AutoModelForCausalLM.from_pretrained(
            model, dtype=DTYPES[dtype], attn_implementation=self.attention
        )
        for weight in self.net.parameters():
            weight.data = weight.data.clone()
        self.net.eval()

    def sit(self, streams: int, tokens: int) -> Sitting:
        watch = Watch()
        prompts = [self.prompt(number) for number in range(streams)]
        with timed(time.process_time) as spent:
            for number in range(streams):
                watch.ask(number)
            self.answer(prompts, tokens, watch)
        return Sitting.of(self.name, watch, streams * tokens, **spent)

    def prompt(self, number: int) -> list[int]:
        made = self.tokenizer.apply_chat_template(list(messages(number)), add_generation_prompt=True, return_dict=True)
        return list(made["input_ids"])

    def answer(self, prompts: list[list[int]], tokens: int, watch: Watch) -> None:
        raise NotImplementedError


class GenerateThreads(Peer):
    """``generate`` with a streamer in a thread for each question: what everybody writes first."""

    name = "generate_threads"

    def answer(self, prompts: list[list[int]], tokens: int, watch: Watch) -> None:
        threads = [threading.Thread(target=self._one, args=(n, ids, tokens, watch)) for n, ids in enumerate(prompts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _one(self, number: int, ids: list[int], tokens: int, watch: Watch) -> None:
        streamer: Any = TextIteratorStreamer(self.tokenizer, skip_prompt=True)
        words = {"max_new_tokens": tokens, "min_new_tokens": tokens, "do_sample": False, "streamer": streamer}
        asked = torch.tensor([ids])
        thread = threading.Thread(
            target=self.net.generate, args=(asked,), kwargs={**words, "attention_mask": torch.ones_like(asked)}
        )
        thread.start()
        for text in streamer:
            if text:
                watch.piece(number)
        thread.join()


class Steps(StoppingCriteria):
    """Sees every step of a batch and ends nothing."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        for number in range(input_ids.shape[0]):
            self._watch.piece(number)
        return torch.zeros(input_ids.shape[0], dtype=torch.bool)


class StaticBatch(Peer):
    """One ``generate`` for all of them: nobody may come later, and nobody leaves before the last."""

    name = "static_batch"

    def answer(self, prompts: list[list[int]], tokens: int, watch: Watch) -> None:
        width = max(map(len, prompts))
        ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        self.net.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            do_sample=False,
            stopping_criteria=StoppingCriteriaList([Steps(watch)]),
        )


class TransformersBatching(Peer):
    """transformers' own continuous batching, told how much memory it may take."""

    name = "transformers_cb"

    def __init__(self, model: str, dtype: str) -> None:
        super().__init__(model, dtype)
        config: Any = ContinuousBatchingConfig(page_size=PAGE, num_blocks=PAGES, max_batch_tokens=STEP_TOKENS)
        self._manager = self.net.init_continuous_batching(GenerationConfig(do_sample=False, eos_token_id=-1), config)
        self._manager.start()

    def answer(self, prompts: list[list[int]], tokens: int, watch: Watch) -> None:
        numbers = {
            self._manager.add_request(ids, max_new_tokens=tokens, streaming=True, eos_token_id=-1): number
            for number, ids in enumerate(prompts)
        }
        left = set(numbers)
        while left:
            result = self._manager.get_result(timeout=60)
            if result is None or result.error:
                raise RuntimeError(f"continuous batching failed: {getattr(result, 'error', 'no token came')}")
            watch.piece(numbers[result.request_id])
            if result.is_finished():
                left.discard(result.request_id)
