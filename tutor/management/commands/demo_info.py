"""``manage.py demo_info``: the running demo for programs, as JSON {"room": uuid, "users": [[name, password, role], …]}."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classroom.people import demo
from classroom.people.models import User
from classroom.rooms.models import Room


class Command(BaseCommand):
    help = "Print the demo's room for the whole class and its accounts, students first, as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        room = (
            Room.objects.filter(
                school_class__name=demo.CLASS_NAME,
                school_class__created_by__username="ada",
                group=None,
                state=Room.State.OPEN,
            )
            .order_by("created_at")
            .first()
        )
        known = set(User.objects.filter(is_active=True).values_list("username", flat=True))
        if room is None:
            raise CommandError("There is no demo here: run `manage.py seed_demo` first.")
        users = [
            [account.username, demo.PASSWORD, account.role.value]
            for account in demo.ACCOUNTS
            if account.username in known
        ]
        self.stdout.write(json.dumps({"room": str(room.pk), "users": users}))
