"""Every method of SignalWire's resources: what it sends, and what it makes of the answer."""

from __future__ import annotations

import inspect
import json
import ssl
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
import respx

import roomtone
from roomtone import errors
from roomtone.signalwire import SignalWireClient, operations, resources
from roomtone.signalwire import errors as signalwire_errors
from roomtone_codegen import signalwire_spec
from roomtone_codegen.signalwire_reader import class_name, python_name
from roomtone_codegen.signalwire_spec import Line, Method

SPEC = signalwire_spec.load()
PROJECT = "P-1"
TLS = ssl.create_default_context()
"""Made once, since it costs more than a call."""
TEXT = "a b&c=d%/+~ü'*"

Pairs = list[tuple[str, str]]

every_method = pytest.mark.parametrize("method", SPEC.methods, ids=lambda method: method.where)


def client() -> roomtone.Client:
    config = roomtone.SignalWire(space="acme", project_id=PROJECT, api_token="t")
    return roomtone.Client(signalwire=config, ssl_context=TLS)


def argument(line: Line) -> tuple[str, Any, Pairs]:
    """A value for a parameter: its Python name, the value, and the pairs that must be on the wire."""
    name = python_name(line.name)
    if line.type == "pairs":
        pairs = [("Parameter1.Name", "tenant"), ("Parameter1.Value", "42"), ("Parameter2.Name", TEXT)]
        return "parameters", {"tenant": "42", TEXT: ""}, [*pairs, ("Parameter2.Value", "")]
    if line.type == "words":
        return name, ["in-progress", "completed"], [(line.name, "in-progress completed")]
    if line.many:
        one, text = single(line)
        return name, [one, one], [(line.name, text)] * 2
    value, text = single(line)
    return name, value, [(line.name, text)]


def single(line: Line) -> tuple[Any, str]:
    if line.type in SPEC.enums:
        return SPEC.enums[line.type][-1], SPEC.enums[line.type][-1]
    if line.type in ("bool", "bool text"):
        return False, "false"
    if line.type == "int":
        return line.maximum or 7, str(line.maximum or 7)
    return TEXT, TEXT


def call(signalwire: SignalWireClient, method: Method, lines: list[Line]) -> Any:
    """The coroutine of a method's call: ids by position, the rest by name."""
    ids = [f"{label} 1/2" for label in method.labels if label != "AccountSid"]
    arguments = {name: value for name, value, _ in map(argument, lines)}
    return getattr(getattr(signalwire, method.resource), method.name)(*ids, **arguments)


def path_of(method: Method) -> str:
    path = method.path.replace("{AccountSid}", PROJECT)
    for label in method.labels:
        path = path.replace(f"{{{label}}}", f"{label} 1/2")
    return path


def assert_sent(request: httpx.Request, method: Method, lines: list[Line]) -> None:
    raw_path, _, query = request.url.raw_path.decode().partition("?")
    assert request.method == method.verb
    assert unquote(raw_path) == "/api/laml/2010-04-01" + path_of(method)
    assert raw_path.count("/") == ("/api/laml/2010-04-01" + method.path).count("/")
    assert request.headers["authorization"] == "Basic UC0xOnQ="
    in_query = [pair for line in lines if line in method.query for pair in argument(line)[2]]
    in_body = [pair for line in lines if line in method.body_lines for pair in argument(line)[2]]
    assert sorted(parse_qsl(query, keep_blank_values=True)) == sorted(in_query)
    if method.body == "json":
        assert json.loads(request.content) == {line.name: argument(line)[1] for line in lines}
        assert request.headers["content-type"] == "application/json"
    elif method.body == "form":
        assert sorted(parse_qsl(request.content.decode(), keep_blank_values=True)) == sorted(in_body)
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    else:
        assert request.content == b""
        assert "content-type" not in request.headers


FIELDS: dict[str, tuple[Any, Any]] = {
    "time": ("Tue, 25 Sept 2018 20:00:00 +0000", datetime(2018, 9, 25, 20, tzinfo=timezone.utc)),
    "money": (-0.0075, Decimal("-0.0075")),
    "money text": ("0.10", Decimal("0.10")),
    "int": ("12", 12),
    "float": ("4.5", 4.5),
    "bool": (True, True),
    "null": (None, None),
}
"""As it is sent and as it is read, numbers as the strings that were seen in their place."""


