"""Rows about other versions of the truth: E23, E24."""

from __future__ import annotations

import copy
import json
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from tests.chaos.oracle import ENDS
from tests.chaos.round import Round
from tests.chaos.screen import Frame, Screen

OLD = json.loads((Path(__file__).parents[1] / "fixtures" / "client-v1.json").read_text())
NOT_SENT = {"join", "ping"}  # the screen itself sends them, in the old client's form


def old_client(round: Round) -> None:
    """E23: every frame that the first client could send, and every field that it read, at the server of today."""
    old, other = round.join(2)
    question = round.ask(other, words=120, rate=30)
    answer = round.written(question, 5)
    sent = []
    for case in OLD["client"]:
        frame = _own(case["frame"], old, answer)
        if frame["type"] not in NOT_SENT:
            sent.append((case["name"], round.send(old, frame["type"], frame["id"], **frame["data"])))
            round.until(lambda: not old.unanswered, f"{case['name']} is answered")
    round.inject(len(sent))
    for name, frame_id in sent:
        reply = old.sent[frame_id].reply or {}
        done = reply["type"] == "ack" or reply["code"] in {"not_running", "busy"}
        round.expect(done, f"{name}: {reply}")
    joins = [case for case in OLD["client"] if case["frame"]["type"] == "join"]
    for case in joins:
        data = case["frame"]["data"]
        sockets, old.cursor, old.epoch = old.socket, data.get("after"), data.get("epoch")
        round.house.background.call(old.drop)
        round.until(partial(_came, old, sockets), f"{case['name']} gives the room")
    round.expect(old.frames[0]["data"]["v"] == OLD["server"]["hello"]["data"]["v"], "hello names another version")
    round.healed()
    round.until(lambda: _all_ended(round), "every answer has its end")
    for frame in old.frames:
        sample = OLD["server"].get(frame["type"])
        missing = _missing(sample, frame) if sample else []
        round.expect(not missing, f"{frame['type']} lacks {missing}, which the old client reads")


def _came(screen: Screen, sockets: int) -> bool:
    """It has a new socket, and on that a snapshot: each of the recorded cursors is none of this room's."""
    frames = [entry.frame["type"] for entry in screen.entries if entry.socket > sockets]
    return "snapshot" in frames


def _all_ended(round: Round) -> bool:
    log = round.house.truth(round.room).frames
    asked = {frame["data"]["answer"] for frame in log if frame["type"] == "answer.asked"}
    return asked == {frame["data"]["answer"] for frame in log if frame["type"] in ENDS}


def _own(frame: Frame, screen: Screen, answer: str) -> Frame:
    """The recorded frame with this round's ids; whose hand is lowered, and which answer is stopped, is this room's."""
    frame = copy.deepcopy(frame)
    data: dict[str, Any] = frame.setdefault("data", {})
    if "answer" in data:
        data["answer"] = answer
    if data.get("user"):
        data["user"] = screen.person.id
    if "access" in data:
        data["access"] = screen.person.token
    return {**frame, "id": str(uuid.uuid4())}


def _missing(sample: Any, frame: Any, path: str = "") -> list[str]:
    """Fields of the sample that the frame does not have; lists and ids are as long as they are."""
    if not isinstance(sample, dict) or not isinstance(frame, dict):
        return []
    here = [f"{path}{name}" for name in sample if name not in frame]
    deeper = [one for name in sample if name in frame for one in _missing(sample[name], frame[name], f"{path}{name}.")]
    return [*here, *deeper]


def restored(round: Round) -> None:
    """E24: a backup, words and an answer behind it, then the backup restored under running or restarted processes."""
    house, screens = round.house, round.join(4)
    round.ask(screens[0], words=15, rate=0)
    round.say(screens[1])
    round.settle()
    path = house.data / f"{round.room}.backup"
    house.manage("backup", str(path))
    kept = len(house.truth(round.room).frames)
    round.chat(1.0)
    late = round.ask(screens[2], words=10, rate=0)
    round.until(lambda: round.end(late), "an answer that will be gone")
    round.settle()
    round.earlier.append(house.truth(round.room))
    running = round.number % 2 == 0
    if not running:
        for name in ("web1", "web2", "scribe"):
            house.stop(name)
    house.manage("restore", str(path), "--yes")
    round.inject()
    house.whole()
    round.until(lambda: house.truth(round.room).epoch in {s.epoch for s in screens}, "the new epoch reaches a screen")
    round.until(lambda: len({s.epoch for s in screens}) == 1 and screens[0].live, "everybody has the new epoch")
    round.forget()
    round.healed()
    log = house.truth(round.room)
    round.expect(log.frames[:kept] == round.earlier[0].frames[:kept], "what was backed up is back")
    round.expect(log.epoch != round.earlier[0].epoch, "the epoch is a new one")
