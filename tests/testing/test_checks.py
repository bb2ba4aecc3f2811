"""What a mock sees and refuses: calls of any client, unmocked ones, requests and signatures that are not in order."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpcore2
import httpx
import httpx2
import pytest
import respx

import roomtone
from roomtone import chime_sdk_meetings, errors, ivs, signalwire, testing
from roomtone._core import encode
from roomtone._http import aiohttp_engine, waits
from roomtone.testing import (
    API_TOKEN,
    CREDENTIALS,
    PROJECT_ID,
    REGION,
    RoomtoneMock,
    UnexpectedCallError,
    UnmockedCallError,
    connect_error,
    make,
    throttled,
)

pytestmark = pytest.mark.anyio

ARN = "arn:aws:ivs:eu-central-1:123456789012:channel/abcdefgh1234"
STREAM = make(ivs.GetStreamResponse)
OTHERS = roomtone.Credentials("AKIDEXAMPLE", "a-real-secret", "a-session-token")


@pytest.fixture
def mock(roomtone_mock: RoomtoneMock) -> Iterator[RoomtoneMock]:
    """A mock of which failures are expected."""
    yield roomtone_mock
    roomtone_mock.failures.clear()


async def test_an_unmocked_call_tells_what_to_write(mock: RoomtoneMock) -> None:
    """Operation, typed request without its secrets, the nearest that is mocked, and a snippet that mends it."""
    mock.chime_sdk_meetings.get_meeting.respond(make(chime_sdk_meetings.GetMeetingResponse))
    mock.ivs.get_channel.respond(make(ivs.GetChannelResponse))
    client = mock.client()
    with pytest.raises(UnmockedCallError) as caught:
        await client.ivs.get_stream_session(channel_arn=ARN)
    assert str(caught.value) == (
        "nothing answers ivs.get_stream_session: POST /GetStreamSession\n\n"
        f"  GetStreamSessionRequest(channel_arn='{ARN}')\n\n"
        "The nearest that is mocked: ivs.get_channel (POST /GetChannel). To answer it:\n\n"
        "    from roomtone.ivs import GetStreamSessionResponse\n"
        "    from roomtone.testing import make\n\n"
        "    roomtone_mock.ivs.get_stream_session.respond(make(GetStreamSessionResponse))"
    )
    with pytest.raises(UnmockedCallError) as caught:
        await client.chime_sdk_meetings.create_meeting(
            media_region="eu-central-1", external_meeting_id="s3cr3t-meeting"
        )
    assert "chime_sdk_meetings.get_meeting (GET /meetings/{MeetingId})" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert isinstance(caught.value, AssertionError)
    assert mock.calls == []


async def test_the_snippet_of_an_unmocked_call_mends_it(mock: RoomtoneMock) -> None:
    """Run as it is, the snippet answers the call: a response, nothing, and bytes."""
    client = mock.client()

    async def recording() -> None:
        async with client.signalwire.recordings.download("RE1") as media:
            await anext(media)

    calls: list[Any] = [
        lambda: client.ivs.get_stream(channel_arn=ARN),
        lambda: client.ivs.delete_channel(arn=ARN),
        lambda: client.signalwire.conferences.start_stream("CF1", url="wss://media.example/ws"),
        recording,
    ]
    for call in calls:
        with pytest.raises(UnmockedCallError) as caught:
            await call()
        snippet = str(caught.value).partition("To answer it:\n\n")[2]
        exec("\n".join(line.removeprefix("    ") for line in snippet.splitlines()), {"roomtone_mock": mock})
        await call()


async def test_the_nearest_can_be_a_plain_route(mock: RoomtoneMock) -> None:
    """Without any mock it says so; a plain route of the router is one to compare with."""
    with pytest.raises(UnmockedCallError, match="none, nothing is mocked yet"):
        await mock.client().ivs.get_stream(channel_arn=ARN)
    mock.router.post("https://ivs.us-east-1.amazonaws.com/GetStream").respond(json={})
    with pytest.raises(UnmockedCallError, match=r"the plain route .*GetStream"):
        await mock.client().ivs.get_stream(channel_arn=ARN)


async def test_a_swallowed_failure_fails_the_block() -> None:
    """Code under test that catches everything hides nothing: the end of the block tells, unless it was cleared."""

    async def hide(mock: RoomtoneMock) -> None:
        try:
            await mock.client().ivs.get_stream(channel_arn=ARN)
        except Exception as error:
            assert mock.failures == [error]

    with pytest.raises(UnmockedCallError, match=r"ivs\.get_stream") as told, RoomtoneMock() as mock:
        await hide(mock)
    assert "clears mock.failures" in told.value.__notes__[0]
    with RoomtoneMock() as mock:
        await hide(mock)
        mock.failures.clear()

    async def hide_and_fail() -> None:
        with RoomtoneMock() as mock:
            await hide(mock)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hide_and_fail()


def leave_unused(mock: RoomtoneMock) -> None:
    mock.ivs.get_stream.respond(STREAM)


def leave_a_step(mock: RoomtoneMock) -> None:
    mock.ivs.get_channel.script(throttled(), make(ivs.GetChannelResponse), make(ivs.GetChannelResponse))


def leave_a_route(mock: RoomtoneMock) -> None:
    mock.router.get("https://example.com/")


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (leave_unused, r"ivs\.get_stream was not called"),
        (leave_a_step, r"ivs\.get_channel was not asked for 1 of its answers"),
        (leave_a_route, "some routes were not called"),
    ],
)
async def test_what_was_prepared_can_have_to_be_called(prepare: Callable[[RoomtoneMock], None], reason: str) -> None:
    """With `assert_all_called`, an answer, a step or a plain route that nobody asked for fails the block."""

    async def block(*, strict: bool) -> None:
        with RoomtoneMock(assert_all_called=strict) as mock:
            mock.ivs.get_channel.throttle(1, then=make(ivs.GetChannelResponse))
            prepare(mock)
            await mock.client().ivs.get_channel(arn=ARN)

    await block(strict=False)
    with pytest.raises(AssertionError, match=reason):
        await block(strict=True)


@pytest.mark.parametrize(
    "aws",
    [
        roomtone.Aws(),
        roomtone.Aws(region="us-west-2", credentials=OTHERS),
        roomtone.Aws(region="us-gov-west-1", credentials=CREDENTIALS),
        roomtone.Aws(region="eu-west-1", use_dualstack=True),
        roomtone.Aws(region="us-west-2", use_fips=True),
        roomtone.Aws(endpoint_url="http://127.0.0.1:8900/chime-sdk-meetings"),
        roomtone.Aws(endpoint_url="https://gateway.example:8443/a/b"),
        roomtone.Aws(region="eu-central-1", credentials=lambda: OTHERS),
    ],
    ids=["environment", "foreign", "partition", "dualstack", "fips", "loopback", "gateway", "provider"],
)
async def test_any_client_is_answered(aws: roomtone.Aws, mock: RoomtoneMock) -> None:
    """Whoever made the client: any credentials, region and endpoint, the environment's too; it waits for nothing."""
    op = mock.chime_sdk_meetings.get_meeting
    op.throttle(1, then=make(chime_sdk_meetings.GetMeetingResponse))
    async with roomtone.Client(aws) as live:
        await live.chime_sdk_meetings.get_meeting(meeting_id="m/1")
    assert op.last_request == chime_sdk_meetings.GetMeetingRequest(meeting_id="m/1")
    assert op.calls[0].region == (aws.region or REGION)
    assert mock.sleeps == [1.0]


