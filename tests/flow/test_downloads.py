"""Downloads: media as they come, over real connections, from the first header to the last byte on the disk."""

from __future__ import annotations

import builtins
import gc
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import httpx
import httpx2
import pytest
import respx

import roomtone
from flow import loopback
from flow.loopback import (
    Handler,
    Received,
    Waits,
    answering,
    default_tls,
    message,
    own_transport,
    serving,
    silent,
    then_close,
    then_reset,
    unused_port,
)
from roomtone import Download, errors
from roomtone.signalwire import (
    RecordingsDownloadRequest,
    SignalWireAuthenticationError,
    SignalWireError,
    SignalWireNotFoundError,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio", "aiohttp"])
def anyio_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both event loops, and the engine that runs on one of them alone."""
    if request.param != "aiohttp":
        return str(request.param)
    monkeypatch.setattr(loopback, "engine", "aiohttp")
    return "asyncio"


PATH = "/api/laml/2010-04-01/Accounts/P-1"
RECORDING = f"https://acme.signalwire.com{PATH}/Recordings/RE1"
MIB = 2**20
SOUND = bytes(range(256)) * 1000


def client_at(url: str, *, max_attempts: int | None = None, **options: Any) -> roomtone.Client:
    """A client whose SignalWire space is at `url`."""
    space = roomtone.SignalWire(space=url, project_id="P-1", api_token="t", max_attempts=max_attempts)
    return roomtone.Client(signalwire=space, **own_transport(options))


def sound(body: bytes = SOUND, *headers: str, status: int = 200) -> bytes:
    return message(body, status, ["Content-Type: audio/x-wav", "X-Request-Id: r-1", *headers])


def head(length: int) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: audio/x-wav", "X-Request-Id: r-1", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def then_silent(*parts: bytes) -> Handler:
    """A handler that sends these bytes and no more; it ends when the other side hangs up."""

    async def handle(request: Received, stream: anyio.abc.ByteStream) -> None:
        for part in parts:
            await stream.send(part)
        await silent(request, stream)

    return handle


async def read(download: Download) -> bytes:
    return b"".join([chunk async for chunk in download])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def until(condition: Any) -> None:
    with anyio.fail_after(2):
        while not condition():
            await anyio.sleep(0.001)


async def test_an_answer_and_its_bytes() -> None:
    """Entering a download gives what the headers say; reading it, the bytes; then the connection is used again."""
    async with serving(answering(sound())) as server, client_at(server.url) as live:
        for _ in range(2):
            async with live.signalwire.recordings.download("RE1") as media:
                assert (media.status, media.content_type, media.size) == (200, "audio/x-wav", len(SOUND))
                assert (media.request_id, media.attempts, media.headers["x-request-id"]) == ("r-1", 1, "r-1")
                chunks = [chunk async for chunk in media]
            assert b"".join(chunks) == SOUND
            assert all(chunks)
        assert await read(live.signalwire.recordings.download("RE1")) == SOUND
        assert server.opened == 1
        first = server.received[0]
        assert (first.method, first.target, first.body) == ("GET", f"{PATH}/Recordings/RE1", b"")
        assert first.headers["authorization"] == "Basic UC0xOnQ="
        assert (first.headers["accept"], first.headers["accept-encoding"]) == ("*/*", "identity")


async def test_the_paths() -> None:
    """Each download asks for the path beside its metadata; a recording's format is the ending of its path."""
    async with serving(answering(sound())) as server, client_at(server.url) as live:
        signalwire = live.signalwire
        for download in (
            signalwire.recordings.download("RE/1"),
            signalwire.recordings.download("RE1", format="wav"),
            signalwire.recordings.download("RE1", format="mp3"),
            signalwire.conferences.download_recording("CF1", "RE1"),
            signalwire.messages.download_media("SM1", "ME1"),
            signalwire.faxes.download_media("FX1", "ME1"),
        ):
            assert await read(download) == SOUND
        assert [request.target.removeprefix(PATH) for request in server.received] == [
            "/Recordings/RE%2F1",
            "/Recordings/RE1.wav",
            "/Recordings/RE1.mp3",
            "/Conferences/CF1/Recordings/RE1",
            "/Messages/SM1/Media/ME1",
            "/Faxes/FX1/Media/ME1",
        ]


@pytest.mark.parametrize(
    ("sid", "format_", "member"),
    [("", None, "sid"), ("..", None, "sid"), (None, None, "sid"), ("RE1", "", "format"), ("RE1", 3, "format")],
)
async def test_bad_arguments_are_refused(sid: Any, format_: Any, member: str) -> None:
    """A part of the path that is none is refused before anything is sent."""
    async with serving(answering(sound())) as server, client_at(server.url) as live:
        with pytest.raises(errors.RequestError, match=member) as caught:
            await read(live.signalwire.recordings.download(sid, format=format_))
        assert (caught.value.member, caught.value.operation) == (member, "recordings.download")
        assert server.opened == 0


async def test_nothing_is_sent_before_it_is_wanted() -> None:
    """Making a download sends nothing; its attributes say so."""
    async with serving(answering(sound())) as server, client_at(server.url) as live:
        download = live.signalwire.recordings.download("RE1")
        assert repr(download) == "<roomtone.Download recordings.download not open yet>"
        for name in ("status", "headers", "content_type", "size", "request_id", "attempts"):
            with pytest.raises(errors.RequestError, match="not open yet"):
                getattr(download, name)
        await anyio.sleep(0.005)
        assert server.opened == 0
        await download.aclose()
        with pytest.raises(errors.RequestError, match="closed already"):
            await read(download)


async def test_send_names_the_method() -> None:
    """`send` does not take a download: it would hold it in memory. It says what does."""
    async with client_at("acme") as live:
        with pytest.raises(errors.RequestError, match=r"signalwire\.recordings\.download\(\.\.\.\)"):
            await live.signalwire.send(RecordingsDownloadRequest(sid="RE1"))


async def test_chunks_come_before_the_end() -> None:
    """What the server has sent is there, while it has not yet sent the rest."""
    go_on = anyio.Event()

    async def in_two(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(head(8) + b"RIFF")
        await go_on.wait()
        await stream.send(b"WAVE")

    async with serving(in_two) as server, client_at(server.url) as live:
        chunks = aiter(live.signalwire.recordings.download("RE1"))
        assert await anext(chunks) == b"RIFF"
        go_on.set()
        assert await anext(chunks) == b"WAVE"
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await anext(chunks)


async def endless(request: Received, stream: anyio.abc.ByteStream) -> None:
    """16 MiB, the same 64 KiB again and again."""
    await stream.send(head(16 * MIB))
    block = bytes(64 * 1024)
    for _ in range(16 * MIB // len(block)):
        await stream.send(block)


async def test_a_large_file_is_never_in_memory(tmp_path: Path) -> None:
    """16 MiB go through in small chunks and to the disk, with less than a quarter of it in memory at a time."""
    async with serving(endless) as server, client_at(server.url) as live:
        assert await read(live.signalwire.recordings.download("warm-up")) == bytes(16 * MIB)
        tracemalloc.start()
        try:
            sizes = [len(chunk) async for chunk in live.signalwire.recordings.download("RE1")]
            written = await live.signalwire.recordings.download("RE1").save(tmp_path / "a.wav")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sum(sizes) == written == (tmp_path / "a.wav").stat().st_size == 16 * MIB
    assert max(sizes) <= 128 * 1024
    assert peak < 4 * MIB


async def test_a_small_answer_that_unpacks_to_much_is_no_danger() -> None:
    """4 MiB of zeros in a few packed bytes are given in small pieces."""
    packed = gzip.compress(bytes(4 * MIB))
    async with serving(answering(sound(packed, "Content-Encoding: gzip"))) as server, client_at(server.url) as live:
        sizes = [len(chunk) async for chunk in live.signalwire.recordings.download("RE1")]
    assert (sum(sizes), max(sizes)) == (4 * MIB, 64 * 1024)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(SOUND)),
        ("x-gzip", gzip.compress(SOUND[:1000]) + gzip.compress(SOUND[1000:])),
        ("deflate", zlib.compress(SOUND)),
        ("identity", SOUND),
        ("br", SOUND),
    ],
)
async def test_a_content_encoding(encoding: str, packed: bytes) -> None:
    """gzip and deflate are taken off, and the size is unknown then; what was not asked for stays as it is."""
    answer = sound(packed, f"Content-Encoding: {encoding}")
    async with (
        serving(answering(answer)) as server,
        client_at(server.url) as live,
        live.signalwire.recordings.download("RE1") as media,
    ):
        assert media.size == (len(SOUND) if encoding == "identity" else None)
        assert await read(media) == SOUND


