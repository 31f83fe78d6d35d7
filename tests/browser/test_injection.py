"""Every payload in every text that people or the model write: no script runs, nothing is fetched from outside.

The screens fixture holds each screen to it: no dialog or alert, no exception, no report of the browser's policy, no
request to another origin. Here the texts are brought to the screens: live, at every prefix, and after a reload.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.rooms import RoomScreen, assert_equal_to_log
from tests.browser.school import Console, Program
from tests.browser.screens import Screen, eventually, sideways
from tests.stack import Stack

OpenScreen = Callable[..., Screen]
PAYLOADS: list[str] = json.loads((Path(__file__).parents[1] / "payloads.json").read_text(encoding="utf-8"))
WORDS = "chalk-and-talk"

# A school of its own where every name and title is a payload; Pat studies there, Zoe teaches.
SOW = """
from django.contrib.auth.hashers import make_password
from classroom.people.models import Enrolment, Group, Role, SchoolClass, User
from classroom.rooms.models import Problem, Room
payloads = {payloads!r}
def person(username, role, name):
    return User.objects.create(username=username, role=role, display_name=name[:80], password=make_password({words!r}))
zoe, pat = person("zoe", Role.TEACHER, payloads[0]), person("pat", Role.STUDENT, payloads[8])
school = SchoolClass.objects.create(name=payloads[8][:120], created_by=zoe)
Enrolment.objects.create(user=zoe, school_class=school, role=Role.TEACHER)
Enrolment.objects.create(user=pat, school_class=school, role=Role.STUDENT)
for number, payload in enumerate(payloads):
    user = User.objects.create(username=f"p{{number}}", role=Role.STUDENT, display_name=payload[:80], password="!")
    Enrolment.objects.create(user=user, school_class=school, role=Role.STUDENT)
    group = Group.objects.create(school_class=school, name=f"{{payload[:70]}} {{number}}")
    group.members.add(user, pat)
    problem = Problem.objects.create(
        slug=f"payload-{{number}}", title=payload[:200], statement=payload, course=payload[:200], lesson=payload[:200],
        source=payload[:400], license=payload[:120], created_by=zoe,
    )
    Room.objects.create(school_class=school, title=payload[:120], problem=problem, group=group, created_by=zoe)
every = "\\n\\n".join(payloads)
problem = Problem.objects.create(slug="payloads", title="".join(payloads)[:200], statement=every, created_by=zoe)
room = Room.objects.create(school_class=school, title="Live", problem=problem, created_by=zoe)
result = {{"class": str(school.pk), "room": str(room.pk), "group": str(group.pk), "problem": str(problem.pk)}}
"""
SWEEP = """
from classroom.rooms.models import Problem, Room
Room.objects.filter(school_class={school!r}).update(problem=None)
Problem.objects.filter(slug__startswith="payload").delete()
result = None
"""
# The whole log as the rooms' own code writes it, with names that no form would take; a pause lets each be painted.
PLAY = """
import time
from django.db import transaction
from classroom.people.models import User
from classroom.rooms import journal, presence, services
from classroom.rooms.models import Problem, Room
zoe, room = User.objects.get(username="zoe"), Room.objects.get(pk={room!r})
names = list(User.objects.filter(username__regex=r"^p[0-9]+$").order_by("date_joined", "username"))
for number, payload in enumerate({payloads!r}):
    user, by = names[number], {{"id": str(names[number].pk), "name": payload, "role": "student"}}
    with transaction.atomic():
        journal.append(room.pk, type="message.posted", data={{"text": payload}}, actor=user, by=by)
        journal.append(room.pk, type="hand.raised", data={{}}, actor=user, by=by)
    if number % 8 == 0:
        with transaction.atomic():
            journal.append(room.pk, type="member.joined", data={{"user": by}})
            journal.append(room.pk, type="hand.lowered", data={{"user": by}}, actor=zoe, by=by)
    if number % 4 == 0:
        problem = Problem.objects.get(slug=f"payload-{{number}}")
        services.room_update(by=zoe, room=room, title=payload[:120], problem=problem, group=None)
        room.refresh_from_db()
    time.sleep(0.02)
