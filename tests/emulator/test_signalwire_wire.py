"""SignalWire's double as plain forms meet it: every documented request, and every answer held to the documented shape.

Neither side is roomtone's: requests are the bytes of tests/signalwire/requests.toml, sent by httpx; answers are read as
JSON and judged by the spec that the package was generated from.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import attrs
import httpx
import pytest

from roomtone._core.decode import decode
from roomtone._core.operation import WireReply
from roomtone.emulator import API_TOKEN, PROJECT_ID, Emulator
from roomtone.emulator.services import doubles
from roomtone.signalwire import codes, operations
from roomtone.signalwire.errors import ERRORS
from roomtone_codegen import signalwire_spec
from roomtone_codegen.signalwire_spec import Line, Method
from signalwire.requests import PROJECT, Golden, load

pytestmark = pytest.mark.anyio

SPEC = signalwire_spec.load()
METHODS = {method.where: method for method in (*SPEC.methods, *SPEC.downloads)}
GOLDEN = load()
REFUSED = {"calls.create-minimal": codes.CALL_WITHOUT_INSTRUCTIONS, "messages.create-minimal": codes.MESSAGE_EMPTY}
"""What the documented schema allows and a documented error code refuses."""
ISO_DATES = ("faxes", "laml_bins")
TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "uuid": str,
    "uri": str,
    "money text": str,
    "int": int,
    "float": (int, float),
    "money": (int, float),
    "bool": bool,
}


def misfits(shape: str, value: Any, resource: str, where: str) -> Iterator[str]:
    """What of an answer is not as documented."""
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    lines = {line.name: line for line in SPEC.shapes[shape]}
    for name in value.keys() - lines.keys():
        yield f"{where}.{name} is not documented"
    for name, line in lines.items():
        if name not in value:
            yield f"{where}.{name} is missing"
        else:
            yield from _misfit(line, value[name], resource, f"{where}.{name}")


def _misfit(line: Line, value: Any, resource: str, where: str) -> Iterator[str]:
    if value is None:
        if not line.nullable and not line.optional and line.type != "null":
            yield f"{where} is null"
    elif line.many:
        for index, item in enumerate(value):
            yield from _one(line.type, item, resource, f"{where}[{index}]")
    else:
        yield from _one(line.type, value, resource, where)


def _one(kind: str, value: Any, resource: str, where: str) -> Iterator[str]:
    if kind in SPEC.shapes:
        yield from misfits(kind, value, resource, where)
    elif kind in SPEC.enums:
        if value not in SPEC.enums[kind]:
            yield f"{where} is {value!r}, none of {SPEC.enums[kind]}"
    elif kind == "time":
        moment = datetime.fromisoformat(value) if resource in ISO_DATES else parsedate_to_datetime(value)
        if moment.tzinfo is None:
            yield f"{where} is {value!r}, of no zone"
    elif not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
        yield f"{where} is {value!r}, no {kind}"
    elif kind == "uuid":
        uuid.UUID(value)


def unlike(read: Any, told: Any, where: str) -> Iterator[str]:
    """What roomtone makes of an answer that is not what the JSON says."""
    if attrs.has(type(read)):
        for member in attrs.fields(type(read)):
            name = member.metadata.get("wire") or member.name.rstrip("_")
            yield from unlike(getattr(read, member.name), told[name], f"{where}.{name}")
    elif isinstance(read, list):
        for index, (item, text) in enumerate(zip(read, told, strict=True)):
            yield from unlike(item, text, f"{where}[{index}]")
    elif isinstance(read, datetime):
        moment = datetime.fromisoformat(told) if told[10:11] == "T" else parsedate_to_datetime(told)
        if read != moment:
            yield f"{where} is {told}, and was read as {read}"
    elif read != told:
        yield f"{where} is {told!r}, and was read as {read!r}"


class Stage:
    """A thing of each kind, made by commands and forms, so that every request finds what it is about."""

    def __init__(self, emulator: Emulator, http: httpx.AsyncClient) -> None:
        self._emulator = emulator
        self._http = http

    async def make(self, path: str, **form: str) -> dict[str, Any]:
        answer = await self._http.post(path, data=form)
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def sids(self, method: Method) -> list[str]:
        """The ids of a request's path, in order."""
        resource, name = method.resource, method.name
        if resource == "accounts":
            return [(await self.make("/../../Accounts", FriendlyName="Sub"))["sid"]]
        if resource in ("applications", "laml_bins", "tokens"):
            path, form = {
                "applications": ("/Applications", {"FriendlyName": "App"}),
                "laml_bins": ("/LamlBins", {"Name": "Bin", "Contents": "<Response/>"}),
                "tokens": ("/tokens", {"name": "Token", "permissions": "voice"}),
            }[resource]
            made = await self.make(path, **form)
            return [made.get("sid") or made["id"]]
        if resource == "phone_numbers":
            if "available" in name or "search" in name:
                return ["US"]
            return [(await self.make("/IncomingPhoneNumbers", PhoneNumber="+12065550111"))["sid"]]
        found: list[str] = getattr(self, f"_{resource}")(name)
        return found

    def _calls(self, name: str) -> list[str]:
        sid = self._emulator.calls.dial_in("+12065550101", "+12065550102")
        self._emulator.calls.answer(sid)
        if name == "delete":
            self._emulator.calls.hang_up(sid)
        return [sid]

    def _conferences(self, name: str) -> list[str]:
        sid = self._emulator.conferences.begin("team")
        if "participant" in name and name != "list_participants":
            return [sid, self._emulator.conferences.join(sid)]
        if "recording" in name:
            return [sid, self._emulator.conferences.record(sid)]
        return [sid]

    def _messages(self, name: str) -> list[str]:
        return [self._emulator.messages.receive("+12065550101", "+12065550102", "x", media=[("text/plain", b"x")])]

    async def fax_under_way(self) -> list[str]:
        made = await self.make("/Faxes", MediaUrl="https://x.example/a.pdf", To="+12065550101", From="+12065550102")
        return [made["sid"]]

    def _faxes(self, name: str) -> list[str]:
        return [self._emulator.faxes.receive("+12065550101", "+12065550102")]

    def _recordings(self, name: str) -> list[str]:
        recording = self._conferences("recording")
        self._emulator.conferences.end(recording[0])
        return recording[1:]

    def _transcriptions(self, name: str) -> list[str]:
        return [self._emulator.recordings.transcribe(self._recordings(name)[0], "hello")]


