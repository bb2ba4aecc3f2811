"""What SignalWire sends although it is not documented so: each observed deviation, from end to end.

`tests/codegen/test_signalwire_methods.py` reads an answer with every documented field, and one with a single field, for
each operation; here are the ways in which answers were seen to differ.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
import respx

import roomtone
from flow.loopback import default_tls
from roomtone import errors
from roomtone_codegen import signalwire_spec
from roomtone_codegen.signalwire_reader import python_name
from roomtone_codegen.signalwire_spec import Line, Method
from signalwire.requests import PROJECT, TOKEN, Golden, load

pytestmark = pytest.mark.anyio

SPEC = signalwire_spec.load()
MINIMAL = {golden.operation: golden for golden in load() if golden.kind == "minimal"}
AT_EIGHT = datetime(2018, 9, 25, 20, tzinfo=timezone.utc)
KNOWN = {"sid": "1", "id": "1", "uri": "/1"}
"""Something of every answer, since one without a single documented field is no answer."""

with_an_answer = pytest.mark.parametrize(
    "method", [method for method in SPEC.methods if method.answer], ids=lambda method: method.where
)
every_method = pytest.mark.parametrize("method", SPEC.methods, ids=lambda method: method.where)


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock as router:
        yield router


@pytest.fixture
async def live(router: respx.MockRouter, anyio_backend: str) -> AsyncIterator[roomtone.Client]:
    config = roomtone.SignalWire(space="acme", project_id=PROJECT, api_token=TOKEN, max_attempts=1)
    async with roomtone.Client(signalwire=config, ssl_context=default_tls()) as client:
        yield client


def golden(method: Method) -> Golden:
    return MINIMAL[method.where]


async def answered(
    live: roomtone.Client, router: respx.MockRouter, operation: str, answer: Any, status: int = 200
) -> Any:
    """What a method makes of an answer."""
    router.route().respond(status, json=answer)
    return await MINIMAL[operation].call(live.signalwire)


# Fields


@with_an_answer
async def test_missing_fields(live: roomtone.Client, router: respx.MockRouter, method: Method) -> None:
    """Documented as required and not there: None, or an empty list of resources."""
    value = await answered(live, router, method.where, KNOWN)
    lines = SPEC.shapes[method.answer or ""]
    expected = {line.name: KNOWN.get(line.name, [] if is_resources(line) else None) for line in lines}
    assert {line.name: getattr(value, python_name(line.name)) for line in lines} == expected


def is_resources(line: Line) -> bool:
    return line.many and line.type in SPEC.shapes


@with_an_answer
async def test_null_fields(live: roomtone.Client, router: respx.MockRouter, method: Method) -> None:
    """Null is read as None in every field, be it documented as nullable or not."""
    lines = SPEC.shapes[method.answer or ""]
    kept = next(line for line in lines if line.name in KNOWN)
    nulls = {line.name: None for line in lines} | {kept.name: KNOWN[kept.name]}
    value = await answered(live, router, method.where, nulls)
    rest = [line for line in lines if line is not kept]
    found = [getattr(value, python_name(line.name)) for line in rest]
    assert found == [[] if is_resources(line) else None for line in rest]


@with_an_answer
async def test_extra_fields(live: roomtone.Client, router: respx.MockRouter, method: Method) -> None:
    """Fields that nobody documented are passed over, in the answer and in the resources within it."""
    extra = {"audio_out_lost_percent": 1.5, "from_the_future": {"a": [1]}}
    within = {line.name: [{**KNOWN, **extra}] for line in SPEC.shapes[method.answer or ""] if is_resources(line)}
    plain = {name: [KNOWN] for name in within}
    assert await answered(live, router, method.where, {**KNOWN, **extra, **within}) == await answered(
        live, router, method.where, {**KNOWN, **plain}
    )


SWAPPED: dict[str, tuple[Any, Any]] = {
    "str": (15, "15"),
    "uuid": (15, "15"),
    "uri": (15, "15"),
    "int": ("15", 15),
    "float": ("4.5", 4.5),
    "bool": ("true", True),
    "money": ("-0.0085", Decimal("-0.0085")),
    "money text": (-0.0085, Decimal("-0.0085")),
    "time": ("Tue, 25 Sept 2018 20:00:00 +0000", AT_EIGHT),
}
"""A value of the other type than the documented one, and what it is read as. Enums are texts."""


def is_scalar(line: Line) -> bool:
    return not line.many and line.type not in SPEC.shapes and line.type != "null"


@with_an_answer
async def test_numbers_for_texts_and_texts_for_numbers(
    live: roomtone.Client, router: respx.MockRouter, method: Method
) -> None:
    """The documented type wins in every field where the value allows it."""
    fields = {
        line.name: SWAPPED.get(line.type, SWAPPED["str"])
        for line in SPEC.shapes[method.answer or ""]
        if is_scalar(line)
    }
    value = await answered(live, router, method.where, {name: sent for name, (sent, _) in fields.items()})
    read = {name: getattr(value, python_name(name)) for name in fields}
    assert read == {name: expected for name, (_, expected) in fields.items()}
    assert all(type(read[name]) is type(expected) for name, (_, expected) in fields.items())


@pytest.mark.parametrize("price", [-0.0085, "-0.0085"])
@pytest.mark.parametrize(
    "operation", ["calls.get", "messages.get", "faxes.get", "recordings.get", "transcriptions.get"]
)
async def test_a_price_as_a_number_or_as_a_text(
    live: roomtone.Client, router: respx.MockRouter, operation: str, price: object
) -> None:
    """Money is an exact decimal, whichever way it comes."""
    value = await answered(live, router, operation, {"sid": "1", "price": price, "price_unit": "USD"})
    assert (value.price, value.price_unit) == (Decimal("-0.0085"), "USD")


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 25 Sep 2018 20:00:00 +0000",
        "Tue, 25 Sept 2018 20:00:00 +0000",
        "2018-09-25T20:00:00Z",
        "2018-09-25T20:00:00.000Z",
        "2018-09-25 22:00:00 +0200",
    ],
)
@pytest.mark.parametrize("operation", ["calls.get", "faxes.get", "laml_bins.get", "conferences.start_stream"])
async def test_the_three_forms_of_a_date(
    live: roomtone.Client, router: respx.MockRouter, operation: str, text: str
) -> None:
    """RFC 2822, its `Sept` and ISO 8601 are read everywhere, whichever of them is documented there."""
    value = await answered(live, router, operation, {"sid": "1", "date_updated": text})
    assert value.date_updated == AT_EIGHT
    assert value.date_updated.tzinfo is timezone.utc


@pytest.mark.parametrize("text", ["", "0000-00-00", "Tue, 31 Feb 2018 20:00:00 +0000", "n/a", 0.5e30, True, {}])
async def test_an_odd_date(live: roomtone.Client, router: respx.MockRouter, text: object) -> None:
    """A date that is none is None; the answer lives."""
    value = await answered(live, router, "calls.get", {"sid": "CA1", "start_time": text, "status": "busy"})
    assert (value.sid, value.start_time, value.status) == ("CA1", None, "busy")


@pytest.mark.parametrize("sid", ["CF-not-a-uuid", "3fa85f64-5717-4562-b3fc-2c963f66afa6", 5])
async def test_ids_that_are_no_uuids(live: roomtone.Client, router: respx.MockRouter, sid: object) -> None:
    """Ids are texts, whatever they look like, in answers as in paths."""
    route = router.route().respond(200, json={"sid": sid})
    assert (await live.signalwire.conferences.get(f"{sid}")).sid == str(sid)
    assert route.calls.last.request.url.path.endswith(f"/Conferences/{sid}")


async def test_values_that_no_enum_knows(live: roomtone.Client, router: respx.MockRouter) -> None:
    """An undocumented status or direction passes through."""
    value = await answered(live, router, "calls.get", {"sid": "CA1", "status": "parked", "direction": "outbound-api"})
    assert (value.status, value.direction) == ("parked", "outbound-api")


# Statuses


@every_method
async def test_another_success_than_the_documented_one(
    live: roomtone.Client, router: respx.MockRouter, method: Method
) -> None:
    """Any 2xx is a success: 201 for 200 was seen of faxes, and 200 for 201 or 204 is as good."""
    for status in {200, 201, 202, 206} - {method.status}:
        value = await answered(live, router, method.where, KNOWN, status)
        assert type(value).__name__ == (method.answer or "NoneType")


@pytest.mark.parametrize("content", [b"", b"null", b"gone"])
@pytest.mark.parametrize("method", [m for m in SPEC.methods if not m.answer], ids=lambda method: method.where)
async def test_what_is_deleted_answers_none(
    live: roomtone.Client, router: respx.MockRouter, method: Method, content: bytes
) -> None:
    """A deletion gives None, also where a body comes along."""
    router.delete().respond(204, content=content)
    assert await golden(method).call(live.signalwire) is None


@pytest.mark.parametrize("code", ["21211", 21211])
@pytest.mark.parametrize("said", [400, "400", None])
async def test_a_status_in_the_body_that_is_not_the_answers(
    live: roomtone.Client, router: respx.MockRouter, code: object, said: object
) -> None:
    """A refused message was seen with the code as a text and another status inside: the status is that of HTTP."""
    body = {"code": code, "message": "no such number", "more_info": "", "status": said}
    with pytest.raises(errors.InvalidRequestError) as caught:
        await answered(live, router, "messages.create", body, 422)
    assert (caught.value.status, caught.value.code, caught.value.message) == (422, "21211", "no such number")


# Lists


async def test_media_of_a_fax_under_either_name(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Two names are documented and one of them alone was seen: each item comes once, under whichever name."""
    media = [{"sid": "ME1"}, {"sid": "ME2"}]
    for answer in ({"fax_media": media}, {"media": media}, {"media": media, "fax_media": media}):
        router.get().respond(200, json=answer)
        assert [item.sid async for item in live.signalwire.faxes.iter_media("FX1")] == ["ME1", "ME2"]


