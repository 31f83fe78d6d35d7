"""Pictures that people put on a board, made anew from their pixels: nothing else of the file is kept. Pure; the jail's child
calls it, for decoders are where files attack.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

KINDS: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
PIXELS_MAX: Final = 24_000_000  # of what comes; a phone's camera makes 12 million
SIDE_MAX: Final = 2048  # of what is kept
BYTES_MAX: Final = 2 * 1024 * 1024  # of what comes and of what is kept
NO_PICTURE: Final = "This is no picture: PNG, JPEG or WebP, please."
DAMAGED: Final = "The picture is damaged: it cannot be read."
TOO_MANY_PIXELS: Final = f"The picture has more than {PIXELS_MAX // 1_000_000} million pixels."
TOO_THIN: Final = "The picture is much longer than it is wide."
RATIO_MAX: Final = 50


class PictureError(Exception):
    """A picture that is not taken: a sentence for who sent it."""


def picture_made(data: bytes) -> tuple[bytes, str, int, int]:
    """The picture again: (bytes, content type, width, height). Turned as its camera said, and with no other word of it.

    Raises PictureError.
    """
    from PIL import Image, UnidentifiedImageError

    warnings.simplefilter("ignore")  # a bomb is counted here before a pixel is read
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX * 2
    try:
        with Image.open(io.BytesIO(data), formats=tuple(KINDS)) as opened:
            _size_check(*opened.size)
            picture = _upright(opened)
    except UnidentifiedImageError:
        raise PictureError(NO_PICTURE) from None
    except Image.DecompressionBombError:
        raise PictureError(TOO_MANY_PIXELS) from None
    except (MemoryError, OverflowError):
        raise PictureError(TOO_MANY_PIXELS) from None
    except (ArithmeticError, AttributeError, EOFError, LookupError, OSError, SyntaxError, TypeError, ValueError):
        raise PictureError(DAMAGED) from None
    return _small_enough(picture, opened.format == "JPEG")


def _size_check(w: int, h: int) -> None:
    if w * h > PIXELS_MAX:
        raise PictureError(TOO_MANY_PIXELS)
    if max(w, h) > RATIO_MAX * max(1, min(w, h)):
        raise PictureError(TOO_THIN)


def _upright(opened: Image) -> Image:
    """Its first frame in red, green, blue (and how clear it is), as large as is kept."""
    from PIL import ImageOps

    opened.draft("RGB", (SIDE_MAX, SIDE_MAX))  # a JPEG is read no larger than it is needed
    turned = ImageOps.exif_transpose(opened)
    clear = turned.has_transparency_data
    picture = turned.convert("RGBA" if clear else "RGB")
    picture.thumbnail((SIDE_MAX, SIDE_MAX))
    picture.info = {}
    return picture


def _small_enough(picture: Image, was_photo: bool) -> tuple[bytes, str, int, int]:
    """As PNG, or as JPEG when it is a photograph; made smaller until it is small enough."""
    while True:
        kinds = ["PNG"] if picture.mode == "RGBA" else ["JPEG"] if was_photo else ["PNG", "JPEG"]
        for kind in kinds:
            written = io.BytesIO()
            picture.save(written, kind, **({"quality": 88} if kind == "JPEG" else {}))
            if written.tell() <= BYTES_MAX:
                return written.getvalue(), KINDS[kind], *picture.size
        picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))
