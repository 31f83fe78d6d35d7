"""What the pages load: the built bundles by name, and the icons that pages and components share."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

ICONS = Path(settings.BASE_DIR) / "static" / "src" / "icons" / "icons.json"
Chunk = dict[str, Any]


def manifest_load() -> dict[str, Chunk]:
    """Vite's manifest: {source path: {file, css?, imports?, name?, isEntry?}}. Raises ImproperlyConfigured when not built."""
    path = Path(settings.VITE_MANIFEST)
    try:
        modified = path.stat().st_mtime_ns
    except FileNotFoundError:
        message = f"{path} is missing: the front end has not been built. Run `npm ci && npm run build` in static/."
        raise ImproperlyConfigured(message) from None
    return _manifest_read(path, modified)


@lru_cache(maxsize=2)
def _manifest_read(path: Path, modified: int) -> dict[str, Chunk]:
    loaded: dict[str, Chunk] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def entry_chunks(name: str) -> list[Chunk]:
    """The chunk of the entry ``name`` first, then every chunk that it imports, each once."""
    manifest = manifest_load()
    entries = {chunk["name"]: key for key, chunk in manifest.items() if chunk.get("isEntry")}
    if name not in entries:
        raise ImproperlyConfigured(f"no bundle is called {name!r}; there are: {', '.join(sorted(entries))}")
    keys = [entries[name]]
    for key in keys:
        keys += [wanted for wanted in manifest[key].get("imports", []) if wanted not in keys]
    return [manifest[key] for key in keys]


def _url(file: str) -> str:
    return f"{settings.STATIC_URL}{file}"


@register.simple_tag
def asset_url(name: str) -> str:
    """The address of one bundle's script."""
    return _url(entry_chunks(name)[0]["file"])


@register.simple_tag
def asset_css(name: str) -> SafeString:
    """The style sheets of a bundle, those of shared chunks first so that its own rules win."""
    files = [file for chunk in reversed(entry_chunks(name)) for file in chunk.get("css", [])]
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((_url(file),) for file in dict.fromkeys(files)))


@register.simple_tag
def asset_js(name: str) -> SafeString:
    """The script of a bundle as a module, with the chunks it imports asked for at once."""
    first, *others = entry_chunks(name)
    preloads = format_html_join(
        "", '<link rel="modulepreload" href="{}">\n', ((_url(chunk["file"]),) for chunk in others)
    )
    return format_html('{}<script type="module" src="{}"></script>', preloads, _url(first["file"]))


@lru_cache(maxsize=1)
def _icons() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = json.loads(ICONS.read_text(encoding="utf-8"))
    return loaded


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon as inline SVG, hidden from assistive technology: the words beside it carry the meaning."""
    paths = format_html_join("", '<path d="{}"/>', ((path,) for path in _icons()[name]))
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>', paths)
