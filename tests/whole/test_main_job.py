"""The main job over real processes: a question, every word to everybody, whatever dies; on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any

import httpx2 as httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.bench import controls
from tests.bench.board_house import WirePeer
from tests.ledger import Account, Frame, Ledger, proven, text_of
from tests.services import NO_TLS, until
from tests.stack import Stack

pytestmark = pytest.mark.stack
SLOW = "@scripted rate=10 tokens=75"  # some seconds: time enough to come late, to leave, to break something


@pytest.fixture
def room(stack: Stack) -> str:
    return str(stack.demo["room"])


@pytest.fixture
def mia(stack: Stack) -> Account:
    return Account(stack, "mia")


@pytest.fixture
def ada(stack: Stack) -> Account:
    """The teacher, at the other web process."""
    return Account(stack, "ada", web=1)


def outsider(stack: Stack) -> Account:
    """Charlie: an account of nobody's class."""
    code = (
        "from classroom.people.models import User\n"
        "User.objects.filter(username='charlie').exists() or User.objects.create_user('charlie', password='chalk-and-talk')"
    )
    stack.manage("shell", "-v0", "-c", code)
    return Account(stack, "charlie", password="chalk-and-talk")


def same_as_log(ledger: Ledger, log: list[Frame]) -> None:
    """H1: each seq once, in order, and as the log has it."""
    seen = ledger.events
    assert [f["seq"] for f in seen] == list(range(seen[0]["seq"], seen[-1]["seq"] + 1))
    assert seen == log[seen[0]["seq"] - 1 : seen[-1]["seq"]]


def completed(answer: str, reader: Account, room: str, *ledgers: Ledger) -> list[Frame]:
    """Waits until each of them has seen the whole answer, and nothing else than the log; gives that log."""
    ends = [ledger.end_of(answer, timeout_s=90) for ledger in ledgers]
    assert [end["type"] for end in ends] == ["answer.completed"] * len(ends)
    log = reader.log(room)
    proven(ends[0], text_of(log, answer))
    for ledger in ledgers:
        same_as_log(ledger, log)
    return log


def test_every_word_reaches_everybody(stack: Stack, room: str, mia: Account, ada: Account) -> None:
    """Two web processes, a late joiner and somebody who reconnects end with the same bytes as the log (H1, H4, A6)."""
    asker, teacher = mia.join(room), ada.join(room)
    for ledger in (asker, teacher):
        ledger.until("snapshot")
    noah = Account(stack, "noah", web=1)
    answer = asker.ask(SLOW)
    teacher.until("answer.delta")
    late = noah.join(room)
    state = late.until("snapshot")["data"]["state"]
    shown = next(item for item in state["items"] if item.get("answer") == answer)
    assert shown["state"] == "running"
    assert shown["text"]
    cursor = teacher.events[-1]["seq"]
    teacher.socket.close()
    again = ada.join(room, after=cursor, epoch=teacher.hello["data"]["epoch"])
    ends = [ledger.end_of(answer) for ledger in (asker, late, again)]
    log = mia.log(room)
    for end in ends:
        proven(end, text_of(log, answer))
    assert text_of(asker.frames, answer) == text_of([*teacher.frames, *again.frames], answer) == ends[0]["data"]["text"]
    for ledger in (asker, late, again):
        same_as_log(ledger, log)
    kept = ends[0]["data"]
    assert kept["model"]
    assert kept["completion_tokens"] == 75
    assert kept["first_token_ms"] <= kept["total_ms"]


def test_an_answer_outlives_its_viewers(room: str, mia: Account) -> None:
    ledger = mia.join(room)
    answer = ledger.ask(SLOW)
    ledger.until("answer.delta")
    ledger.socket.close()
    back = mia.join(room, after=ledger.events[-1]["seq"])
    end = back.end_of(answer)
    assert end["type"] == "answer.completed"
    proven(end, text_of([*ledger.frames, *back.frames], answer))


