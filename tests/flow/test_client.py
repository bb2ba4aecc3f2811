"""The life of a client: opening, options, whose pool it is, and where it cannot be used."""

from __future__ import annotations

import os
import pickle
import ssl
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import respx
from attrs import evolve

import roomtone
from flow.loopback import KEYS, REGION, answering, client_at, default_tls, message, serving, silent
from roomtone import errors
from roomtone._http.connection import Connection
from roomtone._http.pool import Pool
from roomtone.config import Options

EMPTY_LIST = {"channels": []}
IVS = f"https://ivs.{REGION}.amazonaws.com"


@pytest.mark.anyio
async def test_a_client_works_without_async_with() -> None:
    """Creating and touching a client opens nothing; the first call does."""
    async with serving(answering(message(EMPTY_LIST))) as server:
        live = client_at(server.url)
        ivs = live.ivs
        assert ivs is live.ivs
        assert live._connection._transport is None
        assert server.opened == 0
        await ivs.list_channels()
        await live.ivs.list_channels()
        assert server.opened == 1
        await live.aclose()
        await server.until_closed()


@pytest.mark.anyio
async def test_a_closed_client_says_so() -> None:
    """After `aclose`, or after its `async with`, every service of a client refuses, and nothing is sent."""
    async with serving(answering(message(EMPTY_LIST))) as server:
        async with client_at(server.url) as live:
            await live.ivs.list_channels()
            clone = live.ivs.with_options(timeout=1)
        for use in (live.ivs.list_channels, clone.list_channels, live.ivschat.list_rooms, live.signalwire.calls.list):
            with pytest.raises(errors.ClientClosedError, match=r"the client is closed; make a new roomtone\.Client"):
                await use()
        never_opened = client_at(server.url)
        await never_opened.aclose()
        await never_opened.aclose()
        with pytest.raises(errors.ClientClosedError) as caught:
            await never_opened.ivs.list_channels()
        assert (caught.value.service, caught.value.operation, caught.value.attempts) == ("ivs", "ListChannels", 0)
        assert len(server.received) == 1


