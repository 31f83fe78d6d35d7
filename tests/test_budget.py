"""Sizes and manners of the source: small files, small functions, few wide catches, one reader of the environment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES, FUNCTION_LINES, ARGUMENTS, NESTING = 300, 50, 5, 4
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.AsyncFor, ast.AsyncWith, ast.Match)
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
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TYPESCRIPT = sorted((ROOT / "static" / "src").rglob("*.ts"))
TYPESCRIPT_TESTS = sorted((ROOT / "static" / "test").rglob("*.ts"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_are_short() -> None:
    assert [named(path) for path in [*SOURCE, *TYPESCRIPT, *TYPESCRIPT_TESTS] if lines(path) > FILE_LINES] == []


def test_functions_are_short_and_take_few_arguments() -> None:
    wrong = []
    for path in SOURCE:
        for node in functions(path):
            length = (node.end_lineno or 0) - node.lineno + 1
            given = [one.arg for one in [*node.args.posonlyargs, *node.args.args] if one.arg not in {"self", "cls"}]
            if length > FUNCTION_LINES or len(given) > ARGUMENTS:
                wrong.append(f"{named(path)}:{node.lineno} {node.name}: {length} lines, {len(given)} arguments")
    assert wrong == []


def nesting(node: ast.AST, depth: int = 0) -> int:
    """Blocks inside blocks. An elif is as deep as its if; inner functions and classes are counted on their own."""
    deepest = depth
    for name, children in ast.iter_fields(node):
        for child in children if isinstance(children, list) else []:
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or not isinstance(
                child, ast.AST
            ):
                continue
            elif_ = isinstance(node, ast.If) and name == "orelse" and len(children) == 1 and isinstance(child, ast.If)
            deepest = max(deepest, nesting(child, depth + (isinstance(child, BLOCKS) and not elif_)))
    return deepest


def test_blocks_are_not_deep() -> None:
    deep = {f"{named(path)} {node.name}": nesting(node) for path in SOURCE for node in functions(path)}
    assert {name: depth for name, depth in deep.items() if depth > NESTING} == {}


def test_nesting_is_counted_as_a_reader_does() -> None:
    def of(text: str) -> int:
        return nesting(ast.parse(text).body[0])

    assert of("def f():\n if a:\n  pass\n elif b:\n  pass\n elif c:\n  pass") == 1
    assert of("def f():\n for x in y:\n  try:\n   pass\n  except E:\n   if a:\n    pass") == 3
    assert of("def f():\n while a:\n  def g():\n   if b:\n    pass") == 1


def test_what_is_silenced_has_its_reason() -> None:
    """``# noqa: X  (why)``, ``# type: ignore[x]  # why``, ``except Exception:  # why``; tests too."""
    silenced = re.compile(r"#\s*(?:noqa|type: ignore)\S*(?:: [A-Z0-9, ]+)?(.*)$|except (?:Base)?Exception\b[^:]*:(.*)$")
    wrong = [
        f"{named(path)}:{number}"
        for path in [*SOURCE, *TESTS]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := silenced.search(line)) and not re.search(r"[a-z]{2}", found[1] or found[2] or "")
    ]
    assert wrong == []


def test_nothing_is_left_for_later_and_no_test_is_left_out() -> None:
    """What is missing stands in the documents as "not built"; a test that cannot run fails and says why."""
    later = re.compile(r"#\s*(TODO|FIXME|XXX)\b|\bmark\.(skip|xfail)|pytest\.(skip|xfail|importorskip)\(")
    wrong = [
        f"{named(path)}:{number}"
        for path in [*SOURCE, *TESTS]
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if later.search(line)
    ]
    assert wrong == []


def test_the_environment_has_two_readers() -> None:
    reading = re.compile(r"os\.environ|os\.getenv|BaseSettings")
    allowed = re.compile(r"os\.environ\.setdefault\(\"(DJANGO_SETTINGS_MODULE|CELERY_SKIP_CHECKS)\"")
    found = {named(path) for path in SOURCE for line in path.read_text().splitlines()
             if reading.search(line) and not allowed.search(line)}  # fmt: skip
    assert found <= READERS | PASSED_ON, found


def test_everything_is_caught_at_the_edges_only() -> None:
    """The edges: a task, all runs' thread, an engine's loop or loader (one bad request or file), the scribe, a consumer."""
    found = {}
    for path in SOURCE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                wide = node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type))
                if wide:
                    found.setdefault(named(path), []).append(node.lineno)
    edges = (
        "inference_worker/tasks.py",
        "inference_worker/pump.py",
        "inference_worker/engines/",
        "classroom/rooms/door.py",
        "tutor/scribe.py",
    )
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
