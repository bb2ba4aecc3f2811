"""Facts: what a reader knows of a service, frozen and free of documentation. Emitters see nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import field, frozen

ScalarKind: TypeAlias = Literal["str", "int", "float", "bool", "datetime", "Decimal", "bytes"]
Place: TypeAlias = Literal["body", "path", "query", "header"]
Safety: TypeAlias = Literal["safe", "idempotent", "token", "unsafe", "once"]
Case: TypeAlias = Literal["pascal", "camel", "snake"]

MEANINGS = (
    "InvalidRequestError",
    "AuthenticationError",
    "PermissionDeniedError",
    "NotFoundError",
    "ConflictError",
    "QuotaExceededError",
    "ThrottledError",
    "ServiceFaultError",
    "UnavailableError",
)
"""The classes of `roomtone.errors` that an answer of a service can mean."""


@frozen
class Limits:
    """Documented limits of a value: numbers for numbers, lengths for strings and collections."""

    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None


@frozen
class Scalar:
    kind: ScalarKind
    epoch: bool = False
    """For datetime: epoch seconds in a body instead of ISO 8601."""
    sensitive: bool = False
    limits: Limits = Limits()
    url: bool = False
    """For str: documented as a URL."""


@frozen
class EnumOf:
    """A named open enum."""

    name: str
    sensitive: bool = False


@frozen
class ListOf:
    item: Type
    sensitive: bool = False
    limits: Limits = Limits()
    separator: str | None = None
    """Where a list is one string on the wire, what stands between its items; None for repeated keys or a JSON list."""


@frozen
class MapOf:
    key: Type
    value: Type
    sensitive: bool = False
    limits: Limits = Limits()


@frozen
class ShapeOf:
    name: str
    sensitive: bool = False


Type: TypeAlias = Scalar | EnumOf | ListOf | MapOf | ShapeOf


@frozen(kw_only=True)
class Member:
    name: str
    """The Python name: `lambda_`."""
    wire: str
    """The name a mapping of the API has: `Lambda`."""
    type: Type
    required: bool = False
    answered: bool = False
    """Curated: always in the answer, so never None."""
    never_none: bool = False
    """The items of a list answer: absent is empty."""
    place: Place = "body"
    at: str = ""
    """The label, query key or header name; empty for the body."""
    positional: bool = False
    """A resource id that methods take positionally (SignalWire)."""
    token: bool = False
    """An idempotency token."""
    numbered: str = ""
    """For a mapping sent as numbered pairs: the prefix, `Parameter` for `Parameter1.Name` and `Parameter1.Value`."""
    fixed: str = ""
    """For a required member whose method's name already says its only value, `stopped`: what it is when not given."""
    default: str = ""
    """What the service takes when it is not sent, where that is documented."""
    deprecated: bool = False


@frozen(kw_only=True)
class Shape:
    name: str
    """The Python class name; equal to the wire's but where curation names it otherwise."""
    members: tuple[Member, ...]
    union: bool = False
    """Exactly one member is given: emitted with the base `OneOf` of roomtone._core.model."""
    in_answer: bool = False
    """Reachable from a response or an error. A nested shape that is not is emitted with the base `RequestPart`."""
    in_request: bool = False
    """Reachable from a request: its sequences are `Sequence`, not `list`."""


@frozen(kw_only=True)
class Enum:
    name: str
    values: tuple[str, ...]


@frozen(kw_only=True)
class Error:
    name: str
    status: int
    meaning: str
    """A class of roomtone.errors: `NotFoundError`."""
    members: tuple[Member, ...] = ()


@frozen(kw_only=True)
class Pages:
    style: Literal["token", "uri"]
    items: str
    """The Python name of the response's list."""
    also: str = ""
    """Where the service sends the items under a second name as well, or instead: that one's Python name."""
    token: str = ""
    """The Python name of the token, the same in request and response."""
    cursors: tuple[str, ...] = ()
    """Request members that choose the page by a link's style: an iterator does not take them."""
    iterator: str = ""
    """The method's name: `iter_attendees`."""
    item_type: Type


@frozen(kw_only=True)
class Operation:
    name: str
    """`CreateAttendee`; SignalWire: `conferences.start_stream`."""
    python_name: str
    """The method: `create_attendee`, `start_stream`."""
    resource: str = ""
    """SignalWire: the resource the method lives on, `conferences`."""
    method: str
    path: str
    request: Shape
    response: str | None
    """The name of the response's class; None where there is no output."""
    body: Literal["json", "form"] | None
    safety: Safety
    token: str | None = None
    pages: Pages | None = None
    errors: tuple[str, ...] = ()
    error_statuses: Mapping[str, tuple[int, ...]] = field(factory=dict[str, tuple[int, ...]])
    """SignalWire: the documented statuses of failure, by the class of the service's errors that they arrive as."""
    download: bool = False
    """Media are answered, which the method streams; there is no response class."""
    documented: bool = True
    """For a download: the documentation says that its path answers media."""
    scopes: tuple[str, ...] = ()
    """SignalWire: what the API token must be allowed; one of them is enough."""
    deprecated: str | None = None
    """For a deprecated operation: since when, or an empty string."""
    reference: str = ""


@frozen(kw_only=True)
class Service:
    name: str
    """boto3's name, or `signalwire`."""
    package: str
    """`chime_sdk_meetings`."""
    title: str
    class_prefix: str
    """`ChimeSDKMeetings`: client, error base and undocumented errors are named by it."""
    request_case: Case
    shape_case: Case
    tolerant: bool = False
    endpoint_prefix: str = ""
    signing_name: str = ""
    service_id: str = ""
    base_path: str = ""
    operations: tuple[Operation, ...]
    shapes: tuple[Shape, ...]
    """Responses and nested shapes, by name; requests stand with their operations."""
    enums: tuple[Enum, ...]
    errors: tuple[Error, ...] = ()
