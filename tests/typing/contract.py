"""The promised types, as mypy and pyright see them. Checked by `nox -s types`, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import assert_type

import roomtone
from roomtone import errors, from_wire, join_info, signalwire, states, to_wire, wait_until, wait_until_absent, watch
from roomtone.chime_sdk_meetings import (
    Attendee,
    CreateAttendeeRequestItem,
    CreateAttendeeResponse,
    CreateMeetingWithAttendeesResponse,
    ListAttendeesResponse,
    Meeting,
    NotFoundException,
)
from roomtone.chime_sdk_messaging import ChimeSDKMessagingClient
from roomtone.ivs import (
    ChannelNotBroadcasting,
    ChannelType,
    CreateChannelResponse,
    DeleteChannelRequest,
    GetStreamResponse,
    GetStreamSessionRequest,
    GetStreamSessionResponse,
    IVSClient,
    ListStreamsRequest,
    ListStreamsResponse,
    StreamSummary,
)
from roomtone.joining import JoinInfo
from roomtone.otel import OpenTelemetry
from roomtone.signalwire import Conference, ConferencesStartStreamRequest, ConferenceStream, SignalWireClient
from roomtone.testing import Call, OperationMock, PagedOperationMock, RoomtoneMock, make, throttled
from roomtone.waiting import Watchable


async def meetings(live: roomtone.Client) -> None:
    made = await live.chime_sdk_meetings.create_meeting_with_attendees(
        media_region="eu-central-1",
        external_meeting_id="standup-42",
        attendees=[CreateAttendeeRequestItem(external_user_id=user) for user in ("ana", "bo")],
    )
    assert_type(made, CreateMeetingWithAttendeesResponse)
    assert_type(made.meeting, Meeting)
    assert_type(made.meeting.meeting_id, str)
    assert_type(made.attendees, list[Attendee] | None)

    attendees = live.chime_sdk_meetings.iter_attendees(meeting_id=made.meeting.meeting_id)
    assert_type(attendees, roomtone.Paginator[Attendee, ListAttendeesResponse])
    assert_type(attendees.token, str | None)
    assert_type(attendees.pages(), AsyncIterator[ListAttendeesResponse])
    async for attendee in attendees:
        assert_type(attendee, Attendee)
    async for page in attendees.pages():
        assert_type(page, ListAttendeesResponse)
        assert_type(page.attendees, list[Attendee])


async def streams(live: roomtone.Client, arn: str) -> None:
    session = await live.ivs.get_stream_session(channel_arn=arn)
    assert_type(session, GetStreamSessionResponse)
    reply = await live.ivs.send(GetStreamSessionRequest(channel_arn=arn))
    assert_type(reply, roomtone.Reply[GetStreamSessionResponse])
    assert_type(reply.value, GetStreamSessionResponse)
    assert_type(reply.status, int)
    assert_type(reply.request_id, str | None)
    assert_type(await live.ivs.send(DeleteChannelRequest(arn=arn)), roomtone.Reply[None])
    made = await live.ivs.create_channel(type="BASIC")
    assert_type(made, CreateChannelResponse)


async def conferences(live: roomtone.Client, sid: str) -> None:
    stream = await live.signalwire.conferences.start_stream(
        sid, url="wss://media.example/ws", parameters={"tenant": "42"}
    )
    assert_type(stream.sid, str)


async def media(live: roomtone.Client, sid: str) -> None:
    assert_type(live.signalwire.recordings.download(sid, format="mp3"), roomtone.Download)
    async with live.signalwire.faxes.download_media(sid, sid) as pages:
        assert_type(pages, roomtone.Download)
        assert_type(pages.size, int | None)
        async for chunk in pages:
            assert_type(chunk, bytes)
    assert_type(await live.signalwire.messages.download_media(sid, sid).save("a", progress=print), int)


async def waiting(live: roomtone.Client, arn: str, sid: str) -> None:
    live_now = await wait_until(
        lambda: live.ivs.get_stream(channel_arn=arn),
        lambda response: response.stream.state == "LIVE",
        unless=lambda response: response.stream.health == "STARVING",
        absent=ChannelNotBroadcasting,
        timeout=60,
    )
    assert_type(live_now, GetStreamResponse)
    assert_type(await wait_until(states.stream(live.ivs, channel_arn=arn), "LIVE"), GetStreamResponse)
    call = states.call(live.signalwire, sid)
    assert_type(call, Watchable[signalwire.Call, states.CallState])
    assert_type(await wait_until(call, ("ringing", "in-progress"), unless="queued", timeout=None), signalwire.Call)
    assert_type(await wait_until(call, lambda call: call.answered_by == "human"), signalwire.Call)
    assert_type(await wait_until_absent(call, absent=(errors.NotFoundError, errors.ConflictError)), None)


async def watching(live: roomtone.Client, arn: str, sid: str) -> None:
    async for call in watch(states.call(live.signalwire, sid), until="in-progress"):
        assert_type(call, signalwire.Call)
    async for conference in watch(lambda: live.signalwire.conferences.get(sid), key=lambda one: one.status):
        assert_type(conference, Conference)
    streams = watch(lambda: live.ivs.get_stream(channel_arn=arn), absent=ChannelNotBroadcasting)
    assert_type(streams, AsyncIterator[GetStreamResponse | None])


def joining(made: CreateMeetingWithAttendeesResponse, meeting: Meeting, one: CreateAttendeeResponse) -> None:
    info = join_info(made, external_user_id="ana")
    assert_type(info, JoinInfo)
    assert_type(join_info(meeting, one), JoinInfo)
    assert_type(join_info(made, one.attendee), JoinInfo)


def options(live: roomtone.Client) -> None:
    assert_type(live.ivs, IVSClient)
    quick = live.ivs.with_options(timeout=2.0, max_attempts=1, region="us-west-2")
    assert_type(quick, IVSClient)
    assert_type(live.ivs.with_options(timeout=None), IVSClient)
    assert_type(live.chime_sdk_messaging.with_options(headers={"x-team": "av"}), ChimeSDKMessagingClient)
    assert_type(live.signalwire.with_options(timeout=5), SignalWireClient)
    assert_type(live.signalwire, SignalWireClient)


async def entering() -> None:
    async with roomtone.Client(aws=roomtone.Aws(region="eu-central-1")) as live:
        assert_type(live, roomtone.Client)


def enums_are_open(known: ChannelType, text: str) -> None:
    known = "STANDARD"
    known = text
    assert_type(known, str)


def wire(meeting: Meeting) -> None:
    assert_type(from_wire(Meeting, to_wire(meeting)), Meeting)


def caught() -> None:
    try:
        raise NotFoundException("gone", request_id="r-1")
    except errors.NotFoundError as error:
        assert_type(error.status, int | None)
        assert_type(error.code, str)
        assert_type(error.request_id, str | None)
        assert_type(error.maybe_processed, bool)


async def provider() -> roomtone.Credentials:
    return roomtone.Credentials("AKIDEXAMPLE", "secret", "token")


def providers_of_both_kinds() -> None:
    roomtone.Aws(credentials=provider)
    roomtone.Aws(credentials=lambda: roomtone.Credentials("AKIDEXAMPLE", "secret"))
    roomtone.Aws(endpoint_url={"ivs": "http://127.0.0.1:8080"})


class Counted:
    """Telemetry of one's own."""

    def begin(self, service: str, operation: str) -> Counted:
        return self

    def attempt(self, attempt: roomtone.Attempt) -> None: ...

    def end(self, call: roomtone.FinishedCall) -> None: ...


