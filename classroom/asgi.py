"""HTTP goes to Django, WebSockets to the rooms."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter

from classroom.routing import websocket_application

application = ProtocolTypeRouter({"http": django_application, "websocket": websocket_application})
