"""Starts and watches the processes of one machine: ``python -m classroom.supervisor``. No Django in here.

``processes`` says what runs (the container file is held against it by a test), ``supervisor`` keeps it running.
"""
