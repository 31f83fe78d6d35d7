"""A model server as schools rent one: it speaks the OpenAI protocol and sends so many tokens a second, each with the moment
of its sending. The first comes ``--first`` seconds after the question, so that what is added to it can be told."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import time
from functools import partial

from tests.inference_worker.fault_server import HEAD, delta, finished

WORD = "and so "


async def client(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, first_s: float, rate: float, tokens: int
) -> None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:")), 0)
        body = json.loads(await reader.readexactly(length) or b"{}")
        if body.get("stream"):
            began = asyncio.get_running_loop().time() + first_s
            writer.write(HEAD)
            for number in range(tokens):
                await asyncio.sleep(began + number / rate - asyncio.get_running_loop().time())
                writer.write(delta(f"{time.monotonic_ns()} {WORD}"))
                await writer.drain()
            writer.write(finished(tokens=tokens))
        else:
            said = json.dumps({"choices": [], "usage": {"prompt_tokens": 10}})
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n{said}".encode())
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # whoever asked has gone, or was a knock at the door
    finally:
        writer.close()


async def run(listener: socket.socket, first_s: float, rate: float, tokens: int) -> None:
    serve = partial(client, first_s=first_s, rate=rate, tokens=tokens)
    async with await asyncio.start_server(serve, sock=listener) as server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.upstream")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--first", type=float, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--tokens", type=int, required=True)
    options = parser.parse_args()
    listener = socket.socket(fileno=options.fd)
    listener.setblocking(False)
    asyncio.run(run(listener, options.first, options.rate, options.tokens))


if __name__ == "__main__":
    main()
