"""Everything that a model server can do wrong: one clear end each, nothing secret in it, and nobody else disturbed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from inference_worker.engines import endpoint, engine_make, openai_api
from inference_worker.engines.base import EngineOptions
from inference_worker.engines.endpoint import Dialect, OpenAIOptions, retry_after
from inference_worker.engines.errors import ModelError
from inference_worker.engines.event_stream import EVENT_MAX, BrokenStream, EventStream
from tests.inference_worker.asking import Heard, ask, hear, request
from tests.inference_worker.fault_server import (
    HANG_UP,
    HEAD,
    KEY,
    FaultServer,
    Serving,
    Step,
    answer,
    delta,
    event,
    finished,
    refusal,
)
from tests.services import wait_until


def failed(heard: Heard, words: str) -> None:
    assert heard.reason == "error"
    assert words in heard.finish.message
    assert "\n" not in heard.finish.message
    assert KEY not in heard.finish.message
    assert "127.0.0.1" not in heard.finish.message


# ---- refusals


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, "{}", "HTTP 400"),
        (400, '{"message": "This model\'s maximum context length is 4096 tokens"}', "too long"),
        (401, '{"error": "Incorrect API key provided: sk-very-secret"}', "does not accept our key"),
        (403, "no", "does not accept our key"),
        (404, '{"error": {"message": "The model `m` does not exist."}}', "does not have this model"),
        (413, "", "too long"),
        (500, "Traceback sk-very-secret", "HTTP 500"),
        (307, "", "HTTP 307"),
    ],
)
def test_a_refusal_is_said_in_words_for_the_room(serving: Serving, status: int, body: str, words: str) -> None:
    server, engine = serving(refusal(status, body))
    failed(ask(engine, "Why?"), words)
    assert len(server.bodies) == 1, "what is refused is not asked again"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(serving: Serving, status: int) -> None:
    server, engine = serving(refusal(status), refusal(status, headers="Retry-After: 0.01\r\n"), answer("at last"))
    heard = ask(engine, "Why?")
    assert (heard.text, heard.reason) == ("atlast", "stop")
    assert len(server.bodies) == 3


def test_a_server_that_stays_busy_is_given_up(serving: Serving) -> None:
    server, engine = serving(refusal(429))
    failed(ask(engine, "Why?"), "too much to do")
    assert len(server.bodies) == 1 + endpoint.RETRIES


def test_while_it_waits_to_ask_again_a_cancel_takes_effect(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    server, engine = serving(refusal(429, headers="Retry-After: 3000\r\n"))
    monkeypatch.setattr(endpoint, "RETRY_MAX_S", 3_000)
    handle = engine.submit(request("Why?"))
    wait_until(lambda: server.bodies, "it has asked")
    handle.cancel()
    assert hear(handle).reason == "cancelled"


@pytest.mark.parametrize(("header", "seconds"), [("3", 3), (" 2.5 ", 2.5), ("", 0), ("Wed, 21 Oct 2026", 0), ("-1", 0)])
def test_retry_after_is_a_number_or_nothing(header: str, seconds: float) -> None:
    assert retry_after(header) == seconds


def test_a_server_that_is_gone_cannot_be_reached(serving: Serving) -> None:
    _, engine = serving(answer("x"))
    engine._endpoint._url = "http://127.0.0.1:9/v1"
    failed(ask(engine, "Why?"), "cannot be reached")


# ---- broken streams


BROKEN: dict[str, tuple[list[Step], str, str]] = {
    "hangs up at once": ([HANG_UP], "", "cannot be reached"),
    "hangs up after the head": ([HEAD, HANG_UP], "", "broke off"),
    "ends without a word": ([HEAD], "", "broke off"),
    "breaks off": ([HEAD, delta("Half a"), HANG_UP], "Half a", "broke off"),
    "ends in an event": ([HEAD, delta("One"), delta(" two")[:-9]], "One", "broke off"),
    "ends in a character": ([HEAD, delta("One"), delta("好")[:-6]], "One", "broke off"),
    "not JSON": ([HEAD, delta("One"), b"data: {nonsense\n\n"], "One", "no answer"),
    "not UTF-8": ([HEAD, b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'], "", "no answer"),
    "not an object": ([HEAD, b"data: [1, 2]\n\n"], "", "no answer"),
    "choices are no list": ([HEAD, event(choices=3)], "", "no answer"),
    "a delta is no object": ([HEAD, event(choices=[{"delta": "x"}])], "", "no answer"),
    "usage is no number": ([HEAD, event(choices=[], usage={"prompt_tokens": "many"})], "", "no answer"),
    "an error inside": ([HEAD, delta("One"), event(error={"message": KEY}), b"data: [DONE]\n\n"], "One", "in the middle"),
    "aborts": ([HEAD, delta("One"), finished("abort")], "One", "broke off"),
    "ends with an error": ([HEAD, delta("One"), finished("error")], "One", "in the middle"),
    "ends for a reason of its own": ([HEAD, delta("One"), finished("insufficient_system_resource")], "One", "in the middle"),
    "gives a reason that is no word": ([HEAD, delta("One"), finished(["stop"])], "One", "in the middle"),
    "its filter ends it": ([HEAD, delta("One"), finished("content_filter")], "One", "filter has cut this answer off"),
    "keeps a call of a tool": ([HEAD, delta("One"), finished("tool_calls")], "One", "wanted to use a tool"),
    "keeps one in the old way": ([HEAD, finished("function_call")], "", "wanted to use a tool"),
    "aborts and hangs up": ([HEAD, delta("One"), finished("abort").partition(b"data: [")[0], HANG_UP], "One", "broke off"),
    "is too deep": ([HEAD, delta("One"), b"data: " + b"[" * 200_000 + b"\n\n"], "One", "no answer"),
    "a page": ([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>Log in!</html>"], "", "broke off"),
    "no HTTP": ([b"220 mail.example ESMTP\r\n"], "", "cannot be reached"),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_stream_is_one_clear_end(serving: Serving, how: str) -> None:
    script, text, words = BROKEN[how]
    _, engine = serving(script)
    heard = ask(engine, "Why?")
    assert heard.text == text
    failed(heard, words)
    assert engine.stats().running == 0


@pytest.mark.parametrize(("reason", "end"), [("stop", "stop"), ("length", "length"), ("eos_token", "stop")])
def test_what_ends_an_answer_well(serving: Serving, reason: str, end: str) -> None:
    _, engine = serving([HEAD, delta("One"), finished(reason)])
    heard = ask(engine, "Why?")
    assert (heard.text, heard.reason, heard.finish.message) == ("One", end, "")


def test_a_stop_string_counts_before_what_the_server_says(serving: Serving) -> None:
    _, engine = serving([HEAD, delta("One. Q: two") + finished("content_filter")])
    heard = ask(engine, "Why?", stop=("Q:",))
    assert (heard.text, heard.reason) == ("One. ", "stop")


@pytest.mark.parametrize("endless", [b"x" * 20_000, b"data: xxxx\n" * 2_000, b"data:\n" * 4_000])
def test_an_event_without_an_end_does_not_fill_the_memory(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, endless: bytes
) -> None:
    monkeypatch.setattr("inference_worker.engines.event_stream.EVENT_MAX", 10_000)
    _, engine = serving([HEAD, b"data: " + endless, 30.0])
    failed(ask(engine, "Why?", deadline_s=10), "no answer")


def test_what_is_held_of_an_event_is_bounded_and_events_have_no_number() -> None:
    stream, line = EventStream(), b"data: " + b" " * 10_000 + b"\n"
    for _ in range(EVENT_MAX // len(line)):
        assert list(stream.push(line)) == []
    with pytest.raises(BrokenStream):
        list(stream.push(line))
    stream = EventStream()
    for _ in range(2 * EVENT_MAX // len(line)):
        assert list(stream.push(line + b'data: {"a":\ndata: 1}\n\n')) == [{"a": 1}]


@pytest.mark.parametrize("begun", [[], [delta("One")]], ids=["before", "in the middle"])
def test_a_server_that_falls_silent_is_given_up(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, begun: list[Step]
) -> None:
    monkeypatch.setattr(openai_api, "FIRST_S", 0.2)
    monkeypatch.setattr(openai_api, "STALL_S", 0.2)
    server, engine = serving([HEAD, *begun, 60.0])
    failed(ask(engine, "Why?"), "stopped answering")
    wait_until(lambda: server.dropped, "the connection is closed")


def test_a_silent_server_does_not_outlive_the_deadline(serving: Serving) -> None:
    server, engine = serving([HEAD, 60.0])
    assert ask(engine, "Why?", deadline_s=0.2).reason == "deadline"
    wait_until(lambda: server.dropped, "the connection is closed")


def test_a_fault_disturbs_nobody_else(serving: Serving) -> None:
    _, engine = serving([HEAD, delta("slow"), 0.5, finished()], [HEAD, HANG_UP], answer("good"))
    slow = engine.submit(request("slow"))
    wait_until(lambda: slow.poll(0.1) is not None, "the slow one speaks")
    failed(ask(engine, "broken"), "broke off")
    assert ask(engine, "good").text == "good"
    assert hear(slow).reason == "stop"


# ---- the start


def refused(url: str, tmp_path: Path, model: str = "m") -> str:
    engine: Any = engine_make("openai_api", OpenAIOptions(model, tmp_path, base_url=url, api_key=KEY))
    with pytest.raises(ModelError) as error:
        engine.start(lambda _: None)
    engine.drain(1)
    assert KEY not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("url", ["", "gpu:8000", "ftp://x/v1", "http://user:word@x/v1", "http://"])
def test_an_address_that_is_none_is_said(url: str, tmp_path: Path) -> None:
    assert "OPENAI_BASE_URL" in refused(url, tmp_path)


def test_a_server_that_is_not_there_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "PATIENCE_S", 0.3)
    monkeypatch.setattr(endpoint, "AGAIN_S", 0.05)
    begun = time.monotonic()
    assert "http://127.0.0.1:9/v1: the server cannot be reached" in refused("http://127.0.0.1:9/v1", tmp_path)
    assert time.monotonic() - begun >= 0.3
    assert "cannot be reached" in refused("http://127.0.0.1:9/v1", tmp_path, model="")


def test_without_a_name_the_servers_first_model_is_taken(tmp_path: Path) -> None:
    listing = b'{"object": "list", "data": [{"id": "the-model"}]}'
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(listing)}\r\nConnection: close\r\n\r\n".encode()
    with FaultServer([[head + listing], answer("x")]) as server:
        engine: Any = engine_make("openai_api", OpenAIOptions("", tmp_path, base_url=server.url))
        engine.start(lambda _: None)
        assert engine.model == "the-model"
        assert engine._endpoint.dialect == Dialect(extras=True, continuation="fields", echo=False)
        engine.drain(5)


def test_a_server_that_is_still_loading_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "AGAIN_S", 0.01)
    with FaultServer([refusal(503), refusal(503), refusal(200, '{"data": [{"id": "late"}]}'), answer("x")]) as server:
        engine: Any = engine_make("openai_api", OpenAIOptions("", tmp_path, base_url=server.url))
        engine.start(lambda _: None)
        assert engine.model == "late"
        engine.drain(5)


@pytest.mark.parametrize(
    ("script", "words"), [(refusal(401), "OPENAI_API_KEY"), (refusal(200, "{}"), "OPENAI_MODEL is empty")]
)
def test_a_server_that_lists_no_model_is_said(tmp_path: Path, script: list[Step], words: str) -> None:
    with FaultServer([script]) as server:
        assert words in refused(server.url, tmp_path, model="")


def test_options_of_another_engine_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="OPENAI_BASE_URL"):
        engine_make("openai_api", EngineOptions("m", tmp_path))
