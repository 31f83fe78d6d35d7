"""Sizes and manners of the source: small files, small functions, few wide catches, one reader of the environment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES, FUNCTION_LINES, ARGUMENTS = 300, 50, 5
TESTS_TO_SOURCE = 1.1
READERS = {"classroom/env.py", "inference_worker/celery_app.py"}
PASSED_ON = {
    "classroom/supervisor/environment.py",
    "classroom/supervisor/steps.py",
}  # given to children whole, not read


def python(*tops: str) -> list[Path]:
    return [
        path
        for top in tops
        for path in sorted((ROOT / top).rglob("*.py"))
        if not {"migrations", "bench"} & {*path.parts}
    ]


SOURCE = python("classroom", "tutor", "inference_worker")
TYPESCRIPT = sorted((ROOT / "static" / "src").rglob("*.ts"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_are_short() -> None:
    assert [named(path) for path in [*SOURCE, *TYPESCRIPT] if lines(path) > FILE_LINES] == []


def test_functions_are_short_and_take_few_arguments() -> None:
    wrong = []
    for path in SOURCE:
        for node in functions(path):
            length = (node.end_lineno or 0) - node.lineno + 1
            given = [one.arg for one in [*node.args.posonlyargs, *node.args.args] if one.arg not in {"self", "cls"}]
            if length > FUNCTION_LINES or len(given) > ARGUMENTS:
                wrong.append(f"{named(path)}:{node.lineno} {node.name}: {length} lines, {len(given)} arguments")
    assert wrong == []


def test_the_environment_has_two_readers() -> None:
    reading = re.compile(r"os\.environ|os\.getenv|BaseSettings")
    allowed = re.compile(r"os\.environ\.setdefault\(\"DJANGO_SETTINGS_MODULE\"")
    found = {named(path) for path in SOURCE for line in path.read_text().splitlines()
             if reading.search(line) and not allowed.search(line)}  # fmt: skip
    assert found <= READERS | PASSED_ON, found


def test_everything_is_caught_at_the_edges_only() -> None:
    """The three edges: a task, the scribe, a consumer; each logs what it caught."""
    found = {}
    for path in SOURCE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                wide = node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type))
                if wide:
                    found.setdefault(named(path), []).append(node.lineno)
    edges = ("inference_worker/", "classroom/rooms/consumers.py", "tutor/scribe.py", "classroom/dashboard/")
    assert {name: at for name, at in found.items() if not name.startswith(edges)} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [named(path) for path in SOURCE if re.search(r"util|helper|manager|misc|common", path.stem)] == []


def test_pages_are_built_from_nodes() -> None:
    """No markup from text in the browser, no code from text, no address from outside."""
    forbidden = re.compile(
        r"\.innerHTML\s*=|\.outerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\(|unsafeHTML"
    )
    wrong = [
        f"{named(path)}:{number}"
        for path in TYPESCRIPT
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if forbidden.search(line)
    ]
    assert wrong == []


def test_tests_outweigh_the_source() -> None:
    tests = sum(map(lines, [*(ROOT / "tests").rglob("*.py"), *(ROOT / "static" / "test").rglob("*.ts")]))
    source = sum(map(lines, [*SOURCE, *TYPESCRIPT]))
    assert tests >= TESTS_TO_SOURCE * source, f"{tests} lines of tests for {source} lines of source"
