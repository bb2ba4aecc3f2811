"""Faults on demand, as the public client and botocore meet them: in process and over real HTTP."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import anyio
import botocore.config
import botocore.exceptions
import botocore.session
import httpx
import pytest

import roomtone
from emulator.test_auth import signed
from roomtone import chime_sdk_meetings, errors, ivs, ivs_realtime, signalwire
from roomtone.emulator import (
    CREDENTIALS,
    REGION,
    Disconnect,
    Emulator,
    Fault,
    Latency,
    Refuse,
    ServerError,
    Throttle,
)
from roomtone.emulator.faults import spelled
from roomtone.ivs import operations


async def attempts(live: roomtone.Client) -> int:
    """How many attempts a read takes that succeeds at last."""
    return (await live.ivs.send(ivs.ListChannelsRequest())).attempts


@pytest.mark.anyio
@pytest.mark.parametrize(
    "target", ["ivs.list_channels", "ivs.ListChannels", "ivs", "*", operations.LIST_CHANNELS], ids=str
)
async def test_calls_are_named(target: Any, emulator: Emulator, live: roomtone.Client) -> None:
    """A method, an operation's own name, its record, a service, every call: each meets the fault as often as told."""
    emulator.faults.add(target, ServerError(times=2))
    assert await attempts(live) == 3
    assert await attempts(live) == 1


@pytest.mark.anyio
async def test_other_calls_go_right(emulator: Emulator, live: roomtone.Client) -> None:
    """What is not named meets nothing; cleared faults are gone."""
    for target in ("ivs.get_channel", "ivs-realtime", "signalwire.calls.create", "chime-sdk-meetings.create_meeting"):
        emulator.faults.add(target, ServerError(times=None))
    assert await attempts(live) == 1
    once = live.ivs.with_options(max_attempts=1)
    for _ in range(3):
        with pytest.raises(ivs.InternalServerException):
            await once.get_channel(arn="arn:aws:ivs:eu-central-1:123456789012:channel/x")
    emulator.faults.clear()
    with pytest.raises(ivs.ResourceNotFoundException):
        await once.get_channel(arn="arn:aws:ivs:eu-central-1:123456789012:channel/x")


@pytest.mark.anyio
async def test_throttling_is_told_as_documented(emulator: Emulator, live: roomtone.Client) -> None:
    """Each service throttles under its own name, and says how long to wait where it is told to."""
    emulator.faults.add("*", Throttle(times=None, retry_after=1.5))
    calls: dict[str, Callable[[], Any]] = {
        "ThrottlingException": lambda: live.ivs.with_options(max_attempts=1).list_channels(),
        "ThrottledClientException": lambda: live.chime_sdk_media_pipelines.with_options(
            max_attempts=1
        ).list_media_pipelines(),
        "429": live.signalwire.with_options(max_attempts=1).conferences.list,
    }
    for code, send in calls.items():
        with pytest.raises(errors.ThrottledError) as caught:
            await send()
        assert (caught.value.code, caught.value.status, caught.value.retry_after) == (code, 429, 1.5)
    with pytest.raises(ivs_realtime.IVSRealtimeThrottledError, match="go wrong") as undocumented:
        await live.ivs_realtime.with_options(max_attempts=1).list_stages()
    assert undocumented.value.code == "ThrottlingException"


@pytest.mark.anyio
async def test_server_errors_are_told_as_documented(emulator: Emulator, live: roomtone.Client) -> None:
    """500 and 503 are the service's documented errors; another status is a fault of the service all the same."""
    meetings = live.chime_sdk_meetings.with_options(max_attempts=1)
    for status, expected in (
        (500, chime_sdk_meetings.ServiceFailureException),
        (503, chime_sdk_meetings.ServiceUnavailableException),
        (502, chime_sdk_meetings.ChimeSDKMeetingsError),
    ):
        emulator.faults.add("chime_sdk_meetings", ServerError(status))
        with pytest.raises(expected) as caught:
            await meetings.get_meeting(meeting_id="m")
        assert caught.value.status == status
        assert isinstance(caught.value, (errors.ServiceFaultError, errors.UnavailableError))
    emulator.faults.add("signalwire", ServerError(503))
    with pytest.raises(signalwire.SignalWireUnavailableError) as down:
        await live.signalwire.with_options(max_attempts=1).conferences.list()
    assert down.value.status == 503


