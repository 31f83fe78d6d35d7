"""Drawing tokens: bounds, chances, seeds, and that the rows of a batch know nothing of each other."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_worker.engines.drawing import NEAR, Draw, lot, tokens_draw
from inference_worker.job import Sampling

ROW = torch.tensor([3.0, 2.0, 1.0, 0.0, -9.0])


def draws(sampling: Sampling, count: int = 200, *, logits: Any = None, position: int = 0) -> list[int | None]:
    row = ROW if logits is None else logits
    seed = 11 if sampling.seed is None else sampling.seed
    return tokens_draw(row.expand(count, -1), [Draw(sampling, seed, position + at) for at in range(count)])


def test_greedy_takes_the_largest() -> None:
    assert set(draws(Sampling(temperature=0))) == {0}


@pytest.mark.parametrize("temperature", [5e-324, 1e-38, 1e-6])
def test_next_to_nothing_is_greedy_too(temperature: float) -> None:
    assert set(draws(Sampling(temperature=temperature, top_p=1))) == {0}
    assert set(draws(Sampling(temperature=temperature, top_p=0.9))) == {0}


def test_top_k_and_top_p_bound_the_choice() -> None:
    assert set(draws(Sampling(temperature=5, top_p=1, top_k=2))) == {0, 1}
    assert set(draws(Sampling(temperature=1, top_p=0.5))) == {0}, "the first alone has .64"
    assert set(draws(Sampling(temperature=1, top_p=0.7))) == {0, 1}
    assert set(draws(Sampling(temperature=1, top_p=0))) == {0}
    assert set(draws(Sampling(temperature=1, top_p=0.7, top_k=1))) == {0}


def test_top_p_is_of_what_top_k_leaves() -> None:
    """Of two tokens the first has .73: a nucleus of .7 is that one alone, though among all it has .64."""
    assert set(draws(Sampling(temperature=1, top_p=0.7, top_k=2))) == {0}


@pytest.mark.parametrize("top_p", [1.0, 0.9999])
def test_chances_are_those_of_the_softmax(top_p: float) -> None:
    drawn = draws(Sampling(temperature=1, top_p=top_p, seed=1), 6_000)
    shares = torch.softmax(ROW, dim=-1)
    for token in range(4):
        assert drawn.count(token) / 6_000 == pytest.approx(float(shares[token]), abs=0.03)


@pytest.mark.parametrize("bounds", [{"top_p": 0.5}, {"top_p": 0.99, "top_k": 900}, {"top_p": 1.0, "top_k": 900}])
def test_a_flat_row_is_looked_at_whole(bounds: dict[str, Any]) -> None:
    """Its nucleus is wider than what is looked at first."""
    flat = torch.linspace(0, 0.01, 4 * NEAR)
    drawn = draws(Sampling(temperature=1, seed=3, **bounds), 600, logits=flat)
    allowed = 4 * NEAR if "top_k" not in bounds else 900
    assert len(set(drawn)) > NEAR
    assert all(token is not None and token >= 4 * NEAR - allowed for token in drawn)


def test_a_seed_draws_the_same_from_any_position_on() -> None:
    sampling = Sampling(temperature=1, top_p=1, seed=3)
    whole = draws(sampling, 50)
    assert draws(sampling, 50) == whole
    assert draws(sampling, 30, position=20) == whole[20:]
    assert draws(Sampling(temperature=1, top_p=1, seed=4), 50) != whole
    assert draws(Sampling(temperature=1, top_p=1, seed=(1 << 62) + 5), 5)


SAMPLING = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 0.3, 1.0, 5.0]),
    top_p=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    top_k=st.sampled_from([0, 1, 3, 300, 5_000]),
)
DRAW = st.builds(Draw, SAMPLING, st.integers(0, 1 << 62), st.integers(0, 9_999), st.sampled_from([(), (1, 4), (0,)]))


@settings(max_examples=100, deadline=None)
@given(st.lists(DRAW, min_size=1, max_size=8), st.integers(0, 99))
def test_a_row_draws_in_a_batch_what_it_draws_alone(asked: list[Draw], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn((len(asked), 3 * NEAR), generator=generator)
    alone = [tokens_draw(logits[row : row + 1], [draw])[0] for row, draw in enumerate(asked)]
    assert tokens_draw(logits, asked) == alone
    assert all(not draw.allowed or token in draw.allowed for draw, token in zip(asked, alone, strict=True))


@given(st.integers(0, 1 << 80), st.integers(0, 1 << 40))
def test_lots_lie_between_nothing_and_one(seed: int, position: int) -> None:
    assert 0 <= lot(seed, position) < 1
    assert lot(seed, position) == lot(seed, position)


def test_lots_are_even() -> None:
    lots = [lot(seed, position) for seed in range(40) for position in range(100)]
    for tenth in range(10):
        assert sum(tenth / 10 <= number < (tenth + 1) / 10 for number in lots) == pytest.approx(400, abs=80)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_row_of_no_numbers_has_no_token_and_the_others_have_theirs(bad: float) -> None:
    rows = torch.stack([ROW, ROW.clone().index_fill(0, torch.tensor([1]), bad), torch.full((5,), -torch.inf), ROW])
    for temperature in (0.0, 0.01):
        sampling = Sampling(temperature=temperature)
        assert tokens_draw(rows, [Draw(sampling, 1, at) for at in range(4)]) == [0, None, None, 0]


def test_half_precision_is_drawn_from_too() -> None:
    row = torch.tensor([1.0, 4.0, 0.0], dtype=torch.bfloat16)
    assert set(draws(Sampling(temperature=0), 3, logits=row)) == {1}
    assert set(draws(Sampling(temperature=0.01), 3, logits=row)) == {1}
