"""A user's httpx2 client serves as an httpx client does: its own classes, requests and errors."""

from __future__ import annotations

import httpx2
import pytest

import roomtone
from roomtone import errors

AWS = roomtone.Aws(region="eu-central-1", credentials=roomtone.Credentials("AKID", "secret"))

pytestmark = pytest.mark.anyio


class Own(httpx2.AsyncClient):
    """A subclass, as an application has them."""


async def test_its_answers_are_read() -> None:
    """The signed request reaches httpx2's transport, and what comes back is typed."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"Meeting": {"MeetingId": "m/1"}})

    async with Own(transport=httpx2.MockTransport(answer)) as http, roomtone.Client(aws=AWS, http_client=http) as live:
        found = await live.chime_sdk_meetings.get_meeting(meeting_id="m/1")
    assert found.meeting.meeting_id == "m/1"
    assert str(seen[0].url) == "https://meetings-chime.eu-central-1.amazonaws.com/meetings/m%2F1"
    assert seen[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


async def test_its_errors_are_ours() -> None:
    """httpx2's errors become ours, by what they say of the request."""

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    async with Own(transport=httpx2.MockTransport(refuse)) as http, roomtone.Client(aws=AWS, http_client=http) as live:
        with pytest.raises(errors.ConnectError, match="refused"):
            await live.ivs.with_options(max_attempts=1).list_channels()


async def test_a_closed_one_is_told() -> None:
    """A user's client that was closed too early is named, not an error of its inside."""
    http = Own(transport=httpx2.MockTransport(lambda request: httpx2.Response(200)))
    await http.aclose()
    async with roomtone.Client(aws=AWS, http_client=http) as live:
        with pytest.raises(errors.ClientClosedError, match="http_client"):
            await live.ivs.list_channels()
    assert http.is_closed


async def test_something_else_is_refused() -> None:
    """Only httpx's and httpx2's async clients serve."""
    async with roomtone.Client(aws=AWS, http_client=httpx2.Client()) as live:  # type: ignore[arg-type]
        with pytest.raises(errors.ConfigurationError, match=r"must be an httpx\.AsyncClient, not Client"):
            await live.ivs.list_channels()
