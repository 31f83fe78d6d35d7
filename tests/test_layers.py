"""Arrows between our packages run one way: the table of the design as data, and no circles among modules."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# who → whom it may import beside itself
ARROWS: dict[str, set[str]] = {
    "classroom.catalogue": set(),
    "classroom.sqlite3": set(),
    "classroom.people": set(),
    "classroom.rooms": {"classroom.people"},
    "classroom.board": {"classroom.people", "classroom.rooms"},
    "classroom.dashboard": {"classroom.people", "classroom.rooms", "classroom.board", "tutor"},
    "classroom.review": {"classroom.people", "classroom.rooms", "classroom.board", "tutor"},
    "tutor": {
        "classroom.people",
        "classroom.rooms",
        "classroom.board",
        "inference_worker.broker",
        "inference_worker.job",
    },
    "inference_worker": set(),
    "classroom.supervisor": {"classroom.env", "classroom.health"},
}
WIRING = {
    "absences",
    "asgi",
    "celery",
    "env",
    "health",
    "lanes",
    "logs",
    "metrics",
    "routing",
    "server",
    "settings",
    "urls",
}


def modules() -> dict[str, Path]:
    found = {}
    for top in ("classroom", "tutor", "inference_worker"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" not in path.parts:
                parts = path.relative_to(ROOT).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(module: str, *, everywhere: bool) -> set[str]:
    """Our modules that this one imports: at its top, or ``everywhere`` in it; those for the type checker are left out."""
    tree = ast.parse(MODULES[module].read_text())
    nodes: list[ast.AST] = list(ast.walk(tree)) if everywhere else [*tree.body]
    checked = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in nodes:
        if node in checked:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{module} imports by a relative name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return {name for name in found if name in MODULES}


def package(module: str) -> str:
    return next((name for name in ARROWS if module == name or module.startswith(f"{name}.")), module)


@pytest.mark.parametrize("name", ARROWS)
def test_arrows_run_one_way(name: str) -> None:
    wrong = []
    for module in MODULES:
        if package(module) != name:
            continue
        for imported in imports(module, everywhere=True):
            allowed = {name, *ARROWS[name]}
            if not any(imported == one or imported.startswith(f"{one}.") for one in allowed) and imported not in {
                "classroom",
                "inference_worker",
            }:
                wrong.append(f"{module} imports {imported}")
    assert wrong == []


VAULT_DOORS = {
    "tutor.answers": {"forbidden_of"},
    "tutor.hints": {"forbidden_of"},
    "tutor.dispatch": {"solution_told"},
    "tutor.judging": {"signature_of", "solution_seal", "Found"},
}


def test_g4_the_vault_has_few_readers() -> None:
    """Who asks freezes its values, staff look at it in the admin, who judges a private solve seals it, who writes a prompt
    may be told the solution; no other module touches it, by whatever name."""
    readers = {
        module
        for module, path in MODULES.items()
        if {"Vault", "vault"}
        & {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(ast.parse(path.read_text()))}
        or "tutor.vault" in imports(module, everywhere=True)
    }
    assert readers == {"tutor.vault", "tutor.admin", *VAULT_DOORS}


def test_g4_each_of_them_by_its_own_door() -> None:
    """What a student's frame can reach gets values for the guard and no solution; a solution goes into a prompt only."""
    used: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "vault":
                used.setdefault(module, set()).add(node.attr)
    used.pop("tutor.vault")  # its own rows
    assert used == VAULT_DOORS
    named = {
        module
        for module, path in MODULES.items()
        if any(isinstance(node, ast.Name) and node.id == "Vault" for node in ast.walk(ast.parse(path.read_text())))
    }
    assert named == {"tutor.vault", "tutor.admin"}


def test_the_worker_knows_no_django() -> None:
    for module, path in MODULES.items():
        if module.startswith("inference_worker"):
            names = {
                name.split(".")[0]
                for node in ast.walk(ast.parse(path.read_text()))
                for name in (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
            }
            assert not names & {"django", "channels", "rest_framework", "allauth"}, module


def test_every_module_stands_in_the_table() -> None:
    for module in MODULES:
        parts = module.split(".")
        assert package(module) in ARROWS or module == "classroom" or parts[-1] in WIRING, module


def test_modules_do_not_go_in_circles() -> None:
    arrows = {module: imports(module, everywhere=False) - {module} for module in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join([*path, module])
        if module not in done:
            for imported in arrows[module]:
                visit(imported, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())
