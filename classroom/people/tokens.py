"""``POST /api/token/``: a program signs in; slow against guessing, not against a class behind one address."""

from __future__ import annotations

import hashlib
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework_simplejwt.views import TokenObtainPairView


class AddressThrottle(SimpleRateThrottle):
    """All sign-ins from one address: thirty pupils may share it."""

    scope = "token_address"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class NameThrottle(AddressThrottle):
    """Sign-ins with one name from one address: the bound against guessing a password, and not one to lock others out."""

    scope = "token"

    def get_cache_key(self, request: Request, view: Any) -> str:
        data = request.data if isinstance(request.data, dict) else {}
        name = str(data.get("username", "")).casefold()
        ident = hashlib.sha256(f"{self.get_ident(request)} {name}".encode()).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}


class TokenView(TokenObtainPairView):
    """``POST /api/token/`` {username, password} → {access, refresh}."""

    throttle_classes = [AddressThrottle, NameThrottle]