async def test_one_endpoint_for_all_services(mock: RoomtoneMock) -> None:
    """Behind one custom endpoint only the path tells: the operation that is mocked is meant, or the one of the path."""
    mock.ivs_realtime.tag_resource.respond(make(roomtone.ivs_realtime.TagResourceResponse))
    async with roomtone.Client(roomtone.Aws(endpoint_url="https://gateway.example")) as live:
        await live.ivs_realtime.tag_resource(resource_arn="arn:aws:ivs:a", tags={"a": "b"})
        assert mock.ivs_realtime.tag_resource.call_count == 1
    mock.reset()
    mock.ivs.tag_resource.respond(make(ivs.TagResourceResponse))
    async with roomtone.Client(roomtone.Aws(endpoint_url="https://gateway.example/ivs-realtime")) as live:
        with pytest.raises(UnmockedCallError, match=r"nothing answers ivs_realtime\.tag_resource"):
            await live.ivs_realtime.tag_resource(resource_arn="arn:aws:ivs:a", tags={"a": "b"})
    assert mock.ivs.tag_resource.call_count == 0


@pytest.mark.parametrize(
    "config",
    [
        roomtone.SignalWire(),
        roomtone.SignalWire(space="acme", project_id="p-1", api_token="t-1"),
        roomtone.SignalWire(space="ivs"),
        roomtone.SignalWire(base_url="http://127.0.0.1:8900/proxied", project_id=PROJECT_ID, api_token=API_TOKEN),
    ],
)
async def test_any_space_is_answered(config: roomtone.SignalWire, mock: RoomtoneMock) -> None:
    """The environment's space, another one with another project, and any origin with any path."""
    op = mock.signalwire.conferences.start_stream
    op.respond(make(signalwire.ConferenceStream, sid="ST1"))
    async with roomtone.Client(signalwire=config) as live:
        made = await live.signalwire.conferences.start_stream(
            "CF1", url="wss://media.example/ws", parameters={"tenant": "42"}
        )
    assert made.sid == "ST1"
    assert op.last_request == signalwire.ConferencesStartStreamRequest(
        conference_sid="CF1", url="wss://media.example/ws", parameters={"tenant": "42"}
    )


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_a_users_own_http_client_is_answered(library: Any, mock: RoomtoneMock) -> None:
    """An `AsyncClient` of httpx or httpx2 that is given to the client is mocked like the own pool."""
    mock.ivs.get_stream.script(throttled(), connect_error(), STREAM)
    mock.signalwire.recordings.download.respond(b"RIFF")
    async with library.AsyncClient() as http_client, roomtone.Client(http_client=http_client) as live:
        assert await live.ivs.get_stream(channel_arn=ARN) == STREAM
        async with live.signalwire.recordings.download("RE1") as media:
            assert b"".join([chunk async for chunk in media]) == b"RIFF"
        with pytest.raises(UnmockedCallError):
            await live.ivs.get_channel(arn=ARN)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_engine_aiohttp_is_answered(mock: RoomtoneMock) -> None:
    """A client over aiohttp is mocked like any other, opened within the block or before it."""
    mock.signalwire.recordings.download.respond(b"RIFF")
    async with roomtone.Client(engine="aiohttp") as live:
        for _ in range(2):
            mock.ivs.get_stream.script(throttled(), connect_error(), STREAM)
            assert await live.ivs.get_stream(channel_arn=ARN) == STREAM
        async with live.signalwire.recordings.download("RE1") as media:
            assert b"".join([chunk async for chunk in media]) == b"RIFF"
        with pytest.raises(UnmockedCallError):
            await live.ivs.get_channel(arn=ARN)
    assert mock.ivs.get_stream.call_count == 6


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_a_transport_of_the_users_own_is_kept(library: Any, mock: RoomtoneMock) -> None:
    """A client whose transport reaches no network has its own answers."""
    transport = library.MockTransport(lambda _: library.Response(200, json={"stream": {"channelArn": "theirs"}}))
    async with (
        library.AsyncClient(transport=transport) as http_client,
        roomtone.Client(http_client=http_client) as live,
    ):
        assert (await live.ivs.get_stream(channel_arn=ARN)).stream.channel_arn == "theirs"
    assert mock.calls == []


