"""``python -m classroom.supervisor``: every process of this machine, until Ctrl-C. ``--only web`` for some of them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from classroom.supervisor import checks
from classroom.supervisor.checks import Trouble
from classroom.supervisor.console import Console
from classroom.supervisor.keeper import Keeper
from classroom.supervisor.processes import BY_NAME


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m classroom.supervisor", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=sorted(BY_NAME), default=[], help="only these; no Redis, no set-up"
    )
    options = parser.parse_args(words)
    try:
        return run(options.only)
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
    except ValidationError as error:
        print(f"\nA setting cannot be used. {checks.settings_sentence(error)}", file=sys.stderr)
    except BrokenPipeError:  # `make run | head`: nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"\n{checks.system_sentence(error)}", file=sys.stderr)
    return 1


def run(only: Sequence[str]) -> int:
    """From the first check to the last goodbye. Raises Trouble, and ValidationError for a setting out of its range."""
    from classroom.env import ENV
    from classroom.supervisor.house import House

    console = Console(colour=False if ENV.NO_COLOR else None)
    keeper = Keeper()
    house = House(ENV, console, only=only, keeper=keeper)
    try:
        house.check()
        house.start()
        house.supervisor.run(house.tick)
        console.say("stopping")
    finally:
        house.close()
        keeper.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
