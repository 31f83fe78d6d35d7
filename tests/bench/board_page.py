"""The board's page in a headless Chromium: what a frame costs with 2,000 shapes, what the room loads first, whom it asks,
and what axe finds. Script, style and layout are the browser's own sums;
painting and whatever else its thread does is told apart."""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from tests.bench.figures import Figure

SHAPES: Final = 2_000
FRAMES: Final = 120
GOALS: Final = (
    ("frame_ms_2000_shapes", 8.0),
    ("first_load_kb", 200.0),
    ("offorigin_requests", 0.0),
    ("axe_serious", 0.0),
)
# Strokes, boxes and words, all of them in view; in portions that the server takes.
FILL: Final = """async ([count, portion]) => {
    const { desk } = document.querySelector("cs-board");
    const scene = desk.sheets.target.scene;
    const base = { rotation: 0, stroke: "#24568f", fill: null, fill_opacity: 1, opacity: 1, width: 3, text: "", latex: "",
                   image: null, alt: "", w: 0, h: 0, points: [] };
    const put = (at) => {
        const place = { x: (at % 50) * 70, y: Math.floor(at / 50) * 60 };
        const wave = Array.from({ length: 60 }, (_, n) => n % 3 === 2 ? 0.5 : n % 3 ? Math.round(20 * Math.sin(n)) + 20 : n);
        const kinds = [{ kind: "pen", points: wave }, { kind: "rectangle", w: 50, h: 30 },
                       { kind: "text", text: "x = " + at, w: 50, h: 30 }, { kind: "arrow", points: [0, 0, 50, 30] }];
        scene.add("1", { ...base, ...place, ...kinds[at % 4] });
    };
    for (let from = 0; from < count; from += portion) {
        scene.doc.transact(() => { for (let at = from; at < Math.min(count, from + portion); at++) put(at); });
        await new Promise((done) => setTimeout(done, 50));
    }
    desk.fit();
    await new Promise((done) => setTimeout(done, 1500));  // the picture is laid out a moment after the zoom
    return document.querySelectorAll(".board-world [data-shape]").length;
}"""
# One kind of work, a step each frame; gives how many frames it took.
WORK: Final = """async ([kind, frames]) => {
    const { desk } = document.querySelector("cs-board");
    const svg = document.querySelector(".board-svg");
    const box = svg.getBoundingClientRect();
    const event = (name, n) => svg.dispatchEvent(new PointerEvent(name, { pointerId: 1, pointerType: "mouse", bubbles: true,
        clientX: box.left + 150 + (n * 7) % 500, clientY: box.top + 150 + (n * 5) % 300, button: 0, buttons: 1 }));
    svg.setPointerCapture = () => undefined;  // no real pointer is down
    desk.choose(kind === "draw" ? "pen" : "select");
    const scene = desk.sheets.target.scene;
    const ids = [...scene.shapes.keys()];
    const steps = {
        draw: (n) => event(n === 0 ? "pointerdown" : n === frames - 1 ? "pointerup" : "pointermove", n),
        pan: (n) => desk.look({ ...desk.view, x: desk.view.x + (n % 2 ? 15 : -12), y: desk.view.y + 3 }),
        zoom: (n) => desk.look({ ...desk.view, zoom: desk.view.zoom * (n % 20 < 10 ? 1.02 : 1 / 1.02) }),
        others: (n) => scene.change(new Map([[ids[(n * 37) % ids.length], { x: n, y: n }]])),
    };
    for (let n = 0; n < frames; n++) {
        steps[kind](n);
        await new Promise((painted) => requestAnimationFrame(painted));
    }
    return frames;
}"""
KINDS: Final = ("draw", "pan", "zoom", "others")
SUMS: Final = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


@dataclass
class Seen:
    """What one run of the page gave. Milliseconds a frame by kind of work; kilobytes; counts."""

    frames: dict[str, float] = field(default_factory=dict)
    rest: dict[str, float] = field(default_factory=dict)
    first_load_kb: float | None = None
    foreign: list[str] | None = None
    axe: list[str] | None = None
    shapes: int = 0


class Session(Protocol):
    """Chromium's devtools of one page."""

    def send(self, method: str, params: dict[str, Any] | None = None) -> Any: ...


