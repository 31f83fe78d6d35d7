"""A page looked over by axe."""

from __future__ import annotations

from playwright.sync_api import Page

from classroom.supervisor.child import BASE_DIR

AXE = BASE_DIR / "static" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def axe_faults(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands, by WCAG 2.2 AA."""
    page.evaluate(AXE.read_text() + ";0")
    found = page.evaluate("(tags) => axe.run(document, {runOnly: tags})", WCAG)
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]]
