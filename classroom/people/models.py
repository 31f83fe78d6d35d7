"""Who people are, which classes they belong to, and what has been spent or revoked."""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

# Without 0/O, 1/I/L: a code is read from a projector and typed on a phone.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8


def join_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


class Role(models.TextChoices):
    STUDENT = "student", _("student")
    ASSISTANT = "assistant", _("teaching assistant")
    TEACHER = "teacher", _("teacher")
    OBSERVER = "observer", _("observer")
    ADMIN = "admin", _("admin")


STAFF_ROLES = frozenset({Role.ASSISTANT, Role.TEACHER, Role.ADMIN})


class User(AbstractUser):
    """An account. ``role`` is what the person may be at most; in a class the enrolment's role decides."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    display_name = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=12, choices=Role, default=Role.STUDENT)
    language = models.CharField(
        max_length=12, blank=True, help_text="of pages and refusals; empty: as the browser asks"
    )

    @property
    def name(self) -> str:
        return self.display_name or self.username

    def __str__(self) -> str:
        return self.name


class SchoolClass(models.Model):
    """A class: the unit of enrolment. People enter it by its join code."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    join_code = models.CharField(max_length=CODE_LENGTH, unique=True, default=join_code)
    join_open = models.BooleanField(default=True, help_text="whether the join code is accepted")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "class"
        verbose_name_plural = "classes"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Enrolment(models.Model):
    """That a person belongs to a class, and as what. ``removed_at`` set = not any more; rows are never deleted."""

    school_class = models.ForeignKey(SchoolClass, on_delete=models.CASCADE, related_name="enrolments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    role = models.CharField(max_length=12, choices=Role, default=Role.STUDENT)
    joined_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school_class", "user"], name="one_enrolment")]

    def __str__(self) -> str:
        return f"{self.user} in {self.school_class} as {self.role}"


class Group(models.Model):
    """Some students of a class who work together; a room may be given to one group."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school_class = models.ForeignKey(SchoolClass, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=80)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="work_groups", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school_class", "name"], name="one_group_name")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SpentTicket(models.Model):
    """A socket ticket that was used: the unique INSERT of its ``jti`` is what makes tickets single-use."""

    jti = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"ticket {self.jti}"


class RevokedSession(models.Model):
    """A page session that was logged out (SHA-256 of its key): sockets opened from it are closed."""

    digest = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"session {self.digest[:8]}…"
