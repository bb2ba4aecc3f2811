"""What tells the two clouds apart in a call: where it goes and how it proves who is asking."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Protocol

import anyio
from attrs import define, field, frozen

from roomtone._core.operation import AwsService, SignalWireService, WireRequest
from roomtone._http.credentials import CredentialsSource
from roomtone._http.endpoints import Endpoint, aws_endpoint, signalwire_endpoint
from roomtone._http.settings import AwsSettings
from roomtone._http.settings import load as load_settings
from roomtone._http.signing import sign
from roomtone.config import DEFAULT_MAX_ATTEMPTS, Aws, Credentials, SignalWire
from roomtone.errors import ApiError, ConfigurationError, RoomtoneError

__all__ = ["AwsProvider", "Provider", "SignalWireProvider", "Target"]

_EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException"})


@frozen(kw_only=True)
class Target:
    """Where the calls of one service go."""

    endpoint: Endpoint
    path: str
    """What stands before every operation's path."""
    max_attempts: int
    account_sid: str | None = None


@frozen
class Signed:
    """One attempt's headers, complete, and the credentials that they prove."""

    headers: Mapping[str, str] = field(repr=False)
    credentials: Credentials | None = field(default=None, repr=False)


class Provider(Protocol):
    """One cloud: its endpoints and its proof of identity."""

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

    def renews(self, error: RoomtoneError, signed: Signed) -> bool:
        """Whether the next attempt proves anew who is asking, so that this failure may be gone."""
        ...


@define(eq=False)
class AwsAccount:
    """What all AWS services of one client share: settings and credentials, looked up at the first call."""

    aws: Aws
    credentials: CredentialsSource = field(init=False)
    _settings: AwsSettings | None = field(default=None, init=False)
    _lock: anyio.Lock | None = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.credentials = CredentialsSource(self.aws)

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
            found = Target(endpoint=endpoint, path=endpoint.path, max_attempts=settings.max_attempts)
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
        proof = sign(
            method=wire.method,
            path=target.path + wire.path,
            query=wire.query,
            headers=headers,
            body=wire.body,
            credentials=credentials,
            region=target.endpoint.region,
            service=self.service.signing_name,
            now=datetime.now(timezone.utc),
        )
        complete = {
            **headers,
            **proof,
            "amz-sdk-invocation-id": call_id,
            "amz-sdk-request": f"attempt={attempt}; max={attempts}",
            **_lambda_trace(),
        }
        return Signed(complete, credentials)

    def renews(self, error: RoomtoneError, signed: Signed) -> bool:
        if not isinstance(error, ApiError) or error.code not in _EXPIRED_CODES:
            return False
        if isinstance(self.account.aws.credentials, Credentials):
            return False
        self.account.credentials.invalidate(signed.credentials)
        return True


def _lambda_trace() -> dict[str, str]:
    """Lambda's trace id, handed on so that AWS can see a loop of functions."""
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    if not trace or not os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or not trace.isprintable():
        return {}
    return {"x-amzn-trace-id": trace}


@define(eq=False)
class SignalWireProvider:
    """Basic auth on one SignalWire space."""

    service: SignalWireService
    signalwire: SignalWire
    _target: Target | None = field(default=None, init=False)
    _authorization: str = field(default="", init=False, repr=False)

    async def target(self, region: str | None) -> Target:
        if self._target is None:
            config = self.signalwire
            project_id = _given(config.project_id, "project_id", "SIGNALWIRE_PROJECT_ID")
            api_token = _given(config.api_token, "api_token", "SIGNALWIRE_API_TOKEN")
            space = None if config.base_url else _given(config.space, "space", "SIGNALWIRE_SPACE")
            endpoint = signalwire_endpoint(space, config.base_url, allow_http=config.allow_http)
            self._authorization = "Basic " + base64.b64encode(f"{project_id}:{api_token}".encode()).decode()
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
        return Signed({**headers, "authorization": self._authorization})

    def renews(self, error: RoomtoneError, signed: Signed) -> bool:
        return False


def _given(value: str | None, name: str, variable: str) -> str:
    found = value if value is not None else os.environ.get(variable)
    if not found or not isinstance(found, str) or not found.strip():
        raise ConfigurationError(
            f"no SignalWire {name}: tried SignalWire({name}=...) and the environment's {variable}; give one of them"
        )
    return found.strip()


def new_call_id() -> str:
    """An id for one call, the same on every attempt."""
    return str(uuid.uuid4())
