"""Log lines for people (console) or programs (JSON), of the same make as the web side's."""

from __future__ import annotations

import logging.config
import warnings
from typing import Any

import structlog
from celery.exceptions import CPendingDeprecationWarning


def logging_start(form: str, level: str) -> None:
    """``form`` is ``console`` or ``json``; replaces whatever logging was set up before."""
    # Advice to cancel tasks when the broker is lost: ours go on, what they write waits in the publisher.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(["answer", "attempt", "trace", "reason", "tokens"]),
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    line = {"()": structlog.stdlib.ProcessorFormatter, "processor": renderer, "foreign_pre_chain": chain}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": line},
            "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["out"], "level": level},
            "loggers": {
                # One line for every empty ticket would bury the others.
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "httpx": {"level": "WARNING"},
            },
        }
    )
