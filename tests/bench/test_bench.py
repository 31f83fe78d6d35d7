"""The bench measures what it says: every figure is printed, nothing is lost on the way, and nobody gets in without right."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from classroom.supervisor.child import BASE_DIR
from tests.bench import __main__ as bench
from tests.bench import clicks, controls, firstvisit, processor, slowcalls
from tests.bench.__main__ import CLOSED_EVENTS, plan_for
from tests.bench.audience import Audience, percentile_ms
from tests.bench.crowds import Rows, lines_of
from tests.bench.crowds import figures_of as crowds_figures
from tests.bench.figures import Figure, figures_keep
from tests.bench.report import ROOMS, Pair, figures_of, table
from tests.bench.rig import PEERS, NotMeasured, Plan, Rig, Sitting, Way, installed
from tests.bench.sockets import Listener, Member, masked
from tests.bench.talk import Talk, Unanswered
from tests.browser.weight import Visit
from tests.stack import Stack

LINE = re.compile(r"figure [a-z0-9_]+ [0-9.e+-]+ goal (>=|<=|=) [0-9.]+")
SMALL = (3, 10)


def names(rooms: Iterable[int]) -> set[str]:
    kinds = ("websockets", "paced_cpu", "paced_p50_ratio", "paced_p99_ratio")
    return {f"{kind}_{room}" for kind in kinds for room in rooms} | {"rounds"}


CROWDS = {
    "paced_cpu_websockets",
    "paced_p99_ms",
    "busy_p99_ms",
    "busy_lost",
    "dead_readers_throughput",
    "dead_readers_rss_mb",
    "idle_memory_websockets",
    "sockets_in_one_process",
}
HOUSE = {
    "scribe_added_p95_ms",
    "scribe_vs_bulk_insert",
    "e2e_first_token_1_ms",
    "e2e_first_token_8_ms",
    "e2e_first_token_16_ms",
    "e2e_viewer_p50_ms",
    "e2e_viewer_p95_ms",
    "e2e_cpu_per_1000",
    "idle_rss_mb",
}
ALL = names(SMALL) | CROWDS | HOUSE


def sitting(way: Way, per_cpu_s: float, p50_ms: float = 2.0) -> Sitting:
    return Sitting(
        way=way,
        members=10,
        deliveries=100,
        expected=100,
        per_cpu_s=per_cpu_s,
        paced_per_cpu_s=per_cpu_s / 2,
        p50_ms=p50_ms,
        p99_ms=4 * p50_ms,
        commit_ms=p50_ms / 2,
        entering_cpu_ms=1.0,
    )


# ---- figures


def test_a_figure_is_one_line_with_its_goal() -> None:
    assert Figure("websockets_10", 0.98765, ">=", 0.5).line() == "figure websockets_10 0.988 goal >= 0.5"
    assert Figure("rounds", 3, ">=", 3, ours=True).line() == "figure rounds 3 goal >= 3"


def test_a_goal_is_met_from_the_bound_on() -> None:
    assert Figure("a", 0.5, ">=", 0.5).met is True
    assert Figure("a", 0.49, ">=", 0.5).met is False
    assert Figure("a", 3.0, "<=", 2.0).met is False
    assert Figure("a", None, "<=", 2.0).met is None


def test_a_missing_peer_is_unmeasured_and_only_our_own_gap_is_missing() -> None:
    peerless = figures_of({10: [Pair(sitting("ours", 100.0), None)]}, rounds=1)
    assert peerless[0].line() == "unmeasured websockets_10"
    assert not any(figure.missing for figure in peerless)
    without_us = figures_of({10: [Pair(None, sitting("bare", 100.0))]}, rounds=1)
    assert without_us[0].line() == "missing websockets_10"
    assert all(figure.missing for figure in without_us)
    nothing = figures_of({10: []}, rounds=3)
    assert all(figure.missing for figure in nothing)
    assert nothing[-1].line() == "missing rounds"


def test_a_figure_is_the_median_of_the_rounds_ratios() -> None:
    pairs = [Pair(sitting("ours", ours, p50_ms=6.0), sitting("bare", 100.0)) for ours in (90.0, 300.0, 110.0)]
    figures = {figure.name: figure.value for figure in figures_of({10: pairs}, rounds=3)}
    assert figures == {
        "websockets_10": pytest.approx(1.1),
        "paced_p50_ratio_10": pytest.approx(3.0),
        "paced_p99_ratio_10": pytest.approx(3.0),
        "paced_cpu_10": pytest.approx(1.1),
        "rounds": 3,
    }


def test_rooms_of_10_50_and_200_have_their_figures() -> None:
    pairs = {room: [Pair(sitting("ours", 100.0), sitting("bare", 100.0))] for room in ROOMS}
    assert ROOMS == (10, 50, 200)
    assert {figure.name for figure in figures_of(pairs, rounds=1)} == names(ROOMS)


def test_one_lost_round_counts_as_a_round_less() -> None:
    pairs = [Pair(sitting("ours", 100.0), sitting("bare", 100.0)), Pair(None, sitting("bare", 100.0))]
    figures = {figure.name: figure for figure in figures_of({10: pairs}, rounds=2)}
    assert figures["rounds"].value == 1
    assert figures["rounds"].met is False
    assert figures["websockets_10"].value == pytest.approx(1.0)


def test_the_table_has_a_line_for_each_room_even_without_figures() -> None:
    lines = table({10: [Pair(sitting("ours", 150.0), sitting("bare", 100.0))], 50: [Pair(None, None)]})
    assert len(lines) == 3
    assert "1.50x" in lines[1]
    assert "50%" in lines[1]
    assert "–" in lines[2]
    assert len({len(line) for line in lines}) == 1


def test_a_run_is_kept_as_json(tmp_path: Path) -> None:
    figures = [Figure("websockets_10", 1.5, ">=", 1.0), Figure("websockets_50", None, ">=", 1.0)]
    path = figures_keep(tmp_path / "bench", "delivery", figures, {"rounds": 1})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}Z\.json", path.name)
    kept = json.loads(path.read_text())
    assert kept["bench"] == "delivery"
    assert kept["measured"] == {"rounds": 1}
    assert kept["figures"][0] == {"name": "websockets_10", "value": 1.5, "op": ">=", "bound": 1.0, "met": True}
    assert kept["figures"][1]["value"] is None


def test_small_rooms_are_sent_more_events_and_all_of_them_a_bounded_number() -> None:
    closed = [plan_for(room, None).closed for room in (1, *ROOMS, 10_000)]
    assert closed == sorted(closed, reverse=True)
    assert (min(closed), max(closed)) == CLOSED_EVENTS
    assert plan_for(10, 300) == plan_for(200, 300)


# ---- the load client


class Wire(asyncio.Transport):
    """What a member writes; nothing is sent. Only the bytes matter here: the real sockets are in the round below."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self.written += b"closed"


