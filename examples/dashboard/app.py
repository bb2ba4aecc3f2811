"""The dashboard: one task watches the streams, and every browser is told of changes by server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from attrs import asdict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, StreamingResponse
from starlette.routing import Route

import roomtone
from dashboard.watch import Row, watch
from roomtone.ivs import IVSClient

PAGE = Path(__file__).with_name("page.html")


class Board:
    """What is on air, and the browsers that want to know."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._listeners: set[MemoryObjectSendStream[list[Row]]] = set()

    async def keep(self, ivs: IVSClient, every: float) -> None:
        """Keeps the board up to date, until it is cancelled."""
        async with aclosing(watch(ivs, every=every)) as looks:
            async for changed in looks:
                self.tell(changed)

    def tell(self, changed: list[Row]) -> None:
        self._rows |= {row.channel: row for row in changed}
        for listener in list(self._listeners):
            try:
                listener.send_nowait(changed)
            except anyio.WouldBlock:  # too slow: it is sent away, connects again and gets the whole board
                self._listeners.remove(listener)
                listener.close()

    @contextmanager
    def listen(self) -> Generator[MemoryObjectReceiveStream[list[Row]]]:
        """The whole board at first, then what changes."""
        sender, receiver = anyio.create_memory_object_stream[list[Row]](16)
        sender.send_nowait(list(self._rows.values()))
        self._listeners.add(sender)
        try:
            with sender, receiver:
                yield receiver
        finally:
            self._listeners.discard(sender)


async def page(request: Request) -> FileResponse:
    return FileResponse(PAGE)


async def events(request: Request) -> StreamingResponse:
    board: Board = request.app.state.board

    async def told() -> AsyncGenerator[str]:
        with board.listen() as changes:
            async for rows in changes:
                yield f"data: {json.dumps([asdict(row) for row in rows])}\n\n"

    return StreamingResponse(told(), media_type="text/event-stream", headers={"cache-control": "no-store"})


def create_app(client: Callable[[], roomtone.Client] = roomtone.Client, *, every: float = 5.0) -> Starlette:
    """The application; `client` makes the one client that the process has, `every` is the seconds between looks."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        app.state.board = Board()
        async with client() as live, anyio.create_task_group() as tasks:
            tasks.start_soon(app.state.board.keep, live.ivs, every)
            yield
            tasks.cancel_scope.cancel()

    return Starlette(routes=[Route("/", page), Route("/events", events)], lifespan=lifespan)


app = create_app()
