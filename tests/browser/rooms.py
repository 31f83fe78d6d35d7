"""The room as a person meets it: found by roles and names, so that what is tested is what assistive technology sees."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.screens import Screen, eventually

ENDED = ("completed", "stopped", "failed")
# What the screen shows, line by line. A streamed answer must look exactly like the same text rendered at once.
SHOWN = """() => [...document.querySelectorAll("cs-room .line")].map((line) => {
    const said = line.querySelector("cs-markdown")?.text ?? "";
    const stream = line.querySelector("cs-stream");
    if (!stream) return {seq: Number(line.dataset.seq), text: said};
    const whole = document.createElement("cs-markdown");
    whole.text = stream.text;
    const bare = stream.cloneNode(true);  // what stands beside the text is not the text
    bare.querySelectorAll(".line-mark, .block-tools, .key-note").forEach((extra) => extra.remove());
    bare.querySelectorAll(".has-tools").forEach((block) => {
        block.classList.remove("key-step", "has-tools");
        if (!block.className) block.removeAttribute("class");
    });
    bare.normalize();
    const tidy = (node) => [...node.childNodes].map((child) => child.outerHTML ?? child.textContent).join("\\n");
    return {seq: Number(line.dataset.seq), text: said, answer: stream.text, state: line.dataset.state,
            alike: tidy(whole) === tidy(bare)};
})"""


class RoomScreen:
    """One person's open room."""

    def __init__(self, screen: Screen, room: str) -> None:
        self.screen, self.room = screen, room
        self.page = screen.page
        self.state = self.page.locator(".room-head .line-state")
        self.log = self.page.get_by_role("log")

    def open(self, *, query: str = "") -> RoomScreen:
        self.screen.open(f"/rooms/{self.room}/{query}")
        return self.live()

    def live(self, kind: str | None = None) -> RoomScreen:
        """Waits until the line is up; with ``kind``, over that transport."""
        wanted = '[data-phase="live"]' + (f'[data-kind="{kind}"]' if kind else "")
        expect(self.page.locator(f".line-state{wanted}")).to_have_count(1, timeout=30_000)
        expect(self.page.get_by_text("Opening the room…")).to_have_count(0)
        return self

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox")

    def choose(self, mode: str) -> None:
        """``Tutor`` or ``Chat``: who the next line is for."""
        self.page.get_by_role("radio", name=mode).check(force=True)

    def say(self, text: str) -> None:
        self._send("Chat", text)

    def ask(self, text: str) -> None:
        self._send("Tutor", text)

    def _send(self, mode: str, text: str) -> None:
        self.choose(mode)
        self.box.fill(text)
        # Right after a line was sent, Enter does nothing: it would be the same key pressed twice.
        expect(self.page.locator("button.send")).to_be_enabled()
        self.box.press("Enter")
        expect(self.box).to_have_value("")

    @property
    def stop_button(self) -> Locator:
        return self.page.get_by_role("button", name=re.compile("Stop"))

    def answer(self, number: int = -1) -> Locator:
        return self.page.get_by_role("group", name="The tutor's answer").nth(number)

    def shown(self) -> list[dict[str, Any]]:
        """Each line on the screen: {seq, text, answer?, state?, alike?}, texts as their Markdown source."""
        return list(self.page.evaluate(SHOWN))

    def answers(self) -> list[dict[str, Any]]:
        return [line for line in self.shown() if "answer" in line]

    def last_answer(self) -> dict[str, Any]:
        """The last answer on the screen; {} before there is one."""
        return next(reversed(self.answers()), {})

    def written(self, least: int = 1) -> dict[str, Any]:
        """Waits until at least so many characters of the last answer are on the screen."""

        def long_enough() -> dict[str, Any]:
            line = self.last_answer()
            return line if len(line.get("answer", "")) >= least else {}

        return dict(eventually(long_enough, "text", self.screen))

    def ended(self, state: str = "completed", *, timeout_s: float = 30.0) -> dict[str, Any]:
        """Waits for the end of the last answer and gives its line."""

        def at_its_end() -> dict[str, Any]:
            line = self.last_answer()
            return line if line.get("state") in ENDED else {}

        found = eventually(at_its_end, "the answer has ended", self.screen, timeout_s=timeout_s)
        assert found["state"] == state, found
        return dict(found)


def assert_equal_to_log(rooms: list[RoomScreen], log: list[dict[str, Any]]) -> None:
    """Every screen shows the log's words, byte for byte, in its order; and the log's own hashes are right."""
    wanted: dict[int, dict[str, Any]] = {}
    by_answer: dict[str, dict[str, Any]] = {}
    for event in log:
        if event["type"] in ("message.posted", "answer.asked"):
            wanted[event["seq"]] = {"seq": event["seq"], "text": event["text"]}
            by_answer[event.get("answer", "")] = wanted[event["seq"]]
        else:
            assert hashlib.sha256(event["text"].encode()).hexdigest() == event["sha256"]
            assert len(event["text"]) == event["length"]
            by_answer[event["answer"]] |= {"answer": event["text"], "state": event["type"].removeprefix("answer.")}
    for room in rooms:
        # The last words are painted with the next frame.
        eventually(partial(_alike, room), "streamed text looks like whole text", room.screen, timeout_s=5.0)
        settled = [line for line in room.shown() if line["text"]]
        for line in settled:
            line.pop("alike", None)
        assert [_bytes(line) for line in settled] == [_bytes(line) for line in wanted.values()]


def _alike(room: RoomScreen) -> bool:
    return all(line.get("alike", True) for line in room.shown())


def _bytes(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value.encode() if isinstance(value, str) else value for name, value in line.items()}
