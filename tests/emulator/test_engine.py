"""The engine on every operation of the nine services: routes, requests, errors, and what is not emulated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from importlib import import_module
from typing import Any, cast

import httpx
import pytest

import roomtone
from parity.shapes import CASES, SERVICES, Subject, params_of, subjects
from roomtone import errors, ivschat
from roomtone._core.decode import decode
from roomtone._core.encode import encode
from roomtone._core.faults import ErrorTable, modelled_members
from roomtone._core.mirror import error_reply, read_request
from roomtone._core.operation import AwsService, Operation
from roomtone._http.signing import sign
from roomtone._http.verification import Sent
from roomtone.chime_sdk_meetings import TooManyTagsException
from roomtone.chime_sdk_meetings import operations as meetings
from roomtone.emulator import CREDENTIALS, PROJECT_ID, Emulator
from roomtone.emulator.handlers import Handler
from roomtone.emulator.services import Double, doubles
from roomtone.ivs import operations as ivs
from roomtone.signalwire import operations as signalwire

EVERY_SERVICE = (*SERVICES, "signalwire")


SAMPLES: dict[Any, object] = {
    str: "7",
    int: 7,
    list[ivschat.ValidationExceptionField]: [ivschat.ValidationExceptionField(name="arn", message="odd")],
}
"""A value for each type of the errors' modelled members."""


def double_of(service: str) -> Double:
    return next(double for double in doubles() if double.service.name == service)


def operations_of(service: str) -> tuple[Operation[Any, Any], ...]:
    found: tuple[Operation[Any, Any], ...] = import_module(
        f"roomtone.{service.replace('-', '_')}.operations"
    ).OPERATIONS
    return found


def errors_of(service: str) -> ErrorTable:
    table: ErrorTable = import_module(f"roomtone.{service.replace('-', '_')}.errors").ERRORS
    return table


def sample(operation: Operation[Any, Any]) -> tuple[str, str]:
    """A path and a query of the operation."""
    path, _, query = operation.path.partition("?")
    path = path.replace("{.", ".{")
    for label in ("AccountSid", *operation.labels.values()):
        path = path.replace(f"{{{label}}}", PROJECT_ID if label == "AccountSid" else "arn%3Aaws%2Fx")
    return path, query


@pytest.mark.parametrize("service", EVERY_SERVICE)
def test_every_operation_has_its_route(service: str) -> None:
    """Method, path and fixed query of each operation lead to it and no other; labels are decoded."""
    routes = double_of(service).routes
    for operation in operations_of(service):
        path, query = sample(operation)
        for sent in {query, f"x=y&{query}" if query else "x=y", f"{query}&MaxResults=3" if query else ""}:
            found = routes.find(operation.method, path, sent)
            assert found is not None
            assert found[0] is operation
            labels = {label: text for label, text in found[1].items() if label != "AccountSid"}
            assert labels == dict.fromkeys(operation.labels.values(), "arn:aws/x")
    assert routes.find("GET", "/no/such/path/at/all", "") is None
    assert routes.find("PUT", "/meetings", "") is None


def test_media_stand_beside_their_metadata() -> None:
    """A recording's path is that of its media, with or without a format at its end, and with .json its metadata."""
    routes = double_of("signalwire").routes
    path = f"/Accounts/{PROJECT_ID}/Recordings/RE1"
    for ending, operation, labels in (
        ("", signalwire.RECORDINGS_DOWNLOAD, {"Sid": "RE1"}),
        (".mp3", signalwire.RECORDINGS_DOWNLOAD, {"Sid": "RE1", "Format": "mp3"}),
        (".json", signalwire.RECORDINGS_GET, {"Sid": "RE1"}),
    ):
        assert routes.find("GET", path + ending, "") == (operation, {"AccountSid": PROJECT_ID, **labels})
    for format_ in (None, "wav"):
        request = signalwire.models.RecordingsDownloadRequest(sid="RE/1", format=format_)
        assert read_back(signalwire.RECORDINGS_DOWNLOAD, request) == request


def read_back(operation: Operation[Any, Any], request: Any) -> Any:
    """What the engine reads of what a client sends."""
    account = None if isinstance(operation.service, AwsService) else PROJECT_ID
    wire = encode(operation, request, account_sid=account, make_token=lambda: "token")
    found = double_of(operation.service.name).routes.find(wire.method, wire.path, wire.query)
    assert found is not None
    assert found[0] is operation
    return read_request(operation, labels=found[1], query=wire.query, headers=wire.headers, body=wire.body)


