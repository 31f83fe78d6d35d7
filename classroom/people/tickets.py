"""Tickets for sockets: a JWT of audience ``ws``, 30 seconds, single use, minted with a Bearer token or a page session.

A ticket never stands in a URL: it is offered as a WebSocket sub-protocol. Spending it is a unique INSERT of its ``jti``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from classroom.people.digests import auth_digest, session_digest
from classroom.people.models import SpentTicket, User

LIFETIME_S = 30


class TicketError(Exception):
    """A ticket that is not valid: unknown, expired, spent, of another audience or of a disabled account."""


class Ticket(Token):
    token_type = "ws"  # noqa: S105  (the kind of token, not a secret)
    lifetime = timedelta(seconds=LIFETIME_S)


@dataclass(frozen=True, slots=True)
class Pass:
    """What a spent ticket says: who, until when (Bearer; None for a page session), which page session, and the
    fingerprint of the password at that moment: a changed password ends its sockets."""

    user_id: UUID
    until: datetime | None
    session: str
    auth: str


def ticket_mint(user: User, *, until: int | None, session_key: str | None) -> str:
    """A ticket for ``user``. ``until``: epoch seconds at which the access token behind it ends."""
    ticket = Ticket.for_user(user)
    ticket["aud"] = "ws"
    ticket["auth"] = auth_digest(user)
    if until is not None:
        ticket["until"] = until
    if session_key:
        ticket["session"] = session_digest(session_key)
    return str(ticket)


def ticket_spend(text: str) -> Pass:
    """Check a ticket and use it up. Raises TicketError; the second use of the same ticket does too."""
    try:
        ticket = Ticket(text)  # type: ignore[arg-type]  # the stubs want a Token, the library takes the text
    except TokenError:
        raise TicketError("expired or not a ticket") from None
    if ticket.get("aud") != "ws":
        raise TicketError("not a ticket for sockets")
    expires = datetime.fromtimestamp(ticket["exp"], UTC)
    try:
        with transaction.atomic():
            SpentTicket.objects.create(jti=ticket["jti"], expires_at=expires)
    except IntegrityError:
        raise TicketError("used before") from None
    until = datetime.fromtimestamp(ticket["until"], UTC) if "until" in ticket else None
    return Pass(UUID(ticket["user_id"]), until, ticket.get("session", ""), ticket.get("auth", ""))


def access_read(text: str) -> tuple[UUID, datetime]:
    """Whose access token this is and when it ends. Raises TicketError."""
    try:
        token = AccessToken(text)  # type: ignore[arg-type]  # the stubs want a Token, the library a text
    except TokenError:
        raise TicketError("expired or not an access token") from None
    return UUID(token["user_id"]), datetime.fromtimestamp(token["exp"], UTC)


class TicketView(APIView):
    """``POST /api/tickets/`` → {ticket, expires_in}."""

    permission_classes = [IsAuthenticated]
    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "tickets"

    def post(self, request: Request) -> Response:
        token: Any = request.auth
        user: Any = request.user  # IsAuthenticated has run
        ticket = ticket_mint(
            user,
            until=token["exp"] if token is not None else None,
            session_key=None if token is not None else request.session.session_key,
        )
        return Response({"ticket": ticket, "expires_in": LIFETIME_S}, headers={"Cache-Control": "no-store"})


assert settings.JWT_SIGNING_KEY != settings.SECRET_KEY
