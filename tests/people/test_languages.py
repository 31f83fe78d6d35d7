"""The language of a page: what the browser asks for, until a person chooses; with no catalogue, English."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from classroom.people.languages import AccountLanguage, language_of
from classroom.people.models import User
from classroom.people.templatetags.languages import page_words
from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db
CHINESE = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.5"}
LOGIN = "/accounts/login/"


def choose(client: Client, language: str, back: str = LOGIN) -> int:
    return client.post(reverse("set_language"), {"language": language, "next": back}).status_code


def test_a_browser_is_answered_in_its_language(client: Client) -> None:
    assert 'lang="zh-hans"' in client.get(LOGIN, headers=CHINESE).content.decode()
    for asked in ("en-GB", "fr", "", "zh-x-y;q=oops", "*"):
        page = client.get(LOGIN, headers={"accept-language": asked}).content.decode()
        assert '<html lang="en">' in page


def test_a_choice_wins_over_the_browser_and_lasts(client: Client) -> None:
    assert choose(client, "zh-hans") == 302
    assert client.cookies["django_language"]["max-age"] >= 30 * 24 * 3600
    assert 'lang="zh-hans"' in client.get(LOGIN).content.decode()
    assert choose(client, "en") == 302
    assert '<html lang="en">' in client.get(LOGIN, headers=CHINESE).content.decode()


def test_the_button_names_the_other_language_and_needs_no_script(client: Client) -> None:
    page = client.get(LOGIN + "?next=/problems/").content.decode()
    form = re.search(r'<form class="language".*?</form>', page, re.DOTALL)
    assert form is not None
    assert 'method="post"' in form[0]
    assert "csrfmiddlewaretoken" in form[0]
    assert 'value="/accounts/login/?next=/problems/"' in form[0]
    assert 'lang="zh-hans"' in form[0]
    assert "简体中文" in form[0]
    client.cookies["django_language"] = "zh-hans"
    assert ">English<" in client.get(LOGIN).content.decode()


def test_a_language_that_we_do_not_have_changes_nothing(client: Client) -> None:
    choose(client, "tlh")
    assert "django_language" not in client.cookies


def test_it_leads_to_no_other_site(client: Client) -> None:
    answer = client.post(reverse("set_language"), {"language": "zh-hans", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"


def test_it_takes_no_get_and_no_forged_form() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.get(reverse("set_language") + "?language=zh-hans")
    assert "django_language" not in strict.cookies
    assert strict.post(reverse("set_language"), {"language": "zh-hans"}).status_code == 403


def test_a_language_opens_no_door(charlie: User, client_for: ClientFor, room: object) -> None:
    client = client_for(charlie)
    choose(client, "zh-hans")
    assert client.get(f"/rooms/{getattr(room, 'pk', '')}/").status_code == 404


# ---- on the account


def stored(user: User) -> str:
    return User.objects.get(pk=user.pk).language


def test_who_is_logged_in_keeps_the_choice_on_the_account(alice: User, client_for: ClientFor) -> None:
    client = client_for(alice)
    assert choose(client, "zh-hans", "/") == 302
    assert stored(alice) == "zh-hans"
    assert client.cookies["django_language"].value == "", "no cookie is left for whoever uses this browser next"
    elsewhere = client_for(User.objects.get(pk=alice.pk))
    assert 'lang="zh-hans"' in elsewhere.get("/classes/", headers={"accept-language": "en"}).content.decode()
    elsewhere.cookies["django_language"] = "en"
    assert 'lang="zh-hans"' in elsewhere.get("/classes/").content.decode(), "the account wins over a cookie"
    elsewhere.logout()
    assert '<html lang="en">' in elsewhere.get(LOGIN).content.decode()


def test_a_choice_made_before_logging_in_goes_onto_an_account_without_one(alice: User, client: Client) -> None:
    alice.set_password("chalk-and-talk")
    alice.save()
    choose(client, "zh-hans")
    sign_in = {"login": "alice", "password": "chalk-and-talk"}
    assert client.post(LOGIN, sign_in).status_code == 302
    assert stored(alice) == "zh-hans"
    client.logout()
    choose(client, "en")
    client.post(LOGIN, sign_in)
    assert stored(alice) == "zh-hans", "what stands there is not changed by a browser that somebody else used"


@pytest.mark.parametrize("language", ["fr", "tlh", "", "zh-hans; DROP", "EN"])
def test_an_account_gets_no_language_that_we_do_not_have(alice: User, client_for: ClientFor, language: str) -> None:
    client = client_for(alice)
    choose(client, language)
    assert stored(alice) == ""
    User.objects.filter(pk=alice.pk).update(language="tlh")
    assert '<html lang="en">' in client.get("/classes/").content.decode()


def test_nobodys_language_is_changed_by_somebody_else(alice: User, charlie: User, client_for: ClientFor) -> None:
    choose(client_for(charlie), "zh-hans")
    assert (stored(alice), stored(charlie)) == ("", "zh-hans")
    assert client_for(charlie).get(reverse("set_language") + "?language=en").status_code == 302
    assert stored(charlie) == "zh-hans", "a link changes nothing"


def test_a_page_without_a_session_asks_for_no_account(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        client.get("/livez")


def test_a_database_that_is_away_leaves_the_language_to_the_browser(rf: RequestFactory) -> None:
    class Away:
        @property
        def language(self) -> str:
            raise OperationalError("away")

    request = rf.get("/", headers=CHINESE)
    request.COOKIES["sessionid"] = "x"
    request.user = Away()  # type: ignore[assignment]  # what the lazy user does when its query fails
    AccountLanguage(lambda _request: HttpResponse()).process_request(request)
    assert not hasattr(request, "LANGUAGE_CODE")


def test_a_socket_speaks_the_accounts_language(alice: User) -> None:
    asked = {"headers": [(b"accept-language", b"en"), (b"cookie", b"django_language=en")]}
    alice.language = "zh-hans"
    assert language_of(asked, alice) == "zh-hans"
    alice.language = "tlh"
    assert language_of(asked, alice) == "en"


def test_scripts_get_their_words_as_data_alone(settings: Settings, tmp_path: Path) -> None:
    settings.LOCALE_PATHS = [tmp_path]
    (tmp_path / "zh_Hans").mkdir()
    (tmp_path / "zh_Hans" / "pages.json").write_text(json.dumps({"</script><b>": ["今天"]}))
    with translation.override("zh-hans"):
        block = page_words()
    assert block.startswith('<script id="page-words" type="application/json">')
    assert block.count("<") == 2
    with translation.override("en"):
        assert page_words() == ""


def test_without_a_compiled_catalogue_the_page_still_comes(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.LOCALE_PATHS = [tmp_path]
    page = client.get(LOGIN, headers=CHINESE)
    assert page.status_code == 200
    assert b"page-words" not in page.content


@pytest.mark.parametrize(
    ("cookie", "asked", "language"),
    [
        (None, None, "en"),
        (None, "zh-CN,zh;q=0.9", "zh-hans"),
        (None, "fr-CH", "en"),
        ("django_language=zh-hans", "en-GB", "zh-hans"),
        ("a=b; django_language=en", "zh-CN", "en"),
        ("django_language=tlh", "zh-CN", "zh-hans"),
        ("{bad}[]=;;", "zh", "zh-hans"),
        ("\x00=1;django_language=\x00", "zh", "zh-hans"),
    ],
)
def test_a_socket_speaks_as_its_page_does(cookie: str | None, asked: str | None, language: str) -> None:
    given = {b"Cookie": cookie, b"accept-language": asked}
    headers = [(name, value.encode("latin1")) for name, value in given.items() if value is not None]
    assert language_of({"headers": headers}) == language
