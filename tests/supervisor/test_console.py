"""What people see: whose line it is, where to go, as whom to enter."""

from __future__ import annotations

import io

from classroom.supervisor.console import COLOURS, OWN, WIDTH, Console, welcome
from classroom.supervisor.processes import PROCESSES


def printed(*, colour: bool | None, name: str, text: str) -> str:
    stream = io.StringIO()
    Console(stream, colour=colour).line(name, text)
    return stream.getvalue()


def test_names_are_set_in_one_column() -> None:
    lines = [printed(colour=False, name=name, text="x") for name in ("web1", "inference", OWN)]
    assert {line.index("|") for line in lines} == {WIDTH + 1}


def test_colours_show_on_a_terminal_alone() -> None:
    assert "\x1b[36mweb1" in printed(colour=True, name="web1", text="x")
    assert "\x1b" not in printed(colour=None, name="web1", text="x")  # StringIO is no terminal


def test_every_process_has_a_colour_of_its_own() -> None:
    names = [process.name for process in PROCESSES] + ["redis"]
    assert len({COLOURS[name] for name in names}) == len(names)


def test_colours_of_the_process_itself_pass_and_other_control_does_not() -> None:
    line = printed(colour=False, name="class", text="\x1b[31mred\x1b[0m \x07\x08\x00end\tof")
    assert line.endswith("| \x1b[31mred\x1b[0m end\tof\n")


def test_empty_lines_are_left_out() -> None:
    assert printed(colour=False, name="class", text="  ") == ""


def test_its_own_words_have_its_name() -> None:
    stream = io.StringIO()
    Console(stream, colour=False).say("stopping")
    assert stream.getvalue() == f"{OWN} | stopping\n"


def test_the_welcome_names_the_address_and_the_accounts() -> None:
    lines = welcome("http://localhost:8000/", [["mia", "chalk-1", "student"], ["ada", "chalk-1", "teacher"]])
    text = "\n".join(lines)
    assert lines[0].endswith("http://localhost:8000/")
    assert "mia  chalk-1  student" in text
    assert "ada  chalk-1  teacher" in text


def test_without_a_demo_there_are_no_accounts_to_name() -> None:
    assert not [line for line in welcome("http://localhost:8000/", []) if "account" in line]


def test_what_is_wrong_is_said_with_the_welcome() -> None:
    assert "The tutor is unavailable." in welcome("http://localhost:8000/", [], note="The tutor is unavailable.")


def test_a_block_stands_apart() -> None:
    stream = io.StringIO()
    Console(stream, colour=False).block(["one", "two"])
    assert stream.getvalue() == "\n  one\n  two\n\n"
    bold = io.StringIO()
    Console(bold, colour=True).block(["one"])
    assert "\x1b[1mone" in bold.getvalue()
