"""Tickets for sockets (rules T1–T5): short, single use, for sockets only, and in no log."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings as house
from django.core.cache import cache
from django.db import connection
from django.http import Http404
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from classroom.people import digests, tasks, tickets
from classroom.people.models import RevokedSession, SpentTicket, User
from classroom.people.tickets import Ticket, TicketError, access_read, ticket_mint, ticket_spend
from classroom.rooms import access
from classroom.rooms.models import Room
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _counts(settings: Any) -> None:
    """Throttles count in memory here: the table of the cache belongs to the running house."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {AccessToken.for_user(user)}"}


def refused(text: str) -> str:
    with pytest.raises(TicketError) as caught:
        ticket_spend(text)
    return str(caught.value)


# ---- T1: what a ticket says


def test_t1_a_ticket_says_who_and_from_where(bob: User) -> None:
    spent = ticket_spend(ticket_mint(bob, until=None, session_key="the-session"))
    assert spent.user_id == bob.pk
    assert spent.until is None
    assert spent.session == digests.session_digest("the-session")
    assert "the-session" not in spent.session
    assert spent.auth == digests.auth_digest(bob)


def test_t1_a_ticket_ends_no_later_than_its_token_says(bob: User) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=4)
    assert ticket_spend(ticket_mint(bob, until=int(until.timestamp()), session_key=None)).until == until


def test_t1_a_ticket_lives_thirty_seconds(bob: User) -> None:
    claims = jwt.decode(ticket_mint(bob, until=None, session_key=None), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == tickets.LIFETIME_S == 30
    assert (claims["aud"], claims["token_type"]) == ("ws", "ws")


def test_h5_the_fingerprint_changes_with_the_password(bob: User) -> None:
    before = digests.auth_digest(bob)
    bob.set_password("another-horse-9")
    assert digests.auth_digest(bob) != before
    assert len(before) == 32


# ---- T2: single use


def test_t2_the_second_use_is_refused(bob: User) -> None:
    ticket = ticket_mint(bob, until=None, session_key=None)
    ticket_spend(ticket)
    assert refused(ticket) == "used before"


@pytest.mark.django_db(transaction=True)
def test_t2_of_twenty_uses_at_once_one_wins(bob: User) -> None:
    ticket = ticket_mint(bob, until=None, session_key=None)

    def use() -> bool:
        try:
            ticket_spend(ticket)
        except TicketError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(lambda _: use(), range(20))) == 1


# ---- T3: what is no ticket


def test_t3_an_expired_ticket_is_refused(bob: User) -> None:
    ticket = Ticket.for_user(bob)
    ticket["aud"] = "ws"
    ticket.set_exp(from_time=datetime.now(UTC) - timedelta(seconds=31), lifetime=timedelta(seconds=30))
    assert refused(str(ticket)) == "expired or not a ticket"


def test_t3_other_tokens_of_the_house_are_no_tickets(bob: User) -> None:
    assert "not a ticket" in refused(str(AccessToken.for_user(bob)))
    assert "not a ticket" in refused(str(RefreshToken.for_user(bob)))


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "ticket", "\x00", "é" * 50])
def test_t3_rubbish_is_refused(text: str, bob: User) -> None:
    assert refused(text) == "expired or not a ticket"


def test_t3_a_ticket_for_something_else_is_refused(bob: User) -> None:
    ticket = Ticket.for_user(bob)
    ticket["aud"] = "board"
    assert refused(str(ticket)) == "not a ticket for sockets"
    assert refused(str(Ticket.for_user(bob))) == "not a ticket for sockets"


@pytest.mark.parametrize("key", ["django", "none", "other"])
def test_t3_a_ticket_signed_by_somebody_else_is_refused(key: str, bob: User) -> None:
    claims = jwt.decode(ticket_mint(bob, until=None, session_key=None), options={"verify_signature": False})
    if key == "none":
        forged = jwt.encode(claims, "", algorithm="none")
    else:
        forged = jwt.encode(claims, house.SECRET_KEY if key == "django" else "x" * 48, algorithm="HS256")
    assert refused(forged) == "expired or not a ticket"
    assert not SpentTicket.objects.exists()


def test_a_ticket_is_no_access_token(bob: User, client: Client) -> None:
    ticket = ticket_mint(bob, until=None, session_key=None)
    answer = client.get("/api/rooms/", headers={"Authorization": f"Bearer {ticket}"})
    assert answer.status_code == 401
    with pytest.raises(TicketError):
        access_read(ticket)


# ---- T4: where tickets come from


