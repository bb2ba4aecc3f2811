"""The records that say what an API does on the wire: Service, Operation, pages; and the wire values they turn into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Literal, TypeAlias, TypeVar

from attrs import field, frozen

from roomtone._core.model import Request

RequestT = TypeVar("RequestT", bound=Request[object], covariant=True)  # noqa: PLC0105
ValueT = TypeVar("ValueT", covariant=True)  # noqa: PLC0105

Safety: TypeAlias = Literal["safe", "idempotent", "token", "unsafe", "once"]
"""What a second execution would do.

- safe: nothing, it reads;
- idempotent: it leaves the same state;
- token: the service recognises it by its idempotency token;
- unsafe: it creates or starts again;
- once: it dials, orders or sends again, so that even an error of the service is no licence to repeat it.
"""

BodyKind: TypeAlias = Literal["json", "form"]


@frozen(kw_only=True)
class AwsService:
    """One AWS service: what endpoints, signatures and messages need to know of it."""

    name: str
    """boto3's name: `chime-sdk-meetings`."""
    title: str
    """The service's full name."""
    endpoint_prefix: str
    signing_name: str
    service_id: str
    """As it stands in `AWS_ENDPOINT_URL_<SERVICE_ID>`: `CHIME_SDK_MEETINGS`."""


@frozen(kw_only=True)
class SignalWireService:
    """The SignalWire compatibility API."""

    name: str
    title: str
    base_path: str
    """`/api/laml/2010-04-01`."""


Service: TypeAlias = AwsService | SignalWireService


@frozen(kw_only=True)
class TokenPages:
    """Pages by a token: the answer's token goes into the next request."""

    token: str
    """The Python name of the token, the same in request and response."""
    items: str
    """The Python name of the response's list."""


@frozen(kw_only=True)
class UriPages:
    """Pages by a link: of the answer's `next_page_uri` only the query is followed, on the same path and origin."""

    items: str
    """The Python name of the response's list."""
    also: str = ""
    """A second name that the service sends the same items under, or nothing but that one."""


Pages: TypeAlias = TokenPages | UriPages


@frozen(kw_only=True, eq=False)
class Operation(Generic[RequestT, ValueT]):
    """One API operation: the record that client methods, paginators, test kit, emulator and docs all read.

    Members are named by their Python names; what stands in no place of path, query or header is in the body.
    """

    service: Service
    name: str
    """`CreateAttendee`; SignalWire: `conferences.start_stream`."""
    method: str
    path: str
    """With labels in braces and the fixed query after `?`: `/meetings/{MeetingId}/attendees?operation=batch-create`.

    `{.Format}` is an ending that may be left out, with its dot: `.mp3`.
    """
    request: type[RequestT]
    response: type[ValueT]
    """The class of the answer; `NoneType` where the API has no output, `bytes` for media."""
    download: bool = False
    """The answer is media: methods stream it, and it is never decoded."""
    labels: Mapping[str, str] = field(factory=dict)
    """Path members: Python name -> label."""
    query: Mapping[str, str] = field(factory=dict)
    """Query members: Python name -> query key."""
    headers: Mapping[str, str] = field(factory=dict)
    """Header members: Python name -> header name in lower case."""
    body: BodyKind | None = None
    """How the remaining members are sent; None when the request has no body member, so no body is sent."""
    token: str | None = None
    """The idempotency token, filled in once per call when it is absent."""
    safety: Safety = "unsafe"
    pages: Pages | None = None
    errors: tuple[str, ...] = ()
    """The names of the errors documented for this operation."""
    reference: str = ""
    """The link to the API's reference page."""


class Headers(dict[str, str]):
    """Headers by their names in lower case. `repr` shows the names alone: values can be signatures and tokens."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self)}>"


MAX_TARGET = 60_000
"""How many characters path and query of a request may have: HTTP libraries refuse more, and servers far fewer."""


@frozen
class WireRequest:
    """A request made ready, the same on every attempt: what is signed and sent is these very bytes.

    `path` is percent-encoded and relative to the endpoint's own path; `query` is encoded, without `?`. Header names are
    in lower case. All but the method can hold secrets, labels too, so `repr` shows none of it.
    """

    method: str
    path: str = field(repr=False)
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@frozen
class WireReply:
    """An answer as bytes: header names in lower case, the body decompressed."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@frozen(kw_only=True)
class Reply(Generic[ValueT]):
    """What `send` returns: the typed value, and how it came.

    Args:
        value: The response.
        status: The HTTP status.
        headers: The answer's headers, names in lower case.
        body: The answer's body, decompressed.
        request_id: The service's request id, if it sent one.
        attempts: How many requests it took.
    """

    value: ValueT
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    request_id: str | None
    attempts: int
