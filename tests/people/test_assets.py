"""What pages load: the built bundles by name, and icons. Nothing here is about rights."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as settings_of
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template
from pytest_django.fixtures import Settings

from classroom.people.templatetags import assets

MANIFEST: dict[str, dict[str, Any]] = {
    "src/site.ts": {"file": "assets/site-1.js", "name": "site", "isEntry": True, "css": ["assets/site-1.css"]},
    "src/room.ts": {
        "file": "assets/room-2.js",
        "name": "room",
        "isEntry": True,
        "imports": ["_text.js", "src/site.ts"],
        "css": ["assets/room-2.css"],
    },
    "_text.js": {"file": "assets/text-3.js", "name": "text", "imports": ["src/site.ts"]},
}


@pytest.fixture
def manifest(tmp_path: Path, settings: Settings) -> Path:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST))
    settings.VITE_MANIFEST = path
    return path


def render(text: str, **context: object) -> str:
    return Template("{% load assets %}" + text).render(Context(context))


@pytest.mark.usefixtures("manifest")
def test_style_sheets_of_shared_chunks_come_first() -> None:
    html = render('{% asset_css "room" %}')
    assert html.splitlines() == [
        '<link rel="stylesheet" href="/static/assets/site-1.css">',
        '<link rel="stylesheet" href="/static/assets/room-2.css">',
    ]


@pytest.mark.usefixtures("manifest")
def test_a_script_is_a_module_and_asks_for_each_of_its_chunks_once() -> None:
    html = render('{% asset_js "room" %}')
    assert html.count("modulepreload") == 2
    assert html.endswith('<script type="module" src="/static/assets/room-2.js"></script>')
    assert html.count("assets/site-1.js") == html.count("assets/text-3.js") == 1


@pytest.mark.usefixtures("manifest")
def test_an_address_follows_the_setting(settings: Settings) -> None:
    settings.STATIC_URL = "/elsewhere/"
    assert render('{% asset_url "site" %}') == "/elsewhere/assets/site-1.js"


@pytest.mark.usefixtures("manifest")
def test_an_unknown_bundle_is_named_with_those_that_exist() -> None:
    with pytest.raises(ImproperlyConfigured, match="'board'; there are: room, site"):
        assets.asset_js("board")


def test_a_missing_build_says_what_to_run(tmp_path: Path, settings: Settings) -> None:
    settings.VITE_MANIFEST = tmp_path / "none.json"
    with pytest.raises(ImproperlyConfigured, match="npm run build"):
        assets.asset_css("site")


def test_a_new_build_is_seen_without_a_restart(manifest: Path) -> None:
    assert assets.asset_url("site") == "/static/assets/site-1.js"
    changed = {**MANIFEST, "src/site.ts": {**MANIFEST["src/site.ts"], "file": "assets/site-9.js"}}
    manifest.write_text(json.dumps(changed))
    os.utime(manifest, ns=(1, 1))
    assert assets.asset_url("site") == "/static/assets/site-9.js"


def test_every_icon_is_hidden_from_assistive_technology() -> None:
    for name in json.loads(assets.ICONS.read_text()):
        html = assets.icon(name)
        assert html.startswith("<svg ")
        assert 'aria-hidden="true"' in html
        assert " style=" not in html


def test_an_icon_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        assets.icon("pigeon")


def test_scripts_and_styles_are_kept_packed_beside_themselves() -> None:
    """The server gives ``<name>.gz`` to every browser that takes it."""
    built = [path for path in (settings_of.BASE_DIR / "static" / "dist").rglob("*") if path.suffix in {".css", ".js"}]
    assert len(built) > 5
    for path in built:
        assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes(), path
