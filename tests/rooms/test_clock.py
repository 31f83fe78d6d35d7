"""The database's clock: one for all machines, whatever a process's own clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from classroom.health import SCRIBE_SILENT_S, scribe_check
from classroom.rooms.clock import database_now
from tutor.models import Shard

APART = timedelta(seconds=90)


def test_it_is_now_and_has_a_zone(either_database: str) -> None:
    before, said, after = datetime.now(UTC), database_now(), datetime.now(UTC)
    assert said.tzinfo is not None
    assert before - timedelta(seconds=1) <= said <= after + timedelta(seconds=1)


def test_it_goes_on(either_database: str) -> None:
    times = [database_now() for _ in range(20)]
    assert times == sorted(times)


def test_a_database_that_is_away_is_an_error(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: CursorWrapper, *_: object) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(CursorWrapper, "execute", gone)
        with pytest.raises(DatabaseError, match="away"):
            database_now()


@pytest.mark.parametrize("apart", [APART, -APART])
async def test_a_web_process_with_a_wrong_clock_still_sees_the_scribe(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, apart: timedelta
) -> None:
    await Shard.objects.acreate(pk=0, epoch=1, beat_at=datetime.now(UTC))
    wrong = timezone.now() + apart
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    assert (await scribe_check()).ok
    await Shard.objects.aupdate(beat_at=datetime.now(UTC) - timedelta(seconds=SCRIBE_SILENT_S + 5))
    assert (await scribe_check()).state == "silent"


def test_who_compares_times_asks_it() -> None:
    """Between processes no time is compared with a process's own clock."""
    root = Path(__file__).resolve().parents[2]
    files = ["answers", "hands", "intake", "reaper", "scribe"]
    assert [name for name in files if "timezone.now()" in (root / "tutor" / f"{name}.py").read_text()] == []
