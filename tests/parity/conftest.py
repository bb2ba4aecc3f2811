"""A client whose network is cut off below httpx, for the tests that compare with botocore."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator

import pytest

import roomtone
from parity.wire import Answers, roomtone_client, roomtone_cut_off


@pytest.fixture(scope="session")
def ssl_context() -> ssl.SSLContext:
    """One TLS context for all tests that never open a connection: reading the certificates costs more than the rest."""
    return ssl.create_default_context()


@pytest.fixture
def network() -> Iterator[Answers]:
    """The cut-off network."""
    with roomtone_cut_off() as answers:
        yield answers


@pytest.fixture
async def live(network: Answers, ssl_context: ssl.SSLContext, anyio_backend: str) -> AsyncIterator[roomtone.Client]:
    """A client on the cut-off network, which does not wait before a retry."""
    async with roomtone_client(ssl_context=ssl_context) as client:
        client._connection.jitter = lambda: 0.0
        yield client
