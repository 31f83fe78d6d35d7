"""The contract of the two sides: every message survives its JSON, and what is not one is refused with ValueError's kin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_worker.job import Control, Job, Message, Output, Persisted, Sampling, WorkerState

WORD = st.text(max_size=30)
KEY = WORD.filter(lambda word: ":" not in word)
COUNT = st.integers(0, 1 << 40)
MESSAGE = st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=WORD)
SAMPLING = st.builds(
    Sampling,
    max_tokens=COUNT,
    temperature=st.floats(0, 2),
    top_p=st.floats(0, 1),
    top_k=COUNT,
    seed=st.none() | COUNT,
    stop=st.lists(WORD, max_size=3).map(tuple),
    stop_ids=st.lists(COUNT, max_size=3).map(tuple),
    loop_tokens=COUNT,
)
JOB = st.builds(
    Job,
    answer=KEY,
    attempt=COUNT,
    messages=st.lists(MESSAGE, max_size=4).map(tuple),
    sampling=SAMPLING,
    preset=WORD,
    prefix=WORD,
    deadline_s=st.floats(0, 1e6),
    room_key=KEY,
    class_key=KEY,
    trace=WORD,
)
INFO = st.dictionaries(WORD, st.none() | COUNT | WORD, max_size=4)
OUTPUT = st.builds(Output, answer=WORD, attempt=COUNT, kind=st.sampled_from(["started", "text", "done"]), offset=COUNT,
                   text=WORD, reason=WORD, sha256=WORD, info=INFO)  # fmt: skip
PERSISTED = st.builds(Persisted, answer=WORD, attempt=COUNT, raw_length=COUNT, done=st.booleans(), hole=st.booleans())
STATE = st.builds(WorkerState, name=WORD, state=st.sampled_from(["loading", "ready", "broken"]), engine=WORD,
                  model=WORD, reason=WORD, running=st.lists(WORD, max_size=3).map(tuple))  # fmt: skip


@given(st.one_of(JOB, OUTPUT, PERSISTED, STATE, st.builds(Control, verb=st.just("stop"), answer=WORD)))
def test_json_and_back(made: Any) -> None:
    assert type(made).from_json(made.to_json()) == made


@given(JOB)
def test_json_is_one_line_in_plain_utf_8(job: Job) -> None:
    text = job.to_json()
    assert "\n" not in text
    assert json.loads(text)["answer"] == job.answer


def test_a_job_of_a_web_process_that_is_older_than_the_worker_is_read() -> None:
    raw = json.loads(Job("a", 1, ()).to_json())
    del raw["sampling"]["stop_ids"], raw["sampling"]["loop_tokens"]
    assert Job.from_json(json.dumps(raw)) == Job("a", 1, ())


@pytest.mark.parametrize("name", ["answer", "class_key", "room_key"])
def test_a_name_that_would_be_lost_in_the_list_is_refused_where_the_job_is_made(name: str) -> None:
    names = {"answer": "a", "class_key": "c", "room_key": "r", name: "charlie:1"}
    with pytest.raises(ValueError, match=name):
        Job(attempt=1, messages=(), **names)
    text = Job("a", 1, ()).to_json()
    with pytest.raises(ValueError, match=name):
        Job.from_json(json.dumps(json.loads(text) | names))


def test_chinese_is_not_escaped() -> None:
    assert "好" in Output("a", 1, "text", 0, "好").to_json()


@pytest.mark.parametrize("kind", [Job, Output, Persisted, Control, WorkerState])
@pytest.mark.parametrize("text", ["", "{", "null", "[]", "7", '{"answer": "a"}', '{"answer": "a", "surprise": 1}'])
def test_what_is_no_message_is_refused(kind: Any, text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        kind.from_json(text)


def test_defaults_are_those_of_the_classroom() -> None:
    """The preset ``seed`` of the design: temperature .3, top_p .9, 512 tokens."""
    assert (Sampling().temperature, Sampling().top_p, Sampling().max_tokens) == (0.3, 0.9, 512)