def aws_requests(service: str) -> Iterator[tuple[Subject, Any]]:
    for one in subjects():
        if one.service == service:
            for case in CASES:
                request = roomtone.from_wire(one.operation.request, params_of(one, case))
                if one.operation.token and getattr(request, one.operation.token) is None:
                    setattr(request, one.operation.token, "token")
                for name in one.operation.query:
                    # An empty list sends nothing; required, it would be missing.
                    if getattr(request, name) == []:
                        setattr(request, name, ["one"])
                yield one, request


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_sent_is_read(service: str) -> None:
    """Every request, of ordinary and of nasty values, arrives as the request it was."""
    for one, request in aws_requests(service):
        assert comparable(read_back(one.operation, request)) == comparable(request), str(one)


def comparable(request: object) -> dict[str, Any]:
    """A request as the wire has it, without what an empty list or mapping does not send."""
    return {name: value for name, value in roomtone.to_wire(request).items() if value not in ([], {}, "")}


def test_a_signalwire_form_is_read() -> None:
    """Numbers, booleans, lists in one text and numbered pairs arrive as they were."""
    request = signalwire.models.ConferencesStartStreamRequest(
        conference_sid="a/b c", url="wss://x.example/?a=b&c", stream_real_time=False, parameters={"ü &": "=+", "b": ""}
    )
    assert read_back(signalwire.CONFERENCES_START_STREAM, request) == request
    listing = signalwire.models.ConferencesListRequest(page=2, page_size=7, date_created_after="2026-01-01")
    assert read_back(signalwire.CONFERENCES_LIST, listing) == listing
    call = signalwire.models.CallsCreateRequest(
        to="+15550100", from_="+15550101", url="https://x.example", status_callback_event=["ringing", "answered"]
    )
    assert read_back(signalwire.CALLS_CREATE, call) == call


@pytest.mark.parametrize("service", SERVICES)
def test_every_documented_error_comes_back(service: str) -> None:
    """An error raised in the emulator becomes that very error in a client: class, message, status and members."""
    operation, table = operations_of(service)[0], errors_of(service)
    for code, cls in table.documented.items():
        given = {name: SAMPLES[hint] for name, _, hint in modelled_members(cls, "camel")}
        sent = cls("told so", **given)
        with pytest.raises(errors.ApiError) as caught:
            decode(operation, error_reply(operation.service, sent), table)
        assert type(caught.value) is cls
        assert (caught.value.message, caught.value.code, caught.value.status) == ("told so", code, cls.status)
        assert {name: getattr(caught.value, name) for name in given} == given
        with pytest.raises(cls) as bare:
            decode(operation, error_reply(operation.service, cls("no more")), table)
        assert {getattr(bare.value, name) for name in given} <= {None}


def call(emulator: Emulator, operation: Operation[Any, Any], body: bytes = b"", more: str = "") -> tuple[int, str, str]:
    """Status, code and message of a well-signed call that is refused."""
    double = double_of(operation.service.name)
    path, query = sample(operation)
    query += more
    headers = {"host": "127.0.0.1"}
    if isinstance(operation.service, AwsService):
        headers |= sign(
            method=operation.method,
            path=double.prefix + path,
            query=query,
            headers=headers,
            body=body,
            credentials=CREDENTIALS,
            region="eu-west-1",
            service=operation.service.signing_name,
            now=datetime.now(timezone.utc),
        )
    else:
        headers["authorization"] = httpx.BasicAuth(PROJECT_ID, "PTemulator-api-token")._auth_header
    reply = emulator.answer(Sent(operation.method, double.prefix + path, query, headers, body))
    with pytest.raises(errors.ApiError) as caught:
        decode(operation, reply, errors_of(operation.service.name))
    return reply.status, caught.value.code, caught.value.message


@pytest.mark.parametrize("service", EVERY_SERVICE)
def test_what_is_not_emulated_says_so(service: str, emulator: Emulator) -> None:
    """An operation without a handler answers 501 with its own name and its typed mock."""
    double = double_of(service)
    for operation in operations_of(service):
        if operation not in double.handlers:
            check_not_emulated(emulator, operation)


