"""RoomtoneMock: a respx router that answers calls by operation. Knows respx, and the seams of waits and tokens.

While it is active, waits of all clients take no time, and the environment holds its credentials and no others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import cached_property
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from unittest.mock import patch

import anyio.lowlevel
import attrs
import httpx
import respx
from respx.models import AllMockedAssertionError

from roomtone._core import encode
from roomtone._core.operation import AwsService, WireReply
from roomtone._http import waits
from roomtone.client import Client
from roomtone.config import Aws, SignalWire
from roomtone.testing.advice import advice
from roomtone.testing.identity import API_TOKEN, CREDENTIALS, PROJECT_ID, REGION, SPACE, environment
from roomtone.testing.operations import Call, OperationMock, PagedOperationMock, ServiceMock, named_operations
from roomtone.testing.outcomes import Answer, UnexpectedCallError, UnmockedCallError
from roomtone.testing.reach import all_reached
from roomtone.testing.reading import Found, find

if TYPE_CHECKING:
    from roomtone.testing._generated.chime_sdk_identity import ChimeSDKIdentityMock
    from roomtone.testing._generated.chime_sdk_media_pipelines import ChimeSDKMediaPipelinesMock
    from roomtone.testing._generated.chime_sdk_meetings import ChimeSDKMeetingsMock
    from roomtone.testing._generated.chime_sdk_messaging import ChimeSDKMessagingMock
    from roomtone.testing._generated.chime_sdk_voice import ChimeSDKVoiceMock
    from roomtone.testing._generated.ivs import IVSMock
    from roomtone.testing._generated.ivs_realtime import IVSRealtimeMock
    from roomtone.testing._generated.ivschat import IVSChatMock
    from roomtone.testing._generated.signalwire import SignalWireMock

__all__ = ["RoomtoneMock"]

ServiceT = TypeVar("ServiceT", bound=ServiceMock)


class _UnmockedCallError(UnmockedCallError, AllMockedAssertionError):
    """Of respx's class too, at which it asks the next active router."""


class _Router(respx.MockRouter):
    """A plain respx router; what none of its routes matches is asked of the mock."""

    otherwise: Callable[[httpx.Request], Awaitable[httpx.Response | None]]

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().async_handler(request)
        except AllMockedAssertionError:
            response = await self.otherwise(request)
            if response is None:
                raise
            return response


