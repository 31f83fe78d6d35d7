"""Pictures are made anew: what they show is kept, and nothing that they say."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from classroom.board import raster
from classroom.board.raster import PictureError, picture_made
from tests.board.pictures import picture_of


def refused(data: bytes) -> str:
    with pytest.raises(PictureError) as error:
        picture_made(data)
    return str(error.value)


@pytest.mark.parametrize(
    ("kind", "mode", "made"),
    [
        ("PNG", "RGB", "image/png"), ("PNG", "RGBA", "image/png"), ("PNG", "P", "image/png"), ("PNG", "L", "image/png"),
        ("PNG", "1", "image/png"), ("JPEG", "RGB", "image/jpeg"), ("JPEG", "L", "image/jpeg"), ("JPEG", "CMYK", "image/jpeg"),
        ("WEBP", "RGB", "image/png"),
    ],
)  # fmt: skip
def test_q21_each_kind_is_taken(kind: str, mode: str, made: str) -> None:
    data, content_type, w, h = picture_made(picture_of(60, 40, kind=kind, mode=mode))
    assert (content_type, w, h) == (made, 60, 40)
    with Image.open(io.BytesIO(data)) as again:
        assert again.size == (60, 40)
        assert again.mode in ("RGB", mode)


def test_q21_no_word_of_the_file_is_kept() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", "Mary, 12 years")
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[1] = "N"
    for kind, more in (("PNG", {"pnginfo": told}), ("JPEG", {}), ("WEBP", {})):
        data = picture_of(20, 20, kind=kind, exif=exif, **more)
        assert b"Mary" in data or b"Secret" in data
        made = picture_made(data)[0]
        assert b"Mary" not in made
        assert b"Secret" not in made
        with Image.open(io.BytesIO(made)) as again:
            assert dict(again.getexif()) == {}
            assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_q21_what_follows_the_picture_is_not_kept() -> None:
    made = picture_made(picture_of(20, 20) + b"<script>alert(1)</script>")[0]
    assert b"script" not in made


def test_q21_it_stands_as_the_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    _, _, w, h = picture_made(picture_of(60, 40, kind="JPEG", exif=exif))
    assert (w, h) == (40, 60)


def test_q21_a_large_one_is_made_smaller() -> None:
    _, _, w, h = picture_made(picture_of(3000, 1500, kind="JPEG"))
    assert (w, h) == (2048, 1024)


def test_q21_what_is_kept_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.effect_noise((300, 300), 90)
    monkeypatch.setattr(raster, "BYTES_MAX", 20_000)
    for mode, kind in (("RGBA", "image/png"), ("RGB", "image/jpeg")):
        written = io.BytesIO()
        noise.convert(mode).save(written, "PNG")
        data, content_type, w, _ = picture_made(written.getvalue())
        assert len(data) <= 20_000
        assert content_type == kind
        assert w <= 300


def png_claiming(w: int, h: int) -> bytes:
    """A file of a few bytes that says it has so many pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("w", "h"), [(5_000, 5_000), (50_000, 50_000), (2**31 - 1, 2**31 - 1)])
def test_q21_a_bomb_is_refused_before_it_is_unpacked(w: int, h: int) -> None:
    assert refused(png_claiming(w, h)) in (raster.TOO_MANY_PIXELS, raster.DAMAGED)


def test_q21_a_strip_is_refused() -> None:
    assert refused(picture_of(1000, 10)) == raster.TOO_THIN


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"%PDF-1.7", picture_of(9, 9, kind="GIF"),
     picture_of(9, 9, kind="TIFF"), picture_of(9, 9, kind="BMP")],
)  # fmt: skip
def test_q21_other_files_are_no_pictures(data: bytes) -> None:
    assert refused(data) == raster.NO_PICTURE


def test_q21_half_a_picture_is_damaged() -> None:
    whole = picture_of(200, 200, kind="JPEG")
    assert refused(whole[: len(whole) // 2]) == raster.DAMAGED
    assert refused(picture_of(200, 200)[:100]) in (raster.DAMAGED, raster.NO_PICTURE)
