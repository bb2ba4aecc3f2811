"""What a user can configure: Aws, SignalWire, Credentials, Options. Knows the error tree; reads nothing."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, TypeVar

from attrs import field, frozen

from roomtone.errors import ConfigurationError, RequestError

__all__ = [
    "NOT_GIVEN",
    "Aws",
    "Credentials",
    "CredentialsProvider",
    "EngineName",
    "NotGiven",
    "Options",
    "RetryMode",
    "SignalWire",
]

DEFAULT_MAX_ATTEMPTS = 3
"""Attempts in total per call, where nothing else is configured."""

DEFAULT_MAX_RESPONSE_BYTES = 64 * 2**20
"""The most bytes of an answer that are read, where nothing else is configured."""

EngineName: TypeAlias = Literal["httpcore", "aiohttp"]
"""What carries the calls of a client that was given no HTTP client of the user's."""

RetryMode: TypeAlias = Literal["standard", "adaptive"]


class NotGiven(Enum):
    """The type of `NOT_GIVEN`, which tells an option that was left out from one set to None."""

    NOT_GIVEN = "NOT_GIVEN"

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN


def _without_password(value: object) -> str:
    """`repr` of a URL, or of several, without the user name and password that one can hold and none may."""
    return re.sub(r"//[^/\s]*@", "//...@", repr(value))


_C = TypeVar("_C")


