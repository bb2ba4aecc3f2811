"""Work that nobody waits for, in a task of its own. Knows asyncio's and trio's way of beginning one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

__all__ = ["start"]

_RUNNING: set[asyncio.Task[Any]] = set()
"""asyncio itself keeps no hold of a task."""


def start(work: Callable[[], Awaitable[object]]) -> anyio.CancelScope:
    """Begins the work and returns at once; cancelling the scope ends it. `work` must raise nothing."""
    scope = anyio.CancelScope()

    async def run() -> None:
        with scope:
            await work()

    if anyio.get_cancelled_exc_class() is asyncio.CancelledError:
        task = asyncio.get_running_loop().create_task(run())
        _RUNNING.add(task)
        task.add_done_callback(_RUNNING.discard)
    else:
        import trio

        trio.lowlevel.spawn_system_task(run)
    return scope