async def test_the_malformed_links_of_participants(live: roomtone.Client, router: respx.MockRouter) -> None:
    """The links of a conference's participants were seen without their path: the query alone is taken from them."""
    target = f"/api/laml/2010-04-01/Accounts/{PROJECT}/Conferences"
    route = router.get()
    route.side_effect = [
        respx.MockResponse(200, json={"participants": [{"call_sid": "1"}], "next_page_uri": f"{target}.CF1?Page=1"}),
        respx.MockResponse(200, json={"participants": [{"call_sid": "2"}], "next_page_uri": ""}),
    ]
    found = [item.call_sid async for item in live.signalwire.conferences.iter_participants("CF1")]
    assert found == ["1", "2"]
    assert route.calls.last.request.url.raw_path.decode() == f"{target}/CF1/Participants?Page=1"


async def test_null_items(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Null in the place of a list is an empty list, and null in the place of an item is no item."""
    assert (await answered(live, router, "queues.list", {"queues": None, "page": 0})).queues == []
    value = await answered(live, router, "queues.list", {"queues": [None, {"sid": "QU1"}]})
    assert [queue.sid for queue in value.queues] == ["QU1"]


# Metadata beside media


@pytest.mark.parametrize(
    "operation", ["recordings.get", "messages.get_media", "faxes.get_media", "conferences.get_recording"]
)
async def test_metadata_beside_media(live: roomtone.Client, router: respx.MockRouter, operation: str) -> None:
    """Where the path without a suffix answers media, a method asks for `.json`; media all the same are no answer."""
    route = router.get().respond(200, content=b"RIFF\x00\x00\x00\x00WAVE", headers={"content-type": "audio/wav"})
    with pytest.raises(errors.DecodeError):
        await MINIMAL[operation].call(live.signalwire)
    assert route.calls.last.request.url.path.endswith(".json")
