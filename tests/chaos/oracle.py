"""The oracle: every screen's ledger beside the log. Pure: frames in, a verdict out.

* lost: a seq that a screen had to see and never saw, a frame that was acked or sent and is not in the log, a word that the
  model said and the log lacks, an answer without an end;
* doubled: a seq that came twice to one screen, a client's frame that became two events, a text that came twice;
* reordered: a seq that came after a later one;
* shown_not_stored: whatever a screen showed that the log does not have in the same bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]
ENDS = {"answer.completed", "answer.stopped", "answer.failed"}
KINDS = ("lost", "doubled", "reordered", "shown_not_stored")


@dataclass(slots=True)
class Verdict:
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def find(self, kind: str, what: str, count: int = 1) -> None:
        self.counts[kind] += count
        self.findings.append(f"{kind}: {what}")

    def add(self, other: Verdict) -> None:
        self.counts.update(other.counts)
        self.findings += other.findings

    @property
    def ok(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Log:
    """A room's log in one epoch, each event as its audience gets it. ``hidden``: seqs that not everybody may read.

    ``due``: as far every screen must have come (None: to its end). What the house writes while the screens are on their
    way home (a summary, a proposal) nobody can have seen.
    """

    epoch: str
    frames: Sequence[Frame]
    hidden: frozenset[int] = frozenset()
    due: int | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one screen saw, in order, and what it sent: {frame id: reply or None}."""

    name: str
    frames: Sequence[Frame]
    sent: Mapping[str, Frame | None] = field(default_factory=dict)


def judge(logs: Sequence[Log], ledgers: Iterable[Ledger], said: Mapping[str, str] | None = None) -> Verdict:
    """``logs``: every epoch of the room, the present one last. ``said``: by answer, what its model must have written."""
    verdict = Verdict()
    for log in logs:
        _log(verdict, log)
    _answers(verdict, logs[-1], said or {})
    for ledger in ledgers:
        _Reading(verdict, logs, ledger).judge()
        _sent(verdict, logs, ledger)
    return verdict


def texts(frames: Iterable[Frame]) -> dict[str, str]:
    """The text of each answer, from its deltas alone."""
    shown: dict[str, str] = {}
    for frame in frames:
        if frame["type"] == "answer.delta":
            key = frame["data"]["answer"]
            shown[key] = shown.get(key, "") + frame["data"]["text"]
    return shown


def _log(verdict: Verdict, log: Log) -> None:
    """J1, and A6: the log itself is whole."""
    seqs = [frame["seq"] for frame in log.frames]
    if seqs != list(range(1, len(seqs) + 1)):
        verdict.find("lost", f"the log's seqs are not 1 … {len(seqs)}")
    shown: dict[str, str] = {}
    over: set[str] = set()
    for frame in log.frames:
        key = str(frame["data"].get("answer", ""))
        if frame["type"] == "answer.delta":
            before = len(shown.get(key, ""))
            offset = frame["data"]["offset"]
            if offset != before or key in over:
                kind = "doubled" if offset < before or key in over else "lost"
                verdict.find(kind, f"seq {frame['seq']}: offset {offset} behind {before} of answer {key}")
            shown[key] = shown.get(key, "")[:offset] + frame["data"]["text"]
        elif frame["type"] in ENDS:
            if key in over:
                verdict.find("doubled", f"seq {frame['seq']}: answer {key} ends twice")
            over.add(key)
            _end(verdict, frame, shown.get(key, ""))
    refs = Counter((frame["ref"], (frame["by"] or {}).get("id")) for frame in log.frames if frame["ref"])
    for (ref, _), count in refs.items():
        if count > 1:
            verdict.find("doubled", f"client frame {ref} became {count} events", count - 1)


def _end(verdict: Verdict, frame: Frame, shown: str) -> None:
    data = frame["data"]
    proof = hashlib.sha256(data["text"].encode()).hexdigest()
    if data["text"] != shown or data["length"] != len(shown) or data["sha256"] != proof:
        verdict.find("lost", f"seq {frame['seq']}: the end of answer {data['answer']} has another text than its deltas")


