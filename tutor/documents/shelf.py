"""The documents of a class as its teachers see them: upload, hide, delete; and their files under DATA_DIR (D1–D3).

Files are named by their hash and never served. Two classes with the same file share it; the last one to let go deletes it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from classroom.people.access import ClassRights
from classroom.people.models import SchoolClass, User
from classroom.rooms.clock import database_now
from tutor.documents.models import Document

SUFFIXES: Final = {
    ".pdf": "pdf", ".docx": "docx", ".ipynb": "ipynb", ".md": "markdown", ".markdown": "markdown", ".txt": "text",
}  # fmt: skip
COUNT_MAX: Final = 500  # documents of one class


class Upload(Protocol):
    """What Django gives for a file of a form."""

    name: str | None
    size: int | None

    def chunks(self) -> Iterable[bytes]: ...


def file_of(sha256: str) -> Path:
    return Path(settings.DATA_DIR) / "documents" / sha256[:2] / sha256


def document_upload(rights: ClassRights, by: User, upload: Upload) -> Document:
    """Keep the file and have it read. Raises ValidationError with one sentence that names the file and what is wrong."""
    name = Path((upload.name or "file").replace("\\", "/")).name[:200]
    kind, size = SUFFIXES.get(Path(name).suffix.lower()), upload.size or 0
    if kind is None:
        raise ValidationError(
            _("“%(name)s” cannot be used: PDF, DOCX, ipynb, Markdown (.md) or text (.txt), please.") % {"name": name}
        )
    if not size:
        raise ValidationError(_("“%(name)s” is empty.") % {"name": name})
    if size > settings.DOCUMENT_MAX_BYTES:
        raise ValidationError(
            _("“%(name)s” has %(size)s; a file may have %(most)s at most.")
            % {"name": name, "size": megabytes(size), "most": megabytes(settings.DOCUMENT_MAX_BYTES)}
        )
    part, sha256 = _kept(upload)
    try:
        with transaction.atomic():
            document = _entered(rights.school_class, name, sha256, size)
            document.kind, document.uploaded_by = kind, by
            document.save()
            target = file_of(sha256)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.replace(target)
    except IntegrityError:
        raise ValidationError(_("“%(name)s” is being uploaded already.") % {"name": name}) from None
    finally:
        part.unlink(missing_ok=True)
    return document


def _kept(upload: Upload) -> tuple[Path, str]:
    """The bytes in a file of ours that nobody knows yet, and their hash."""
    folder = Path(settings.DATA_DIR) / "documents"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part, digest = folder / f"{uuid4().hex}.part", hashlib.sha256()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in upload.chunks():
            digest.update(chunk)
            file.write(chunk)
    return part, digest.hexdigest()


def _entered(school_class: SchoolClass, name: str, sha256: str, size: int) -> Document:
    """The row that is not saved yet, if the class has room for it and not the same file. Holds the class's row."""
    SchoolClass.objects.select_for_update().get(pk=school_class.pk)
    own = Document.objects.filter(school_class=school_class)
    known = own.filter(sha256=sha256).first()
    if known is not None and known.state != Document.State.REFUSED:
        raise ValidationError(_("“%(name)s” is here already, as “%(title)s”.") % {"name": name, "title": known.title})
    if known is not None:
        known.delete()  # it is tried again
    used = own.aggregate(total=Sum("size"))["total"] or 0
    if used + size > settings.DOCUMENT_QUOTA_BYTES:
        raise ValidationError(
            _(
                "“%(name)s” (%(size)s) does not fit: %(used)s of the %(quota)s of this class are used. Delete something first."
            )
            % {
                "name": name,
                "size": megabytes(size),
                "used": megabytes(used),
                "quota": megabytes(settings.DOCUMENT_QUOTA_BYTES),
            }
        )
    if own.count() >= COUNT_MAX:
        words = _("“%(name)s” does not fit: a class has %(n)s documents at most.")
        raise ValidationError(words % {"name": name, "n": COUNT_MAX})
    title = Path(name).stem.strip() or name
    return Document(school_class=school_class, title=title, sha256=sha256, size=size, uploaded_at=database_now())


def document_hide(document: Document, *, hidden: bool) -> None:
    Document.objects.filter(pk=document.pk).update(is_hidden=hidden)


def document_delete(document: Document) -> None:
    """The document, its passages, and its file if no other class has it."""
    with transaction.atomic():
        Document.objects.filter(pk=document.pk).delete()
        transaction.on_commit(lambda: file_drop(document.sha256))


def file_drop(sha256: str) -> None:
    """Delete the file of a hash that no document has any more."""
    if not Document.objects.filter(sha256=sha256).exists():
        with suppress(OSError):
            file_of(sha256).unlink(missing_ok=True)


def files_purge(older_s: float = 3600.0) -> int:
    """Delete files that no document has, among those older than ``older_s``: how many."""
    known, gone = set(Document.objects.values_list("sha256", flat=True)), 0
    for path in (Path(settings.DATA_DIR) / "documents").glob("**/*"):
        if path.is_file() and path.name not in known and time.time() - path.stat().st_mtime > older_s:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def bytes_used(class_id: UUID) -> int:
    return int(Document.objects.filter(school_class_id=class_id).aggregate(total=Sum("size"))["total"] or 0)


def megabytes(size: int) -> str:
    """12.3 MB, as people read it."""
    return f"{size / 2**20:.1f} MB" if size >= 2**20 // 10 else f"{-(-size // 1024)} KB"
