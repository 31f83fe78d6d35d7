"""Pages about classes that concern no room: the list of one's classes, and a new one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from classroom.people import services
from classroom.people.access import TEACHING_ROLES, PageRequest, require_class_creator
from classroom.people.forms import ClassForm
from classroom.people.selectors import classes_with_counts


@login_required
@require_safe
def classes(request: PageRequest) -> HttpResponse:
    context = {
        "classes": classes_with_counts(request.user),
        "may_create": request.user.role in TEACHING_ROLES,
    }
    return render(request, "people/classes.html", context)


@login_required
def class_new(request: PageRequest) -> HttpResponse:
    require_class_creator(request.user)
    form = ClassForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            school_class = services.class_create(by=request.user, name=form.cleaned_data["name"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request,
                _("The class “%(name)s” is there. Its join code is %(code)s.")
                % {"name": school_class, "code": school_class.join_code},
            )
            return redirect("class_page", school_class.pk)
    return render(request, "people/class_form.html", {"form": form}, status=400 if form.errors else 200)
