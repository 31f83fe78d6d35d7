"""Between a conversation and the model's tokens: templates, prefixes, ends. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from inference_worker.engines.base import Request
from inference_worker.engines.errors import RequestError
from inference_worker.engines.seam import prefix_tokenizer, vocabulary_read

SYSTEM_MAX = 64  # system prompts whose length is remembered


class Speech:
    """``tokenizer``: a fast one with a chat template. ``context``: tokens that fit, prompt and answer together.
    ``size``: tokens that the model knows. Any thread may call.
    """

    def __init__(self, tokenizer: Any, *, ends: Iterable[int], context: int, size: int) -> None:
        self.tokenizer = tokenizer
        self.context = context
        self.size = size
        self.eos = frozenset(ends)
        self.vocabulary = vocabulary_read(tokenizer.backend_tokenizer, size)
        self._written = prefix_tokenizer(tokenizer.backend_tokenizer)
        self._special = tuple(str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
        self._systems: dict[str, list[int]] = {}
        # Set once: whoever sets them while another thread encodes gets an error from the library.
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()

    def prompt_ids(self, request: Request) -> list[int]:
        """The chat by the model's own template, ready for the assistant's words. Raises RequestError."""
        if not request.ids and not request.messages:
            raise RequestError("There is nothing to answer.")
        ids = list(request.ids) or self._chat([dict(message) for message in request.messages])
        if unknown := [token for token in ids if not 0 <= token < self.size]:
            raise RequestError(f"The prompt holds the token {unknown[0]}, but the model knows {self.size}.")
        return ids

    def system_tokens(self, request: Request, ids: Sequence[int]) -> int:
        """How many of ``ids`` belong to the system prompt, which many requests begin with; 0 without one."""
        if request.ids or len(request.messages) < 2 or request.messages[0]["role"] != "system":
            return 0
        text = request.messages[0]["content"]
        known = self._systems.get(text)
        if known is None:
            known = self._chat([dict(request.messages[0]), {"role": "user", "content": ""}])
            if len(self._systems) >= SYSTEM_MAX:
                self._systems.clear()
            self._systems[text] = known
        return common(known, ids)

    def prefix_ids(self, text: str) -> list[int]:
        return list(self._written.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: list[int]) -> str:
        return str(self.tokenizer.backend_tokenizer.decode(ids, skip_special_tokens=True))

    def _chat(self, messages: list[dict[str, Any]]) -> list[int]:
        plain = [{**message, "content": self._plain(message["content"])} for message in messages]
        text = self.tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
        return list(self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)

    def _plain(self, text: str) -> str:
        """A person cannot end her turn and speak as the system: control tokens in her text are taken out."""
        while found := next((token for token in self._special if token in text), None):
            text = text.replace(found, "")
        return text


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens the beginnings have in common. Both of one type: slices are compared, which is fast."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
