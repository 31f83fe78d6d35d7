"""What every room must know beside its log: whether the tutor can be asked, and whether saving is slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from classroom.rooms import frames
from classroom.rooms.offload import offload
from classroom.rooms.viewers import Viewer
from classroom.rooms.wiring import Look, tutor_state

UNHEARD: dict[str, Any] = {"available": False, "reason": ""}


class Around:
    """One per hub. ``tell``: gives an encoded ephemeral frame to every viewer of the process. A change is told once."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tutor: dict[str, Any] = UNHEARD
        self.behind = False
        self._tell = tell

    def looked(self, look: Look) -> None:
        """What ``wiring.around_look`` says now."""
        tutor, behind = look
        self.tutor_changed(tutor)
        self.saving_changed(behind=behind)

    async def ready(self) -> None:
        """The first viewer of a process comes before the first check."""
        if self.tutor == UNHEARD:
            self.tutor = await offload(tutor_state)

    def welcome(self, viewer: Viewer) -> None:
        """A newcomer's snapshot says whether there is a tutor, but not that saving is slow."""
        if self.behind and viewer.closed is None:
            viewer.send(frames.event_frame("saving.changed", {"behind": True}))

    def tutor_changed(self, state: dict[str, Any]) -> None:
        if state != self.tutor:
            self.tutor = state
            self._tell(frames.encode(frames.event_frame("tutor.changed", state)))

    def saving_changed(self, *, behind: bool) -> None:
        """``behind``: text waits to be kept, or the log cannot be reached."""
        if behind != self.behind:
            self.behind = behind
            self._tell(frames.encode(frames.event_frame("saving.changed", {"behind": behind})))
