"""Linear layers whose weights lie in the order in which the processor's kernels read them (oneDNN), laid out once.

PyTorch's ``linear`` on a CPU puts the weights in order anew at each call, or leaves them as they are: measured over the
layers of the demo model on one core with AVX512-BF16, a token costs twice as much, sixteen 1.5 times, and in float32
sixteen 2.6 times. The two operators are those of PyTorch's own compiler and no public interface, so they are tried
on small numbers first; without them, or when they say something else, the ordinary layers stay.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

log = logging.getLogger(__name__)
ROWS = 32  # the batch that the order is chosen for; others are computed with the same


class PackedLinear(nn.Module):
    """Computes what ``layer`` does. ``weight`` has its shape and type, but its numbers are for the kernels alone."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.bias = layer.bias
        self._packed = (_pack(layer.weight.data),)  # in a tuple: no parameter that might be moved, counted or saved

    def forward(self, rows: Tensor) -> Tensor:
        return _linear(rows, self._packed[0], self.bias)


def linears_pack(net: nn.Module) -> int:
    """Every plain linear layer of ``net`` is replaced; says how many. Its weights must be on the CPU.

    A weight that is an embedding too (tied) stays beside its packed copy.
    """
    dtype = next(net.parameters()).dtype
    if not packs(dtype):
        return 0
    packed = 0
    for module in list(net.modules()):
        for name, layer in list(module.named_children()):
            if type(layer) is nn.Linear:
                setattr(module, name, PackedLinear(layer))
                packed += 1
    return packed


def packs(dtype: torch.dtype) -> bool:
    """Whether this build of PyTorch packs, and computes the same with it."""
    weight, rows = torch.linspace(-1, 1, 48 * 32).view(48, 32), torch.linspace(-1, 1, 3 * 32).view(1, 3, 32)
    weight, rows, bias = weight.to(dtype), rows.to(dtype), torch.linspace(-1, 1, 48).to(dtype)
    try:
        made = _linear(rows, _pack(weight), bias)
    except (AttributeError, RuntimeError) as error:
        log.info("weights stay as they are: %s", str(error).partition("\n")[0])
        return False
    return torch.allclose(made, linear(rows, weight, bias), rtol=torch.finfo(dtype).eps * 8, atol=1e-3)


def _pack(weight: Tensor) -> Tensor:
    packed: Tensor = _operators()._reorder_linear_weight(weight.contiguous(), ROWS)
    return packed


def _linear(rows: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    made: Tensor = _operators()._linear_pointwise(rows, packed, bias, "none", [], "")
    return made


def _operators() -> Any:
    return torch.ops.mkldnn
