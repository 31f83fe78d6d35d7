"""The language of a page: what its scripts say, and the button that changes it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, to_locale

register = template.Library()
Context = Any


@register.simple_tag
def page_words() -> SafeString:
    """The translations of the page's scripts as a block of data, which no policy has to allow; nothing in English."""
    path = Path(settings.LOCALE_PATHS[0]) / to_locale(get_language() or settings.LANGUAGE_CODE) / "pages.json"
    try:
        return _block(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return mark_safe("")


@lru_cache(maxsize=8)
def _block(path: Path, modified: int) -> SafeString:
    return json_script(json.loads(path.read_text(encoding="utf-8")), "page-words")


@register.inclusion_tag("language_buttons.html", takes_context=True)
def language_buttons(context: Context, look: str = "") -> dict[str, Any]:
    """One button for each other language; it comes back to the page that it stands on. Works without scripts."""
    now = get_language() or settings.LANGUAGE_CODE
    request = context["request"]
    others = [{"code": code, "name": name} for code, name in settings.LANGUAGES if code != now]
    return {"others": others, "here": request.get_full_path(), "look": look, "csrf_token": context.get("csrf_token")}
