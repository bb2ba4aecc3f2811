"""One read-only call of a service by its public client, and what its outcome and its Date say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from attrs import define, field, fields, frozen

from roomtone import errors
from roomtone._core.operation import AwsService, Operation
from roomtone._core.skew import TOLERATED_SKEW, clock_skew
from roomtone._doctor.report import Finding, failed, ok, skipped, warning
from roomtone._service import ServiceClient
from roomtone.errors import ApiError, RoomtoneError
from roomtone.events import Attempt

__all__ = ["PROBES", "Question", "probe_of"]

NO_MEETING = "00000000-0000-0000-0000-000000000000"


@frozen
class Probe:
    """What a service is asked: an operation that reads, and the members that it cannot do without."""

    operation: str
    members: Mapping[str, object] = field(factory=dict)


PROBES: Mapping[str, Probe] = {
    "chime-sdk-identity": Probe("ListAppInstances"),
    "chime-sdk-media-pipelines": Probe("ListMediaPipelines"),
    # Meetings cannot be listed: a service that looks for one, and knows none, has found out who is asking.
    "chime-sdk-meetings": Probe("GetMeeting", {"meeting_id": NO_MEETING}),
    "chime-sdk-messaging": Probe("GetMessagingSessionEndpoint"),
    "chime-sdk-voice": Probe("ListVoiceConnectors"),
    "ivs": Probe("ListChannels"),
    "ivs-realtime": Probe("ListStages"),
    "ivschat": Probe("ListRooms"),
    "signalwire": Probe("conferences.list"),
}
"""By service. Of a list one item is asked for."""

_EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException"})
_SIGNATURE_CODES = frozenset(
    {
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_NOT_BY_KEY = frozenset({"", "MissingAuthenticationToken", "MissingAuthenticationTokenException"})
"""Refusals by somebody in between, who knows no codes, or of a request of which the signature did not arrive."""
_SET_THE_CLOCK = "set this machine's clock: turn on time synchronisation (NTP)"


def probe_of(client: ServiceClient) -> tuple[Operation[Any, Any], Any]:
    """The operation that a service is asked, and its request."""
    probe = PROBES[client._service.name]
    operation = next(one for one in client._operations if one.name == probe.operation)
    names = {member.name for member in fields(operation.request)}
    few = {name: 1 for name in ("max_results", "page_size") if name in names}
    return operation, operation.request(**few, **probe.members)


@define(eq=False)
class Question:
    """One call and what came of it."""

    client: ServiceClient
    access_key: str | None
    """How the access key is shown; None where there is none."""
    corrects_clock: bool
    """Whether the library puts the time of signatures right by the service's clock."""
    last: Attempt | None = field(default=None, init=False)
    """The last attempt of the call, which the client tells of."""
    _received: datetime | None = field(default=None, init=False)
    _skew: timedelta | None = field(default=None, init=False)

    def note(self, attempt: Attempt) -> None:
        self.last, self._received = attempt, datetime.now(timezone.utc)

    async def call(self) -> Finding:
        operation, request = probe_of(self.client)
        facts: dict[str, object] = {"operation": operation.name}
        try:
            reply = await self.client.send(request)
        except ApiError as error:
            self._read_clock(error.headers)
            return self._refused(error, operation, facts | self._facts(error))
        except errors.DecodeError as error:
            self._read_clock(error.reply.headers if error.reply else {})
            return failed(
                f"{operation.name}: the answer is not this API's: {error.message}",
                "see that the endpoint is the service's, and that no proxy or sign-in page answers in its place",
                **facts,
                **self._facts(error),
            )
        except RoomtoneError as error:
            return failed(
                f"{operation.name}: {error.message}",
                "the way to the service was there just before: try again, and look at what is in between",
                **facts,
                **self._facts(error),
            )
        self._read_clock(reply.headers)
        facts |= {"http_status": reply.status, "request_id": reply.request_id, "attempts": reply.attempts}
        return self._well(f"{operation.name} answered HTTP {reply.status}", facts)

    def _well(self, told: str, facts: Mapping[str, object], remark: str = "") -> Finding:
        assert self.last is not None
        milliseconds = round(self.last.duration * 1000, 1)
        return ok(f"{told} in {milliseconds:g} ms{remark}", **facts, milliseconds=milliseconds)

    def _facts(self, error: RoomtoneError) -> dict[str, object]:
        return {
            "error": type(error).__name__,
            "code": error.code if isinstance(error, ApiError) else None,
            "http_status": error.status if isinstance(error, ApiError) else None,
            "request_id": error.request_id,
            "attempts": error.attempts,
        }

    def _refused(self, error: ApiError, operation: Operation[Any, Any], facts: Mapping[str, object]) -> Finding:
        """What an error of the service means. Its own words are not shown: they can repeat what was signed."""
        named = error.code if error.code != str(error.status) else ""
        told = f"{operation.name}: {named} (HTTP {error.status})" if named else f"{operation.name}: HTTP {error.status}"
        is_aws = isinstance(operation.service, AwsService)
        match error:
            case errors.NotFoundError() if named and PROBES[operation.service.name].members:
                remark = ", as it should for an id that nothing has"
                return self._well(f"{operation.name} answered HTTP {error.status}", facts, remark)
            case errors.AuthenticationError() | errors.PermissionDeniedError() if is_aws and named in _NOT_BY_KEY:
                return failed(
                    f"{told}: this is not about the credentials",
                    "see that the endpoint is the service's, and that no proxy or firewall answers or alters requests",
                    **facts,
                )
            case errors.AuthenticationError():
                return failed(f"{told}: {self._why_unknown(error)}", self._if_unknown(error), **facts)
            case errors.PermissionDeniedError():
                return warning(
                    f"{told}: the credentials are good, but are not allowed this call",
                    self._if_denied(operation),
                    **facts,
                )
            case errors.ThrottledError():
                return warning(f"{told}: too many requests at the moment", "try again later", **facts)
            case errors.ServiceFaultError() | errors.UnavailableError():
                return failed(f"{told}: the service fails", "try again later, or look at its status page", **facts)
            case _:
                return failed(
                    f"{told}: that is no answer of this API's to expect", self._if_strange(operation), **facts
                )

    def _is_clock(self) -> bool:
        return self._skew is not None and abs(self._skew) > TOLERATED_SKEW

    def _why_unknown(self, error: ApiError) -> str:
        if self.access_key is None:
            return "the project id or the API token is wrong"
        if error.code in _EXPIRED_CODES:
            return "the credentials have expired"
        if error.code in _SIGNATURE_CODES:
            return "this machine's clock is wrong" if self._is_clock() else "the secret access key is wrong"
        return f"the service does not know the key {self.access_key}"

    def _if_unknown(self, error: ApiError) -> str:
        if self.access_key is None:
            return (
                "take SIGNALWIRE_PROJECT_ID and SIGNALWIRE_API_TOKEN from the space that SIGNALWIRE_SPACE names; "
                "the three belong together"
            )
        if error.code in _EXPIRED_CODES:
            return "get new ones: for a profile with SSO `aws sso login`, else set the three variables anew"
        if error.code in _SIGNATURE_CODES:
            return _SET_THE_CLOCK if self._is_clock() else f"set the secret that belongs to the key {self.access_key}"
        return (
            "correct the access key id; for a temporary key the session token has to go with it; "
            "see in IAM that the key is active, and that the account has turned the region on"
        )

    def _if_denied(self, operation: Operation[Any, Any]) -> str:
        service = operation.service
        if isinstance(service, AwsService):
            return f"allow `{service.signing_name}:{operation.name}` in IAM, if this check is to be made"
        return "give the API token the scope in the space's settings, if this check is to be made"

    def _if_strange(self, operation: Operation[Any, Any]) -> str:
        if isinstance(operation.service, AwsService):
            return "see that the endpoint is the service's, and that the service is in the region"
        return "look for a slip in SIGNALWIRE_SPACE, and that the space is there"

    def _read_clock(self, headers: Mapping[str, str]) -> None:
        assert self.last is not None
        assert self._received is not None
        sent = self._received - timedelta(seconds=self.last.duration)
        self._skew = clock_skew(headers, sent=sent, received=self._received)

    async def clock(self) -> Finding:
        if self._skew is None:
            return skipped("no answer came with a Date to hold the clock against")
        seconds = round(self._skew.total_seconds(), 1)
        facts = {"service_ahead_seconds": seconds, "tolerated_seconds": TOLERATED_SKEW.total_seconds()}
        if not self._is_clock():
            return ok(_offset(seconds), **facts)
        told = f"{_offset(seconds)}, and signatures are good for {TOLERATED_SKEW.total_seconds() / 60:g} min"
        if self.access_key is None:
            return warning(_offset(seconds), _SET_THE_CLOCK, **facts)
        if self.corrects_clock:
            told += ": roomtone signs by the service's clock, other programs do not"
            return warning(told, _SET_THE_CLOCK, **facts)
        return failed(told, f"{_SET_THE_CLOCK}; or unset AWS_DISABLE_CLOCK_SKEW_CORRECTION", **facts)


def _offset(seconds: float) -> str:
    if abs(seconds) < 2:
        return "within 2 s of the service's"
    size = f"{abs(seconds):.0f} s" if abs(seconds) < 120 else f"{abs(seconds) / 60:.0f} min"
    return f"{size} {'behind' if seconds > 0 else 'ahead of'} the service's"
