"""The other side: canned answers on loopback ports, faster than any client. Knows asyncio and the payloads.

Run as a process of its own: it prints its ports as JSON and serves until its standard input ends, so that it never
outlives whoever started it. No HTTP library: what it does not do costs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import ssl
import sys
from pathlib import Path

from benchmarks import payloads

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TOKEN = re.compile(rb'"nextToken": *"(\d+)"')


def _answer(body: bytes, status: str = "200 OK") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nx-amzn-RequestId: 7a62c49f-347e-4fc4-9331-6e8e0d3a8c51\r\n\r\n"
    )
    return head.encode("ascii") + body


ANSWERS = {
    f"/meetings/{payloads.MEETING_ID}".encode(): _answer(payloads.body_of(payloads.meeting())),
    f"/meetings/{payloads.MEETING_ID}/attendees".encode(): _answer(
        payloads.body_of(payloads.attendee()), "201 Created"
    ),
    b"/GetChannel": _answer(payloads.body_of(payloads.channel())),
    b"/GetStreamSession": _answer(payloads.body_of(payloads.stream_session())),
}
PAGES = [_answer(payloads.body_of(page)) for page in payloads.pages()]
UNKNOWN = _answer(b'{"message":"the benchmark server knows no such path"}', "404 Not Found")


class Counter:
    """The connections of all ports but the one that tells of them."""

    def __init__(self) -> None:
        self.opened = 0
        self.open_now = 0
        self.open_at_most = 0

    def begin(self) -> None:
        self.opened += 1
        self.open_now += 1
        self.open_at_most = max(self.open_at_most, self.open_now)

    def end(self) -> None:
        self.open_now -= 1

    def reset(self) -> None:
        """From here on only new ones count as opened."""
        self.opened = 0
        self.open_at_most = self.open_now

    def as_json(self) -> bytes:
        return json.dumps({"opened": self.opened, "now": self.open_now, "at_most": self.open_at_most}).encode()


class Connection(asyncio.Protocol):
    """One connection: reads requests, and answers each at once or after a delay."""

    def __init__(self, counter: Counter, delay: float) -> None:
        self._counter = counter
        self._delay = delay
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counter.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._counter.end()

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        while (end := data.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH.search(data, 0, end)
            end += int(length[1]) if length else 0
            if len(data) < end:
                break
            answer = self.answer(data[:end])
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._write, answer)
            else:
                self._transport.write(answer)
            data = data[end:]
        self._buffer = data

    def answer(self, request: bytes) -> bytes:
        target = request.split(b" ", 2)[1]
        if target == b"/ListChannels":
            token = _TOKEN.search(request)
            return PAGES[int(token[1]) if token else 0]
        return ANSWERS.get(target, UNKNOWN)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


class Control(Connection):
    """Tells of the connections: `/connections`, and `/reset` to count anew."""

    def __init__(self, counter: Counter) -> None:
        super().__init__(Counter(), 0)
        self._counted = counter

    def answer(self, request: bytes) -> bytes:
        if request.split(b" ", 2)[1] == b"/reset":
            self._counted.reset()
        return _answer(self._counted.as_json())


def tls_context(folder: Path) -> ssl.SSLContext:
    """A server's context; the bundle that clients verify it with is left in the folder as `bundle.pem`.

    The bundle has all public authorities too, since reading them is a part of every client's start.
    """
    import certifi
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    public = Path(certifi.where()).read_bytes()
    (folder / "bundle.pem").write_bytes(authority.cert_pem.bytes() + public)
    return context


async def serve(folder: Path, delay: float) -> None:
    """Serves until standard input ends."""
    loop = asyncio.get_running_loop()
    counter = Counter()
    plain = await loop.create_server(lambda: Connection(counter, 0), "127.0.0.1", 0, backlog=2048)
    slow = await loop.create_server(lambda: Connection(counter, delay), "127.0.0.1", 0, backlog=2048)
    tls = await loop.create_server(lambda: Connection(counter, 0), "127.0.0.1", 0, ssl=tls_context(folder))
    control = await loop.create_server(lambda: Control(counter), "127.0.0.1", 0)
    servers = {"plain": plain, "slow": slow, "tls": tls, "control": control}
    print(json.dumps({name: server.sockets[0].getsockname()[1] for name, server in servers.items()}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    if asked.core is not None:
        os.sched_setaffinity(0, {asked.core})
    asyncio.run(serve(asked.folder, asked.delay))


if __name__ == "__main__":
    main()
