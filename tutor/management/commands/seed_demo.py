"""``manage.py seed_demo``: a class with people, groups, rooms and problems to try everything with. Changes nothing twice."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from classroom.people import demo
from classroom.people import services as people
from classroom.people.models import Enrolment, Group, Role, SchoolClass, User
from classroom.rooms import services as rooms
from classroom.rooms.models import Problem, Room
from tutor.imports import OWN_PROBLEMS, file_import

ROOMS = (
    # title, problem, group
    ("Chickens and rabbits", "cs-system-3", None),
    ("Table one", "cs-linear-7", "Group one"),
    ("Table two", "cs-quadratic-4", "Group two"),
)
GROUPS = {"Group one": ("mia", "noah"), "Group two": ("lin",)}


class Command(BaseCommand):
    help = "Make the demo: people with a public password, a class, rooms, and the problems of this repository."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo has accounts with a public password, an admin among them: set DEMO=1 to allow it."
            )
        summary = file_import(OWN_PROBLEMS, progress=lambda done, total: None)
        self.stdout.write(f"problems: {summary}")
        with transaction.atomic():
            users = {account.username: self._person(account) for account in demo.ACCOUNTS}
            school_class = self._class(users)
            self._rooms(school_class, users)
        self.stdout.write(self.style.SUCCESS(f"class “{school_class}”, join code {school_class.join_code}"))
        for account in demo.ACCOUNTS:
            self.stdout.write(f"  {account.username:<8} {demo.PASSWORD}  {account.role.label}")

    def _person(self, account: demo.Account) -> User:
        user = User.objects.filter(username=account.username).first()
        if user is None:
            is_admin = account.role == Role.ADMIN
            user = User(
                username=account.username, display_name=account.display_name, role=account.role,
                is_staff=is_admin, is_superuser=is_admin,
            )  # fmt: skip
            user.set_password(demo.PASSWORD)
            user.save()
        return user

    def _class(self, users: dict[str, User]) -> SchoolClass:
        school_class = SchoolClass.objects.filter(name=demo.CLASS_NAME, created_by=users["ada"]).first()
        if school_class is None:
            school_class = people.class_create(by=users["ada"], name=demo.CLASS_NAME)
        enrolled = set(Enrolment.objects.filter(school_class=school_class).values_list("user__username", flat=True))
        for account in demo.ACCOUNTS:
            if account.username not in enrolled and account.role != Role.ADMIN:
                people.enrolment_add(school_class=school_class, username=account.username, role=account.role)
        return school_class

    def _rooms(self, school_class: SchoolClass, users: dict[str, User]) -> None:
        groups = {group.name: group for group in Group.objects.filter(school_class=school_class)}
        for name, members in GROUPS.items():
            if name not in groups:
                chosen = [users[member] for member in members]
                groups[name] = people.group_create(school_class=school_class, name=name, members=chosen)
        for title, slug, group_name in ROOMS:
            if not Room.objects.filter(school_class=school_class, title=title).exists():
                rooms.room_create(
                    by=users["ada"],
                    school_class=school_class,
                    title=title,
                    problem=Problem.objects.get(slug=slug),
                    group=groups[group_name] if group_name else None,
                )