def frame(text: str, opcode: int = 1) -> bytes:
    payload = text.encode()
    size = len(payload)
    head = bytes([0x80 | opcode, size]) if size < 126 else bytes([0x80 | opcode, 126]) + size.to_bytes(2)
    return head + payload


def event(seq: int, more: str = "") -> bytes:
    return frame(
        json.dumps({"type": "message.posted", "seq": seq, "data": {"text": f"0 w{more}"}}, separators=(",", ":"))
    )


@pytest.fixture
async def audience() -> Audience:
    _, writes = os.pipe()
    return Audience(writes)


@pytest.fixture
async def member(audience: Audience) -> Member:
    """A member of ours who has got in."""
    made = Member(audience, "host:1", "/ws/", "classroom.v1, ticket.x")
    made.connection_made(Wire())
    made.data_received(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
    made.data_received(frame('{"type":"hello","seq":null}') + frame('{"type":"snapshot","seq":0}'))
    assert made.entered.result() == 0
    audience._members = [made]
    return made


async def test_a_member_counts_events_however_the_stream_is_cut(audience: Audience, member: Member) -> None:
    stream = b"".join(event(seq, "x" * (seq * 40)) for seq in range(1, 8))
    for piece in (stream[i : i + 7] for i in range(0, len(stream), 7)):
        member.data_received(piece)
    await audience.expect(upto=7, timed=False)
    came = await audience.wait()
    assert came["disordered"] == came["restarted"] == 0
    assert audience._all_have == 7


async def test_a_hole_and_a_repeat_are_seen(audience: Audience, member: Member) -> None:
    member.data_received(event(1) + event(3) + event(3))
    assert audience._disordered == 2


async def test_a_second_snapshot_is_no_delivery(audience: Audience, member: Member) -> None:
    member.data_received(event(1) + frame('{"type":"snapshot","seq":9}'))
    assert audience._restarted == 1


async def test_other_frames_are_not_counted_and_a_ping_is_answered(audience: Audience, member: Member) -> None:
    wire = member._transport
    assert isinstance(wire, Wire)
    wire.written = b""
    member.data_received(frame('{"type":"presence.changed","seq":null}') + frame("beat", opcode=9))
    assert audience._deliveries == 0
    assert wire.written == masked(0xA, b"beat")


@pytest.mark.parametrize(("answer", "code"), [(b"HTTP/1.1 403 Forbidden\r\n\r\n", 403), (b"", 1006)])
async def test_who_is_turned_away_at_the_door_is_told_apart(audience: Audience, answer: bytes, code: int) -> None:
    made = Member(audience, "host:1", "/ws/", "classroom.v1, ticket.x")
    made.connection_made(Wire())
    made.data_received(answer)
    made.connection_lost(None)
    assert made.entered.result() == code


async def test_a_listener_counts_the_chunks_that_were_joined_in_one_delta(audience: Audience) -> None:
    made = Listener(audience, "host:1", "/ws/", "classroom.v1, ticket.x")
    made.connection_made(Wire())
    made.data_received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + frame('{"type":"snapshot","seq":3}'))
    await audience.expect(upto=0, timed=True, total=2)
    text = "1234567890123 and so 1234567890456 and "
    made.data_received(frame(f'{{"type":"answer.delta","seq":4,"data":{{"text":"{text}"}}}}') + event(5))
    came = await audience.wait()
    assert (came["deliveries"], came["disordered"]) == (2, 0)


