"""What can happen to a call on a real connection, on sockets of our own."""

from __future__ import annotations

import builtins
import contextlib
import gzip
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
import respx

import roomtone
from flow import loopback
from flow.loopback import (
    Handler,
    Received,
    Waits,
    answering,
    authority,
    client_at,
    message,
    serving,
    silent,
    then_close,
    then_reset,
    unused_port,
)
from roomtone import errors
from roomtone._http import attempts
from roomtone.ivs import IVSError, ListChannelsResponse

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio", "aiohttp"])
def anyio_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both event loops, and the engine that runs on one of them alone."""
    if request.param != "aiohttp":
        return str(request.param)
    monkeypatch.setattr(loopback, "engine", "aiohttp")
    return "asyncio"


EMPTY_LIST = {"channels": []}
CHANNEL = {"channel": {"arn": "arn:aws:ivs:eu-central-1:1:channel/a"}}


async def test_nobody_listens() -> None:
    """A refused connection is a ConnectError, surely not processed, so even an unsafe call is tried again."""
    async with client_at(f"http://127.0.0.1:{unused_port()}") as live:
        waits = Waits().of(live)
        with pytest.raises(errors.ConnectError) as caught:
            await live.ivs.create_channel(name="c")
    error = caught.value
    assert isinstance(error, builtins.ConnectionError)
    assert (error.attempts, error.maybe_processed) == (3, False)
    assert (error.service, error.operation, error.request_id) == ("ivs", "CreateChannel", None)
    assert waits.noted == [0.05, 0.1]
    assert "secret" not in str(error)


async def test_a_name_that_is_not_known() -> None:
    """A name that no resolver knows is a ConnectError too."""
    async with client_at("https://nowhere.invalid", max_attempts=1) as live:
        with pytest.raises(errors.ConnectError):
            await live.ivs.list_channels()


BROKEN: dict[str, Handler] = {
    "closed before the headers": then_close(),
    "reset before the headers": then_reset(),
    "closed within the headers": then_close(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "reset after the headers": then_reset(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
    "closed within the body": then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b'{"chan'),
    "closed within a chunk": then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"20\r\n{"),
    "not HTTP at all": then_close(b"SSH-2.0-OpenSSH_9.9\r\n"),
}


@pytest.mark.parametrize("handler", BROKEN.values(), ids=BROKEN.keys())
async def test_an_answer_that_breaks_off(handler: Handler) -> None:
    """A lost answer is a TransportError that may have been processed: reads go again, unsafe calls do not."""
    async with serving(handler) as server, client_at(server.url) as live:
        Waits().of(live)
        with pytest.raises(errors.TransportError) as caught:
            await live.ivs.list_channels()
        assert (caught.value.attempts, caught.value.maybe_processed) == (3, True)
        assert [request.target for request in server.received] == ["/ListChannels"] * 3
        server.received.clear()
        with pytest.raises(errors.TransportError) as caught:
            await live.ivs.create_channel()
        assert (caught.value.attempts, caught.value.maybe_processed) == (1, True)
        assert [request.target for request in server.received] == ["/CreateChannel"]
        assert "the service may have carried it out" in str(caught.value)


@pytest.mark.parametrize("name", ["closed before the headers", "closed within the body", "not HTTP at all"])
async def test_what_is_no_http_is_a_protocol_error(name: str) -> None:
    """An answer that broke off, or is no HTTP, is a ProtocolError with the cause behind it."""
    async with serving(BROKEN[name]) as server, client_at(server.url, max_attempts=1) as live:
        with pytest.raises(errors.ProtocolError) as caught:
            await live.ivs.list_channels()
        # aiohttp's own errors can hold headers, and then they are not kept.
        assert loopback.engine == "aiohttp" or caught.value.__cause__ is not None


async def dripping(request: Received, stream: anyio.abc.ByteStream) -> None:
    """Sends an answer byte by byte, for ever."""
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        await stream.send(b" ")
        await anyio.sleep(0.005)


@pytest.mark.parametrize("handler", [dripping, silent])
async def test_an_attempt_ends_by_its_own_timeout(handler: Handler) -> None:
    """An answer that drips for ever, or never comes, ends with the attempt's time."""
    async with serving(handler) as server, client_at(server.url, attempt_timeout=0.15, max_attempts=2) as live:
        Waits().of(live)
        started = anyio.current_time()
        with pytest.raises(errors.TimeoutError, match=r"no complete answer within the attempt's 0\.15 s") as caught:
            await live.ivs.list_channels()
        assert 0.3 <= anyio.current_time() - started < 1
        assert isinstance(caught.value, builtins.TimeoutError)
        assert (caught.value.attempts, caught.value.maybe_processed) == (2, True)
        with pytest.raises(errors.TimeoutError) as caught:
            await live.ivs.create_channel()
        assert (caught.value.attempts, caught.value.maybe_processed) == (1, True)
        assert len(server.received) == 3