def listeners(attempts: list[roomtone.Attempt], calls: list[roomtone.FinishedCall]) -> None:
    live = roomtone.Client(
        on_attempt=attempts.append, on_retry=attempts.append, on_response=calls.append, telemetry=OpenTelemetry()
    )
    assert_type(live, roomtone.Client)
    roomtone.Client(telemetry=Counted())
    assert_type([call.error for call in calls], list[Exception | None])


def made(moment: str) -> None:
    assert_type(make(Meeting), Meeting)
    assert_type(make(GetStreamSessionResponse, stream_session={"start_time": moment}), GetStreamSessionResponse)


def mocks(mock: RoomtoneMock) -> None:
    op = mock.ivs.get_stream_session
    assert_type(op, OperationMock[GetStreamSessionRequest, GetStreamSessionResponse])
    ok = make(GetStreamSessionResponse)
    op.respond(ok)
    op.script(throttled(retry_after=1), ChannelNotBroadcasting("off air"), ok)
    op.throttle(2, then=ok)
    op.throttle(2, then=ChannelNotBroadcasting("off air"))
    op.handle(lambda request: make(GetStreamSessionResponse, stream_session={"stream_id": request.channel_arn}))
    op.handle(answered)
    op.handle(answered_later)
    assert_type(op.last_request, GetStreamSessionRequest)
    assert_type(op.calls[0], Call[GetStreamSessionRequest])
    assert_type(mock.ivs.delete_channel, OperationMock[DeleteChannelRequest, None])
    mock.ivs.delete_channel.respond()
    mock.ivs.delete_channel.script(throttled(), None)
    mock.signalwire.recordings.download.respond(b"RIFF")
    assert_type(
        mock.signalwire.conferences.start_stream, OperationMock[ConferencesStartStreamRequest, ConferenceStream]
    )
    streams = mock.ivs.list_streams
    assert_type(streams, PagedOperationMock[ListStreamsRequest, ListStreamsResponse, StreamSummary])
    streams.pages([make(StreamSummary)], [])


def answered(request: GetStreamSessionRequest) -> GetStreamSessionResponse:
    if not request.stream_id:
        raise ChannelNotBroadcasting("off air")
    return make(GetStreamSessionResponse)


async def answered_later(request: GetStreamSessionRequest) -> GetStreamSessionResponse:
    return answered(request)
