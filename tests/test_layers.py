"""Who may import whom, as data (ARCHITECTURE.md, "Packages"): arrows run one way and there are no cycles."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "classroom.people",
    "classroom.rooms",
    "classroom.dashboard",
    "classroom.review",
    "tutor",
    "inference_worker",
)
# package → what else of ours it may import ("inference_worker.job" is one module, not the package)
ALLOWED: dict[str, tuple[str, ...]] = {
    "classroom.people": (),
    "classroom.rooms": ("classroom.people",),
    "classroom.dashboard": ("classroom.people", "classroom.rooms", "tutor"),
    "classroom.review": ("classroom.people", "classroom.rooms", "tutor"),
    "tutor": ("classroom.people", "classroom.rooms", "inference_worker.job"),
    "inference_worker": (),
}
# The files that wire everything together; and the health checks, which look at every part.
EDGES = {"settings", "env", "asgi", "urls", "routing", "celery", "server", "logs", "health"}
COMMANDS_MAY = ("classroom.env", "classroom.health", "classroom.supervisor")


def sources() -> Iterator[tuple[str, Path]]:
    for top in ("classroom", "tutor", "inference_worker"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" not in path.parts:
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def top_level_only(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node


def imports(tree: ast.Module, *, deep: bool) -> Iterator[str]:
    nodes = ast.walk(tree) if deep else (n for s in top_level_only(tree) for n in ast.walk(s) if not in_function(s))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def in_function(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def package_of(module: str) -> str | None:
    return next((name for name in PACKAGES if module == name or module.startswith(name + ".")), None)


def test_every_import_follows_the_arrows() -> None:
    wrong = []
    for module, path in sources():
        home = package_of(module)
        if home is None:
            continue
        for name in imports(ast.parse(path.read_text()), deep=True):
            if not name.startswith(("classroom.", "tutor", "inference_worker")) or package_of(name) == home:
                continue
            if ".management." in module and name.startswith(COMMANDS_MAY):
                continue
            if not name.startswith(tuple(f"{one}." for one in ALLOWED[home])) and name not in ALLOWED[home]:
                wrong.append(f"{module} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_dashboard_or_review_but_the_edge() -> None:
    for module, path in sources():
        if module.startswith(("classroom.dashboard", "classroom.review")) or module.split(".")[-1] in EDGES:
            continue
        found = [
            n
            for n in imports(ast.parse(path.read_text()), deep=True)
            if n.startswith(("classroom.dashboard", "classroom.review"))
        ]
        assert not found, f"{module} imports {found}"


def test_there_are_no_cycles() -> None:
    known = {module for module, _ in sources()}
    graph: dict[str, set[str]] = {}
    for module, path in sources():
        found = set()
        for name in imports(ast.parse(path.read_text()), deep=False):
            target = name if name in known else name.rpartition(".")[0]
            if target in known and target != module:
                found.add(target)
        graph[module] = found
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> None:
        assert module not in trail, " → ".join([*trail[trail.index(module) :], module])
        if module not in done:
            for target in sorted(graph.get(module, ())):
                visit(target, [*trail, module])
            done.add(module)

    for module in sorted(graph):
        visit(module, [])


@pytest.mark.parametrize("module", ["classroom.asgi", "tutor.scribe_command_free", "inference_worker.job"])
def test_torch_stays_out(module: str, tmp_path: Path) -> None:
    """The web process and the contract never load torch."""
    if module == "tutor.scribe_command_free":
        code = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'classroom.settings'\n"
        code += "import django; django.setup(); import tutor.scribe"
    else:
        code = f"import {module}"
    code += "; import sys; heavy = {'torch', 'transformers'} & set(sys.modules); assert not heavy, heavy"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"DATA_DIR": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
