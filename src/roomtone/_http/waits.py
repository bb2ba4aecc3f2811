"""The waits between attempts: how long by chance, and how they pass. The one place where a test kit replaces both."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import anyio

__all__ = ["jitter", "sleep"]

pass_time: Callable[[float], Awaitable[None]] = anyio.sleep
"""How a wait passes."""
draw: Callable[[], float] = random.random
"""The part of the longest backoff that a wait takes, from 0 to 1."""


# Looked up at each wait, so that a client made before they were replaced waits like any other.


async def sleep(seconds: float) -> None:
    """Waits."""
    await pass_time(seconds)


def jitter() -> float:
    """A number from 0 to 1."""
    return draw()
