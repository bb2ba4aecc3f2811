"""The promised types, as mypy and pyright see them. Checked by `nox -s types`, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import assert_type

import roomtone
from roomtone import errors, from_wire, to_wire
from roomtone.chime_sdk_meetings import (
    Attendee,
    CreateAttendeeRequestItem,
    CreateMeetingWithAttendeesResponse,
    ListAttendeesResponse,
    Meeting,
    NotFoundException,
)
from roomtone.chime_sdk_messaging import ChimeSDKMessagingClient
from roomtone.ivs import (
    ChannelType,
    CreateChannelResponse,
    DeleteChannelRequest,
    GetStreamSessionRequest,
    GetStreamSessionResponse,
    IVSClient,
)
from roomtone.otel import OpenTelemetry
from roomtone.signalwire import SignalWireClient


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
