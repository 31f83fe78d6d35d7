"""Keys and values: rows that grow, shrink and are cleaned; contexts that are kept, found and given up in the right order."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inference_worker.engines.memory import (
    AHEAD,
    GROWTH,
    PINNED,
    Arena,
    Context,
    Kept,
    NoRoom,
    Shape,
    out_of_memory,
    rounded,
)
from inference_worker.engines.speech import common

SHAPE = Shape(layers=3, heads=2, width=4, dtype=torch.float32, device="cpu")


def arena_make(rows: int = 8, room: int = 10_000) -> Arena:
    return Arena(SHAPE, rows=rows, room=room)


def marked(length: int, number: float) -> torch.Tensor:
    return torch.full((3, 2, 2, length, 4), number)


# ---- rows


def test_a_row_is_read_as_it_was_written_however_the_arena_changes() -> None:
    arena = arena_make()
    for number in range(4):
        row = arena.take()
        arena.fit(row + 1, 50 * (number + 1))
        arena.write(row, marked(50, number), 50)
    arena.fit(4, 700)
    for number in range(4):
        assert torch.equal(arena.read(number, 50), marked(50, number))
        assert not arena.read(number, 700)[:, :, :, 50:].any(), "what is not written is zero"


def test_rows_grow_in_steps_and_the_lowest_free_one_is_taken() -> None:
    arena = arena_make()
    assert [arena.take() for _ in range(3)] == [0, 1, 2]
    arena.release(1)
    assert arena.take() == 1
    arena.fit(3, 1)
    assert (arena.rows, arena.cap) == (4, GROWTH)
    arena.fit(3, GROWTH + 1)
    assert (arena.rows, arena.cap) == (4, 2 * GROWTH)


def test_a_copy_between_rows_is_a_copy() -> None:
    arena = arena_make()
    arena.fit(2, 20)
    arena.write(0, marked(20, 7), 20)
    arena.copy(0, 1, 12)
    assert torch.equal(arena.read(1, 12), marked(12, 7))
    assert not arena.read(1, 20)[:, :, :, 12:].any()


def test_what_was_broken_is_cleaned_and_the_last_one_out_frees_all() -> None:
    arena = arena_make()
    rows = [arena.take(), arena.take()]
    arena.fit(2, 10)
    arena.write(0, marked(10, torch.nan), 10)
    arena.release(rows[0], dirty=True)
    assert not arena.read(0, 10).any()
    arena.release(rows[1])
    assert (arena.rows, arena.cap, arena.layers) == (0, 0, [])


def test_far_too_much_is_given_back() -> None:
    arena = arena_make()
    arena.fit(8, 1_000)
    arena.write(0, marked(100, 3), 100)
    arena.fit(2, 600, trim=True)
    assert (arena.rows, arena.cap) == (2, 5 * GROWTH)
    arena.fit(2, 100, trim=True)
    assert arena.cap == GROWTH
    assert torch.equal(arena.read(0, 100), marked(100, 3))


def test_a_change_that_memory_ran_out_for_is_finished_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some layers have fewer rows than others then."""
    arena = arena_make()
    arena.fit(8, GROWTH)
    arena.write(1, marked(100, 3), 100)
    made, new = [0], arena._new

    def stumble(rows: int, cap: int) -> torch.Tensor:
        made[0] += 1
        if made[0] == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return new(rows, cap)

    monkeypatch.setattr(arena, "_new", stumble)
    with pytest.raises(torch.OutOfMemoryError):
        arena.fit(2, 100, trim=True)
    assert arena.rows == 2
    arena.fit(5, 100)
    arena.write(4, marked(100, 5), 100)
    assert torch.equal(arena.read(1, 100), marked(100, 3))
    assert torch.equal(arena.read(4, 100), marked(100, 5))


def test_there_is_no_more_than_there_is() -> None:
    arena = arena_make(room=4 * GROWTH)
    assert arena.holds(2, 2 * GROWTH)
    assert not arena.holds(2, 2 * GROWTH + 1)
    arena.fit(3, GROWTH)
    assert arena.rows == 4
    arena.fit(1, 4 * GROWTH)
    assert (arena.rows, arena.cap) == (1, 4 * GROWTH), "exactly what is needed, where more does not fit"
    with pytest.raises(NoRoom, match="there is room for"):
        arena.fit(2, 3 * GROWTH)


def test_before_rows_are_too_short_a_few_layers_grow_in_every_step() -> None:
    arena = arena_make()
    arena.fit(2, GROWTH)
    arena.write(1, marked(GROWTH, 5), GROWTH)
    arena.prepare(GROWTH - AHEAD)
    assert {layer.shape[3] for layer in arena.layers} == {GROWTH}, "there is time"
    arena.prepare(GROWTH - AHEAD + 1)
    assert {layer.shape[3] for layer in arena.layers} == {GROWTH, 2 * GROWTH}
    assert arena.cap == GROWTH
    for _ in range(AHEAD):
        arena.prepare(GROWTH - 1)
    assert arena.cap == 2 * GROWTH
    assert torch.equal(arena.read(1, GROWTH), marked(GROWTH, 5))


