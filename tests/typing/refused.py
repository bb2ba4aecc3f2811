"""What must not type-check. Each ignore is needed: one that no longer is fails `nox -s types`. Never run."""

from __future__ import annotations

from collections.abc import Sequence

import roomtone
from roomtone import Cleint  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
from roomtone.chime_sdk_meetings import CreateAttendeeRequestItem, ListAttendeesResponse, Meeting
from roomtone.ivs import Channel, CreateChannelResponse, GetStreamSessionRequest
from roomtone.ivschat import CreateRomRequest  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
from roomtone.otel import OpenTelemetry
from roomtone.testing import RoomtoneMock, make

_ = (Cleint, CreateRomRequest)


async def arguments(live: roomtone.Client, arns: Sequence[str]) -> None:
    await live.ivs.get_stream_session("arn")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await live.ivs.get_stream_session()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await live.ivs.get_stream_session(channel_arn=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await live.ivs.get_stream_session(channelArn="arn")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await live.ivs.send("GetStreamSession")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await live.ivs.batch_get_channel(arns=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    live.ivs.with_options(timeout="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    live.signalwire.with_options(region="eu-central-1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    CreateAttendeeRequestItem("ana")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    GetStreamSessionRequest()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def waiting(live: roomtone.Client, arn: str) -> None:
    stream = roomtone.states.stream(live.ivs, channel_arn=arn)
    fetch = stream.fetch
    await roomtone.wait_until(stream, "Live")  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await roomtone.wait_until(fetch, "LIVE")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await roomtone.wait_until(fetch(), print)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def joining(meeting: Meeting, several: ListAttendeesResponse) -> None:
    roomtone.join_info(meeting, several)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    roomtone.join_info(meeting)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def services(live: roomtone.Client) -> None:
    _ = live.ivs_rt  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    roomtone.Aws("eu-central-1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    roomtone.Client(telemetry=OpenTelemetry)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def habits_of_boto3(live: roomtone.Client) -> None:
    """What has a message at run time is refused before it."""
    _ = live.ivs.get_chanel  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with live:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    for _ in live.ivs.iter_channels():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def mocks(mock: RoomtoneMock) -> None:
    op = mock.ivs.get_stream_session
    op.respond(make(CreateChannelResponse))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    op.respond({"streamSession": {}})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    op.respond()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    op.script(make(CreateChannelResponse))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    op.throttle(2, then=make(CreateChannelResponse))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    op.raises(ValueError("off air"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    op.handle(lambda _: make(CreateChannelResponse))  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    mock.ivs.list_streams.pages([make(Channel)])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    _ = mock.ivs.get_sesion  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    _ = mock.ivs.get_channel.pages  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    mock.signalwire.recordings.download.respond("RIFF")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