def _forgetful(cls: type[_C]) -> type[_C]:
    """A class of which `__init__` refuses its arguments without a trace: no frame of ours keeps a secret among them."""
    target: Any = cls
    init: Any = target.__init__

    @functools.wraps(init)
    def refusing(self: _C, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except ConfigurationError as error:
            refusal = error.message
        else:
            return
        del args, kwargs
        raise ConfigurationError(refusal)

    target.__init__ = refusing
    return cls


@_forgetful
@frozen
class Credentials:
    """AWS credentials. The secrets are left out of `repr`.

    Args:
        access_key_id: The access key id.
        secret_access_key: The secret access key.
        session_token: The session token of temporary credentials.
        expires_at: When temporary credentials end, as an aware datetime; None for those that do not.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("access_key_id", "secret_access_key"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value or value != value.strip():
                raise ConfigurationError(f"Credentials.{name} must be a non-empty str without surrounding white space")
        if self.session_token is not None and not isinstance(self.session_token, str):
            raise ConfigurationError("Credentials.session_token must be a str or None")
        if self.expires_at is not None and (
            not isinstance(self.expires_at, datetime) or self.expires_at.tzinfo is None
        ):
            raise ConfigurationError(
                "Credentials.expires_at must be an aware datetime, as datetime.now(timezone.utc) gives, or None"
            )


CredentialsProvider: TypeAlias = Callable[[], "Credentials | Awaitable[Credentials]"]
"""A function, plain or async, that returns fresh credentials. A plain one runs in a worker thread."""


@frozen(kw_only=True)
class Aws:
    """How to reach the AWS services; what is not given comes from the environment and the profile.

    Args:
        region: The region (`eu-central-1`); else `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.
        credentials: Credentials, or a provider of them; else botocore's whole chain.
        profile: The profile of the shared config files; else `AWS_PROFILE`, else `default`.
        endpoint_url: Another endpoint for all services, or a mapping from boto3's service names to endpoints.
        use_fips: Use FIPS endpoints; None asks the environment and the profile.
        use_dualstack: Use dual-stack endpoints; None asks the environment and the profile.
        retry_mode: `standard`, or `adaptive`, which also sends at no higher rate than the service takes on, once that
            has throttled; None asks the environment and the profile, else `standard`.
        max_attempts: Attempts in total per call; None asks the environment and the profile, else 3.
        allow_http: Allow plain http to an endpoint that is not on loopback.
    """

    region: str | None = None
    credentials: Credentials | CredentialsProvider | None = None
    profile: str | None = None
    endpoint_url: str | Mapping[str, str] | None = field(default=None, repr=_without_password)
    use_fips: bool | None = None
    use_dualstack: bool | None = None
    retry_mode: RetryMode | None = None
    max_attempts: int | None = None
    allow_http: bool = False

    def __attrs_post_init__(self) -> None:
        check_max_attempts(self.max_attempts, "Aws")
        if self.retry_mode not in (None, "standard", "adaptive"):
            raise ConfigurationError(f"Aws.retry_mode must be 'standard' or 'adaptive', not {self.retry_mode!r}")


@_forgetful
@frozen(kw_only=True)
class SignalWire:
    """How to reach a SignalWire space. What is not given comes from `SIGNALWIRE_SPACE`, `_PROJECT_ID` and `_API_TOKEN`.

    Args:
        space: The space: `acme`, `acme.signalwire.com` or an https URL as `https://acme.signalwire.com`; a loopback
            address, as `127.0.0.1:8900`, means plain http.
        project_id: The project id, which is the account SID of every request.
        api_token: The API token; left out of `repr`.
        base_url: Another origin for the API, instead of the space's, with a path before the API's own if need be.
        max_attempts: Attempts in total per call; None means 3.
        allow_http: Allow plain http to a host that is not on loopback.
    """

    space: str | None = field(default=None, repr=_without_password)
    project_id: str | None = None
    api_token: str | None = field(default=None, repr=False)
    base_url: str | None = field(default=None, repr=_without_password)
    max_attempts: int | None = None
    allow_http: bool = False

    def __attrs_post_init__(self) -> None:
        check_max_attempts(self.max_attempts, "SignalWire")


_T = TypeVar("_T")


def _given(new: _T | NotGiven, old: _T) -> _T:
    return old if isinstance(new, NotGiven) else new


@frozen(kw_only=True)
class Options:
    """What `with_options` sets for the calls of one client.

    Args:
        timeout: Seconds for the whole call, waits and retries included; None for no limit.
        attempt_timeout: Seconds for one attempt, from connecting to the last byte; None for no limit.
        max_attempts: Attempts in total; None for the configured number.
        region: The region of the calls (AWS only); None for the configured one.
        headers: Headers added to every request; left out of `repr`.
        max_response_bytes: The most bytes of an answer, decompressed; a larger one is an error and not held in memory.
    """

    timeout: float | None = 60.0
    attempt_timeout: float | None = 20.0
    max_attempts: int | None = None
    region: str | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES

    def __attrs_post_init__(self) -> None:
        if not _is_attempts(self.max_attempts):
            raise RequestError("max_attempts must be a whole number, 1 or more, or None", member="max_attempts")
        for name in ("timeout", "attempt_timeout"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0):
                raise RequestError(f"{name} must be a positive number of seconds, or None for no limit", member=name)
        most = self.max_response_bytes
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise RequestError("max_response_bytes must be a whole number, 1 or more", member="max_response_bytes")
        for name, value in self.headers.items():
            _check_header(name, value)

    def replaced(
        self,
        *,
        timeout: float | None | NotGiven = NOT_GIVEN,
        attempt_timeout: float | None | NotGiven = NOT_GIVEN,
        max_attempts: int | None | NotGiven = NOT_GIVEN,
        region: str | None | NotGiven = NOT_GIVEN,
        headers: Mapping[str, str] | NotGiven = NOT_GIVEN,
        max_response_bytes: int | NotGiven = NOT_GIVEN,
    ) -> Options:
        """These options with the given ones in their place; headers are added to those already there."""
        if not isinstance(headers, (NotGiven, Mapping)):
            raise RequestError(f"headers must be a mapping, not {type(headers).__name__}", member="headers")
        return Options(
            timeout=_given(timeout, self.timeout),
            attempt_timeout=_given(attempt_timeout, self.attempt_timeout),
            max_attempts=_given(max_attempts, self.max_attempts),
            region=_given(region, self.region),
            headers=self.headers if isinstance(headers, NotGiven) else {**self.headers, **headers},
            max_response_bytes=_given(max_response_bytes, self.max_response_bytes),
        )


def check_max_attempts(value: object, where: str) -> None:
    """Refuse a number of attempts that is no whole number above zero."""
    if not _is_attempts(value):
        raise ConfigurationError(f"{where}.max_attempts must be a whole number, 1 or more, or None")


def _is_attempts(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)


_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_OUR_HEADERS = frozenset(
    {
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "transfer-encoding",
        "x-amz-date",
        "x-amz-security-token",
    }
)
"""What a request's identity and integrity hang on; never a user's to set."""


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise RequestError("headers: a name must be a token of letters, digits and -", member="headers")
    where = f"headers[{name!r}]"
    if name.lower() in _OUR_HEADERS:
        raise RequestError(f"{where} is set by roomtone itself and can't be given", member=where)
    if not isinstance(value, str) or _UNSENDABLE.search(value) or value != value.strip():
        raise RequestError(
            f"{where} must be a str without control characters such as CR or LF, nor white space around it",
            member=where,
        )
