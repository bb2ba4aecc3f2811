"""A client under plain respx, which waits without taking time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import respx

import roomtone
from flow.loopback import KEYS, REGION, Waits, default_tls


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    """Plain respx: nothing goes out, and what no route is for fails."""
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
async def live(router: respx.MockRouter, anyio_backend: str) -> AsyncIterator[roomtone.Client]:
    """The default client with credentials of its own; `waits` notes its waits."""
    aws = roomtone.Aws(region=REGION, credentials=KEYS)
    signalwire = roomtone.SignalWire(space="acme", project_id="project-1", api_token="token-1")
    async with roomtone.Client(aws, signalwire, ssl_context=default_tls()) as client:
        yield client


@pytest.fixture
def waits(live: roomtone.Client) -> Waits:
    """The waits of `live`, at their longest: every jitter is 1."""
    return Waits().of(live)