def test_a_stop_is_final(stack: Stack, room: str, mia: Account, ada: Account) -> None:
    """A3: anybody who may write stops it; nothing comes behind; a second stop says so."""
    asker, other = mia.join(room), ada.join(room)
    other.until("snapshot")
    answer = asker.ask("@scripted rate=25 tokens=500")
    other.until("answer.delta")
    other.reply(other.send("answer.stop", answer=answer))
    end = asker.end_of(answer)
    assert end["type"] == "answer.stopped"
    assert end["by"]["name"] == "Ada"
    proven(end, text_of(asker.frames, answer))
    refused = other.reply(other.send("answer.stop", answer=answer))
    assert refused["code"] == "not_running"
    time.sleep(1.0)
    assert mia.log(room)[-1]["seq"] == end["seq"]


def test_a_pause_outlives_its_worker(stack: Stack, room: str, mia: Account, ada: Account) -> None:
    """A7, A8: the teacher pauses, the worker is killed meanwhile, and after the resume no word is lost or doubled."""
    asker, teacher = mia.join(room), ada.join(room)
    teacher.until("snapshot")
    answer = asker.ask("@scripted rate=12 tokens=60")
    for kill in (False, True):
        asker.until("answer.delta")
        assert teacher.reply(teacher.send("answer.pause", answer=answer))["type"] == "ack"
        asker.until("answer.paused")
        if kill:
            stack.kill("inference")
            stack.start("inference")
        time.sleep(1.0)
        log = mia.log(room)
        assert log[-1]["type"] == "answer.paused", "nothing is shown while it is paused"
        assert asker.reply(asker.send("answer.resume", answer=answer))["code"] == "forbidden"
        assert teacher.reply(teacher.send("answer.resume", answer=answer))["type"] == "ack"
        asker.until("answer.resumed")
    completed(answer, mia, room, asker, teacher)


def test_a_word_put_in_is_answered_at_once(room: str, mia: Account, ada: Account) -> None:
    """A9: the answer goes on as the reply to it, on every screen, in one text."""
    asker, other = mia.join(room), ada.join(room)
    other.until("snapshot")
    answer = asker.ask("@scripted rate=12 tokens=500")
    other.until("answer.delta")
    other.reply(other.send("answer.insert", answer=answer, text="@scripted text=Because of symmetry 对称."))
    ends = [ledger.end_of(answer) for ledger in (asker, other)]
    log = mia.log(room)
    inserted = next(f for f in log if f["type"] == "answer.inserted" and f["data"]["answer"] == answer)
    assert inserted["by"]["name"] == "Ada"
    for end in ends:
        proven(end, text_of(log, answer))
        assert end["data"]["text"][inserted["data"]["offset"] :] == "Because of symmetry 对称."
    late = mia.join(room).until("snapshot")["data"]["state"]
    item = next(one for one in late["items"] if one.get("answer") == answer)
    assert item["inserts"] == [
        {"offset": inserted["data"]["offset"], "text": inserted["data"]["text"], "by": inserted["by"]}
    ]


def test_every_hand_on_an_answer_is_one_event_on_three_screens(stack: Stack) -> None:
    """What `make bench` measures of stop, pause, insert and supersede, here without looking at the times."""
    found, script = controls.Found(), "@scripted rate=20 tokens=500"
    controls.house_measure(stack, controls.Size(rounds=1, questions=(script,), word=script), found)
    assert all(figure.value is not None for figure in controls.figures_of(found))
    assert set(found.first_ms) == {"pause", "insert"}


