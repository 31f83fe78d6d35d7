#!/usr/bin/env python
"""Django's command line for Chalkstream."""

import os
import sys

import django
from django.core.management import execute_from_command_line

from classroom.absences import absent

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")
    with absent():
        django.setup()
    execute_from_command_line(sys.argv)
