"""AWS Signature Version 4 over exactly the bytes that are sent. Pure; knows config."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from hashlib import sha256
from urllib.parse import quote

from roomtone.config import Credentials

__all__ = ["SigningKey", "authorization", "sign"]

_ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"
_SIGNED = frozenset({"content-type", "host"})
_NO_BODY = sha256(b"").hexdigest()
_PLAIN_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?")
"""Segments that are neither empty nor dots, of characters that are not quoted: most paths are their canonical form."""


_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class _Mac:
    """HMAC-SHA256 with one key: SHA-256 is kept at the two states that the key alone leads to (RFC 2104, section 4).

    `hmac` would look up the digest and hash the key for every message, which takes longer than hashing the message.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner = sha256(block.translate(_INNER))
        self._outer = sha256(block.translate(_OUTER))

    def hexdigest(self, message: bytes) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.hexdigest()


class SigningKey:
    """The key of one service in one region. The last one is kept, for as long as the day and the credentials last."""

    __slots__ = ("_credentials", "_day", "_kept", "_region", "_service")

    def __init__(self, region: str, service: str) -> None:
        self._region = region
        self._service = service
        self._credentials: Credentials | None = None
        self._day = ""
        self._kept: tuple[_Mac, str, str] | None = None

    def of(self, credentials: Credentials, day: str) -> tuple[_Mac, str, str]:
        """What signs with the key, its scope, and how a header of the two begins."""
        if self._kept is None or credentials is not self._credentials or day != self._day:
            scope = f"{day}/{self._region}/{self._service}/{_TERMINATOR}"
            key = _signing_key(credentials.secret_access_key, day, self._region, self._service)
            self._kept = _Mac(key), scope, f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope}"
            self._credentials, self._day = credentials, day
        return self._kept


def sign(
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
    key: SigningKey | None = None,
) -> dict[str, str]:
    """The headers to add to a request: `x-amz-date`, `x-amz-security-token` if there is one, `authorization`.

    Args:
        method: The HTTP method.
        path: The whole path as it is sent, percent-encoded.
        query: The query as it is sent, percent-encoded, without `?`.
        headers: The headers that are sent, names in lower case; `host` must be there, with the port when it is not the
            scheme's own. Signed are `host`, `content-type` and every `x-amz-*`.
        body: The body as it is sent.
        credentials: Who signs.
        region: The signing region.
        service: The service's signing name.
        now: The time of signing, aware.
        key: What keeps the key of this region and service from one signature to the next.
    """
    added = {"x-amz-date": _timestamp(now)}
    if credentials.session_token:
        added["x-amz-security-token"] = credentials.session_token
    to_sign = {name: headers[name] for name in headers if name in _SIGNED or name[:6] == "x-amz-"}
    to_sign.update(added)
    added["authorization"] = authorization(
        method=method,
        path=path,
        query=query,
        signed_headers=to_sign,
        body=body,
        credentials=credentials,
        region=region,
        service=service,
        key=key,
    )
    return added


def _timestamp(now: datetime) -> str:
    """`20261121T123005Z`."""
    utc = now if now.tzinfo is timezone.utc else now.astimezone(timezone.utc)
    # A third of the time that strftime takes for it.
    return "%04d%02d%02dT%02d%02d%02dZ" % (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)  # noqa: UP031


def authorization(
    *,
    method: str,
    path: str,
    query: str,
    signed_headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    region: str,
    service: str,
    key: SigningKey | None = None,
) -> str:
    """`authorization` over exactly these headers, `x-amz-date` among them: what `sign` adds and what verifies."""
    timestamp = signed_headers["x-amz-date"]
    mac, scope, claim = (key or SigningKey(region, service)).of(credentials, timestamp[:8])
    names = sorted(signed_headers)
    signed_names = ";".join(names)
    canonical_request = (
        f"{method.upper()}\n"
        f"{path if _PLAIN_PATH.fullmatch(path) else _canonical_path(path)}\n"
        f"{_canonical_query(query) if query else ''}\n"
        f"{_canonical_headers(names, signed_headers)}\n"
        f"{signed_names}\n{sha256(body).hexdigest() if body else _NO_BODY}"
    )
    string_to_sign = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical_request.encode()).hexdigest()}"
    return f"{claim}, SignedHeaders={signed_names}, Signature={mac.hexdigest(string_to_sign.encode())}"


def _canonical_headers(names: list[str], headers: Mapping[str, str]) -> str:
    lines = "".join([f"{name}:{headers[name]}\n" for name in names])
    # Whether no value has white space around it or twice in it is seen at one look at them all.
    if lines.isascii() and "  " not in lines and "\t" not in lines and ": " not in lines and " \n" not in lines:
        return lines
    return "".join([f"{name}:{_canonical_value(headers[name])}\n" for name in names])


def _canonical_value(value: str) -> str:
    """A header's value with every white space in it a single blank."""
    return " ".join(value.split())


def _canonical_path(path: str) -> str:
    """The sent path without empty and dot segments, quoted once more: `%2F` becomes `%252F`."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    trailing = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{trailing}", safe="/~")


def _canonical_query(query: str) -> str:
    """The sent pairs, sorted by key and then by value, as they are encoded."""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&"))
    return "&".join(f"{key}={value}" for key, value in pairs)


def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, _TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
