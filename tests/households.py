"""Which tests go to the same test process: those of a file, and those of a folder that share a house.

``--dist loadfile`` alone would start the house of the browser tests in every process. pytest-xdist's own groups
(``xdist_group``) do nothing under pytest 9: they rename an item where it is no longer read.
"""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadFileScheduling

SHARED: Final = ("tests/browser/", "tests/whole/")
APART: Final = ("tests/browser/test_model.py",)  # has a house of its own, with the real model


class Households(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((folder for folder in SHARED if file.startswith(folder) and file not in APART), file)
