"""One forward pass over requests of any length: a flat row of tokens [1, T], in which every request has its piece.

transformers' public extension point takes the attention from here (``AttentionInterface.register``); the rest of the
model runs unchanged. Requests that add one token are attended to together, in one contiguous batched product over
their rows of the arena; pieces of prompts one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from inference_worker.engines.memory import Arena

NAME = "chalkstream_ragged"
UNBUILT = ("softcap", "s_aux", "position_bias")  # what Gemma 2, gpt-oss and T5 ask for; windows: weights_load


@dataclass(frozen=True, slots=True)
class Feed:
    """``tokens`` of one request, to be written into ``row`` from ``position`` on. ``drawn``: its logits are wanted."""

    row: int
    position: int
    tokens: Sequence[int]
    drawn: bool

    @property
    def end(self) -> int:
        return self.position + len(self.tokens)


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens ``start`` to ``stop`` of the flat row; ``mask``: [stop - start, end], true where a token may look."""

    start: int
    stop: int
    row: int
    end: int
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Plan:
    """What every layer needs to know of a step. ``ones``: how many requests add one token; they come first.

    ``spread``: for each of the rows up to the last one in use, the token that looks at it, or any; ``gather``: the row
    of each of the ``ones``; ``mask``: [rows x heads, 1, longest cap], 0 or -inf, added to the scores.
    """

    layers: list[Tensor]
    rows: Tensor
    positions: Tensor
    ones: int
    spread: Tensor
    gather: Tensor
    mask: Tensor
    pieces: list[Piece]


def step(net: Any, arena: Arena, feeds: Sequence[Feed]) -> Tensor:
    """Logits [wanted, vocabulary] in the order of ``feeds``. The arena must be large enough."""
    device = arena.shape.device
    flat = sorted(range(len(feeds)), key=lambda at: len(feeds[at].tokens) > 1)
    ids: list[int] = []
    ends: dict[int, int] = {}
    for at in flat:
        ids += feeds[at].tokens
        ends[at] = len(ids) - 1
    wanted = [ends[at] for at in range(len(feeds)) if feeds[at].drawn]
    plan = _plan(arena, [feeds[at] for at in flat])
    with torch.inference_mode():
        out = net(
            input_ids=torch.tensor([ids], device=device),
            position_ids=plan.positions[None],
            use_cache=False,
            # Of a prompt that goes on nothing is wanted, but an empty index is no index.
            logits_to_keep=torch.tensor(wanted or [0], device=device),
            ragged=plan,
        )
        logits: Tensor = out.logits[0, : len(wanted)]
        return logits


def _plan(arena: Arena, feeds: list[Feed]) -> Plan:
    device, shape = arena.shape.device, arena.shape
    ones = [feed for feed in feeds if len(feed.tokens) == 1]
    height = max((feed.row + 1 for feed in ones), default=0)
    spread, seen = [0] * height, [1] * height  # a row without a token looks at something, or its scores were all -inf
    for at, feed in enumerate(ones):
        spread[feed.row], seen[feed.row] = at, feed.end
    cap = max(layer.shape[3] for layer in arena.layers)
    hidden = torch.arange(cap) >= torch.tensor(seen, dtype=torch.long)[:, None]
    mask = torch.zeros(hidden.shape).masked_fill(hidden, -torch.inf).to(shape.dtype)
    pieces, start = [], len(ones)
    for feed in feeds[len(ones) :]:
        looks = torch.arange(feed.end) <= torch.arange(feed.position, feed.end)[:, None]
        stop = start + len(feed.tokens)
        pieces.append(Piece(start, stop, feed.row, feed.end, looks.to(device)))
        start = stop
    return Plan(
        layers=arena.layers,
        rows=torch.tensor([feed.row for feed in feeds for _ in feed.tokens], device=device),
        positions=torch.tensor([at for feed in feeds for at in range(feed.position, feed.end)], device=device),
        ones=len(ones),
        spread=torch.tensor(spread, dtype=torch.long, device=device),
        gather=torch.tensor([feed.row for feed in ones], dtype=torch.long, device=device),
        mask=mask.repeat_interleave(shape.heads, dim=0)[:, None].to(device),
        pieces=pieces,
    )


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, _: Any, *, scaling: float, ragged: Plan, **more: Any
) -> tuple[Tensor, None]:
    """``query``: [1, heads, T, width]; ``key``, ``value``: [1, key heads, T, width]. Gives [1, T, heads, width].

    Raises NotImplementedError for a model that wants another attention: its text would be wrong, and nobody would know.
    """
    if wanted := [name for name in UNBUILT if more.get(name) is not None]:
        raise NotImplementedError(f"attention with {' and '.join(wanted)}")
    memory = ragged.layers[module.layer_idx]
    memory[0][ragged.rows, :, ragged.positions] = key[0].transpose(0, 1)
    memory[1][ragged.rows, :, ragged.positions] = value[0].transpose(0, 1)
    parts = [_piece(query, memory, piece, scaling) for piece in ragged.pieces]
    if ragged.ones:
        parts.insert(0, _ones(query[0, :, : ragged.ones].transpose(0, 1), memory, ragged, scaling))
    return (parts[0] if len(parts) == 1 else torch.cat(parts))[None], None


def _ones(query: Tensor, memory: Tensor, plan: Plan, scaling: float) -> Tensor:
    """``query``: [ones, heads, width], and so is what it gives."""
    height, (_, heads, width) = plan.spread.shape[0], query.shape
    _, _, key_heads, cap, _ = memory.shape
    keys, values = memory[:, :height].reshape(2, height * key_heads, cap, width)
    asked = query[plan.spread].reshape(height * key_heads, heads // key_heads, width)
    scores = torch.baddbmm(plan.mask[:, :, :cap], asked, keys.transpose(1, 2), alpha=scaling)
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(values.dtype)
    return torch.bmm(weights, values).view(height, heads, width)[plan.gather]


def _piece(query: Tensor, memory: Tensor, piece: Piece, scaling: float) -> Tensor:
    """[stop - start, heads, width]. The query heads that share a key head are laid one behind the other."""
    tokens = query[0, :, piece.start : piece.stop]
    heads, length, width = tokens.shape
    key_heads = memory.shape[2]
    keys, values = memory[:, piece.row, :, : piece.end]
    out = scaled_dot_product_attention(
        tokens.reshape(1, key_heads, -1, width),
        keys[None],
        values[None],
        attn_mask=piece.mask.repeat(heads // key_heads, 1),
        scale=scaling,
    )
    return out.view(heads, length, width).transpose(0, 1)


AttentionInterface.register(NAME, _attend)
AttentionMaskInterface.register(NAME, lambda *_, **__: None)  # each step brings its own masks
