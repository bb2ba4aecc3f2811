"""Lines: a thread with an event loop for the streams' sockets, alive while a stream is. Knows no stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

from attrs import define, field

__all__ = ["Lines"]


@define(eq=False)
class Lines:
    """Runs coroutines beside whatever serves the emulator: asyncio, trio, a server's thread or nothing.

    The first one starts the thread, the last one to end ends it. So there is nothing to be closed; `wait` waits.
    """

    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _running: int = field(default=0, init=False)
    _threads: list[threading.Thread] = field(factory=list, init=False, repr=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False, repr=False)

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Runs it; returns at once."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(
                    target=_run, args=(self._loop,), name="roomtone-emulator-streams", daemon=True
                )
                self._threads = [other for other in self._threads if other.is_alive()] + [thread]
                thread.start()
            self._running += 1
            self._loop.call_soon_threadsafe(self._begin, work)

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.get_running_loop().create_task(self._counted(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _counted(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            with self._lock:
                self._running -= 1
                if not self._running:
                    # The next one to run finds no loop and starts a thread of its own.
                    self._loop = None
                    asyncio.get_running_loop().stop()

    def wait(self, timeout: float) -> None:
        """Waits until all that runs has ended, or the time in seconds is up. Never called from such work itself."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