def test_a_tool_is_called_in_the_middle_of_an_answer(room: str, mia: Account, ada: Account) -> None:
    """K1, K3, K5: the class worker runs it, the answer goes on with the result, and nobody sees how it was called."""
    asker, teacher = mia.join(room), ada.join(room)
    teacher.until("snapshot")
    call = '<tool_call>{"name": "calculate", "arguments": {"expression": "170*190"}}</tool_call>'
    answer = asker.ask(f"@scripted text=Look. {call} 好: {{result}}")
    found = teacher.until("answer.tool_returned")["data"]
    assert (found["answer"], found["outcome"], found["text"]) == (answer, "done", "32300")
    log = completed(answer, mia, room, asker, teacher)
    assert text_of(log, answer) == 'Look. \n\n 好: {"result": "32300"}'
    late = mia.join(room).until("snapshot")["data"]["state"]
    (card,) = next(one for one in late["items"] if one.get("answer") == answer)["tools"]
    assert (card["asked"], card["offset"], card["text"]) == ("Calculated: 170*190", 8, "32300")


def test_the_tutor_draws_on_the_board_and_is_asked_about_it(
    stack: Stack, room: str, mia: Account, ada: Account
) -> None:
    """K8, A13, Q20–Q22: what the class worker drew is on the board at the other web process, as a file and as a question."""
    asker = mia.join(room)
    points = [{"kind": "point", "id": name, "at": at} for name, at in (("A", [0, 0]), ("B", [4, 0]), ("C", [0, 3]))]
    figure = {"name": "draw", "arguments": {"objects": [*points, {"kind": "polygon", "points": ["A", "B", "C"]}]}}
    asker.ask(f"@scripted text=Look. <tool_call>{json.dumps(figure)}</tool_call> {{result}}")
    shapes = asker.until("answer.tool_returned")["data"]["board"]
    assert len(shapes) == 7  # three points with their names, and a polygon
    asker.until("answer.completed")
    boards = ada.call("GET", f"/api/rooms/{room}/boards/").json()["documents"]
    board = next(one["id"] for one in boards if one["kind"] == "board")
    svg = ada.call("GET", f"/api/boards/{board}/export.svg")
    assert (svg.status_code, svg.text.count("<polygon"), svg.text.count(">B<")) == (200, 0, 1)
    assert ada.call("GET", f"/api/boards/{board}/export.pdf").content.startswith(b"%PDF")
    drawn = ada.call("POST", f"/api/boards/{board}/formulas/", json={"latex": "a^2+b^2=c^2"}).json()
    assert drawn["paths"]
    asker.send("answer.ask", text="@scripted text=fine", about={"document": board, "shapes": shapes[:1]})
    about = asker.until("answer.asked")["data"]["about"]
    assert (about["shapes"], "drawn by the tutor" in about["text"]) == (shapes[:1], True)
    asker.until("answer.completed")
    charlie = outsider(stack)
    assert charlie.call("GET", f"/api/boards/{board}/export.svg").status_code == 404


def test_a_room_climbs_its_ladder(room: str, mia: Account, ada: Account) -> None:
    """N3, N5, N6, N7: a written hint at once, one that the tutor phrases, the same on both web processes."""
    asker, teacher = mia.join(room), ada.join(room)
    teacher.until("snapshot")
    asker.reply(asker.send("message.post", text="We have x + y = 35"))
    assert asker.reply(asker.send("hint.request"))["type"] == "ack"
    given = teacher.until("hint.given")
    assert (given["data"]["rung"], given["data"]["answer"], given["data"]["asked_by"]["name"]) == (1, None, "Mia")
    assert given["data"]["text"]
    assert asker.reply(asker.send("teacher.rung", rung=5))["code"] == "forbidden"
    assert teacher.reply(teacher.send("teacher.rung", rung=4))["type"] == "ack"
    asker.until("rung.moved")
    assert asker.reply(asker.send("hint.request"))["type"] == "ack"
    phrased = teacher.until("hint.given")["data"]
    assert (phrased["rung"], phrased["text"]) == (4, "")
    completed(phrased["answer"], mia, room, asker, teacher)
    assert asker.reply(asker.send("hint.request"))["code"] == "forbidden", "asking reaches no further"
    state = mia.join(room).until("snapshot")["data"]["state"]
    assert state["ladder"]["rung"] == 4
    assert next(one for one in state["items"] if one.get("answer") == phrased["answer"])["hint"] == 4