async def test_a_client_from_before_is_answered_and_goes_on_after() -> None:
    """A client older than the mock waits virtually within the block, and for real when it is over."""
    async with roomtone.Client(roomtone.Aws(region=REGION, credentials=CREDENTIALS)) as live:
        with RoomtoneMock() as mock:
            mock.ivs.get_stream.throttle(1, then=STREAM)
            await live.ivs.get_stream(channel_arn=ARN)
            assert mock.sleeps == [1.0]
        assert live.ivs._connection.sleep is waits.sleep
    assert waits.pass_time is anyio.sleep


async def test_what_is_patched_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment, waits, tokens and httpcore are as before, and within the block no credentials but the mock's."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_PROFILE": "production",
        "AWS_REGION": "us-west-2",
        "SIGNALWIRE_PROJECT_ID": "real",
    }.items():
        monkeypatch.setenv(name, value)
    before, token = dict(os.environ), encode.new_token
    with RoomtoneMock() as mock:
        assert "real" not in os.environ.values()
        assert "AWS_PROFILE" not in os.environ
        mock.ivs.get_stream.respond(STREAM)
        async with roomtone.Client() as live:
            await live.ivs.get_stream(channel_arn=ARN)
        assert mock.ivs.get_stream.calls[0].region == "us-west-2"
        with pytest.raises(RuntimeError, match="active already"), mock:
            pass
    assert dict(os.environ) == before
    assert (encode.new_token, waits.pass_time) == (token, anyio.sleep)
    async with httpx.AsyncClient() as http_client:
        with pytest.raises(httpx.ConnectError):
            await http_client.get("http://nowhere.invalid")


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        ({"authorization": ""}, "no Signature Version 4"),
        ({"x-amz-date": "20200101T000000Z"}, "the credential's day is not the day of x-amz-date"),
        ({"x-amz-unsigned": "1"}, "the signed headers are not the ones that came"),
        ({"content-type": "text/plain"}, "the signature does not fit: another secret, or altered bytes"),
    ],
)
async def test_an_altered_request_fails(alter: dict[str, str], reason: str, mock: RoomtoneMock) -> None:
    """What a hook of the user's own client does to a signed request, the service would refuse, and so does the mock."""

    async def hook(request: httpx.Request) -> None:
        request.headers.update(alter)

    mock.ivs.get_stream.respond(STREAM)
    async with (
        httpx.AsyncClient(event_hooks={"request": [hook]}) as http_client,
        roomtone.Client(http_client=http_client) as live,
    ):
        with pytest.raises(UnexpectedCallError, match=rf"ivs\.get_stream: .*{reason}"):
            await live.ivs.get_stream(channel_arn=ARN)
    assert len(mock.failures) == 1
    assert mock.ivs.get_stream.call_count == 0


