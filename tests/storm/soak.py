"""A whole school for half an hour: sockets, rooms, talk and answers; then memory and descriptors beside those before."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.chaos.round import Round

SAMPLE_S = 2.0
TALK_S = 5.0  # between two lines of a room
ASK_S = 45.0  # between two questions of a room
WATCHED = ("web1", "web2", "scribe", "class")


@dataclass(frozen=True, slots=True)
class Sample:
    rss_mb: float
    descriptors: int
    kinds: Counter[str] = field(default_factory=Counter)  # the descriptors again, by what they lead to


def looked(pid: int) -> Sample:
    """Of one process, and of what it holds open (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    kinds = held(pid)
    return Sample(pages * 4096 / 2**20, kinds.total(), kinds)


def held(pid: int) -> Counter[str]:
    """What a process holds open, by kind: files by their name, sockets by whom they lead to (Linux)."""
    kinds: Counter[str] = Counter()
    sockets = _sockets(pid)
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            target = str(entry.readlink())
            kind, _, rest = target.partition(":[")
            kinds[sockets.get(rest[:-1], kind) if kind == "socket" else Path(target).name] += 1
    return kinds


def _sockets(pid: int) -> dict[str, str]:
    """By inode: "tcp from PORT", where PORT is our own end, or "unix PATH"; a unix socket's other end has no path."""
    net, found = Path(f"/proc/{pid}/net"), {}
    for name in ("tcp", "tcp6"):
        for line in (net / name).read_text().splitlines()[1:]:
            words = line.split()
            found[words[9]] = f"tcp from {int(words[1].rpartition(':')[2], 16)}"
    for line in (net / "unix").read_text().splitlines()[1:]:
        words = line.split()
        found[words[6]] = f"unix {Path(words[7]).name if len(words) > 7 else ''}".strip()
    return found


def soak(round: Round, sockets: int, rooms: int, seconds: float) -> dict[str, list[Sample]]:
    """``sockets`` people in ``rooms`` rooms for so long. Samples by process, taken while everybody was in."""
    house = round.house
    each = max(1, sockets // rooms)
    groups = [round.join(each)]
    for number in range(1, rooms):
        groups.append(round.join(each, room=house.room(), first=number * each))
    back_at_once(round)
    before = broken = broken_lines(round)
    samples: dict[str, list[Sample]] = {name: [] for name in WATCHED}
    begun = time.monotonic()
    talk = {number: begun + round.random.uniform(0, TALK_S) for number in range(rooms)}
    ask = {number: begun + round.random.uniform(0, min(ASK_S, seconds / 3)) for number in range(rooms)}
    sample = begun
    while (now := time.monotonic()) < begun + seconds:
        for number, group in enumerate(groups):
            if now >= talk[number]:
                talk[number] = now + TALK_S * round.random.uniform(0.5, 1.5)
                round.say(round.random.choice(group))
            if now >= ask[number]:
                ask[number] = now + ASK_S * round.random.uniform(0.5, 1.5)
                round.ask(round.random.choice(group), words=40, rate=20)
        if now >= sample:
            sample = now + SAMPLE_S
            if more := (now_broken := broken_lines(round)) - broken:
                print(f"{(now - begun) / 60:.1f} min: lines broke: {dict(more)}", file=sys.stderr, flush=True)
            broken = now_broken
            for name in WATCHED:
                samples[name].append(looked(house.children[name].pid))
        time.sleep(0.02)
    print(f"lines that broke: {dict(broken_lines(round) - before) or 'none'}", file=sys.stderr, flush=True)
    round.inject()
    round.healed()
    return samples


def broken_lines(round: Round) -> Counter[str]:
    """How many so far, by the code of the close and what stood beside it."""
    return Counter(f"{code} {reason}".strip() for screen in round.screens for code, reason in screen.closes)


def back_at_once(round: Round) -> None:
    """Every line ends and everybody is in again, as after a restart. The threads that a process has for that are all at work
    then, and what each of them opens it keeps: what comes later is growth."""
    had = [screen.socket for screen in round.screens]

    def drop() -> None:
        for screen in round.screens:
            screen.drop()

    round.house.background.call(drop)
    round.until(
        lambda: all(screen.live and screen.socket > one for screen, one in zip(round.screens, had, strict=True)),
        "everybody is in again",
    )


def growth(samples: Mapping[str, Sequence[Sample]]) -> tuple[float, int]:
    """From the first third's end to the last third, the worst process: RSS as a ratio, descriptors as a difference."""
    ratios, more = [], []
    for taken in samples.values():
        third = max(1, len(taken) // 3)
        early, late = taken[third : 2 * third] or taken, taken[-third:]
        ratios.append(median(s.rss_mb for s in late) / median(s.rss_mb for s in early))
        more.append(round_up(median(s.descriptors for s in late) - median(s.descriptors for s in early)))
    return max(ratios), max(more)


def moved(samples: Mapping[str, Sequence[Sample]]) -> list[str]:
    """For people: by process, the kinds of descriptors of which there were not as many at a third of the time as at the end."""
    lines = []
    for name, taken in samples.items():
        early, late = taken[len(taken) // 3].kinds, taken[-1].kinds
        changed = {kind: late[kind] - early[kind] for kind in sorted({*early, *late}) if late[kind] != early[kind]}
        if changed:
            lines.append(f"{name}: " + ", ".join(f"{kind} {early[kind]} {more:+}" for kind, more in changed.items()))
    return lines


def round_up(value: float) -> int:
    return int(-(-value // 1))
