"""A thousand tasks, 100,000 calls, a service that throttles, drops and stalls one of ten: `nox -s load`.

Each call ends with its own answer or its own error; nothing is created twice; memory stays flat.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest

import roomtone
from flow.loopback import KEYS, REGION
from roomtone import errors

pytestmark = pytest.mark.anyio

TASKS = 1000
CALLS = 100_000


@pytest.fixture
def url() -> Iterator[str]:
    """Where the service is."""
    script = str(Path(__file__).with_name("unwell.py"))
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            yield f"http://127.0.0.1:{service.stdout.readline().strip()}"
        finally:
            service.kill()


def resident() -> float:
    """The memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 2**20


async def test_load(url: str, anyio_backend: str) -> None:
    """Figures are printed; what must hold is asserted."""
    outcomes: Counter[str] = Counter()
    left = iter(range(CALLS))
    memory: list[float] = []
    aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=url)
    async with roomtone.Client(aws, attempt_timeout=2.0, max_connections=200) as live:

        async def worker() -> None:
            for number in left:
                outcomes[await one(live, number)] += 1
                if sum(outcomes.values()) in (CALLS // 5, CALLS):
                    gc.collect()
                    memory.append(resident())

        started = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(TASKS):
                tasks.start_soon(worker)
        took = time.perf_counter() - started
    async with httpx.AsyncClient(trust_env=False) as http:
        stats = (await http.get(f"{url}/Stats")).json()
    print(f"\n{anyio_backend}: {CALLS:,} calls of {TASKS:,} tasks in {took:.1f} s, {CALLS / took:,.0f} a second")
    print(f"  outcomes: {dict(outcomes)}")
    print(f"  requests: {stats['requests']}, {stats['created']:,} created, {len(stats['twice'])} twice")
    print(f"  memory: {memory[0]:.1f} MiB after a fifth of the calls, {memory[1]:.1f} MiB at the end")
    assert sum(outcomes.values()) == CALLS
    assert outcomes["crossed"] == 0
    assert outcomes["another error"] == 0
    assert stats["twice"] == []
    assert outcomes["answer"] > 0.9 * CALLS
    assert memory[1] - memory[0] < 8


async def one(live: roomtone.Client, number: int) -> str:
    """One call: three of four read, the fourth creates."""
    try:
        if number % 4:
            found = (await live.ivs.get_channel(arn=f"{number}")).channel.arn
        else:
            found = (await live.ivs.create_channel(name=f"{number}")).channel.arn
    except errors.ThrottledError:
        return "throttled"
    except errors.TransportError as error:
        return "lost, said so" if error.maybe_processed else "another error"
    except errors.RoomtoneError:
        return "another error"
    return "answer" if found == f"{number}" else "crossed"


async def test_what_grows(url: str) -> None:
    """Calls leave nothing behind that grows with them."""
    aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=url)
    async with roomtone.Client(aws, attempt_timeout=0.2, max_connections=20) as live:
        for number in range(500):
            await one(live, number)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(500, 1500):
            await one(live, number)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    print(f"\n  1,000 calls one after the other: {grown / 1024:.0f} KiB more than before")
    assert grown < 300_000