async def test_the_call_ends_by_its_timeout_over_all_attempts() -> None:
    """`timeout` bounds the whole call, however many attempts are left."""
    async with serving(silent) as server, client_at(server.url, timeout=0.2, attempt_timeout=0.09) as live:
        Waits().of(live, jitter=0.0)
        started = anyio.current_time()
        with pytest.raises(errors.TimeoutError, match=r"not done within the call's 0\.2 s") as caught:
            await live.ivs.with_options(max_attempts=100).list_channels()
        assert 0.2 <= anyio.current_time() - started < 1
        assert 2 <= caught.value.attempts <= 4
        assert len(server.received) <= caught.value.attempts
        assert caught.value.maybe_processed
        assert (caught.value.service, caught.value.operation) == ("ivs", "ListChannels")


async def test_the_callers_own_deadline_is_the_callers() -> None:
    """A cancel scope around a call ends it as a cancellation, no error of ours; a wait beyond it is not begun."""
    busy = message(b"", 503, ["Retry-After: 15"])
    async with serving(answering(busy)) as server, client_at(server.url) as live:
        Waits().of(live)
        with anyio.move_on_after(5), pytest.raises(errors.UnavailableError) as caught:
            await live.ivs.list_channels()
        assert caught.value.attempts == 1
    async with serving(silent) as server, client_at(server.url) as live:
        with anyio.move_on_after(0.1) as scope:
            await live.ivs.list_channels()
        assert scope.cancelled_caught


async def test_a_call_that_is_cancelled_already_sends_nothing() -> None:
    """Not even over a connection that is open."""
    async with serving(answering(message({"channels": []}))) as server, client_at(server.url) as live:
        await live.ivs.list_channels()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await live.ivs.list_channels()
        assert scope.cancelled_caught
        assert len(server.received) == 1


async def test_a_download_that_is_cancelled_already_sends_nothing() -> None:
    """It takes the same way up to its headers."""
    async with serving(answering(message(b"RIFF"))) as server:
        signalwire = roomtone.SignalWire(project_id="project-1", api_token="token-1", base_url=server.url)
        async with roomtone.Client(signalwire=signalwire, **loopback.own_transport({})) as live:
            async with live.signalwire.recordings.download("rec-1") as download:
                assert [chunk async for chunk in download] == [b"RIFF"]
            with anyio.CancelScope() as scope:
                scope.cancel()
                async with live.signalwire.recordings.download("rec-1") as download:
                    await anext(aiter(download))
            assert scope.cancelled_caught
        assert len(server.received) == 1


