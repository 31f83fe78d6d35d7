"""Simple disguises of a text, undone: codes of characters, base64, hexadecimal, binary, turned round, other letters."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
from collections.abc import Iterator
from typing import Final

from tutor.forbidden.numerals import roman

# Words that announce a disguise; below them even what is a plain number or word elsewhere is read as one.
CUES: Final = frozenset(
    [
        "reverse",
        "reversed",
        "backward",
        "backwards",
        "base64",
        "base",
        "hex",
        "hexadecimal",
        "binary",
        "roman",
        "rot13",
        "rot",
        "caesar",
        "cipher",
        "cypher",
        "morse",
        "ascii",
        "unicode",
        "encoded",
        "encode",
        "encoding",
        "decode",
        "code",
        "codepoint",
        "char",
        "chr",
        "letters",
        "spelled",
        "spell",
        "octal",
        "shifted",
        "mirror",
        "mirrored",
    ]
)
CUES_HAN: Final = ("倒", "反过来", "二进制", "十六进制", "编码", "罗马", "密码", "拼")
_CODED: Final = re.compile(r"[A-Za-z0-9+/_-]{2,400}={0,2}")
_HEX: Final = re.compile(r"\b(?:0x)?((?:[0-9a-fA-F]{2}[ :,]?){2,60})\b")
_HEX_NUMBER: Final = re.compile(r"\b0x([0-9a-f]{1,12})\b", re.IGNORECASE)
_BINARY_NUMBER: Final = re.compile(r"\b(?:0b)?([01]{2,40})\b(?:_2|₂)?")
_ROMAN: Final = re.compile(r"(?<![\w'])[IVXLCDM]+(?![\w'])|[Ⅰ-Ⅿ]+")
_ESCAPES: Final = re.compile(
    r"\\u\{?([0-9a-fA-F]{2,6})\}?|\\x([0-9a-fA-F]{2})|U\+([0-9a-fA-F]{2,6})|%([0-9a-fA-F]{2})|chr\((\d{2,6})\)"
)
_CHARACTER: Final = re.compile(r"\b(\d{2,3})\b")
_DOTS: Final = "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
_MORSE: Final = {code: str(digit) for digit, code in enumerate(_DOTS.split())}
_MORSE_RUN: Final = re.compile(r"[.\-·−–—•]{5}(?:[\s/|]+[.\-·−–—•]{5})*")


def cued(text: str) -> bool:
    """Whether the text speaks of a disguise."""
    lower = text.lower()
    return any(word in CUES for word in re.findall(r"[a-z0-9]+", lower)) or any(cue in lower for cue in CUES_HAN)


def undone(text: str, *, announced: bool) -> Iterator[str]:
    """Every other reading of the text. ``announced``: somebody spoke of a disguise, so plain digits may be one."""
    yield "".join(html.unescape(one) for one in re.findall(r"&#?\w{1,8};", text))
    yield "".join(_character(found) for found in _ESCAPES.finditer(text))
    for word in _CODED.findall(text):
        yield from _base64(word, announced=announced)
    for word in _HEX.findall(text):
        yield from _readable(_bytes(word))
    for run in _MORSE_RUN.findall(text):
        codes = re.sub(r"[·•]", ".", re.sub("[−–—]", "-", run)).split()
        yield "".join(_MORSE.get(code.strip("/|"), "") for code in codes)
    for found in _HEX_NUMBER.findall(text):
        yield str(int(found, 16))
    if announced:
        yield from _announced(text)


def _announced(text: str) -> Iterator[str]:
    yield text.strip(" .!?…")[::-1]
    yield codecs.encode(text, "rot13")
    for found in _BINARY_NUMBER.findall(text):
        yield str(int(found, 2))
    for word in re.findall(r"\b[0-9a-f]{2}(?:[ :,]?[0-9a-f]{2}){0,60}\b", text.lower()):
        yield from _readable(_bytes(word))
    eights = re.findall(r"\b[01]{8}\b", text)
    yield from _readable(bytes(int(one, 2) for one in eights))
    for found in re.findall(r"\b[0-9a-f]{1,12}\b", text.lower()):
        yield str(int(found, 16))
    yield "".join(chr(int(code)) for code in _CHARACTER.findall(text) if 32 <= int(code) < 127)


def _character(found: re.Match[str]) -> str:
    code = int(found[5]) if found[5] else int(next(group for group in found.groups() if group), 16)
    return chr(code) if 32 <= code < 0x3000 else found[0]


def _base64(word: str, *, announced: bool) -> Iterator[str]:
    bare = word.rstrip("=")
    # Plain lower case words are read as a code only where one was announced.
    if not announced and (bare.islower() or bare.istitle()) and bare.isalpha() and not word.endswith("="):
        return
    try:
        decoded = base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return
    yield from _readable(decoded)


def _bytes(word: str) -> bytes:
    digits = re.sub(r"[^0-9a-fA-F]", "", word)
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _readable(data: bytes) -> Iterator[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    if text and text.isprintable():
        yield text


def romans(text: str, *, announced: bool) -> str:
    """The text with Roman numerals as digits. One letter alone is a name far more often than a number."""
    return _ROMAN.sub(lambda found: _roman(found[0], announced=announced), text)


def _roman(word: str, *, announced: bool) -> str:
    value = roman(word.lower()) if len(word) > 1 or announced or word > "Z" else None
    return word if value is None else f" {value} "