def _answers(verdict: Verdict, log: Log, said: Mapping[str, str]) -> None:
    """Every question has an end, and a completed one has every word that the model wrote."""
    ends = {frame["data"]["answer"]: frame for frame in log.frames if frame["type"] in ENDS}
    for frame in log.frames:
        key = frame["data"].get("answer")
        if frame["type"] == "answer.asked" and key not in ends:
            verdict.find("lost", f"answer {key} has no end")
    for key, text in said.items():
        end = ends.get(key)
        if end is None:
            continue
        whole = end["data"]["text"]
        if (whole != text) if end["type"] == "answer.completed" else not text.startswith(whole):
            verdict.find("lost", f"answer {key}: {whole[:60]!r}… is not what the model wrote")


def _sent(verdict: Verdict, logs: Sequence[Log], ledger: Ledger) -> None:
    """Acked means stored, and everything was answered."""
    for frame_id, reply in ledger.sent.items():
        if reply is None:
            verdict.find("lost", f"{ledger.name}: frame {frame_id} was never answered")
        elif reply["type"] == "ack" and reply["seq"] is not None:
            stored = [log.frames[reply["seq"] - 1]["ref"] for log in logs if reply["seq"] <= len(log.frames)]
            if frame_id not in stored:
                verdict.find("shown_not_stored", f"{ledger.name}: frame {frame_id} was acked at {reply['seq']}")


class _Reading:
    """One screen's frames beside the log."""

    def __init__(self, verdict: Verdict, logs: Sequence[Log], ledger: Ledger) -> None:
        self.verdict, self.logs, self.ledger = verdict, {log.epoch: log for log in logs}, ledger
        self.last = logs[-1]
        self.log: Log | None = None
        self.cursor = 0
        self.holes: set[int] = set()

    def judge(self) -> None:
        for frame in self.ledger.frames:
            if frame["type"] == "snapshot":
                self._snapshot(frame)
            elif frame.get("seq") is not None and frame["type"] != "ack":
                self._event(frame)
        head = len(self.last.frames) if self.last.due is None else self.last.due
        if self.log is not self.last:
            self._find("lost", "it never saw the log of the present epoch", head or 1)
        elif self.cursor < head:
            self._find("lost", f"it stands at {self.cursor} of {head}", head - self.cursor)
        self._holes()

    def _find(self, kind: str, what: str, count: int = 1) -> None:
        self.verdict.find(kind, f"{self.ledger.name}: {what}", count)

    def _holes(self) -> None:
        if self.holes:
            self._find("lost", f"seqs {sorted(self.holes)[:10]} never came", len(self.holes))
        self.holes = set()

    def _snapshot(self, frame: Frame) -> None:
        epoch, seq = frame["data"]["epoch"], frame["seq"]
        self._holes()  # nothing below will come any more
        self.log, self.cursor = self.logs.get(epoch), seq
        if self.log is None or seq > len(self.log.frames):
            self._find("shown_not_stored", f"a snapshot at {seq} of epoch {epoch}")
            return
        stored = texts(self.log.frames[:seq])
        for item in frame["data"]["state"]["items"]:
            if item["kind"] == "answer" and item["text"] != stored.get(item["answer"], ""):
                self._find("shown_not_stored", f"the snapshot at {seq} has another text of answer {item['answer']}")

    def _event(self, frame: Frame) -> None:
        seq = frame["seq"]
        if self.log is None:
            self._find("shown_not_stored", f"seq {seq} before any state")
            return
        stored = self.log.frames[seq - 1] if seq <= len(self.log.frames) else None
        stub = frame["type"] == "event.hidden" and seq in self.log.hidden
        if stored != frame and not stub:
            self._find("shown_not_stored", f"seq {seq} ({frame['type']}) is not in the log like this")
        if seq == self.cursor + 1:
            self.cursor = seq
        elif seq in self.holes:
            self.holes.discard(seq)
            self._find("reordered", f"seq {seq} came after {self.cursor}")
        elif seq <= self.cursor:
            self._find("doubled", f"seq {seq} came again at {self.cursor}")
        else:
            self.holes.update(range(self.cursor + 1, seq))
            self.cursor = seq