def test_preparing_does_not_take_what_is_not_there() -> None:
    arena = arena_make(room=2 * GROWTH)
    arena.fit(2, GROWTH)
    arena.prepare(GROWTH)
    assert arena.cap == GROWTH


@given(st.integers(0, 10_000))
def test_lengths_are_rounded_up(length: int) -> None:
    assert rounded(length) % GROWTH == 0
    assert 0 <= rounded(length) - max(length, 1) < GROWTH


def test_a_token_costs_what_its_numbers_cost() -> None:
    class Config:
        num_hidden_layers, num_attention_heads, num_key_value_heads, hidden_size = 28, 12, 2, 1_536

    shape = Shape.of(Config(), torch.bfloat16, "cpu")
    assert shape.token_bytes == 28_672, "of VibeThinker-1.5B"
    assert shape.affordable() > 0


# ---- contexts


def context(ids: list[int], *, pinned: bool = False, owner: object = None) -> Context:
    return Context(ids, torch.zeros(1), pinned, owner)


def test_the_longest_common_beginning_is_found() -> None:
    kept = Kept(100)
    for ids in ([1, 2, 3], [1, 2, 9, 9], [5, 6]):
        kept.add(context(ids))
    found, shared = kept.best([1, 2, 9, 4])
    assert found is not None
    assert (found.ids, shared) == ([1, 2, 9, 9], 3)
    assert kept.best([7]) == (None, 0)


def test_the_oldest_goes_first_and_what_was_used_stays() -> None:
    kept = Kept(10)
    first, second = context([1] * 4), context([2] * 4)
    kept.add(first)
    kept.add(second)
    kept.touch(first)
    assert kept.add(context([3] * 4)) == []
    assert kept.best([2])[0] is None
    assert kept.best([1])[0] is first
    assert kept.tokens == 8


def test_the_next_turn_takes_the_place_of_the_one_before() -> None:
    kept = Kept(100)
    kept.add(context([1, 2]))
    kept.add(context([1, 2, 3]))
    assert kept.tokens == 3


def test_paused_requests_go_last_and_are_named() -> None:
    kept = Kept(10)
    kept.add(context([1] * 4, owner="paused first"))
    kept.add(context([2] * 4))
    assert kept.add(context([3] * 4, owner="paused second")) == []
    assert kept.add(context([4] * 4, owner="paused third")) == ["paused first"]
    kept.drop("paused third")
    assert kept.tokens == 4


def test_who_only_waits_for_its_turn_makes_room_for_who_pauses() -> None:
    kept = Kept(100)
    kept.add(context([1] * 40, owner="paused"))
    aside = context([2] * 40, owner="aside")
    aside.spare = True
    kept.add(aside)
    assert kept.add(context([3] * 40, owner="paused too")) == ["aside"]
    assert kept.add(context([4] * 101, owner="too large")) == ["too large"]
    assert kept.tokens == 80, "and nobody had to go for it"


def test_what_is_larger_than_everything_is_not_kept() -> None:
    kept = Kept(10)
    assert kept.add(context([1] * 11, owner="large")) == ["large"]
    assert kept.tokens == 0


def test_pinned_ones_stay_until_there_are_too_many() -> None:
    kept = Kept(10_000)
    for number in range(PINNED + 2):
        kept.add(context([number] * 3, pinned=True))
        kept.add(context([number] * 9))
    assert not kept.pins([0])
    assert kept.pins([PINNED + 1] * 3)
    assert kept.tokens == 3 * PINNED + 9 * (PINNED + 2)


def test_pinned_ones_leave_room_for_those_that_pause() -> None:
    kept = Kept(100)
    kept.add(context([1] * 30, pinned=True))
    assert kept.add(context([2] * 30, pinned=True)) == []
    assert kept.tokens == 30, "two would take more than half"
    assert kept.add(context([3] * 40, owner="paused")) == []


def test_a_pinned_one_that_others_begin_with_is_in_use() -> None:
    kept = Kept(10_000)
    kept.add(context([0] * 3, pinned=True))
    room = context([0] * 3 + [7] * 3)
    kept.add(room)
    for number in range(1, PINNED + 1):
        kept.touch(room)
        kept.add(context([number] * 3, pinned=True))
    assert kept.pins([0])
    assert not kept.pins([1])


def test_without_memory_only_what_somebody_waits_for_is_kept() -> None:
    kept = Kept(100)
    kept.add(context([1] * 3, pinned=True))
    kept.add(context([2] * 3))
    kept.add(context([3] * 3, owner="paused"))
    kept.clear()
    assert kept.tokens == 3
    assert kept.best([3])[1] == 1


@given(st.lists(st.integers(0, 1), max_size=40), st.lists(st.integers(0, 1), max_size=40))
def test_common_beginnings(one: list[int], other: list[int]) -> None:
    shared = common(one, other)
    assert one[:shared] == other[:shared]
    assert shared in (len(one), len(other)) or one[shared] != other[shared]


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (torch.OutOfMemoryError("CUDA"), True),
        (MemoryError(), True),
        (NoRoom("full"), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            True,
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("can't allocate memory"), False),
    ],
)
def test_memory_that_runs_out_is_told_from_other_errors(error: Exception, is_memory: bool) -> None:
    assert out_of_memory(error) is is_memory
