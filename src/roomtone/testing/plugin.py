"""The pytest plugin: the fixtures `roomtone_mock` and `roomtone_client`. Imports pytest alone until one is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from roomtone.client import Client
    from roomtone.testing.mock import RoomtoneMock

__all__ = ["roomtone_client", "roomtone_mock"]


@pytest.fixture
def roomtone_mock(request: pytest.FixtureRequest) -> Iterator[RoomtoneMock]:
    """Typed mocks of the nine services, active during the test; needs respx."""
    from roomtone.testing import RoomtoneMock

    failed = request.session.testsfailed
    with RoomtoneMock() as mock:
        yield mock
        if request.session.testsfailed > failed:
            mock.failures.clear()  # the test has told what is wrong


@pytest.fixture
def roomtone_client(roomtone_mock: RoomtoneMock) -> Client:
    """A `roomtone.Client` with fake credentials, answered by `roomtone_mock`."""
    return roomtone_mock.client()
