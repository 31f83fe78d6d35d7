"""Exit status 0 when ``/readyz`` says that these parts are well: ``python -m classroom.supervisor.probe scribe``.

For container health checks: it imports no Django. Without names, everything must be well.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from classroom.supervisor.readiness import host_name, readiness


def main(words: Sequence[str] | None = None) -> int:
    from classroom.env import ENV

    parser = argparse.ArgumentParser(prog="python -m classroom.supervisor.probe", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=ENV.PORT)
    parser.add_argument("parts", nargs="*", help="parts of /readyz; none: all of them")
    options = parser.parse_args(words)
    body = readiness(options.host, options.port, name=host_name(ENV.ALLOWED_HOSTS))
    bad = missing(body, options.parts)
    if bad:
        print(", ".join(bad))
    return 1 if bad else 0


def missing(body: dict[str, object], parts: Sequence[str]) -> list[str]:
    """The parts that are not well, out of those asked for; ["web"] when nobody answered."""
    found = body.get("parts")
    if not isinstance(found, dict):
        return ["web"]
    return [name for name in (parts or found) if not (isinstance(found.get(name), dict) and found[name].get("ok"))]


if __name__ == "__main__":
    sys.exit(main())
