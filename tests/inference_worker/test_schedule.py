"""Who comes next, counted in tokens; and how much of the prompts a step may read."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_worker.engines.schedule import MANY, FairQueue, Group, Pace, gives_way, helpings
from inference_worker.job import BACKGROUND

A, B, C = ("class", "a"), ("class", "b"), ("class", "c")
OTHER = ("other class", "d")
QUIET = (BACKGROUND, "solver")


def filled(*groups: Group, fair: bool = True) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue(fair=fair)
    for number, group in enumerate(groups):
        queue.push(f"{group[1]}{number}", group)
    return queue


def served(queue: FairQueue[str], tokens: int, count: int) -> list[str]:
    """The rooms in the order in which one slot serves them."""
    rooms = []
    for _ in range(count):
        found = queue.pop(lambda _: True)
        assert found is not None
        item, group = found
        queue.charge(group, tokens)
        queue.leave(group)
        rooms.append(item[0])
    return rooms


def test_within_a_room_the_oldest_comes_first() -> None:
    queue = filled(A, A, A)
    assert [queue.pop(lambda _: True)[0] for _ in range(3)] == ["a0", "a1", "a2"]


def test_rooms_take_turns_however_many_wait_in_one() -> None:
    queue = filled(*[A] * 20, B, B, C)
    assert Counter(served(queue, 10, 6)) == {"a": 3, "b": 2, "c": 1}


def test_classes_take_turns_before_rooms_do() -> None:
    queue = filled(*[A, B, C] * 5, *[OTHER] * 5)
    assert Counter(served(queue, 10, 8)) == {"d": 4, "a": 2, "b": 1, "c": 1}


def test_who_was_given_more_waits_longer() -> None:
    queue = filled(A, A, B, B, B, B)
    queue.charge(A, 35)
    assert served(queue, 10, 5) == ["b", "b", "b", "b", "a"]


def test_who_was_away_has_saved_nothing_up() -> None:
    queue = filled(*[A] * 30)
    served(queue, 10, 10)
    for _ in range(10):
        queue.push("b", B)
    assert Counter(served(queue, 10, 10)) == {"a": 5, "b": 5}


def test_who_comes_back_owes_nothing_to_who_came_later() -> None:
    """A room had its class for itself for a while, beside another class that is never idle."""
    queue = filled(OTHER, A)
    queue.pop(lambda item: item == "d0")
    for _ in range(100):
        queue.push("a", A)
        queue.pop(lambda item: item != "d0")
        queue.charge(A, 1_000)
        queue.leave(A)
        queue.charge(OTHER, 1_000)
    while queue.pop(lambda item: item.startswith("a")):
        queue.leave(A)
    for number in range(6):
        queue.push(f"b{number}", B)
        queue.pop(lambda item: item.startswith("b"))
        queue.charge(B, 10)
    queue.push("a", A)
    queue.charge(B, 10)
    assert queue.giver(A) == B


def test_without_fairness_the_oldest_comes_first_whoever_asks() -> None:
    queue = filled(A, A, A, B, OTHER, fair=False)
    assert served(queue, 10, 5) == ["a", "a", "a", "b", "d"]


def test_who_is_not_ready_is_passed_over_and_keeps_the_place() -> None:
    queue = filled(A, A, B)
    assert queue.pop(lambda item: item == "a1") == ("a1", A)
    assert queue.pop(lambda _: False) is None
    assert list(queue) == ["a0", "b2"]
    assert len(queue) == 2


def test_who_was_served_before_goes_to_the_head_of_its_line() -> None:
    queue = filled(A, A)
    queue.push("again", A, first=True)
    assert queue.pop(lambda _: True) == ("again", A)


def test_who_is_removed_is_gone() -> None:
    queue = filled(A, B)
    queue.remove("a0")
    queue.remove("never here")
    assert list(queue) == ["b1"]


def test_when_all_is_quiet_everything_is_forgotten() -> None:
    queue = filled(A, B)
    served(queue, 10, 2)
    assert not queue._rooms
    assert not queue._classes


def test_rooms_that_come_and_go_do_not_pile_up() -> None:
    queue = filled(A)
    queue.pop(lambda _: True)
    for number in range(MANY + 20):
        group = ("class", str(number))
        queue.push("x", group)
        queue.pop(lambda _: True)
        queue.charge(group, 1)
        queue.leave(group)
    assert len(queue._rooms) <= MANY + 1


def test_classes_that_come_and_go_do_not_pile_up() -> None:
    queue = filled(A)
    queue.pop(lambda _: True)
    for number in range(2 * MANY):
        group = (str(number), "room")
        queue.push("x", group)
        queue.remove("x")
        queue.charge(group, 1)
    queue.remove("x")
    assert len(queue._classes) <= MANY + 1


def test_who_needs_more_than_there_is_is_waited_for() -> None:
    queue = filled(A, B)
    queue.charge(B, 5)
    assert queue.pop(lambda _: True, lambda item, _: item == "b1") is None
    assert queue.pop(lambda item: item != "a0", lambda item, _: item == "b1") == ("b1", B)


@given(st.lists(st.integers(1, 500), max_size=6), st.integers(1, 200))
def test_all_prompts_are_read_and_the_first_has_half(left: list[int], budget: int) -> None:
    reads = helpings(left, budget)
    assert all(0 <= read <= size for read, size in zip(reads, left, strict=True))
    assert sum(reads) == min(budget, sum(left))
    if left:
        assert reads[0] >= min(left[0], budget / 2)


def test_what_nobody_waits_for_comes_behind_everybody() -> None:
    queue = filled(QUIET, QUIET, A, B)
    queue.charge(A, 1_000)
    assert served(queue, 10, 4) == ["b", "a", "s", "s"]


@pytest.mark.parametrize(
    ("places", "asks", "giver"),
    [
        ({}, A, None),
        ({A: 1}, B, None),
        ({A: 2}, B, A),
        ({A: 5, B: 3}, B, A),
        ({A: 4, B: 3}, B, None),
        ({A: 8}, A, None),
        ({A: 3, B: 5, C: 1}, C, B),
        ({A: 4, OTHER: 4}, B, A),
        ({A: 1, B: 1, C: 1}, OTHER, A),
        ({A: 1, B: 1, C: 1}, ("class", "e"), None),
        ({A: 1, B: 1, C: 1, OTHER: 1}, OTHER, None),
        ({A: 2, B: 1, C: 1, OTHER: 1}, OTHER, A),
        ({A: 8, QUIET: 1}, A, QUIET),
        ({A: 8}, QUIET, None),
    ],
)
def test_whose_newest_gives_its_place_up(places: dict[Group, int], asks: Group, giver: Group | None) -> None:
    assert gives_way(places, asks) == giver


GROUPS = st.tuples(st.sampled_from(["one", "two", BACKGROUND]), st.sampled_from("pqr"))


@given(st.dictionaries(GROUPS, st.integers(1, 9), min_size=1), st.lists(GROUPS, min_size=1))
def test_places_are_not_handed_round_for_ever(places: dict[Group, int], asking: list[Group]) -> None:
    """Whoever asks and in whatever order: it comes to rest, and none is lost."""
    count, changes = sum(places.values()), 0
    while moves := [(asks, giver) for asks in asking if (giver := gives_way(places, asks)) is not None]:
        asks, giver = moves[changes % len(moves)]
        places[giver] -= 1
        places = {group: left for group, left in {**places, asks: places.get(asks, 0) + 1}.items() if left}
        changes += 1
        assert changes <= count * count
    assert sum(places.values()) == count


def test_nobody_gives_way_to_who_was_given_more() -> None:
    queue = filled(A, A, A, B)
    for _ in range(3):
        queue.pop(lambda _: True)
    assert queue.giver(B) is None, "they have been given nothing yet, either of them"
    queue.charge(A, 5)
    assert queue.giver(B) == A
    queue.charge(B, 9)
    assert queue.giver(B) is None


@given(st.lists(st.tuples(st.sampled_from([A, B, C, OTHER]), st.integers(1, 50)), min_size=1, max_size=60))
def test_nobody_falls_behind_by_more_than_the_largest_request(asked: list[tuple[Group, int]]) -> None:
    """While all have work, the tokens that two rooms of a class were given differ by one request at most."""
    queue: FairQueue[tuple[Group, int]] = FairQueue()
    for group, size in asked:
        queue.push((group, size), group)
    given_: Counter[Group] = Counter()
    while all(any(item[0] == group for item in queue) for group in (A, B)):
        found = queue.pop(lambda _: True)
        assert found is not None
        (_, size), group = found
        given_[group] += size
        queue.charge(group, size)
        assert abs(given_[A] - given_[B]) <= 50


# ---- pace


def test_with_nobody_to_disturb_a_step_reads_as_much_as_it_may() -> None:
    assert Pace(192).budget(0) == 192


def test_a_fixed_budget_is_kept() -> None:
    pace = Pace(192, 7)
    pace.note(4, 0, 1.0)
    assert (pace.budget(0), pace.budget(9)) == (7, 7)


def test_while_nothing_is_known_it_reads_a_little() -> None:
    assert Pace(192).budget(3) == Pace.FIRST


@pytest.mark.parametrize(("step_s", "token_s", "tokens"), [(0.1, 0.002, 50), (0.1, 0.1, 16), (1.0, 0.0001, 192)])
def test_a_step_with_prompts_takes_twice_as_long_as_one_without(step_s: float, token_s: float, tokens: int) -> None:
    pace = Pace(192)
    for _ in range(40):
        pace.note(8, 0, step_s)
        pace.note(8, 32, step_s + 32 * token_s)
    assert pace.budget(8) == pytest.approx(tokens, abs=1)


def test_it_learns_from_prompts_alone_too() -> None:
    pace = Pace(192)
    pace.note(0, 100, 0.2)
    pace.note(8, 0, 0.1)
    assert pace.budget(8) == 50
