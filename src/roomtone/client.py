"""Client: owns the connection pool and has one lazy attribute per service."""

from __future__ import annotations

import inspect
import os
import ssl
from collections.abc import Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from roomtone._core.naming import did_you_mean
from roomtone.config import DEFAULT_MAX_RESPONSE_BYTES, Aws, EngineName, Options, SignalWire
from roomtone.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

    from roomtone._http.connection import Connection
    from roomtone.chime_sdk_identity import ChimeSDKIdentityClient
    from roomtone.chime_sdk_media_pipelines import ChimeSDKMediaPipelinesClient
    from roomtone.chime_sdk_meetings import ChimeSDKMeetingsClient
    from roomtone.chime_sdk_messaging import ChimeSDKMessagingClient
    from roomtone.chime_sdk_voice import ChimeSDKVoiceClient
    from roomtone.events import Attempt, FinishedCall, Telemetry
    from roomtone.ivs import IVSClient
    from roomtone.ivs_realtime import IVSRealtimeClient
    from roomtone.ivschat import IVSChatClient
    from roomtone.signalwire import SignalWireClient

__all__ = ["AnyHttpClient", "Client"]

LOG_VARIABLE = "ROOMTONE_LOG"


class AnyHttpClient(Protocol):
    """What an `httpx2.AsyncClient` has in common with httpx's own; its requests and answers are of httpx2's classes."""

    @property
    def is_closed(self) -> bool: ...

    # Any: the classes of a library that is not imported here.
    async def send(self, request: Any, *, stream: bool = False, auth: None, follow_redirects: bool) -> Any: ...


