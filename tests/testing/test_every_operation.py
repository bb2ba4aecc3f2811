"""Every operation of the nine services: mocked, called, checked, answered with what `make` makes."""

from __future__ import annotations

from types import NoneType
from typing import Any

import pytest

import roomtone
from parity.shapes import SERVICES, package_name
from roomtone._core.operation import TokenPages
from roomtone.testing import OperationMock, PagedOperationMock, RoomtoneMock, make
from roomtone.testing.operations import named_operations

pytestmark = pytest.mark.anyio

PACKAGES = [*map(package_name, SERVICES), "signalwire"]


def mock_of(mock: RoomtoneMock, package: str, name: str) -> Any:
    """The mock of an operation, by the attributes that a user touches."""
    found: Any = getattr(mock, package)
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("package", PACKAGES)
async def test_every_operation_is_answered(
    package: str, roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock
) -> None:
    """The request that came is the one that was made, the response the one that was given; signatures are verified."""
    client = getattr(roomtone_client, package)
    named = named_operations(package)
    for name, operation in named.items():
        op = mock_of(roomtone_mock, package, name)
        request: Any = make(operation.request)
        if operation.download:
            op.respond(b"RIFF")
            async with client._download(operation, request) as media:
                assert b"".join([chunk async for chunk in media]) == b"RIFF"
        else:
            response: Any = None if operation.response is NoneType else make(operation.response)
            op.respond(response)
            assert (await client.send(request)).value == response
        assert op.last_request == request
        assert op.call_count == 1
    assert len(roomtone_mock.calls) == len(named) >= 13


@pytest.mark.parametrize("package", PACKAGES)
async def test_every_paged_operation_has_pages(
    package: str, roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock
) -> None:
    """Items of several pages come in order, each page asked for with the token or link of the one before."""
    client = getattr(roomtone_client, package)
    paged = {name: one for name, one in named_operations(package).items() if one.pages is not None}
    for name, operation in paged.items():
        op = mock_of(roomtone_mock, package, name)
        assert isinstance(op, PagedOperationMock)
        one: Any = make(operation.response, **{operation.pages.items: [sample(operation)]})
        (item,) = getattr(one, operation.pages.items)
        op.pages([item, item], [], [item])
        request = make(operation.request)
        assert [got async for got in client._paginate(operation, request, None)] == [item] * 3
        token = operation.pages.token if isinstance(operation.pages, TokenPages) else "page_token"
        assert [getattr(sent, token) for sent in op.requests] == [None, "page-2", "page-3"]
    assert paged


def sample(operation: Any) -> Any:
    """An item of a page: a mapping for `make`, or a text where the items are texts."""
    hint = str(operation.response.__annotations__[operation.pages.items])
    return "text" if hint.startswith("list[str]") else {}


async def test_the_types_of_the_mocks_are_those_of_the_records() -> None:
    """What the generated classes promise is what is there: every operation, paged ones as such, and no other name."""
    with RoomtoneMock() as mock:
        for package in PACKAGES:
            service = getattr(mock, package)
            promised = {name for name in dir(service) if not name.startswith("_")}
            for name, operation in named_operations(package).items():
                op = mock_of(mock, package, name)
                assert isinstance(op, PagedOperationMock if operation.pages else OperationMock)
                assert op is mock_of(mock, package, name)
                assert name.split(".")[0] in promised
            with pytest.raises(AttributeError, match=f"{package} has no operation 'get_nothing'"):
                _ = service.get_nothing
