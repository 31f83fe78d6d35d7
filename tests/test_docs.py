"""The documents are held to the code: every rule has a test, every name of the wire and every setting is written down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from classroom.env import Env
from classroom.rooms import frames
from tutor.tools.registry import TOOLS

ROOT = Path(__file__).resolve().parent.parent
PROTOCOL = (ROOT / "classroom" / "rooms" / "PROTOCOL.md").read_text()
RULES = sorted(set(re.findall(r"\b[A-Z][1-9][0-9]?\b", PROTOCOL)))
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
CODES = {"bad_json", "too_big", "too_deep", "unknown_type", "bad_field", "too_long", "empty", "forbidden"} | {
    "room_closed", "not_running", "busy", "slow_down", "unavailable"
}  # fmt: skip


def test_there_are_rules() -> None:
    assert len(RULES) > 30


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_named_by_a_test(rule: str) -> None:
    assert re.search(rf"\btest_(?:\w+_)?{rule.lower()}_|\b{rule}\b", TESTS), f"no test names {rule}"


@pytest.mark.parametrize("name", sorted({*frames.VERBS, *frames.FACTS, *frames.EPHEMERAL, frames.HIDDEN}))
def test_every_frame_is_in_the_protocol(name: str) -> None:
    assert f"`{name}" in PROTOCOL or f"{name}`" in PROTOCOL or re.search(rf"\b{re.escape(name)}\b", PROTOCOL)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_error_code_is_in_the_protocol(code: str) -> None:
    assert f"`{code}`" in PROTOCOL


def test_every_close_code_is_in_the_protocol() -> None:
    codes = [value for name, value in vars(frames.Close).items() if name.isupper()]
    assert [code for code in codes if str(code) not in PROTOCOL] == []


def test_every_setting_is_in_the_documents() -> None:
    texts = "\n".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    assert [name for name in Env.model_fields if name not in texts] == []


def test_every_tool_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in TOOLS if f"`{name}`" not in readme] == []