def test_questions_wait_for_their_turn(room: str, mia: Account) -> None:
    ledger = mia.join(room)
    first = ledger.ask("@scripted rate=8 tokens=40")
    frame_id = ledger.send("answer.ask", text="@scripted tokens=5")
    queued = ledger.until("answer.queued")
    assert queued["data"]["position"] == 1
    second = queued["data"]["answer"]
    ends = [ledger.end_of(first), ledger.end_of(second)]
    assert [end["type"] for end in ends] == ["answer.completed"] * 2
    assert any(f["type"] == "ack" and f["ref"] == frame_id for f in ledger.frames)


def test_a_frame_that_comes_again_happens_once(room: str, mia: Account) -> None:
    """F3, A1, J4: over the socket and over POST."""
    ledger = mia.join(room)
    frame = {"type": "message.post", "id": str(uuid.uuid4()), "data": {"text": "only once"}}
    ledger.socket.send(json.dumps(frame))
    seq = ledger.reply(frame["id"])["seq"]
    reply = httpx.post(
        f"{mia.url}/api/rooms/{room}/events/", json=frame, headers=mia.headers, timeout=20, verify=NO_TLS
    )
    assert reply.json() == {"type": "ack", "ref": frame["id"], "seq": seq}
    assert sum(f["data"].get("text") == "only once" for f in mia.log(room)) == 1


def test_the_event_stream_goes_on_where_it_was(room: str, mia: Account) -> None:
    """X1: an event stream with Last-Event-ID gets what is missing, then what comes."""
    ledger = mia.join(room)
    seq = ledger.reply(ledger.send("message.post", text="before"))["seq"]
    headers = {**mia.headers, "Accept": "text/event-stream", "Last-Event-ID": str(seq - 1)}
    frames: list[Frame] = []
    with httpx.stream(
        "GET", f"{mia.url}/api/rooms/{room}/events/", headers=headers, timeout=20, verify=NO_TLS
    ) as stream:
        assert stream.headers["X-Accel-Buffering"] == "no"
        ledger.send("message.post", text="after")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                frames.append(json.loads(line[6:]))
            if frames and frames[-1]["data"].get("text") == "after":
                break
    assert frames[0]["type"] == "hello"
    assert [f["seq"] for f in frames if f["seq"] is not None] == [seq, seq + 1]


def test_the_long_poll_waits_and_tells(room: str, mia: Account) -> None:
    """X2: what is missing at once; the bad cursor is named."""
    ledger = mia.join(room)
    seq = ledger.reply(ledger.send("message.post", text="for the poll"))["seq"]
    url = f"{mia.url}/api/rooms/{room}/events/"
    epoch = ledger.hello["data"]["epoch"]
    told = httpx.get(
        f"{url}?after={seq - 1}&epoch={epoch}&wait=5", headers=mia.headers, timeout=20, verify=NO_TLS
    ).json()["frames"]
    assert [f["seq"] for f in told] == [seq]
    wrong = httpx.get(f"{url}?after=x", headers=mia.headers, timeout=20, verify=NO_TLS)
    assert (wrong.status_code, wrong.json()["field"]) == (400, "after")


