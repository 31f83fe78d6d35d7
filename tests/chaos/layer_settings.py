"""The product's settings with the unkind channel layer: DJANGO_SETTINGS_MODULE of processes that are to suffer it."""

from __future__ import annotations

import os

from classroom.settings import *  # noqa: F403  (a settings module is its names)
from classroom.settings import CHANNEL_LAYERS

_layer = CHANNEL_LAYERS["default"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "tests.chaos.layer.UnkindLayer",
        "CONFIG": {**_layer["CONFIG"], "seed": int(os.environ.get("CHAOS_SEED", "0"))},
    }
}
