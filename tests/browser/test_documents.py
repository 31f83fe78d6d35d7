"""Documents in real browsers (rules D1–D7): upload, search by the class worker's real model, sources, the marked passage."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.screens import DESKTOP, PHONE, Screen, sideways
from tests.pedagogy.retrieval import HANDBOOK
from tests.tutor.documents import files

OpenScreen = Callable[..., Screen]
# A class of its own: the demo's other rooms go on without documents.
SCHOOL = """
from classroom.people.models import Enrolment, Role, SchoolClass, User
from classroom.rooms import services
ada, mia = User.objects.get(username="ada"), User.objects.get(username="mia")
made = SchoolClass.objects.create(name="Year 9 with a shelf 有书架的班", created_by=ada)
Enrolment.objects.create(user=ada, school_class=made, role=Role.TEACHER)
Enrolment.objects.create(user=mia, school_class=made, role=Role.STUDENT)
room = services.room_create(by=ada, school_class=made, title="Shelf", problem=None, group=None)
result = [str(made.pk), str(room.pk)]
"""
LONG = "A very long name of a worksheet about triangles, circles, tangents and everything else 三角形与圆 " * 2


@pytest.fixture(scope="module")
def place(console: Console) -> tuple[str, str]:
    school_class, room = console.run(SCHOOL)
    return str(school_class), str(room)


def shots(page: Page, name: str, folder: Path) -> None:
    """Wide and narrow, light and dark; nothing stands out of the page."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert sideways(page) == [], name
            page.screenshot(path=folder / f"{name}-{size[0]}-{scheme}.png", full_page=name != "room")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


def test_a_teacher_uploads_and_the_tutor_names_its_sources(
    open_screen: OpenScreen, place: tuple[str, str], tmp_path: Path
) -> None:
    school_class, room = place
    ada = open_screen("ada")
    page = ada.open(f"/classes/{school_class}/documents/")
    expect(page.locator(".empty")).to_contain_text("Nothing is uploaded yet.")
    parts = HANDBOOK.read_text().split("\n## ")
    text = "\n## ".join([parts[0], *(part for part in parts if part.startswith(("Similar", "Probab", "The theorem")))])
    ada.watch.expect("400")  # some of the files are refused
    page.get_by_label("Files").set_input_files(
        [
            {"name": f"{LONG[:150]}.md", "mimeType": "text/markdown", "buffer": text.encode()},
            {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": files.pdf("")},
            {"name": "sheet 练习.pdf", "mimeType": "application/pdf", "buffer": files.pdf("One (1).", "Two <b>b</b>")},
            {"name": "game.exe", "mimeType": "application/pdf", "buffer": b"MZ"},
        ]  # type: ignore[list-item]  # playwright's own typed dictionaries
    )
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".errorlist")).to_contain_text("“game.exe” cannot be used")
    expect(page.locator(".documents > li")).to_have_count(3)
    for _ in range(100):
        page = ada.open(f"/classes/{school_class}/documents/")
        if not page.get_by_text("Look again").count():
            break
        page.wait_for_timeout(300)
    expect(page.locator(".documents > li").filter(has_text="scan")).to_contain_text("Is it a scan?")
    page.get_by_role("button", name="Hide sheet").click()
    expect(page.locator(".documents > li", has_text="练习")).to_contain_text("hidden")
    shots(page, "list", tmp_path)

    mia = RoomScreen(open_screen("mia"), room).open()
    mia.ask("How can I measure how tall a tree is without climbing it?")
    mia.ended()
    source = mia.answer().locator(".source").first
    expect(source).to_contain_text("Similar figures")
    shots(mia.page, "room", tmp_path)
    with mia.page.context.expect_page() as opened:
        source.click()
    marked = opened.value.locator(".passage.marked")
    expect(marked).to_contain_text("shadow")
    expect(opened.value.get_by_role("status")).to_contain_text("The tutor used the marked passage: ")
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("A very long name")
    shots(opened.value, "document", tmp_path)
    mia.ask("What do our notes say about volcanoes?")
    mia.ended()
    expect(mia.answer().locator(".sources")).to_contain_text(re.compile("Not in your materials"))
    mia.screen.shot(tmp_path / "nothing.png")


def test_charlie_sees_neither_list_nor_document(
    open_screen: OpenScreen, place: tuple[str, str], console: Console
) -> None:
    """Noah is of the demo's class, and not of this one."""
    charlie = open_screen("noah")
    charlie.open("/")
    key = console.run(
        f"from tutor.models import Document; result = str(Document.objects.filter(school_class={place[0]!r}).first().pk)"
    )
    for path in (f"/classes/{place[0]}/documents/", f"/documents/{key}/"):
        assert charlie.fetch(path)[0] == 404
    charlie.watch.expect("404")
