"""What comes of an answer: the typed response, the reply, or the error that says why not."""

from __future__ import annotations

import pickle
from typing import Any

import httpx
import pytest
import respx

import roomtone
from flow.loopback import REGION, Waits
from roomtone import errors
from roomtone.chime_sdk_meetings import (
    BadRequestException,
    CreateAttendeeRequestItem,
    CreateMeetingRequest,
    DeleteMeetingRequest,
    Meeting,
)
from roomtone.ivs import (
    ChannelNotBroadcasting,
    GetStreamSessionRequest,
    GetStreamSessionResponse,
    IVSError,
    ListChannelsRequest,
    ListChannelsResponse,
    TagResourceResponse,
)

pytestmark = pytest.mark.anyio

IVS = f"https://ivs.{REGION}.amazonaws.com"
MEETINGS = f"https://meetings-chime.{REGION}.amazonaws.com"


async def test_a_meeting_with_attendees(live: roomtone.Client, router: respx.MockRouter) -> None:
    """The call of the design: typed in, typed out."""
    calls = router.post(f"{MEETINGS}/meetings?operation=create-attendees").respond(
        201,
        json={
            "Meeting": {"MeetingId": "m-1", "MediaRegion": REGION, "MeetingArn": "arn"},
            "Attendees": [{"ExternalUserId": "ana", "AttendeeId": "a-1", "JoinToken": "j"}],
            "Errors": None,
        },
    )
    made = await live.chime_sdk_meetings.create_meeting_with_attendees(
        media_region=REGION,
        external_meeting_id="standup-42",
        attendees=[CreateAttendeeRequestItem(external_user_id=user) for user in ("ana", "bo")],
    )
    assert made.meeting == Meeting(meeting_id="m-1", media_region=REGION, meeting_arn="arn")
    assert made.attendees is not None
    assert [attendee.external_user_id for attendee in made.attendees] == ["ana"]
    sent = calls.calls.last.request
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["accept"] == "application/json"
    assert sent.headers["user-agent"].startswith("roomtone/")
    assert b'"Attendees":[{"ExternalUserId":"ana"},{"ExternalUserId":"bo"}]' in sent.content


async def test_a_reply_tells_how_it_came(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """`send` gives value, status, headers, body, request id and attempts."""
    body = b'{"streamSession": {"streamId": "st-1", "channel": {"arn": "a"}}}'
    router.post(f"{IVS}/GetStreamSession").mock(
        side_effect=[
            httpx.Response(503),
            httpx.Response(203, content=body, headers={"X-Amzn-RequestId": "r-1", "X-Two": "a"}),
        ]
    )
    request = GetStreamSessionRequest(channel_arn="arn")
    reply = await live.ivs.send(request)
    assert isinstance(reply, roomtone.Reply)
    assert isinstance(reply.value, GetStreamSessionResponse)
    assert (reply.value.stream_session and reply.value.stream_session.stream_id) == "st-1"
    assert (reply.status, reply.body, reply.request_id, reply.attempts) == (203, body, "r-1", 2)
    assert (reply.headers["x-amzn-requestid"], reply.headers["x-two"]) == ("r-1", "a")
    assert "st-1" in repr(reply)
    assert "streamSession" not in repr(reply)
    assert request == GetStreamSessionRequest(channel_arn="arn")


async def test_an_operation_without_output_gives_none(live: roomtone.Client, router: respx.MockRouter) -> None:
    """No output is None, from the method and in the reply; a modelled empty output is its class."""
    router.delete(f"{MEETINGS}/meetings/m-1").respond(204)
    await live.chime_sdk_meetings.delete_meeting(meeting_id="m-1")
    reply = await live.chime_sdk_meetings.send(DeleteMeetingRequest(meeting_id="m-1"))
    assert (reply.value, reply.status, reply.body) == (None, 204, b"")
    router.post(f"{IVS}/tags/r").respond(200, content=b"")
    assert await live.ivs.tag_resource(resource_arn="r", tags={}) == TagResourceResponse()


UNFIT: dict[str, bytes] = {
    "HTML": b"<!DOCTYPE html><html><body>Bad gateway</body></html>",
    "nothing": b"",
    "an empty object": b"{}",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "NaN": b'{"Meeting": NaN}',
    "no UTF-8": b'{"Meeting": "\xff\xfe"}',
    "cut off": b'{"Meeting": {"MeetingId": "m',
    "deep": b'{"Meeting":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "a number for a text": b'{"Meeting": {"MeetingId": 5}}',
    "null for what is always answered": b'{"Meeting": null}',
}


@pytest.mark.parametrize("body", UNFIT.values(), ids=UNFIT.keys())
async def test_a_200_that_is_no_success(live: roomtone.Client, router: respx.MockRouter, body: bytes) -> None:
    """An answer that does not fit is a DecodeError with the reply, and says that the service has carried it out."""
    calls = router.post(f"{MEETINGS}/meetings").respond(200, content=body, headers={"x-amzn-RequestId": "r-1"})
    with pytest.raises(errors.DecodeError) as caught:
        await live.chime_sdk_meetings.create_meeting(media_region=REGION, external_meeting_id="m")
    error = caught.value
    assert calls.call_count == 1
    assert error.reply is not None
    assert (error.reply.value, error.reply.status, error.reply.body) == (None, 200, body)
    assert (error.reply.request_id, error.reply.attempts) == ("r-1", 1)
    assert (error.service, error.operation) == ("chime-sdk-meetings", "CreateMeeting")
    assert (error.request_id, error.attempts, error.maybe_processed) == ("r-1", 1, True)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.reply) == (type(error), str(error), error.reply)


