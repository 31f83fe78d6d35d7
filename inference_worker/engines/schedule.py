"""Who comes next, and how much of the prompts one step may read. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
Group = tuple[str, str]  # class, room
GENERATED = 2  # a generated token counts as so many prompt tokens
MANY = 1_024  # groups whose counters are kept before the idle ones are looked through


class FairQueue(Generic[T]):
    """Virtual token counters: the class that was served least comes first, in it the room that was served least, and
    in that the oldest request. Who was away does not save up: on its return a group starts where the others are.

    ``fair`` false: the oldest first, whoever asks.
    """

    def __init__(self, *, fair: bool = True) -> None:
        self._fair = fair
        self._lines: dict[Group, deque[T]] = {}
        self._running: dict[Group, int] = {}
        self._rooms: dict[Group, float] = {}
        self._classes: dict[str, float] = {}

    def __len__(self) -> int:
        return sum(map(len, list(self._lines.values())))

    def __iter__(self) -> Iterator[T]:
        """A copy; another thread may look while the engine's changes the lines."""
        return iter([item for line in list(self._lines.values()) for item in list(line)])

    def push(self, item: T, group: Group, *, first: bool = False) -> None:
        """``first``: it was served before and goes to the head of its room's line."""
        group = group if self._fair else ("", "")
        self._lift(group)
        line = self._lines.setdefault(group, deque())
        if first:
            line.appendleft(item)
        else:
            line.append(item)

    def pop(self, ready: Callable[[T], bool]) -> tuple[T, Group] | None:
        """The next one that is ready. It counts as running until ``leave``."""
        for group in sorted(self._lines, key=self._served):
            line = self._lines[group]
            found = next((item for item in line if ready(item)), None)
            if found is not None:
                self._running[group] = self._running.get(group, 0) + 1
                self._drop(group, found)
                return found, group
        return None

    def remove(self, item: T) -> None:
        for group, line in list(self._lines.items()):
            if item in line:
                self._drop(group, item)

    def charge(self, group: Group, tokens: float) -> None:
        self._classes[group[0]] = self._classes.get(group[0], 0.0) + tokens
        self._rooms[group] = self._rooms.get(group, 0.0) + tokens

    def leave(self, group: Group) -> None:
        left = self._running.pop(group, 1) - 1
        if left > 0:
            self._running[group] = left
        if not self._running and not self._lines:
            self._rooms.clear()
            self._classes.clear()
        elif len(self._rooms) > MANY:
            busy = self._busy()
            self._rooms = {group: served for group, served in self._rooms.items() if group in busy}

    def _drop(self, group: Group, item: T) -> None:
        line = self._lines[group]
        line.remove(item)
        if not line:
            del self._lines[group]

    def _served(self, group: Group) -> tuple[float, float]:
        return self._classes.get(group[0], 0.0), self._rooms.get(group, 0.0)

    def _busy(self) -> set[Group]:
        return {*self._lines, *self._running}

    def _lift(self, group: Group) -> None:
        busy = self._busy()
        if all(group[0] != name for name, _ in busy):
            floor = min((self._classes.get(name, 0.0) for name, _ in busy), default=0.0)
            self._classes[group[0]] = max(floor, self._classes.get(group[0], 0.0))
        if group not in busy:
            floor = min((self._rooms.get(other, 0.0) for other in busy if other[0] == group[0]), default=0.0)
            self._rooms[group] = max(floor, self._rooms.get(group, 0.0))


class Pace:
    """How many prompt tokens a step may read so that those who are being answered hardly notice: a step with them
    takes at most STRETCH times as long as one without. Learnt from the steps; ``fixed`` above 0 is taken instead.
    """

    STRETCH = 2.0
    LEAST = 16
    FIRST = 32  # while nothing is known
    KEPT = 0.8  # of an old estimate when a new one comes

    def __init__(self, most: int, fixed: int = 0) -> None:
        self._most = most
        self._fixed = fixed
        self._step_s = 0.0
        self._token_s = 0.0

    def budget(self, decoding: int) -> int:
        if self._fixed:
            return self._fixed
        if not decoding:
            return self._most
        if not self._step_s or not self._token_s:
            return self.FIRST
        tokens = int((self.STRETCH - 1) * self._step_s / self._token_s)
        return max(self.LEAST, min(self._most, tokens))

    def note(self, decoded: int, prefilled: int, seconds: float) -> None:
        """A step took so long."""
        if decoded and not prefilled:
            self._step_s = self._mean(self._step_s, seconds)
        elif prefilled >= self.LEAST:
            rest = seconds - (self._step_s if decoded else 0.0)
            self._token_s = self._mean(self._token_s, max(rest, 0.1 * seconds) / prefilled)

    def _mean(self, old: float, new: float) -> float:
        return self.KEPT * old + (1 - self.KEPT) * new if old else new
