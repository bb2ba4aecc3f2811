"""Who is asking: SigV4 signatures and Basic auth, verified over the bytes that came; doubles of services use it.

Knows the signer.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from attrs import frozen

from roomtone import errors
from roomtone._core.operation import AwsService
from roomtone._http.signing import authorization
from roomtone.config import Credentials

__all__ = ["Claim", "Sent", "basic_auth", "read_claim", "verify_basic", "verify_signature"]

MAX_SKEW = timedelta(minutes=5)

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request,\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@frozen
class Sent:
    """A request as it came: path and query as they were sent, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@frozen
class Claim:
    """What a request's SigV4 header says, with nothing of it proved."""

    access_key_id: str
    region: str
    signed_headers: tuple[str, ...]
    signature: str


def read_claim(sent: Sent, service: AwsService, now: datetime) -> Claim:
    """What the signature of a request claims; its form, date, service and signed headers are right.

    Raises:
        AuthenticationError: The signature is missing, malformed, stale, made for another service, or it leaves out a
            header that must be signed.
    """
    if "authorization" not in sent.headers:
        raise _refused("MissingAuthenticationTokenException", "the request is not signed")
    found = _AUTHORIZATION.fullmatch(sent.headers["authorization"])
    if found is None:
        raise _refused("IncompleteSignatureException", "the authorization header is no Signature Version 4", status=400)
    if found["service"] != service.signing_name:
        raise _refused("InvalidSignatureException", f"signed for another service than {service.signing_name!r}")
    names = tuple(found["headers"].split(";"))
    _check_date(sent, found["day"], now)
    unsigned = [name for name in sent.headers if _must_be_signed(name) and name not in names]
    if unsigned or not {*names} <= sent.headers.keys():
        raise _refused("InvalidSignatureException", "the signed headers are not the ones that came")
    return Claim(found["key"], found["region"], names, found["signature"])


def verify_signature(sent: Sent, service: AwsService, credentials: Credentials, now: datetime) -> str:
    """The region that a request was signed for.

    Raises:
        AuthenticationError: As for `read_claim`; or it was made with another key, or does not fit the bytes.
    """
    claim = read_claim(sent, service, now)
    if claim.access_key_id != credentials.access_key_id:
        raise _refused("UnrecognizedClientException", "nobody here knows this access key id")
    if sent.headers.get("x-amz-security-token") != credentials.session_token:
        raise _refused("UnrecognizedClientException", "the session token is not the one that goes with this key")
    expected = authorization(
        method=sent.method,
        path=sent.path,
        query=sent.query,
        signed_headers={name: sent.headers[name] for name in claim.signed_headers},
        body=sent.body,
        credentials=credentials,
        region=claim.region,
        service=service.signing_name,
    )
    if not hmac.compare_digest(expected.rpartition("=")[2], claim.signature):
        raise _refused("InvalidSignatureException", "the signature does not fit: another secret, or altered bytes")
    return claim.region


def _must_be_signed(name: str) -> bool:
    return name == "host" or name.startswith("x-amz-")


def _check_date(sent: Sent, day: str, now: datetime) -> None:
    stamp = sent.headers.get("x-amz-date", "")
    try:
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise _refused("IncompleteSignatureException", "no x-amz-date such as 20261121T120000Z", status=400) from None
    if not stamp.startswith(day):
        raise _refused("InvalidSignatureException", "the credential's day is not the day of x-amz-date")
    if abs(now - signed_at) > MAX_SKEW:
        raise _refused("InvalidSignatureException", "x-amz-date is more than 5 minutes off; is the clock right?")


def verify_basic(sent: Sent, project_id: str, api_token: str) -> None:
    """Refuses a request whose Basic auth is not the project's. Raises AuthenticationError."""
    expected = "Basic " + base64.b64encode(f"{project_id}:{api_token}".encode()).decode()
    if not hmac.compare_digest(sent.headers.get("authorization", "").encode(), expected.encode()):
        raise _refused("", "the project id or the API token is wrong", status=401)


def basic_auth(sent: Sent) -> tuple[str, str]:
    """Project id and API token of a request's Basic auth, with nothing of them proved. Raises AuthenticationError."""
    scheme, _, encoded = sent.headers.get("authorization", "").partition(" ")
    try:
        project_id, colon, api_token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # broken base64, or no UTF-8 in it
        colon = project_id = api_token = ""
    if scheme != "Basic" or not colon or not project_id or not api_token:
        raise _refused("", "the authorization header is no Basic auth of a project id and an API token", status=401)
    return project_id, api_token


def _refused(code: str, message: str, *, status: int = 403) -> errors.AuthenticationError:
    return errors.AuthenticationError(message, status=status, code=code)