@pytest.mark.anyio
async def test_a_client_that_is_closed_while_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first call that finds the client closed when its pool is ready sends nothing."""
    async with serving(answering(message(EMPTY_LIST))) as server:
        live = client_at(server.url)
        opening = Connection._open

        async def slow(self: Connection) -> Any:
            found = await opening(self)
            await live.aclose()
            return found

        monkeypatch.setattr(Connection, "_open", slow)
        with pytest.raises(errors.ClientClosedError):
            await live.ivs.list_channels()
        assert server.opened == 0


@pytest.mark.anyio
async def test_closing_in_the_middle_of_a_call() -> None:
    """A call that is under way when its client closes is not sent again; an error of ours tells why."""
    async with serving(silent) as server:
        live = client_at(server.url)
        caught: list[errors.RoomtoneError] = []

        async def ask() -> None:
            try:
                await live.ivs.list_channels()
            except errors.RoomtoneError as error:
                caught.append(error)

        with anyio.fail_after(2):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                while not server.received:
                    await anyio.sleep(0.001)
                await live.aclose()
        assert [type(error) for error in caught] == [errors.ClientClosedError]
        assert caught[0].maybe_processed
        assert len(server.received) == 1


async def in_this_loop(live: roomtone.Client) -> None:
    await live.ivs.list_channels()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_client_belongs_to_its_event_loop(backend: str) -> None:
    """In another event loop than its first call's, a client refuses instead of hanging on foreign sockets."""
    with respx.mock() as router:
        router.post(f"{IVS}/ListChannels").respond(200, json=EMPTY_LIST)
        live = roomtone.Client(roomtone.Aws(region=REGION, credentials=KEYS), ssl_context=default_tls())
        _ = live.ivs  # touching is not using
        anyio.run(in_this_loop, live, backend=backend)
        for other in ("asyncio", "trio"):
            with pytest.raises(errors.ClientClosedError, match="opened in another event loop"):
                anyio.run(in_this_loop, live, backend=other)
        assert router.calls.call_count == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_client_does_not_survive_a_fork(backend: str) -> None:
    """The child of a fork refuses its parent's client, whose sockets are not its own; the parent goes on."""
    script = """
        import os, sys
        backend = sys.argv[1]
        import anyio, respx, roomtone
        from roomtone import errors

        async def main():
            aws = roomtone.Aws(region="eu-central-1", credentials=roomtone.Credentials("AK", "SK"))
            live = roomtone.Client(aws)
            with respx.mock() as router:
                router.post("https://ivs.eu-central-1.amazonaws.com/ListChannels").respond(200, json={"channels": []})
                await live.ivs.list_channels()
                child = os.fork()
                if child == 0:
                    try:
                        live.ivs.list_channels().send(None)
                    except errors.ClientClosedError as error:
                        os._exit(7 if "before a fork" in str(error) else 8)
                    os._exit(9)
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                await live.ivs.list_channels()
                await live.aclose()
            sys.exit(code)

        anyio.run(main, backend=backend)
    """
    # A process of its own, so that the fork takes nothing of pytest with it.
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(script), backend],
        env={**os.environ, "PYTHONPATH": str(Path(roomtone.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 7, done.stderr


@pytest.mark.anyio
async def test_concurrent_first_calls_set_up_once(router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many calls come first at a time, the pool is opened and the settings are loaded once."""
    import roomtone._http.providers as providers

    opened: list[Connection] = []
    loaded: list[roomtone.Aws] = []
    opening, loading = Connection._open, providers.load_settings

    async def count_open(self: Connection) -> Any:
        opened.append(self)
        await anyio.sleep(0.01)
        return await opening(self)

    async def count_load(aws: roomtone.Aws) -> Any:
        loaded.append(aws)
        await anyio.sleep(0.01)
        return await loading(aws)

    monkeypatch.setattr(Connection, "_open", count_open)
    monkeypatch.setattr(providers, "load_settings", count_load)
    router.route(url__startswith="https://").respond(200, json={})
    aws = roomtone.Aws(region=REGION, credentials=KEYS)
    async with roomtone.Client(aws, ssl_context=default_tls()) as live, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(live.ivs.list_channels)
            tasks.start_soon(live.ivschat.list_rooms)
    assert (len(opened), len(loaded)) == (1, 1)


@pytest.mark.anyio
async def test_a_default_client_makes_its_own_tls_context(router: respx.MockRouter) -> None:
    """Without `ssl_context` a verifying one is made, with TLS 1.2 or newer, off the event loop."""

    router.post(f"{IVS}/ListChannels").respond(200, json=EMPTY_LIST)
    async with roomtone.Client(roomtone.Aws(region=REGION, credentials=KEYS)) as live:
        await live.ivs.list_channels()
        pool = live._connection._transport
        assert isinstance(pool, Pool)
        context = pool._ssl_context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.anyio
async def test_a_users_own_client_serves_and_stays_open() -> None:
    """It carries the calls, without auth, cookies, headers, redirects and timeouts of its own, and is never closed."""
    async with serving(answering(message(EMPTY_LIST, headers=["Set-Cookie: seen=1"]))) as server:
        moved = message(b"", 307, [f"Location: {server.url}/elsewhere"])
        async with (
            serving(answering(message(EMPTY_LIST), moved)) as first,
            httpx.AsyncClient(
                auth=("user", "password"),
                cookies={"mine": "1"},
                headers={"authorization": "Bearer mine", "x-mine": "1"},
                params={"mine": "1"},
                follow_redirects=True,
                timeout=0.000001,
            ) as own,
        ):
            async with client_at(first.url, http_client=own) as live:
                await live.ivs.list_channels()
                with pytest.raises(errors.ApiError) as caught:
                    await live.ivs.list_channels()
                assert caught.value.status == 307
            assert not own.is_closed
            assert server.received == []
            for request in first.received:
                assert request.target == "/ListChannels"
                assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
                assert not {"cookie", "x-mine"} & request.headers.keys()
            assert (await own.get(f"{first.url}/mine", timeout=5, follow_redirects=False)).status_code == 307


@pytest.mark.anyio
async def test_a_users_own_client_keeps_our_time() -> None:
    """The attempt's timeout holds on a user's client, whatever its own is."""
    async with (
        serving(silent) as server,
        httpx.AsyncClient(timeout=None) as own,
        client_at(server.url, http_client=own, attempt_timeout=0.1, max_attempts=1) as live,
    ):
        with pytest.raises(errors.TimeoutError):
            await live.ivs.list_channels()


@pytest.mark.anyio
async def test_a_users_own_client_that_is_closed() -> None:
    """A client that its user has closed is told as such, and is no failure to retry."""
    own = httpx.AsyncClient()
    await own.aclose()
    async with client_at("http://127.0.0.1:1", http_client=own) as live:
        with pytest.raises(errors.ClientClosedError, match="http_client") as caught:
            await live.ivs.list_channels()
        assert not caught.value.maybe_processed


@pytest.mark.anyio
async def test_a_users_mock_transport_serves() -> None:
    """A client on a transport without a network, as tests have it, is as good as any."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=EMPTY_LIST)

    own = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    async with own, client_at("https://service.example", http_client=own) as live:
        await live.ivs.list_channels()
    assert [str(request.url) for request in seen] == ["https://service.example/ListChannels"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"aws": "eu-central-1"}, r"aws must be a roomtone\.Aws, not str"),
        ({"signalwire": "acme"}, r"signalwire must be a roomtone\.SignalWire, not str"),
        ({"aws": roomtone.Aws(endpoint_url={"ivs-chat": "https://x"})}, "called 'ivs-chat'; did you mean 'ivschat'"),
        ({"max_connections": 0}, "max_connections must be a whole number"),
        ({"max_connections": True}, "max_connections must be a whole number"),
        ({"max_connections": 1.5}, "max_connections must be a whole number"),
        ({"http_client": httpx.AsyncClient(), "ssl_context": default_tls()}, "ssl_context is for roomtone's own pool"),
        ({"engine": "httpx"}, "engine must be 'httpcore' or 'aiohttp', not 'httpx'"),
        ({"engine": "aiohttp", "http_client": httpx.AsyncClient()}, "leave out engine='aiohttp'"),
    ],
)
def test_a_client_of_the_wrong_parts_is_refused(options: dict[str, Any], reason: str) -> None:
    """Wrong arguments are told when the client is made."""
    with pytest.raises(errors.ConfigurationError, match=reason):
        roomtone.Client(**options)


@pytest.mark.parametrize("odd", [5, "httpx", httpx.Client(), httpx.AsyncClient], ids=lambda odd: type(odd).__name__)
@pytest.mark.anyio
async def test_what_is_no_async_client_is_refused(odd: Any) -> None:
    """A sync client and other things are refused with words, before anything is sent."""
    with pytest.raises(errors.ConfigurationError, match="http_client"):
        await client_at("https://service.example", http_client=odd).ivs.list_channels()


def test_no_secret_is_in_a_repr() -> None:
    """A client, its services and its configuration tell no key and no token."""
    live = roomtone.Client(
        roomtone.Aws(region=REGION, credentials=roomtone.Credentials("AKID", "top-secret", "top-token")),
        roomtone.SignalWire(space="acme", project_id="p", api_token="top-token"),
    )
    for thing in (live, live._connection, live.ivs, live.signalwire, live.signalwire.calls, live._connection.aws):
        assert "top-" not in repr(thing)
    assert "region 'us-west-2'" in repr(live.ivs.with_options(region="us-west-2"))
    assert "SignalWireClient" in repr(live.signalwire.conferences)


@pytest.mark.anyio
async def test_another_process_id_is_another_process(live: roomtone.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells a fork is the process id; the same loop object in a child is no excuse."""
    with pytest.raises(errors.RequestError):
        await live.ivs.get_channel(arn=5)  # type: ignore[arg-type]
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(errors.ClientClosedError, match="opened before a fork"):
        await live.ivs.get_channel(arn="a")


@pytest.mark.parametrize(
    ("failure", "kind", "maybe"),
    [
        (httpx.ConnectError("x"), errors.ConnectError, False),
        (httpx.ConnectTimeout("x"), errors.ConnectError, False),
        (httpx.PoolTimeout("x"), errors.ConnectError, False),
        (httpx.UnsupportedProtocol("x"), errors.ConnectError, False),
        (httpx.ReadTimeout("x"), errors.TimeoutError, True),
        (httpx.WriteTimeout("x"), errors.TimeoutError, True),
        (httpx.DecodingError("x"), errors.ProtocolError, True),
        (httpx.LocalProtocolError("x"), errors.ProtocolError, False),
        (httpx.RemoteProtocolError("x"), errors.ProtocolError, True),
        (httpx.ReadError("x"), errors.TransportError, True),
        (httpx.WriteError("x"), errors.TransportError, True),
        (httpx.CloseError("x"), errors.TransportError, True),
        (httpx.ProxyError("x"), errors.TransportError, True),
        (httpx.TooManyRedirects("x"), errors.TransportError, True),
        (httpx.StreamClosed(), errors.TransportError, True),
        (httpx.InvalidURL("x"), errors.TransportError, True),
        (OSError(5, "x"), errors.TransportError, True),
        (httpx.ReadError(""), errors.TransportError, True),
    ],
    ids=repr,
)
@pytest.mark.anyio
async def test_every_failure_of_httpx_is_one_of_ours(
    live: roomtone.Client, router: respx.MockRouter, failure: Exception, kind: type[errors.TransportError], maybe: bool
) -> None:
    """No error of the HTTP library leaks: each is a TransportError that knows whether the request may have arrived."""
    router.route(url__startswith="https://").mock(side_effect=failure)
    with pytest.raises(errors.TransportError) as caught:
        await live.ivs.with_options(max_attempts=1).list_channels()
    assert type(caught.value) is kind
    assert caught.value.maybe_processed is maybe
    assert caught.value.__cause__ is failure
    assert caught.value.message.endswith(f": {failure}" if str(failure) else ": ReadError")


# Options


@pytest.mark.anyio
async def test_a_clone_is_light_and_its_own(live: roomtone.Client, router: respx.MockRouter) -> None:
    """`with_options` leaves the original as it is and shares its connection; not given keeps, None resets."""
    clone = live.ivs.with_options(timeout=2.0, max_attempts=1, region="us-west-2")
    assert clone is not live.ivs
    assert type(clone) is type(live.ivs)
    assert clone._connection is live.ivs._connection
    assert live.ivs._options == Options()
    assert clone._options == Options(timeout=2.0, max_attempts=1, region="us-west-2")
    assert clone.with_options()._options == clone._options
    again = clone.with_options(timeout=None, attempt_timeout=None, max_attempts=None, region=None)
    assert again._options == Options(timeout=None, attempt_timeout=None)
    assert clone.with_options(attempt_timeout=1.5)._options == evolve(clone._options, attempt_timeout=1.5)
    signalwire = live.signalwire.with_options(timeout=None, attempt_timeout=3, max_attempts=2, headers={"x-a": "b"})
    assert signalwire._options == Options(timeout=None, attempt_timeout=3, max_attempts=2, headers={"x-a": "b"})
    assert signalwire.calls._client is signalwire
    with pytest.raises(TypeError):
        live.signalwire.with_options(region="eu-central-1")  # type: ignore[call-arg]


@pytest.mark.anyio
async def test_another_region(live: roomtone.Client, router: respx.MockRouter) -> None:
    """`region=` moves endpoint and signature; None goes back to the configured one."""
    router.route(url__startswith="https://").respond(200, json=EMPTY_LIST)
    west = live.ivs.with_options(region="us-west-2")
    await west.list_channels()
    await west.with_options(region=None).list_channels()
    first, second = (call.request for call in router.calls)
    assert first.url.host == "ivs.us-west-2.amazonaws.com"
    assert "/us-west-2/ivs/aws4_request" in first.headers["authorization"]
    assert second.url.host == f"ivs.{REGION}.amazonaws.com"
    with pytest.raises(errors.ConfigurationError, match="region"):
        await live.ivs.with_options(region="not a region").list_channels()


@pytest.mark.anyio
async def test_headers_of_ones_own(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Headers are added to every request, on top of earlier ones; `x-amz-*` among them are signed."""
    router.route(url__startswith="https://").respond(200, json=EMPTY_LIST)
    clone = live.ivs.with_options(headers={"X-Trace": "1", "x-amz-meta": "ü"}).with_options(headers={"x-more": "2"})
    await clone.list_channels()
    await live.ivs.list_channels()
    sent, plain = (call.request for call in router.calls)
    assert (sent.headers["x-trace"], sent.headers["x-more"]) == ("1", "2")
    assert dict(sent.headers.raw)[b"x-amz-meta"] == "ü".encode()
    assert ";x-amz-meta," in sent.headers["authorization"]
    assert not {"x-trace", "x-more", "x-amz-meta"} & set(plain.headers)
    later = clone.with_options(headers={"x-trace": "3", "user-agent": "mine/1"})
    await later.list_channels()
    sent = router.calls.last.request
    assert [value for name, value in sent.headers.multi_items() if name == "x-trace"] == ["3"]
    assert sent.headers["user-agent"] == "mine/1"


@pytest.mark.parametrize(
    ("options", "member"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"attempt_timeout": 0.0}, "attempt_timeout"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"max_attempts": 1.0}, "max_attempts"),
        ({"max_attempts": True}, "max_attempts"),
        ({"headers": {"bad name": "x"}}, "headers"),
        ({"headers": {"": "x"}}, "headers"),
        ({"headers": {5: "x"}}, "headers"),
        ({"headers": {"x-a": "secret\r\nx-b: c"}}, "headers['x-a']"),
        ({"headers": {"x-a": " secret"}}, "headers['x-a']"),
        ({"headers": {"x-a": 5}}, "headers['x-a']"),
        ({"headers": {"Authorization": "secret"}}, "headers['Authorization']"),
        ({"headers": {"Host": "secret"}}, "headers['Host']"),
        ({"headers": {"Content-Type": "secret"}}, "headers['Content-Type']"),
        ({"headers": {"cookie": "secret"}}, "headers['cookie']"),
        ({"headers": {"x-a": "\ud800"}}, "headers['x-a']"),
        ({"headers": ["x-a"]}, "headers"),
        ({"headers": None}, "headers"),
        ({"headers": "x-a: b"}, "headers"),
    ],
    ids=str,
)
def test_options_out_of_range_are_refused(options: dict[str, Any], member: str) -> None:
    """A wrong option is refused when it is given, by its name and without its value."""
    live = roomtone.Client()
    with pytest.raises(errors.RequestError) as caught:
        live.ivs.with_options(**options)
    assert caught.value.member == member
    assert "secret" not in str(caught.value)
    with pytest.raises(errors.RequestError):
        live.signalwire.with_options(**options)


