"""Who comes next, and how much of the prompts one step may read. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from inference_worker.job import BACKGROUND

T = TypeVar("T")
Group = tuple[str, str]  # class, room
GENERATED = 2  # a generated token counts as so many prompt tokens
MANY = 1_024  # groups whose counters are kept before the idle ones are looked through


def _always(*_: object) -> bool:
    return True


class FairQueue(Generic[T]):
    """Virtual token counters: the class that was served least comes first, in it the room that was served least, and
    in that the oldest request. Who was away does not save up: on its return a group starts where the others are. What
    nobody waits for (BACKGROUND) comes last.

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

    def pop(self, ready: Callable[[T], bool], admit: Callable[[T, Group], bool] = _always) -> tuple[T, Group] | None:
        """The next one that is ready. It counts as running until ``leave``.

        None also when ``admit`` has no room for it: if others came in its place, who need less, they would take that
        room again and again.
        """
        found = self._next(ready)
        if found is None or not admit(*found):
            return None
        item, group = found
        self._running[group] = self._running.get(group, 0) + 1
        self._drop(group, item)
        return found

    def giver(self, asks: Group) -> Group | None:
        """All places are taken: the group that should give one up for ``asks``, if there is such."""
        giver = gives_way(self._running, asks)
        # Who was given more before has no right to what others have now.
        return giver if giver and self._served(asks) < self._served(giver) else None

    def _next(self, ready: Callable[[T], bool]) -> tuple[T, Group] | None:
        for group in sorted(self._lines, key=self._served):
            found = next((item for item in self._lines[group] if ready(item)), None)
            if found is not None:
                return found, group
        return None

    def remove(self, item: T) -> None:
        for group, line in list(self._lines.items()):
            if item in line:
                self._drop(group, item)
        self._forget()

    def charge(self, group: Group, tokens: float) -> None:
        self._classes[group[0]] = self._classes.get(group[0], 0.0) + tokens
        self._rooms[group] = self._rooms.get(group, 0.0) + tokens

    def leave(self, group: Group) -> None:
        left = self._running.pop(group, 1) - 1
        if left > 0:
            self._running[group] = left
        self._forget()

    def _forget(self) -> None:
        """When all is quiet everything; else, when there are many, the groups that neither wait nor run."""
        busy = self._busy()
        if not busy or len(self._rooms) > MANY:
            names = {name for name, _ in busy}
            self._rooms = {group: served for group, served in self._rooms.items() if group in busy}
            self._classes = {name: served for name, served in self._classes.items() if name in names}

    def _drop(self, group: Group, item: T) -> None:
        line = self._lines[group]
        line.remove(item)
        if not line:
            del self._lines[group]

    def _served(self, group: Group) -> tuple[bool, float, float]:
        return group[0] == BACKGROUND, self._classes.get(group[0], 0.0), self._rooms.get(group, 0.0)

    def _busy(self) -> set[Group]:
        return {*self._lines, *self._running}

    def _lift(self, group: Group) -> None:
        """Who comes back stands among those who are there: it has saved nothing up, and owes nothing to who came later."""
        busy = self._busy()
        if all(group[0] != name for name, _ in busy):
            others = [self._classes.get(name, 0.0) for name, _ in busy]
            self._classes[group[0]] = _among(self._classes.get(group[0], 0.0), others)
        if group not in busy:
            others = [self._rooms.get(other, 0.0) for other in busy if other[0] == group[0]]
            self._rooms[group] = _among(self._rooms.get(group, 0.0), others)


def _among(own: float, others: list[float]) -> float:
    return min(max(own, min(others)), max(others)) if others else own


def gives_way(places: Mapping[Group, int], asks: Group) -> Group | None:
    """Whose newest request should wait so that ``asks`` has a place: what nobody waits for; else the room with the most
    of the class with the most, when that has two more than the asking class and the room more than the asking room; else
    the room with the most in the asking class, when it has two more. So nobody ends with less than who asked, and who
    has given way does not ask at once. None: nobody's.

    ``places``: how many each group has.
    """
    if asks[0] == BACKGROUND:
        return None
    quiet = next((group for group in places if group[0] == BACKGROUND), None)
    if quiet is not None:
        return quiet
    of_class: Counter[str] = Counter()
    for group, count in places.items():
        of_class[group[0]] += count
    has, mine = places.get(asks, 0), asks[0]
    other = max(of_class, key=of_class.__getitem__, default=mine)
    room = _largest(places, other)
    if room is not None and of_class[other] >= of_class[mine] + 2 and places[room] > has:
        return room
    room = _largest(places, mine)
    return room if room is not None and places[room] >= has + 2 else None


def _largest(places: Mapping[Group, int], name: str) -> Group | None:
    """The room of the class ``name`` with the most places."""
    return max((group for group in places if group[0] == name), key=places.__getitem__, default=None)


def helpings(left: Sequence[int], budget: int) -> list[int]:
    """How much of each unread prompt a step reads. Half is the first one's, so that it comes to its end; then the short
    ones, so that nobody's line waits behind somebody's book; then the first one again.
    """
    reads = [0] * len(left)
    short = sorted(range(1, len(left)), key=left.__getitem__)
    for at, most in [(0, -(-budget // 2)), *((at, budget) for at in short), (0, budget)]:
        if at < len(left):
            more = min(left[at] - reads[at], most, budget)
            reads[at] += more
            budget -= more
    return reads


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