async def prepared(golden: Golden, method: Method, emulator: Emulator, http: httpx.AsyncClient) -> tuple[str, str]:
    """Path and body of a documented request, about things that are there."""
    stage = Stage(emulator, http)
    target = golden.send.partition(" ")[2].replace(PROJECT, PROJECT_ID)
    body = golden.body
    if golden.ids:
        sids = await _ids(stage, method, emulator, http)
        for old, new in zip(golden.ids, sids, strict=False):
            target = target.replace(f"/{quote(old, safe='')}", f"/{new}", 1)
    if golden.operation == "conferences.update_participant":
        body = re.sub(r"CallSidToCoach=[^&]+", f"CallSidToCoach={sids[1]}", body)
    if "ApplicationSid=" in body and golden.operation == "calls.create":
        made = await stage.make("/Applications", FriendlyName="App")
        body = re.sub(r"(?<![a-zA-Z])ApplicationSid=[^&]+", f"ApplicationSid={made['sid']}", body)
    if golden.operation == "tokens.create" and "subproject_id" in body:
        body = re.sub(r"subproject_id=[^&]+", f"subproject_id={PROJECT_ID}", body)
    return target, body


async def _ids(stage: Stage, method: Method, emulator: Emulator, http: httpx.AsyncClient) -> list[str]:
    if method.where == "faxes.update":
        return await stage.fax_under_way()
    if method.resource == "queues":
        queue = await stage.make("/Queues", FriendlyName=f"q{uuid.uuid4().hex}")
        return [queue["sid"]] if "member" not in method.name else [queue["sid"], emulator.queues.enqueue(queue["sid"])]
    sids = await stage.sids(method)
    if method.where == "calls.update_recording":
        sids.append((await stage.make(f"/Calls/{sids[0]}/Recordings"))["sid"])
    elif method.name == "stop_stream":
        kind = method.resource.capitalize()
        sids.append((await stage.make(f"/{kind}/{sids[0]}/Streams", Url="wss://media.example/ws"))["sid"])
    elif "media" in method.name and method.name != "list_media":
        kind = method.resource.capitalize()
        listed = (await http.get(f"/{kind}/{sids[0]}/Media")).json()
        sids.append((listed.get("media_list") or listed["media"])[0]["sid"])
    return sids


@pytest.fixture
async def http(emulator: Emulator, anyio_backend: str) -> Any:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(emulator),
        base_url=f"http://127.0.0.1/api/laml/2010-04-01/Accounts/{PROJECT_ID}",
        auth=(PROJECT_ID, API_TOKEN),
    ) as client:
        yield client