async def test_deliveries_of_several_rooms_are_counted_together(audience: Audience, member: Member) -> None:
    await audience.expect(upto=0, timed=True, total=3)
    waiting = asyncio.ensure_future(audience.wait())
    await asyncio.sleep(0)
    member.data_received(event(1) + event(2))
    await asyncio.sleep(0)
    assert not waiting.done()
    member.data_received(event(3))
    came = await waiting
    assert (came["deliveries"], came["expected"]) == (3, 3)
    assert came["p99_ms"] > 0


def test_rows_are_medians_of_ratios_and_say_what_is_missing() -> None:
    rows = Rows()
    for ours, bare in ((10.0, 10.0), (12.0, 10.0), (30.0, 10.0)):
        rows.note("paced_cpu_ms_ours", ours)
        rows.note("paced_cpu_ms_bare", bare)
        rows.note("paced_p99_ms_ours", ours)
        rows.note("paced_p99_ms_bare", bare)
    figures = {figure.name: figure for figure in crowds_figures(rows)}
    assert figures.keys() == CROWDS
    assert figures["paced_cpu_websockets"].value == pytest.approx(1.2)
    assert (figures["paced_p99_ms"].value, figures["paced_p99_ms"].bound) == (12.0, 15.0)
    assert figures["idle_memory_websockets"].line() == "unmeasured idle_memory_websockets"  # a peer is not there
    assert {name for name, figure in figures.items() if figure.missing} == {
        "busy_p99_ms", "busy_lost", "dead_readers_throughput", "dead_readers_rss_mb", "sockets_in_one_process"
    }  # fmt: skip
    assert lines_of(rows)[0] == "paced_cpu_ms_ours: 10.00, 12.00, 30.00"


def test_a_percentile_of_nothing_is_nothing() -> None:
    assert percentile_ms([], 0.5) == 0.0
    assert percentile_ms([1_000_000, 2_000_000, 3_000_000], 0.5) == 2.0
    assert percentile_ms([1_000_000, 2_000_000, 3_000_000], 0.99) == 3.0


def test_a_machine_that_cannot_measure_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert bench.main() == 2
    assert "Both need Linux, and this is darwin" in capsys.readouterr().err


@pytest.mark.parametrize(("load", "busy"), [(0.0, False), (1000.0, True)])
def test_a_busy_machine_is_remarked(monkeypatch: pytest.MonkeyPatch, load: float, *, busy: bool) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    assert ("Other programs are busy" in processor.others()) is busy


def test_the_clock_of_a_process_goes_with_its_work() -> None:
    before = processor.cpu_s(os.getpid())
    sum(range(2_000_000))
    assert processor.cpu_s(os.getpid()) > before
    with pytest.raises(OSError, match="Invalid argument"):
        processor.cpu_s(2**22 + 1)


def test_a_child_that_ends_is_reported_with_what_it_said(tmp_path: Path) -> None:
    talk = Talk("tests.bench.producer", "--no-such-word", log=tmp_path / "log")
    with pytest.raises(Unanswered, match="required"):
        talk.hear(timeout_s=30)
    talk.close()


# ---- the real thing


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("rig")) as opened:
        yield opened


@pytest.mark.stack
@pytest.mark.parametrize("way", [way for way in ("ours", *PEERS, "go") if installed(way)])
def test_every_way_delivers_everything(rig: Rig, way: Way) -> None:
    done = rig.sitting(way, 7, Plan(warm=20, closed=200, paced=20))
    assert done.deliveries == done.expected == 7 * 220
    assert done.per_cpu_s > 0
    assert 0 < done.p50_ms <= done.p99_ms


@pytest.mark.stack
def test_an_outsider_is_refused_and_a_ticket_serves_once(rig: Rig) -> None:
    room = rig.room(1)
    assert rig.enter("ours", room["room"], [room["outsider"]]) == {"entered": 0, "refused": {"4404": 1}}
    assert rig.enter("ours", room["room"], [room["outsider"]]) == {"entered": 0, "refused": {"4401": 1}}


