"""From the exceptions of HTTP libraries to ours. Knows the names that httpx, httpx2, httpcore and aiohttp have."""

from __future__ import annotations

from typing import Literal, TypeAlias

from roomtone.errors import ConnectError, ProtocolError, RoomtoneError, TimeoutError, TransportError

__all__ = ["reason", "transport_error"]

_Kind: TypeAlias = Literal["connect", "timeout", "encoding", "request", "answer", "connection"]

_LIBRARIES = frozenset({"aiohttp", "anyio", "h11", "httpcore", "httpcore2", "httpx", "httpx2", "trio"})
_KINDS: dict[str, _Kind] = {
    "ConnectError": "connect",
    "ConnectTimeout": "connect",
    "PoolTimeout": "connect",
    "UnsupportedProtocol": "connect",
    "TimeoutException": "timeout",
    "DecodingError": "encoding",
    "LocalProtocolError": "request",
    "RemoteProtocolError": "answer",
    "ClientConnectorError": "connect",
    "ClientPayloadError": "answer",
    "ClientResponseError": "answer",
    "ServerDisconnectedError": "answer",
}


def transport_error(error: Exception, *, unsent: bool) -> TransportError | None:
    """What an exception means for the request; None when it is none of a connection's, or one of ours already.

    Args:
        error: What was raised while the request was on its way.
        unsent: Whether it is certain that no byte of it has left.
    """
    kind = None if isinstance(error, RoomtoneError) else _kind(error)
    if kind is None:
        return None
    why = reason(error)
    if kind == "request":
        return ProtocolError(f"the request is no HTTP: {why}")
    if kind == "timeout":
        return TimeoutError(f"timed out: {why}", maybe_processed=not unsent)
    if kind == "connect" or unsent:
        return ConnectError(f"no connection: {why}")
    if kind == "encoding":
        return ProtocolError(f"the answer's content encoding is broken: {why}", maybe_processed=True)
    if kind == "answer":
        return ProtocolError(f"the answer is no HTTP or broke off: {why}", maybe_processed=True)
    return TransportError(f"the connection failed: {why}", maybe_processed=True)


def _kind(error: Exception) -> _Kind | None:
    libraries = [cls for cls in type(error).__mro__ if cls.__module__.partition(".")[0] in _LIBRARIES]
    for cls in libraries:
        if cls.__name__ in _KINDS:
            return _KINDS[cls.__name__]
    # UnicodeError: a host name that cannot be looked up.
    return "connection" if libraries or isinstance(error, (OSError, UnicodeError)) else None


def reason(error: BaseException) -> str:
    """What an error says; where it says nothing, as trio's do, what the operating system or TLS said before it."""
    if type(error).__name__ == "ClientResponseError":  # aiohttp's, whose text has the URL
        return str(getattr(error, "message", ""))
    said: BaseException | None = error
    while said is not None:
        if str(said) and (said is error or isinstance(said, OSError)):
            return str(said)
        said = said.__cause__ or said.__context__
    return type(error).__name__
