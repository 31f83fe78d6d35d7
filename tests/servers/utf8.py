"""Section 6 of the Autobahn suite: what is UTF-8 and what is not, after Markus Kuhn's stress test."""

from __future__ import annotations

from collections.abc import Iterator

from tests.servers.cases import NOT_UTF8, Case, K, bytewise, parts, text
from tests.servers.raw import TEXT, Frame

BAD = K + b"\xed\xa0\x80" + b"edited"
LONG = "Hello-µ@ßöäüàá-UTF-8!!".encode()
LACKING = ("c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf")
# Section of the suite, and its sequences in hexadecimal; a leading "-" marks those that are not UTF-8.
SEQUENCES: dict[int, tuple[str, ...]] = {
    5: ("ceba", "cebae1bdb9", "cebae1bdb9cf83", "cebae1bdb9cf83cebc", "cebae1bdb9cf83cebcceb5"),
    6: ("-ce", "ceba", "-cebae1", "-cebae1bd", "cebae1bdb9", "-cebae1bdb9cf", "cebae1bdb9cf83", "-cebae1bdb9cf83ce",
        "cebae1bdb9cf83cebc", "-cebae1bdb9cf83cebcce", "cebae1bdb9cf83cebcceb5"),
    7: ("00", "c280", "e0a080", "f0908080"),
    8: ("-f888808080", "-fc8480808080"),
    9: ("7f", "dfbf", "efbfbf", "f48fbfbf"),
    10: ("-f7bfbfbf", "-fbbfbfbfbf", "-fdbfbfbfbfbf"),
    11: ("ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "-f4908080"),
    12: ("-80", "-bf", "-80bf", "-80bf80", "-80bf80bf", "-80bf80bf80", "-80bf80bf80bf",
         "-" + "".join(f"{byte:02x}" for byte in range(0x80, 0xC0))),
    13: tuple("-" + "".join(f"{byte:02x}20" for byte in range(*span))
              for span in ((0xC0, 0xE0), (0xE0, 0xF0), (0xF0, 0xF8), (0xF8, 0xFC), (0xFC, 0xFE))),
    14: tuple("-" + one for one in LACKING),
    15: ("-" + "".join(LACKING),),
    16: ("-fe", "-ff", "-fefeffff"),
    17: ("-c0af", "-e080af", "-f08080af", "-f8808080af", "-fc80808080af"),
    18: ("-c1bf", "-e09fbf", "-f08fbfbf", "-f887bfbfbf", "-fc83bfbfbfbf"),
    19: ("-c080", "-e08080", "-f0808080", "-f880808080", "-fc8080808080"),
    20: ("-eda080", "-edadbf", "-edae80", "-edafbf", "-edb080", "-edbe80", "-edbfbf"),
    21: ("-eda080edb080", "-eda080edbfbf", "-edadbfedb080", "-edadbfedbfbf", "-edae80edb080", "-edae80edbfbf",
         "-edafbfedb080", "-edafbfedbfbf"),
    22: ("efbfbe", "efbfbf", *(chr(plane << 16 | low).encode().hex() for plane in range(1, 17) for low in (0xFFFE, 0xFFFF))),
    23: tuple(chr(code).encode().hex() for code in range(0xFFF9, 0x10000)),
}  # fmt: skip


def utf8() -> Iterator[Case]:
    yield Case("6.1.1", text(b""), (Frame(TEXT, b""),))
    yield Case("6.1.2", parts(b"", b"", b""), (Frame(TEXT, b""),))
    yield Case("6.1.3", parts(b"", b"middle", b""), (Frame(TEXT, b"middle"),))
    whole = (Frame(TEXT, LONG),)
    yield Case("6.2.1", text(LONG), whole)
    yield Case("6.2.2", parts(LONG[:12], LONG[12:]), whole)
    yield Case("6.2.3", bytewise(LONG), whole)
    yield Case("6.2.4", bytewise(K), (Frame(TEXT, K),))
    yield Case("6.3.1", text(BAD), closes=NOT_UTF8)
    yield Case("6.3.2", bytewise(BAD), closes=NOT_UTF8)
    yield Case("6.4.1", parts(K, b"\xf4\x90\x80\x80", b"edited"), closes=NOT_UTF8)
    yield Case("6.4.2", parts(K + b"\xf4", b"\x90", b"\x80\x80edited"), closes=NOT_UTF8)
    yield Case("6.4.3", parts(K, b"\xf4\x90\x80\x80", b"edited"), closes=NOT_UTF8, piece=5)
    yield Case("6.4.4", parts(K + b"\xf4", b"\x90", b"\x80\x80edited"), closes=NOT_UTF8, piece=1)
    for section, sequences in SEQUENCES.items():
        for number, sequence in enumerate(sequences, 1):
            payload = bytes.fromhex(sequence.removeprefix("-"))
            bad = sequence.startswith("-")
            echoes = () if bad else (Frame(TEXT, payload),)
            yield Case(f"6.{section}.{number}", text(payload), echoes, NOT_UTF8 if bad else frozenset({1000}))
