"""What can be set from outside, with types and defaults: the only reader of environment variables on the web side.

``settings.py`` turns this into Django settings. A variable that is misspelt in value is an error that names it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent


class Env(BaseSettings):
    model_config = SettingsConfigDict(env_file=None, extra="ignore", case_sensitive=True)

    PORT: int = Field(8000, ge=1, le=65535, description="the port of the web pages")
    BIND: str = Field("127.0.0.1", description="the address that the web processes listen on")
    DATA_DIR: Path = Field(
        BASE_DIR / "data", description="where database, Redis file, secrets and converted models live"
    )
    DATABASE_URL: str = Field("", description="empty: SQLite in DATA_DIR; else postgres://user:password@host:port/name")
    REDIS_URL: str = Field("", description="empty: the embedded server's unix socket in DATA_DIR; else redis://…")
    TUTOR_MODEL: str = Field("demo", description="`demo`, a model folder, or a hub id such as WeiboAI/VibeThinker-1.5B")
    INFERENCE_ENGINE: Literal["batching", "openai_api", "scripted"] = Field(
        "batching", description="what runs the model"
    )
    WEB_PROCESSES: int = Field(2, ge=1, le=32, description="web processes that share the port")
    WEB_SERVER: Literal["daphne", "uvicorn"] = Field("daphne", description="the ASGI server")
    ALLOWED_HOSTS: str = Field("localhost,127.0.0.1,[::1]", description="comma-separated host names")
    TRUSTED_ORIGINS: str = Field("", description="comma-separated origins (https://school.example) beside the own host")
    HTTPS: bool = Field(False, description="served behind TLS: secure cookies and HSTS")
    DEMO: bool = Field(False, description="show the demo accounts on the log-in page; never on a real school's server")
    DEBUG: bool = Field(False, description="Django's debug pages")
    RATE_LIMITS: float = Field(
        1.0, ge=0, description="multiplies how much people, rooms and classes may send; 0: no limits"
    )
    METRICS_TOKEN: str = Field("", description="who may read /metrics with it; empty: this machine alone")
    METRICS_DIR: str = Field("", description="where web processes keep their counts; empty: DATA_DIR/metrics")
    LOG_FORMAT: Literal["console", "json"] = Field("console", description="readable lines or JSON")
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="least severe level that is logged"
    )
    NO_COLOR: str = Field("", description="any text: no colours in the terminal")
    MAX_ANSWER_TOKENS: int = Field(512, ge=1, le=40_960, description="longest answer, in tokens")
    ANSWER_DEADLINE_S: float = Field(300.0, gt=0, description="longest run of one answer, in seconds")
    TUTOR_TOOLS: str = Field("auto", description="tools that the tutor may call: auto, all, none, or names with commas")
    TUTOR_CALLS_MAX: int = Field(4, ge=0, le=20, description="calls of tools in one answer")
    QUEUE_TIMEOUT_S: float = Field(120.0, gt=0, description="how long a question waits for a worker before it fails")
    CONTEXT_TOKENS: int = Field(
        8_192, ge=0, description="longest prompt of a room, in tokens; 0: as long as the model takes"
    )
    MEMORY_TURNS: int = Field(
        10, ge=1, le=50, description="questions with their answers that a prompt has word for word"
    )
    MEMORY_SUMMARISED: int = Field(
        5, ge=1, le=20, description="how many of the oldest are told in short when they do not fit any more"
    )
    SOLVER_SAMPLES: int = Field(
        0,
        ge=0,
        le=64,
        description="how often a problem that comes into a room is solved in private; 0: only when asked for",
    )
    DOCUMENT_MODEL: str = Field(
        "packaged", description="`packaged`, the folder of a sentence encoder (BERT), or empty: search by words alone"
    )
    DOCUMENT_VECTORS: Literal["exact", "pgvector"] = Field(
        "exact", description="who compares vectors: the class worker, or PostgreSQL with the extension pgvector"
    )
    DOCUMENT_STAGES: str = Field(
        "fulltext,vectors,rerank",
        pattern=r"^(?:(?:fulltext|vectors|rerank)(?:,|$))*$",
        description="how a class's documents are searched, comma-separated; empty: not at all",
    )
    DOCUMENT_THRESHOLD: float = Field(0.25, ge=0, le=1, description="a passage with a lower score is not used")
    DOCUMENT_PASSAGES: int = Field(3, ge=1, le=10, description="how many passages go with one question")
    DOCUMENT_SEARCH_S: float = Field(1.5, gt=0, le=10, description="how long a question waits for their search")
    DOCUMENT_MAX_MB: int = Field(20, ge=1, le=200, description="largest file that a teacher may upload")
    DOCUMENT_QUOTA_MB: int = Field(200, ge=1, description="all files of one class together")
    SUPERSEDE_S: float = Field(
        3.0, ge=0, description="how long after it was asked a question whose answer shows already may still be edited"
    )
    IDLE_BADGE_S: float = Field(
        300.0, gt=0, description="a room without a person's action for so long is shown as idle"
    )
    IDLE_CLOSE_S: float = Field(
        1800.0, gt=0, description="a socket without any frame from its person is closed politely"
    )


ENV = Env()

METRICS_DIR = Path(ENV.METRICS_DIR or ENV.DATA_DIR / "metrics").expanduser().resolve()
# prometheus_client reads it when it is imported, wherever that happens first.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)
