"""Which tests share a test process."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.config import Config

from tests.conftest import LONG
from tests.households import APART, SHARED, Households

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("test", "together"),
    [
        ("tests/browser/test_room.py::test_one[sse]", "tests/browser/"),
        ("tests/browser/test_model.py::test_one", "tests/browser/test_model.py"),
        ("tests/whole/test_stack.py::test_one", "tests/whole/"),
        ("tests/rooms/test_hub.py::test_one[a::b]", "tests/rooms/test_hub.py"),
    ],
)
def test_who_shares_a_house_shares_a_process(pytestconfig: Config, test: str, together: str) -> None:
    pytestconfig.option.tx = pytestconfig.option.tx or ["popen"]
    assert Households(pytestconfig)._split_scope(test) == together


@pytest.mark.parametrize("place", [*SHARED, *APART, *(f"tests/{name}" for name in LONG)])
def test_each_named_place_is_there(place: str) -> None:
    assert (HERE.parent / place).exists()
