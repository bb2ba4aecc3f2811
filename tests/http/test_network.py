"""Connecting on asyncio: any of several addresses, and nothing left open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import certifi
import httpcore
import pytest

from flow.loopback import Received, answering, client_at, message, serving, unused_port
from roomtone._http import network, tls
from roomtone._http.network import AsyncioBackend, AsyncioStream

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def addresses_of(host: str, port: int) -> list[str]:
        return list(addresses)

    monkeypatch.setattr(network, "_addresses", addresses_of)


async def silent(request: Received, stream: Any) -> None:
    await stream.receive()


async def test_an_address_that_refuses_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of which one address refuses is reached by the next one, at once."""
    resolving_to(monkeypatch, "127.0.0.3", "127.0.0.2", "127.0.0.1")
    async with serving(silent) as server:
        started = anyio.current_time()
        stream = await AsyncioBackend().connect_tcp("somewhere", server.port)
        assert anyio.current_time() - started < 0.2
        await stream.aclose()
        await server.until_closed()
        assert server.opened == 1


async def test_when_all_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the first one's refusal is the error."""
    resolving_to(monkeypatch, "127.0.0.1", "127.0.0.2")
    with pytest.raises(httpcore.ConnectError, match=r"127\.0\.0\.1"):
        await AsyncioBackend().connect_tcp("somewhere", unused_port())


async def test_an_address_that_does_not_answer_has_a_head_start_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next address is tried while the first one hangs; who comes second is closed."""
    monkeypatch.setattr(network, "_HEAD_START", 0.02)
    connect = network._connect

    async def slow_first(address: str, port: int) -> AsyncioStream:
        if address == "127.0.0.2":
            await anyio.sleep(0.15)
        return await connect(address, port)

    monkeypatch.setattr(network, "_connect", slow_first)
    resolving_to(monkeypatch, "127.0.0.2", "127.0.0.1")
    async with serving(silent) as server:
        started = anyio.current_time()
        stream = await AsyncioBackend().connect_tcp("somewhere", server.port)
        assert anyio.current_time() - started < 0.12
        await stream.aclose()
        await server.until_closed()
        assert server.opened == 1


@pytest.mark.parametrize("turns", range(1, 12))
async def test_cancelled_while_connecting(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it is cancelled, no socket stays open."""
    resolving_to(monkeypatch, "127.0.0.2", "127.0.0.1")
    async with serving(silent) as server:
        task = asyncio.create_task(AsyncioBackend().connect_tcp("somewhere", server.port))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await task).aclose()
        await server.until_closed()


async def test_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of both families alternate, the resolver's first one first; none is tried twice."""

    async def getaddrinfo(self: Any, host: str, port: int, **_: Any) -> Sequence[Any]:
        six = [(socket.AF_INET6, 1, 6, "", (address, port, 0, 0)) for address in ("::1", "::2", "::1")]
        return [*six, (socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    assert await network._addresses("somewhere", 80) == ["::1", "127.0.0.1", "::2"]
    assert await network._addresses("127.0.0.9", 80) == ["127.0.0.9"]
    assert await network._addresses("::1", 80) == ["::1"]


async def test_a_flood_is_not_taken_in_unread() -> None:
    """What nobody reads is left in the socket, but for a little; what is read comes whole and in order."""
    content = bytes(range(256)) * 16_000
    async with serving(answering(content)) as server:
        stream = await AsyncioBackend().connect_tcp("127.0.0.1", server.port)
        assert isinstance(stream, AsyncioStream)
        await stream.write(b"GET / HTTP/1.1\r\n\r\n")
        await anyio.sleep(0.05)
        assert stream._size < 1_000_000
        received = b""
        while len(received) < len(content):
            received += await stream.read(50_000)
        assert received == content
        await stream.aclose()


async def test_a_body_larger_than_the_sockets_buffers_is_sent() -> None:
    """Writing waits for a reader that is slow to begin."""
    got: list[int] = []

    async def slow(request: Received, stream: Any) -> None:
        got.append(len(request.body))
        await stream.send(message({"channel": {"arn": "a"}}))

    async with serving(slow) as server, client_at(server.url) as live:
        await live.ivs.create_channel(name="x" * 5_000_000)
    assert got[0] > 5_000_000


def test_whose_certificates_are_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, anyio_backend: str) -> None:
    """SSL_CERT_FILE, then SSL_CERT_DIR, then certifi's; what does not exist counts as not named. One per process."""
    bundle = tmp_path / "one.pem"
    pem = Path(certifi.where()).read_text("ascii")
    bundle.write_text(pem[pem.index("-----BEGIN") : pem.index("-----END CERTIFICATE-----") + 26], "ascii")
    assert tls.bundles() == (None, None)
    every = tls.shared_context((None, None))
    assert every is tls.shared_context((None, None))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    one = tls.shared_context(tls.bundles())
    assert (len(one.get_ca_certs()), one.verify_mode, one.check_hostname) == (1, ssl.CERT_REQUIRED, True)
    assert one.minimum_version is ssl.TLSVersion.TLSv1_2
    folder = tls.shared_context((str(tmp_path / "nothing.pem"), str(tmp_path)))
    assert folder.get_ca_certs() == []
    assert len(tls.shared_context(("nothing", "nowhere")).get_ca_certs()) == len(every.get_ca_certs()) > 100