def test_t4_a_page_session_gets_a_ticket_of_its_session(bob: User, client_for: Any) -> None:
    client = client_for(bob)
    answer = client.post("/api/tickets/")
    assert answer.status_code == 200
    assert answer.json().keys() == {"ticket", "expires_in"}
    assert answer["Cache-Control"] == "no-store"
    spent = ticket_spend(answer.json()["ticket"])
    assert (spent.user_id, spent.until) == (bob.pk, None)
    assert spent.session == digests.session_digest(client.session.session_key)


def test_t4_a_bearer_gets_a_ticket_that_ends_with_the_token(bob: User, client: Client) -> None:
    token = AccessToken.for_user(bob)
    answer = client.post("/api/tickets/", headers={"Authorization": f"Bearer {token}"})
    spent = ticket_spend(answer.json()["ticket"])
    assert spent.until == datetime.fromtimestamp(token["exp"], UTC)
    assert spent.session == ""


def test_t4_nobody_gets_no_ticket(client: Client, db: None) -> None:
    assert client.post("/api/tickets/").status_code in (401, 403)
    assert client.post("/api/tickets/", headers={"Authorization": "Bearer x"}).status_code == 401


def test_t4_a_page_session_needs_its_csrf_token(bob: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bob)
    assert strict.post("/api/tickets/").status_code == 403


def test_t4_tickets_are_not_for_the_asking_without_end(bob: User, client: Client) -> None:
    given = [client.post("/api/tickets/", headers=bearer(bob)).status_code for _ in range(62)]
    assert set(given[:60]) == {200}
    assert given[-1] == 429


def test_a_disabled_account_gets_no_ticket(bob: User, client: Client) -> None:
    headers = bearer(bob)
    bob.is_active = False
    bob.save()
    assert client.post("/api/tickets/", headers=headers).status_code == 401


# ---- tokens for programs


def test_a_token_a_refresh_and_its_rotation(bob: User, client: Client) -> None:
    def post(path: str, **body: str) -> Any:
        return client.post(path, json.dumps(body), content_type="application/json")

    pair = post("/api/token/", username="bob", password=PASSWORD).json()
    assert pair.keys() == {"access", "refresh"}
    assert access_read(pair["access"])[0] == bob.pk
    rotated = post("/api/token/refresh/", refresh=pair["refresh"])
    assert rotated.status_code == 200
    assert rotated.json()["refresh"] != pair["refresh"]
    assert post("/api/token/refresh/", refresh=pair["refresh"]).status_code == 401, "each refresh token once"
    assert post("/api/token/", username="bob", password="wrong").status_code == 401
    assert post("/api/token/", username="charlie", password=PASSWORD).status_code == 401


def test_a_changed_password_ends_access_tokens(bob: User, client: Client) -> None:
    headers = bearer(bob)
    assert client.get("/api/rooms/", headers=headers).status_code == 200
    bob.set_password("another-horse-9")
    bob.save()
    assert client.get("/api/rooms/", headers=headers).status_code == 401


def test_access_tokens_are_read_with_their_end(bob: User) -> None:
    token = AccessToken.for_user(bob)
    assert access_read(str(token)) == (bob.pk, datetime.fromtimestamp(token["exp"], UTC))
    token.set_exp(from_time=datetime.now(UTC) - timedelta(hours=1), lifetime=timedelta(minutes=5))
    for text in (str(token), "x", str(RefreshToken.for_user(bob))):
        with pytest.raises(TicketError):
            access_read(text)


# ---- T5: never in a log, and forgotten in time


def test_t5_no_token_stands_in_a_log(bob: User, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ticket = client.post("/api/tickets/", headers=(headers := bearer(bob))).json()["ticket"]
    ticket_spend(ticket)
    refused(ticket)
    client.get("/api/rooms/", headers={"Authorization": headers["Authorization"] + "x"})
    for secret in (ticket, headers["Authorization"].split()[1]):
        assert secret not in caplog.text
        assert secret.rsplit(".", 1)[1] not in caplog.text


def test_t5_spent_tickets_are_kept_until_they_have_ended(bob: User) -> None:
    ticket_spend(ticket_mint(bob, until=None, session_key=None))
    SpentTicket.objects.create(jti="old", expires_at=timezone.now() - timedelta(seconds=1))
    RevokedSession.objects.create(digest="new")
    RevokedSession.objects.create(digest="old")
    RevokedSession.objects.filter(digest="old").update(at=timezone.now() - timedelta(days=2))
    tasks.tokens_purge()
    assert SpentTicket.objects.count() == 1
    assert not SpentTicket.objects.filter(jti="old").exists()
    assert list(RevokedSession.objects.values_list("digest", flat=True)) == ["new"]


def test_charlie_with_a_good_ticket_is_still_outside(charlie: User, room: Room) -> None:
    spent = ticket_spend(ticket_mint(charlie, until=None, session_key=None))
    with pytest.raises(Http404):
        access.room_for(User.objects.get(pk=spent.user_id), room.pk)
