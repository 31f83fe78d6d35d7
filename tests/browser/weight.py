"""What the first visit to a page costs: its requests, and the bytes that came over the wire for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

REQUESTS, KB = 20, 300.0


@dataclass
class Visit:
    """Counts from ``watched`` on, as a browser's network panel does. A socket is one request, its frames are its bytes."""

    paths: dict[str, str] = field(default_factory=dict)  # by the browser's id of the request
    bytes: dict[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return len(self.paths)

    @property
    def kb(self) -> float:
        """In kB of 1,000 bytes: headers and bodies as they were sent, packed or not."""
        return sum(self.bytes.values()) / 1000

    def lines(self) -> list[str]:
        """For people: the heaviest first."""
        by_weight = sorted(self.paths, key=lambda one: -self.bytes.get(one, 0))
        return [f"{self.bytes.get(one, 0) / 1000:7.1f} kB  {self.paths[one]}" for one in by_weight]


def watched(page: Page) -> Visit:
    """To be called in a fresh context, whose cache is empty, before the page is opened."""
    visit, session = Visit(), page.context.new_cdp_session(page)

    def asked(event: dict[str, Any]) -> None:
        url = urlsplit(event.get("request", event)["url"])
        if url.scheme not in ("data", "blob"):
            visit.paths[event["requestId"]] = url.path

    def came(event: dict[str, Any]) -> None:
        _add(visit, event, int(event["encodedDataLength"]))

    def said(event: dict[str, Any]) -> None:
        _add(visit, event, len(event["response"]["payloadData"].encode()))

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.webSocketCreated", asked)
    session.on("Network.loadingFinished", came)
    session.on("Network.webSocketFrameReceived", said)
    session.send("Network.enable")
    return visit


def _add(visit: Visit, event: dict[str, Any], more: int) -> None:
    visit.bytes[event["requestId"]] = visit.bytes.get(event["requestId"], 0) + more
