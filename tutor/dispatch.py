"""From an answer row to a worker: builds the Job and rings. A lost ring is found by the reaper; the row is the truth."""

from __future__ import annotations

from functools import cache
from uuid import UUID

import redis
import structlog
from celery import Celery
from django.conf import settings
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from classroom.rooms.connections import redis_client
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Room
from inference_worker.broker import transport_register
from inference_worker.job import CONTROL, JOB, JOB_TTL_S, JOBS, PAUSE, QUEUE, STOP, TICKET, Control, Job, Sampling
from tutor import authored, memory, prompt, vault
from tutor.availability import context_read, tools_read
from tutor.documents import quoting, sources
from tutor.documents.search import open_documents
from tutor.models import Answer
from tutor.tools import registry

log = structlog.get_logger(__name__)
ANSWER_ROOM = 512  # tokens of the model's context that are kept for the answer when earlier turns are left out
RING_S = 0.5  # a person must never wait for Redis longer than this


@cache
def _celery() -> Celery:
    transport_register()
    app = Celery("tutor")
    app.conf.update(
        broker_url=settings.BROKER_URL,
        task_serializer="json",
        broker_transport_options={"socket_timeout": RING_S, "socket_connect_timeout": RING_S, "max_retries": 0},
    )
    return app


def sender_load() -> None:
    """Load all that a ticket is sent with: the first question of a process would wait 50 ms for it."""
    app = _celery()
    app.finalize()
    assert all((app.amqp.send_task_message, app.events.Dispatcher, app.backend, app.AsyncResult, app.producer_pool))


def job_for(answer: Answer) -> Job:
    """The job for the answer's present attempt: what the room remembers, the question, the raw text so far."""
    return _job(answer)[0]


def _job(answer: Answer) -> tuple[Job, bool]:
    """(the job, whether something of the room's earlier turns is neither in it nor in the summary)."""
    recalled = memory.recall(answer)
    brief, inserted = _brief(answer), _inserted(answer)
    context = context_read()
    question = quoting.question_quoted(answer, prompt_room(context))
    fitted = prompt.fitting(
        recalled.turns,
        recalled.summary,
        lambda kept, earlier: prompt.messages(brief, kept, question, inserted, earlier=earlier),
        prompt_room(context),
    )
    job = Job(
        answer=str(answer.pk),
        attempt=answer.attempt,
        messages=fitted.messages,
        sampling=Sampling(max_tokens=settings.MAX_ANSWER_TOKENS),
        preset=answer.preset,
        prefix=answer.raw,
        cut=answer.inserts[-1]["at"] if answer.inserts else 0,
        deadline_s=settings.ANSWER_DEADLINE_S,
        room_key=answer.room_id.hex,
        class_key=answer.room.school_class_id.hex,
        trace=answer.trace,
        language=brief.reminder,
    )
    return job, recalled.more or fitted.left_out > 0