@pytest.mark.parametrize("packed", [b"this is not gzip", gzip.compress(SOUND)[:-9], b"\x1f"])
async def test_a_broken_content_encoding(packed: bytes) -> None:
    """A body that is not in its encoding, or whose encoding ends too early, is a ProtocolError."""
    answer = sound(packed, "Content-Encoding: gzip")
    async with serving(answering(answer, sound())) as server, client_at(server.url) as live:
        with pytest.raises(errors.ProtocolError, match=f"encoding is broken, after {len(packed):,} bytes"):
            await read(live.signalwire.recordings.download("RE1"))
        assert await read(live.signalwire.recordings.download("RE1")) == SOUND


async def test_a_gap_ends_by_the_attempts_timeout() -> None:
    """When no chunk comes for `attempt_timeout`, it is over: a TimeoutError that says how far it came, once."""
    async with serving(then_silent(head(100), b"RIFF")) as server, client_at(server.url, attempt_timeout=0.1) as live:
        download = live.signalwire.recordings.download("RE1")
        with pytest.raises(errors.TimeoutError, match=r"for 0\.1 s, after 4 bytes") as caught:
            await read(download)
        error = caught.value
        assert isinstance(error, builtins.TimeoutError)
        assert (error.service, error.operation, error.attempts, error.request_id) == (
            *("signalwire", "recordings.download"),
            *(1, "r-1"),
        )
        await server.until_closed()
        assert len(server.received) == 1
        with pytest.raises(errors.RequestError, match="closed already"):
            await read(download)


