"""What a server can do wrong, by name: bytes on raw sockets, no HTTP library; `faults.toml` says what comes of it.

A behaviour is given each request and the answer that would be right, and does something else.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import gzip
import json
import ssl
import warnings
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import trustme
from attrs import field, frozen

from flow.loopback import Received, authority, default_tls, message, reset

Stream = anyio.abc.ByteStream
Answer = Callable[[Received, Stream, bytes], Awaitable[None]]

LIMIT = 200_000
"""The most bytes that the clients of these tests take; no right answer comes near it."""

SHORT = 0.05
"""Seconds that an attempt may take where a server does not come to an end."""


@frozen(kw_only=True)
class Behaviour:
    """One way to be wrong.

    Args:
        answer: What is done with each request, the right answer being at hand.
        raw: What is done with each connection instead, before any HTTP.
        certificate: The server's side of TLS, where it speaks TLS.
        trust: The client's side of TLS.
        listens: Whether there is a server at all.
        primed: A good call goes first, so that the one that counts finds a kept connection.
        options: The client's options.
    """

    answer: Answer | None = None
    raw: Callable[[Stream], Awaitable[None]] | None = None
    certificate: Callable[[], ssl.SSLContext] | None = None
    trust: Callable[[], ssl.SSLContext] = default_tls
    listens: bool = True
    primed: bool = False
    options: Mapping[str, Any] = field(factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether it answers requests, each in the same way and without TLS."""
        return self.answer is not None and self.certificate is None and not self.primed


BEHAVIOURS: dict[str, Behaviour] = {}


def add(name: str, **parts: Any) -> None:
    assert name not in BEHAVIOURS, f"{name} is there already"
    BEHAVIOURS[name] = Behaviour(**parts)


def behaviour(name: str, **parts: Any) -> Callable[[Answer], Answer]:
    """Adds a function as the answer of a behaviour."""

    def note(answer: Answer) -> Answer:
        add(name, answer=answer, **parts)
        return answer

    return note


def sending(*parts: bytes, then: str = "keep") -> Answer:
    """Sends these bytes; then keeps, closes or resets the connection."""

    async def answer(request: Received, stream: Stream, right: bytes) -> None:
        for part in parts:
            await stream.send(part)
        await finish(stream, then)

    return answer


def body(content: bytes, *headers: str, status: int = 200) -> Answer:
    return sending(message(content, status, headers))


async def finish(stream: Stream, then: str) -> None:
    if then == "reset":
        await reset(stream)
    elif then == "close":
        await stream.aclose()


async def until_gone(stream: Stream) -> None:
    """Says nothing more, and hears the other side hang up."""
    with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError, ssl.SSLError):
        while True:
            await stream.receive()


async def drip(stream: Stream, drop: bytes) -> None:
    while True:
        await stream.send(drop)
        await anyio.sleep(0.004)


# Connection

