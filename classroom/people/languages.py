"""Which language somebody is spoken to in: what stands on the account, else what the browser's cookie or its own wish says.

The cookie is for people who are not logged in; who logs in for the first time after choosing takes the choice along.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import Error
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import get_language_from_request
from django.views.i18n import LANGUAGE_QUERY_PARAMETER, set_language

from classroom.people.models import User


def language_of(scope: dict[str, Any], user: User | None = None) -> str:
    """One of LANGUAGES: the account's, else chosen from the headers of an ASGI scope as Django chooses it for a page."""
    if user is not None and known(user.language):
        return user.language
    headers = {name.lower(): value.decode("latin1") for name, value in scope["headers"]}
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get(b"accept-language", "")
    try:
        chosen = SimpleCookie(headers.get(b"cookie", "")).get(settings.LANGUAGE_COOKIE_NAME)
    except CookieError:
        chosen = None
    if chosen is not None:
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = chosen.value
    return get_language_from_request(request)


def known(language: str) -> bool:
    return language in dict(settings.LANGUAGES)


class AccountLanguage(MiddlewareMixin):
    """Pages of whoever is logged in speak the account's language. Behind LocaleMiddleware and the one that knows the user."""

    def process_request(self, request: HttpRequest) -> None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return  # nobody is logged in; no query
        try:
            language = getattr(request.user, "language", "")
        except Error:
            return  # the view says what there is to say when the database is away
        if known(language):
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()


def language_choose(request: HttpRequest) -> HttpResponseBase:
    """Django's own view for the cookie; for an account the choice stands there, and the cookie goes."""
    response = set_language(request)
    language = request.POST.get(LANGUAGE_QUERY_PARAMETER, "")
    if request.method == "POST" and isinstance(request.user, User) and known(language):
        User.objects.filter(pk=request.user.pk).update(language=language)
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


@receiver(user_logged_in, dispatch_uid="people.languages")
def language_take(request: HttpRequest | None, user: User, **_about: object) -> None:
    """What was chosen before logging in, if nothing stands on the account."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "") if request is not None else ""
    if not user.language and known(chosen):
        user.language = chosen
        user.save(update_fields=["language"])