async def test_an_answer_that_is_here_is_not_lost_to_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose time runs out while it lets others run, its answer complete, returns it."""

    def hold_the_loop() -> None:
        time.sleep(0.12)

    async def busy() -> None:
        hold_the_loop()  # for longer than the call has left
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()

    async with serving(answering(message({"channels": []}))) as server, client_at(server.url) as live:
        await live.ivs.list_channels()
        monkeypatch.setattr(attempts, "give_way", busy)
        assert await live.ivs.with_options(timeout=0.1, attempt_timeout=0.1).list_channels()
        assert len(server.received) == 2


async def test_a_clock_that_runs_out_before_a_request_leaves_leaves_nothing_in_doubt() -> None:
    """The call was surely not sent, and says so."""
    async with serving(answering(message({"channels": []}))) as server, client_at(server.url) as live:
        await live.ivs.list_channels()
        with pytest.raises(errors.TimeoutError, match="no complete answer within the attempt's 1e-09 s") as caught:
            await live.ivs.with_options(attempt_timeout=1e-9, max_attempts=1).create_channel()
        assert (caught.value.maybe_processed, caught.value.attempts) == (False, 1)
        assert len(server.received) == 1


async def test_waiting_for_credentials_is_no_part_of_an_attempt() -> None:
    """The first time, and later when others have to be looked up: only the whole call's time goes on."""

    async def slowly() -> roomtone.Credentials:
        await anyio.sleep(0.19)
        return loopback.KEYS

    async with serving(answering(message({"channels": []}))) as server:
        aws = roomtone.Aws(region=loopback.REGION, credentials=slowly, endpoint_url=server.url)
        async with roomtone.Client(aws, **loopback.own_transport({"attempt_timeout": 0.15})) as live:
            await live.ivs.list_channels()
            live._connection._account.credentials.invalidate()
            await live.ivs.list_channels()
            live._connection._account.credentials.invalidate()
            with pytest.raises(errors.TimeoutError, match=r"the call's 0\.05 s"):
                await live.ivs.with_options(timeout=0.05).list_channels()
        assert len(server.received) == 2


@pytest.mark.parametrize(("mode", "ready"), [("standard", True), ("adaptive", False)])
async def test_a_call_that_may_have_to_wait_for_its_rate_is_not_ready(mode: roomtone.RetryMode, ready: bool) -> None:
    """Its attempt's clock does not run meanwhile; in standard mode, from the second call on, nothing is waited for."""
    async with serving(answering(message({"channels": []}))) as server:
        aws = roomtone.Aws(region=loopback.REGION, credentials=loopback.KEYS, endpoint_url=server.url, retry_mode=mode)
        async with roomtone.Client(aws, **loopback.own_transport({})) as live:
            connection, service = live._connection, type(live.ivs)._service
            assert not connection.is_ready(service, None)
            await live.ivs.list_channels()
            assert connection.is_ready(service, None) is ready


