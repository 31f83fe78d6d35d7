"""The publisher on a real server: whatever happens to Redis and to the scribe, the text ends up whole, once."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest

from inference_worker.job import Persisted
from tests.inference_worker.line import Line, SmallScribe, data_lose, outputs_read, persisted_say
from tests.services import Valkey, wait_until

TEXT = "".join(f"Step {number}: $x_{number} = {number}^2$ 好的 👩‍🏫\n" for number in range(60))


def until_whole(scribe: SmallScribe, line: Line, *answers: str) -> None:
    for answer in answers:
        wait_until(lambda answer=answer: scribe.row(answer).done, f"{answer} is done", timeout_s=40)
        assert scribe.row(answer).whole
    wait_until(lambda: not line.publisher.running(), "everything is forgotten", timeout_s=40)


def test_the_text_arrives_in_order_with_its_hash(valkey: Valkey) -> None:
    with Line(valkey.url) as line, SmallScribe(valkey.url) as scribe:
        key = line.open("a")
        line.say(key, TEXT)
        assert line.publisher.running() == ("a:1",)
        line.publisher.end(key, "stop", {"completion_tokens": 9})
        until_whole(scribe, line, "a")
        row = scribe.row("a")
        assert row.raw == TEXT
        assert row.done is not None
        assert (row.done.reason, row.done.info, row.done.offset) == ("stop", {"completion_tokens": 9}, len(TEXT))
        assert (row.holes, row.repeats) == (0, 0)


def test_an_attempt_with_a_prefix_begins_behind_it(valkey: Valkey) -> None:
    with Line(valkey.url) as line, SmallScribe(valkey.url) as scribe:
        scribe.row("a").raw, scribe.row("a").attempt = "So far 好. ", 2
        key = line.open("a", 2, "So far 好. ")
        line.say(key, "And on.")
        line.publisher.end(key, "stop", {})
        until_whole(scribe, line, "a")
        assert scribe.row("a").raw == "So far 好. And on."
        assert min(output.offset for output in scribe.said) == len("So far 好. ")


def test_text_of_many_answers_is_joined_into_few_round_trips(valkey: Valkey, client: Any) -> None:
    with Line(valkey.url) as line, SmallScribe(valkey.url) as scribe:
        before = int(client.info("stats")["total_reads_processed"])
        keys = [line.open(f"a{number}") for number in range(20)]
        for key in keys:
            line.say(key, TEXT, size=2)
            line.publisher.end(key, "stop", {})
        until_whole(scribe, line, *[f"a{number}" for number in range(20)])
        pieces = 20 * len(TEXT) // 2
        assert int(client.info("stats")["total_reads_processed"]) - before < pieces / 4


def test_an_unconfirmed_done_is_sent_again_until_it_is(valkey: Valkey) -> None:
    with Line(valkey.url) as line, SmallScribe(valkey.url) as scribe:
        scribe.quiet.set()
        key = line.open("a")
        line.say(key, TEXT)
        line.publisher.end(key, "stop", {})
        wait_until(lambda: sum(output.kind == "done" for output in scribe.said) == 2, "done comes again")
        assert line.publisher.running() == ("a:1",)
        scribe.quiet.clear()
        wait_until(lambda: not line.publisher.running(), "it is confirmed")
        assert scribe.row("a").raw == TEXT


def test_a_hole_is_filled_from_where_the_scribe_stands(valkey: Valkey, client: Any) -> None:
    with Line(valkey.url) as line:
        key = line.open("a", prefix="0123")
        line.say(key, "456789", size=6)
        wait_until(lambda: outputs_read(client), "the text is sent")
        persisted_say(client, Persisted("a", 1, 2, hole=True))
        wait_until(lambda: any(output.offset == 2 for output in outputs_read(client)), "the hole is filled")
        assert outputs_read(client)[-1].text == "23456789"


def test_a_confirmed_end_is_forgotten_also_while_it_still_runs(valkey: Valkey, client: Any) -> None:
    with Line(valkey.url) as line:
        key = line.open("a")
        line.say(key, "text")
        persisted_say(client, Persisted("a", 1, 0, done=True))
        wait_until(lambda: not line.publisher.running(), "it is forgotten")
        line.say(key, "more")
        line.publisher.end(key, "stop", {})
        line.publisher.drop(key)
        assert line.publisher.running() == ()


def test_a_word_about_another_attempt_changes_nothing(valkey: Valkey) -> None:
    with Line(valkey.url) as line:
        line.open("a", 2)
        line.publisher.confirm(Persisted("a", 1, 0, done=True))
        line.publisher.confirm(Persisted("b", 1, 3, hole=True))
        assert line.publisher.running() == ("a:2",)


def test_nothing_is_appended_behind_the_end(valkey: Valkey) -> None:
    with Line(valkey.url) as line, SmallScribe(valkey.url) as scribe:
        scribe.quiet.set()
        key = line.open("a")
        line.publisher.append(key, "text")
        line.publisher.end(key, "stop", {})
        line.publisher.append(key, " and a ghost")
        line.publisher.end(key, "error", {})
        wait_until(lambda: scribe.row("a").done, "done")
        assert (scribe.row("a").raw, scribe.row("a").done.reason) == ("text", "stop")


@pytest.mark.parametrize("sign", ["\x00", "\ud800"])
def test_signs_that_no_database_can_keep_are_replaced(valkey: Valkey, sign: str) -> None:
    """A NUL is refused by PostgreSQL and half a surrogate by UTF-8: one such token would end the scribe for everybody."""
    with Line(valkey.url) as line, SmallScribe(valkey.url) as scribe:
        for name in ("a", "b"):
            key = line.open(name)
            line.publisher.append(key, f"one{sign}two")
            line.publisher.end(key, "error", {"message": f"bad {sign}"})
        until_whole(scribe, line, "a", "b")
        assert scribe.row("b").raw == "one\ufffdtwo"
        assert scribe.row("b").done.info == {"message": "bad \ufffd"}


def test_memory_is_bounded_by_giving_up_the_oldest_ended(valkey: Valkey) -> None:
    with Line(valkey.url, held_max=1_000) as line:
        for number in range(5):
            key = line.open(f"a{number}")
            line.publisher.append(key, "x" * 400)
            if number != 1:
                line.publisher.end(key, "stop", {})
        assert line.publisher.running() == ("a1:1", "a4:1"), "one that still runs is kept"


def test_stop_sends_what_is_there(valkey: Valkey, client: Any) -> None:
    with Line(valkey.url) as line:
        line.say(line.open("a"), TEXT)
    assert "".join(output.text for output in outputs_read(client)) == TEXT


def test_stop_does_not_wait_for_a_server_that_is_gone(mortal: Valkey) -> None:
    with Line(mortal.url) as line:
        mortal.kill()
        line.say(line.open("a"), TEXT)
        time.sleep(0.3)
        line.publisher.stop(5)
        assert "publisher" not in {thread.name for thread in threading.enumerate()}


def test_everything_is_sent_again_when_redis_was_killed_and_has_lost_it_all(mortal: Valkey) -> None:
    with Line(mortal.url) as line, SmallScribe(mortal.url) as scribe:
        key = line.open("a")
        writer = threading.Thread(target=line.say, args=(key, TEXT), kwargs={"pause_s": 0.01})
        writer.start()
        wait_until(lambda: len(scribe.row("a").raw) > 200, "some text has come")
        data_lose(mortal)
        writer.join()
        line.publisher.end(key, "stop", {})
        until_whole(scribe, line, "a")
        assert scribe.row("a").raw == TEXT
        assert line.connections == 2


def test_text_that_was_written_while_redis_was_away_arrives(mortal: Valkey) -> None:
    with Line(mortal.url) as line, SmallScribe(mortal.url) as scribe:
        mortal.kill()
        key = line.open("a")
        line.say(key, TEXT)
        line.publisher.end(key, "stop", {})
        mortal.start()
        until_whole(scribe, line, "a")
        assert scribe.row("a").raw == TEXT
        assert scribe.row("a").started >= 1, "the first word may have been lost too"


@pytest.mark.parametrize("seed", range(2))
def test_any_mix_of_mishaps_ends_with_exactly_the_text(mortal: Valkey, seed: int) -> None:
    """Lost, doubled and unconfirmed batches, and one kill with all data, under twelve answers at once."""
    chance = random.Random(seed)
    names = [f"a{number}" for number in range(12)]
    with Line(mortal.url) as line, SmallScribe(mortal.url, faults=0.12, seed=seed) as scribe:
        writers = []
        for name in names:
            key = line.open(name)
            pace = {"pause_s": chance.uniform(0.001, 0.006), "size": chance.randint(1, 40)}
            writers.append(threading.Thread(target=said_to_the_end, args=(line, key), kwargs=pace))
            writers[-1].start()
        time.sleep(chance.uniform(0.1, 0.6))
        data_lose(mortal)
        for writer in writers:
            writer.join()
        until_whole(scribe, line, *names)
        assert {scribe.row(name).raw for name in names} == {TEXT}
        assert sum(scribe.row(name).holes + scribe.row(name).repeats for name in names) > 0


def said_to_the_end(line: Line, key: str, *, pause_s: float, size: int) -> None:
    line.say(key, TEXT, pause_s=pause_s, size=size)
    line.publisher.end(key, "stop", {})
