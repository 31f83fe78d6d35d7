"""Drawing the next token from a row of logits."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import torch
from torch import Tensor

from inference_worker.engines.base import RequestError
from inference_worker.job import Sampling

BROKEN = "The model's numbers went out of range on this question."


class Drawer:
    """Greedy at temperature 0. The token at one position depends on the seed, the position and the logits alone, so a
    run that goes on from a prefix draws what the first one would have drawn, and other requests have no say in it.
    """

    def __init__(self, sampling: Sampling, *, position: int) -> None:
        self._sampling = sampling
        self._seed = secrets.randbits(62) if sampling.seed is None else sampling.seed
        self._position = position
        self._generator = torch.Generator()

    def draw(self, logits: Tensor, allowed: Sequence[int] = ()) -> int:
        """``logits``: one row [vocabulary]; ``allowed``: the only ids to draw from, or none for all.

        Raises RequestError when the logits are not numbers.
        """
        row = logits.float()
        if not torch.isfinite(row.max()):  # NaN anywhere, +inf anywhere, or -inf everywhere
            raise RequestError(BROKEN)
        if allowed:
            open_ids = torch.tensor(allowed, device=row.device)
            row = torch.full_like(row, -torch.inf).index_copy(0, open_ids, row[open_ids])
        position, self._position = self._position, self._position + 1
        sampling = self._sampling
        if sampling.temperature <= 0:
            return int(row.argmax())
        ordered, ids = torch.sort(row.cpu() / sampling.temperature, descending=True)
        if sampling.top_k > 0:
            ordered = ordered[: sampling.top_k]
        chances = torch.softmax(ordered, dim=-1)
        before = chances.cumsum(dim=-1) - chances
        chances[before >= max(sampling.top_p, 1e-9)] = 0.0  # the most likely token always stays
        self._generator.manual_seed((self._seed * 1_000_003 + position) % (1 << 63))
        return int(ids[torch.multinomial(chances, 1, generator=self._generator)])
