"""The tests' own house, on both databases: every process real, each can be hurt by name, none outlives the test."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.bench import slowcalls
from tests.ledger import Account
from tests.services import NO_TLS, wait_until
from tests.stack import Stack
from tests.supervisor.conftest import alive
from tests.whole.conftest import MEMORY_TURNS

pytestmark = pytest.mark.stack


def test_every_web_process_is_ready_on_a_port_of_its_own(stack: Stack) -> None:
    assert len(set(stack.ports)) == 2
    for number in range(2):
        assert stack.readiness(number)["ok"] is True


def test_the_demo_school_is_sown(stack: Stack) -> None:
    told = stack.demo
    assert told == json.loads(stack.manage("demo_info"))
    roles = [role for _, _, role in told["users"]]
    assert {"student", "assistant", "teacher", "observer", "admin"} == set(roles)
    assert roles[:3] == ["student"] * 3


def test_one_trace_leads_from_the_frame_to_the_worker_and_back(stack: Stack) -> None:
    """The id that stands in every frame of an answer finds its lines in the logs of all that had it in hand."""
    mia = Account(stack, "mia").join(str(stack.demo["room"]))
    end = mia.end_of(mia.ask("@scripted rate=0 tokens=5"))
    mia.socket.close()

    def said() -> dict[str, list[str]]:
        return {name: lines_of(stack.logs(name), end["trace"]) for name in ("web1", "inference", "scribe")}

    # Each says it when it has done it: a quick answer is kept before the web process says that it has been handed on.
    wait_until(lambda: all(said().values()) and "answer_written" in said()["inference"], "all have said it")
    assert said() == {
        "web1": ["answer_dispatched"],
        "inference": ["answer_taken", "answer_written"],
        "scribe": ["answer_kept"],
    }


def lines_of(log: str, trace: str) -> list[str]:
    """What a process has said of this trace, in the lines that programs read."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line["event"] for line in lines if line.get("trace") == trace]


@pytest.mark.parametrize("stack", ["postgres"], indirect=True)
def test_frames_that_stand_at_the_database_hold_up_nobody_elsewhere(stack: Stack) -> None:
    """What `make bench` measures, here without looking at the times: everything comes, in order, while they stand there."""
    found = slowcalls.Found()
    slowcalls.house_measure(stack, slowcalls.Size(viewers=3, seconds=1.0, rounds=1), found)
    assert found.waited_ms[0] > 150
    assert slowcalls.figures_of(found)[0].value is not None


def test_a_process_can_be_killed_and_started_by_name(stack: Stack) -> None:
    stack.kill("scribe")
    assert not stack.running("scribe")
    stack.start("scribe")
    assert stack.running("scribe")
    stack.wait_ready()
    assert "scribe" in stack.logs("scribe")


def test_a_process_can_be_held_still(stack: Stack) -> None:
    stack.pause("web1")
    assert stack.running("web1")
    assert stack.readiness(1)["ok"] is True
    stack.resume("web1")
    wait_until(lambda: stack.readiness(0).get("ok"), "it goes on")


def test_redis_can_be_killed_and_everything_finds_it_again(stack: Stack) -> None:
    stack.kill("redis")
    assert stack.readiness()["parts"]["redis"]["ok"] is False
    stack.start("redis")
    stack.wait_ready()


def test_a_command_that_fails_fails_the_test(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="no_such_command"):
        stack.manage("no_such_command")


def test_a_bare_connection_can_be_had(stack: Stack) -> None:
    with stack.connect("web2") as link:
        link.sendall(b"GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert link.recv(200).startswith(b"HTTP/1.")


def test_closing_leaves_nothing(tmp_path: Path) -> None:
    stack = Stack(tmp_path, without=["inference", "class"], seed=False)
    with stack:
        pids = [child.pid for child in stack.children.values()]
        assert stack.redis.child is not None
        pids.append(stack.redis.child.pid)
        wait_until(lambda: stack.readiness().get("parts"), "it answers")
    assert len(pids) == 3
    assert not any(map(alive, pids))


def test_a_process_that_ends_at_once_is_shown_with_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="ended: inference"),
        Stack(tmp_path, settings={"INFERENCE_SLOTS": "many"}, seed=False),
    ):
        pass