@pytest.mark.anyio
async def test_no_limits_at_all(live: roomtone.Client, router: respx.MockRouter) -> None:
    """None and infinity are no limit."""
    router.route(url__startswith="https://").respond(200, json=EMPTY_LIST)
    for limit in (None, float("inf")):
        assert await live.ivs.with_options(timeout=limit, attempt_timeout=limit).list_channels()


@pytest.mark.anyio
async def test_an_endpoint_by_service(router: respx.MockRouter) -> None:
    """A mapping moves the services it names, and no other."""
    router.route(url__startswith="https://").respond(200, json=EMPTY_LIST)
    aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url={"ivs-realtime": "https://rt.example/base/"})
    async with roomtone.Client(aws, ssl_context=default_tls()) as live:
        await live.ivs_realtime.list_stages()
        await live.ivs.list_channels()
    assert [str(call.request.url) for call in router.calls] == [
        "https://rt.example/base/ListStages",
        f"{IVS}/ListChannels",
    ]


# What cannot be found out


@pytest.mark.anyio
async def test_no_region(router: respx.MockRouter) -> None:
    """Without a region nothing is sent; the message says what was tried and how to mend it."""
    async with roomtone.Client(roomtone.Aws(credentials=KEYS)) as live:
        with pytest.raises(errors.ConfigurationError, match="AWS_REGION") as caught:
            await live.ivs.list_channels()
    assert (caught.value.service, caught.value.attempts) == ("ivs", 0)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


@pytest.mark.anyio
async def test_the_loop_of_functions_is_told_to_aws(
    live: roomtone.Client, router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a Lambda function its trace id goes along, unsigned; elsewhere, or when it is odd, it does not."""
    router.route(url__startswith="https://").respond(200, json=EMPTY_LIST)
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    await live.ivs.list_channels()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    aws = roomtone.Aws(region=REGION, credentials=KEYS)
    async with roomtone.Client(aws, ssl_context=default_tls()) as within:
        await within.ivs.list_channels()
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "a\r\nx-evil: 1")
        await within.ivs.list_channels()
    sent = [call.request for call in router.calls]
    assert [request.headers.get("x-amzn-trace-id") for request in sent] == [None, trace, None]
    assert "trace" not in sent[1].headers["authorization"]
