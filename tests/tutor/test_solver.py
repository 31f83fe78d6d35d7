"""The private solver: once for each content and model, sealed only where it matches or is proved, told to staff alone."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import redis
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from classroom.people.models import SchoolClass, User
from classroom.rooms import services
from classroom.rooms.models import Event, Problem, Room
from tests.conftest import ClientFor
from tests.tutor.study import beat, done, fresh, started, store, write
from tests.tutor.turns import ask
from tutor import judging, solver
from tutor.models import Reference, Solve, Step, Vault, Writing
from tutor.standing import standing_words
from tutor.study import Study
from tutor.vault import forbidden_of

EQUATION = "Solve $2x + 3 = 17$."
SOLUTION = "$2x = 14$\n\nso $x = 14/2 = 7$\n\n$\\boxed{7}$"
WRONG = "$\\boxed{5}$"


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as link:
        yield link


@pytest.fixture
def equation(problem: Problem) -> Problem:
    Problem.objects.filter(pk=problem.pk).update(statement=EQUATION)
    problem.refresh_from_db()
    return problem


def accept(problem: Problem, *answers: str, solution: str = "") -> None:
    steps = [{"answers": [answer]} for answer in answers]
    Reference.objects.update_or_create(problem=problem, defaults={"steps": steps, "solution": solution})


def solved(problem: Problem, *raws: str, again: bool = False) -> Solve:
    """Asked for, written by a worker as given, and judged."""
    solve, _ = solver.solve_request(problem.pk, by=None, samples=len(raws), again=again)
    for writing, raw in zip(solve.writings.order_by("seed"), raws, strict=True):
        write(writing, raw)
    assert solver.solves_judge() == 1
    return Solve.objects.get(pk=solve.pk)


def said(problem: Problem) -> str:
    return standing_words(solver.standing_of(Problem.objects.get(pk=problem.pk))).text


# ---- what the model is asked


def test_it_is_asked_for_the_statement_and_never_told_an_answer(equation: Problem) -> None:
    accept(equation, "$$424242$$", solution="All in all 313131.")
    solve, made = solver.solve_request(equation.pk, by=None, samples=3)
    assert made
    assert [writing.seed for writing in solve.writings.order_by("seed")] == [1001, 1002, 1003]
    for writing in solve.writings.all():
        assert writing.messages == [
            {"role": "system", "content": solver.SYSTEM},
            {"role": "user", "content": EQUATION},
        ]
        assert writing.preset == "solve"


def test_the_parts_are_counted_for_it(problem: Problem) -> None:
    accept(problem, "1", "2")
    solve, _ = solver.solve_request(problem.pk, by=None, samples=1)
    assert "has 2 parts" in solve.writings.get().messages[0]["content"]


# ---- once for each content and model


def test_once_for_each_content_and_model(client: Any, equation: Problem) -> None:
    first, made = solver.solve_request(equation.pk, by=None, samples=2)
    assert (made, first.model) == (True, "")
    beat(client, model="wise")
    assert solver.solve_request(equation.pk, by=None, samples=2) == (first, False), "whichever model takes it"
    solved_one = solved_by_writing(first)
    assert solver.solve_request(equation.pk, by=None, samples=2)[0] == solved_one
    Solve.objects.update(model="wise")
    beat(client, model="wiser")
    other, made = solver.solve_request(equation.pk, by=None, samples=2)
    assert (made, other.model) == (True, "wiser")
    Problem.objects.update(statement="Solve $x=1$.")
    assert solver.solve_request(equation.pk, by=None, samples=2)[1], "another content"


def solved_by_writing(solve: Solve) -> Solve:
    for writing in solve.writings.all():
        write(writing, SOLUTION)
    solver.solves_judge()
    return Solve.objects.get(pk=solve.pk)


def test_again_means_other_samples_and_not_while_it_is_under_way(equation: Problem) -> None:
    first, _ = solver.solve_request(equation.pk, by=None, samples=1)
    assert solver.solve_request(equation.pk, by=None, samples=1, again=True) == (first, False)
    solved_by_writing(first)
    second, made = solver.solve_request(equation.pk, by=None, samples=1, again=True)
    assert (made, second.round, second.writings.get().seed) == (True, 2, 2001)


# ---- the verdict, and what is sealed


def test_most_samples_match_and_the_vault_has_the_way(equation: Problem) -> None:
    accept(equation, "$$x=7$$")
    solve = solved(equation, SOLUTION, WRONG, "<think>hm</think> The answer is $\\frac{14}{2}$.", "No idea.")
    assert (solve.verdict, solve.agreeing, solve.answers, solve.sealed) == ("matches", 2, ["7"], True)
    assert said(equation) == "Solved in private: 2 of 4 samples agree on $7$, which matches what is accepted."
    vault = Vault.objects.get()
    assert (vault.sealed_by, vault.model, vault.found) == ("solver", "wise", [])
    assert vault.forbidden == ["$$x=7$$"]
    assert vault.solution == "The answer is $\\frac{14}{2}$.", "the shortest of those that agree"
    assert not Event.objects.exists()


def test_what_disagrees_is_not_sealed_and_staff_hear_of_it(equation: Problem) -> None:
    accept(equation, "$$x=7$$")
    solve = solved(equation, WRONG, WRONG, SOLUTION)
    assert (solve.verdict, solve.sealed) == ("disagrees", False)
    assert said(equation) == (
        "2 of 3 samples agree on $5$, which disagrees with what is accepted: $x=7$. One of the two is wrong."
    )
    assert forbidden_of(equation.pk, 0) == ["$$x=7$$"]
    assert Vault.objects.get().solution == ""


def test_a_corrected_answer_is_compared_again_without_a_model(equation: Problem) -> None:
    accept(equation, "$$5$$")
    assert solved(equation, SOLUTION).verdict == "disagrees"
    accept(equation, "$$7$$")
    assert said(equation) == "All 1 sample are written and are being compared."
    assert solver.solves_judge() == 1
    assert Solve.objects.get().verdict == "matches"
    accept(equation, "$$8$$")
    forbidden_of(equation.pk, 0)
    assert Vault.objects.get().sealed_by == "accepted", "it falls with what it was checked against"
    assert solver.solves_judge() == 1, "whoever asks has noticed too"
    assert Solve.objects.get().verdict == "disagrees"


def test_with_nothing_accepted_the_checker_proves(equation: Problem) -> None:
    solve = solved(equation, SOLUTION, WRONG, SOLUTION)
    assert (solve.verdict, solve.sealed) == ("proved", True)
    vault = Vault.objects.get()
    assert (vault.forbidden, vault.found, vault.between) == (["7"], ["7"], ["14"])
    assert vault.key_steps == ["$2x = 14$", "so $x = 14/2 = 7$", "$\\boxed{7}$"]
    assert said(equation) == "Solved in private: 2 of 3 samples agree on $7$, which the checker has proved."


def test_with_nothing_accepted_what_is_not_proved_is_not_sealed(equation: Problem) -> None:
    solve = solved(equation, WRONG, WRONG)
    assert (solve.verdict, solve.sealed) == ("unclear", False)
    assert said(equation) == "2 of 2 samples agree on $5$, which nothing proves."
    assert not Vault.objects.exists()


@pytest.mark.parametrize(
    ("statement", "answer", "holds"),
    [
        (EQUATION, "7", True),
        (EQUATION, "x = 7", True),
        (EQUATION, "5", False),
        ("Calculate $20-(6-2\\cdot 5)$", "24", True),
        ("Solve $x^2-5x+6=0$.", "x = 2 or x = 3", True),
        ("Solve $x^2-5x+6=0$.", "x = 2", False),
        ("化简 $2(x+1)$", "2x + 2", True),
        ("Simplify $2(x+1)$", "2(x+1)", False),
        ("Mia has $3+4$ apples.", "7", False),
        ("Calculate $3+4$ and add 5.", "7", False),
        ("Calculate $3+4$ and $5+6$.", "7", False),
        ("Solve $x+y=3$", "3", False),
        ("Solve $x > 3$", "x = 4", False),
        ("Solve it.", "4", False),
        ("Solve $x=\\frac{$", "4", False),
    ],
)
def test_what_counts_as_a_proof(statement: str, answer: str, holds: bool) -> None:
    assert judging.proved(statement, [answer]) is holds


def test_a_way_that_does_not_lead_there_is_not_sealed(equation: Problem) -> None:
    """As the demo model writes it: the right answer, behind a wrong calculation."""
    accept(equation, "$$7$$")
    lucky = "$4x = 22$.\n\n$x = 22/4 = 7$.\n\nSo, the answer is $7$."
    solve = solved(equation, lucky)
    assert (solve.verdict, solve.agreeing, solve.sealed) == ("matches", 1, False)
    solve = solved(equation, lucky, SOLUTION + " " * 90 + "$1 + 1 = 2$", again=True)
    assert (solve.agreeing, solve.sealed) == (2, True)
    assert Vault.objects.get().solution.startswith(SOLUTION), "the sound one, though it is longer"


def test_a_proof_is_sealed_whatever_its_way(equation: Problem) -> None:
    assert solved(equation, "$22/4 = 7$\n\n\\boxed{7}").sealed
    vault = Vault.objects.get()
    assert (vault.forbidden, vault.between, vault.solution) == (["7"], [], "")


def test_words_and_parts_are_compared_too(problem: Problem) -> None:
    accept(problem, "Ellipse", "$$2$$")
    assert solved(problem, r"\boxed{\text{ellipse}} \boxed{2}").verdict == "matches"
    assert solved(problem, r"\boxed{Circle} \boxed{2}", again=True).verdict == "unclear"
    assert said(problem).endswith(
        "on Circle and $2$, which could not be compared with what is accepted: Ellipse or $2$."
    )
    assert solved(problem, r"\boxed{Ellipse} \boxed{3}", again=True).verdict == "disagrees"


def test_no_answer_and_no_worker_have_their_reasons(client: Any, equation: Problem) -> None:
    assert said(equation) == "Not solved in private yet."
    assert solved(equation, "I do not know.").verdict == "nothing"
    assert said(equation) == "Not solved: No sample came to a final answer."
    solve, _ = solver.solve_request(equation.pk, by=None, samples=2, again=True)
    assert said(equation) == "Waits for a model that is ready."
    one, two = solve.writings.order_by("seed")
    store(started(one), done(one, "", "error", message="out of memory"))
    assert said(equation) == "Being solved in private: 1 of 2 samples written."
    store(started(two), done(two, "", "error", message="out of memory"))
    solver.solves_judge()
    assert said(equation) == "Not solved: out of memory"


def test_a_problem_that_was_changed_meanwhile_is_not_judged_by_old_samples(equation: Problem) -> None:
    solve, _ = solver.solve_request(equation.pk, by=None, samples=1)
    Problem.objects.update(statement="Solve $2x=10$.")
    write(solve.writings.get(), WRONG)
    assert solver.solves_judge() == 1
    solve.refresh_from_db()
    assert (solve.verdict, solve.sealed, solve.reason) == ("", False, judging.CHANGED)
    assert said(equation) == "Not solved in private yet."


def test_a_solve_that_was_asked_for_without_a_worker_is_of_the_model_that_wrote_it(equation: Problem) -> None:
    assert solved(equation, SOLUTION).model == "wise"
    Solve.objects.update(round=7)
    solve = Solve.objects.create(
        problem=equation, content=solver.content_of(equation), round=7, samples=1, asked_at=timezone.now()
    )
    writing = Writing.objects.create(solve=solve, messages=[], preset="solve", asked_at=timezone.now())
    write(writing, SOLUTION)
    assert solver.solves_judge() == 1
    assert Solve.objects.get(pk=solve.pk).model == "", "another has this place already"


def test_judging_has_an_end_however_long_the_checker_takes(equation: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then what is written the same is the same, and nothing else."""
    monkeypatch.setattr(judging, "VOTE_S", -1.0)
    assert solved(equation, "\\boxed{7}", "\\boxed{14/2}", "\\boxed{7}", "\\boxed{x = 7}").agreeing == 2