@pytest.mark.anyio
async def test_an_error_of_choice(emulator: Emulator, live: roomtone.Client) -> None:
    """Any error of the service can be asked for."""
    emulator.faults.add("ivs.create_channel", Refuse(ivs.PendingVerification("the account is being verified")))
    with pytest.raises(ivs.PendingVerification, match="being verified"):
        await live.ivs.create_channel()
    assert (await live.ivs.list_channels()).channels == []


@pytest.mark.anyio
async def test_faults_come_in_order(emulator: Emulator, live: roomtone.Client) -> None:
    """Of several faults the first that is not used up acts, call by call."""
    once = live.ivs.with_options(max_attempts=1)
    for fault in (Throttle(), ServerError(503), Refuse(ivs.ValidationException("odd"))):
        emulator.faults.add("ivs", fault)
    seen: list[str] = []
    for _ in range(4):
        try:
            await once.list_channels()
        except errors.ApiError as error:
            seen.append(error.code)
    assert seen == ["ThrottlingException", "ServiceUnavailable", "ValidationException"]


@pytest.mark.anyio
async def test_a_late_answer(emulator: Emulator, live: roomtone.Client) -> None:
    """A caller that does not wait for it has a timeout, and what it asked for is done; other calls go on meanwhile."""
    emulator.faults.add("ivs.create_channel", Latency(0.15, times=2))
    await live.ivs.list_channels()  # so that a connection is there
    started = anyio.current_time()
    with pytest.raises(errors.TimeoutError) as caught:
        await live.ivs.with_options(attempt_timeout=0.1, max_attempts=1).create_channel(name="late")
    assert caught.value.maybe_processed
    assert [channel.name for channel in (await live.ivs.list_channels()).channels] == ["late"]
    assert (await live.ivs.create_channel(name="later")).channel.name == "later"
    assert anyio.current_time() - started > 0.15


@pytest.mark.anyio
async def test_latencies_add(emulator: Emulator, live: roomtone.Client) -> None:
    """A latency goes with whatever else a call meets."""
    emulator.faults.add("ivs", Latency(0.03))
    emulator.faults.add("ivs", Throttle())
    emulator.faults.add("ivs", Latency(0.03))
    started = anyio.current_time()
    with pytest.raises(errors.ThrottledError):
        await live.ivs.with_options(max_attempts=1).list_channels()
    assert anyio.current_time() - started >= 0.06


@pytest.mark.anyio
@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_connection_that_ends(carried_out: bool, emulator: Emulator, live: roomtone.Client) -> None:
    """No answer comes back, whether the call was carried out or not; the caller is told that it may have been."""
    emulator.faults.add("ivs.create_channel", Disconnect(carried_out=carried_out))
    with pytest.raises(errors.TransportError) as caught:
        await live.ivs.with_options(max_attempts=1).create_channel(name="front-row")
    assert caught.value.maybe_processed
    assert len((await live.ivs.list_channels()).channels) == carried_out


@pytest.mark.anyio
async def test_a_token_survives_a_lost_answer(emulator: Emulator, live: roomtone.Client) -> None:
    """A call that carries a token is sent again after its answer was lost, and makes one thing."""
    emulator.faults.add("chime_sdk_meetings.create_meeting", Disconnect(carried_out=True))
    request = chime_sdk_meetings.CreateMeetingRequest(media_region="eu-west-1", external_meeting_id="standup")
    reply = await live.chime_sdk_meetings.send(request)
    assert reply.attempts == 2
    again = await live.chime_sdk_meetings.get_meeting(meeting_id=reply.value.meeting.meeting_id)
    assert again.meeting == reply.value.meeting


