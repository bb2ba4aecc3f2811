"""What a mocked operation answers: responses, documented errors, scripts, failures on the way, pages."""

from __future__ import annotations

import time
from typing import Any

import pytest

import roomtone
from roomtone import (
    chime_sdk_identity,
    chime_sdk_media_pipelines,
    chime_sdk_meetings,
    chime_sdk_messaging,
    chime_sdk_voice,
    errors,
    ivs,
    ivs_realtime,
    ivschat,
    signalwire,
)
from roomtone.ivs import GetStreamSessionRequest, GetStreamSessionResponse
from roomtone.testing import RoomtoneMock, UnexpectedCallError, connect_error, make, raw, throttled, timeout

pytestmark = pytest.mark.anyio

ARN = "arn:aws:ivs:eu-central-1:123456789012:channel/abcdefgh1234"
OK = make(GetStreamSessionResponse, stream_session={"stream_id": "st-1"})


async def test_a_response_answers_every_call(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """The response that was set comes back as it is, each time, with a request id; the typed requests are noted."""
    op = roomtone_mock.ivs.get_stream_session
    op.respond(OK)
    reply = await roomtone_client.ivs.send(GetStreamSessionRequest(channel_arn=ARN))
    assert (reply.value, reply.status, reply.request_id) == (OK, 200, "mock-1")
    assert await roomtone_client.ivs.get_stream_session(channel_arn=ARN, stream_id="st-1") == OK
    assert op.requests == [
        GetStreamSessionRequest(channel_arn=ARN),
        GetStreamSessionRequest(channel_arn=ARN, stream_id="st-1"),
    ]
    assert op.last_request is op.requests[-1]
    assert (op.called, op.call_count, op.calls[0].region) == (True, 2, "eu-central-1")
    assert [call.operation for call in roomtone_mock.calls] == ["ivs.get_stream_session"] * 2
    assert op.calls[0].http.headers["host"] == "ivs.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("answer", "kind", "advice"),
    [
        (make(ivs.CreateChannelResponse), TypeError, "answers a GetStreamSessionResponse, not a CreateChannelResponse"),
        ({"stream_session": {}}, TypeError, r"not a dict; make\(GetStreamSessionResponse, ...\) makes one"),
        (None, TypeError, "not a NoneType"),
        (
            GetStreamSessionResponse(stream_session=ivs.StreamSession(stream_id=1)),  # type: ignore[arg-type]
            ValueError,
            "GetStreamSessionResponse.stream_session.stream_id must be a str, not int",
        ),
    ],
)
async def test_a_wrong_response_is_refused_at_once(answer: Any, kind: type[Exception], advice: str) -> None:
    """Before any call: another class, a mapping, nothing, a member of the wrong type."""
    op: Any = RoomtoneMock().ivs.get_stream_session
    with pytest.raises(kind, match=advice):
        op.respond(answer)


async def test_a_response_that_no_client_could_read_is_refused_at_once() -> None:
    """What is always answered must be in it; what SignalWire answers must be something."""
    mock = RoomtoneMock()
    nothing: Any = None
    with pytest.raises(ValueError, match=r"meeting is missing from the answer; make\(CreateMeetingResponse"):
        mock.chime_sdk_meetings.create_meeting.respond(chime_sdk_meetings.CreateMeetingResponse(meeting=nothing))
    with pytest.raises(ValueError, match="no client could read this"):
        mock.signalwire.queues.get_member.respond(signalwire.QueueMember())


ERRORS: list[tuple[str, errors.ApiError, int]] = [
    ("chime_sdk_identity.describe_app_instance", chime_sdk_identity.NotFoundException("gone"), 404),
    ("chime_sdk_identity.describe_app_instance", chime_sdk_identity.ThrottledClientException("slowly"), 429),
    ("chime_sdk_media_pipelines.get_media_pipeline", chime_sdk_media_pipelines.ForbiddenException("no"), 403),
    ("chime_sdk_meetings.get_meeting", chime_sdk_meetings.NotFoundException("gone"), 404),
    ("chime_sdk_meetings.get_meeting", chime_sdk_meetings.UnauthorizedException("who"), 401),
    ("chime_sdk_messaging.describe_channel", chime_sdk_messaging.BadRequestException("what"), 400),
    ("chime_sdk_voice.get_voice_connector", chime_sdk_voice.GoneException("gone"), 410),
    ("ivs.get_stream", ivs.ChannelNotBroadcasting("off air"), 404),
    ("ivs.get_stream", ivs.InternalServerException("broken"), 500),
    ("ivs_realtime.get_stage", ivs_realtime.PendingVerification("not yet"), 403),
    ("ivschat.get_room", ivschat.ValidationException("what", reason="OTHER"), 400),
    ("signalwire.calls.get", signalwire.SignalWireNotFoundError("gone"), 404),
    ("signalwire.calls.get", signalwire.SignalWireAuthenticationError("who"), 401),
    ("signalwire.calls.get", signalwire.SignalWireInvalidRequestError("what", status=422), 422),
    ("signalwire.calls.get", signalwire.SignalWireUnavailableError("later", retry_after=2), 503),
]