def test_two_who_judge_at_once_judge_once(equation: Problem) -> None:
    solve, _ = solver.solve_request(equation.pk, by=None, samples=1)
    assert judging.solves_due() == [], "it is still written"
    write(solve.writings.get(), SOLUTION)
    assert judging.solves_due() == [solve.pk]
    Solve.objects.update(claimed_at=timezone.now())
    assert judging.solves_due() == []
    assert not judging.solve_judge(solve.pk, solver.content_of(equation))


# ---- a teacher's word is the last one


@pytest.mark.parametrize("place", ["written", "vault"])
def test_a_teachers_solution_wins(equation: Problem, place: str) -> None:
    accept(equation, "$$7$$", solution="Hers." if place == "written" else " ")
    if place == "vault":
        Vault.objects.create(problem=equation, sealed_by="teacher", solution="Hers.", sealed_at=timezone.now())
    solve = solved(equation, SOLUTION)
    assert (solve.verdict, solve.sealed) == ("matches", False)
    vault = Vault.objects.get()
    assert (vault.sealed_by, vault.between) == ("teacher" if place == "vault" else "accepted", [])
    assert vault.solution != SOLUTION


def test_sources_that_change_while_it_is_judged_break_the_seal(equation: Problem) -> None:
    from tutor.vault import Found, signature_of, solution_seal

    before = signature_of(equation.pk)
    accept(equation, "$$8$$")
    assert not solution_seal(equation.pk, before, Found(("7",), (), "s", (), "m"))
    assert Vault.objects.get().forbidden == ["$$8$$"]


