"""Tests of a problem that is answered in code: parsed when written, given to who may look in, never run here (Z2, Z5, Z6)."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client

from classroom.people.models import User
from classroom.rooms import code_tests, services
from classroom.rooms.models import Problem, Room
from classroom.supervisor.child import BASE_DIR
from tests.conftest import ClientFor

ASSERTS = "assert double(2) == 4\nassert double(-1) == -2, 'negative'\n"
EXAMPLES = ">>> double(2)\n4\n>>> for i in range(2):\n...     print(double(i))\n0\n2\n"
DOUBLE = "def double(x):\n    return 2 * x\n"


# ---- Z5: writing them


@pytest.mark.parametrize("text", [ASSERTS, EXAMPLES, "x = double(3)\nassert x == 6", "  \n\n", "", "assert f(\n    1)"])
def test_z5_python_is_kept_as_it_is(text: str) -> None:
    assert code_tests.tests_checked(text.replace("\n", "\r\n")) == (text.strip("\n") if text.strip() else "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("assert double(2) == 4\nassert double(2 == 4", "Line 2 is no Python."),
        (">>> double(2)\n4\n>>> double(\n4", "Line 3 is no Python."),
        ("double(2) == 4", "at least one line"),
        (">>> double(2)", "at least one line"),
        ("assert 1 == 1 \0", "cannot be stored"),
        ("assert 1\n" * 101, "at most 100 tests"),
        ("assert 1 #" + "x" * 4_000, "at most 4000 characters"),
        ("assert " + "(" * 900 + "1" + ")" * 900, "Line 1 is no Python."),
        ("assert " + "-" * 3_900 + "1", "Line 1 is no Python."),
    ],
)
def test_z5_what_is_no_test_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        code_tests.tests_checked(text)


@pytest.mark.django_db
def test_z5_a_teacher_writes_them_with_the_problem(client_for: ClientFor, alice: User, bob: User) -> None:
    fields = {"title": "Double", "statement": "Write `double(x)`.", "course": "", "lesson": "", "code_tests": ASSERTS}
    teacher = client_for(alice)
    refused = teacher.post("/problems/new/", {**fields, "code_tests": "assert ("})
    assert refused.status_code == 400
    assert "Line 1 is no Python." in refused.content.decode()
    assert teacher.post("/problems/new/", fields).status_code == 302
    problem = Problem.objects.get(title="Double")
    assert problem.code_tests == ASSERTS.strip()
    page = teacher.get(f"/problems/{problem.pk}/edit/").content.decode()
    assert "assert double(2) == 4" in page
    assert client_for(bob).post(f"/problems/{problem.pk}/edit/", fields).status_code == 403


@pytest.mark.django_db
def test_z5_who_does_not_speak_of_them_leaves_them(alice: User) -> None:
    fields = {"title": "Double", "statement": "Write it.", "course": "", "lesson": ""}
    problem = services.problem_create(by=alice, **fields, code_tests=ASSERTS)
    services.problem_update(by=alice, problem=problem, **fields)
    assert Problem.objects.get(pk=problem.pk).code_tests == ASSERTS.strip()
    services.problem_update(by=alice, problem=problem, **fields, code_tests="")
    assert Problem.objects.get(pk=problem.pk).code_tests == ""


# ---- Z6: reading them


@pytest.mark.django_db
def test_z6_people_of_the_room_read_them(
    room: Room, problem: Problem, bob: User, olga: User, charlie: User, client_for: ClientFor
) -> None:
    path = f"/api/rooms/{room.pk}/code-tests/"
    assert client_for(bob).get(path).json() == {"tests": ""}
    Problem.objects.filter(pk=problem.pk).update(code_tests=ASSERTS)
    for user in (bob, olga):
        reply = client_for(user).get(path)
        assert reply.json() == {"tests": ASSERTS}
        assert reply["Cache-Control"] == "private, no-store"
    Room.objects.filter(pk=room.pk).update(problem=None)
    assert client_for(bob).get(path).json() == {"tests": ""}
    assert client_for(charlie).get(path).status_code == 404
    assert Client().get(path).status_code == 401
    assert client_for(bob).post(path).status_code == 405


# ---- Z2: the sandbox's own half, which is Python and can be tried here on text of ours


@pytest.fixture
def harness() -> ModuleType:
    spec = importlib.util.spec_from_file_location("harness", BASE_DIR / "static" / "src" / "sandbox" / "harness.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("tests", "report"),
    [
        (ASSERTS, [2, 2, []]),
        (EXAMPLES, [2, 2, []]),
        ("assert double(2) == 5\nassert double(1) == 2", [1, 2, ["assert double(2) == 5"]]),
        ("assert double(1) == 3, 'three'", [0, 1, ["assert double(1) == 3, 'three': AssertionError: three"]]),
        ("assert doubel(1)", [0, 1, ["assert doubel(1): NameError: name 'doubel' is not defined"]]),
        ("y = nope\nassert True", [1, 2, ["y = nope: NameError: name 'nope' is not defined"]]),
        (">>> double(2)\n5", [0, 1, ["double(2) gives 4"]]),
        (
            ">>> double(None)\n5",
            [0, 1, ["double(None): TypeError: unsupported operand type(s) for *: 'int' and 'NoneType'"]],
        ),
        (">>> x = 3\n>>> double(x)\n6\n\n>>> y = 1\n7", [1, 2, ["y = 1 gives nothing"]]),
        ("assert (", [0, 1, ["SyntaxError: '(' was never closed"]]),
    ],
)
def test_z5_the_sandbox_runs_them_behind_the_code(tests: str, report: list[object], harness: ModuleType) -> None:
    names, ok = harness.run(DOUBLE)
    assert ok
    assert harness.check(tests, names) == report


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("def f(:", "SyntaxError"),
        ("x = 1\n1 / 0", 'File "main.py", line 2, in <module>'),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import sys\nsys.exit('why')", "why"),
    ],
)
def test_z1_an_error_shows_her_own_lines_alone(
    code: str, shown: str, harness: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harness.run(code)[1] is False
    said = capsys.readouterr().err
    assert shown in said
    assert "harness" not in said


def test_z1_a_program_may_end_itself(harness: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert harness.run("print('bye')\nraise SystemExit")[1] is True
    assert capsys.readouterr().out == "bye\n"


@pytest.mark.parametrize("path", ["sandbox/worker-Ab1.js", "assets/room-Ab1.js"])
def test_z2_what_runs_code_has_a_policy_of_its_own(path: str) -> None:
    headers: dict[str, str] = {}
    settings.SERVESTATIC_ADD_HEADERS_FUNCTION(headers, "", settings.STATIC_URL + path)
    strict = {"Content-Security-Policy": "default-src 'none'; script-src 'wasm-unsafe-eval'"}
    assert headers == (strict if path.startswith("sandbox/") else {})
