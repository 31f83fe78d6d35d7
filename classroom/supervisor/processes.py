"""The processes of Chalkstream, as data: one table for ``make run``, the tests' stack and docker-compose.yml."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

CLASS_THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Process:
    """One kind of process.

    ``command`` may hold ``{python}`` and ``{fd}``, the listening socket's number.
    ``settings`` are the environment variables that it reads. ``socket``: it is given the
    listening socket. ``needs``: the servers without which it is of no use. ``part``: its name in ``/readyz``;
    when that has been quiet for ``silent_s`` seconds though the process lives, it is started again.
    """

    name: str
    purpose: str
    command: tuple[str, ...]
    settings: tuple[str, ...] = ()
    socket: bool = False
    needs: tuple[str, ...] = ()
    part: str = ""
    silent_s: float = 20.0

    def argv(self, *, fd: int | None = None, python: str = sys.executable) -> list[str]:
        return [word.format(python=python, fd=fd) for word in self.command]


# What every Django process reads. The inference worker has its own few: it knows no database.
DJANGO_SETTINGS: Final = (
    "DATA_DIR",
    "DATABASE_URL",
    "REDIS_URL",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "TUTOR_MODEL",
    "INFERENCE_ENGINE",
    "MAX_ANSWER_TOKENS",
    "ANSWER_DEADLINE_S",
    "QUEUE_TIMEOUT_S",
    "CONTEXT_TOKENS",
    "MEMORY_TURNS",
    "MEMORY_SUMMARISED",
    "SOLVER_SAMPLES",
    "TUTOR_TOOLS",
    "TUTOR_CALLS_MAX",
    "ALLOWED_HOSTS",
    "METRICS_DIR",
    "DOCUMENT_MODEL",
    "DOCUMENT_VECTORS",
    "DOCUMENT_STAGES",
    "DOCUMENT_THRESHOLD",
    "DOCUMENT_PASSAGES",
    "DOCUMENT_SEARCH_S",
    "DOCUMENT_MAX_MB",
    "DOCUMENT_QUOTA_MB",
)
WEB_SETTINGS: Final = (
    "SUPERSEDE_S",
    "PORT",
    "BIND",
    "WEB_PROCESSES",
    "WEB_SERVER",
    "TRUSTED_ORIGINS",
    "HTTPS",
    "DEMO",
    "DEBUG",
    "IDLE_BADGE_S",
    "IDLE_CLOSE_S",
    "METRICS_TOKEN",
    "RATE_LIMITS",
)
WORKER_SETTINGS: Final = (
    "DATA_DIR",
    "REDIS_URL",
    "TUTOR_MODEL",
    "INFERENCE_ENGINE",
    "MAX_ANSWER_TOKENS",
    "INFERENCE_SLOTS",
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_MODEL",
    "SCRIPTED_RATE",
    "LOG_FORMAT",
    "LOG_LEVEL",
)

WEB: Final = Process(
    name="web",
    purpose="pages, API, WebSockets",
    command=("{python}", "-m", "classroom.server", "--fd", "{fd}"),
    settings=(*DJANGO_SETTINGS, *WEB_SETTINGS),
    socket=True,
    needs=("database", "redis"),
)
SCRIBE: Final = Process(
    name="scribe",
    purpose="writes the tutor's words into the log, then tells the rooms; runs the reaper",
    command=("{python}", "manage.py", "scribe"),
    settings=DJANGO_SETTINGS,
    needs=("database", "redis"),
    part="scribe",
)
INFERENCE: Final = Process(
    name="inference",
    purpose="runs the model",
    command=(
        "{python}",
        "-m",
        "celery",
        "-q",
        "-A",
        "inference_worker.celery_app",
        "worker",
        "-P",
        "threads",
        "-Q",
        "inference",
        "-n",
        "inference@%h",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",  # events that nobody listens to; ours is in Redis (inference_worker/heartbeat.py)
        "--loglevel",
        "INFO",
    ),
    settings=WORKER_SETTINGS,
    needs=("redis",),
    part="worker",
    silent_s=120.0,  # a slow disk may take its time to read torch
)
CLASS: Final = Process(
    name="class",
    purpose="timed and slow work that needs no model",
    command=(
        "{python}",
        "-m",
        "celery",
        "-q",
        "-A",
        "classroom.celery",
        "worker",
        "-B",
        "-P",
        "threads",
        "-c",
        str(CLASS_THREADS),
        "-Q",
        "class",
        "-n",
        "class@%h",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--loglevel",
        "INFO",
    ),
    settings=DJANGO_SETTINGS,
    needs=("database", "redis"),
)
# In this order they start, and in the opposite order they stop.
PROCESSES: Final = (WEB, SCRIBE, INFERENCE, CLASS)
BY_NAME: Final = {process.name: process for process in PROCESSES}

# The embedded Redis, whatever binary serves it: the same options stand in docker-compose.yml. The AOF keeps jobs and
# outputs over a restart; nothing may be evicted, and a viewer that does not read must not grow the server.
REDIS_OPTIONS: Final = (
    ("--appendonly", "yes"),
    ("--appendfsync", "everysec"),
    ("--save", ""),
    ("--maxmemory-policy", "noeviction"),
    ("--client-output-buffer-limit", "pubsub 32mb 8mb 60"),
)
