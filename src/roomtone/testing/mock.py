"""RoomtoneMock: a respx router that reads, checks and answers calls by operation. Knows respx, operations and seams.

While it is active, waits of all clients take no time, and the environment holds its credentials and no others.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from functools import cached_property
from importlib import import_module
from types import NoneType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from unittest.mock import patch

import anyio.lowlevel
import attrs
import httpx
import respx
from respx.models import AllMockedAssertionError

from roomtone._core import encode
from roomtone._core.caching import cache
from roomtone._core.codec import Misfit
from roomtone._core.mirror import read_request
from roomtone._core.operation import AwsService, Operation, WireReply
from roomtone._core.routing import Routes
from roomtone._http import waits
from roomtone._http.verification import Sent, basic_auth, read_claim, verify_basic, verify_signature
from roomtone.client import Client
from roomtone.config import Aws, Credentials, SignalWire
from roomtone.errors import AuthenticationError
from roomtone.testing._generated import AWS, SIGNALWIRE_PATH
from roomtone.testing.httpx2 import reached
from roomtone.testing.operations import (
    Call,
    OperationMock,
    PagedOperationMock,
    ServiceMock,
    named_operations,
)
from roomtone.testing.outcomes import UnexpectedCallError, UnmockedCallError

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

__all__ = ["API_TOKEN", "CREDENTIALS", "PROJECT_ID", "REGION", "SPACE", "RoomtoneMock"]

CREDENTIALS = Credentials("AKIAROOMTONEEXAMPLE", "mock-secret-access-key")
"""The AWS credentials whose signatures a mock verifies."""

REGION = "eu-central-1"
"""The region of the mock's own configuration; calls for every region are answered."""

SPACE = "mock.signalwire.com"
"""The space of the mock's own configuration; calls for every space are answered."""

PROJECT_ID = "7b1f0c7a-3b52-4f8e-9d64-0a1b2c3d4e5f"
"""The SignalWire project whose Basic auth a mock verifies."""

API_TOKEN = "PTmock-api-token"
"""The token that goes with `PROJECT_ID`."""

_SCOPE = re.compile(r"/([^/,\s]+)/aws4_request")

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
    endpoint, on roomtone's own pool or an `AsyncClient` of httpx or httpx2. Each request is read and checked: it fits
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
        sleeps: The seconds of each wait between attempts, in order.
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
            stack.enter_context(_environment(_variables()))
            stack.enter_context(patch.object(waits, "pass_time", self._pass_time))
            stack.enter_context(patch.object(waits, "draw", lambda: 1.0))
            stack.enter_context(patch.object(encode, "new_token", self._new_token))
            stack.enter_context(reached(self.router))
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
            raise self.failures[0]
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
        sent = _sent(http)
        found = max(_found(http.url.host, sent), key=lambda found: self._is_mocked(found.name), default=None)
        if found is None:
            return None
        try:
            call = self._call(found, sent, http)
            answer = await self._answer(found, call)
        except UnexpectedCallError as error:
            # Where another router is active, it may have the answer.
            if not isinstance(error, UnmockedCallError) or _is_alone(self.router):
                self.failures.append(error)
            raise
        if not isinstance(answer, WireReply):
            answer.request = http
            self.router.record(http)
            raise answer
        header = "x-amzn-requestid" if isinstance(found.operation.service, AwsService) else "x-request-id"
        headers = {header: f"mock-{len(self.calls)}", **answer.headers}
        response = httpx.Response(answer.status, headers=headers, content=answer.body, request=http)
        self.router.record(http, response=response)
        return response

    async def _answer(self, found: _Found, call: Call[Any]) -> WireReply | httpx.TransportError:
        if not self._is_mocked(found.name):
            raise _UnmockedCallError(self._what_to_do(found, call))
        self.calls.append(call)
        return await self._mocks[found.name]._answered(call)

    def _call(self, found: _Found, sent: Sent, http: httpx.Request) -> Call[Any]:
        """The call that a request is. Raises UnexpectedCallError when it is not in order."""
        operation = found.operation
        try:
            request = read_request(
                operation, labels=found.labels, query=sent.query, headers=sent.headers, body=sent.body
            )
            region = _verified(operation, found.labels, sent)
        except Misfit as misfit:
            what = f"{operation.request.__name__}{'.' if misfit.path else ''}{misfit.path} {misfit.reason}"
            raise UnexpectedCallError(f"{found.name}: the request does not fit: {what}") from None
        except AuthenticationError as error:
            raise UnexpectedCallError(f"{found.name}: {error.message}") from None
        if operation.token and getattr(request, operation.token) in self._tokens:
            request = attrs.evolve(request, **{operation.token: None})
        return Call(found.name, request, region, http)

    def _what_to_do(self, found: _Found, call: Call[Any]) -> str:
        operation, response = found.operation, found.operation.response
        package, _, _ = found.name.partition(".")
        answer, imports = "", ""
        if response is bytes:
            answer = 'b"..."'
        elif response is not NoneType:
            answer = f"make({response.__name__})"
            imports = f"from roomtone.{package} import {response.__name__}\nfrom roomtone.testing import make\n\n"
        snippet = f"{imports}roomtone_mock.{found.name}.respond({answer})"
        return (
            f"nothing answers {found.name}: {operation.method} {operation.path}\n\n"
            f"  {_shown(call.request)}\n\n"
            f"The nearest that is mocked: {self._nearest(found)}. To answer it:\n\n    "
            + snippet.replace("\n", "\n    ").replace("    \n", "\n")
        )

    def _nearest(self, found: _Found) -> str:
        routes = {repr(route.pattern): f"the plain route {route.pattern!r}" for route in self.router.routes}
        for name, mock in self._mocks.items():
            if mock._is_mocked():
                routes[name] = f"{name} ({mock._operation.method} {mock._operation.path})"
        nearest = difflib.get_close_matches(found.name, routes, n=1, cutoff=0.0)
        return routes[nearest[0]] if nearest else "none, nothing is mocked yet"

    def __repr__(self) -> str:
        return f"<roomtone.testing.RoomtoneMock, calls: {len(self.calls)}>"


