"""A peer: the chat room of the Channels tutorial. Each socket is a consumer in a group and sends what the group is sent.

Stock Daphne, stock ``RedisChannelLayer``: as the tutorial leaves it.
"""

from __future__ import annotations

import argparse
from typing import Any

import channels_redis.core
from django.conf import settings

GROUP = "chat_room"


def layer_hosts(url: str) -> list[dict[str, Any]]:
    """Our Redis in the layer's words; its blocking reads must not time out."""
    return [{"address": url, "socket_timeout": None}]


def layer_to(url: str) -> channels_redis.core.RedisChannelLayer:
    """The same layer for whoever sends to the group."""
    return channels_redis.core.RedisChannelLayer(hosts=layer_hosts(url))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peer_tutorial")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--redis", required=True)
    options = parser.parse_args()
    backend = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": layer_hosts(options.redis)}}
    settings.configure(CHANNEL_LAYERS={"default": backend})

    import django

    django.setup()
    from channels.generic.websocket import AsyncWebsocketConsumer
    from daphne.server import Server

    class ChatConsumer(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await self.channel_layer.group_add(GROUP, self.channel_name)
            await self.accept()

        async def disconnect(self, code: int) -> None:
            await self.channel_layer.group_discard(GROUP, self.channel_name)

        async def chat_message(self, event: dict[str, Any]) -> None:
            await self.send(text_data=event["message"])

    Server(ChatConsumer.as_asgi(), endpoints=[f"fd:fileno={options.fd}"], signal_handlers=False).run()


if __name__ == "__main__":
    main()
