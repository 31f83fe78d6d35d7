"""How the private solving of a problem stands, in words for staff."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext as _

from tutor.models import Solve
from tutor.solver import Standing

Verdict = Solve.Verdict
_MATHS: Final = re.compile(r"[\d\\=<>^+]|^\S{1,2}$")


@dataclass(frozen=True, slots=True)
class Words:
    """``text`` is Markdown, readable as it stands; ``tone``: how the line looks."""

    text: str
    tone: Literal["ok", "warn", "info"]


def standing_words(standing: Standing) -> Words:
    solve = standing.solve
    if solve is None:
        return Words(_("Not solved in private yet."), "info")
    if solve.judged_at is None:
        if standing.ended == solve.samples:
            words = _("All %(samples)s are written and are being compared.")
            return Words(words % {"samples": _samples(solve.samples)}, "info")
        if not standing.model and not standing.ended:
            return Words(_("Waits for a model that is ready."), "info")
        words = _("Being solved in private: %(n)s of %(samples)s written.")
        return Words(words % {"n": standing.ended, "samples": _samples(solve.samples)}, "info")
    return _judged(standing, solve)


def _judged(standing: Standing, solve: Solve) -> Words:
    count = ngettext("%(n)s of %(samples)s agrees", "%(n)s of %(samples)s agree", solve.agreeing)
    holes = {
        "said": _(" and ").join(map(_shown, solve.answers)),
        "accepted": _(" or ").join(map(_shown, standing.accepted)),
        "count": count % {"n": solve.agreeing, "samples": _samples(solve.samples)},
    }
    tone: Literal["ok", "warn"] = "warn"
    match solve.verdict:
        case Verdict.MATCHES:
            words, tone = _("Solved in private: %(count)s on %(said)s, which matches what is accepted."), "ok"
        case Verdict.PROVED:
            words, tone = _("Solved in private: %(count)s on %(said)s, which the checker has proved."), "ok"
        case Verdict.DISAGREES:
            words = _(
                "%(count)s on %(said)s, which disagrees with what is accepted: %(accepted)s. One of the two is wrong."
            )
        case Verdict.UNCLEAR if standing.accepted:
            words = _("%(count)s on %(said)s, which could not be compared with what is accepted: %(accepted)s.")
        case Verdict.UNCLEAR:
            words = _("%(count)s on %(said)s, which nothing proves.")
        case _other:
            words, holes = _("Not solved: %(reason)s"), {"reason": gettext(solve.reason) if solve.reason else ""}
    return Words(words % holes, tone)


def _shown(answer: str) -> str:
    """An answer as a formula, unless it is words."""
    bare = answer.strip().strip("$").strip()
    return f"${bare}$" if _MATHS.search(bare) else bare


def _samples(count: int) -> str:
    return ngettext("%(n)s sample", "%(n)s samples", count) % {"n": count}