async def test_a_call_gives_way(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Others run before its request leaves and when it is done, even where nothing has to be waited for."""
    router.route().respond(200, json={"channels": []})
    await live.ivs.list_channels()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        await anyio.lowlevel.checkpoint()
        before = turns
        for _ in range(10):
            await live.ivs.list_channels()
        assert turns - before >= 2 * 10 - 1
        tasks.cancel_scope.cancel()


async def test_a_cancelled_call_leaves_the_client_usable() -> None:
    """After cancellations in the middle of answers, the same client goes on, with no connection left behind."""
    first = True

    async def once_silent(request: Received, stream: anyio.abc.ByteStream) -> None:
        if first:
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            await silent(request, stream)
        await stream.send(message(EMPTY_LIST))

    async with serving(once_silent) as server, client_at(server.url, max_connections=2) as live:
        for number in (1, 2, 3, 4):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(live.ivs.list_channels)
                while len(server.received) < number:
                    await anyio.sleep(0.001)
                tasks.cancel_scope.cancel()
            await server.until_closed()
        first = False
        for _ in range(4):
            assert (await live.ivs.list_channels()).channels == []
        assert (server.opened, server.open_at_most) == (5, 1)


async def test_a_connection_is_kept_and_used_again() -> None:
    """Calls one after the other share a connection."""
    async with serving(answering(message(EMPTY_LIST))) as server, client_at(server.url) as live:
        for _ in range(5):
            await live.ivs.list_channels()
        await live.ivschat.list_rooms()
        assert (server.opened, len(server.received)) == (1, 6)


async def test_a_connection_that_was_dropped_while_idle_is_not_used() -> None:
    """When the server has hung up in between, the next call opens a connection, unsafe or not, in one attempt."""
    async with serving(then_close(message(CHANNEL))) as server, client_at(server.url) as live:
        for number in (1, 2, 3):
            await live.ivs.create_channel()
            await server.until_closed()
            assert (server.opened, len(server.received)) == (number, number)


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    """HTTP/1.0 manners are understood."""
    raw = b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"channels":[]}'
    async with serving(then_close(raw)) as server, client_at(server.url) as live:
        assert await live.ivs.list_channels() == ListChannelsResponse(channels=[])


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a_compressed_answer(encoding: str, pack: Any) -> None:
    """Compressed answers are asked for and read; the reply's body is the decompressed one."""
    body = b'{"channels":[{"name":"\xc3\xbc"}]}'
    raw = message(pack(body), headers=[f"Content-Encoding: {encoding}"])
    async with serving(answering(raw)) as server, client_at(server.url) as live:
        channels = (await live.ivs.list_channels()).channels
        assert channels is not None
        assert channels[0].name == "ü"
        assert server.received[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    "packed", [b"this is not gzip", gzip.compress(b'{"channels":[]}')[:-12] + b"\0" * 12], ids=["no gzip", "spoilt"]
)
async def test_a_broken_compression_is_a_protocol_error(packed: bytes) -> None:
    """A body that is not in its declared encoding is no HTTP, and the call may have been carried out."""
    raw = message(packed, headers=["Content-Encoding: gzip"])
    async with serving(answering(raw)) as server, client_at(server.url, max_attempts=1) as live:
        with pytest.raises(errors.ProtocolError) as caught:
            await live.ivs.list_channels()
        assert caught.value.maybe_processed
        assert len(server.received) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """A redirect is an error of the service; nobody else gets the credentials."""
    async with serving(answering(message(EMPTY_LIST))) as elsewhere:
        moved = message(b"", status, [f"Location: {elsewhere.url}/ListChannels"])
        async with serving(answering(moved)) as server, client_at(server.url) as live:
            with pytest.raises(IVSError) as caught:
                await live.ivs.list_channels()
            assert type(caught.value) is IVSError
            assert (caught.value.status, caught.value.code, caught.value.attempts) == (status, str(status), 1)
            assert caught.value.headers["location"].startswith(elsewhere.url)
            assert len(server.received) == 1
        assert elsewhere.opened == 0


async def test_cookies_are_not_kept() -> None:
    """A cookie that is set is not sent back."""
    raw = message(EMPTY_LIST, headers=["Set-Cookie: a=b; Path=/", "Set-Cookie: c=d"])
    async with serving(answering(raw)) as server, client_at(server.url) as live:
        await live.ivs.list_channels()
        await live.ivs.list_channels()
        assert not any("cookie" in request.headers for request in server.received)


async def test_proxies_and_netrc_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A stray proxy or netrc in the environment gets nothing of a call."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    async with serving(answering(message(EMPTY_LIST))) as server, client_at(server.url) as live:
        await live.ivs.list_channels()
        assert server.received[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


async def test_odd_headers_of_an_answer_are_read() -> None:
    """Repeated headers are joined, bytes beyond ASCII do no harm, interim answers are passed over."""
    raw = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + message(
        b"{}", 404, ["X-Note: caf\xe9", "X-Two: a", "x-two: b", "x-amzn-RequestId: r-1"]
    )
    async with serving(answering(raw)) as server, client_at(server.url) as live:
        with pytest.raises(errors.NotFoundError) as caught:
            await live.ivs.get_channel(arn="a")
        assert caught.value.headers["x-two"] == "a, b"
        assert caught.value.headers["x-note"] == "caf\xe9"
        assert caught.value.request_id == "r-1"


@asynccontextmanager
async def raw_server(handle: Callable[[anyio.abc.ByteStream], Awaitable[None]]) -> AsyncIterator[int]:
    """The port of a server that knows nothing of HTTP."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield listener.extra(anyio.abc.SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


def trusting() -> ssl.SSLContext:
    """A context that trusts the test's own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    return context


async def test_a_tls_context_of_the_users_own() -> None:
    """`ssl_context` decides whom to trust: with it the call is made, without it nothing is sent."""
    async with serving(answering(message(EMPTY_LIST)), tls=True) as server:
        async with client_at(server.url, ssl_context=trusting()) as live:
            assert (await live.ivs.list_channels()).channels == []
        async with client_at(server.url, max_attempts=2, ssl_context=None) as live:
            Waits().of(live)
            with pytest.raises(errors.ConnectError, match="CERTIFICATE_VERIFY_FAILED") as caught:
                await live.ivs.create_channel()
            assert (caught.value.attempts, caught.value.maybe_processed) == (2, False)
        assert len(server.received) == 1


async def test_a_tls_handshake_that_never_ends_was_surely_not_sent() -> None:
    """A timeout before the request's first byte leaves no doubt and no connection: an unsafe call is tried again."""
    connections = ended = 0

    async def mute(stream: anyio.abc.ByteStream) -> None:
        nonlocal connections, ended
        connections += 1
        async with stream:
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    await stream.receive()
        ended += 1

    options = {"attempt_timeout": 0.15, "max_attempts": 2}
    async with raw_server(mute) as port, client_at(f"https://127.0.0.1:{port}", **options) as live:
        Waits().of(live)
        with pytest.raises(errors.TimeoutError) as caught:
            await live.ivs.create_channel()
        assert (caught.value.attempts, caught.value.maybe_processed) == (2, False)
        with anyio.fail_after(1):
            while ended < 2:
                await anyio.sleep(0.001)
    assert connections == 2


async def test_a_server_that_does_not_speak_tls() -> None:
    """A server that does not speak TLS was surely not sent anything."""

    async def bad_request(stream: anyio.abc.ByteStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(message(b"", 400))

    async with raw_server(bad_request) as port, client_at(f"https://127.0.0.1:{port}", max_attempts=1) as live:
        with pytest.raises(errors.ConnectError) as caught:
            await live.ivs.create_channel()
        assert not caught.value.maybe_processed


async def test_connections_are_no_more_than_allowed() -> None:
    """`max_connections` bounds the pool; calls beyond it wait for their turn and all are answered."""

    async def slow(request: Received, stream: anyio.abc.ByteStream) -> None:
        await anyio.sleep(0.005)
        await stream.send(message(EMPTY_LIST))

    async with serving(slow) as server, client_at(server.url, max_connections=2) as live:
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(live.ivs.list_channels)
        assert len(server.received) == 10
        assert server.open_at_most == 2


async def test_each_of_many_calls_gets_its_own_answer() -> None:
    """200 calls at a time on one client are never mixed up."""
    answers: dict[int, str] = {}

    async def echo(request: Received, stream: anyio.abc.ByteStream) -> None:
        arn = request.json["arn"]
        await anyio.sleep(0.02 if int(arn) % 7 == 0 else 0)
        await stream.send(message({"channel": {"arn": arn}}))

    async with serving(echo) as server, client_at(server.url) as live:

        async def ask(number: int) -> None:
            answers[number] = (await live.ivs.get_channel(arn=str(number))).channel.arn

        async with anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(ask, number)
        assert server.open_at_most <= 100
    assert answers == {number: str(number) for number in range(200)}


async def test_closing_the_client_closes_its_connections() -> None:
    """`aclose` ends every connection of the pool."""
    async with serving(answering(message(EMPTY_LIST))) as server:
        live = client_at(server.url)
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(live.ivs.list_channels)
        assert server.open_now >= 1
        await live.aclose()
        await server.until_closed()
        assert server.open_now == 0
        await live.aclose()
