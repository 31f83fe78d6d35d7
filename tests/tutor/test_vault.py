"""The vault (rule G4): sealed when needed, sealed anew when its sources change, and nothing of it for who has no need."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client

from classroom.people.models import User
from classroom.rooms.clock import database_now
from classroom.rooms.models import Problem, Room
from tests.conftest import ClientFor
from tests.tutor.test_imports import quiet, written
from tests.tutor.test_problem_shapes import STEPS, WORDS
from tutor.imports import file_import
from tutor.models import Reference, Vault
from tutor.vault import forbidden_of, vault_seal


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
