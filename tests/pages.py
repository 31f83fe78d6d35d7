"""Reading a page as a browser would: which elements it has, and which words."""

from __future__ import annotations

from html.parser import HTMLParser

EMPTY = frozenset({"meta", "link", "input", "br", "hr", "img", "path"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []
        self.values: list[str] = []
        self.inline: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value for _, value in attrs if value]
        if tag not in EMPTY:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] in ("script", "style"):
            if data.strip():
                self.inline.append(data)
        else:
            self.words.append(data)


class Page:
    """``elements``: (tag, names of attributes) in order; ``words``: all text; ``values``: all attribute values."""

    def __init__(self, html: bytes) -> None:
        reader = _Reader()
        reader.feed(html.decode())
        reader.close()
        self.elements = reader.elements
        self.words = "".join(reader.words)
        self.values = reader.values
        self.inline = reader.inline

    def assert_harmless(self) -> None:
        """Nothing that a strict policy would have to stop: no inline script or style, no handler, no address elsewhere."""
        assert self.inline == []
        for tag, names in self.elements:
            assert tag not in ("iframe", "object", "embed", "base", "style"), tag
            assert not [name for name in names if name.startswith("on") or name in ("style", "srcdoc")], (tag, names)