def test_every_operation_is_emulated() -> None:
    """All of SignalWire's operations and downloads have a handler, with the documented status of success."""
    (double,) = [double for double in doubles() if double.service.name == "signalwire"]
    assert [one.name for one in operations.OPERATIONS if one not in double.handlers] == []
    assert len([one for one in operations.OPERATIONS if one.response is not bytes]) == 79
    statuses = {one.name: double.handlers[one].status for one in operations.OPERATIONS}
    assert statuses == {name: method.status for name, method in METHODS.items()}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_recordings_are_public(emulator: Emulator, http: httpx.AsyncClient) -> None:
    """Whoever knows its SID hears a recording; its metadata want the token, and a wrong one is refused everywhere."""
    sid = emulator.conferences.record(emulator.conferences.begin("team"))
    http.auth = None
    heard = await http.get(f"/Recordings/{sid}")
    assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/x-wav")
    assert (await http.get(f"/Recordings/{sid}.json")).status_code == 401
    assert (await http.get("/Recordings")).status_code == 401
    assert (await http.get("/nothing/at/all")).status_code == 401
    assert (await http.get(f"/Recordings/{sid}", auth=("somebody", "else"))).status_code == 401


def error_misfits(method: Method, answer: httpx.Response) -> list[str]:
    """What of a refusal is not as documented for the operation and the status."""
    if answer.status_code not in method.errors:
        return [f"{method.where} documents no {answer.status_code}"]
    shape, body = SPEC.error_shapes[method.errors[answer.status_code]], answer.json()
    lines = {line.name: line for line in shape}
    needed = {line.name for line in shape if not line.optional}
    odd = [*(body.keys() - lines.keys()), *(needed - body.keys())]
    for name in body.keys() & lines.keys():
        kind, values = lines[name].type, body[name] if lines[name].many else [body[name]]
        odd += [name for value in values if not isinstance(value, TYPES.get(kind, dict))]
    return odd


BY_IDS = [one for one in GOLDEN if one.kind == "minimal" and one.ids and one.operation != "messages.list_media"]
WITH_BODIES = [one for one in GOLDEN if one.kind == "maximal" and one.body]


@pytest.mark.parametrize("golden", BY_IDS, ids=str)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_is_not_there(golden: Golden, http: httpx.AsyncClient) -> None:
    """About a thing that does not exist every operation has its documented error; that of a country is a 400."""
    method, (verb, target) = METHODS[golden.operation], golden.send.replace(PROJECT, PROJECT_ID).split(" ", 1)
    target = target.replace("/US", "/XX")
    headers = {"content-type": golden.content_type} if golden.content_type else {}
    answer = await http.request(verb, f"http://127.0.0.1{target}", content=golden.body.encode(), headers=headers)
    assert error_misfits(method, answer) == []
    assert answer.status_code == (404 if 404 in method.errors else 400)


@pytest.mark.parametrize("golden", WITH_BODIES, ids=str)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_bodies_that_do_not_fit(golden: Golden, http: httpx.AsyncClient) -> None:
    """A parameter that is not documented is refused in the form that is documented for the operation."""
    method, (verb, target) = METHODS[golden.operation], golden.send.replace(PROJECT, PROJECT_ID).split(" ", 1)
    body = '{"Odd": 1}' if method.body == "json" else f"{golden.body}&Odd=1"
    headers = {"content-type": golden.content_type or ""}
    answer = await http.request(verb, f"http://127.0.0.1{target}", content=body.encode(), headers=headers)
    assert error_misfits(method, answer) == []
    assert answer.status_code == 422
    assert "Odd" in answer.text


@pytest.mark.parametrize("golden", GOLDEN, ids=str)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_documented_requests(golden: Golden, emulator: Emulator, http: httpx.AsyncClient) -> None:
    """Each request, with what is required and with everything, is answered as documented."""
    method = METHODS[golden.operation]
    target, body = await prepared(golden, method, emulator, http)
    verb = golden.send.partition(" ")[0]
    headers = {"content-type": golden.content_type} if golden.content_type else {}
    answer = await http.request(verb, f"http://127.0.0.1{target}", content=body.encode(), headers=headers)
    if str(golden) in REFUSED:
        assert answer.status_code in method.errors
        assert REFUSED[str(golden)] in answer.text
        return
    assert answer.status_code == method.status, answer.text
    if method.answer is None:
        assert (answer.content == b"") == (method.status == 204)
        return
    told = answer.json()
    assert list(misfits(method.answer, told, method.resource, golden.operation)) == []
    (operation,) = [one for one in operations.OPERATIONS if one.name == golden.operation]
    read = decode(operation, WireReply(answer.status_code, dict(answer.headers), answer.content), ERRORS)
    assert list(unlike(read, told, golden.operation)) == []