async def test_a_slow_download_is_bounded_by_no_deadline() -> None:
    """Chunk by chunk it may take longer than `timeout` and `attempt_timeout`, for these bound it up to the headers."""

    async def slow(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(head(10))
        for number in range(10):
            await anyio.sleep(0.02)
            await stream.send(bytes([number]))

    async with serving(slow) as server, client_at(server.url, timeout=0.1, attempt_timeout=0.1) as live:
        assert await read(live.signalwire.recordings.download("RE1")) == bytes(range(10))


async def test_headers_that_do_not_come() -> None:
    """Up to its headers a download is a call: attempts end by `attempt_timeout`, all of them by `timeout`."""
    async with serving(silent) as server:
        async with client_at(server.url, attempt_timeout=0.05, max_attempts=2) as live:
            Waits().of(live)
            with pytest.raises(errors.TimeoutError, match=r"no headers of an answer within .* 0\.05 s") as caught:
                await read(live.signalwire.recordings.download("RE1"))
            assert (caught.value.attempts, len(server.received)) == (2, 2)
        async with client_at(server.url, timeout=0.05) as live:
            with pytest.raises(errors.TimeoutError, match=r"not done within the call's 0\.05 s"):
                async with live.signalwire.recordings.download("RE1"):
                    pytest.fail("there is nothing to read")
        await server.until_closed()


FAILURES = {
    "429": message({"message": "slow down"}, 429),
    "500": message({"message": "oops"}, 500),
    "503": message(b"<html>busy</html>", 503),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
async def test_it_is_repeated_before_the_first_byte(failure: bytes) -> None:
    """A failure that may pass is repeated, and its connection kept; what is told is of the answer that counts."""
    async with serving(answering(failure, failure, sound())) as server, client_at(server.url) as live:
        waits = Waits().of(live)
        async with live.signalwire.recordings.download("RE1") as media:
            assert media.attempts == 3
            assert await read(media) == SOUND
        assert len(waits.noted) == 2
        assert (server.opened, len(server.received)) == (1, 3)


async def test_a_lost_answer_is_repeated_a_lost_body_is_not() -> None:
    """No answer at all is a failure before the first byte; a body that broke off may have been used already."""
    calls = 0

    async def flaky(request: Received, stream: anyio.abc.ByteStream) -> None:
        nonlocal calls
        calls += 1
        await (then_close() if calls == 1 else then_close(head(8), b"RIFF"))(request, stream)

    async with serving(flaky) as server, client_at(server.url) as live:
        Waits().of(live)
        with pytest.raises(errors.ProtocolError) as caught:
            await read(live.signalwire.recordings.download("RE1"))
        assert (caught.value.attempts, len(server.received)) == (2, 2)


async def test_nobody_listens() -> None:
    """A refused connection is a ConnectError after all attempts."""
    async with client_at(f"http://127.0.0.1:{unused_port()}") as live:
        Waits().of(live)
        with pytest.raises(errors.ConnectError) as caught:
            await read(live.signalwire.recordings.download("RE1"))
        assert (caught.value.attempts, caught.value.maybe_processed) == (3, False)


BROKEN = {
    "closed": then_close(head(100), b"RIFF"),
    "reset": then_reset(head(100), b"RIFF"),
    "closed within a chunk": then_close(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nRIFF\r\n9\r\n"
    ),
    "no chunk": then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nRIFF\r\nwhat?\r\n"),
}


@pytest.mark.parametrize("handler", BROKEN.values(), ids=BROKEN.keys())
async def test_a_body_that_breaks_off(handler: Handler, tmp_path: Path) -> None:
    """It is a ProtocolError that tells how far it came; a file is not there then."""
    if handler is BROKEN["no chunk"] and loopback.engine == "aiohttp":
        pytest.skip("aiohttp reads what came with the headers before it gives them out")
    async with serving(handler) as server, client_at(server.url) as live:
        with pytest.raises(errors.ProtocolError, match=r"body broke off after [04] bytes") as caught:
            await live.signalwire.recordings.download("RE1").save(tmp_path / "a.wav")
        assert caught.value.__cause__ is not None
        assert (caught.value.operation, caught.value.attempts) == ("recordings.download", 1)
        assert len(server.received) == 1
        await server.until_closed()
    assert names_in(tmp_path) == []


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    """HTTP/1.0 manners are understood; the size is unknown then."""
    async with (
        serving(then_close(b"HTTP/1.0 200 OK\r\n\r\nRIFF")) as server,
        client_at(server.url) as live,
        live.signalwire.recordings.download("RE1") as media,
    ):
        assert (media.size, media.content_type, media.request_id) == (None, None, None)
        assert await read(media) == b"RIFF"


async def test_an_empty_body() -> None:
    """No bytes are no chunks."""
    async with (
        serving(answering(sound(b""))) as server,
        client_at(server.url) as live,
        live.signalwire.recordings.download("RE1") as media,
    ):
        assert media.size == 0
        assert [chunk async for chunk in media] == []


async def test_errors_of_the_service() -> None:
    """An error is decoded as elsewhere, with its code, message and request id, and the connection is kept."""
    gone = message({"code": 20404, "message": "no such recording"}, 404, ["X-Request-Id: r-9"])
    refused = message(b"<html>no</html>", 401)
    async with serving(answering(gone, refused, sound())) as server, client_at(server.url) as live:
        with pytest.raises(SignalWireNotFoundError, match="no such recording") as caught:
            await read(live.signalwire.recordings.download("RE1"))
        error = caught.value
        assert isinstance(error, errors.NotFoundError)
        assert (error.status, error.code, error.request_id, error.attempts) == (404, "20404", "r-9", 1)
        assert error.operation == "recordings.download"
        with pytest.raises(SignalWireAuthenticationError) as denied:
            await read(live.signalwire.recordings.download("RE1"))
        assert denied.value.body == "<html>no</html>"
        assert await read(live.signalwire.recordings.download("RE1")) == SOUND
        assert server.opened == 1


async def test_an_error_that_says_too_much() -> None:
    """Of an error's body no more than a megabyte or so is read; its status tells enough."""
    large = message(b"x" * (3 * MIB), 404)
    async with serving(answering(large)) as server, client_at(server.url) as live:
        with pytest.raises(SignalWireNotFoundError) as caught:
            await read(live.signalwire.recordings.download("RE1"))
        assert isinstance(caught.value.body, str)
        assert MIB <= len(caught.value.body) < 1.2 * MIB
        await server.until_closed()


async def test_an_error_whose_body_does_not_come() -> None:
    """An error is told by its status when its body does not come in time."""
    late = then_silent(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n", b"sorry")
    async with serving(late) as server, client_at(server.url, attempt_timeout=0.1) as live:
        with pytest.raises(SignalWireNotFoundError) as caught:
            await read(live.signalwire.recordings.download("RE1"))
        assert caught.value.body == "sorry"


@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """A redirect is an error of the service: nobody else gets the credentials, and its link is in the headers."""
    async with serving(answering(sound())) as elsewhere:
        moved = message(b"", status, [f"Location: {elsewhere.url}/a.wav"])
        async with serving(answering(moved)) as server, client_at(server.url) as live:
            with pytest.raises(SignalWireError) as caught:
                await read(live.signalwire.recordings.download("RE1"))
            assert (caught.value.status, caught.value.attempts) == (status, 1)
            assert caught.value.headers["location"] == f"{elsewhere.url}/a.wav"
        assert elsewhere.opened == 0


async def test_leaving_a_block_early() -> None:
    """Leaving the block ends the connection at once, whatever is left of the body; the pool goes on."""
    async with serving(endless) as server, client_at(server.url, max_connections=1) as live:
        for number in range(1, 4):
            async with live.signalwire.recordings.download("RE1") as media:
                async for chunk in media:
                    assert chunk
                    break
            await server.until_closed()
            assert server.opened == number
            gc.collect(1)
        async with live.signalwire.recordings.download("RE1"):
            pass
        await server.until_closed()
        assert repr(media) == "<roomtone.Download recordings.download closed>"


async def test_leaving_a_loop_early() -> None:
    """A loop without a block that is left early is closed by the next call, so even a pool of one goes on."""
    async with serving(endless) as server, client_at(server.url, max_connections=1) as live:
        for number in range(1, 4):
            async for chunk in live.signalwire.recordings.download("RE1"):
                assert chunk
                break
            gc.collect(1)
            assert server.opened == number
    await server.until_closed()


async def test_a_download_in_hand_may_go_on() -> None:
    """What was begun may be read on while the download is held, whatever calls are made in between."""
    async with serving(answering(sound())) as server, client_at(server.url) as live:
        media = live.signalwire.recordings.download("RE1")
        first = await anext(aiter(media))
        assert await read(live.signalwire.recordings.download("RE2")) == SOUND
        assert first + await read(media) == SOUND


async def test_a_body_that_was_here_already_gives_its_connection_back() -> None:
    """What was received with the headers is no reason to end the connection."""
    async with serving(answering(sound(b"RIFF"))) as server, client_at(server.url) as live:
        for _ in range(3):
            async with live.signalwire.recordings.download("RE1") as media:
                assert media.size == 4
        assert (server.opened, len(server.received)) == (1, 3)


async def test_cancelling_in_the_middle() -> None:
    """After cancellations before the headers, in the middle and between chunks, the pool has all its connections."""
    handler: list[Handler] = [silent, then_silent(head(100), b"RIFF"), then_silent(head(100), b"RIFF")]
    read_so_far: list[bytes] = []

    async def each(request: Received, stream: anyio.abc.ByteStream) -> None:
        await (handler.pop(0) if handler else answering(sound()))(request, stream)

    async def reading(live: roomtone.Client, between: bool) -> None:
        async for chunk in live.signalwire.recordings.download("RE1"):
            read_so_far.append(chunk)
            if between:
                await anyio.sleep_forever()

    async with serving(each) as server, client_at(server.url, max_connections=1) as live:
        for number, between in enumerate((False, False, True)):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(reading, live, between)
                await until(lambda seen=number: len(server.received) > seen and len(read_so_far) == seen)
                await anyio.sleep(0.002)
                tasks.cancel_scope.cancel()
        assert read_so_far == [b"RIFF", b"RIFF"]
        assert await read(live.signalwire.recordings.download("RE1")) == SOUND
        assert server.open_at_most <= 2


async def test_the_callers_own_deadline() -> None:
    """A cancel scope around the reading ends it as a cancellation, no error of ours."""
    async with serving(then_silent(head(100), b"RIFF")) as server, client_at(server.url) as live:
        with anyio.move_on_after(0.05) as scope:
            async with live.signalwire.recordings.download("RE1") as media:
                await read(media)
        assert scope.cancelled_caught
        await server.until_closed()


async def test_two_tasks_at_a_time_are_refused() -> None:
    """One download is read by one task; a second one is told so, and the first goes on."""
    go_on = anyio.Event()
    found: list[bytes] = []

    async def waiting(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(head(4))
        await go_on.wait()
        await stream.send(b"RIFF")

    async with (
        serving(waiting) as server,
        client_at(server.url) as live,
        live.signalwire.recordings.download("RE1") as media,
        anyio.create_task_group() as tasks,
    ):

        async def first() -> None:
            found.append(await read(media))

        tasks.start_soon(first)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(errors.RequestError, match="read by another task"):
            await read(media)
        go_on.set()
    assert found == [b"RIFF"]


async def test_closing_while_another_task_reads() -> None:
    """The reader gets what it waits for and is refused the rest, which would look like the end; nothing stays open."""
    go_on = anyio.Event()
    found: list[bytes] = []

    async def waiting(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(head(100))
        await go_on.wait()
        await stream.send(b"RIFF")
        await silent(request, stream)

    async def reading(media: Download) -> None:
        with pytest.raises(errors.RequestError, match="is closed"):
            found.extend([chunk async for chunk in media])

    async with serving(waiting) as server, client_at(server.url) as live:
        async with anyio.create_task_group() as tasks:
            media = await live.signalwire.recordings.download("RE1").__aenter__()
            tasks.start_soon(reading, media)
            await anyio.wait_all_tasks_blocked()
            await media.aclose()
            go_on.set()
        await server.until_closed()


async def test_a_download_is_good_for_one_time() -> None:
    """After its end, or outside its block, a download refuses to be read: it would look like an empty file."""
    async with serving(answering(sound())) as server, client_at(server.url) as live:
        media = live.signalwire.recordings.download("RE1")
        assert await read(media) == SOUND
        for again in (read(media), media.save("/nowhere/a.wav"), media.__aenter__()):
            with pytest.raises(errors.RequestError, match="already: ask for a new one"):
                await again
        assert media.status == 200
        async with live.signalwire.recordings.download("RE1") as media:
            with pytest.raises(errors.RequestError, match="opened already"):
                await media.__aenter__()
        with pytest.raises(errors.RequestError, match="closed already"):
            await read(media)
        await media.aclose()


async def test_after_the_client_is_closed() -> None:
    """Closing the client ends its downloads: the open ones, the ones left early and the ones not begun."""
    async with serving(endless) as server:
        live = client_at(server.url)
        media, unbegun = live.signalwire.recordings.download("RE1"), live.signalwire.recordings.download("RE2")
        chunks = aiter(media)
        await anext(chunks)
        async for _ in live.signalwire.recordings.download("RE3"):
            break
        await live.aclose()
        await server.until_closed()
        for closed in (chunks, unbegun):
            with pytest.raises(errors.ClientClosedError):
                await anext(closed)
        gc.collect(1)


async def test_closing_the_client_while_a_chunk_is_awaited() -> None:
    """Whoever waits for a chunk when the client is closed is told that the body broke off."""
    failures: list[errors.RoomtoneError] = []

    async def reading(live: roomtone.Client) -> None:
        try:
            await read(live.signalwire.recordings.download("RE1"))
        except errors.RoomtoneError as error:
            failures.append(error)

    async with serving(then_silent(head(100), b"RIFF")) as server:
        live = client_at(server.url)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reading, live)
            await until(lambda: server.received)
            await anyio.sleep(0.005)
            await live.aclose()
        await server.until_closed()
    assert [type(error) for error in failures] == [errors.ProtocolError]


async def test_saving(tmp_path: Path) -> None:
    """The file is complete or not there; progress counts up to the size; an older file is replaced at the end."""
    target = tmp_path / "a.wav"
    target.write_bytes(b"older")
    seen: list[tuple[int, int | None]] = []

    def progress(received: int, total: int | None) -> None:
        seen.append((received, total))
        assert target.read_bytes() == b"older"
        assert len(names_in(tmp_path)) == 2

    async with serving(answering(sound())) as server, client_at(server.url) as live:
        assert await live.signalwire.recordings.download("RE1").save(target, progress=progress) == len(SOUND)
        assert target.read_bytes() == SOUND
        assert await live.signalwire.recordings.download("RE1").save(str(tmp_path / "b.wav")) == len(SOUND)
        async with live.signalwire.recordings.download("RE1") as media:
            await media.save(tmp_path / "c.wav")
        assert server.opened == 1
    assert names_in(tmp_path) == ["a.wav", "b.wav", "c.wav"]
    assert {(tmp_path / name).read_bytes() for name in names_in(tmp_path)} == {SOUND}
    counts = [received for received, _ in seen]
    assert counts == sorted(counts)
    assert seen[-1] == (len(SOUND), len(SOUND))


async def test_an_empty_file_is_saved(tmp_path: Path) -> None:
    """Media of no bytes are a file of no bytes."""
    async with serving(answering(sound(b""))) as server, client_at(server.url) as live:
        assert await live.signalwire.recordings.download("RE1").save(tmp_path / "a.wav") == 0
    assert (tmp_path / "a.wav").read_bytes() == b""


async def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    """Errors, cancellation and a progress that raises leave what was there before, and nothing else."""
    target = tmp_path / "a.wav"
    target.write_bytes(b"older")

    class Stop(Exception):
        pass

    def stop(received: int, total: int | None) -> None:
        raise Stop

    answers = answering(message(b"", 404), sound())
    async with serving(answers) as server, client_at(server.url, max_connections=1) as live:
        with pytest.raises(errors.NotFoundError):
            await live.signalwire.recordings.download("RE1").save(target)
        for _ in range(2):
            with pytest.raises(Stop):
                await live.signalwire.recordings.download("RE1").save(target, progress=stop)
    async with serving(then_silent(head(100), b"RIFF")) as server, client_at(server.url) as live:
        with anyio.move_on_after(0.05) as scope:
            await live.signalwire.recordings.download("RE1").save(target)
        assert scope.cancelled_caught
        await server.until_closed()
    assert names_in(tmp_path) == ["a.wav"]
    assert target.read_bytes() == b"older"


async def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A place that cannot be written is the operating system's error, and nothing is sent for it."""
    (tmp_path / "file").touch()
    async with serving(answering(sound())) as server, client_at(server.url) as live:
        for target, error in (
            (tmp_path, IsADirectoryError),
            ("", IsADirectoryError),
            (tmp_path / "no" / "a.wav", FileNotFoundError),
            (tmp_path / "file" / "a.wav", NotADirectoryError),
        ):
            with pytest.raises(error):
                await live.signalwire.recordings.download("RE1").save(target)
        assert server.opened == 0
    assert names_in(tmp_path) == ["file"]


async def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk is told as it is; the connection is given back."""

    async def full(self: Any, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    async with serving(endless) as server, client_at(server.url, max_connections=1) as live:
        monkeypatch.setattr(anyio.AsyncFile, "write", full)
        with pytest.raises(OSError, match="No space left"):
            await live.signalwire.recordings.download("RE1").save(tmp_path / "a.wav")
        await server.until_closed()
    assert names_in(tmp_path) == []


async def test_what_save_refuses(tmp_path: Path) -> None:
    """No path, a progress that would have to be awaited, and media of which some is gone are refused."""

    async def awaited(received: int, total: int | None) -> None: ...

    async with serving(answering(sound())) as server, client_at(server.url) as live:
        refused: list[tuple[Any, Any]] = [(3, None), (tmp_path / "a", awaited), (tmp_path / "a", "progress")]
        for path, progress in refused:
            with pytest.raises(errors.RequestError):
                await live.signalwire.recordings.download("RE1").save(path, progress=progress)
        assert server.opened == 0
        async with live.signalwire.recordings.download("RE1") as media:
            await anext(aiter(media))
            with pytest.raises(errors.RequestError, match="was read"):
                await media.save(tmp_path / "a")
    assert names_in(tmp_path) == []


async def test_options_of_a_clone() -> None:
    """`with_options` holds for downloads: headers, attempts, timeouts."""
    async with serving(answering(message(b"", 503))) as server, client_at(server.url) as live:
        quick = live.signalwire.with_options(max_attempts=1, headers={"accept": "audio/mpeg", "x-team": "av"})
        with pytest.raises(errors.UnavailableError) as caught:
            await read(quick.recordings.download("RE1"))
        assert caught.value.attempts == 1
        assert server.received[0].headers["accept"] == "audio/mpeg"
        assert server.received[0].headers["x-team"] == "av"


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_a_users_client(library: Any) -> None:
    """A client of the user's streams as our own pool does, early end, broken body and redirect too; it stays open."""
    calls: list[Handler] = [endless, then_close(head(100), b"RIFF"), answering(message(b"", 302)), answering(sound())]

    async def each(request: Received, stream: anyio.abc.ByteStream) -> None:
        await (calls.pop(0) if len(calls) > 1 else calls[0])(request, stream)

    async with serving(each) as server:
        tls, limits = default_tls(), library.Limits(max_connections=1)
        async with library.AsyncClient(follow_redirects=True, verify=tls, limits=limits) as http:
            async with client_at(server.url, http_client=http) as live:
                async with live.signalwire.recordings.download("RE1") as media:
                    assert media.size == 16 * MIB
                    async for chunk in media:
                        assert 0 < len(chunk) <= 128 * 1024
                        break
                with pytest.raises(errors.ProtocolError, match="after 4 bytes"):
                    await read(live.signalwire.recordings.download("RE1"))
                with pytest.raises(SignalWireError):
                    await read(live.signalwire.recordings.download("RE1"))
                assert await read(live.signalwire.recordings.download("RE1")) == SOUND
                async for _ in live.signalwire.recordings.download("RE1"):
                    break
            assert not http.is_closed
            assert (await http.get(server.url)).content == SOUND
        assert "cookie" not in server.received[-1].headers


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_a_users_client_whose_hook_reads(library: Any) -> None:
    """A hook that reads every answer, for a log as it may be, takes nothing from the download."""

    async def hook(response: Any) -> None:
        await response.aread()

    answer = sound(gzip.compress(SOUND), "Content-Encoding: gzip")
    async with serving(answering(answer)) as server:
        hooks = {"response": [hook]}
        async with (
            library.AsyncClient(verify=default_tls(), event_hooks=hooks) as http,
            client_at(server.url, http_client=http) as live,
        ):
            assert await read(live.signalwire.recordings.download("RE1")) == SOUND


class Stream(httpx.AsyncByteStream):
    """A body of a transport that is no network: one chunk and an error, or chunks without end."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.begun = False
        self.closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.begun and self.error is not None:
            raise self.error
        self.begun = True
        return b"RIFF"

    async def aclose(self) -> None:
        self.closed = True


def mocked(stream: Stream) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=stream)))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadTimeout("late"), errors.TimeoutError),
        (httpx.ReadError("gone"), errors.ProtocolError),
        (OSError("gone"), errors.ProtocolError),
    ],
)
async def test_a_transport_with_errors_of_its_own(error: Exception, kind: type[errors.RoomtoneError]) -> None:
    """What a user's transport raises amidst a body becomes ours, and the answer is closed."""
    stream = Stream(error)
    async with mocked(stream) as http, client_at("acme", http_client=http) as live:
        with pytest.raises(kind, match=r"after 4 bytes.*: (late|gone)") as caught:
            await read(live.signalwire.recordings.download("RE1"))
        assert caught.value.__cause__ is error
    assert stream.closed


async def test_a_transport_that_never_waits() -> None:
    """An endless body that is always there can be left all the same."""
    stream = Stream()
    async with (
        mocked(stream) as http,
        client_at("acme", http_client=http) as live,
        live.signalwire.recordings.download("RE1") as media,
    ):
        assert await anext(media) == b"RIFF"
    assert stream.closed


async def test_a_users_client_that_is_closed() -> None:
    """A user's client that was closed too early is named."""
    http = httpx.AsyncClient(verify=default_tls())
    await http.aclose()
    async with client_at("acme", http_client=http) as live:
        with pytest.raises(errors.ClientClosedError, match="http_client"):
            await read(live.signalwire.recordings.download("RE1"))


async def test_plain_respx_mocks_a_download(tmp_path: Path, router: respx.MockRouter, live: roomtone.Client) -> None:
    """Routes of respx answer downloads, whole and in streams, read to the end or left early."""

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"RI", b"FF"):
            await anyio.lowlevel.checkpoint()
            yield part

    url = RECORDING.replace("P-1", "project-1")
    router.get(url).respond(content=SOUND, content_type="audio/x-wav")
    async with live.signalwire.recordings.download("RE1") as media:
        assert (media.content_type, media.size) == ("audio/x-wav", len(SOUND))
        assert await media.save(tmp_path / "a.wav") == len(SOUND)
    router.get(f"{url}.mp3").respond(stream=parts())
    assert await read(live.signalwire.recordings.download("RE1", format="mp3")) == b"RIFF"
    router.get(f"{url}.mp3").respond(stream=parts())
    async with live.signalwire.recordings.download("RE1", format="mp3") as media:
        assert await anext(aiter(media)) == b"RI"
    router.get(url).respond(404, json={"code": 20404, "message": "gone"})
    with pytest.raises(errors.NotFoundError, match="gone"):
        await read(live.signalwire.recordings.download("RE1"))
