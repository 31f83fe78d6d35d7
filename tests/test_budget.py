"""Sizes and habits that a reviewer would otherwise have to repeat (design: taste)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE_MAX = 300
FUNCTION_MAX = 50
POSITIONAL_MAX = 5
TESTS_TO_SOURCE = 1.1
# Where an unknown fault must not spread: one task, one socket, one request of an engine, one round of a listener.
BROAD_MAY = {
    "inference_worker/tasks.py", "inference_worker/runtime.py", "inference_worker/engines/pooled.py",
    "classroom/rooms/consumers.py", "tutor/scribe.py",
    "inference_worker/engines/base.py",  # what a library raises about a broken model is anything
}  # fmt: skip
ENVIRONMENT_MAY = {"classroom/env.py", "inference_worker/celery_app.py"}


def python_sources() -> Iterator[Path]:
    yield ROOT / "manage.py"
    for top in ("classroom", "tutor", "inference_worker"):
        yield from (path for path in sorted((ROOT / top).rglob("*.py")) if "migrations" not in path.parts)


def script_sources() -> list[Path]:
    return sorted((ROOT / "static" / "src").rglob("*.ts"))


def lines(paths: list[Path]) -> int:
    return sum(len(path.read_text().splitlines()) for path in paths)


def test_files_are_short() -> None:
    long = {str(p.relative_to(ROOT)): n for p in [*python_sources(), *script_sources()] if (n := lines([p])) > FILE_MAX}
    assert not long


def test_functions_are_short_and_take_few_arguments() -> None:
    wrong = []
    for path in python_sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                taken = [a for a in [*node.args.posonlyargs, *node.args.args] if a.arg not in ("self", "cls")]
                if size > FUNCTION_MAX or len(taken) > POSITIONAL_MAX:
                    wrong.append(
                        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {size} lines, {len(taken)} arguments"
                    )
    assert not wrong, "\n".join(wrong)


def test_broad_excepts_stand_at_the_edges_only() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in python_sources()
        if re.search(r"except (Base)?Exception\b|except:", path.read_text())
    }
    assert found <= BROAD_MAY, found - BROAD_MAY


def test_the_environment_is_read_in_two_places() -> None:
    wrong = []
    for path in python_sources():
        name = str(path.relative_to(ROOT))
        if name in ENVIRONMENT_MAY or name.startswith("classroom/supervisor/"):
            continue  # the supervisor makes the environment of its children
        for line in path.read_text().splitlines():
            if re.search(r"os\.(environ|getenv)", line) and "DJANGO_SETTINGS_MODULE" not in line:
                wrong.append(f"{name}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_nothing_evaluates_text() -> None:
    dangerous = re.compile(
        r"(?<![\w.])(eval|exec|sympify|parse_expr)\(|pickle\.loads?|torch\.load\(|trust_remote_code=True|shell=True"
    )
    found = [str(p.relative_to(ROOT)) for p in python_sources() if dangerous.search(p.read_text())]
    assert not found
    scripts = re.compile(
        r"\binnerHTML\b|\bouterHTML\s*=|insertAdjacentHTML|\beval\(|new Function\(|document\.write|unsafeHTML"
    )
    found = [str(p.relative_to(ROOT)) for p in script_sources() if scripts.search(p.read_text())]
    assert not found


def test_templates_have_no_inline_script_or_style() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|\son\w+\s*=|\sstyle\s*=|\|safe\b|<style", re.IGNORECASE)
    found = {
        str(p.relative_to(ROOT)): m.group()
        for p in (ROOT / "templates").rglob("*.html")
        if (m := inline.search(p.read_text()))
    }
    assert not found


def test_there_is_more_test_than_source() -> None:
    source = lines([*python_sources(), *script_sources()])
    tests = lines([*(ROOT / "tests").rglob("*.py"), *(ROOT / "static" / "test").rglob("*.ts")])
    assert tests >= TESTS_TO_SOURCE * source, f"{tests} lines of tests for {source} of source"