class RoomtoneMock:
    """Typed mocks of the nine services, active within `with RoomtoneMock() as mock`.

    `mock.ivs.get_stream_session` is the mock of that operation, `mock.signalwire.conferences.start_stream` of that one.
    It answers the calls of every `roomtone.Client` of the process, whoever made it, for every region, space and
    endpoint, on either engine or an `AsyncClient` of httpx or httpx2. Each request is read and checked: it fits
    the model, its signature or Basic auth is in order, and fits the bytes when it was made with the mock's own
    credentials. What no mock answers fails, as does any other request for which `router` has no route.

    While it is active, waits between attempts take no time and are noted in `sleeps`, backoffs are the longest that the
    retry rule allows, and the environment has `CREDENTIALS`, `PROJECT_ID` and `API_TOKEN`, no other credentials and no
    profile; `REGION` and `SPACE` where it names none.

    Args:
        assert_all_called: At the end of the block, fail when a mock that has an answer, a step of a script or a route
            of `router` was not asked for.

    Attributes:
        router: The plain respx router; its routes go first.
        calls: The calls to all operations, in order.
        sleeps: The seconds of each wait between attempts, and between the polls of `wait_until` and `watch`, in order.
        failures: What calls failed for; one that is still in it at the end of the block fails the block, in case the
            code under test has swallowed it.
    """

    def __init__(self, *, assert_all_called: bool = False) -> None:
        router = _Router(assert_all_called=assert_all_called)
        router.otherwise = self._answered
        self.router: respx.MockRouter = router
        self.calls: list[Call[Any]] = []
        self.sleeps: list[float] = []
        self.failures: list[UnexpectedCallError] = []
        self._assert_all_called = assert_all_called
        self._mocks: dict[str, OperationMock[Any, Any]] = {}
        self._tokens: set[str] = set()
        self._active: ExitStack | None = None

    @cached_property
    def chime_sdk_identity(self) -> ChimeSDKIdentityMock:
        """Amazon Chime SDK Identity."""
        from roomtone.testing._generated.chime_sdk_identity import ChimeSDKIdentityMock

        return self._service(ChimeSDKIdentityMock)

    @cached_property
    def chime_sdk_media_pipelines(self) -> ChimeSDKMediaPipelinesMock:
        """Amazon Chime SDK Media Pipelines."""
        from roomtone.testing._generated.chime_sdk_media_pipelines import ChimeSDKMediaPipelinesMock

        return self._service(ChimeSDKMediaPipelinesMock)

    @cached_property
    def chime_sdk_meetings(self) -> ChimeSDKMeetingsMock:
        """Amazon Chime SDK Meetings."""
        from roomtone.testing._generated.chime_sdk_meetings import ChimeSDKMeetingsMock

        return self._service(ChimeSDKMeetingsMock)

    @cached_property
    def chime_sdk_messaging(self) -> ChimeSDKMessagingMock:
        """Amazon Chime SDK Messaging."""
        from roomtone.testing._generated.chime_sdk_messaging import ChimeSDKMessagingMock

        return self._service(ChimeSDKMessagingMock)

    @cached_property
    def chime_sdk_voice(self) -> ChimeSDKVoiceMock:
        """Amazon Chime SDK Voice."""
        from roomtone.testing._generated.chime_sdk_voice import ChimeSDKVoiceMock

        return self._service(ChimeSDKVoiceMock)

    @cached_property
    def ivs(self) -> IVSMock:
        """Amazon Interactive Video Service, low-latency streaming."""
        from roomtone.testing._generated.ivs import IVSMock

        return self._service(IVSMock)

    @cached_property
    def ivs_realtime(self) -> IVSRealtimeMock:
        """Amazon Interactive Video Service, real-time streaming."""
        from roomtone.testing._generated.ivs_realtime import IVSRealtimeMock

        return self._service(IVSRealtimeMock)

    @cached_property
    def ivschat(self) -> IVSChatMock:
        """Amazon Interactive Video Service, chat."""
        from roomtone.testing._generated.ivschat import IVSChatMock

        return self._service(IVSChatMock)

    @cached_property
    def signalwire(self) -> SignalWireMock:
        """SignalWire's compatibility REST API."""
        from roomtone.testing._generated.signalwire import SignalWireMock

        return self._service(SignalWireMock)

    @property
    def aws_config(self) -> Aws:
        """A configuration with `CREDENTIALS` and `REGION`."""
        return Aws(region=REGION, credentials=CREDENTIALS)

    @property
    def signalwire_config(self) -> SignalWire:
        """A configuration with `SPACE`, `PROJECT_ID` and `API_TOKEN`."""
        return SignalWire(space=SPACE, project_id=PROJECT_ID, api_token=API_TOKEN)

    def client(self) -> Client:
        """A new client with the mock's own configuration."""
        return Client(self.aws_config, self.signalwire_config)

    def reset(self) -> None:
        """Forgets all answers, calls, waits and failures, and the router's routes."""
        for mock in self._mocks.values():
            mock.reset()
        for notes in (self.calls, self.sleeps, self.failures):
            notes.clear()
        self.router.clear()
        self.router.reset()

    def __enter__(self) -> Self:
        if self._active is not None:
            raise RuntimeError("this RoomtoneMock is active already")
        with ExitStack() as stack:
            stack.enter_context(environment())
            stack.enter_context(patch.object(waits, "pass_time", self._pass_time))
            stack.enter_context(patch.object(waits, "draw", lambda: 1.0))
            stack.enter_context(patch.object(encode, "new_token", self._new_token))
            stack.enter_context(all_reached(self.router))
            self.router.start()
            self._active = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        active, self._active = self._active, None
        assert active is not None
        with active:
            self.router.stop(quiet=kind is not None)
        if kind is not None:
            return
        if self.failures:
            failure = self.failures[0]
            failure.add_note("the code under test let none of this out; a test that expects it clears mock.failures")
            raise failure
        neglected = [told for mock in self._mocks.values() if (told := mock._neglected())]
        if self._assert_all_called and neglected:
            raise AssertionError("; ".join(neglected))

    async def _pass_time(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await anyio.lowlevel.checkpoint()

    def _new_token(self) -> str:
        number = len(self._tokens) + 1
        token = f"00000000-0000-4000-8000-{number:012}"
        self._tokens.add(token)
        return token

    def _service(self, cls: type[ServiceT]) -> ServiceT:
        return cls(self._named, cls.__module__.rpartition(".")[2])

    def _named(self, name: str) -> OperationMock[Any, Any] | None:
        """The mock of an operation by its whole name, `ivs.get_stream`; None when there is no such operation."""
        if name not in self._mocks:
            package, _, short = name.partition(".")
            operation = named_operations(package).get(short)
            if operation is None:
                return None
            table = import_module(f"roomtone.{package}.errors").ERRORS
            cls: type[OperationMock[Any, Any]] = OperationMock if operation.pages is None else PagedOperationMock
            self._mocks[name] = cls(name, operation, table)
        return self._mocks[name]

    def _is_mocked(self, name: str) -> bool:
        return name in self._mocks and self._mocks[name]._is_mocked()

    async def _answered(self, http: httpx.Request) -> httpx.Response | None:
        """The answer to a request that no plain route matches; None when it is no call of an operation."""
        found = max(find(http), key=lambda found: self._is_mocked(found.name), default=None)
        if found is None:
            return None
        try:
            answer = await self._answer(found)
        except UnexpectedCallError as error:
            # Where another router is active, it may have the answer.
            if not isinstance(error, UnmockedCallError) or _is_alone(self.router):
                self.failures.append(error)
            raise
        if not isinstance(answer, WireReply):
            self.router.record(http)
            raise type(answer)(str(answer), request=http)
        header = "x-amzn-requestid" if isinstance(found.operation.service, AwsService) else "x-request-id"
        headers = {header: f"mock-{len(self.calls)}", **answer.headers}
        response = httpx.Response(answer.status, headers=headers, content=answer.body, request=http)
        self.router.record(http, response=response)
        return response

    async def _answer(self, found: Found) -> Answer:
        call, token = found.call(), found.operation.token
        if token and getattr(call.request, token) in self._tokens:
            call = attrs.evolve(call, request=attrs.evolve(call.request, **{token: None}))
        if not self._is_mocked(found.name):
            raise _UnmockedCallError(advice(found.name, found.operation, call.request, self._mocked()))
        self.calls.append(call)
        return await self._mocks[found.name]._answered(call)

    def _mocked(self) -> dict[str, str]:
        """What has an answer, and how to call it: plain routes, and operations by their names."""
        routes = {repr(route.pattern): f"the plain route {route.pattern!r}" for route in self.router.routes}
        mocks = {name: mock._operation for name, mock in self._mocks.items() if mock._is_mocked()}
        return routes | {name: f"{name} ({one.method} {one.path})" for name, one in mocks.items()}

    def __repr__(self) -> str:
        return f"<roomtone.testing.RoomtoneMock, calls: {len(self.calls)}>"


def _is_alone(router: respx.MockRouter) -> bool:
    """Whether respx asks no other router after this one."""
    return router.Mocker is None or router.Mocker.routers[-1] is router