async def test_a_lists_empty_answers(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A list that is absent or null is an empty one; unknown members and unknown enum values do no harm."""
    calls = router.post(f"{IVS}/ListChannels")
    calls.side_effect = [
        httpx.Response(200, json={}),
        httpx.Response(200, json={"channels": None}),
        httpx.Response(200, json={"channels": [{"type": "HOLOGRAM", "brandNew": 1}], "more": {}}),
    ]
    assert await live.ivs.list_channels() == ListChannelsResponse(channels=[])
    assert await live.ivs.list_channels() == ListChannelsResponse(channels=[])
    channels = (await live.ivs.list_channels()).channels
    assert [channel.type for channel in channels or ()] == ["HOLOGRAM"]


async def test_a_list_without_any_body_is_no_list(live: roomtone.Client, router: respx.MockRouter) -> None:
    """An answer that lost its body on the way is no empty success."""
    router.post(f"{IVS}/ListChannels").respond(200)
    with pytest.raises(errors.DecodeError, match="ListChannelsResponse is missing from the answer, which has no body"):
        await live.ivs.list_channels()


async def test_a_documented_error(live: roomtone.Client, router: respx.MockRouter) -> None:
    """An error is caught by its documented class, by its meaning, by its service; it survives pickling."""
    router.post(f"{IVS}/GetStream").respond(
        404,
        json={"__type": "ChannelNotBroadcasting", "exceptionMessage": "off air"},
        headers={"x-amzn-RequestId": "r-1", "x-amzn-ErrorType": "ChannelNotBroadcasting"},
    )
    for kind in (ChannelNotBroadcasting, IVSError, errors.NotFoundError, errors.ApiError, errors.RoomtoneError):
        with pytest.raises(kind) as caught:
            await live.ivs.get_stream(channel_arn="arn")
        assert type(caught.value) is ChannelNotBroadcasting
    error: Any = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is ChannelNotBroadcasting
    assert (error.code, error.message, error.status) == ("ChannelNotBroadcasting", "off air", 404)
    assert (error.attempts, error.request_id, error.maybe_processed) == (1, "r-1", False)
    assert str(error) == "ivs.GetStream: ChannelNotBroadcasting (HTTP 404): off air (request id r-1)"


async def test_an_html_error(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """A load balancer's page is an error by its status, its text kept."""
    router.post(f"{IVS}/GetStream").respond(502, html="<html>Bad gateway</html>")
    with pytest.raises(errors.UnavailableError) as caught:
        await live.ivs.get_stream(channel_arn="arn")
    assert (caught.value.code, caught.value.body) == ("502", "<html>Bad gateway</html>")
    assert isinstance(caught.value, IVSError)


async def test_a_request_of_another_service_is_refused(live: roomtone.Client, router: respx.MockRouter) -> None:
    """`send` takes the requests of its own service, and says whose package has them."""
    for odd in (CreateMeetingRequest(media_region="r", external_meeting_id="m"), {"channelArn": "x"}, None):
        with pytest.raises(errors.RequestError, match=r"send takes one of roomtone\.ivs") as caught:
            await live.ivs.send(odd)  # type: ignore[arg-type]
        assert (caught.value.service, caught.value.attempts) == ("ivs", 0)
    assert not router.calls


async def test_bad_input_is_refused_before_anything_is_sent(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A refused argument is a RequestError and a ValueError that names the member; nothing went out."""
    with pytest.raises(ValueError, match="meeting_id must not be empty") as caught:
        await live.chime_sdk_meetings.delete_meeting(meeting_id="..")
    error = caught.value
    assert isinstance(error, errors.RequestError)
    assert (error.service, error.operation, error.member) == ("chime-sdk-meetings", "DeleteMeeting", "meeting_id")
    assert (error.attempts, error.maybe_processed) == (0, False)
    with pytest.raises(TypeError):
        await live.chime_sdk_meetings.delete_meeting(meeting="m")  # type: ignore[call-arg]
    with pytest.raises(errors.RequestError, match=r"must be a sequence such as a list, not str"):
        await live.ivs.batch_get_channel(arns="arn")
    assert not router.calls


async def test_an_error_built_by_hand_is_told_like_any_other() -> None:
    """Documented errors can be built, as status and code say, and refuse what they do not have."""
    error = BadRequestException("no", request_id="r-1")
    assert (error.status, error.code, error.request_id, error.details) == (400, "BadRequestException", "r-1", [])
    assert str(error) == "BadRequestException (HTTP 400): no (request id r-1)"
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        BadRequestException("no", colour="red")
    assert str(errors.ApiError()) == "ApiError"
    assert str(errors.ApiError("m", status=418, code="418")) == "418: m"
    assert ListChannelsRequest() == ListChannelsRequest()
