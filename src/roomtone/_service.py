"""The base of every service client: a typed call, `send`, pages, downloads, `with_options`. Knows the attempt loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from roomtone._core.caching import cache
from roomtone._core.faults import ErrorTable
from roomtone._core.model import Request
from roomtone._core.operation import Operation, Reply, Service
from roomtone._http.attempts import Opened, call, open_download
from roomtone._http.connection import Connection
from roomtone.config import NOT_GIVEN, NotGiven, Options
from roomtone.download import Download
from roomtone.errors import RequestError
from roomtone.paging import Paginator

__all__ = ["AwsClient", "ServiceClient", "SignalWireBase", "SignalWireResource"]

V = TypeVar("V")
ItemT = TypeVar("ItemT")


class ServiceClient:
    """What all service clients have in common: `roomtone.Client` makes them, and they share its connections."""

    _service: ClassVar[Service]
    _operations: ClassVar[tuple[Operation[Any, Any], ...]]
    _errors: ClassVar[ErrorTable]

    def __init__(self, connection: Connection, options: Options) -> None:
        self._connection = connection
        self._options = options

    async def send(self, request: Request[V]) -> Reply[V]:
        """Sends a request object and returns the response with its status, headers, request id and attempts.

        Raises:
            RequestError: The request is none of this service's, or does not fit; nothing was sent.
            RoomtoneError: As for the operation's own method.
        """
        operation = _by_request(type(self)).get(type(request))
        if operation is None:
            raise RequestError(
                f"{type(request).__name__} is no request of this service; send takes one of roomtone.{self._package()}"
                f"{_whose(type(request))}",
                service=self._service.name,
            )
        if operation.download:
            raise RequestError(
                f"{operation.name} answers media, which send does not hold in memory: "
                f"call {self._package()}.{operation.name}(...), which gives a Download",
                service=self._service.name,
                operation=operation.name,
            )
        return cast("Reply[V]", await self._fetch(operation, request))

    async def _call(self, operation: Operation[Any, V], request: Request[object]) -> V:
        return (await call(self._connection, operation, request, self._errors, self._options)).value

    async def _fetch(
        self, operation: Operation[Any, V], request: Request[object], query: str | None = None
    ) -> Reply[V]:
        return await call(self._connection, operation, request, self._errors, self._options, query=query)

    def _paginate(
        self, operation: Operation[Any, V], request: Request[V], starting_token: str | None
    ) -> Paginator[Any, V]:
        async def fetch(page_request: Request[Any], query: str | None) -> Reply[Any]:
            return await self._fetch(operation, page_request, query)

        return Paginator(fetch, operation, request, starting_token)

    def _download(self, operation: Operation[Any, bytes], request: Request[bytes]) -> Download:
        async def opener(reader: Download) -> Opened:
            return await open_download(self._connection, operation, request, self._errors, self._options, reader=reader)

        return Download(opener, operation)

    def _clone(self, options: Options) -> Self:
        return type(self)(self._connection, options)

    @classmethod
    def _package(cls) -> str:
        return cls._service.name.replace("-", "_")

    # Under `if not TYPE_CHECKING`, because otherwise every misspelt method would type-check.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if name.startswith("_") or hasattr(type(self), name):
                return object.__getattribute__(self, name)  # raises what it raised
            from roomtone._core.slips import no_method

            raise no_method(type(self).__name__, self._package(), name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._connection.provider(self._service).describe(self._options.region)}>"


def _whose(cls: type) -> str:
    """Where a request of another service belongs."""
    package = cls.__module__.removeprefix("roomtone.").partition(".")[0]
    return f"; live.{package}.send takes this one" if issubclass(cls, Request) else ""


@cache
def _by_request(cls: type[ServiceClient]) -> Mapping[type, Operation[Any, Any]]:
    return {operation.request: operation for operation in cls._operations}


class AwsClient(ServiceClient):
    """The base of the AWS service clients."""

    def with_options(
        self,
        *,
        timeout: float | None | NotGiven = NOT_GIVEN,
        attempt_timeout: float | None | NotGiven = NOT_GIVEN,
        max_attempts: int | None | NotGiven = NOT_GIVEN,
        region: str | None | NotGiven = NOT_GIVEN,
        headers: Mapping[str, str] | NotGiven = NOT_GIVEN,
        max_response_bytes: int | NotGiven = NOT_GIVEN,
    ) -> Self:
        """A light clone with other options, on the same connections and, per service and region, the same retry quota.

        Args:
            timeout: Seconds for a whole call: credentials, attempts and waits; None for no limit.
            attempt_timeout: Seconds for one attempt, from connecting to the last byte; None for no limit.
            max_attempts: Attempts in total per call, 1 or more; None for the configured number.
            region: The region of the calls; None for the configured one.
            headers: Headers added to every request, on top of those already added.
            max_response_bytes: The most bytes of an answer, decompressed; a larger one is a ResponseTooLargeError.

        Raises:
            RequestError: A value is out of range, or a header is one that roomtone sets itself.
        """
        return self._clone(
            self._options.replaced(
                timeout=timeout,
                attempt_timeout=attempt_timeout,
                max_attempts=max_attempts,
                region=region,
                headers=headers,
                max_response_bytes=max_response_bytes,
            )
        )


class SignalWireBase(ServiceClient):
    """The base of the SignalWire client."""

    def with_options(
        self,
        *,
        timeout: float | None | NotGiven = NOT_GIVEN,
        attempt_timeout: float | None | NotGiven = NOT_GIVEN,
        max_attempts: int | None | NotGiven = NOT_GIVEN,
        headers: Mapping[str, str] | NotGiven = NOT_GIVEN,
        max_response_bytes: int | NotGiven = NOT_GIVEN,
    ) -> Self:
        """A light clone with other options, on the same connections and the same retry quota.

        Args:
            timeout: Seconds for a whole call, waits included; None for no limit.
            attempt_timeout: Seconds for one attempt, from connecting to the last byte; None for no limit.
            max_attempts: Attempts in total per call, 1 or more; None for the configured number.
            headers: Headers added to every request, on top of those already added.
            max_response_bytes: The most bytes of an answer, decompressed; a larger one is a ResponseTooLargeError.

        Raises:
            RequestError: A value is out of range, or a header is one that roomtone sets itself.
        """
        return self._clone(
            self._options.replaced(
                timeout=timeout,
                attempt_timeout=attempt_timeout,
                max_attempts=max_attempts,
                headers=headers,
                max_response_bytes=max_response_bytes,
            )
        )


class SignalWireResource:
    """The base of SignalWire's resources, such as `signalwire.conferences`."""

    def __init__(self, client: SignalWireBase) -> None:
        self._client = client

    async def _call(self, operation: Operation[Any, V], request: Request[object]) -> V:
        return await self._client._call(operation, request)

    def _paginate(
        self, operation: Operation[Any, V], request: Request[V], starting_token: str | None
    ) -> Paginator[Any, V]:
        return self._client._paginate(operation, request, starting_token)

    def _download(self, operation: Operation[Any, bytes], request: Request[bytes]) -> Download:
        return self._client._download(operation, request)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if name.startswith("_"):
                return object.__getattribute__(self, name)
            from roomtone._core.slips import no_resource_method

            raise no_resource_method(type(self).__name__, self._client._package(), name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"
