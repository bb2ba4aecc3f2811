"""A fresh emulator for every test, and clients that reach it in process and over real HTTP on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

import roomtone
from roomtone.emulator import ORIGIN, Emulator, serve


class Switchboard:
    """One server for all tests, whose calls go to the emulator of the test that runs."""

    def __init__(self) -> None:
        self.emulator = Emulator()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.emulator(scope, receive, send)

    def close(self) -> None:
        """Each test closes its own emulator."""


@pytest.fixture(scope="session")
def switchboard() -> Switchboard:
    return Switchboard()


@pytest.fixture(scope="session")
def server(switchboard: Switchboard) -> Iterator[str]:
    with serve(switchboard) as origin:  # type: ignore[arg-type]
        yield origin


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    made = Emulator()
    yield made
    made.close()


@pytest.fixture
def origin(server: str, switchboard: Switchboard, emulator: Emulator) -> str:
    """Where this test's emulator is on loopback."""
    switchboard.emulator = emulator
    return server


@pytest.fixture(params=["in process", "loopback"])
async def live(
    request: pytest.FixtureRequest, emulator: Emulator, anyio_backend: str
) -> AsyncIterator[roomtone.Client]:
    """The public client, once without a port and once over real HTTP."""
    if request.param == "loopback":
        origin = request.getfixturevalue("origin")
        async with roomtone.Client(emulator.aws(origin), emulator.signalwire(origin)) as client:
            yield client
        return
    async with (
        httpx.AsyncClient(transport=emulator.transport()) as http_client,
        roomtone.Client(emulator.aws(ORIGIN), emulator.signalwire(ORIGIN), http_client=http_client) as client,
    ):
        yield client
