"""Packed layers compute what plain ones do, whatever the batch, and a PyTorch without the operators goes on without."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from inference_worker.engines import packing
from inference_worker.engines.packing import PackedLinear, linears_pack, packs

DTYPES = (torch.float32, torch.bfloat16)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 2, 16, 33, 300])
def test_it_computes_what_the_layer_does(dtype: torch.dtype, bias: bool, rows: int) -> None:
    torch.manual_seed(rows)
    layer, asked = nn.Linear(96, 200, bias=bias, dtype=dtype), torch.randn(1, rows, 96, dtype=dtype)
    with torch.inference_mode():
        made, expected = PackedLinear(layer)(asked), layer(asked)
    assert (made.shape, made.dtype) == (expected.shape, expected.dtype)
    assert torch.allclose(made, expected, rtol=torch.finfo(dtype).eps * 8, atol=torch.finfo(dtype).eps * 8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_broken_numbers_stay_in_their_row(dtype: torch.dtype) -> None:
    layer, asked = nn.Linear(96, 200, dtype=dtype), torch.randn(1, 9, 96, dtype=dtype)
    asked[0, 4] = torch.nan
    with torch.inference_mode():
        made = PackedLinear(layer)(asked)
    assert made[0].isnan().any(dim=-1).tolist() == [row == 4 for row in range(9)]


def net_make() -> Any:
    """With a layer that is an embedding too, and one of another kind, which may compute something else."""
    net: Any = nn.ModuleDict({"words": nn.Embedding(50, 16), "head": nn.Linear(16, 50, bias=False)})
    net["head"].weight = net["words"].weight
    net["inner"] = nn.Sequential(nn.Linear(16, 16), type("Other", (nn.Linear,), {})(16, 16))
    return net


def test_every_plain_layer_is_replaced_and_a_tied_embedding_stays() -> None:
    net = net_make()
    asked = torch.randn(1, 3, 16)
    with torch.inference_mode():
        expected = net["head"](net["inner"](asked))
        assert linears_pack(net) == 2
        assert torch.allclose(net["head"](net["inner"](asked)), expected, atol=1e-5)
    assert [type(net["head"]), type(net["inner"][0])] == [PackedLinear, PackedLinear]
    assert net["words"].weight.shape == (50, 16)


@pytest.mark.parametrize("fault", ["missing", "refused", "wrong"])
def test_without_the_operators_all_stays_as_it_is(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Operators:
        def _reorder_linear_weight(self, weight: torch.Tensor, _: int) -> torch.Tensor:
            if fault == "refused":
                raise NotImplementedError("no such kernel")
            return weight

        def _linear_pointwise(self, rows: torch.Tensor, packed: torch.Tensor, *_: Any) -> torch.Tensor:
            return rows.new_zeros(1, rows.shape[1], packed.shape[0])

    monkeypatch.setattr(packing, "_operators", object if fault == "missing" else Operators)
    net = net_make()
    assert linears_pack(net) == 0
    assert type(net["head"]) is nn.Linear


def test_the_pinned_build_packs() -> None:
    assert packs(torch.float32)