@pytest.mark.anyio
async def test_under_another_server(emulator: Emulator, anyio_backend: str) -> None:
    """An ASGI server that cannot end a connection gets an error; under httpx.ASGITransport it is the caller's."""
    emulator.faults.add("*", Disconnect())
    transport = httpx.ASGITransport(emulator)
    async with (
        httpx.AsyncClient(transport=transport) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client) as live,
    ):
        with pytest.raises(errors.ProtocolError, match="disconnected"):
            await live.ivs.with_options(max_attempts=1).list_channels()


def test_botocore_meets_the_same(emulator: Emulator, origin: str) -> None:
    """Another client sees a throttle under its documented name, and a connection closed without an answer."""
    client = botocore.session.Session().create_client(
        "ivs",
        region_name=REGION,
        endpoint_url=f"{origin}/ivs",
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )
    emulator.faults.add("ivs", Throttle())
    emulator.faults.add("ivs", Disconnect())
    with pytest.raises(client.exceptions.ThrottlingException):
        client.list_channels()
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        client.list_channels()
    assert client.list_channels()["channels"] == []
    client.close()


def test_who_is_not_known_meets_no_fault(emulator: Emulator, origin: str) -> None:
    """A call that is not signed is refused and uses no fault up."""
    emulator.faults.add("*", Disconnect())
    assert httpx.post(f"{origin}/ivs/ListChannels").status_code == 403
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(
            f"{origin}/api/laml/2010-04-01/Accounts/{emulator.signalwire().project_id}/Calls",
            auth=(emulator.signalwire().project_id or "", emulator.signalwire().api_token or ""),
        )


@pytest.mark.parametrize(
    ("target", "fault", "reason"),
    [
        ("ivs.get_straem", Throttle(), "did you mean 'ivs.get_stream'"),
        ("icq", Throttle(), "no service or operation is called 'icq'"),
        ("ivs", Throttle(times=0), "times"),
        ("ivs", Throttle(retry_after=-1), "wait"),
        ("ivs", Latency(math.inf), "wait"),
        ("ivs", Latency(math.nan), "wait"),
        ("ivs", ServerError(404), "Refuse"),
    ],
)
def test_what_cannot_happen_is_refused(target: str, fault: Fault, reason: str, emulator: Emulator) -> None:
    """A misspelt target and a fault that makes no sense are errors at once, which say how to mend them."""
    with pytest.raises(ValueError, match=reason):
        emulator.faults.add(target, fault)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ivs.get_stream=throttle*2", ("ivs.get_stream", Throttle(times=2))),
        ("*=throttle:1.5", ("*", Throttle(retry_after=1.5))),
        ("ivs=error", ("ivs", ServerError())),
        ("ivs=error:503*all", ("ivs", ServerError(503, times=None))),
        ("signalwire.calls.create=latency:0.2*3", ("signalwire.calls.create", Latency(0.2, times=3))),
        ("ivs=disconnect", ("ivs", Disconnect())),
    ],
)
def test_faults_are_spelled_on_the_command_line(text: str, expected: tuple[str, Fault]) -> None:
    """A target, a fault, its number and its times in one text."""
    assert spelled(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("throttle", "is no fault such as"),
        ("ivs=throttle*x", "is no fault such as"),
        ("ivs=melt", "'melt' in 'ivs=melt' is none of"),
        ("ivs=latency", "latency:SECONDS"),
        ("ivs=disconnect:3", "none of"),
        ("ivs=error:5.5", r"error\[:STATUS\]"),
        ("ivs=latency:1.2.3", "is no fault such as"),
    ],
)
def test_what_is_no_fault_is_told(text: str, reason: str) -> None:
    """A text that is none says what is wrong with it."""
    with pytest.raises(ValueError, match=reason):
        spelled(text)


def test_an_answer_at_once(emulator: Emulator) -> None:
    """Without I/O a connection that ends is an error of its own."""
    emulator.faults.add("*", Latency(60))
    assert emulator.answer(signed()).status == 200
    emulator.faults.add("*", Disconnect())
    with pytest.raises(ConnectionAbortedError):
        emulator.answer(signed())