present = [{{"id": str(user.pk), "name": user.name, "role": "student"}} for user in names]
presence.present_beat("payloads", {{room.pk: present}}, {{}})
services.room_update(
    by=zoe, room=room, title="Live again", problem=Problem.objects.get(slug="payloads"), group=None
)
result = None
"""
# Streams each payload letter by letter through the page's own element, painting at once instead of at the next frame.
STREAM = """(payloads) => {
    const frame = window.requestAnimationFrame;
    window.requestAnimationFrame = (paint) => { paint(0); return 0; };
    const host = document.querySelector(".room-lines").appendChild(document.createElement("div"));
    let prefixes = 0;
    for (const payload of payloads) {
        const stream = host.appendChild(document.createElement("cs-stream"));
        const letters = [...payload];
        for (let end = 1; end <= letters.length; end++, prefixes++) stream.content = [letters.slice(0, end).join(""), false];
        stream.content = [payload, true];
    }
    window.requestAnimationFrame = frame;
    return prefixes;
}"""
# Elements and attributes that only a page's own templates may make, counted where strangers' words stand.
FOREIGN = """() => {
    const words = "cs-markdown, cs-stream, bdi, [dir=auto], .person-name, .tile-text, textarea, td, option, h1, h2";
    const found = [];
    for (const place of document.querySelectorAll(words)) for (const node of [place, ...place.querySelectorAll("*")]) {
        const tag = node.tagName.toLowerCase();
        if (/^(script|iframe|object|embed|img|video|audio|style|link|meta|base|form|animate|set|use|foreignobject)$/.test(tag)
            && !place.matches("td, h1")) found.push(tag);
        for (const { name, value } of node.attributes ?? []) {
            if (/^on/i.test(name) || name === "srcdoc") found.push(tag + " " + name);
            const isAddress = /^(href|src|action|formaction|xlink:href)$/.test(name);
            const isBad = /^\\s*(javascript|data|vbscript|blob|file):/i.test(value);
            if (isAddress && isBad) found.push(tag + " " + name + "=" + value);
        }
    }
    return found;
}"""


@pytest.fixture(scope="module")
def sown(console: Console) -> Iterator[dict[str, Any]]:
    found = dict(console.run(SOW.format(payloads=PAYLOADS, words=WORDS)))
    yield found
    console.run(SWEEP.format(school=found["class"]))


def assert_words_only(page: Page) -> None:
    assert not page.evaluate(FOREIGN)


def played(console: Console, room: str) -> None:
    console.run(PLAY.format(room=room, payloads=PAYLOADS))


def test_payloads_stay_words_on_live_screens(
    console: Console, open_screen: OpenScreen, sown: dict[str, Any], house: Stack
) -> None:
    pat, zoe = RoomScreen(open_screen("pat", web=0), sown["room"]), RoomScreen(open_screen("zoe", web=1), sown["room"])
    wall = open_screen("zoe", web=0)
    wall.open("/dashboard/")
    for screen in (pat, zoe):
        screen.open()
        assert_words_only(screen.page)
    played(console, sown["room"])
    ask_for_each(pat)
    for screen in (pat, zoe):
        screen.ended()
        assert_words_only(screen.page)
    assert_words_only(wall.page)
    assert wall.page.locator("a.tile").count() > len(PAYLOADS)
    assert_equal_to_log([pat, zoe], console.log_texts(sown["room"]))
    pat.page.reload()
    pat.live()
    zoe.page.set_viewport_size({"width": 360, "height": 740})
    for screen in (pat, zoe):
        assert_words_only(screen.page)
        assert not sideways(screen.page)
    assert_equal_to_log([pat, zoe], console.log_texts(sown["room"]))


def ask_for_each(person: RoomScreen) -> None:
    """All payloads as a question and as what the model writes to it: the scripted engine says what it is told."""
    lines, part = [], ""
    for payload in PAYLOADS:
        if len(part) + len(payload) > 3_800:
            lines.append(part)
            part = ""
        part += payload + "\n\n"
    for text in (*lines, part):
        asked = len(person.answers())
        person.ask(f"@scripted rate=400 text={text}")
        eventually(lambda asked=asked: len(person.answers()) > asked, "the question is on the screen", person.screen)
        person.ended()


def test_payloads_stay_words_at_every_prefix(open_screen: OpenScreen, sown: dict[str, Any]) -> None:
    pat = RoomScreen(open_screen("pat"), sown["room"]).open()
    assert pat.page.evaluate(STREAM, PAYLOADS) >= sum(len(payload) for payload in PAYLOADS) - 200
    assert_words_only(pat.page)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/classes/", "/classes/{class}/", "/classes/{class}/groups/{group}/", "/classes/{class}/rooms/new/",
        "/rooms/{room}/edit/", "/problems/{problem}/", "/problems/{problem}/edit/", "/dashboard/",
        "/review/?page=1", "/review/?page=4", "/review/{room}/?page=1", "/review/{room}/?page=2",
        "/problems/?page=1", "/problems/?page=4", "/problems/?page=8",
    ],
)  # fmt: skip
def test_payloads_stay_words_on_the_teachers_pages(path: str, open_screen: OpenScreen, sown: dict[str, Any]) -> None:
    zoe = open_screen("zoe")
    page = zoe.open(path.format(**sown))
    page.wait_for_load_state("load")
    eventually(lambda: page.locator("cs-markdown:not([ready])").count() == 0, "Markdown is drawn", zoe)
    assert_words_only(page)
    zoe.page.set_viewport_size({"width": 360, "height": 740})
    assert not sideways(page)


def test_payloads_stay_words_in_what_forms_give_back(open_screen: OpenScreen, sown: dict[str, Any]) -> None:
    zoe = open_screen("zoe")
    zoe.watch.expect("status of 400")
    page = zoe.page
    for start in range(0, len(PAYLOADS), 24):
        packed = "".join(PAYLOADS[start : start + 24]).replace("\n", " ").replace("\x00", "")
        page.goto("/problems/?" + urlencode({"q": packed[:900]}))
        assert_words_only(page)
        page.goto("/review/?" + urlencode({"q": packed[:900], "state": packed[:200]}))
        assert_words_only(page)
        page.goto("/problems/new/")
        page.get_by_label("Title").fill(packed[:200])
        page.get_by_label("Problem", exact=True).fill("\n\n".join(PAYLOADS[start : start + 24]))
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("button", name="Preview")).to_be_visible()
        eventually(lambda: page.locator("cs-markdown:not([ready])").count() == 0, "Markdown is drawn", zoe)
        assert_words_only(page)
    guest = open_screen()
    guest.watch.expect("status of 400")
    for payload in PAYLOADS[:120:12]:
        line = payload.replace("\n", " ")
        page = guest.open("/accounts/signup/?" + urlencode({"next": line}))
        page.get_by_label("Join code").fill(line[:16])
        page.get_by_label("Your name").fill(line[:80])
        page.get_by_label("Username").fill(line[:40])
        page.get_by_label("Password", exact=True).fill(line)
        page.get_by_label("Password (again)").fill(line)
        page.get_by_role("button", name="Make my account").click()
        expect(page.get_by_role("heading", name="Make an account")).to_be_visible()
        assert_words_only(page)


def test_charlie_gets_none_of_it(house: Stack, open_screen: OpenScreen, sown: dict[str, Any]) -> None:
    """Mia is not of this school: her list, and the address typed in, show nothing of it."""
    assert sown["room"] not in Program(house, "mia").rooms().values()
    mia = open_screen("mia")
    mia.watch.expect("status of 404")
    response = mia.page.goto(f"/rooms/{sown['room']}/")
    assert response is not None
    assert response.status == 404
    assert not re.search("payload|alert\\(", mia.page.content())
