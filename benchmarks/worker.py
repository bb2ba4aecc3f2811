"""One peer in a process of its own, doing what it is told. Knows the peers; commands come as lines of JSON.

A process for each peer, because a heap full of another library's objects makes every garbage collection slower. It ends
when its standard input does.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.to_thread

from benchmarks.measure import percentile
from benchmarks.memory import rss_mb
from benchmarks.peers import PEERS, Peer, ThreadedPeer, Unavailable

Figures = dict[str, Any]

LONGEST_BURST = 40.0
"""Seconds after which no further call of a burst begins, whatever the peer's speed."""


class Clock:
    """CPU and wall time from its making on."""

    def __init__(self) -> None:
        gc.collect()
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def figures(self, count: int) -> Figures:
        """Per call: `cpu` seconds; per second: `rate`."""
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        return {"calls": count, "cpu": cpu / count, "rate": count / wall, "wall": wall}


def _latencies(seconds: list[float]) -> Figures:
    return {"p50": percentile(seconds, 50), "p99": percentile(seconds, 99), "longest": max(seconds)}


async def _burst(call: Callable[[], Awaitable[object]], concurrency: int, calls: int) -> Figures:
    """So many calls by so many tasks, each of which takes the next one as soon as it is done with one."""
    left = calls
    latencies: list[float] = []

    async def take() -> None:
        nonlocal left
        while left > 0 and time.perf_counter() < end:
            left -= 1
            began = time.perf_counter()
            await call()
            latencies.append(time.perf_counter() - began)

    clock = Clock()
    end = time.perf_counter() + LONGEST_BURST
    async with anyio.create_task_group() as tasks:
        for _ in range(concurrency):
            tasks.start_soon(take)
    return {**clock.figures(len(latencies)), **_latencies(latencies)}


def _threaded_burst(call: Callable[[], object], concurrency: int, calls: int) -> Figures:
    numbers = itertools.count()
    latencies: list[float] = []

    def take() -> None:
        while next(numbers) < calls and time.perf_counter() < end:
            began = time.perf_counter()
            call()
            latencies.append(time.perf_counter() - began)

    with ThreadPoolExecutor(concurrency) as threads:
        clock = Clock()
        end = time.perf_counter() + LONGEST_BURST
        for done in [threads.submit(take) for _ in range(concurrency)]:
            done.result()
        return {**clock.figures(len(latencies)), **_latencies(latencies)}


async def _growth(call: Callable[[], Awaitable[object]], concurrency: int, calls: int) -> Figures:
    """Megabytes more in memory after so many calls, a tenth of them before as warming up."""
    await _burst(call, concurrency, max(calls // 10, 2_000))
    gc.collect()
    before = rss_mb()
    # In portions, so that the list of latencies stays small.
    for _ in range(10):
        await _burst(call, concurrency, calls // 10)
    gc.collect()
    return {"calls": calls, "before_mb": before, "growth_mb": rss_mb() - before}


class Worker:
    """The peer, and the commands about it."""

    def __init__(self, peer: Peer | ThreadedPeer) -> None:
        self._peer = peer
        self._opened = False

    async def do(self, command: dict[str, Any]) -> Figures:
        kind = command.pop("do")
        if kind == "open":
            return await self._open(**command)
        if kind == "burst":
            return await self._burst(**command)
        if kind == "growth":
            assert isinstance(self._peer, Peer)
            return await _growth(self._peer.get_meeting, **command)
        assert kind == "pages", kind
        return await self._pages()

    async def _open(self, origin: str, limit: int) -> Figures:
        await self.close()
        try:
            if isinstance(self._peer, Peer):
                await self._peer.open(origin, limit)
            else:
                self._peer.open(origin, limit)
        except Unavailable as reason:
            return {"unavailable": str(reason)}
        except ImportError as error:
            return {"unavailable": f"{error.name} is not installed"}
        self._opened = True
        return {}

    async def _burst(self, call: str, concurrency: int, calls: int) -> Figures:
        if isinstance(self._peer, Peer):
            return await _burst(getattr(self._peer, call), concurrency, calls)
        return _threaded_burst(getattr(self._peer, call), concurrency, calls)

    async def _pages(self) -> Figures:
        clock = Clock()
        items = await self._peer.list_channels() if isinstance(self._peer, Peer) else self._peer.list_channels()
        return clock.figures(items)

    async def close(self) -> None:
        if not self._opened:
            return
        self._opened = False
        if isinstance(self._peer, Peer):
            await self._peer.close()
        else:
            self._peer.close()


async def _work(peer: Peer | ThreadedPeer) -> None:
    worker = Worker(peer)
    while line := await anyio.to_thread.run_sync(sys.stdin.readline):
        print(json.dumps(await worker.do(json.loads(line))), flush=True)
    await worker.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    if asked.core is not None:
        os.sched_setaffinity(0, {asked.core})
    peer = PEERS[asked.peer]()
    anyio.run(_work, peer, backend=peer.backend if isinstance(peer, Peer) else "asyncio")


if __name__ == "__main__":
    main()
