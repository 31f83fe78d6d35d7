"""One room's delivery (rule H1): whatever happens to hints, everybody sees every seq once and in order."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.rooms import feed as feeds
from classroom.rooms.feed import Feed, Told, batch_for
from classroom.rooms.frames import Close
from classroom.rooms.viewers import PENDING_HIGH
from tests.rooms.onlookers import Onlooker, onlooker, told


def opened(head: int = 0) -> Feed:
    feed = Feed(uuid4())
    feed.start("epoch", head)
    return feed


def watching(feed: Feed, cursor: int | None = None, role: str = "student") -> Onlooker:
    viewer = onlooker(role)
    viewer.cursor = feed.head or 0 if cursor is None else cursor
    viewer.live = True
    feed.viewers.add(viewer)
    return viewer


def catch_up(feed: Feed, viewer: Onlooker, log: list[Told]) -> None:
    """What ``catchup`` does, without its waiting: ring, else log, then live."""
    missing = feed.since(viewer.cursor)
    if missing is None:
        missing = [item for item in log if viewer.cursor < item.seq <= (feed.head or 0)]
    if missing:
        viewer.write(batch_for(missing, viewer.audiences))
        viewer.cursor = missing[-1].seq
    viewer.live = True


# ---- H1


def test_h1_the_next_seq_goes_out() -> None:
    feed = opened()
    viewer = watching(feed)
    assert feed.ingest([told(1), told(2)]) is False
    assert feed.flush() == []
    assert viewer.seqs == [1, 2]
    assert feed.head == viewer.cursor == 2


def test_h7_a_hint_of_another_log_is_never_placed() -> None:
    feed = opened()
    viewer = watching(feed)
    assert feed.ingest([told(1, epoch="a restored log")]) is True, "the log has to be looked at"
    feed.flush()
    assert (feed.head, feed.early, viewer.seqs) == (0, {}, [])
    feed.ingest([told(1, epoch="epoch")])
    feed.flush()
    assert viewer.seqs == [1]


def test_h7_of_hints_that_came_before_the_head_was_known_those_of_its_log_count() -> None:
    feed = Feed(uuid4())
    feed.ingest([told(4, epoch="epoch"), told(5, epoch="a log that is gone"), told(6)])
    feed.start("epoch", 3)
    assert sorted(feed.early) == [4, 6]


def test_h1_a_repeat_is_dropped() -> None:
    feed = opened()
    viewer = watching(feed)
    for _ in range(3):
        feed.ingest([told(1)])
        feed.flush()
    assert viewer.seqs == [1]


def test_h1_a_hole_holds_back_what_is_above_it() -> None:
    feed = opened()
    viewer = watching(feed)
    assert feed.ingest([told(2), told(3)]) is True
    feed.flush()
    assert viewer.seqs == []
    assert feed.ingest([told(1)]) is False
    feed.flush()
    assert viewer.seqs == [1, 2, 3]


def test_hints_before_the_head_is_known_wait_for_it() -> None:
    feed = Feed(uuid4())
    assert feed.ingest([told(4), told(6), told(5)]) is False
    feed.start("epoch", 4)
    viewer = watching(feed)
    assert feed.ingest([]) is False
    feed.flush()
    assert viewer.seqs == [5, 6]


def test_hints_that_cannot_be_placed_do_not_fill_the_memory() -> None:
    feed = opened()
    assert feed.ingest([told(seq) for seq in range(2, feeds.EARLY_MAX + 3)]) is False
    assert feed.early == {}
    assert feed.ingest([told(seq) for seq in range(1, 4)]) is False
    assert feed.head == 3


@settings(max_examples=200)
@given(st.data())
def test_h1_any_loss_doubling_and_reordering_of_hints_shows_everything_once_in_order(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 25), "length")
    audiences = data.draw(st.lists(st.sampled_from(["all", "staff"]), min_size=length, max_size=length), "audiences")
    log = [told(seq, audience) for seq, audience in enumerate(audiences, 1)]
    feed = opened()
    seen: list[tuple[Onlooker, int]] = []
    for role in ("student", "teacher"):
        seen.append((watching(feed, role=role), 0))
    hints = data.draw(st.lists(st.sampled_from(log), max_size=60), "hints")
    for hint in hints:
        feed.ingest([hint])
        step = data.draw(st.sampled_from(["nothing", "flush", "repair", "join", "slow", "fast"]), "step")
        if step == "flush":
            feed.flush()
        elif step == "repair":
            feed.ingest([item for item in log if item.seq > (feed.head or 0)][: data.draw(st.integers(1, 5), "rows")])
        elif step == "join":
            late = watching(feed, cursor=data.draw(st.integers(0, feed.head or 0), "after"))
            seen.append((late, late.cursor))
            catch_up(feed, late, log)
        elif step in ("slow", "fast"):
            seen[0][0].unread = PENDING_HIGH + 1 if step == "slow" else 0
    feed.ingest([item for item in log if item.seq > (feed.head or 0)])
    feed.flush()
    for viewer, after in seen:
        viewer.unread = 0
        if not viewer.live:
            catch_up(feed, viewer, log)
        assert viewer.seqs == list(range(after + 1, length + 1))
        assert viewer.cursor == length
        for frame in viewer.seen:
            hidden = audiences[frame["seq"] - 1] == "staff" and not viewer.rights.staff
            assert (frame["type"] == "event.hidden") is hidden


# ---- F4: audiences


def test_f4_outsiders_of_an_audience_get_the_stub_at_the_same_seq() -> None:
    feed = opened()
    student, teacher = watching(feed), watching(feed, role="teacher")
    mine = f"user:{student.user_id}"
    feed.ingest([told(1), told(2, "staff"), told(3, mine), told(4, f"user:{uuid4()}")])
    feed.flush()
    assert student.seqs == teacher.seqs == [1, 2, 3, 4]
    assert student.types() == ["message.posted", "event.hidden", "message.posted", "event.hidden"]
    assert teacher.types() == ["message.posted", "message.posted", "event.hidden", "event.hidden"]
    assert student.seen[1] == {"type": "event.hidden", "seq": 2, "data": {}}


# ---- encode once


def test_everybody_gets_the_very_same_batch() -> None:
    feed = opened()
    viewers = [watching(feed, role=role) for role in ("student", "student", "teacher")]
    feed.ingest([told(1), told(2)])
    feed.flush()
    assert len({id(viewer.batches[0]) for viewer in viewers}) == 1
    feed.ingest([told(3, "staff")])
    feed.flush()
    assert len({id(viewer.batches[1]) for viewer in viewers}) == 3, "audiences with a person in them are her own"


def test_who_stands_elsewhere_in_the_log_gets_her_own_rest() -> None:
    feed = opened()
    feed.ingest([told(1), told(2)])
    ahead = watching(feed, cursor=1)
    feed.flush()
    assert ahead.seqs == [2]


# ---- H4: slow viewers


def test_h4_a_slow_viewer_leaves_the_live_path_alone() -> None:
    feed = opened()
    slow, quick = watching(feed), watching(feed)
    slow.unread = PENDING_HIGH + 1
    feed.ingest([told(1)])
    assert feed.flush() == [slow]
    assert (slow.live, slow.seqs, quick.seqs) == (False, [], [1])
    assert feed.flush() == []


def test_the_ring_serves_what_it_holds_and_says_so() -> None:
    feed = opened(head=10)
    feed.ingest([told(11), told(12)])
    assert [item.seq for item in feed.since(10) or []] == [11, 12]
    assert [item.seq for item in feed.since(11) or []] == [12]
    assert feed.since(12) == []
    assert feed.since(9) is None, "older than the ring: only the log has it"
    assert feed.since(13) is None, "above the head: not of this log"
    assert Feed(uuid4()).since(0) is None


def test_the_ring_is_bounded() -> None:
    feed = opened()
    feed.ingest([told(seq) for seq in range(1, feeds.RING + 3)])
    assert feed.since(1) is None
    assert len(feed.since(2) or []) == feeds.RING


# ---- F8: removal


def test_f8_nothing_above_the_removal_is_shown_to_the_removed() -> None:
    feed = opened()
    removed, friend = watching(feed), watching(feed)
    feed.ingest([told(1), told(2, removes=removed.user_id), told(3)])
    feed.flush()
    assert (removed.seqs, removed.closed) == ([1, 2], Close.REVOKED)
    assert (friend.seqs, friend.closed) == ([1, 2, 3], None)
    feed.ingest([told(4)])
    feed.flush()
    assert removed.seqs == [1, 2]


def test_f8_a_removal_told_in_its_own_pass_cuts_too() -> None:
    feed = opened()
    removed = watching(feed)
    for item in (told(1), told(2, removes=removed.user_id)):
        feed.ingest([item])
        feed.flush()
    assert (removed.seqs, removed.closed, removed.live) == ([1, 2], Close.REVOKED, False)


def test_somebody_elses_removal_is_an_event_like_any_other() -> None:
    feed = opened()
    viewer = watching(feed)
    feed.ingest([told(1, removes=uuid4())])
    feed.flush()
    assert (viewer.seqs, viewer.closed) == ([1], None)
    assert told(1).removed_user is None


# ---- ephemeral frames


def test_ephemeral_frames_reach_the_live_only() -> None:
    feed = opened()
    live, behind = watching(feed), watching(feed)
    behind.live = False
    feed.tell_ephemeral('{"type":"pong","seq":null}')
    assert (live.types(), behind.types()) == (["pong"], [])
    assert live.cursor == 0


def test_another_log_starts_without_what_was_known() -> None:
    feed = opened()
    feed.ingest([told(1), told(2), told(9)])
    feed.start("restored", 1)
    assert (feed.epoch, feed.head, list(feed.ring), feed.outgoing) == ("restored", 1, [], [])
    assert list(feed.early) == [9]
