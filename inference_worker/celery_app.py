"""The inference worker's Celery application: a threads pool around one engine. The only reader of its environment.

::

    celery -A inference_worker.celery_app worker -P threads -c 8 -Q inference -n inference@%h \\
        --without-gossip --without-mingle

Tasks are tickets without arguments: a ticket pops the next job. So a redelivered or doubled ticket does no harm, and
Celery's guarantees matter little: the answer's row says what is due, the reaper rings again.

* threads: the model runs in one engine for all tasks; prefork would load it once a child, or break CUDA after the fork.
* ``acks_late`` with a short visibility timeout: a ticket of a killed worker comes back after it. kombu looks for such
  only every ``unacked_restore_interval`` × ``unacked_restore_throttle`` seconds (100 by default), hence both are set.
* Celery's time limits and ``revoke(terminate)`` do not work on threads: deadlines and stops live in the engine.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

import redis
from celery import Celery, signals
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from inference_worker.engines import engine_create
from inference_worker.job import QUEUE
from inference_worker.runtime import Runtime

log = logging.getLogger(__name__)
VISIBILITY_S = 60


class WorkerEnv(BaseSettings):
    model_config = SettingsConfigDict(env_file=None, extra="ignore", case_sensitive=True)

    REDIS_URL: str = Field("", description="empty: the embedded server's unix socket in DATA_DIR")
    DATA_DIR: Path = Field(Path("data"), description="where converted models live")
    TUTOR_MODEL: str = Field("demo", description="`demo`, a model folder, or a hub id")
    INFERENCE_ENGINE: str = Field("transformers", description="what runs the model")
    INFERENCE_CONCURRENCY: int = Field(2, ge=1, le=64, description="answers that plain generate runs at once")
    SCRIPTED_RATE: float = Field(60.0, gt=0, description="words a second of the scripted engine")
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe level")

    @property
    def redis_url(self) -> str:
        return self.REDIS_URL or f"unix://{self.DATA_DIR.expanduser().resolve() / 'redis.sock'}"


ENV = WorkerEnv()

app = Celery("inference_worker", include=["inference_worker.tasks"])
app.conf.update(
    broker_url=ENV.redis_url.replace("unix://", "redis+socket://", 1),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_default_queue=QUEUE,
    task_ignore_result=True,
    task_acks_late=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_S,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 2,
    },
)


class _Holder:
    """The process's runtime: made by worker_init, so that importing this module starts nothing."""

    runtime: Runtime | None = None


def connect() -> Any:
    """A Redis client whose replies are text. Any: redis-py's types mix its synchronous and asynchronous replies."""
    return _pool_client()


def _pool_client() -> Any:
    return redis.Redis(connection_pool=_pool)


_pool = redis.ConnectionPool.from_url(
    ENV.redis_url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5, max_connections=64
)


def runtime() -> Runtime:
    assert _Holder.runtime is not None, "the worker has not been started"
    return _Holder.runtime


@signals.setup_logging.connect
def _log(**_: Any) -> None:
    logging.basicConfig(level=ENV.LOG_LEVEL, format="%(asctime)s [%(levelname)s] %(message)s", datefmt="%H:%M:%S")


@signals.worker_init.connect
def _begin(**_: Any) -> None:
    _Holder.runtime = Runtime(
        connect,
        lambda: engine_create(
            ENV.INFERENCE_ENGINE,
            model=ENV.TUTOR_MODEL,
            data_dir=ENV.DATA_DIR.expanduser().resolve(),
            concurrency=ENV.INFERENCE_CONCURRENCY,
            rate=ENV.SCRIPTED_RATE,
        ),
        engine=ENV.INFERENCE_ENGINE,
        model=ENV.TUTOR_MODEL,
    )
    _Holder.runtime.start()


@signals.worker_shutting_down.connect
def _drain(**_: Any) -> None:
    runtime().drain()


@signals.worker_shutdown.connect
def _end(**_: Any) -> None:
    runtime().close()
