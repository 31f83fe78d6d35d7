"""From a bare checkout to a running house: ``python3 -m classroom.supervisor.bootstrap run`` (``make run``).

Runs before anything is installed: standard library only, and a syntax that an old Python understands well enough to be
told that it is too old.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from typing import List, Optional, Sequence

from classroom.supervisor import frontend, languages, packages
from classroom.supervisor.steps import SetupError, step

# In the order in which the tests take them: the first has no window to draw, and needs half of the others' time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_PACKAGES = BROWSERS[:2]
WHAT = ("run", "install", "dev", "npm", "doctor")


def main(words: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m classroom.supervisor.bootstrap", description=__doc__)
    parser.add_argument("--torch-index", default="", help="the index that PyTorch alone is installed from")
    parser.add_argument("what", choices=WHAT, help="run: install, then start everything")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="npm's words")
    options = parser.parse_args(words)
    try:
        python_check()
        if options.what == "doctor":
            return doctor()
        packages.venv_make()
        packages.packages_install(dev=options.what in ("dev", "npm"), torch_index=options.torch_index)
        languages.catalogues_compile()
        frontend.frontend_build()
        if options.what == "npm":
            return frontend.npm_run(options.rest)
        if options.what == "dev":
            browser_get()
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What is installed is kept; start again to go on.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"\nThe system refused something: {error}", file=sys.stderr)
        return 1
    if options.what == "run":
        go_on("classroom.supervisor")
    return 0


def go_on(module: str) -> None:
    """This process becomes that module, under the virtual environment's Python."""
    python = str(packages.venv_python())
    os.chdir(str(packages.BASE_DIR))
    os.execv(python, [python, "-m", module])


def doctor() -> int:
    if not packages.venv_python().exists():
        raise SetupError("Python is new enough, but nothing is installed yet: make run")
    go_on("classroom.supervisor.doctor")
    return 0


def python_check() -> None:
    """Goes over to a newer Python on PATH when this one is too old; raises SetupError when there is none."""
    sentence = packages.python_sentence(sys.version_info[:3])
    if not sentence:
        return
    newer = packages.python_newer()
    if newer is None:
        raise SetupError(sentence)
    print(f"This Python is {sys.version_info[0]}.{sys.version_info[1]}: going on with {newer}", flush=True)
    os.execv(newer, [newer, "-m", "classroom.supervisor.bootstrap", *sys.argv[1:]])


def browser_plan(package: str, *, root: bool, apt: bool, sudo: bool) -> List[List[str]]:
    """The commands that install a browser for the tests; none where this machine gives no way to."""
    if not apt or not (root or sudo):
        return []
    first = [] if root else ["sudo", "-n"]
    install = [*first, "apt-get", "install", "-y", "--no-install-recommends", package]
    return [[*first, "apt-get", "update"], install]


def browser_get() -> None:
    """See to a browser. Where one is there, the quicker one is added only as root, as a container's or CI's habit is."""
    there = next((name for name in BROWSERS if shutil.which(name)), "")
    root, apt = os.geteuid() == 0, shutil.which("apt-get") is not None
    if there == BROWSERS[0] or (there and not (root and apt)):
        return
    sudo = not root and shutil.which("sudo") is not None
    sudo = sudo and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    for package in BROWSER_PACKAGES[: 1 if there else None]:
        plan = browser_plan(package, root=root, apt=apt, sudo=sudo)
        try:
            for words in plan:
                step(f"Installing {package} for the tests", words, log=packages.LOG)
        except SetupError as error:
            print(f"No {package}: {error}", file=sys.stderr)
        if any(shutil.which(name) for name in (*BROWSER_PACKAGES[:1], there or package)):
            return
    raise SetupError(
        "The tests drive a Chromium and none was found. Install one and start again "
        "(Debian: apt-get install chromium; macOS: brew install --cask chromium)."
    )


if __name__ == "__main__":
    sys.exit(main())
