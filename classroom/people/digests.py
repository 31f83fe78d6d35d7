"""Fingerprints by which a socket is bound to a page session and to a password. They say nothing about either."""

from __future__ import annotations

import hashlib

from classroom.people.models import User


def session_digest(session_key: str | None) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest() if session_key else ""


def auth_digest(user: User) -> str:
    """Changes with the password; says nothing about it."""
    return hashlib.sha256(user.get_session_auth_hash().encode()).hexdigest()[:32]