async def test_only_a_known_secret_is_verified(mock: RoomtoneMock) -> None:
    """The mock's own access key with another secret fails; with another key the form alone is looked at."""
    mock.ivs.get_stream.respond(STREAM)
    forged = roomtone.Credentials(CREDENTIALS.access_key_id, "another secret")
    async with roomtone.Client(roomtone.Aws(credentials=forged)) as live:
        with pytest.raises(UnexpectedCallError, match="the signature does not fit"):
            await live.ivs.get_stream(channel_arn=ARN)
    async with roomtone.Client(roomtone.Aws(credentials=OTHERS)) as live:
        assert await live.ivs.get_stream(channel_arn=ARN) == STREAM


async def test_basic_auth_is_verified(mock: RoomtoneMock) -> None:
    """The mock's own project with another token fails, and so does what is no Basic auth, or another project's."""
    mock.signalwire.calls.get.respond(make(signalwire.Call))
    wrong = roomtone.SignalWire(space="acme", project_id=PROJECT_ID, api_token="another")
    async with roomtone.Client(signalwire=wrong) as live:
        with pytest.raises(UnexpectedCallError, match="the project id or the API token is wrong"):
            await live.signalwire.calls.get("CA1")
    for header, reason in {
        "Bearer abc": "is no Basic auth",
        "Basic ///": "is no Basic auth",
        "Basic cC0yOnQtMQ==": "another project's than the path's",
    }.items():

        async def hook(request: httpx.Request, header: str = header) -> None:
            request.headers["authorization"] = header

        async with (
            httpx.AsyncClient(event_hooks={"request": [hook]}) as http_client,
            roomtone.Client(http_client=http_client) as live,
        ):
            with pytest.raises(UnexpectedCallError, match=rf"signalwire\.calls\.get: .*{reason}"):
                await live.signalwire.calls.get("CA1")


