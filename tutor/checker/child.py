"""The process in which steps are computed: one JSON line in, one out, under limits, with nothing of ours but the checker.

``python -m tutor.checker.child``. It says ``ready`` once sympy is loaded. A request is {text, before?, opening?} for a step or
{text, accepted} for an answer; the reply is a Verdict. One with ``do`` is a tool's; the reply is what ``compute`` or
``sampling`` says, or {error}. It ends with its input.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from typing import Any, Final

from tutor.checker import check, compute, sampling
from tutor.checker.rational import UndefinedError
from tutor.checker.tree import TooLargeError
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
        request = json.loads(line)
        reply = computed(request) if "do" in request else asdict(answered(request))
        sys.stdout.write(json.dumps(reply) + "\n")
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


def computed(request: dict[str, Any]) -> dict[str, Any]:
    """A calculation or a graph for a tool; what cannot be done is said in one sentence."""
    try:
        if request["do"] == "sample":
            return sampling.sampled(request["text"], request["low"], request["high"])
        return compute.calculated(request["do"], request["text"], request.get("unknown"), request["forbidden"])
    except compute.ComputeError as error:
        return {"error": str(error)}
    except TooLargeError as error:
        return {"error": f"This is too large to work out: {error}."}
    except UndefinedError as error:
        return {"error": f"It needs {error}, which has no value."}
    except (MemoryError, RecursionError):
        return {"error": "This is too large to work out."}
    except (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError):
        return {"error": "I cannot work this out."}


if __name__ == "__main__":
    main()