def field(line: Line) -> tuple[Any, Any]:
    if line.type in SPEC.shapes:
        sent, read = shape(line.type)
    else:
        sent, read = FIELDS.get(line.type, (TEXT, TEXT))
    return ([sent], [read]) if line.many else (sent, read)


def shape(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An answer with every documented field: as it is sent, and its attributes as they are read."""
    fields = {line.name: field(line) for line in SPEC.shapes[name]}
    return {key: sent for key, (sent, _) in fields.items()}, {
        python_name(key): read for key, (_, read) in fields.items()
    }


def attributes(value: Any) -> Any:
    if isinstance(value, list):
        return [attributes(item) for item in value]
    if not hasattr(value, "__attrs_attrs__"):
        return value
    return {a.name: attributes(getattr(value, a.name)) for a in value.__attrs_attrs__}


@pytest.mark.anyio
@every_method
async def test_a_maximal_call(method: Method) -> None:
    """Every documented parameter arrives under its wire name, and every documented field is read as its type."""
    lines = [*method.query, *method.body_lines]
    sent, read = shape(method.answer) if method.answer else (None, None)
    with respx.mock() as mocked:
        route = mocked.route(method=method.verb).respond(method.status, json=sent)
        async with client() as live:
            answer = await call(live.signalwire, method, lines)
    assert_sent(route.calls.last.request, method, lines)
    assert attributes(answer) == read


@pytest.mark.anyio
@every_method
async def test_a_minimal_call(method: Method) -> None:
    """With what is required alone nothing else is sent, and an answer of one field is read all the same."""
    lines = [line for line in (*method.query, *method.body_lines) if line.required]
    sent, read = shape(method.answer) if method.answer else ({}, {})
    first, read = dict([*sent.items()][:1]), dict([*read.items()][:1])
    with respx.mock() as mocked:
        route = mocked.route(method=method.verb).respond(201, json={"something": "else", **first})
        async with client() as live:
            answer = await call(live.signalwire, method, lines)
    assert_sent(route.calls.last.request, method, lines)
    if method.answer is None:
        assert answer is None
    else:
        assert {name: value for name, value in attributes(answer).items() if value not in (None, [])} == read


@pytest.mark.anyio
@every_method
async def test_an_answer_without_any_field(method: Method) -> None:
    """An answer that has no field of a resource is no empty success; of a list it is an empty page."""
    lines = [line for line in (*method.query, *method.body_lines) if line.required]
    with respx.mock() as mocked:
        mocked.route(method=method.verb).respond(200, json={"something": "else"})
        async with client() as live:
            if method.answer is None or any(
                line.many and line.type in SPEC.shapes for line in SPEC.shapes[method.answer]
            ):
                await call(live.signalwire, method, lines)
            else:
                with pytest.raises(errors.DecodeError, match="no member of"):
                    await call(live.signalwire, method, lines)


@every_method
def test_a_required_argument_is_asked_for(method: Method) -> None:
    """Ids are positional, the rest is keyword-only, and only what the documentation requires has no default."""
    signature = inspect.signature(getattr(getattr(resources, class_name(method.resource)), method.name))
    parameters = [parameter for name, parameter in signature.parameters.items() if name != "self"]
    ids = [parameter.name for parameter in parameters if parameter.kind is not parameter.KEYWORD_ONLY]
    needed = {parameter.name for parameter in parameters if parameter.default is parameter.empty}
    assert ids == [python_name(label) for label in method.labels if label != "AccountSid"]
    required = {argument(line)[0] for line in (*method.query, *method.body_lines) if line.required}
    said_by_name = {"status"} if method.name == "stop_stream" else set[str]()
    assert needed - set(ids) == required - said_by_name


@every_method
def test_a_docstring_says_what_a_call_does(method: Method) -> None:
    """The docstring of a method has its path, every argument, the documented statuses, the answer and the scopes."""
    about = inspect.getdoc(getattr(getattr(resources, class_name(method.resource)), method.name))
    assert about is not None
    assert f"`{method.verb} {method.path}`" in about
    for line in (*method.query, *method.body_lines):
        assert f"\n    {argument(line)[0]}: " in about
    for status in method.errors:
        assert str(status) in about
    _, _, scopes = " ".join(about.split()).partition("Takes an API token with the scope ")
    assert scopes.rstrip(".").replace(" or ", ", ").split(", ") == list(method.scopes)
    assert method.answer is None or f"`{method.answer}`" in about


@pytest.mark.anyio
@pytest.mark.parametrize("method", [m for m in SPEC.methods if m.pages], ids=lambda method: method.where)
async def test_every_list_in_pages_has_an_iterator(method: Method) -> None:
    """An iterator gives the items of all pages; of a link it follows the query alone, on the first origin and path."""
    what = method.resource if method.name == "list" else method.name.removeprefix("list_")
    ids = [f"{label} 1/2" for label in method.labels if label != "AccountSid"]
    item = next(iter(method.pages.values()))
    text = next(line.name for line in SPEC.shapes[item] if line.type in ("uuid", "str"))
    pages = [
        {key: [{text: "1"}, {text: "2"}] for key in method.pages}
        | {"next_page_uri": "https://elsewhere.example/odd path?Page=1&PageToken=PA%2B1"},
        {list(method.pages)[-1]: [{text: "3"}], "next_page_uri": None},
    ]
    with respx.mock() as mocked:
        route = mocked.get(host="acme.signalwire.com").mock(
            side_effect=[httpx.Response(200, json=page) for page in pages]
        )
        async with client() as live:
            iterate = getattr(getattr(live.signalwire, method.resource), f"iter_{what}")
            found = [getattr(item, text) async for item in iterate(*ids, page_size=2)]
    first, second = (call.request for call in route.calls)
    assert found == ["1", "2", "3"]
    assert first.url.query == b"PageSize=2"
    assert unquote(second.url.path) == unquote(first.url.path)
    assert second.url.query == b"Page=1&PageToken=PA%2B1"


@pytest.mark.anyio
async def test_a_documented_status_has_its_class() -> None:
    """Every status that is documented for an operation arrives as a class that its record names, under both bases."""
    by_name = {operation.name: operation for operation in operations.OPERATIONS}
    async with client() as live:
        signalwire = live.signalwire.with_options(max_attempts=1)
        for method in SPEC.methods:
            required = [line for line in (*method.query, *method.body_lines) if line.required]
            met = set()
            for status in method.errors:
                with respx.mock() as mocked:
                    mocked.route().respond(status, json={"code": 20404, "message": "no"})
                    with pytest.raises(signalwire_errors.SignalWireError) as caught:
                        await call(signalwire, method, required)
                met.add(type(caught.value).__name__)
                assert isinstance(caught.value, errors.ApiError)
                assert (caught.value.status, caught.value.code) == (status, "20404")
            assert met == set(by_name[method.where].errors)


def test_all_resources_are_on_the_client() -> None:
    """The client has one attribute per resource, and the package exports their classes."""
    assert {method.resource for method in SPEC.methods} == {
        name for name in vars(SignalWireClient) if not name.startswith("_")
    }
    assert [operation.name for operation in operations.OPERATIONS] == [
        method.where for method in (*SPEC.methods, *SPEC.downloads)
    ]


@pytest.mark.parametrize("method", SPEC.downloads, ids=lambda method: method.where)
def test_a_download_has_its_method(method: Method) -> None:
    """A download's method takes the ids by position and the ending of its path by name, and says what is not known."""
    function = getattr(getattr(resources, class_name(method.resource)), method.name)
    kinds = {name: one.kind for name, one in inspect.signature(function).parameters.items()}
    by_name = [name for name, kind in kinds.items() if kind is inspect.Parameter.KEYWORD_ONLY]
    assert [name for name in kinds if name not in by_name] == [
        *("self", *(python_name(label) for label in method.labels if label != "AccountSid"))
    ]
    assert by_name == ([python_name(method.suffix.name)] if method.suffix else [])
    assert not inspect.iscoroutinefunction(function)
    about = inspect.getdoc(function) or ""
    assert f"`GET {method.path}" in about
    assert ("documentation does not say" in about) == (not method.documented)
    record = {operation.name: operation for operation in operations.OPERATIONS}[method.where]
    assert (record.download, record.response, record.safety) == (True, bytes, "safe")
