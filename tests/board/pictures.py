"""Pictures to upload."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture_of(w: int = 60, h: int = 40, *, kind: str = "PNG", mode: str = "RGB", **more: Any) -> bytes:
    """A red picture with a blue corner."""
    picture = Image.new("RGB", (w, h), (200, 40, 40))
    picture.paste((30, 60, 200), (0, 0, w // 4, h // 4))
    written = io.BytesIO()
    picture.convert(mode).save(written, kind, **more)
    return written.getvalue()
