"""Drawing the next tokens of a batch, each row for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from inference_worker.job import Sampling

BROKEN = "The model's numbers went out of range on this question."
NEAR = 128  # the most likely tokens, among which the nucleus nearly always lies
COLDEST = 1e-5  # a lower temperature is greedy: the logits divided by it would go out of range
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Draw:
    """How to draw from one row. The token depends on the row, the seed and the position alone, so a run that goes on
    from a prefix draws what the first one would have drawn, and other requests have no say in it.

    ``allowed``: the only ids to draw from, or none for all.
    """

    sampling: Sampling
    seed: int
    position: int
    allowed: Sequence[int] = ()


def tokens_draw(logits: Tensor, draws: Sequence[Draw]) -> list[int | None]:
    """``logits``: [rows, vocabulary]; one token for each, None where the logits are not numbers. Greedy below COLDEST."""
    logits = logits.float()
    tops, best = logits.max(dim=-1)  # NaN anywhere, +inf anywhere, or -inf everywhere show in the maximum
    tokens: list[int | None] = [
        token if sound else None for token, sound in zip(best.tolist(), torch.isfinite(tops).tolist(), strict=True)
    ]
    sampled = []
    for row, draw in enumerate(draws):
        if tokens[row] is None:
            continue
        if draw.allowed:
            open_ids = torch.tensor(draw.allowed, device=logits.device)
            only = torch.full_like(logits[row], -torch.inf).index_copy(0, open_ids, logits[row, open_ids])
            (tokens[row],) = tokens_draw(only[None], [replace(draw, allowed=())])
        elif draw.sampling.temperature >= COLDEST:
            sampled.append(row)
    wide = [row for row in sampled if draws[row].sampling.top_p >= 1 and draws[row].sampling.top_k <= 0]
    narrow = [row for row in sampled if row not in wide]
    for rows, choose in ((wide, _anywhere), (narrow, _near)):
        if rows:
            chosen = [draws[row] for row in rows]
            heat = torch.tensor([draw.sampling.temperature for draw in chosen], device=logits.device)
            asked = logits if len(rows) == len(draws) else logits[rows]
            for row, token in zip(rows, choose(asked / heat[:, None], chosen), strict=True):
                tokens[row] = token
    return tokens


def _anywhere(scaled: Tensor, draws: Sequence[Draw]) -> list[int]:
    """Without bounds: the tokens in the vocabulary's order."""
    return _pick(torch.softmax(scaled, dim=-1), draws).tolist()


def _near(scaled: Tensor, draws: Sequence[Draw]) -> list[int]:
    """top-k, and then top-p of what it leaves, among the NEAR most likely; a flat row is sorted whole."""
    chances, ids = torch.softmax(scaled, dim=-1).topk(min(NEAR, scaled.shape[-1]), dim=-1)
    reach = chances.sum(dim=-1).tolist()
    flat = [row for row, draw in enumerate(draws) if not _enough(draw.sampling, reach[row], chances.shape[-1])]
    tokens = ids.gather(1, _pick(_bounded(chances, draws), draws)[:, None])[:, 0].tolist()
    for row in flat:
        ordered, order = torch.softmax(scaled[row], dim=-1).sort(descending=True)
        tokens[row] = int(order[_pick(_bounded(ordered[None], [draws[row]]), [draws[row]])])
    return list(tokens)


def _enough(sampling: Sampling, reach: float, near: int) -> bool:
    return 0 < sampling.top_k <= near or (sampling.top_k <= 0 and reach >= sampling.top_p)


def _bounded(chances: Tensor, draws: Sequence[Draw]) -> Tensor:
    """``chances``: [rows, tokens], the most likely first; 0 for those that may not be drawn."""
    width = chances.shape[-1]
    device = chances.device
    most = torch.tensor([draw.sampling.top_k if draw.sampling.top_k > 0 else width for draw in draws], device=device)
    chances = chances.masked_fill(torch.arange(width, device=device) >= most[:, None], 0.0)
    # Without top-k the chances are those among the whole vocabulary, not only among the ones that are here.
    whole = [[0.0] if draw.sampling.top_k > 0 else [1.0] for draw in draws]
    total = torch.maximum(chances.sum(dim=-1, keepdim=True), torch.tensor(whole, device=device))
    chances = chances / total
    before = chances.cumsum(dim=-1) - chances
    bound = torch.tensor([max(draw.sampling.top_p, 1e-9) for draw in draws], device=device)
    return chances.masked_fill(before >= bound[:, None], 0.0)  # the most likely token always stays


def _pick(chances: Tensor, draws: Sequence[Draw]) -> Tensor:
    """The column of each row where the chances' running sum passes the row's own random number."""
    sums = chances.double().cumsum(dim=-1)
    lots = torch.tensor([lot(draw.seed, draw.position) for draw in draws], dtype=torch.float64, device=chances.device)
    columns = torch.searchsorted(sums, lots[:, None] * sums[:, -1:], right=True)[:, 0]
    last = chances.shape[-1] - 1 - (chances > 0).flip(-1).int().argmax(dim=-1)
    return torch.minimum(columns, last)


def lot(seed: int, position: int) -> float:
    """A number in [0, 1) made of the two alone (SplitMix64, twice), the same on every device."""
    mixed = _mix(_mix(seed & _MASK) + position & _MASK)
    return float(mixed >> 11) / (1 << 53)


def _mix(number: int) -> int:
    number = number + 0x9E3779B97F4A7C15 & _MASK
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _MASK
    return number ^ number >> 31