@pytest.mark.stack
def test_a_sitting_that_fails_gives_no_figure_and_the_next_one_does(rig: Rig) -> None:
    with pytest.raises(NotMeasured, match="room of 2"):
        rig.sitting("ours", 2, Plan(warm=1, closed=-1, paced=1))  # fails half-way, its members still there
    assert rig.sitting("ours", 3, Plan(warm=1, closed=20, paced=5)).deliveries == 3 * 25


# The controls are run in the house of tests/whole/test_main_job.py, the first visit to a page in tests/browser, slow calls
# in tests/whole/test_stack.py; real browsers beside a real model are for a run alone.
PARTS = [part for part in bench.PARTS if part not in {"controls", "browsers", "page", "slow"}]


def test_the_slowest_click_of_all_rounds_is_the_figure() -> None:
    found = controls.Found({"stop": [120.0, 480.0, 90.0], "pause": [501.0]}, {"pause": [900.0]})
    figures = {figure.name: figure for figure in controls.figures_of(found)}
    assert (figures["control_stop_ms"].value, figures["control_stop_ms"].met) == (480.0, True)
    assert figures["control_pause_ms"].met is False
    assert figures["control_insert_ms"].line() == "missing control_insert_ms"
    assert set(figures) == {f"control_{control}_ms" for control in controls.CONTROLS}
    assert controls.lines_of(found) == [
        "stop: median 120 ms of 3", "pause: median 501 ms of 1", "after a resume the answer goes on within 900 ms",
    ]  # fmt: skip


def test_the_slowest_click_in_three_browsers_is_the_figure() -> None:
    figures = clicks.figures_of({"stop": [90.0, 501.0], "pause": [40.0]})
    assert [figure.line() for figure in figures] == [
        "figure control_stop_browsers_ms 501 goal <= 500",
        "figure control_pause_browsers_ms 40 goal <= 500",
        "missing control_insert_browsers_ms",
    ]
    assert clicks.lines_of({"stop": [90.0, 501.0]}) == ["stop in three browsers: median 296 ms of 2"]


def test_slow_calls_are_a_ratio_of_each_round() -> None:
    found = slowcalls.Found([10.0, 20.0, 8.0], [15.0, 20.0, 32.0], [310.0, 305.0, 600.0])
    (figure,) = slowcalls.figures_of(found)
    assert figure.line() == "figure slow_database_p99_ratio 1.5 goal <= 2"
    assert slowcalls.lines_of(found)[1:] == [
        "p99 of a stream, beside slow calls: 15.0, 20.0, 32.0 ms", "a slow call took (median) 310, 305, 600 ms",
    ]  # fmt: skip


def test_a_first_visit_is_counted_in_requests_and_in_kilobytes() -> None:
    visit = Visit({"1": "/rooms/x/", "2": "/static/room.js"}, {"1": 6_000, "2": 295_000})
    assert [figure.line() for figure in firstvisit.figures_of(visit)] == [
        "figure page_requests 2 goal <= 20",
        "figure page_kb 301 goal <= 300",
    ]
    assert firstvisit.lines_of(visit)[0] == "  295.0 kB  /static/room.js"


def test_a_house_that_does_not_stand_gives_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def falls(*_: object) -> None:
        raise TimeoutError("never ready")

    monkeypatch.setattr(Stack, "open", falls)
    found = controls.measured(tmp_path, controls.Size(engine="scripted"), tmp_path)
    assert {figure.value for figure in controls.figures_of(found)} == {None}
    monkeypatch.setattr(clicks, "model_folder", lambda *_: None)
    assert clicks.measured(tmp_path, 1, tmp_path) == {}
    assert slowcalls.figures_of(slowcalls.measured(tmp_path, slowcalls.Size()))[0].missing
    assert [figure.missing for figure in firstvisit.figures_of(firstvisit.measured(tmp_path))] == [True, True]


@pytest.mark.stack
def test_a_run_prints_every_figure_and_keeps_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.bench",
            "--quick",
            "--events",
            "150",
            "--rooms",
            *map(str, SMALL),
            "--parts",
            *PARTS,
        ],
        cwd=BASE_DIR,
        env={**os.environ, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(("figure ", "unmeasured ", "missing "))]
    assert all(LINE.fullmatch(line) for line in lines), lines
    assert {line.split()[1] for line in lines} == ALL
    assert len(lines) == len(ALL)
    (kept,) = (tmp_path / "bench").iterdir()  # the run's own folder is gone
    run = json.loads(kept.read_text())
    assert {figure["name"] for figure in run["figures"]} == ALL
    assert len(run["measured"]["sittings"]) == 2 * len(SMALL)
    assert all(one["deliveries"] == one["expected"] > 0 for one in run["measured"]["sittings"])
    assert {one["row"] for one in run["measured"]["crowds"]} == {"paced", "dead", "idle", "many"}