@pytest.mark.parametrize(
    ("operation", "mock"),
    [(ivs.GET_STREAM_SESSION, "ivs.get_stream_session"), (signalwire.CONFERENCES_LIST, "signalwire.conferences.list")],
    ids=["ivs", "signalwire"],
)
def test_the_mock_is_named(
    operation: Operation[Any, Any], mock: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mock is called as the method is: by the service's package, and by SignalWire's resource."""
    monkeypatch.delitem(cast("dict[Any, Any]", double_of(operation.service.name).handlers), operation)
    assert f"roomtone_mock.{mock} " in check_not_emulated(emulator, operation)


def check_not_emulated(emulator: Emulator, operation: Operation[Any, Any]) -> str:
    status, code, message = call(emulator, operation)
    assert (status, code) == (501, "NotEmulatedException")
    assert f"{operation.service.name} {operation.name} " in message
    assert f"roomtone_mock.{operation.service.name.replace('-', '_')}." in message
    return message


def test_bodies_that_do_not_fit(emulator: Emulator) -> None:
    """A body that is no JSON object, or not the operation's, is the documented error, which names what is wrong."""
    bodies = {
        b"{": "is not JSON",
        b"\xff": "is not UTF-8",
        b"[]": "must be an object",
        b'{"MediaRegion":"eu-west-1","ExternalMeetingId":"standup"}': "client_request_token is required",
        b'{"MediaRegion":1,"ExternalMeetingId":"standup"}': "media_region must be a str",
        b'{"MediaRegion":"eu-west-1","ExternalMeetingID":"x"}': "did you mean 'ExternalMeetingId'",
        b"": "media_region is required",
    }
    for body, reason in bodies.items():
        status, code, message = call(emulator, meetings.CREATE_MEETING, body)
        assert (status, code) == (400, "BadRequestException")
        assert reason in message


def test_queries_that_do_not_fit(emulator: Emulator) -> None:
    """A query's text that is no value of its member is the documented error, which names the member."""
    for more, reason in {"max-results=few": "max_results must be a number", "next-token=%ff": "is not UTF-8"}.items():
        status, code, message = call(emulator, meetings.LIST_ATTENDEES, more=more)
        assert (status, code) == (400, "BadRequestException")
        assert reason in message


def test_nothing_there(emulator: Emulator) -> None:
    """A path of no service is a 404 that names the services' paths; a path of no operation is one too."""
    lost = emulator.answer(Sent("GET", "/meetings", "", {}, b""))
    assert lost.status == 404
    assert b"/chime-sdk-meetings" in lost.body
    unknown = Operation(
        service=operations_of("ivs")[0].service,
        name="Nothing",
        method="POST",
        path="/Nothing",
        request=operations_of("ivs")[0].request,
        response=type(None),
    )
    assert call(emulator, unknown)[:2] == (404, "UnknownOperationException")


def test_undocumented_errors_are_a_bug(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler can raise only what its operation documents."""

    def raises(*_: object) -> None:
        raise TooManyTagsException("no")

    operation = meetings.GET_MEETING
    monkeypatch.setitem(
        cast("dict[Any, Any]", double_of("chime-sdk-meetings").handlers), operation, Handler(raises, 200, {})
    )
    with pytest.raises(RuntimeError, match="GetMeeting documents no TooManyTagsException"):
        call(emulator, operation)


@pytest.mark.anyio
async def test_asgi(emulator: Emulator) -> None:
    """Lifespan is answered, a client that goes away gets nothing, another protocol is refused."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    def receiver(*messages: dict[str, Any]) -> Any:
        queue = list(messages)

        async def receive() -> dict[str, Any]:
            return queue.pop(0)

        return receive

    await emulator({"type": "lifespan"}, receiver({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}), send)
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    sent.clear()
    scope = {"type": "http", "method": "GET", "path": "/ü", "query_string": b"", "headers": []}
    half = {"type": "http.request", "body": b"{", "more_body": True}
    await emulator(scope, receiver(half, {"type": "http.disconnect"}), send)
    assert sent == []
    await emulator(scope, receiver(half, {"type": "http.request", "body": b"}"}), send)
    assert sent[0]["status"] == 404
    with pytest.raises(NotImplementedError, match="websocket"):
        await emulator({"type": "websocket"}, receiver(), send)