def test_a_long_log_is_told_without_waiting(room: str, mia: Account) -> None:
    """X1, X2: more than a socket may have pending comes in pages by poll, and whole by stream."""
    ledger = mia.join(room)
    first = ledger.reply(ledger.send("message.post", text="first"))["seq"]
    seqs = [ledger.reply(ledger.send("message.post", text=f"{n} " + "長" * 7_900))["seq"] for n in range(24)]
    url, epoch = f"{mia.url}/api/rooms/{room}/events/", ledger.hello["data"]["epoch"]
    pages, after = 0, first
    while after < seqs[-1]:
        told = httpx.get(
            f"{url}?after={after}&epoch={epoch}&wait=0", headers=mia.headers, timeout=10, verify=NO_TLS
        ).json()["frames"]
        assert [f["seq"] for f in told] == list(range(after + 1, told[-1]["seq"] + 1))
        pages, after = pages + 1, told[-1]["seq"]
    assert 1 < pages < len(seqs)
    headers = {**mia.headers, "Accept": "text/event-stream", "Last-Event-ID": str(first)}
    streamed: list[int] = []
    with httpx.stream("GET", url, headers=headers, timeout=10, verify=NO_TLS) as stream:
        for line in stream.iter_lines():
            if line.startswith("id: "):
                streamed.append(int(line[4:]))
            if streamed and streamed[-1] == seqs[-1]:
                break
    assert streamed == list(range(first + 1, seqs[-1] + 1))


def test_a_board_is_drawn_on_through_both_servers(stack: Stack, room: str, mia: Account, ada: Account) -> None:
    """Mia at one web process, her teacher at the other: strokes cross, a switch binds at once, and Charlie sees nothing."""

    def boards(who: Account) -> Any:
        return httpx.get(f"{who.url}/api/rooms/{room}/boards/", headers=who.headers, timeout=20, verify=NO_TLS)

    document = next(one["id"] for one in boards(mia).json()["documents"] if one["kind"] == "board")
    charlie = outsider(stack)
    assert boards(charlie).status_code == 404
    people = [(who, who.join(room).hello["data"]["you"]["id"]) for who in (mia, ada)]
    people.append((charlie, str(uuid.uuid4())))

    async def draw() -> None:
        pupil, teacher, outside = (WirePeer(person, document, who.ticket, who.url) for who, person in people)
        async with pupil, teacher, outside:
            await outside.connect()
            assert (outside.closed, outside.told, outside.frames) == (4404, [], [])
            await pupil.connect()
            await teacher.connect()
            keys = {pupil.draw(), teacher.draw()}
            await until(lambda: keys <= pupil.seen().keys() and keys <= teacher.seen().keys(), "both see both", 30)
            frame = {"type": "board.mode", "id": str(uuid.uuid4()), "data": {"mode": "locked"}}
            address = f"{ada.url}/api/rooms/{room}/events/"
            await asyncio.to_thread(httpx.post, address, json=frame, headers=ada.headers, timeout=20, verify=NO_TLS)
            await until(lambda: pupil.of("board.rights"), "the pupil hears of it", 30)
            pupil.draw()
            await until(lambda: pupil.refused, "and is held to it", 30)
            assert pupil.refused[0]["code"] == "forbidden"

    asyncio.run(draw())


def test_charlie_gets_nowhere(stack: Stack, room: str, mia: Account) -> None:
    """T1, T4: outsiders, unknown rooms, spent tickets and foreign origins get their code and no data."""
    charlie = outsider(stack)
    for place in (room, str(uuid.uuid4())):
        socket = charlie.open(place)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4404
        assert (
            httpx.get(
                f"{charlie.url}/api/rooms/{place}/events/", headers=charlie.headers, timeout=20, verify=NO_TLS
            ).status_code
            == 404
        )
    ticket = mia.ticket()
    mia.open(room, ticket=ticket).close()
    for bad in (ticket, "rubbish"):
        with pytest.raises(ConnectionClosed) as closed:
            mia.open(room, ticket=bad).recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    with pytest.raises(InvalidStatus):
        mia.open(room, origin="https://evil.example")
    assert httpx.get(f"{mia.url}/api/rooms/{room}/events/", timeout=20, verify=NO_TLS).status_code == 401
    assert ticket not in "".join(stack.logs(name) for name in stack.names)


