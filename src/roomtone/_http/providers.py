"""What tells the two clouds apart in a call: where it goes and how it proves who is asking."""

from __future__ import annotations

import base64
import logging
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Protocol

import anyio
from attrs import define, field, frozen

from roomtone._core.operation import AwsService, Headers, SignalWireService, WireRequest
from roomtone._core.skew import NO_SKEW, SKEW_CODES, TOLERATED_SKEW, clock_skew
from roomtone._http.credentials import CredentialsSource
from roomtone._http.endpoints import Endpoint, aws_endpoint, doubt_region, signalwire_endpoint
from roomtone._http.settings import AwsSettings
from roomtone._http.settings import load as load_settings
from roomtone._http.signing import SigningKey, sign
from roomtone.config import DEFAULT_MAX_ATTEMPTS, Aws, Credentials, RetryMode, SignalWire
from roomtone.errors import ApiError, ConfigurationError, RoomtoneError

__all__ = ["AwsProvider", "Provider", "SignalWireProvider", "Target"]

_LOG = logging.getLogger("roomtone")

_NOT_YET = "not looked up yet"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9.-]+")

_EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException"})


@frozen(kw_only=True)
class Target:
    """Where the calls of one service go."""

    endpoint: Endpoint
    path: str
    """What stands before every operation's path."""
    max_attempts: int
    retry_mode: RetryMode = "standard"
    account_sid: str | None = None


@frozen
class Signed:
    """One attempt's headers, complete, the credentials that they prove, and when and with which clock that was."""

    headers: Headers
    credentials: Credentials | None = field(default=None, repr=False)
    at: datetime | None = None
    """By this machine's clock."""
    skew: timedelta = NO_SKEW
    """How far the service's clock was taken to be ahead."""


class Provider(Protocol):
    """One cloud: its endpoints and its proof of identity."""

    def is_ready(self, region: str | None) -> bool:
        """Whether `target` and `signed` have nothing to wait for, nor the attempt for its rate."""
        ...

    async def target(self, region: str | None) -> Target: ...

    async def signed(
        self,
        target: Target,
        wire: WireRequest,
        headers: Mapping[str, str],
        *,
        call_id: str,
        attempt: int,
        attempts: int,
    ) -> Signed:
        """The headers of one attempt, complete."""
        ...

    def renews(self, error: RoomtoneError, signed: Signed) -> str | None:
        """With what the next attempt proves anew who is asking, so that this failure may be gone; None for nothing."""
        ...

    def doubt(self, target: Target) -> str:
        """What may be wrong with the place when no connection to it was made; empty for nothing."""
        ...

    def describe(self, region: str | None) -> str:
        """Where calls go and whose they are, as far as it was looked up. Does no I/O and holds no secret."""
        ...


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


@define(eq=False)
class AwsAccount:
    """What all AWS services of one client share: settings and credentials, looked up at the first call."""

    aws: Aws
    clock: Callable[[], datetime] = field(default=_utc_now, repr=False)
    credentials: CredentialsSource = field(init=False)
    _settings: AwsSettings | None = field(default=None, init=False)
    _lock: anyio.Lock | None = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.credentials = CredentialsSource(self.aws)

    @property
    def loaded(self) -> AwsSettings | None:
        """The settings, if they were loaded."""
        return self._settings

    def describe_region(self, region: str | None = None) -> str:
        """The region of calls, as far as it was looked up. Does no I/O."""
        known = region or self.aws.region or (self._settings.region if self._settings else None)
        return f"region {known!r}" if known else f"region {_NOT_YET}"

    async def settings(self) -> AwsSettings:
        """The settings, loaded once however many calls ask for them at a time."""
        if self._settings is None:
            if self._lock is None:
                self._lock = anyio.Lock()
            async with self._lock:
                self._settings = self._settings or await load_settings(self.aws)
        return self._settings


