"""Signing in as a program: a class behind one address gets in, somebody who guesses does not."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from classroom.people.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client: Client, name: str, password: str) -> int:
    body = {"username": name, "password": password}
    return client.post("/api/token/", body, content_type="application/json").status_code


def test_a_class_behind_one_address_gets_in(client: Client, bob: User) -> None:
    for number in range(40):
        assert sign_in(client, f"pupil{number}", "x") == 401
    assert sign_in(client, "bob", PASSWORD) == 200


def test_guessing_at_one_name_is_slowed_whatever_its_case(client: Client, bob: User, charlie: User) -> None:
    seen = [sign_in(client, name, "guess") for name in ("bob", "Bob", "BOB") * 4]
    assert seen == [401] * 10 + [429] * 2
    assert sign_in(client, "bob", PASSWORD) == 429
    assert sign_in(client, "charlie", "guess") == 401, "nobody else is locked out"


def test_an_address_has_a_bound_too(client: Client, db: None) -> None:
    assert [sign_in(client, f"pupil{number}", "x") for number in range(201)][-2:] == [401, 429]


@pytest.mark.parametrize("body", ["{", "[]", '"bob"', "null", '{"username": {"a": 1}, "password": []}'])
def test_rubbish_is_a_bad_request(client: Client, db: None, body: str) -> None:
    assert client.post("/api/token/", body, content_type="application/json").status_code == 400


def test_thirty_pages_sign_in_from_one_address(client: Client, bob: User, client_for: Any) -> None:
    """allauth's own bound of 30 a minute and address would stop a class at the door."""
    for _ in range(35):
        visitor = Client()
        answer = visitor.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
        assert (answer.status_code, answer["Location"]) == (302, "/")