def figures_of(seen: Seen) -> list[Figure]:
    """The worst kind of work counts; a page on which not all shapes lay says nothing."""
    worst = max(seen.frames.values()) if seen.frames and seen.shapes >= SHAPES else None
    foreign = None if seen.foreign is None else float(len(seen.foreign))
    axe = None if seen.axe is None else float(len(seen.axe))
    values = (worst, seen.first_load_kb, foreign, axe)
    ops = ("<=", "<=", "=", "=")
    found = zip(GOALS, values, ops, strict=True)
    return [Figure(name, value, op, goal, ours=True) for (name, goal), value, op in found]


def sums(session: Session) -> tuple[float, float]:
    """Seconds of script, style and layout so far, and of all that the page's thread did."""
    metrics = {one["name"]: float(one["value"]) for one in session.send("Performance.getMetrics")["metrics"]}
    return sum(metrics[name] for name in SUMS), metrics["TaskDuration"]


def weight(bodies: dict[str, bytes]) -> float:
    """Scripts and styles as they go over the wire, in KB."""
    return sum(len(gzip.compress(body)) for body in bodies.values()) / 1024


def lines_of(seen: Seen) -> list[str]:
    told = [
        f"{kind} {ms:.2f} (painting and the rest {seen.rest.get(kind, 0.0):.2f})" for kind, ms in seen.frames.items()
    ]
    found = (
        [f"{seen.shapes} shapes in view; script, style and layout in ms a frame: " + ", ".join(told)] if told else []
    )
    return found + [f"off-origin: {url}" for url in seen.foreign or []] + [f"axe: {fault}" for fault in seen.axe or []]


def page(folder: Path, options: argparse.Namespace, result: Any, say: Callable[[str], None] = print) -> None:
    """The part of ``make bench-board``: a house, one person, one browser."""
    from playwright.sync_api import Error, sync_playwright

    from tests.browser.screens import chromium_start
    from tests.stack import Stack

    seen = Seen()
    try:
        with Stack(folder / "page", web=1, engine="scripted") as stack, sync_playwright() as playwright:
            browser = chromium_start(playwright)
            measure(browser, stack, seen, FRAMES // 4 if options.quick else FRAMES)
            browser.close()
    except (AssertionError, Error) as error:
        say(f"not measured: {error}")
    result.figures += figures_of(seen)
    result.lines += lines_of(seen)
    result.behind["page"] = asdict(seen)


def measure(browser: Any, stack: Any, seen: Seen, frames: int) -> None:
    """One room with a full page, and everything that was asked for on the way."""
    from playwright.sync_api import expect

    from tests.browser.boards import BoardScreen
    from tests.browser.pages import axe_faults
    from tests.browser.rooms import RoomScreen
    from tests.browser.school import Console
    from tests.browser.screens import Screen

    console = Console(stack)
    screen = Screen(browser, stack.urls[0], stack.urls, size=(1280, 800))
    try:
        room = RoomScreen(screen.sign_in("mia"), console.room_new("Two thousand shapes"))
        bodies: dict[str, bytes] = {}
        screen.page.on("response", lambda reply: keep(reply, bodies))
        room.open()
        screen.page.wait_for_load_state("networkidle")
        seen.first_load_kb = weight(bodies)
        BoardScreen(room).open()
        seen.axe = axe_faults(screen.page)
        seen.shapes = int(screen.page.evaluate(FILL, [SHAPES, 50]))
        expect(screen.page.locator(".board-line")).to_have_text("Saved", timeout=60_000)
        frames_measure(screen.page, seen, frames)
        seen.foreign = [fault for fault in screen.watch.faults if fault.startswith("foreign")]
    finally:
        screen.close()
        console.close()


def keep(reply: Any, bodies: dict[str, bytes]) -> None:
    path = urlsplit(reply.url).path
    if path.endswith((".js", ".css")):
        bodies[path] = reply.body()


def frames_measure(page: Any, seen: Seen, frames: int) -> None:
    """Each kind of work once to warm up and once for the sums."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for kind in KINDS:
        page.evaluate(WORK, [kind, frames // 4])
        before = sums(session)
        page.evaluate(WORK, [kind, frames])
        own, everything = (1000 * (now - then) / frames for now, then in zip(sums(session), before, strict=True))
        seen.frames[kind], seen.rest[kind] = own, everything - own
    session.detach()