async def test_a_request_that_does_not_fit_fails(mock: RoomtoneMock) -> None:
    """A body that was altered on its way into something that the model does not know names what is wrong."""
    mock.ivs.get_stream.respond(STREAM)

    async def hook(request: httpx.Request) -> None:
        request.stream = httpx.ByteStream(b'{"channelArn": 7}')
        request._content = b'{"channelArn": 7}'

    async with (
        httpx.AsyncClient(event_hooks={"request": [hook]}) as http_client,
        roomtone.Client(http_client=http_client) as live,
    ):
        with pytest.raises(UnexpectedCallError, match=r"GetStreamRequest\.channel_arn must be a str, not int"):
            await live.ivs.get_stream(channel_arn=ARN)


async def test_plain_routes_go_first(mock: RoomtoneMock) -> None:
    """The router is respx's own: its routes see roomtone's calls before the mocks, and other requests too."""
    mock.ivs.get_stream.respond(STREAM)
    route = mock.router.post("https://ivs.eu-central-1.amazonaws.com/GetStream")
    route.respond(404, json={"exceptionMessage": "off"}, headers={"x-amzn-ErrorType": "ChannelNotBroadcasting"})
    other = mock.router.get("https://example.com/health").respond(json={"ok": True})
    async with mock.client() as live, httpx.AsyncClient() as http_client:
        with pytest.raises(ivs.ChannelNotBroadcasting, match="off"):
            await live.ivs.get_stream(channel_arn=ARN)
        assert (await http_client.get("https://example.com/health")).json() == {"ok": True}
        with pytest.raises(AssertionError, match=r"RESPX: .*example\.com/other.* not mocked"):
            await http_client.get("https://example.com/other")
    assert (route.call_count, other.call_count, mock.ivs.get_stream.call_count) == (1, 1, 0)
    mock.reset()
    assert (list(mock.router.routes), len(mock.router.calls)) == ([], 0)


async def test_every_call_is_in_the_routers_calls(mock: RoomtoneMock) -> None:
    """What the mocks answer is in respx's list of calls as well."""
    mock.ivs.get_stream.script(throttled(), STREAM)
    await mock.client().ivs.get_stream(channel_arn=ARN)
    assert [call.response.status_code for call in mock.router.calls] == [429, 200]
    mock.ivs.get_stream.timeout()
    with pytest.raises(errors.TimeoutError):
        await mock.client().ivs.with_options(max_attempts=1).get_stream(channel_arn=ARN)
    assert not mock.router.calls.last.has_response


async def test_a_router_of_the_users_own_may_answer(mock: RoomtoneMock) -> None:
    """With respx's own mock active too, what no mock answers is its affair, and no failure when it answers."""
    with respx.mock() as router:
        router.post("https://ivs.eu-central-1.amazonaws.com/GetStream").respond(json={"stream": {"channelArn": ARN}})
        mock.ivs.get_channel.respond(make(ivs.GetChannelResponse))
        async with mock.client() as live:
            assert (await live.ivs.get_stream(channel_arn=ARN)).stream.channel_arn == ARN
            assert await live.ivs.get_channel(arn=ARN) == make(ivs.GetChannelResponse)
    assert mock.failures == []