@pytest.mark.parametrize(
    ("name", "error", "status"), ERRORS, ids=[f"{one[0]}-{one[1].code or one[2]}" for one in ERRORS]
)
async def test_a_documented_error_comes_as_it_is_documented(
    name: str, error: errors.ApiError, status: int, roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock
) -> None:
    """In the wire form of its service it arrives as the same class, with its message, members and status."""
    package, _, _ = name.partition(".")
    op: Any = roomtone_mock._named(name)
    op.raises(error)
    client = getattr(roomtone_client, package).with_options(max_attempts=1)
    with pytest.raises(type(error)) as caught:
        await client.send(make(op._operation.request))
    assert type(caught.value) is type(error)
    assert (caught.value.message, caught.value.status, caught.value.retry_after) == (
        error.message,
        status,
        error.retry_after,
    )
    assert caught.value.operation == op._operation.name
    if isinstance(error, ivschat.ValidationException):
        assert isinstance(caught.value, ivschat.ValidationException)
        assert caught.value.reason == "OTHER"


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        (
            "ivs.get_stream",
            ivschat.ValidationException("x"),
            "ivs does not document ValidationException; it documents A",
        ),
        ("ivs.get_stream", errors.ThrottledError("x"), "does not document ThrottledError"),
        ("ivs.get_stream", ivs.IVSConflictError("x", status=409), "raw"),
        ("ivs.get_stream", ivs.ValidationException("x", code="Other"), "Other arrives as IVSInvalidRequestError"),
        ("signalwire.calls.get", signalwire.SignalWireQuotaExceededError("x"), "signalwire does not document"),
        (
            "signalwire.calls.get",
            signalwire.SignalWireNotFoundError("x", status=503),
            "arrives as SignalWireUnavailable",
        ),
    ],
)
async def test_other_errors_are_refused_at_once(name: str, error: errors.ApiError, reason: str) -> None:
    """An error of another service, one that nobody documents, or one that would arrive as another."""
    op: Any = RoomtoneMock()._named(name)
    with pytest.raises(ValueError, match=reason):
        op.raises(error)