def test_bad_frames_hurt_their_sender_only(room: str, mia: Account, ada: Account) -> None:
    """F5, F6, F7: an error that names the field, 4400 after five, 1009 for a giant; a bystander notices nothing."""
    bystander = ada.join(room)
    bystander.until("snapshot")
    ledger = mia.join(room)
    ledger.until("snapshot")
    for text in ("{", "[]", json.dumps({"type": "message.pst", "id": str(uuid.uuid4()), "data": {}}), "[" * 5000):
        ledger.socket.send(text)
        assert ledger.until("error")["code"] in {"bad_json", "unknown_type", "too_deep"}
    long = ledger.reply(ledger.send("message.post", text="x" * 20_000))
    assert (long["code"], long["field"]) == ("too_long", "data.text")
    assert ledger.close_code()[0] == 4400
    giant = mia.join(room)
    giant.socket.send("x" * 70_000)
    assert giant.close_code()[0] in (1009, 1006)
    empty = mia.join(room)
    refused = empty.reply(empty.send("answer.ask", text="   "))
    assert (refused["code"], refused["field"]) == ("empty", "data.text")
    asked = empty.reply(empty.send("message.post", text="still here"))
    assert bystander.until(lambda f: f.get("seq") == asked["seq"])["data"]["text"] == "still here"


@pytest.mark.parametrize("victim", ["scribe", "inference", "redis"])
def test_a_killed_part_costs_time_not_text(stack: Stack, room: str, mia: Account, ada: Account, victim: str) -> None:
    """R2, S1–S3, H6: SIGKILL in mid-answer; another goes on from what is stored, nothing lost and nothing doubled."""
    asker, other = mia.join(room), ada.join(room)
    for ledger in (asker, other):
        ledger.until("snapshot")
    answer = asker.ask("@scripted rate=12 tokens=75")
    asker.until("answer.delta")
    stack.kill(victim)
    stack.start(victim)
    log = completed(answer, mia, room, asker, other)
    if victim == "inference":
        starts = [f["data"]["attempt"] for f in log if f["type"] == "answer.started" and f["data"]["answer"] == answer]
        assert starts == [1, 2]


def test_a_scribe_that_hangs_is_said_and_nothing_is_lost(stack: Stack, room: str, mia: Account, ada: Account) -> None:
    """S6: who is there sees that saving is slow, who comes meanwhile too; when it goes on, so does everything."""
    asker, teacher = mia.join(room), ada.join(room)
    teacher.until("snapshot")
    answer = asker.ask("@scripted rate=25 tokens=50")
    asker.until("answer.delta")
    stack.pause("scribe")
    for ledger in (asker, teacher):
        assert ledger.until("saving.changed")["data"] == {"behind": True}
    late = ada.join(room)
    assert late.until("saving.changed")["data"] == {"behind": True}
    stack.resume("scribe")
    completed(answer, mia, room, asker, teacher)
    assert late.until("saving.changed")["data"] == {"behind": False}


def test_a_broken_tutor_is_said_and_the_chat_goes_on(stack: Stack, room: str, mia: Account) -> None:
    """A4: a failing model ends in words for people, not in silence."""
    ledger = mia.join(room)
    end = ledger.end_of(ledger.ask("@scripted fail"))
    assert (end["type"], end["data"]["reason"]) == ("answer.failed", "error")
    assert end["data"]["message"]
    assert ledger.reply(ledger.send("message.post", text="never mind"))["type"] == "ack"


def test_a_restart_says_when_to_come_back(stack: Stack, room: str, mia: Account, ada: Account) -> None:
    """F9: SIGTERM closes with 1012 and a time of its own; the other process serves on."""
    ledger, other = mia.join(room), ada.join(room)
    ledger.until("snapshot")
    stack.stop("web1")
    code, reason = ledger.close_code()
    stack.start("web1")
    stack.wait_ready()
    assert code == 1012
    assert reason.startswith("retry_ms=")
    assert other.reply(other.send("message.post", text="I am still here"))["type"] == "ack"
