"""The process in which steps are computed: one JSON line in, one out, under limits, with nothing of ours but the checker.

``python -m tutor.checker.child``. It says ``ready`` once sympy is loaded. A request is {text, before?, opening?} for a step or
{text, accepted} for an answer; the reply is a Verdict. It ends with its input.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from typing import Any, Final

from tutor.checker import check
from tutor.checker.verdicts import Verdict, unknown

MEMORY: Final = 768 * 1024 * 1024
CPU_S: Final = 3  # for one request
OPEN_FILES: Final = 32  # sympy reads some of its own modules late
# What loads those parts of sympy before the first person waits for them.
WARMING: Final = (
    ("x = 11", "sqrt(2x+3) = 5"), ("x = 8, y = 5", "x+y = 13, x-y = 3"), ("1", "sin^2 x + cos^2 x"), ("2 ln x", "ln(x^2)"),
    ("x = 7", "4x - 7 = 21"), ("2 sqrt 2", "sqrt 8"),
)  # fmt: skip


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for text, before in WARMING:
        check.step_check(text, before)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        _cpu_allow()
        sys.stdout.write(json.dumps(asdict(answered(json.loads(line)))) + "\n")
        sys.stdout.flush()


def _cpu_allow() -> None:
    """CPU_S from now on; the kernel kills who takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_S + 1, hard))


def answered(request: dict[str, Any]) -> Verdict:
    """What sympy cannot do it says in many ways; each of them is an honest “unknown”."""
    try:
        if "accepted" in request:
            return check.answer_check(request["text"], request["accepted"])
        return check.step_check(request["text"], request.get("before"), opening=bool(request.get("opening")))
    except (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError):
        return unknown("I cannot work this out.")
    except (MemoryError, RecursionError):
        return unknown("This is too large to work out.")


if __name__ == "__main__":
    main()
