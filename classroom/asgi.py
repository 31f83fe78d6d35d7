"""HTTP goes to Django, WebSockets to the rooms."""

from __future__ import annotations

import os
from importlib import import_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")

from django.core.asgi import get_asgi_application

from classroom.absences import absent
from classroom.lanes import Lanes

with absent():
    django_application = get_asgi_application()

    from channels.routing import ProtocolTypeRouter
    from django.conf import settings

    from classroom.rooms.wiring import action
    from classroom.routing import ACTIONS, websocket_application
    from tutor.dispatch import sender_load

    import_module(settings.ROOT_URLCONF)  # loads every page now, and not in the first request
    for verb in ACTIONS:  # and all that a frame does
        action(verb)
    sender_load()

application = ProtocolTypeRouter({"http": Lanes(django_application), "websocket": websocket_application})