async def test_a_script_goes_step_by_step(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """Each attempt takes one step; waits are noted, not waited for; one attempt more is an error."""
    op = roomtone_mock.ivs.get_stream_session
    op.script(throttled(retry_after=7), throttled(), OK, ivs.AccessDeniedException("no"))
    began = time.monotonic()
    assert await roomtone_client.ivs.get_stream_session(channel_arn=ARN) == OK
    assert time.monotonic() - began < 1
    assert roomtone_mock.sleeps == [7.0, 2.0]
    with pytest.raises(ivs.AccessDeniedException, match="no"):
        await roomtone_client.ivs.get_stream_session(channel_arn=ARN)
    with pytest.raises(UnexpectedCallError, match=r"ivs.get_stream_session .* its script of 4 is used up"):
        await roomtone_client.ivs.get_stream_session(channel_arn=ARN)
    roomtone_mock.failures.clear()


async def test_throttling_ends(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """So many attempts are throttled, everything later is answered; too many end with the service's own error."""
    op = roomtone_mock.chime_sdk_meetings.get_meeting
    meeting = make(chime_sdk_meetings.GetMeetingResponse)
    op.throttle(2, then=meeting, retry_after=0.5)
    get = roomtone_client.chime_sdk_meetings.get_meeting
    assert await get(meeting_id="m-1") == meeting
    assert await get(meeting_id="m-1") == meeting
    assert (op.call_count, roomtone_mock.sleeps) == (4, [1.0, 2.0])
    with pytest.raises(ValueError, match="times must be 0 or more"):
        op.throttle(-1, then=meeting)
    op.throttle(3, then=meeting)
    with pytest.raises(chime_sdk_meetings.ThrottlingException) as caught:
        await get(meeting_id="m-1")
    assert caught.value.attempts == 3


@pytest.mark.parametrize("package", ["ivs", "ivschat", "chime_sdk_voice", "signalwire"])
async def test_every_service_throttles(
    package: str, roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock
) -> None:
    """With its documented error or with HTTP 429, and the wait that it asks for."""
    names = {"ivs": "get_channel", "ivschat": "get_room", "chime_sdk_voice": "get_voice_connector"}
    op: Any = roomtone_mock._named(f"{package}.{names.get(package, 'calls.get')}")
    op.script(throttled(retry_after=1.25))
    client = getattr(roomtone_client, package).with_options(max_attempts=1)
    with pytest.raises(errors.ThrottledError) as caught:
        await client.send(make(op._operation.request))
    assert (caught.value.status, caught.value.retry_after) == (429, 1.25)


async def test_failures_on_the_way(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """A timeout may have been carried out, a refused connection was never sent; both are retried where that is safe."""
    op = roomtone_mock.ivs.get_stream_session
    op.timeout()
    with pytest.raises(errors.TimeoutError) as late:
        await roomtone_client.ivs.get_stream_session(channel_arn=ARN)
    assert (late.value.attempts, late.value.maybe_processed) == (3, True)
    op.connect_error()
    with pytest.raises(errors.ConnectError) as refused:
        await roomtone_client.ivs.get_stream_session(channel_arn=ARN)
    assert (refused.value.attempts, refused.value.maybe_processed) == (3, False)
    op.script(timeout(), connect_error(), OK)
    assert await roomtone_client.ivs.get_stream_session(channel_arn=ARN) == OK
    assert roomtone_mock.sleeps == [0.05, 0.1] * 3


async def test_an_unsafe_call_is_not_repeated(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """What may have been carried out is not sent twice: the retry rule is the real one."""
    roomtone_mock.signalwire.calls.create.timeout()
    with pytest.raises(errors.TimeoutError):
        await roomtone_client.signalwire.calls.create(from_="+1555", to="+1556", url="https://example.com/laml")
    assert (roomtone_mock.signalwire.calls.create.call_count, roomtone_mock.sleeps) == (1, [])


async def test_raw_answers_anything(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """A proxy's page, an undocumented error, text, bytes and headers come as they are."""
    op, get = roomtone_mock.ivs.get_stream, roomtone_client.ivs.with_options(max_attempts=1).get_stream
    op.raw(502, html="<h1>Bad Gateway</h1>")
    with pytest.raises(errors.UnavailableError) as page:
        await get(channel_arn=ARN)
    assert (page.value.body, page.value.headers["content-type"]) == ("<h1>Bad Gateway</h1>", "text/html; charset=utf-8")
    op.raw(403, json={"message": "old"}, headers={"X-Amzn-ErrorType": "ExpiredTokenException"})
    with pytest.raises(errors.AuthenticationError, match=r"ExpiredTokenException .* old"):
        await get(channel_arn=ARN)
    op.raw(200, text="{")
    with pytest.raises(errors.DecodeError, match="is not JSON"):
        await get(channel_arn=ARN)
    op.script(raw(200, content=b'{"stream": {"channelArn": "a"}}'), raw(500))
    assert (await get(channel_arn=ARN)).stream.channel_arn == "a"
    with pytest.raises(errors.ServiceFaultError) as empty:
        await get(channel_arn=ARN)
    assert empty.value.body is None
    with pytest.raises(ValueError, match="takes one of json, text, html and content"):
        op.raw(200, json={}, text="")
    assert repr(raw(502)) == "<roomtone.testing.Outcome raw 502>"


async def test_a_function_answers(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """It takes the typed request; what it returns or raises is the answer, async or not."""
    op = roomtone_mock.ivs.get_stream_session

    def look(request: GetStreamSessionRequest) -> GetStreamSessionResponse:
        if request.stream_id == "st-0":
            raise ivs.ResourceNotFoundException("no such session")
        return make(GetStreamSessionResponse, stream_session={"stream_id": request.stream_id})

    async def look_later(request: GetStreamSessionRequest) -> GetStreamSessionResponse:
        return look(request)

    for function in (look, look_later):
        op.handle(function)
        found = await roomtone_client.ivs.get_stream_session(channel_arn=ARN, stream_id="st-2")
        assert found.stream_session is not None
        assert found.stream_session.stream_id == "st-2"
        with pytest.raises(ivs.ResourceNotFoundException, match="no such session"):
            await roomtone_client.ivs.get_stream_session(channel_arn=ARN, stream_id="st-0")
    op.handle(lambda _: throttled())
    with pytest.raises(errors.ThrottledError):
        await roomtone_client.ivs.get_stream_session(channel_arn=ARN)
    op.handle(lambda _: make(ivs.GetStreamResponse))  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="answers a GetStreamSessionResponse"):
        await roomtone_client.ivs.get_stream_session(channel_arn=ARN)


async def test_an_exception_of_a_function_is_the_users(
    roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock
) -> None:
    """What is no error of the service goes through the call as it is."""

    def broken(request: GetStreamSessionRequest) -> GetStreamSessionResponse:
        raise ZeroDivisionError("mine")

    roomtone_mock.ivs.get_stream_session.handle(broken)
    with pytest.raises(ZeroDivisionError, match="mine"):
        await roomtone_client.ivs.get_stream_session(channel_arn=ARN)


async def test_no_output_and_media(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """Nothing is the answer where the API has none; a download's answer is bytes."""
    roomtone_mock.ivs.delete_channel.respond()
    roomtone_mock.ivs.delete_channel.respond(None)
    assert (await roomtone_client.ivs.send(ivs.DeleteChannelRequest(arn=ARN))).status == 204
    download = roomtone_mock.signalwire.recordings.download
    download.script(throttled(), b"RIFF")
    async with roomtone_client.signalwire.recordings.download("RE1", format="mp3") as media:
        assert b"".join([chunk async for chunk in media]) == b"RIFF"
        assert media.size == 4
    assert download.last_request == signalwire.RecordingsDownloadRequest(sid="RE1", format="mp3")
    roomtone_mock.signalwire.recordings.get.respond(make(signalwire.Recording, sid="RE1"))
    assert (await roomtone_client.signalwire.recordings.get("RE1")).sid == "RE1"
    assert (download.call_count, roomtone_mock.signalwire.recordings.get.call_count) == (2, 1)


async def test_pages(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """Tokens are set and checked; iterating again begins again, and a token that was given out resumes."""
    one, two, three = (make(ivs.StreamSummary, stream_id=f"st-{n}") for n in (1, 2, 3))
    op = roomtone_mock.ivs.list_streams
    op.pages([one, two], [three])
    streams = roomtone_client.ivs.iter_streams(max_results=2)
    assert [stream async for stream in streams] == [one, two, three]
    assert [stream async for stream in streams] == [one, two, three]
    first = await roomtone_client.ivs.list_streams()
    assert first.next_token == "page-2"
    resumed = roomtone_client.ivs.iter_streams(starting_token=first.next_token)
    assert [stream async for stream in resumed] == [three]
    assert [request.max_results for request in op.requests] == [2, 2, 2, 2, None, None]
    with pytest.raises(UnexpectedCallError, match=r"a page that nobody told of, 'page-9': 'page-2'"):
        await roomtone_client.ivs.list_streams(next_token="page-9")
    op.pages()
    assert [stream async for stream in roomtone_client.ivs.iter_streams()] == []
    with pytest.raises(UnexpectedCallError, match="there is one page only"):
        await roomtone_client.ivs.list_streams(next_token="page-2")
    roomtone_mock.failures.clear()


async def test_pages_by_link(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """SignalWire's links lead from page to page, and keep what the list was asked for."""
    calls = [make(signalwire.Call, sid=f"CA{n}") for n in range(3)]
    op = roomtone_mock.signalwire.calls.list
    op.pages(calls[:2], calls[2:])
    assert [call.sid async for call in roomtone_client.signalwire.calls.iter_calls(to="+1555 ä&b")] == [
        "CA0",
        "CA1",
        "CA2",
    ]
    assert [(request.to, request.page, request.page_token) for request in op.requests] == [
        ("+1555 ä&b", None, None),
        ("+1555 ä&b", 1, "page-2"),
    ]


async def test_wrong_items_are_refused_at_once() -> None:
    """An item of another class is no item of a page."""
    op: Any = RoomtoneMock().ivs.list_streams
    with pytest.raises(errors.RequestError, match=r"streams\[0\] must be a StreamSummary, not Channel"):
        op.pages([make(ivs.Channel)])


async def test_an_idempotency_token_of_the_client_is_no_part_of_the_request(
    roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock
) -> None:
    """A token that the client fills in is sent, the same on each attempt, and is None in the typed request."""
    op = roomtone_mock.chime_sdk_meetings.create_meeting
    op.throttle(1, then=make(chime_sdk_meetings.CreateMeetingResponse))
    asked = {"media_region": "eu-central-1", "external_meeting_id": "standup-42"}
    create = roomtone_client.chime_sdk_meetings.create_meeting
    await create(media_region="eu-central-1", external_meeting_id="standup-42")
    assert op.requests == [chime_sdk_meetings.CreateMeetingRequest(**asked)] * 2
    assert len({call.http.content for call in op.calls}) == 1
    assert b"ClientRequestToken" in op.calls[0].http.content
    await create(media_region="eu-central-1", external_meeting_id="standup-42", client_request_token="mine")
    assert op.last_request.client_request_token == "mine"


async def test_what_is_said_last_counts(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """A later answer takes the place of an earlier one; `reset` takes it away with the calls."""
    op = roomtone_mock.ivs.get_stream_session
    op.script(throttled(), throttled())
    op.respond(OK)
    assert await roomtone_client.ivs.get_stream_session(channel_arn=ARN) == OK
    op.reset()
    assert op.calls == []
    with pytest.raises(AssertionError, match=r"ivs\.get_stream_session was not called"):
        _ = op.last_request
    with pytest.raises(UnexpectedCallError):
        await roomtone_client.ivs.get_stream_session(channel_arn=ARN)
    roomtone_mock.reset()
    assert (roomtone_mock.calls, roomtone_mock.failures) == ([], [])
