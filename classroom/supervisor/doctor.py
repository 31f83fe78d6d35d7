"""``make doctor``: ``manage.py doctor``, but settings that cannot be read are a sentence too."""

from __future__ import annotations

import os
import sys


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command
    from pydantic import ValidationError

    from classroom.supervisor.checks import settings_sentence

    try:
        django.setup()
    except ValidationError as error:
        print(f"✗ settings: {settings_sentence(error)}", file=sys.stderr)
        return 1
    except (ValueError, OSError, ImproperlyConfigured, SystemExit) as error:  # the settings end a command by a sentence
        print(f"✗ settings: {error}", file=sys.stderr)
        return 1
    try:
        call_command("doctor", *sys.argv[1:])
    except BrokenPipeError:  # `make doctor | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
