"""From a room to the messages of a model: pure. System prompts are English, the reply is in the language of the question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inference_worker.job import Message, PresetName

PRESET: PresetName = "seed"
VERSION = "seed-1"
TURNS_KEPT = 10
TURN_MAX = 2_000  # characters of an earlier question or answer that go along
SYSTEM = (
    "You are a patient mathematics tutor in a room where several students work together on one problem. "
    "Answer the last question in a few short paragraphs. Explain one step at a time, write formulas in LaTeX between "
    "dollar signs, and reply in the language of the question."
)


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and what the room has seen of its answer."""

    question: str
    answer: str


def tokens_about(messages: Sequence[Message]) -> int:
    """How many tokens these are, guessed low: five ASCII letters make one, and two others.

    Only the worker has the model's tokenizer, and refuses what is too long in the end; this spares people the wait.
    """
    text = "".join(message["content"] for message in messages)
    plain = sum(character.isascii() for character in text)
    return plain // 5 + (len(text) - plain) // 2


def fitting(
    turns: Sequence[Turn], build: Callable[[Sequence[Turn]], tuple[Message, ...]], room: int
) -> tuple[Message, ...]:
    """The messages with as many of the latest ``turns`` as fit into ``room`` tokens; 0 is no bound."""
    kept = list(turns)
    built = build(kept)
    while room and kept and tokens_about(built) > room:
        kept.pop(0)
        built = build(kept)
    return built


def messages(problem: str, turns: Sequence[Turn], question: str, inserted: Sequence[Turn] = ()) -> tuple[Message, ...]:
    """The chat for one answer: system prompt with the problem, the last TURNS_KEPT turns, the question.

    ``inserted``: what people put in while it was answered, each with the part of the answer that came before it.
    """
    system = SYSTEM if not problem else f"{SYSTEM}\n\nThe problem of this room:\n{problem}"
    built: list[Message] = [{"role": "system", "content": system}]
    for turn in turns[-TURNS_KEPT:]:
        if turn.answer.strip():
            built.append({"role": "user", "content": turn.question[:TURN_MAX]})
            built.append({"role": "assistant", "content": turn.answer[:TURN_MAX]})
    built.append({"role": "user", "content": question})
    for turn in inserted:
        if turn.answer:
            built.append({"role": "assistant", "content": turn.answer})
            built.append({"role": "user", "content": turn.question})
        else:  # nothing was said yet: templates want the roles to take turns
            built[-1] = {"role": "user", "content": f"{built[-1]['content']}\n\n{turn.question}"}
    return tuple(built)
