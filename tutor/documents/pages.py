"""Pages about a class's documents: the teacher's list, and a document as everybody of the class may read it (D1, D7)."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.people.access import ClassRights, PageRequest, class_for, class_for_teacher
from tutor.class_worker import task_ring
from tutor.documents import ingest, shelf
from tutor.documents.forms import UploadForm
from tutor.documents.models import Document

FILES_MAX = 20  # of one form


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def class_documents(request: PageRequest, class_id: UUID) -> HttpResponse:
    """Everybody of the class sees what is there; teachers add to it. Files that are good stay though others are refused."""
    rights = class_for(request.user, class_id)
    form = UploadForm()
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        rights = class_for_teacher(request.user, class_id)
        if form.is_valid():
            _upload(request, rights, form)
        if not form.errors:
            return redirect("class_documents", class_id)
    return _list(request, rights, form)


def _upload(request: PageRequest, rights: ClassRights, form: UploadForm) -> None:
    files = form.cleaned_data["uploads"]
    if len(files) > FILES_MAX:
        form.add_error(
            "uploads", _("These are %(n)s files; %(most)s at a time, please.") % {"n": len(files), "most": FILES_MAX}
        )
        return
    kept = []
    for file in files:
        try:
            document = shelf.document_upload(rights, request.user, file)
        except ValidationError as error:
            form.add_error("uploads", error)
            continue
        kept.append(document.title)
    if kept:
        transaction.on_commit(partial(task_ring, ingest.TASK))
        words = _("Uploaded: %(names)s. They can be found as soon as they are read.")
        messages.success(request, words % {"names": ", ".join(kept)})


def _list(request: PageRequest, rights: ClassRights, form: UploadForm) -> HttpResponse:
    documents = Document.objects.filter(school_class=rights.school_class).order_by("title", "pk")
    if not rights.staff:
        documents = documents.filter(is_hidden=False, state=Document.State.READY)
    context = {
        "rights": rights,
        "school_class": rights.school_class,
        "documents": [(document, shelf.megabytes(document.size)) for document in documents],
        "is_reading": any(d.state in (Document.State.WAITING, Document.State.READING) for d in documents),
        "form": form,
        "used": shelf.megabytes(shelf.bytes_used(rights.school_class.pk)),
        "quota": shelf.megabytes(settings.DOCUMENT_QUOTA_BYTES),
        "largest": shelf.megabytes(settings.DOCUMENT_MAX_BYTES),
    }
    return render(request, "documents/list.html", context, status=400 if form.errors else 200)


def _own(request: PageRequest, class_id: UUID, document_id: UUID) -> Document:
    """A document of a class that this person teaches. Raises Http404 and PermissionDenied."""
    rights = class_for_teacher(request.user, class_id)
    found = Document.objects.filter(pk=document_id, school_class=rights.school_class).first()
    if found is None:
        raise Http404("no such document")
    return found


@login_required
@require_POST
def document_hide(request: PageRequest, class_id: UUID, document_id: UUID) -> HttpResponse:
    document, hidden = _own(request, class_id, document_id), request.POST.get("hidden") == "1"
    shelf.document_hide(document, hidden=hidden)
    words = _("“%(title)s” is hidden: it is quoted to nobody.")
    if not hidden:
        words = _("“%(title)s” can be found by everybody in the class.")
    messages.success(request, words % {"title": document.title})
    return redirect("class_documents", class_id)


@login_required
@require_POST
def document_delete(request: PageRequest, class_id: UUID, document_id: UUID) -> HttpResponse:
    document = _own(request, class_id, document_id)
    shelf.document_delete(document)
    messages.success(request, _("“%(title)s” is deleted.") % {"title": document.title})
    return redirect("class_documents", class_id)


@login_required
@require_safe
def document_page(request: PageRequest, document_id: UUID) -> HttpResponse:
    """A document's text, with the passage of ``?passage=`` marked. For members of its class, by their rights of now."""
    document = Document.objects.select_related("school_class").filter(pk=document_id).first()
    if document is None:
        raise Http404("no such document")
    rights = class_for(request.user, document.school_class_id)
    if (document.is_hidden and not rights.staff) or document.state != Document.State.READY:
        raise Http404("no such document")
    marked = request.GET.get("passage", "")
    rows = document.passages.order_by("n").values("n", "page", "anchor", "text")
    passages: list[dict[str, Any]] = []
    for row in rows:
        is_new = not passages or passages[-1]["anchor"] != row["anchor"]
        passages.append({**row, "is_new": is_new, "is_marked": str(row["n"]) == marked})
    context = {
        "document": document,
        "school_class": document.school_class,
        "passages": passages,
        "marked": next((passage for passage in passages if passage["is_marked"]), None),
        "is_markdown": document.kind in ("markdown", "ipynb", "docx"),
    }
    return render(request, "documents/document.html", context)