# ---- values on the way


def test_g4_values_on_the_way_are_held_back_on_the_lowest_rungs(room: Room, equation: Problem, bob: User) -> None:
    solved(equation, SOLUTION)
    assert forbidden_of(equation.pk, 0) == ["7"], "written hints are held to the answer alone"
    assert [forbidden_of(equation.pk, rung, room.pk) for rung in range(6)] == [["7", "14"]] * 3 + [["7"]] * 2 + [[]]
    assert ask(bob, room).forbidden == ["7", "14"]
    Step.objects.create(
        room=room, problem=equation, by=bob, seq=1, text="2x = 14", verdict="verified", asked_at=timezone.now()
    )
    assert ask(bob, room).forbidden == ["7"], "the room has found it by itself"


def test_g4_a_seal_that_is_made_anew_keeps_what_still_holds(equation: Problem) -> None:
    from tutor.vault import vault_seal

    solved(equation, SOLUTION)
    assert vault_seal(equation.pk).forbidden == ["7"]
    Vault.objects.update(sealed_by="teacher")
    vault = vault_seal(equation.pk)
    assert (vault.found, vault.between, vault.forbidden) == ([], [], [])


# ---- who starts it


@pytest.mark.parametrize("samples", [0, 3])
def test_a_problem_that_comes_into_a_room_is_solved_if_the_house_is_set_to(
    settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, equation: Problem,
    school_class: SchoolClass, alice: User, samples: int,
) -> None:  # fmt: skip
    settings.SOLVER_SAMPLES = samples
    with django_capture_on_commit_callbacks(execute=True):
        for title in ("One", "Two"):
            services.room_create(by=alice, school_class=school_class, title=title, problem=equation, group=None)
        free = services.room_create(by=alice, school_class=school_class, title="Free", problem=None, group=None)
        services.room_update(by=alice, room=free, title="Free", problem=equation, group=None)
    assert Writing.objects.count() == samples
    assert Solve.objects.count() == (1 if samples else 0)
    with django_capture_on_commit_callbacks(execute=True):
        services.problem_update(by=alice, problem=equation, title="T", statement="Solve $2x=8$.", course="", lesson="")
    assert Solve.objects.count() == (2 if samples else 0)


