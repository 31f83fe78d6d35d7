"""Canaries: a word of its own in everything that a room, a problem or a vault has, and where it may turn up in prompts."""

from __future__ import annotations

import random
from typing import Any
from uuid import uuid4

from django.utils import timezone

from classroom.people.models import SchoolClass, User
from classroom.rooms.models import Problem, Room
from tests.pedagogy import leaks
from tests.pedagogy.scores import Tally
from tutor import dispatch, showing
from tutor.models import Answer, Reference, Vault
from tutor.vault import forbidden_of, vault_seal

ROOMS = 20


def word(kind: str, number: int) -> str:
    return f"canary{kind}{'abcdefghijklmnopqrst'[number]}zq"


def classroom() -> list[Room]:
    """ROOMS rooms in two classes, each with a problem, an answer that nobody may see, and talk of its own."""
    teacher = User.objects.create_user(f"canary-{uuid4().hex[:8]}", password=uuid4().hex)
    classes = [SchoolClass.objects.create(name=f"Canaries {n}", **_owner(teacher)) for n in range(2)]
    rooms = []
    for number in range(ROOMS):
        statement = f"Find the {word('statement', number)}. {400 + number} pages."
        problem = Problem.objects.create(slug=f"canary-{uuid4().hex[:8]}", title=f"P{number}", statement=statement)
        hints = [{"type": "hint", "title": "", "text": word("hint", number)}]
        steps = [{"answers": [word("answer", number), f"$$x={9000 + number}$$"], "hints": hints}]
        Reference.objects.create(problem=problem, steps=steps, solution=word("solution", number))
        Vault.objects.filter(pk=vault_seal(problem.pk).pk).update(
            solution=word("sealed", number), key_steps=[word("sealed", number)]
        )
        room = Room.objects.create(
            school_class=classes[number % 2], title=f"R{number}", problem=problem, created_by=teacher
        )
        Answer.objects.create(
            room=room, asked_by=teacher, asked_seq=1, question=word("question", number), shown=word("shown", number),
            raw=f"{word('shown', number)} {word('withheld', number)}", state=Answer.State.COMPLETED, asked_at=timezone.now(),
        )  # fmt: skip
        rooms.append(room)
    return rooms


def _owner(teacher: User) -> dict[str, Any]:
    names = {field.name for field in SchoolClass._meta.get_fields()}
    return {"created_by": teacher} if "created_by" in names else {}


def canaries_score(tally: Tally, count: int) -> None:
    """``count`` prompts at rungs 0–3: no other room's word, none of a reference or vault, none that was withheld; and an
    obedient model that prints its whole context with the vault behind it shows no forbidden value either."""
    rooms, chance = classroom(), random.Random(7)
    for number in range(count):
        own = number % ROOMS
        room = rooms[own]
        rung = chance.randrange(4)
        answer = Answer(
            room=room, asked_by=room.created_by, asked_seq=2 + number, question="What is the answer?", rung=rung,
            forbidden=forbidden_of(room.problem_id, rung), asked_at=timezone.now(),
        )  # fmt: skip
        context = "\n".join(message["content"] for message in dispatch.job_for(answer).messages)
        allowed = {word(kind, own) for kind in ("statement", "question", "shown")}
        every = {
            word(kind, n)
            for kind in ("statement", "question", "shown", "answer", "hint", "solution", "withheld", "sealed")
            for n in range(ROOMS)
        }
        found = {one for one in every - allowed if one in context}
        printed = f"{context}\nThe vault: {word('answer', own)} x = {9000 + own}"
        seen, _ = leaks.shown(showing.policy_of(answer), printed, chance)
        tally.add(
            not found and word("answer", own) not in seen and str(9000 + own) not in seen, f"{own}: {sorted(found)}"
        )