add("nobody listens", listens=False)
add("closed before the answer", answer=sending(then="close"))
add("reset before the answer", answer=sending(then="reset"))
add("closed within the headers", answer=sending(b"HTTP/1.1 200 OK\r\nContent-Le", then="close"))
add("reset within the headers", answer=sending(b"HTTP/1.1 200 OK\r\nContent-Le", then="reset"))
add("closed after the headers", answer=sending(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", then="close"))
add("reset after the headers", answer=sending(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", then="reset"))


def cut(then: str) -> Answer:
    async def answer(request: Received, stream: Stream, right: bytes) -> None:
        await stream.send(right[:-3])
        await finish(stream, then)

    return answer


add("closed within the body", answer=cut("close"))
add("reset within the body", answer=cut("reset"))


def at_second(second: Answer) -> Answer:
    """The first request of each connection is answered well, the second one so."""
    counts: dict[Stream, int] = {}

    async def answer(request: Received, stream: Stream, right: bytes) -> None:
        counts[stream] = counts.get(stream, 0) + 1
        await (well if counts[stream] == 1 else second)(request, stream, right)

    return answer


async def well(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(right)


add("kept connection reset as it is used", answer=at_second(sending(then="reset")), primed=True)
add("kept connection closed as it is used", answer=at_second(sending(then="close")), primed=True)


@behaviour("kept connection closed while idle", primed=True)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(right)
    await stream.aclose()


@behaviour("an answer that nobody asked for", primed=True)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(right)
    await anyio.lowlevel.checkpoint()
    await stream.send(message({"channel": {"arn": "astray"}}))


@behaviour("an answer that nobody asked for, at once", primed=True)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(right + message({"channel": {"arn": "astray"}}))


@behaviour("more bytes than declared", primed=True)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(right + b"}")


# TLS


def trusting() -> ssl.SSLContext:
    return _trusting()


@functools.cache
def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@functools.cache
def certified(*names: str, expired: bool = False, by: str = "ours") -> ssl.SSLContext:
    issuer = authority() if by == "ours" else trustme.CA()
    ends = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc) if expired else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(*names, not_after=ends).configure_cert(context)
    return context


@functools.cache
def outdated() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


add("TLS: a good certificate", answer=well, certificate=functools.partial(certified, "127.0.0.1"), trust=trusting)
add(
    "TLS: an answer that nobody asked for",
    answer=BEHAVIOURS["an answer that nobody asked for"].answer,
    certificate=functools.partial(certified, "127.0.0.1"),
    trust=trusting,
    primed=True,
)
add("TLS: an authority that is not known", answer=well, certificate=functools.partial(certified, "127.0.0.1"))
add(
    "TLS: another authority of the same name",
    answer=well,
    certificate=functools.partial(certified, "127.0.0.1", by="another"),
    trust=trusting,
)
add(
    "TLS: another host's certificate",
    answer=well,
    certificate=functools.partial(certified, "host.example"),
    trust=trusting,
)
add(
    "TLS: an expired certificate",
    answer=well,
    certificate=functools.partial(certified, "127.0.0.1", expired=True),
    trust=trusting,
)
add("TLS: 1.1 at most", answer=well, certificate=outdated, trust=trusting)


def after_hello(*parts: bytes, then: str) -> Callable[[Stream], Awaitable[None]]:
    async def serve(stream: Stream) -> None:
        await stream.receive()
        for part in parts:
            await stream.send(part)
        await finish(stream, then)
        if then == "stall":
            await until_gone(stream)

    return serve


add("TLS: plain HTTP instead", raw=after_hello(message(b"", 400), then="close"), trust=trusting)
add("TLS: garbage instead", raw=after_hello(b"\x00\xff" * 40, then="close"), trust=trusting)
add("TLS: closed within the handshake", raw=after_hello(then="close"), trust=trusting)
add("TLS: reset within the handshake", raw=after_hello(then="reset"), trust=trusting)
add(
    "TLS: a handshake that never ends",
    raw=after_hello(then="stall"),
    trust=trusting,
    options={"attempt_timeout": SHORT, "max_attempts": 2},
)


# Protocol

add("no HTTP", answer=sending(b"SSH-2.0-OpenSSH_9.9\r\n", then="close"))
add("binary garbage", answer=sending(bytes(range(256)) * 4, then="close"))
add("the HTTP/2 preface", answer=sending(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", then="close"))
add("HTTP/0.9", answer=sending(b'{"channel": {"arn": "a"}}', then="close"))
add("a status that is no number", answer=sending(b"HTTP/1.1 two OK\r\nContent-Length: 0\r\n\r\n"))
add("a status of four digits", answer=sending(b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"))


@behaviour("HTTP/1.0 with a length")
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(right.replace(b"HTTP/1.1", b"HTTP/1.0"))
    await stream.aclose()


@behaviour("HTTP/1.0 that ends with its connection")
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(b"HTTP/1.0 200 OK\r\n\r\n" + right.partition(b"\r\n\r\n")[2])
    await stream.aclose()


def before(*interim: bytes) -> Answer:
    async def answer(request: Received, stream: Stream, right: bytes) -> None:
        for part in interim:
            await stream.send(part)
        await stream.send(right)

    return answer


add("100 Continue first", answer=before(b"HTTP/1.1 100 Continue\r\n\r\n"))
add("103 Early Hints first, thrice", answer=before(*[b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"] * 3))
add("101 Switching Protocols", answer=sending(b"HTTP/1.1 101 Whatever\r\nUpgrade: x\r\n\r\n\x00\x01"))


def with_headers(*lines: str, cut_length: bool = False) -> Answer:
    """The right answer with more header lines, and without its length where it says so."""

    async def answer(request: Received, stream: Stream, right: bytes) -> None:
        head, _, content = right.partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if not (cut_length and line.startswith(b"Content-Length"))]
        await stream.send(b"\r\n".join([*kept, *(line.encode("latin-1") for line in lines), b"", content]))

    return answer


add("two lengths that differ", answer=with_headers("Content-Length: 3"))
add("a length that is no number", answer=with_headers("Content-Length: many", cut_length=True))
add("a negative length", answer=with_headers("Content-Length: -1", cut_length=True))
add("a length of 5,000 digits", answer=with_headers("Content-Length: " + "9" * 5000, cut_length=True))
add("a coding that is not known", answer=with_headers("Transfer-Encoding: secret, chunked", cut_length=True))
add("a header without a colon", answer=with_headers("no colon"))
add("a header with a NUL", answer=with_headers("X-Nul: a\x00b"))
add("a header name with a space", answer=with_headers("X Space: a"))
add("headers of 150,000 bytes", answer=with_headers(*(f"X-{number}: {'a' * 100}" for number in range(1500))))
add("a header line of 150,000 bytes", answer=with_headers("X-Long: " + "a" * 150_000))


def chunked(*parts: bytes, then: str = "keep") -> Answer:
    return sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *parts, then=then)


@behaviour("chunks of one byte")
async def _(request: Received, stream: Stream, right: bytes) -> None:
    content = right.partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in content)
    await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")


add("a chunk that is cut off", answer=chunked(b"20\r\n{", then="close"))
add("no last chunk", answer=chunked(b"2\r\n{}\r\n", then="close"))
add("a chunk size that is no number", answer=chunked(b"zz\r\n{}\r\n0\r\n\r\n"))
add("a chunk size of 100 digits", answer=chunked(b"f" * 100 + b"\r\n{}\r\n0\r\n\r\n"))
add("a chunk extension without end", answer=chunked(b"2;" + b"a" * 150_000))
add(
    "trailers of 150,000 bytes", answer=chunked(b"2\r\n{}\r\n0\r\n", *[b"X-T: " + b"a" * 100 + b"\r\n"] * 1500, b"\r\n")
)
add("204 without a body", answer=sending(b"HTTP/1.1 204 No Content\r\n\r\n"))
add("204 with a body", answer=sending(message({"channel": {"arn": "a"}}, 204)))
add("205 without a body", answer=body(b"", status=205))

# Body

add("200 without a body", answer=body(b""))
add("200 with a page", answer=body(b"<html><h1>Welcome</h1></html>", "Content-Type: text/html"))
add("200 with text", answer=body(b"OK"))
add("white space", answer=body(b"  \n"))
add("an empty object", answer=body(b"{}"))
add("a list", answer=body(b"[1, 2]"))
add("null", answer=body(b"null"))
add("a number", answer=body(b"17"))
add("a string", answer=body(b'"channel"'))
add("NaN", answer=body(b'{"channel": NaN, "Meeting": NaN, "sid": NaN}'))
add("bytes that are no UTF-8", answer=body(b'{"channel": {"arn": "\xff"}}'))
add("UTF-16", answer=body('{"channel": {"arn": "a"}}'.encode("utf-16")))
add("a byte order mark", answer=body(b"\xef\xbb\xbf{}"))
add("null for the resource", answer=body(b'{"channel": null, "Meeting": null}'))
add("a list for the resource", answer=body(b'{"channel": [], "Meeting": [], "calls": 5}'))
add("nested 100,000 deep", answer=body(b'{"a":' + b"[" * 90_000 + b"1" + b"]" * 90_000 + b"}"))
add("an integer of 5,000 digits", answer=body(b'{"channel": ' + b"9" * 5000 + b"}"))
add("JSON that is cut off", answer=body(b'{"channel": {"arn": "a'))
add("something after the JSON", answer=body(b"{} {}"))
add("a length beyond the limit", answer=sending(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{"))


@behaviour("a body without end")
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\n\r\n{")
    while True:
        await stream.send(b" " * 50_000)


@behaviour("chunks without end")
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await stream.send(b"4000\r\n" + b" " * 0x4000 + b"\r\n")


@functools.cache
def bomb(pack: Callable[[bytes], bytes]) -> bytes:
    return pack(b"{" + b" " * (64 * 2**20))


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content)


add("a gzip bomb of 64 MiB", answer=body(bomb(gzipped), "Content-Encoding: gzip"))
add("a deflate bomb of 64 MiB", answer=body(bomb(zlib.compress), "Content-Encoding: deflate"))
add("gzip that is none", answer=body(b"{}", "Content-Encoding: gzip"))
add("gzip that is cut off", answer=body(gzip.compress(b'{"a": 1}')[:-9], "Content-Encoding: gzip"))
add("gzip with a wrong checksum", answer=body(gzip.compress(b"{}")[:-8] + b"\0" * 8, "Content-Encoding: gzip"))
add("gzip twice", answer=body(gzip.compress(gzip.compress(b"{}")), "Content-Encoding: gzip, gzip"))
add("brotli, which was not asked for", answer=body(b"\x0b\x00\x80{}\x03", "Content-Encoding: br"))
add("an encoding that is not known", answer=body(b"\x00\x01", "Content-Encoding: rot13"))


@behaviour("gzip, which was asked for")
async def _(request: Received, stream: Stream, right: bytes) -> None:
    content = right.partition(b"\r\n\r\n")[2]
    await stream.send(message(gzip.compress(content), headers=["Content-Encoding: gzip"]))


# Service

for _status in (400, 401, 402, 403, 404, 409, 410, 413, 422, 429, 500, 501, 502, 503, 504, 505, 520):
    add(f"{_status}", answer=body(json.dumps({"message": "because"}).encode(), status=_status))
for _status in (400, 404, 429, 500, 503):
    add(f"{_status} with Retry-After", answer=body(b"{}", "Retry-After: 1", status=_status))
add("429 with x-amz-retry-after", answer=body(b"{}", "x-amz-retry-after: 1500", status=429))
add("503 with a date to wait for", answer=body(b"", "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT", status=503))
add("500 with a page", answer=body(b"<html>sorry</html>", "Content-Type: text/html", status=500))
add("502 without a body", answer=body(b"", status=502))
add("503 with a list", answer=body(b"[1]", status=503))
add("403 with bytes that are no text", answer=body(b"\xff\xfe", status=403))
add("400 nested 100,000 deep", answer=body(b"[" * 100_000, status=400))


@behaviour("404 with a body without end")
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(b"HTTP/1.1 404 Whatever\r\n\r\n{")
    while True:
        await stream.send(b" " * 50_000)


add(
    "409 with a body that does not come",
    answer=sending(b"HTTP/1.1 409 Whatever\r\nContent-Length: 99\r\n\r\n{", then="keep"),
    options={"attempt_timeout": SHORT, "max_attempts": 2},
)
add("503 with a body that breaks off", answer=sending(b"HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n{", then="close"))


def code(name: str, status: int = 400) -> Answer:
    return body(b"{}", f"x-amzn-ErrorType: {name}:http://internal.amazon.com/", status=status)


add("the code ThrottlingException", answer=code("ThrottlingException"))
add("the code ThrottledClientException", answer=code("ThrottledClientException", 429))
add("the code RequestTimeout", answer=code("RequestTimeout"))
add("the code ValidationException", answer=code("ValidationException"))
add("the code ServiceFailureException", answer=code("ServiceFailureException", 500))

# Redirects

for _status in (300, 301, 302, 303, 304, 307, 308):
    add(f"{_status} to elsewhere", answer=body(b"", "Location: http://127.0.0.1:1/", status=_status))

# Stalls and drips

_IMPATIENT = {"attempt_timeout": SHORT, "max_attempts": 2}


@behaviour("no answer at all", options=_IMPATIENT)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await until_gone(stream)


@behaviour("a stall within the headers", options=_IMPATIENT)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(right[:20])
    await until_gone(stream)


@behaviour("a stall within the body", options=_IMPATIENT)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(right[:-5])
    await until_gone(stream)


@behaviour("headers that drip", options=_IMPATIENT)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nX: ")
    await drip(stream, b"a")


@behaviour("interim answers without end", options=_IMPATIENT)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await drip(stream, b"HTTP/1.1 100 Continue\r\n\r\n")


@behaviour("a body that drips", options=_IMPATIENT)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    await drip(stream, b" ")


@behaviour("chunks that drip", options=_IMPATIENT)
async def _(request: Received, stream: Stream, right: bytes) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await drip(stream, b"1\r\n \r\n")


@behaviour("a slow answer that comes in time")
async def _(request: Received, stream: Stream, right: bytes) -> None:
    for at in range(0, len(right), 10):
        await stream.send(right[at : at + 10])
        await anyio.sleep(0.002)