@define(eq=False)
class AwsProvider:
    """SigV4 on the endpoints of one AWS service."""

    service: AwsService
    account: AwsAccount
    _targets: dict[str | None, Target] = field(factory=dict, init=False)
    _keys: dict[str, SigningKey] = field(factory=dict, init=False, repr=False)
    _skews: dict[str, timedelta] = field(factory=dict, init=False)
    """By authority, how far a service's clock is ahead of this machine's, where that was found out."""
    _corrects_clock: bool = field(default=True, init=False)
    _in_lambda: bool = field(factory=lambda: bool(os.environ.get("AWS_LAMBDA_FUNCTION_NAME")), init=False)

    def is_ready(self, region: str | None) -> bool:
        target = self._targets.get(region)
        return target is not None and target.retry_mode == "standard" and self.account.credentials.at_hand

    async def target(self, region: str | None) -> Target:
        found = self._targets.get(region)
        if found is None:
            settings = await self.account.settings()
            endpoint = aws_endpoint(
                self.service,
                region=region or settings.required_region(),
                use_fips=settings.use_fips,
                use_dualstack=settings.use_dualstack,
                endpoint_url=settings.endpoint_url(self.service),
                allow_http=self.account.aws.allow_http,
            )
            found = Target(
                endpoint=endpoint,
                path=endpoint.path,
                max_attempts=settings.max_attempts,
                retry_mode=settings.retry_mode,
            )
            _LOG.debug(
                "%s: region %s (%s), endpoint %s",
                self.service.name,
                endpoint.region,
                "with_options(region=)" if region else settings.region_source,
                endpoint.url,
            )
            self._corrects_clock = settings.corrects_clock
            self._targets[region] = found
        return found

    async def signed(
        self,
        target: Target,
        wire: WireRequest,
        headers: Mapping[str, str],
        *,
        call_id: str,
        attempt: int,
        attempts: int,
    ) -> Signed:
        credentials = await self.account.credentials.get()
        now = self.account.clock()
        skew = self._skews.get(target.endpoint.authority, NO_SKEW)
        proof = sign(
            method=wire.method,
            path=target.path + wire.path,
            query=wire.query,
            headers=headers,
            body=wire.body,
            credentials=credentials,
            region=target.endpoint.region,
            service=self.service.signing_name,
            now=now + skew if skew else now,
            key=self._key_of(target.endpoint.region),
        )
        complete = Headers(headers)
        complete.update(proof)
        complete["amz-sdk-invocation-id"] = call_id
        complete["amz-sdk-request"] = f"attempt={attempt}; max={attempts}"
        if self._in_lambda:
            complete.update(_lambda_trace())
        return Signed(complete, credentials, now, skew)

    def _key_of(self, region: str) -> SigningKey:
        key = self._keys.get(region)
        if key is None:
            key = self._keys[region] = SigningKey(region, self.service.signing_name)
        return key

    def renews(self, error: RoomtoneError, signed: Signed) -> str | None:
        if not isinstance(error, ApiError):
            return None
        if error.code in _EXPIRED_CODES and not isinstance(self.account.aws.credentials, Credentials):
            self.account.credentials.invalidate(signed.credentials)
            return "with fresh credentials"
        if error.code in SKEW_CODES and self._corrects_clock and self._correct_clock(error.headers, signed):
            return "with the service's time"
        return None

    def doubt(self, target: Target) -> str:
        settings = self.account.loaded
        if settings is None or settings.endpoint_url(self.service) is not None:
            return ""
        region = target.endpoint.region
        source = settings.region_source if region == settings.region else "with_options(region=)"
        return doubt_region(self.service, region, source)

    def describe(self, region: str | None) -> str:
        target = self._targets.get(region)
        endpoint = target.endpoint.url if target else _NOT_YET
        return (
            f"{self.account.describe_region(region)}, endpoint {endpoint}, {self.account.credentials.describe_found()}"
        )

    def _correct_clock(self, headers: Mapping[str, str], signed: Signed) -> bool:
        """Takes note of the service's time, when that is what was wrong with a signature."""
        assert signed.at is not None
        skew = clock_skew(headers, sent=signed.at, received=self.account.clock())
        if skew is None or abs(skew - signed.skew) <= TOLERATED_SKEW:
            return False
        self._skews[signed.headers["host"]] = skew
        return True


def _lambda_trace() -> dict[str, str]:
    """Lambda's trace id, handed on so that AWS can see a loop of functions."""
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    return {"x-amzn-trace-id": trace} if trace and trace.isprintable() else {}


@define(eq=False)
class SignalWireProvider:
    """Basic auth on one SignalWire space."""

    service: SignalWireService
    signalwire: SignalWire
    _target: Target | None = field(default=None, init=False)
    _authorization: str = field(default="", init=False, repr=False)

    def is_ready(self, region: str | None) -> bool:
        return True

    async def target(self, region: str | None) -> Target:
        if self._target is None:
            config = self.signalwire
            _check_complete(config)
            project_id = _given(config, "project_id")
            space = None if config.base_url else _given(config, "space")
            endpoint = signalwire_endpoint(space, config.base_url, allow_http=config.allow_http)
            self._authorization = _basic(config)
            _LOG.debug("%s: endpoint %s", self.service.name, endpoint.url)
            self._target = Target(
                endpoint=endpoint,
                path=endpoint.path + self.service.base_path,
                max_attempts=config.max_attempts or DEFAULT_MAX_ATTEMPTS,
                account_sid=project_id,
            )
        return self._target

    async def signed(
        self,
        target: Target,
        wire: WireRequest,
        headers: Mapping[str, str],
        *,
        call_id: str,
        attempt: int,
        attempts: int,
    ) -> Signed:
        return Signed(Headers(headers, authorization=self._authorization))

    def renews(self, error: RoomtoneError, signed: Signed) -> str | None:
        return None

    def doubt(self, target: Target) -> str:
        return ""

    def describe(self, region: str | None) -> str:
        if self._target is None:
            space = self.signalwire.space or ""
            named = f" (space {space})" if _PLAIN_NAME.fullmatch(space) else ""
            return f"endpoint {_NOT_YET}{named}, credentials {_NOT_YET}"
        sources = [
            f"SignalWire({name}=)" if getattr(self.signalwire, name) is not None else f"SIGNALWIRE_{name.upper()}"
            for name in ("project_id", "api_token")
        ]
        return f"endpoint {self._target.endpoint.url}, credentials from {' and '.join(sources)}"


def _basic(config: SignalWire) -> str:
    proof = f"{_given(config, 'project_id')}:{_given(config, 'api_token')}"
    return "Basic " + base64.b64encode(proof.encode()).decode()


def _check_complete(config: SignalWire) -> None:
    """Tells of everything that is missing at once. The frame that raises holds nothing of what is there."""
    wanted = ("space", "project_id", "api_token") if not config.base_url else ("project_id", "api_token")
    missing = [name for name in wanted if not _given(config, name)]
    if missing:
        tried = "; ".join(f"SignalWire({name}=), SIGNALWIRE_{name.upper()}" for name in missing)
        raise ConfigurationError(
            f"no SignalWire {', no '.join(missing)}. Tried in order: {tried}. "
            f"Set one of {'each' if len(missing) > 1 else 'them'}"
        )


def _given(config: SignalWire, name: str) -> str:
    """A value of the configuration, else the environment's; empty where there is none."""
    value: object = getattr(config, name)
    if value is None:
        value = os.environ.get(f"SIGNALWIRE_{name.upper()}")
    return value.strip() if isinstance(value, str) else ""


def new_call_id() -> str:
    """An id for one call, the same on every attempt: a random UUID, without the way through an object."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
