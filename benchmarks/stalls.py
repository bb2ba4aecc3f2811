"""W7: the longest stall of a task that wants to run every millisecond, in one phase of a client's life.

Knows roomtone and aiobotocore. A fresh process for each phase, since most of what stalls happens once. Whatever users
import at the top of a module is imported before the phase begins.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import payloads
from benchmarks.plain import hide

PERIOD = 0.001
PHASES = ("nothing", "creation", "credentials", "first call", "parse", "steady 1", "steady 10", "steady 100")


class Heartbeat:
    """A task that sleeps for a millisecond again and again, and notes how much longer it took."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(PERIOD)
            self.longest = max(self.longest, time.perf_counter() - began - PERIOD)

    async def during(self, phase: Callable[[], Awaitable[object]]) -> float:
        """The longest stall, in seconds, while the phase goes on."""
        task = asyncio.create_task(self.beat())
        await asyncio.sleep(0.05)
        self.longest = 0.0
        await phase()
        # What the phase left to do in the loop is its stall too.
        await asyncio.sleep(0.01)
        task.cancel()
        return self.longest


class OurSide:
    """roomtone as its users write it."""

    def __init__(self, plain: str, tls: str) -> None:
        import roomtone
        import roomtone.ivs

        self._roomtone = roomtone
        self._plain, self._tls = plain, tls
        self._opened: list[Any] = []
        self._channels: Any

    async def create(self, *, given: bool = True, tls: bool = False) -> None:
        roomtone = self._roomtone
        keys = roomtone.Credentials(payloads.ACCESS_KEY, payloads.SECRET_KEY) if given else None
        url = self._tls if tls else self._plain
        live = roomtone.Client(roomtone.Aws(region=payloads.REGION, credentials=keys, endpoint_url=url))
        self._opened.append(live)
        self._channels = live.ivs

    async def small(self) -> None:
        assert (await self._channels.get_channel(arn=payloads.CHANNEL_ARN)).channel.arn == payloads.CHANNEL_ARN

    async def large(self) -> None:
        session = (await self._channels.get_stream_session(channel_arn=payloads.CHANNEL_ARN)).stream_session
        assert len(session.truncated_events) == payloads.EVENTS

    async def close(self) -> None:
        for live in self._opened:
            await live.aclose()


class TheirSide:
    """aiobotocore as its users write it."""

    def __init__(self, plain: str, tls: str) -> None:
        import aiobotocore.session

        self._get_session = aiobotocore.session.get_session
        self._plain, self._tls = plain, tls
        self._stack = AsyncExitStack()
        self._channels: Any

    async def create(self, *, given: bool = True, tls: bool = False) -> None:
        keys: dict[str, Any] = (
            {"aws_access_key_id": payloads.ACCESS_KEY, "aws_secret_access_key": payloads.SECRET_KEY} if given else {}
        )
        url = self._tls if tls else self._plain
        client = self._get_session().create_client("ivs", region_name=payloads.REGION, endpoint_url=url, **keys)
        self._channels = await self._stack.enter_async_context(client)

    async def small(self) -> None:
        answer = await self._channels.get_channel(arn=payloads.CHANNEL_ARN)
        assert answer["channel"]["arn"] == payloads.CHANNEL_ARN

    async def large(self) -> None:
        answer = await self._channels.get_stream_session(channelArn=payloads.CHANNEL_ARN)
        assert len(answer["streamSession"]["truncatedEvents"]) == payloads.EVENTS

    async def close(self) -> None:
        await self._stack.aclose()


def _write_profile(home: str) -> None:
    """From now on, credentials are in a file, and nowhere else."""
    folder = Path(home) / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        f"[default]\naws_access_key_id = {payloads.ACCESS_KEY}\naws_secret_access_key = {payloads.SECRET_KEY}\n",
        "utf-8",
    )
    os.environ["HOME"] = home
    del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]


async def _measured(side: OurSide | TheirSide, phase: str, home: str) -> float:
    during = Heartbeat().during
    try:
        if phase == "nothing":
            return await during(lambda: asyncio.sleep(0.5))
        if phase == "creation":
            return await during(side.create)
        if phase == "first call":
            await side.create(tls=True)
            return await during(side.small)
        await side.create()
        await side.small()
        if phase == "credentials":
            _write_profile(home)

            async def found() -> None:
                await side.create(given=False)
                await side.small()

            return await during(found)
        if phase == "parse":
            await side.large()
            return await during(side.large)
        return await during(lambda: _steadily(side, int(phase.split()[1])))
    finally:
        await side.close()


async def _steadily(side: OurSide | TheirSide, concurrency: int) -> None:
    """Small calls for half a second, after a first round that opens the connections."""

    async def call(until: float) -> None:
        await side.small()
        while time.perf_counter() < until:
            await side.small()

    for seconds in (0.0, 0.5):
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as tasks:
            for _ in range(concurrency):
                tasks.create_task(call(until))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=["roomtone", "aiobotocore"])
    parser.add_argument("phase", choices=PHASES)
    parser.add_argument("plain")
    parser.add_argument("tls")
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    if asked.core is not None:
        os.sched_setaffinity(0, {asked.core})
    hide()
    side = (OurSide if asked.client == "roomtone" else TheirSide)(asked.plain, asked.tls)
    with TemporaryDirectory() as home:
        longest = asyncio.run(_measured(side, asked.phase, home))
    print(json.dumps({"longest": longest}), flush=True)


if __name__ == "__main__":
    main()
