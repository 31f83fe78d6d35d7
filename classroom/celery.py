"""The class worker's Celery application: CPU work of the Django side (queue ``class``). The model's is its own."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")
# Celery would check the system as manage.py does, and load every page for it.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

import django

from classroom.absences import absent

with absent():
    django.setup()

from celery import Celery
from django.conf import settings

from inference_worker.broker import transport_register

transport_register()
app = Celery("classroom")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # Redis may be away for an hour
    task_default_queue="class",
    task_ignore_result=True,
    task_acks_late=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_transport_options={"global_keyprefix": settings.CLASS_KEYPREFIX},
    beat_schedule={
        "tokens_purge": {"task": "classroom.people.tasks.tokens_purge", "schedule": 3600.0},
        "documents_read": {"task": "tutor.tasks.documents_read", "schedule": 10.0},
        "files_purge": {"task": "tutor.tasks.files_purge", "schedule": 3600.0},
    },
    beat_schedule_filename=str(settings.DATA_DIR / "celerybeat"),
)
app.autodiscover_tasks(["classroom.people", "classroom.board", "tutor"])
