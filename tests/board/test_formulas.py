"""Formulas over HTTP (rule Q20): drawn for whoever reads the board, once, and by a name of the field when they cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation
from pytest_django import Settings
from rest_framework.test import APIClient

from classroom.board import formulas, jail
from classroom.board.models import Board, Document, Formula, Kind, Mode
from classroom.people.models import User
from classroom.rooms import limits
from classroom.rooms.models import Room

pytestmark = pytest.mark.django_db


def post(user: User, document: Document, **body: Any) -> Any:
    client = APIClient()
    client.force_authenticate(user)
    return client.post(f"/api/boards/{document.pk}/formulas/", body, format="json")


def test_q20_a_formula_is_drawn_once_and_then_known(
    board: Document, bob: User, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = post(bob, board, latex=r" \frac{1}{2} ")
    assert answer.status_code == 200, answer.content
    drawn = answer.json()
    assert set(drawn) == {"w", "h", "paths"}
    assert set(drawn["paths"][0]) == {"d", "transform"}

    def never(work: str, data: bytes) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(formulas, "child_ask", never)
    assert post(dora, board, latex=r"\frac{1}{2}").json() == drawn
    assert Formula.objects.count() == 1


def test_q20_readers_may_have_what_they_may_not_write(room: Room, board: Document, bob: User) -> None:
    Board.objects.create(room=room, mode=Mode.LOCKED)
    assert post(bob, board, latex="x").status_code == 200


def test_q20_the_outsider_is_refused_everywhere(
    room: Room, board: Document, bob: User, dora: User, charlie: User
) -> None:
    assert post(charlie, board, latex="x").status_code == 404
    assert APIClient().post(f"/api/boards/{board.pk}/formulas/", {"latex": "x"}, format="json").status_code == 401
    layer = Document.objects.create(room=room, kind=Kind.LAYER, owner=dora)
    assert post(bob, layer, latex="x").status_code == 404
    assert post(dora, layer, latex="x").status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"latex": 5}, {"latex": None}, {"latex": ""}, {"latex": "x^"}, {"latex": "x" * 501}, {"latex": "x", "b": 1}],
)
def test_q20_what_cannot_be_drawn_names_the_field(board: Document, bob: User, body: dict[str, Any]) -> None:
    answer = post(bob, board, **body)
    assert answer.status_code == 400
    said = answer.json()
    assert (said["type"], said["code"], said["field"], said["retryable"]) == ("error", "bad_field", "latex", False)
    assert said["message"]
    assert Formula.objects.count() == 0


def test_q20_a_list_is_no_formula(board: Document, bob: User) -> None:
    client = APIClient()
    client.force_authenticate(bob)
    assert client.post(f"/api/boards/{board.pk}/formulas/", ["x"], format="json").json()["field"] == "latex"


def test_q20_what_is_wrong_is_said_in_the_readers_language(board: Document, bob: User) -> None:
    client = APIClient(headers={"accept-language": "zh-hans"})
    client.force_authenticate(bob)
    said = client.post(f"/api/boards/{board.pk}/formulas/", {"latex": "x^"}, format="json").json()["message"]
    with translation.override("zh-hans"):
        assert said == translation.gettext("The formula cannot be read: is a brace open, or something left out?")
    assert not said.isascii()


def test_q20_nobody_keeps_the_house_drawing(
    board: Document, bob: User, settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS = 1.0
    monkeypatch.setattr(formulas, "DRAWING", limits.Limit(limits.Rate(1, 1)))
    assert post(bob, board, latex="x").status_code == 200
    assert post(bob, board, latex="x").status_code == 200  # it is known
    slow = post(bob, board, latex="y")
    assert (slow.status_code, slow.json()["code"], slow.json()["retryable"]) == (429, "slow_down", True)


def test_two_may_draw_the_same_at_once(board: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(work: str, data: bytes) -> tuple[dict[str, Any], bytes]:
        drawn = {"w": 1.0, "h": 1.0, "paths": [{"d": "M0 0Z", "transform": "translate(0 0)"}]}
        Formula.objects.create(pk=formulas.digest_of("x"), drawn=drawn)
        return drawn, b""

    monkeypatch.setattr(formulas, "child_ask", meanwhile)
    assert formulas.formula_drawn("x")["w"] == 1.0


def test_the_jail_is_closed_for_the_third(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes when all places are taken waits for one: the children of a process never pile up."""
    assert jail._turns._initial_value == jail.AT_ONCE  # type: ignore[attr-defined]  # threading keeps its bound there