def test_what_has_a_written_solution_is_not_solved_by_itself(settings: Settings, equation: Problem) -> None:
    settings.SOLVER_SAMPLES = 2
    accept(equation, "$$7$$", solution="Hers.")
    solver._solve_if_nobody_has(equation.pk)
    assert not Solve.objects.exists()


# ---- the command


def command(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("solve_problems", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_waits_for_the_verdicts_and_tells_them(
    client: Any, room: Room, equation: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(equation, "$$7$$")
    beat(client)

    def worker(_: float) -> None:
        for writing in Writing.objects.exclude(state="done"):
            write(fresh(writing), SOLUTION)
        Study().tick()

    monkeypatch.setattr("tutor.management.commands.solve_problems.time.sleep", worker)
    out, _ = command("--samples", "2", "--class", "Year 9")
    assert out.splitlines() == [
        "1 problems, 1 to be solved, 0 known already.",
        "A sum: Solved in private: 2 of 2 samples agree on $7$, which matches what is accepted.",
        "1 of 1 are sealed, 0 are still under way.",
    ]
    out, _ = command("--problem", equation.slug)
    assert out.startswith("1 problems, 0 to be solved, 1 known already.")
    assert command("--problem", str(equation.pk), "--again", "--timeout", "0.01")[0].startswith("1 problems, 1 to")


def test_the_command_without_a_worker_leaves_it_to_a_later_one(client: Any, room: Room) -> None:
    out, err = command()
    assert "Waits for a model that is ready." in out
    assert "No worker is ready." in err
    assert Writing.objects.count() == solver.SAMPLES


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "No room works on a problem"),
        (["--class", "Nobody's"], "there is no class"),
        (["--problem", "nothing"], "there is no problem"),
        (["--problem", "00000000-0000-4000-8000-000000000000"], "there is no problem"),
        (["--samples", "0"], "from 1 to 16"),
    ],
)
def test_the_command_refuses_by_name(db: None, words: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        command(*words)


# ---- the page


def page_of(client: Client, problem: Problem) -> str:
    response = client.get(f"/problems/{problem.pk}/")
    return response.content.decode() if response.status_code == 200 else str(response.status_code)


def test_teachers_see_how_it_stands_and_ask_for_it(equation: Problem, alice: User, client_for: ClientFor) -> None:
    accept(equation, "$$7$$")
    browser = client_for(alice)
    assert "Not solved in private yet." in page_of(browser, equation)
    assert browser.post(f"/problems/{equation.pk}/solve/").status_code == 302
    assert "It is being solved in private." in page_of(browser, equation)
    assert browser.post(f"/problems/{equation.pk}/solve/").status_code == 302
    assert Solve.objects.get().samples == solver.SAMPLES
    assert "Solve it" not in page_of(browser, equation)
    for writing in Writing.objects.all():
        write(writing, WRONG)
    solver.solves_judge()
    shown = page_of(browser, equation)
    assert "which disagrees with what is accepted: $7$" in shown
    assert "Solve it again" in shown
    assert browser.get(f"/problems/{equation.pk}/solve/").status_code == 405


def test_the_button_sends_its_token(equation: Problem, alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    path = f"/problems/{equation.pk}/solve/"
    assert browser.post(path).status_code == 403
    form = page_of(browser, equation).split(f'action="{path}"')[1].split("</form>")[0]
    token = form.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert browser.post(path, {"csrfmiddlewaretoken": token}).status_code == 302
    assert Solve.objects.count() == 1


@pytest.mark.parametrize("who", ["bob", "tom", "olga", "charlie"])
def test_nobody_else_sees_or_starts_it(
    request: pytest.FixtureRequest, equation: Problem, room: Room, client_for: ClientFor, who: str
) -> None:
    accept(equation, "$$7$$")
    solved(equation, SOLUTION)
    browser = client_for(request.getfixturevalue(who))
    assert "Solved in private" not in page_of(browser, equation)
    assert "boxed" not in page_of(browser, equation)
    assert browser.post(f"/problems/{equation.pk}/solve/").status_code in (403, 404)
    assert browser.get("/admin/tutor/solve/").status_code == 302
    assert browser.get("/admin/tutor/writing/").status_code == 302
    assert Solve.objects.count() == 1


def test_admins_see_the_records(equation: Problem, root: User, client_for: ClientFor) -> None:
    root.is_staff = root.is_superuser = True
    root.save()
    solved(equation, SOLUTION)
    browser = client_for(root)
    for path in ("solve", "writing"):
        assert browser.get(f"/admin/tutor/{path}/").status_code == 200
    assert b"boxed" in browser.get(f"/admin/tutor/writing/{Writing.objects.get().pk}/change/").content
