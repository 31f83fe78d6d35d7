"""Files of problems come in whole or not at all, twice is once, and nothing kept back is shown.

``DATA=<folder>`` runs the last tests on every ``*-problems.jsonl`` of another folder.
"""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from classroom.people.models import User
from classroom.rooms.models import Problem, Room
from tests.conftest import ClientFor
from tests.tutor.test_problem_shapes import STEPS, WORDS
from tutor import imports
from tutor.imports import OWN_PROBLEMS, ImportRefused, file_import, file_read
from tutor.models import Reference


def quiet(done: int, total: int) -> None:
    """No progress shown."""


def written(folder: Path, *rows: Any, name: str = "some-problems.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def path(tmp_path: Path, db: None) -> Path:
    return written(tmp_path, STEPS, WORDS)


def test_both_shapes_are_stored_in_two_halves(path: Path) -> None:
    summary = file_import(path, progress=quiet)
    assert (summary.created, summary.changed, summary.unchanged) == (2, 0, 0)
    problem = Problem.objects.get(slug="sum-1")
    assert problem.title == "Two sums"
    assert problem.created_by is None
    assert Reference.objects.get(problem=problem).steps[0]["answers"] == ["$$ANSWER-ONE$$"]
    assert "1072" in json.dumps(Reference.objects.exclude(problem=problem).get().steps)


def test_a_second_time_changes_nothing(path: Path) -> None:
    file_import(path, progress=quiet)
    before = list(Problem.objects.order_by("slug").values())
    summary = file_import(path, progress=quiet)
    assert str(summary) == "0 new, 0 changed, 2 as they were"
    assert list(Problem.objects.order_by("slug").values()) == before


def test_a_corrected_file_changes_what_is_different(path: Path, tmp_path: Path) -> None:
    file_import(path, progress=quiet)
    known = Problem.objects.get(slug="sum-1")
    summary = file_import(written(tmp_path, {**STEPS, "title": "Better"}, WORDS), progress=quiet)
    assert str(summary) == "0 new, 1 changed, 1 as they were"
    known.refresh_from_db()
    assert known.title == "Better"
    better = {**STEPS, "title": "Better", "steps": [{**STEPS["steps"][0], "answers": ["$$2$$"]}]}
    file_import(written(tmp_path, better), progress=quiet)
    assert Reference.objects.get(problem=known).steps[0]["answers"] == ["$$2$$"]


def test_a_room_keeps_its_problem_over_an_import(path: Path, tmp_path: Path, room: Room) -> None:
    file_import(path, progress=quiet)
    Room.objects.update(problem=Problem.objects.get(slug="sum-1"))
    file_import(written(tmp_path, {**STEPS, "title": "Better"}), progress=quiet)
    room.refresh_from_db()
    assert room.problem is not None
    assert room.problem.title == "Better"


def test_a_dry_run_stores_nothing_and_says_the_same(path: Path) -> None:
    assert str(file_import(path, dry_run=True, progress=quiet)) == "2 new, 0 changed, 0 as they were"
    assert not Problem.objects.exists()


def test_fields_that_rows_leave_empty_are_filled(path: Path) -> None:
    file_import(path, public={"license": "MIT", "source": "GSM8K"}, progress=quiet)
    assert Problem.objects.get(slug="sum-1").license == "CC BY 4.0"
    assert Problem.objects.exclude(slug="sum-1").get().license == "MIT"
    assert file_import(path, public={"license": "MIT", "source": "GSM8K"}, progress=quiet).unchanged == 2


def test_progress_goes_to_the_end(path: Path) -> None:
    seen: list[tuple[int, int]] = []
    file_import(path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_errors_name_file_line_and_field_and_nothing_is_stored(tmp_path: Path, db: None) -> None:
    broken = {**STEPS, "id": "sum-2", "steps": [{**STEPS["steps"][0], "answers": []}]}
    path = written(tmp_path, STEPS, "\n", broken, "{not json\n", STEPS, '"text"\n')
    with pytest.raises(ImportRefused) as caught:
        file_import(path, progress=quiet)
    lines = caught.value.errors
    assert lines[0].startswith(f"{path}:3: steps.0.answers: ")
    assert lines[1].startswith(f"{path}:4: row: is not JSON (")
    assert lines[2] == f"{path}:5: id: sum-1 stands on line 1 already"
    assert lines[3] == f"{path}:6: row: is not a JSON object"
    assert not Problem.objects.exists()


def test_many_errors_are_counted_not_listed(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused) as caught:
        file_read(written(tmp_path, *["{}\n"] * 50))
    assert len(caught.value.errors) == imports.ERRORS_SHOWN + 1
    assert caught.value.errors[-1] == "… and 30 more"


def test_files_that_are_none(tmp_path: Path) -> None:
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe{}")
    for path, words in (
        (tmp_path / "missing.jsonl", "No such file"),
        (tmp_path, "Is a directory"),
        (binary, "is not UTF-8"),
        (written(tmp_path, "\n\n"), "has no problems"),
    ):
        with pytest.raises(ImportRefused, match=words):
            file_read(path)


def test_separators_inside_texts_end_no_line(tmp_path: Path) -> None:
    row = {**STEPS, "body": "one\u2028two\u0085three"}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert len(file_read(path)[0]) == 1


# ---- the command


def test_the_command_reports_each_file(path: Path, tmp_path: Path) -> None:
    out, err = StringIO(), StringIO()
    warned = written(tmp_path, {**STEPS, "id": "w", "body": "odd $$ mark"}, name="warned.jsonl")
    call_command("import_problems", path, warned, stdout=out, stderr=err, no_color=True)
    assert out.getvalue().splitlines() == [
        "some-problems.jsonl: 2 new, 0 changed, 0 as they were",
        "warned.jsonl: 1 new, 0 changed, 0 as they were",
    ]
    assert f"{warned}:1: body: an unpaired $$" in err.getvalue()


def test_the_command_goes_on_after_a_refused_file_and_then_fails(path: Path, tmp_path: Path) -> None:
    out, err = StringIO(), StringIO()
    bad = written(tmp_path, {}, name="bad.jsonl")
    with pytest.raises(CommandError, match="1 of 2 files"):
        call_command("import_problems", bad, path, stdout=out, stderr=err, no_color=True)
    assert f"{bad}:1: row:" in err.getvalue()
    assert Problem.objects.count() == 2


def test_the_command_can_only_look(path: Path) -> None:
    out = StringIO()
    call_command("import_problems", path, "--dry-run", "--course", "Sums", stdout=out, no_color=True)
    assert "would be imported: 2 new" in out.getvalue()
    assert not Problem.objects.exists()


def test_many_warnings_are_counted(tmp_path: Path, db: None) -> None:
    rows = [{**STEPS, "id": f"w{number}", "body": "$$"} for number in range(15)]
    err = StringIO()
    call_command("import_problems", written(tmp_path, *rows), stdout=StringIO(), stderr=err, no_color=True)
    assert "… and 5 more warnings" in err.getvalue()


def test_a_terminal_sees_a_counter(path: Path) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    call_command("import_problems", path, stdout=out, no_color=True)
    assert "\rsome-problems.jsonl: 2 of 2\n" in out.getvalue()


# ---- whole files: ours, or those of DATA


def files() -> list[Path]:
    folder = os.environ.get("DATA", "")
    return sorted(Path(folder).glob("*-problems.jsonl")) if folder else [OWN_PROBLEMS]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_whole_file_comes_in_and_comes_in_once(path: Path, db: None) -> None:
    first = file_import(path, progress=quiet)
    assert first.created == Problem.objects.count() >= 40
    again = file_import(path, progress=quiet)
    assert (again.created, again.changed, again.unchanged) == (0, 0, first.created)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_no_hint_of_a_whole_file_is_shown(path: Path) -> None:
    for shaped in file_read(path)[0]:
        shown = shaped.public["statement"]
        for step in shaped.private["steps"]:
            for hint in step["hints"]:
                assert len(hint["text"]) < 25 or hint["text"] not in shown, shaped.slug
        assert not shaped.private["solution"] or shaped.private["solution"] not in shown


def test_charlie_meets_no_problem_by_an_import(path: Path, charlie: User, client_for: ClientFor) -> None:
    file_import(path, progress=quiet)
    client = client_for(charlie)
    for problem in Problem.objects.all():
        assert client.get(f"/problems/{problem.pk}/").status_code == 403
