"""One answer in the making: which tokens it has, what of it may be shown, and when it is over."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field

from inference_worker.engines.base import Finish, Handle
from inference_worker.engines.detokeniser import Detokeniser
from inference_worker.engines.drawing import Draw
from inference_worker.engines.errors import RequestError
from inference_worker.engines.loops import LOOPED, looping
from inference_worker.engines.schedule import Group
from inference_worker.engines.seam import Seam
from inference_worker.engines.speech import Speech
from inference_worker.engines.stops import StopStrings
from inference_worker.job import FinishReason

log = logging.getLogger(__name__)


class Reply:
    """``ids``: the prompt, the prefix's tokens that stand, and what was drawn since. ``room``: tokens in memory at most.

    Raises RequestError when they do not fit the model.
    """

    def __init__(self, handle: Handle, speech: Speech, *, room: int) -> None:
        request = handle.request
        prompt = speech.prompt_ids(request)
        prefix = speech.prefix_ids(request.prefix)
        context = min(speech.context, room)
        total = len(prompt) + len(prefix)
        if total >= context:
            raise RequestError(f"The conversation has {total} tokens, but the model reads at most {context}.")
        self.handle = handle
        self.sampling = request.sampling
        self.seam = Seam(prefix, speech.vocabulary)
        self.seed = secrets.randbits(62) if self.sampling.seed is None else self.sampling.seed
        self.prompt_tokens = len(prompt)
        self.system_tokens = speech.system_tokens(request, prompt)
        self.ids = [*prompt, *self.seam.kept]
        self._speech = speech
        # Not the prefix's own tokens: a word that was cut short may have more of them than it had whole.
        self._again = len(self.seam.again)
        self._most = min(context - len(prompt), self.sampling.max_tokens)
        self._ends = frozenset(self.sampling.stop_ids)
        self._detokeniser = Detokeniser(speech.decode, self.seam.kept)
        self._stops = StopStrings(self.sampling.stop, shown=request.prefix)
        self._message = ""

    @property
    def tokens(self) -> int:
        """Of the whole answer, the prefix's among them: the position of the next one."""
        return len(self.ids) - self.prompt_tokens

    @property
    def full(self) -> bool:
        return self.tokens >= self._most

    def draw(self) -> Draw:
        """How the next token is to be drawn."""
        return Draw(self.sampling, self.seed, self.tokens, tuple(self.seam.allowed()))

    def take(self, token: int) -> FinishReason | None:
        """The next token was drawn. Says why the answer is over, if it is."""
        self.seam.take(token)
        if token in self._speech.eos or token in self._ends:
            return "stop"
        self.ids.append(token)
        self._show(self._detokeniser.step(token), 1)
        if self._stops.hit:
            return "stop"
        if self.tokens >= self.sampling.loop_tokens and looping(self.ids, self.sampling.loop_tokens):
            self._message = LOOPED
            return "stop"
        return "length" if self.full else None

    def end(self, reason: FinishReason, message: str = "") -> None:
        """Show what was held back and finish. What goes on elsewhere is written there again: it may become a stop."""
        if reason != "preempted":
            try:
                self._show(self._detokeniser.flush(), 0)
                self.handle.emit(self._stops.flush(), 0)
            except Exception:  # an edge: a tokenizer that raises must not keep anybody waiting for the end
                log.exception("request %s has lost its last letters", self.handle.request.id)
        self.handle.finish(Finish(reason, self.prompt_tokens, self.tokens, message or self._message))

    def _show(self, text: str, tokens: int) -> None:
        """Behind the seam: what the prefix ends with is written again, and not said again."""
        self.handle.emit(self._stops.push(text[self._again :]), tokens)
        self._again = max(0, self._again - len(text))


@dataclass(eq=False, slots=True)
class Running:
    """One request inside the engine. ``written``: how many of ``reply.ids`` have their keys and values in ``row``.

    ``seeded``: what memory had of it is in its row. ``sound``: a token came of what is in the row, so that is numbers.
    ``requeued``: memory ran out for it, and it has not drawn a token since. ``charged``: the tokens that its room was
    charged for when it was let in.
    """

    reply: Reply
    arrival: int
    row: int = -1
    written: int = 0
    seeded: bool = False
    sound: bool = False
    requeued: bool = False
    charged: int = 0
    group: Group = field(init=False)

    def __post_init__(self) -> None:
        request = self.reply.handle.request
        self.group = (request.class_key, request.room_key)

    @property
    def ready(self) -> bool:
        handle = self.reply.handle
        return handle.paused_at is None and not handle.over

    @property
    def left(self) -> int:
        return len(self.reply.ids) - self.written
