"""The way into every WebSocket, and out of it: origin, sub-protocol, single-use ticket, one close code for each refusal."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import Error
from django.http import Http404
from django.http.request import split_domain_port, validate_host
from django.utils import translation

from classroom.people.languages import language_of
from classroom.people.tickets import TicketError
from classroom.rooms.doors import doors
from classroom.rooms.frames import TICKET_PREFIX, Close, retry_spread

log = structlog.get_logger(__name__)
JOIN_S = 10.0  # for the first word after hello
RESTART_LEAST_MS, RESTART_MOST_MS = 200, 5_000  # when those come back who were told of a restart


class Seat(Protocol):
    def close(self, code: int, *, retry_ms: int | None = None) -> None: ...


S = TypeVar("S", bound=Seat)


class Door(AsyncWebsocketConsumer, ABC, Generic[S]):  # type: ignore[misc]  # channels has no types
    """One socket; ``S`` is what its person has once she is in. ``__call__`` runs the client's receive loop only: nothing of
    the channel layer goes through it.
    """

    subprotocol: ClassVar[str]
    _writer: asyncio.Task[None] | None = None
    _seat: S | None = None
    _entering: asyncio.Task[Any] | None = None  # while whoever comes is being let in
    _told = False

    @abstractmethod
    async def admit(self, ticket: str, /) -> S:
        """Spend the ticket, say hello. Raises TicketError, Http404, ObjectDoesNotExist, django.db.Error."""

    @abstractmethod
    async def serve(self, seat: S, /) -> None:
        """Until the socket is closed by either side. What is still to be written is waited for only if we close it: where
        she has gone nobody would ever end that waiting.
        """

    @abstractmethod
    def leave(self, seat: S, /) -> None:
        """Whatever way it ended, for whoever was in."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        # Holds for this socket's task alone, and for what it offloads: refusals are said in the language of the page.
        translation.activate(language_of(scope))
        await receive()  # websocket.connect
        if not origin_allowed(scope):
            await send({"type": "websocket.close", "code": 4403})
            return
        known = doors()
        known.come(self)
        try:
            self._seat = await self._enter()
            if self._seat is not None:
                await self.serve(self._seat)
        except asyncio.CancelledError:
            if not self._told:  # else by ourselves, out of the way in
                raise
        except Exception:  # the edge: one socket's fault must not be silent, nor anybody else's
            log.exception("socket_failed", path=scope["path"])
            await self.close_with(1011)
        finally:
            known.go(self)
            if self._seat is not None:
                self.leave(self._seat)
            if self._writer is not None:
                self._writer.cancel()

    async def _enter(self) -> S | None:
        """Accept, and admit whoever has a ticket. None after a refusal, which has its close code."""
        offered = self.scope.get("subprotocols", [])
        known = self.subprotocol in offered
        await self._send({"type": "websocket.accept", "subprotocol": self.subprotocol if known else None})
        if not known:
            await self.close_with(Close.BAD_FRAME)
            return None
        if doors().closing:  # and the ticket is kept
            await self.close_with(Close.RESTART, _later(RESTART_LEAST_MS))
            return None
        self._entering = asyncio.current_task()
        try:
            ticket = next(part for part in offered if part.startswith(TICKET_PREFIX))
            return await self.admit(ticket.removeprefix(TICKET_PREFIX))
        except (StopIteration, TicketError):
            await self.close_with(Close.EXPIRED)
        except (Http404, ObjectDoesNotExist):
            await self.close_with(Close.NOT_FOUND)
        except Error:
            await self.close_with(Close.RESTART, _later(500))
        finally:
            self._entering = None
        return None

    def restart(self) -> None:
        """This process is about to end. Nothing is waited for first: the database may be what is slow."""
        if self._seat is not None:
            self._seat.close(Close.RESTART, retry_ms=retry_spread(RESTART_LEAST_MS, RESTART_MOST_MS))
        elif self._entering is not None:
            self._told = True
            self.close_soon(Close.RESTART, _later(RESTART_LEAST_MS))
            self._entering.cancel()

    def close_soon(self, code: int, reason: str) -> None:
        """From where nothing can be awaited."""
        self._closing = asyncio.get_running_loop().create_task(self.close_with(code, reason))

    async def close_with(self, code: int, reason: str = "") -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


def _later(least_ms: int) -> str:
    return f"retry_ms={retry_spread(least_ms, RESTART_MOST_MS)}"


def origin_allowed(scope: dict[str, Any]) -> bool:
    """Browsers always send Origin: it must be a host of ours. Programs send none, and bring a ticket anyway."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin1")
    if not origin:
        return True
    parts = urlsplit(origin)
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = headers.get(b"host", b"").decode("latin1")
    domain, _ = split_domain_port(parts.netloc)
    return parts.netloc == host and validate_host(domain, settings.ALLOWED_HOSTS)