def test_w3_a_problem_is_solved_in_private_though_its_worker_dies(stack: Stack, tmp_path: Path) -> None:
    step = {"title": "", "kind": "TextBox", "answer_type": "numeric", "answers": ["$$42$$"], "hints": []}
    body = "@scripted rate=1 text=Answer: 42"
    row = {"id": "whispered", "title": "Whispered", "body": body, "steps": [step]}
    (tmp_path / "own.jsonl").write_text(json.dumps(row))
    stack.manage("import_problems", str(tmp_path / "own.jsonl"))
    before = stack.logs("inference").count("answer_taken")
    with ThreadPoolExecutor() as beside:
        told = beside.submit(
            stack.manage, "solve_problems", "--problem", "whispered", "--samples", "2", "--timeout", "100", "--patient"
        )
        wait_until(lambda: stack.logs("inference").count("answer_taken") == before + 2, "both samples are written")
        stack.kill("inference")
        stack.start("inference")
        said = told.result()
    assert "Whispered: Solved in private: 2 of 2 samples agree on $42$, which matches what is accepted." in said
    assert "1 of 1 are sealed" in said
    assert stack.logs("scribe").count("writing_handed_on") == 2
    assert "Answer: 42" not in json.dumps(Account(stack, "ada").log(str(stack.demo["room"])))


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
def test_m2_the_oldest_questions_of_a_long_lesson_are_told_in_short(stack: Stack) -> None:
    """By the worker, through queue, stream and scribe; staff hear of it, students of nothing but its place."""
    rooms = [one["id"] for one in Account(stack, "mia").call("GET", "/api/rooms/").json()]
    room = next(one for one in rooms if one != str(stack.demo["room"]))  # where nobody has asked yet
    mia = Account(stack, "mia").join(room)
    for number in range(MEMORY_TURNS + 2):
        mia.end_of(mia.ask(f"@scripted rate=0 tokens=5 question {number}"))
    mia.socket.close()

    def told() -> list[dict[str, Any]]:
        return [frame for frame in Account(stack, "ada").log(room) if frame["type"] == "memory.changed"]

    wait_until(lambda: bool(told()), "the memory has a summary", timeout_s=30)
    first = told()[0]
    assert (first["data"]["how"], first["by"]) == ("model", None)
    assert "question" in first["data"]["text"]
    hidden = next(frame for frame in Account(stack, "mia").log(room) if frame["seq"] == first["seq"])
    assert hidden == {"type": "event.hidden", "seq": first["seq"], "data": {}}


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
def test_the_counts_of_the_whole_house_are_one_page_whoever_answers(stack: Stack) -> None:
    """Two web processes, a killed one; no name, word or id of anybody."""
    room = str(stack.demo["room"])
    mia, ada = Account(stack, "mia"), Account(stack, "ada", web=1)

    def told(web: int) -> str:
        reply = httpx.get(f"{stack.urls[web]}/metrics", timeout=20, verify=NO_TLS)
        assert reply.status_code == 200
        return reply.text

    wait_until(lambda: "chalkstream_viewers 0.0" in told(1), "those of earlier tests are gone")
    ledgers = [mia.join(room), ada.join(room)]
    ledgers[0].end_of(ledgers[0].ask("@scripted rate=0 tokens=30 secret-word"))
    for web in (0, 1):
        wait_until(lambda web=web: "chalkstream_viewers 2.0" in told(web), "both processes' viewers are counted")
    page = told(1)
    assert "chalkstream_delivery_lag_seconds_count" in page
    assert "chalkstream_engine_tokens{" in page
    for word in ("Mia", "mia", "Ada", room, "secret-word"):
        assert word not in page
    stack.kill("web1")
    wait_until(lambda: "chalkstream_viewers 1.0" in told(1), "the dead one's viewers are gone")
    stack.start("web1")
    stack.wait_ready()
