"""The inference worker's Celery application, and the only reader of environment variables on the model side.

    celery -A inference_worker.celery_app worker -P threads -Q inference -n inference@%h \\
        --without-gossip --without-mingle

``-P threads``: all tickets share one engine in one process; with prefork each child would load a model of its own, and
CUDA does not survive the fork. How many tickets it holds at once the engine says, so there is no ``-c``.
"""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import Any, Literal

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_ready, worker_shutdown, worker_shutting_down
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from inference_worker.broker import transport_register
from inference_worker.engines.base import EngineOptions
from inference_worker.job import OWN_QUEUE, QUEUE
from inference_worker.logs import logging_start
from inference_worker.runtime import Holder, Runtime, RuntimeOptions, worker_name

BASE_DIR = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=None, extra="ignore", case_sensitive=True)

    DATA_DIR: Path = Field(BASE_DIR / "data", description="where converted models lie, and the default Redis socket")
    REDIS_URL: str = Field("", description="empty: the embedded server's unix socket in DATA_DIR; else redis://…")
    TUTOR_MODEL: str = Field("demo", description="`demo`, a model folder, or a hub id such as WeiboAI/VibeThinker-1.5B")
    INFERENCE_ENGINE: str = Field("batching", description="what runs the model: batching, openai_api or scripted")
    MAX_ANSWER_TOKENS: int = Field(512, ge=1, le=40_960, description="longest answer, in tokens")
    INFERENCE_SLOTS: int = Field(
        0, ge=0, le=256, description="answers that run at the same time; 0: the engine chooses"
    )
    OPENAI_BASE_URL: str = Field("", description="openai_api: the server's address, such as http://gpu:8000/v1")
    OPENAI_API_KEY: SecretStr = Field(SecretStr(""), description="openai_api: the server's key, if it wants one")
    OPENAI_MODEL: str = Field("", description="openai_api: its name for the model; empty: the first that it has")
    SCRIPTED_RATE: float = Field(
        40.0, ge=0, description="tokens a second of the scripted engine; 0: as fast as it goes"
    )
    LOG_FORMAT: Literal["console", "json"] = Field("console", description="readable lines or JSON")
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe level logged")

    @property
    def redis_url(self) -> str:
        return self.REDIS_URL or f"unix://{self.DATA_DIR.resolve() / 'redis.sock'}"

    @property
    def engine_options(self) -> EngineOptions:
        folder = self.DATA_DIR.resolve()
        if self.INFERENCE_ENGINE == "openai_api":
            from inference_worker.engines.endpoint import OpenAIOptions  # brings an HTTP client, only for who needs it

            key = self.OPENAI_API_KEY.get_secret_value()
            return OpenAIOptions(
                self.OPENAI_MODEL, folder, self.INFERENCE_SLOTS, base_url=self.OPENAI_BASE_URL, api_key=key
            )
        return EngineOptions(self.TUTOR_MODEL, folder, self.INFERENCE_SLOTS, self.SCRIPTED_RATE)


def broker_url(redis_url: str) -> str:
    """kombu's spelling of a Redis address: unix sockets have a scheme of their own, and ``db`` another name."""
    if not redis_url.startswith("unix://"):
        return redis_url
    return redis_url.replace("unix://", "redis+socket://", 1).replace("db=", "virtual_host=", 1)


settings = Settings()
transport_register()
# fixups: Celery would import Django, and the whole web side, when DJANGO_SETTINGS_MODULE happens to be set.
app = Celery("inference_worker", include=["inference_worker.tasks"], fixups=[])
app.conf.update(
    broker_url=broker_url(settings.redis_url),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # Redis may be away for an hour; the worker and its model stay
    broker_transport_options={
        # A ticket that is not acked for so long is handed out again. Tickets are empty and jobs are taken once, so a
        # second one does no harm; it is longer than a run so that there are few, and short enough that tickets of a
        # killed worker come back. Lost jobs do not wait for this: the reaper rings for them.
        "visibility_timeout": 900,
        # kombu looks for such tickets every interval x throttle seconds: once a minute, and at the start.
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 6,
        "unacked_restore_limit": 100,
        "socket_keepalive": True,
        "health_check_interval": 25,
    },
    task_default_queue=QUEUE,
    task_acks_late=True,  # a ticket is done when its job is, so a killed worker's tickets come back
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    # Take no ticket that cannot be served now: an idle worker elsewhere should have it.
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_enable_remote_control=False,  # stop and state go through our own keys, also while the worker leaves
    worker_redirect_stdouts=False,
)


@setup_logging.connect
def _logging(**_: Any) -> None:
    logging_start(settings.LOG_FORMAT, settings.LOG_LEVEL)


@worker_init.connect
def _start(sender: Any, **_: Any) -> None:
    # Before the worker connects: it takes no ticket until the model is ready, or known to be broken. Celery sets up
    # logging later, and a model that is converted has much to say.
    _logging()
    runtime = Runtime(
        RuntimeOptions(
            worker=worker_name(sender.hostname),
            redis_url=settings.redis_url,
            engine=settings.INFERENCE_ENGINE,
            model=settings.engine_options,
            max_tokens=settings.MAX_ANSWER_TOKENS,
        )
    )
    Holder.runtime = runtime
    runtime.open()
    sender.concurrency = runtime.tickets  # the pool is made behind this signal
    # What a model and its libraries leave is not garbage: to look through it all takes a quarter of a second, in which
    # every answer stands still.
    gc.collect()
    gc.freeze()


@worker_ready.connect
def _own_queue(sender: Any, **_: Any) -> None:
    sender.add_task_queue(OWN_QUEUE.format(name=worker_name(sender.hostname)))


@worker_shutting_down.connect
def _leave(**_: Any) -> None:
    # Comes inside the signal handler: the locks belong to whatever it has interrupted.
    if Holder.runtime is not None:
        threading.Thread(target=Holder.runtime.drain, name="drain", daemon=True).start()


@worker_shutdown.connect
def _end(**_: Any) -> None:
    if Holder.runtime is not None:
        Holder.runtime.close()
