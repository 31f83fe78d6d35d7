"""The vault (rule G4): sealed when needed, sealed anew when its sources change, and nothing of it for who has no need."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client

from classroom.people.models import User
from classroom.rooms.clock import database_now
from classroom.rooms.models import Event, Problem, Room
from tests.conftest import ClientFor
from tests.tutor.test_imports import quiet, written
from tests.tutor.test_problem_shapes import STEPS, WORDS
from tests.tutor.turns import ask
from tutor import dispatch
from tutor.imports import file_import
from tutor.models import Answer, Ladder, Reference, Vault
from tutor.vault import TOLD_MAX, forbidden_of, solution_told, vault_seal


@pytest.fixture
def known(problem: Problem) -> Problem:
    parts = [{"answers": ["$$x=7$$", "$$7$$"]}, {"answers": [" Ellipse ", "", "$$7$$"], "kind": "MultipleChoice"}]
    Reference.objects.create(problem=problem, steps=parts)
    return problem


def test_g4_sealed_on_first_need(known: Problem) -> None:
    assert not Vault.objects.exists()
    assert forbidden_of(known.pk, 0) == ["$$x=7$$", "$$7$$", "Ellipse"]
    vault = Vault.objects.get()
    assert (vault.problem, vault.sealed_by, vault.forbidden) == (known, "accepted", ["$$x=7$$", "$$7$$", "Ellipse"])
    assert forbidden_of(known.pk, 4) == vault.forbidden
    assert Vault.objects.get().sealed_at == vault.sealed_at


@pytest.mark.parametrize("rung", [5, 6])
def test_g4_with_the_solution_allowed_nothing_is_forbidden(known: Problem, rung: int) -> None:
    assert forbidden_of(known.pk, rung) == []
    assert not Vault.objects.exists()


def test_g4_no_problem_no_vault(db: None) -> None:
    assert forbidden_of(None, 0) == []
    assert forbidden_of(uuid4(), 0) == []
    with pytest.raises(Problem.DoesNotExist):
        vault_seal(uuid4())


def test_g4_a_problem_without_a_reference_forbids_nothing(problem: Problem) -> None:
    assert forbidden_of(problem.pk, 0) == []
    assert Vault.objects.get().forbidden == []


def test_g4_a_changed_reference_breaks_the_seal(known: Problem) -> None:
    forbidden_of(known.pk, 0)
    Reference.objects.filter(pk=known.pk).update(steps=[{"answers": ["$$8$$"]}])
    assert forbidden_of(known.pk, 0) == ["$$8$$"]
    Reference.objects.all().delete()
    assert forbidden_of(known.pk, 0) == []


def test_g4_a_corrected_file_breaks_the_seal(tmp_path: Path, db: None) -> None:
    file_import(written(tmp_path, STEPS, WORDS), progress=quiet)
    problem = Problem.objects.get(slug=STEPS["id"])
    assert forbidden_of(problem.pk, 0)[0] == "$$ANSWER-ONE$$"
    other = {**STEPS, "steps": [{**STEPS["steps"][0], "answers": ["$$11$$"]}]}
    file_import(written(tmp_path, other, name="other-problems.jsonl"), progress=quiet)
    assert forbidden_of(problem.pk, 0) == ["$$11$$"]


def test_g4_a_solver_falls_with_what_it_was_checked_against(known: Problem) -> None:
    vault_seal(known.pk)
    Vault.objects.update(sealed_by="solver", solution="so", key_steps=["a"], model="m")
    assert forbidden_of(known.pk, 0)
    assert Vault.objects.get().solution == "so"
    Reference.objects.update(steps=[{"answers": ["$$8$$"]}])
    assert forbidden_of(known.pk, 0) == ["$$8$$"]
    vault = Vault.objects.get()
    assert (vault.sealed_by, vault.solution, vault.key_steps, vault.model) == ("accepted", "", [], "")


def test_g4_a_teacher_has_the_last_word(known: Problem) -> None:
    vault_seal(known.pk)
    Vault.objects.update(sealed_by="teacher", solution="Hers.", own=["$$14$$"])
    assert forbidden_of(known.pk, 0) == ["$$14$$", "$$x=7$$", "$$7$$", "Ellipse"]
    Reference.objects.update(steps=[{"answers": ["$$8$$"]}])
    assert forbidden_of(known.pk, 0) == ["$$14$$", "$$8$$"]
    vault = Vault.objects.get()
    assert (vault.sealed_by, vault.solution) == ("teacher", "Hers.")


@pytest.mark.parametrize("own", [{}, "7", None, 7])
def test_g4_what_is_no_list_of_values_adds_none(known: Problem, own: object) -> None:
    Vault.objects.create(problem=known, own=own or {}, sealed_at=database_now())
    assert forbidden_of(known.pk, 0) == ["$$x=7$$", "$$7$$", "Ellipse"]


# ---- who may look


@pytest.fixture
def office(root: User, client_for: ClientFor) -> Client:
    root.is_staff = root.is_superuser = True
    root.save()
    return client_for(root)


def test_a_solution_written_in_the_admin_is_a_teachers(known: Problem, office: Client) -> None:
    vault_seal(known.pk)
    fields = {"problem": str(known.pk), "own": '["$$14$$"]', "solution": "Hers.", "key_steps": "[]"}
    assert office.post(f"/admin/tutor/vault/{known.pk}/change/", fields).status_code == 302
    vault = Vault.objects.get()
    assert (vault.sealed_by, vault.solution) == ("teacher", "Hers.")
    assert vault.forbidden == ["$$14$$", "$$x=7$$", "$$7$$", "Ellipse"]


@pytest.mark.parametrize("who", ["alice", "bob", "olga", "charlie"])
def test_g4_nobody_else_sees_it(
    request: pytest.FixtureRequest, known: Problem, room: Room, client_for: ClientFor, who: str
) -> None:
    vault_seal(known.pk)
    client = client_for(request.getfixturevalue(who))
    assert client.get(f"/admin/tutor/vault/{known.pk}/change/").status_code == 302
    for path in (f"/rooms/{room.pk}/", f"/problems/{known.pk}/"):
        assert b"Ellipse" not in client.get(path).content


# ---- the solution, on the last rung


def sealed(problem: Problem, solution: str, steps: list[str]) -> Vault:
    vault = vault_seal(problem.pk)
    vault.solution, vault.key_steps, vault.sealed_by = solution, steps, Vault.By.SOLVER
    vault.save()
    return vault


def context(answer: Answer) -> str:
    return dispatch.job_for(answer).to_json()


def test_n6_on_the_last_rung_the_model_is_told_the_sealed_solution_and_below_it_nothing(
    room: Room, bob: User, known: Problem
) -> None:
    sealed(known, "CANARYway, so $x=7$.", ["CANARYstep $x=7$"])
    for rung in range(6):
        Ladder.objects.update_or_create(room=room, problem=known, defaults={"rung": rung})
        answer = ask(bob, room, f"how, {rung}?")
        Answer.objects.exclude(pk=answer.pk).update(state="completed")  # so that there is place for the next
        assert answer.rung == rung
        assert ("CANARYway" in context(answer)) == (rung == 5), rung
        assert "CANARYstep" not in context(answer)
    assert "A solution that was checked:" in context(answer)
    told = json.dumps(list(Event.objects.values_list("data", flat=True)))
    assert "CANARY" not in told, "what the model is told is in no event"


def test_n6_a_long_solution_is_told_by_its_key_steps(known: Problem) -> None:
    vault = sealed(known, "w" * (TOLD_MAX + 1), ["$2x=14$", "$x=7$"])
    assert solution_told(known.pk, 5) == "- $2x=14$\n- $x=7$"
    vault.key_steps = []
    vault.save()
    assert solution_told(known.pk, 5) == vault.solution
    assert [solution_told(known.pk, rung) for rung in range(5)] == [""] * 5
    assert solution_told(None, 5) == solution_told(uuid4(), 5) == ""


def test_n6_what_a_person_has_written_wins_over_the_vault(room: Room, bob: User, known: Problem) -> None:
    Reference.objects.filter(pk=known.pk).update(solution="Hers, by hand.")
    sealed(known, "The machine's.", [])
    Ladder.objects.create(room=room, problem=known, rung=5)
    answer = ask(bob, room, "how?")
    assert "as the teacher has it:\\nHers, by hand." in context(answer)
    assert "machine" not in context(answer)


def test_n6_a_seal_that_does_not_fit_any_more_tells_nothing(known: Problem) -> None:
    sealed(known, "So 7.", ["7"])
    Reference.objects.filter(pk=known.pk).update(steps=[{"answers": ["$$8$$"]}])
    assert solution_told(known.pk, 5) == ""


def test_charlie_asks_nothing_of_the_sealed_solution(
    room: Room, known: Problem, charlie: User, client_for: ClientFor
) -> None:
    sealed(known, "CANARY", ["CANARY"])
    Ladder.objects.create(room=room, problem=known, rung=5)
    for path in (f"/rooms/{room.pk}/", f"/api/rooms/{room.pk}/events/", f"/problems/{known.pk}/answers/"):
        answer = client_for(charlie).get(path)
        assert answer.status_code in {401, 403, 404}
        assert b"CANARY" not in answer.content
