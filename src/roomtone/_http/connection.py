"""What one client holds: the transport, opened at the first call, the two clouds, the retry quotas and rate limits."""

from __future__ import annotations

import asyncio
import os
import ssl
import weakref
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
from attrs import define, field

from roomtone._core.operation import AwsService, Service, SignalWireService
from roomtone._core.retry import RetryQuota
from roomtone._http import waits
from roomtone._http.pool import Pool
from roomtone._http.providers import AwsAccount, AwsProvider, Provider, SignalWireProvider, Target
from roomtone._http.tls import bundles, shared_context
from roomtone._http.users_client import UsersClient
from roomtone.config import Aws, EngineName, SignalWire
from roomtone.errors import ClientClosedError, ConfigurationError

if TYPE_CHECKING:
    from roomtone._core.adaptive import RateLimiter
    from roomtone._http.exchange import Transport
    from roomtone._http.incoming import Incoming
    from roomtone.events import Attempt, FinishedCall, Telemetry

__all__ = ["Connection"]


@define(eq=False, kw_only=True)
class Connection:
    """The shared part of all service clients of one `Client`.

    Creating one reads nothing and opens nothing; the first call does, in the event loop that it runs in.
    """

    aws: Aws
    signalwire: SignalWire
    engine: EngineName = "httpcore"
    http_client: object | None = None
    ssl_context: ssl.SSLContext | None = None
    max_connections: int = 100
    on_attempt: Callable[[Attempt], object] | None = field(default=None, repr=False)
    on_retry: Callable[[Attempt], object] | None = field(default=None, repr=False)
    on_response: Callable[[FinishedCall], object] | None = field(default=None, repr=False)
    telemetry: Telemetry | None = field(default=None, repr=False)
    sleep: Callable[[float], Awaitable[None]] = waits.sleep
    jitter: Callable[[], float] = waits.jitter

    _account: AwsAccount = field(init=False)
    _providers: dict[str, Provider] = field(factory=dict, init=False)
    _quotas: dict[tuple[str, str], RetryQuota] = field(factory=dict, init=False)
    _limiters: dict[tuple[str, str], RateLimiter] = field(factory=dict, init=False)
    _bodies: dict[Incoming, weakref.ref[object]] = field(factory=dict, init=False)
    _transport: Transport | None = field(default=None, init=False)
    _opening: anyio.Lock | None = field(default=None, init=False)
    _home: tuple[int, Any] | None = field(default=None, init=False)
    closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._account = AwsAccount(self.aws)

    def provider(self, service: Service) -> Provider:
        """The cloud that a service lives in."""
        provider = self._providers.get(service.name)
        if provider is None:
            provider = self._providers[service.name] = self._new_provider(service)
        return provider

    def _new_provider(self, service: Service) -> Provider:
        if isinstance(service, AwsService):
            return AwsProvider(service, self._account)
        assert isinstance(service, SignalWireService)
        return SignalWireProvider(service, self.signalwire)

    def quota(self, service: Service, region: str) -> RetryQuota:
        """The retry quota of a service in a region, shared by all clones of its client."""
        key = service.name, region
        quota = self._quotas.get(key)
        if quota is None:
            quota = self._quotas[key] = RetryQuota()
        return quota

    def limiter(self, service: Service, target: Target) -> RateLimiter | None:
        """The rate limiter of a service in a region, shared like the quota; None where the retry mode is standard."""
        if target.retry_mode != "adaptive":
            return None
        from roomtone._core.adaptive import RateLimiter

        key = service.name, target.endpoint.region
        limiter = self._limiters.get(key)
        if limiter is None:
            limiter = self._limiters[key] = RateLimiter(anyio.current_time())
        return limiter

    async def transport(self) -> Transport:
        """The transport, opened if it is not yet.

        Raises:
            ClientClosedError: After `aclose()`.
        """
        if self._bodies:
            await self._close_bodies(lambda reader: reader is None)
        if self._transport is None:
            if self._opening is None:
                self._opening = anyio.Lock()
            async with self._opening:
                self._transport = self._transport or await self._open()
        # It may have been closed while it was being opened, or since the call began.
        if self.closed or self._transport is None:
            raise ClientClosedError("the client is closed; make a new roomtone.Client")
        return self._transport

    def is_ready(self, service: Service, region: str | None) -> bool:
        """Whether a call has nothing to wait for before it is its turn to be sent."""
        return self._transport is not None and not self._bodies and self.provider(service).is_ready(region)

    def lend(self, body: Incoming, reader: object) -> None:
        """Notes a body that is being read, so that it is closed with the client at the latest.

        A loop over a download that is left early cannot await anything: when the reader has gone, the next call closes
        its body.
        """
        self._bodies[body] = weakref.ref(reader)

    async def take_back(self, body: Incoming) -> None:
        """Closes a body, read or not."""
        self._bodies.pop(body, None)
        await body.aclose()

    async def _close_bodies(self, chosen: Callable[[object], bool]) -> None:
        for body, reader in list(self._bodies.items()):
            if chosen(reader()):
                await self.take_back(body)

    def check_usable(self) -> None:
        """Refuses a client that is closed, or that is used away from the event loop and process of its first call."""
        if self.closed:
            raise ClientClosedError("the client is closed; make a new roomtone.Client")
        if self._home is None:
            self._home = (os.getpid(), _this_loop())
        # Asked first: in the child of a fork asyncio has no running loop.
        elif self._home[0] != os.getpid():
            raise ClientClosedError("the client was opened before a fork; make one roomtone.Client per process")
        elif self._home[1] != _this_loop():
            raise ClientClosedError(
                "the client was opened in another event loop; make one roomtone.Client per event loop"
            )

    def describe(self) -> str:
        """Where calls go and whose they are, as far as it was looked up. Does no I/O and holds no secret."""
        aws = f"AWS {self._account.describe_region()}, {self._account.credentials.describe_found()}"
        signalwire = self._providers.get("signalwire")
        return f"{aws}; SignalWire {signalwire.describe(None)}" if signalwire else aws

    async def _open(self) -> Transport:
        if self.http_client is not None:
            return UsersClient(self.http_client)
        # Certificates are read for it, so a worker thread makes it.
        context = self.ssl_context
        if context is None:
            context = await anyio.to_thread.run_sync(shared_context, bundles())
        if self.engine == "aiohttp":
            return await _aiohttp_engine(context, self.max_connections)
        return Pool(context, self.max_connections)

    def _is_at_home(self) -> bool:
        """Whether this is the process and the event loop of the first call."""
        if self._home is None:
            return True
        # Asked first: in the child of a fork asyncio has no running loop.
        return self._home[0] == os.getpid() and bool(self._home[1] == _this_loop())

    async def aclose(self) -> None:
        """Ends the pool and the calls on it; a client given by the user stays open. Closing twice does nothing."""
        self.closed = True
        transport, self._transport = self._transport, None
        if not self._is_at_home():
            # Sockets of another process or event loop are not ours to touch: theirs would lose them.
            self._bodies.clear()
            if transport is not None:
                transport.abandon()
            return
        self._account.credentials.close()
        await self._close_bodies(lambda reader: True)
        if transport is not None:
            await transport.aclose()


async def _aiohttp_engine(context: ssl.SSLContext, max_connections: int) -> Transport:
    if anyio.get_cancelled_exc_class() is not asyncio.CancelledError:
        raise ConfigurationError('engine="aiohttp" runs on asyncio only; the default engine runs on trio too')
    try:
        # Its import takes a tenth of a second.
        module = await anyio.to_thread.run_sync(import_module, "roomtone._http.aiohttp_engine")
    except ImportError:
        raise ConfigurationError(
            "engine=\"aiohttp\" takes aiohttp, which is not installed; pip install 'roomtone[aiohttp]' brings it"
        ) from None
    engine: Transport = module.AiohttpEngine(context, max_connections)
    return engine


def _this_loop() -> object:
    """What tells one event loop from another."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return anyio.lowlevel.current_token()