def prompt_room(context: int) -> int:
    """How many tokens the prompt of a room may have: its budget, and what the model leaves beside an answer; 0: no bound."""
    bounds = [settings.CONTEXT_TOKENS, max(context - ANSWER_ROOM, context // 2)]
    return min(filter(None, bounds), default=0)


def _brief(answer: Answer) -> prompt.Brief:
    """What the model may know of the problem that was the room's when it was asked."""
    is_hint = answer.preset == prompt.HINT_PRESET
    tools = registry.offer(answer.tools)
    if answer.problem is None:
        return prompt.Brief(is_hint=is_hint, tools=tools, language=answer.room.language, reminder=_language(answer))
    told, sealed = _solution(answer) if answer.rung >= prompt.LAST else ("", False)
    return prompt.Brief(
        answer.problem.statement, answer.rung, told, is_hint, tools, answer.room.language, _language(answer), sealed
    )


def _language(answer: Answer) -> str:
    """Of the latest that somebody has said to it: the room's language stands above it."""
    words = [insert["text"] for insert in answer.inserts if "call" not in insert]
    return prompt.reply_language(answer.room.language, words[-1] if words else answer.question)


def _solution(answer: Answer) -> tuple[str, bool]:
    """(what the model is told of the solution, whether it is the vault's): what a person has written comes first."""
    reference = authored.reference_of(answer.problem_id)
    if reference is None or not reference.solution.strip():
        sealed = vault.solution_told(answer.problem_id, answer.rung)
        if sealed:
            return sealed, True
    return authored.solution_told(reference), False


def _tools(answer: Answer) -> list[str]:
    """What it may call: to look something up only where there is something."""
    names = tools_read(settings.TUTOR_TOOLS)
    if registry.LOOK_UP in names and not open_documents(answer.room.school_class_id):
        names.remove(registry.LOOK_UP)
    return names


def question_check(room: Room, question: str) -> None:
    """Refuse what no worker could read, before it waits in line. Raises FrameError ``too_long`` with the numbers."""
    context = context_read()
    if not context:
        return
    brief = prompt.Brief(room.problem.statement, 0) if room.problem else prompt.Brief()
    wanted = prompt.tokens_about(prompt.messages(brief, (), question))
    if wanted >= context:
        raise FrameError(
            "too_long",
            _("The problem and your question are more than %(long)s tokens long; the tutor can read %(most)s at most.")
            % {"long": f"{wanted:,}", "most": f"{context:,}"},
            field="data.text",
        )


def _inserted(answer: Answer) -> list[prompt.Turn]:
    """What people put in, each with the part of the answer that stands before it."""
    places = [0, *(insert["at"] for insert in answer.inserts)]
    return [
        prompt.Turn(insert["text"], answer.raw[begin:end].strip())
        for begin, end, insert in zip(places, places[1:], answer.inserts, strict=False)
    ]


def answer_dispatch(answer_id: UUID) -> bool:
    """Put the job of an answer into Redis and ring a worker. False when Redis is away: the reaper tries again."""
    answer = Answer.objects.select_related("room", "problem", "retrieval").filter(pk=answer_id).first()
    return answer is not None and answer_send(answer)  # None: its room was deleted


def answer_send(answer: Answer) -> bool:
    """The same for a row that was just read or made, with its room."""
    if sources.search_first(answer):
        return True  # the class worker looks into the class's documents, and dispatches it then (D4)
    if answer.attempt == 1 and answer.preset == prompt.PRESET and (tools := _tools(answer)) != answer.tools:
        answer.tools = tools
        answer.save(update_fields=["tools"])  # before any worker can call one
    job, is_short = _job(answer)
    if not job_send(job):
        return False
    if is_short:
        memory.memory_want(answer.room_id)
    log.info("answer_dispatched", answer=str(answer.pk), attempt=job.attempt, trace=job.trace)
    return True


def job_send(job: Job) -> bool:
    """Put a job into Redis, in the list once however often it is sent, and ring. False when Redis is away."""
    try:
        with redis_client(RING_S).pipeline() as pipeline:
            pipeline.set(JOB.format(answer=job.answer, attempt=job.attempt), job.to_json(), ex=JOB_TTL_S)
            pipeline.lrem(JOBS, 0, job.entry)
            pipeline.lpush(JOBS, job.entry)
            pipeline.delete(PAUSE.format(answer=job.answer))  # what is sent may run; its resume may have been lost
            pipeline.execute()
        ticket_send()
    except (redis.RedisError, OperationalError) as error:
        log.warning("dispatch_failed", answer=job.answer, error=str(error))
        return False
    return True


def ticket_send() -> None:
    """One more ticket: a worker that takes it pops the next job, or nothing. Raises OperationalError."""
    _celery().send_task(TICKET, queue=QUEUE, retry=False, ignore_result=True)


def pause_send(answer_id: UUID) -> None:
    """Tell whichever worker has this answer to halt at the next token, keeping what it has in memory."""
    _control(Control("pause", str(answer_id)))


def resume_send(answer_id: UUID, raw_length: int) -> None:
    """Let it go on, and send again what was written beyond ``raw_length`` and dropped meanwhile."""
    _control(Control("resume", str(answer_id), raw_length=raw_length))


def attempt_stop_send(answer_id: UUID, attempt: int) -> None:
    """Stop one attempt whose answer goes on in another."""
    _control(Control("stop", str(answer_id), attempt=attempt))


def _control(word: Control) -> None:
    """Say it, and keep whether the answer is paused for who was not listening. Redis being away is made up for later."""
    name = PAUSE.format(answer=word.answer)
    try:
        with redis_client(RING_S).pipeline() as pipeline:
            if word.verb == "pause":
                pipeline.set(name, "1", ex=JOB_TTL_S)
            else:
                pipeline.delete(name)
            pipeline.publish(CONTROL, word.to_json())
            pipeline.execute()
    except redis.RedisError as error:
        log.warning("control_not_sent", answer=word.answer, verb=word.verb, error=str(error))


def stop_send(answer_id: UUID) -> None:
    """Tell whichever worker has this answer to stop at the next token, and whichever gets it never to start."""
    try:
        with redis_client(RING_S).pipeline() as pipeline:
            pipeline.set(STOP.format(answer=answer_id), "1", ex=JOB_TTL_S)
            pipeline.publish(CONTROL, Control("stop", str(answer_id)).to_json())
            pipeline.execute()
    except redis.RedisError as error:
        log.warning("stop_not_sent", answer=str(answer_id), error=str(error))
