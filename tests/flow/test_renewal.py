"""Credentials that the service calls expired are looked up again, once, whatever the operation."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import respx

import roomtone
from roomtone import errors

ATTENDEES = "https://meetings-chime.eu-central-1.amazonaws.com/meetings/m-1/attendees"
EXPIRED = {"status_code": 403, "headers": {"x-amzn-errortype": "ExpiredTokenException"}, "json": {"message": "old"}}

pytestmark = pytest.mark.anyio


def numbered_credentials(asked: list[int]) -> Callable[[], roomtone.Credentials]:
    def provider() -> roomtone.Credentials:
        asked.append(len(asked) + 1)
        return roomtone.Credentials(f"AKID{len(asked)}", "secret")

    return provider


async def create(live: roomtone.Client) -> roomtone.chime_sdk_meetings.CreateAttendeeResponse:
    return await live.chime_sdk_meetings.create_attendee(meeting_id="m-1", external_user_id="ana")


@respx.mock
async def test_an_expired_token_is_renewed_and_the_call_repeated() -> None:
    """Even a create is repeated: the service only looked at the credentials."""
    route = respx.post(ATTENDEES)
    route.side_effect = [httpx.Response(**EXPIRED), httpx.Response(201, json={"Attendee": {"AttendeeId": "a"}})]
    asked: list[int] = []
    aws = roomtone.Aws(region="eu-central-1", credentials=numbered_credentials(asked))
    async with roomtone.Client(aws=aws) as live:
        assert (await create(live)).attendee.attendee_id == "a"
    assert [call.request.headers["authorization"].split("/")[0][-5:] for call in route.calls] == ["AKID1", "AKID2"]


@respx.mock
async def test_a_second_expired_token_is_an_error() -> None:
    """Renewing is tried once, so that a service that refuses everything is not stormed."""
    route = respx.post(ATTENDEES).respond(**EXPIRED)
    asked: list[int] = []
    aws = roomtone.Aws(region="eu-central-1", credentials=numbered_credentials(asked))
    async with roomtone.Client(aws=aws) as live:
        with pytest.raises(errors.AuthenticationError, match="old") as caught:
            await create(live)
    assert (caught.value.attempts, route.call_count, asked) == (2, 2, [1, 2])
    assert not caught.value.maybe_processed


@respx.mock
async def test_given_credentials_have_nothing_to_renew() -> None:
    """Static credentials would be the same the second time."""
    route = respx.post(ATTENDEES).respond(**EXPIRED)
    aws = roomtone.Aws(region="eu-central-1", credentials=roomtone.Credentials("AKID", "secret"))
    async with roomtone.Client(aws=aws) as live:
        with pytest.raises(errors.AuthenticationError):
            await create(live)
    assert route.call_count == 1