def _shown(request: Any) -> str:
    """A request with the members that are in it; secrets stay out."""
    cls: type[Any] = type(request)
    members = [field.name for field in attrs.fields(cls) if field.repr]
    given = [f"{name}={value!r}" for name in members if (value := getattr(request, name)) is not None]
    return f"{cls.__name__}({', '.join(given)})"


@attrs.frozen
class _Found:
    """The operation that a request calls."""

    name: str
    operation: Operation[Any, Any]
    labels: Mapping[str, str]


def _sent(http: httpx.Request) -> Sent:
    path, _, query = http.url.raw_path.decode("ascii").partition("?")
    headers = {name.lower(): value for name, value in http.headers.items()}
    return Sent(http.method, path, query, headers, http.content)


def _found(host: str, sent: Sent) -> Iterator[_Found]:
    """What a request can call. Several at a custom endpoint only: there nothing but the path tells services apart."""
    packages = _packages(host, sent)
    # A custom endpoint may have the service's name in its path, as the emulator does.
    packages.sort(key=lambda package: package.replace("_", "-") not in sent.path.split("/"))
    for package in packages:
        names, media, others = _routes(package)
        tables = [media, others] if sent.headers.get("accept") == "*/*" else [others, media]
        matches = (table.find(sent.method, path, sent.query) for path in _paths(sent.path) for table in tables)
        found = next((match for match in matches if match is not None), None)
        if found is not None:
            yield _Found(f"{package}.{names[found[0]]}", *found)


def _packages(host: str, sent: Sent) -> list[str]:
    prefix = host.partition(".")[0].removesuffix("-fips")
    named = [package for package, (endpoint, _) in AWS.items() if endpoint == prefix]
    if named:
        return named
    if SIGNALWIRE_PATH in sent.path:
        return ["signalwire"]
    scope = _SCOPE.search(sent.headers.get("authorization", ""))
    return [package for package, (_, signing_name) in AWS.items() if scope and signing_name == scope[1]]


def _paths(path: str) -> Iterator[str]:
    """The path below every prefix that an endpoint can have, the shortest prefix first."""
    path = path.rpartition(SIGNALWIRE_PATH)[2]
    while path:
        yield path
        slash = path.find("/", 1)
        path = path[slash:] if slash > 0 else ""


@cache
def _routes(package: str) -> tuple[Mapping[Operation[Any, Any], str], Routes, Routes]:
    """The names of a service's operations; the routes of its downloads, whose paths others have too; and the others."""
    named = named_operations(package)
    media = Routes(one for one in named.values() if one.download)
    others = Routes(one for one in named.values() if not one.download)
    return {one: name for name, one in named.items()}, media, others


def _verified(operation: Operation[Any, Any], labels: Mapping[str, str], sent: Sent) -> str:
    """The region of a call whose proof is in order, as far as its secret is known. Raises AuthenticationError."""
    if isinstance(operation.service, AwsService):
        now = datetime.now(timezone.utc)
        claim = read_claim(sent, operation.service, now)
        if claim.access_key_id == CREDENTIALS.access_key_id:
            verify_signature(sent, operation.service, CREDENTIALS, now)
        return claim.region
    project_id, _ = basic_auth(sent)
    if project_id == PROJECT_ID:
        verify_basic(sent, PROJECT_ID, API_TOKEN)
    if labels.get("AccountSid", project_id) != project_id:
        raise AuthenticationError("the Basic auth is another project's than the path's")
    return ""


def _is_alone(router: respx.MockRouter) -> bool:
    """Whether respx asks no other router after this one."""
    return router.Mocker is None or router.Mocker.routers[-1] is router


def _variables() -> dict[str, str | None]:
    """The environment of the block: the mock's credentials and nobody's else."""
    variables: dict[str, str | None] = {
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
        "AWS_SESSION_TOKEN": None,
        "AWS_PROFILE": None,
        "AWS_DEFAULT_PROFILE": None,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SIGNALWIRE_PROJECT_ID": PROJECT_ID,
        "SIGNALWIRE_API_TOKEN": API_TOKEN,
    }
    if "AWS_REGION" not in os.environ and "AWS_DEFAULT_REGION" not in os.environ:
        variables["AWS_REGION"] = REGION
    if "SIGNALWIRE_SPACE" not in os.environ:
        variables["SIGNALWIRE_SPACE"] = SPACE
    return variables


@contextmanager
def _environment(variables: Mapping[str, str | None]) -> Generator[None]:
    """Sets variables, None for none, and puts them back."""
    former = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(former)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
