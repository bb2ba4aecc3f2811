"""AWS Signature Version 4 over exactly the bytes that are sent. Pure; knows config.

No signing key is kept: deriving one takes four HMACs, a few microseconds, and a cache would be one more place with
secrets in it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timezone
from hashlib import sha256
from urllib.parse import quote

from roomtone.config import Credentials

__all__ = ["authorization", "sign"]

_ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"


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
    """
    timestamp = now.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": timestamp}
    if credentials.session_token:
        added["x-amz-security-token"] = credentials.session_token
    to_sign = {name: value for name, value in headers.items() if _is_signed(name)} | added
    added["authorization"] = authorization(
        method=method,
        path=path,
        query=query,
        signed_headers=to_sign,
        body=body,
        credentials=credentials,
        region=region,
        service=service,
    )
    return added


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
) -> str:
    """`authorization` over exactly these headers, `x-amz-date` among them: what `sign` adds and what verifies."""
    timestamp = signed_headers["x-amz-date"]
    names = sorted(signed_headers)
    signed_names = ";".join(names)
    canonical_request = "\n".join(
        [
            method.upper(),
            _canonical_path(path),
            _canonical_query(query),
            *(f"{name}:{' '.join(signed_headers[name].split())}" for name in names),
            "",
            signed_names,
            sha256(body).hexdigest(),
        ]
    )
    scope = f"{timestamp[:8]}/{region}/{service}/{_TERMINATOR}"
    string_to_sign = "\n".join([_ALGORITHM, timestamp, scope, sha256(canonical_request.encode()).hexdigest()])
    key = _signing_key(credentials.secret_access_key, timestamp[:8], region, service)
    signature = _hmac(key, string_to_sign).hex()
    return (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={signed_names}, Signature={signature}"
    )


def _is_signed(name: str) -> bool:
    return name in {"host", "content-type"} or name.startswith("x-amz-")


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
    if not query:
        return ""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&"))
    return "&".join(f"{key}={value}" for key, value in pairs)


def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, _TERMINATOR):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")
