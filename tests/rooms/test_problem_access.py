"""Who may look at problems and change one. Charlie and everybody who studies may not."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from classroom.people.models import User
from classroom.rooms import problem_access as access
from classroom.rooms.models import Problem


@pytest.mark.parametrize(
    ("who", "looks", "writes"),
    [
        ("alice", True, True),
        ("tom", True, False),
        ("olga", True, False),
        ("root", True, True),
        ("bob", False, False),
        ("charlie", False, False),
    ],
)
def test_the_accounts_role_decides(
    request: pytest.FixtureRequest, problem: Problem, who: str, looks: bool, writes: bool
) -> None:
    user = request.getfixturevalue(who)
    assert access.may_write(user) is writes
    if looks:
        assert access.problem_for(user, problem.pk) == problem
        with pytest.raises(Http404):
            access.problem_for(user, uuid.uuid4())
    else:
        with pytest.raises(PermissionDenied):
            access.problem_for(user, problem.pk)


def test_strangers_get_nothing(problem: Problem) -> None:
    nobody = AnonymousUser()
    assert not access.may_write(nobody)
    assert not access.may_edit(nobody, problem)
    for refused in (access.require_looking, access.require_writing):
        with pytest.raises(PermissionDenied):
            refused(nobody)


def test_authors_and_admins_change_a_problem(problem: Problem, alice: User, tom: User, root: User) -> None:
    assert not access.may_edit(alice, problem)
    problem.created_by = alice
    problem.save()
    assert access.problem_for_editing(alice, problem.pk) == problem
    assert access.problem_for_editing(root, problem.pk) == problem
    with pytest.raises(PermissionDenied):
        access.problem_for_editing(tom, problem.pk)


def test_an_author_who_teaches_no_more_changes_nothing(problem: Problem, tom: User) -> None:
    problem.created_by = tom
    problem.save()
    assert not access.may_edit(tom, problem)