async def test_what_is_near_roomtone_is_no_call_of_it(mock: RoomtoneMock) -> None:
    """A request to a service's host that is none of its operations is respx's to refuse."""
    async with httpx.AsyncClient() as http_client:
        with pytest.raises(AssertionError, match="RESPX"):
            await http_client.get("https://ivs.eu-central-1.amazonaws.com/Nothing")
        with pytest.raises(UnexpectedCallError, match="the request is not signed"):
            await http_client.post("https://ivs.eu-central-1.amazonaws.com/GetStream", json={"channelArn": ARN})


async def test_tasks_share_a_mock(mock: RoomtoneMock) -> None:
    """A hundred calls at a time are all noted."""
    mock.ivs.get_stream.handle(lambda request: make(ivs.GetStreamResponse, stream={"channel_arn": request.channel_arn}))
    found: list[str] = []

    async def call(number: int) -> None:
        found.append((await live.ivs.get_stream(channel_arn=f"a-{number}")).stream.channel_arn)

    async with mock.client() as live, anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(call, number)
    assert sorted(found) == sorted(request.channel_arn for request in mock.ivs.get_stream.requests)
    assert len({call.http.headers["amz-sdk-invocation-id"] for call in mock.calls}) == 100


def patched() -> tuple[Any, Any]:
    """What a mock replaces outside of httpcore."""
    return httpcore2.AsyncConnectionPool.handle_async_request, aiohttp_engine.AiohttpEngine.open


async def test_without_httpx2_and_aiohttp_it_is_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they are not installed there is nothing to patch, and where they are, they are put back."""
    before = patched()
    with RoomtoneMock():
        assert all(now is not then for now, then in zip(patched(), before, strict=True))
    assert patched() == before
    monkeypatch.setattr("roomtone.testing.reach.find_spec", lambda _: None)
    with RoomtoneMock() as mock:
        mock.ivs.get_stream.respond(STREAM)
        assert await mock.client().ivs.get_stream(channel_arn=ARN) == STREAM
        assert patched() == before


def test_a_name_is_imported_when_it_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are there to complete, a misspelt one fails as in any module, a missing respx says what to install."""
    assert {*testing.__all__} <= {*dir(testing)}
    with pytest.raises(AttributeError, match="no attribute 'RoomtoneMok'"):
        _ = testing.RoomtoneMok  # type: ignore[attr-defined]
    monkeypatch.delitem(vars(testing), "RoomtoneMock")
    monkeypatch.delitem(sys.modules, "roomtone.testing.mock")
    monkeypatch.setitem(sys.modules, "respx", None)
    with pytest.raises(ImportError, match=r"pip install 'roomtone\[testing\]'"):
        _ = testing.RoomtoneMock
    monkeypatch.setitem(sys.modules, "anyio.lowlevel", None)
    with pytest.raises(ModuleNotFoundError, match=r"anyio\.lowlevel"):
        _ = testing.RoomtoneMock


def test_it_shows_itself() -> None:
    """What is printed says what it is, and names are there to complete."""
    mock = RoomtoneMock()
    assert repr(mock) == "<roomtone.testing.RoomtoneMock, calls: 0>"
    assert repr(mock.ivs.get_stream) == "<OperationMock ivs.get_stream, calls: 0>"
    assert repr(mock.signalwire.conferences) == "<ConferencesMock>"
    assert {"get_stream", "list_streams"} <= {*dir(mock.ivs)}
    assert "start_stream" in dir(mock.signalwire.conferences)
    wrong: Any = mock.ivs
    with pytest.raises(AttributeError, match="ivs has no operation 'get_sream'; did you mean 'get_stream'"):
        _ = wrong.get_sream