class Client:
    """The one client of all nine services.

    Use it as `async with roomtone.Client() as live:`, or keep it and call `aclose()` at the end; it opens itself at the
    first call. Creating it reads no file and opens no connection. One client serves any number of tasks of one event
    loop.

    Args:
        aws: Region, credentials and endpoints of the AWS services; the environment and the profile fill in.
        signalwire: Space, project id and token of SignalWire; the environment fills in.
        timeout: Seconds for a whole call: credentials, attempts and waits; None for no limit.
        attempt_timeout: Seconds for one attempt, from connecting to the last byte; None for no limit.
        engine: What carries the calls: `httpcore`, on asyncio and trio; or `aiohttp`, which is faster and runs on
            asyncio alone (`pip install 'roomtone[aiohttp]'`).
        http_client: Your own `httpx.AsyncClient`, or httpx2's, for transport, TLS and proxies. It sends with these
            timeouts, without redirects, auth and cookies, and is never closed by roomtone.
        ssl_context: The TLS context of roomtone's own pool.
        max_connections: The most connections of roomtone's own pool.
        max_response_bytes: The most bytes of an answer, decompressed; a larger one ends with a ResponseTooLargeError
            and is not held in memory. Downloads have no limit.
        on_attempt: A plain function that is called with a `roomtone.Attempt` after each attempt of each call: what
            failed, what was decided, the delay. It runs in the event loop, so it must not block; what it raises is
            logged and changes nothing.
        on_retry: The same, after those attempts only that another one follows.
        on_response: A plain function that is called with a `roomtone.FinishedCall` after each call, whatever came of
            it: status, request id, attempts, duration, error.
        telemetry: Follows each call: `roomtone.otel.OpenTelemetry()` makes spans and metrics of them.

    Raises:
        ConfigurationError: An argument is of the wrong kind.
        RequestError: A timeout or `max_response_bytes` is not a positive number.
    """

    def __init__(
        self,
        aws: Aws | None = None,
        signalwire: SignalWire | None = None,
        *,
        timeout: float | None = 60.0,
        attempt_timeout: float | None = 20.0,
        engine: EngineName = "httpcore",
        http_client: httpx.AsyncClient | AnyHttpClient | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = 100,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        on_attempt: Callable[[Attempt], object] | None = None,
        on_retry: Callable[[Attempt], object] | None = None,
        on_response: Callable[[FinishedCall], object] | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        for name, value, kind in (("aws", aws, Aws), ("signalwire", signalwire, SignalWire)):
            if value is not None and not isinstance(value, kind):
                raise ConfigurationError(f"{name} must be a roomtone.{kind.__name__}, not {type(value).__name__}")
        _check_service_names(aws)
        if isinstance(max_connections, bool) or not isinstance(max_connections, int) or max_connections < 1:
            raise ConfigurationError("max_connections must be a whole number, 1 or more")
        if http_client is not None and ssl_context is not None:
            raise ConfigurationError("ssl_context is for roomtone's own pool; give it to your http_client instead")
        if engine not in ("httpcore", "aiohttp"):
            raise ConfigurationError(f"engine must be 'httpcore' or 'aiohttp', not {engine!r}")
        if http_client is not None and engine != "httpcore":
            raise ConfigurationError(f"an http_client carries the calls itself; leave out engine={engine!r}")
        _check_hook("on_attempt", on_attempt, "Attempt")
        _check_hook("on_retry", on_retry, "Attempt")
        _check_hook("on_response", on_response, "FinishedCall")
        if telemetry is not None and not callable(getattr(telemetry, "begin", None)):
            raise ConfigurationError(
                f"telemetry must be such as roomtone.otel.OpenTelemetry(), not {type(telemetry).__name__}"
            )
        if isinstance(telemetry, type):
            name = telemetry.__name__
            raise ConfigurationError(f"telemetry must be an object, not the class {name}; write {name}()")
        self._aws = aws or Aws()
        self._signalwire = signalwire or SignalWire()
        self._options = Options(timeout=timeout, attempt_timeout=attempt_timeout, max_response_bytes=max_response_bytes)
        self._engine: EngineName = engine
        self._http_client = http_client
        self._ssl_context = ssl_context
        self._max_connections = max_connections
        self._on_attempt = on_attempt
        self._on_retry = on_retry
        self._on_response = on_response
        self._telemetry = telemetry
        if os.environ.get(LOG_VARIABLE):
            from roomtone._http.log_to_stderr import set_up

            set_up(os.environ[LOG_VARIABLE])

    @cached_property
    def _connection(self) -> Connection:
        # Imported at the first touch of a service, so that importing roomtone costs none of it.
        from roomtone._http.connection import Connection

        return Connection(
            aws=self._aws,
            signalwire=self._signalwire,
            engine=self._engine,
            http_client=self._http_client,
            ssl_context=self._ssl_context,
            max_connections=self._max_connections,
            on_attempt=self._on_attempt,
            on_retry=self._on_retry,
            on_response=self._on_response,
            telemetry=self._telemetry,
        )

    @cached_property
    def chime_sdk_meetings(self) -> ChimeSDKMeetingsClient:
        """Amazon Chime SDK Meetings."""
        from roomtone.chime_sdk_meetings import ChimeSDKMeetingsClient

        return ChimeSDKMeetingsClient(self._connection, self._options)

    @cached_property
    def chime_sdk_media_pipelines(self) -> ChimeSDKMediaPipelinesClient:
        """Amazon Chime SDK Media Pipelines."""
        from roomtone.chime_sdk_media_pipelines import ChimeSDKMediaPipelinesClient

        return ChimeSDKMediaPipelinesClient(self._connection, self._options)

    @cached_property
    def chime_sdk_identity(self) -> ChimeSDKIdentityClient:
        """Amazon Chime SDK Identity."""
        from roomtone.chime_sdk_identity import ChimeSDKIdentityClient

        return ChimeSDKIdentityClient(self._connection, self._options)

    @cached_property
    def chime_sdk_messaging(self) -> ChimeSDKMessagingClient:
        """Amazon Chime SDK Messaging."""
        from roomtone.chime_sdk_messaging import ChimeSDKMessagingClient

        return ChimeSDKMessagingClient(self._connection, self._options)

    @cached_property
    def chime_sdk_voice(self) -> ChimeSDKVoiceClient:
        """Amazon Chime SDK Voice."""
        from roomtone.chime_sdk_voice import ChimeSDKVoiceClient

        return ChimeSDKVoiceClient(self._connection, self._options)

    @cached_property
    def ivs(self) -> IVSClient:
        """Amazon Interactive Video Service, low-latency streaming."""
        from roomtone.ivs import IVSClient

        return IVSClient(self._connection, self._options)

    @cached_property
    def ivs_realtime(self) -> IVSRealtimeClient:
        """Amazon Interactive Video Service, real-time streaming."""
        from roomtone.ivs_realtime import IVSRealtimeClient

        return IVSRealtimeClient(self._connection, self._options)

    @cached_property
    def ivschat(self) -> IVSChatClient:
        """Amazon Interactive Video Service, chat."""
        from roomtone.ivschat import IVSChatClient

        return IVSChatClient(self._connection, self._options)

    @cached_property
    def signalwire(self) -> SignalWireClient:
        """SignalWire's compatibility REST API."""
        from roomtone.signalwire import SignalWireClient

        return SignalWireClient(self._connection, self._options)

    # Under `if not TYPE_CHECKING`, because otherwise every misspelt name would type-check.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if name.startswith("_") or hasattr(type(self), name):
                return object.__getattribute__(self, name)  # raises what it raised
            from roomtone._core.slips import no_service

            raise no_service(type(self).__name__, name)

        def __enter__(self) -> object:
            raise TypeError("roomtone.Client is opened with `async with`, not `with`")

        def __exit__(self, *exc_info: object) -> None: ...

    async def aclose(self) -> None:
        """Ends all connections. Calls under way end with a ClientClosedError; closing twice does nothing.

        It waits for nobody. In another event loop or process than the first call's it touches no socket.
        """
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if "_connection" not in self.__dict__:  # nothing is looked up yet, and making one imports a good deal
            return f"<roomtone.Client {self._aws!r} {self._signalwire!r}>"
        return f"<roomtone.Client: {self._connection.describe()}>"


def _check_hook(name: str, hook: object, event: str) -> None:
    if hook is not None and (not callable(hook) or inspect.iscoroutinefunction(hook)):
        raise ConfigurationError(f"{name} must be a plain function of one roomtone.{event}")


_AWS_SERVICES = (
    "chime-sdk-identity",
    "chime-sdk-media-pipelines",
    "chime-sdk-meetings",
    "chime-sdk-messaging",
    "chime-sdk-voice",
    "ivs",
    "ivs-realtime",
    "ivschat",
)


def _check_service_names(aws: Aws | None) -> None:
    """A custom endpoint under a name that no service has would silently not be used."""
    endpoints = aws.endpoint_url if aws is not None else None
    for name in endpoints if isinstance(endpoints, Mapping) else ():
        if name.replace("_", "-") not in _AWS_SERVICES:
            raise ConfigurationError(
                f"Aws.endpoint_url: no service is called {name!r}{did_you_mean(name, _AWS_SERVICES)}"
                f"; the services are {', '.join(_AWS_SERVICES)}"
            )
