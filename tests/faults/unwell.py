"""A service that is not well, in a process of its own: raw sockets, no HTTP library.

`python unwell.py` prints its port. It answers `GetChannel` and `CreateChannel`; of ten requests it throttles, drops or
stalls one. `/Stats` tells how many requests there were, and which channels were created more than once.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter

CHANCE = random.Random(20261121)
REQUESTS: Counter[str] = Counter()
CREATED: Counter[str] = Counter()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, until either side has enough."""
    try:
        while await one(reader, writer):
            pass
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)
    body = await reader.readexactly(length)
    path = head.split(b" ", 2)[1].decode()
    if path == "/Stats":
        twice = [name for name, count in CREATED.items() if count > 1]
        answer(writer, 200, {"requests": REQUESTS, "created": len(CREATED), "twice": twice})
        return True
    content = json.loads(body)
    fate = CHANCE.random()
    if fate < 0.04:
        REQUESTS["throttled"] += 1
        answer(writer, 429, {"message": "slow down"})
        return True
    # What follows is carried out, whether it is answered or not.
    name = content.get("arn") or content["name"]
    if path == "/CreateChannel":
        CREATED[name] += 1
    if fate < 0.07:
        REQUESTS["dropped"] += 1
        return False
    if fate < 0.10:
        REQUESTS["stalled"] += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await reader.read(1)
        return False
    REQUESTS["answered"] += 1
    answer(writer, 200, {"channel": {"arn": name, "name": "n" * 200}})
    return True


def answer(writer: asyncio.StreamWriter, status: int, content: object) -> None:
    body = json.dumps(content).encode()
    writer.write(b"HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
