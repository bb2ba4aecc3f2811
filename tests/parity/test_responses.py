"""Every answer is read as botocore's parser reads it, member by member."""

from __future__ import annotations

import json
from datetime import datetime
from types import NoneType
from typing import Any

import attrs
import botocore.parsers
import pytest

import roomtone
from parity.shapes import (
    CASES,
    TIME_FORMS,
    Subject,
    TimeForm,
    answer_of,
    as_json,
    empty_lists,
    error_table,
    params_of,
    subject,
    subjects,
)
from roomtone._core.codec import members_of
from roomtone._core.decode import decode
from roomtone._core.operation import WireReply

PARSER = botocore.parsers.create_parser("rest-json")
EVERY = [str(one) for one in subjects()]
ANSWERED = [str(one) for one in subjects() if one.model.output_shape is not None]

# CORS and cache headers that IVS models as members of its answers. They say nothing of the resource, so curation leaves
# them out.
LEFT_OUT = {
    "accessControlAllowOrigin",
    "accessControlExposeHeaders",
    "cacheControl",
    "contentSecurityPolicy",
    "strictTransportSecurity",
    "xContentTypeOptions",
    "xFrameOptions",
}


def read_by_roomtone(one: Subject, body: bytes, headers: dict[str, str] | None = None) -> Any:
    reply = WireReply(200, {name.lower(): value for name, value in (headers or {}).items()}, body)
    return decode(one.operation, reply, error_table(one.service))


def read_by_botocore(one: Subject, body: bytes, headers: dict[str, str] | None = None) -> dict[str, Any]:
    parsed = PARSER.parse({"status_code": 200, "headers": headers or {}, "body": body}, one.model.output_shape)
    del parsed["ResponseMetadata"]
    return {name: value for name, value in parsed.items() if name not in LEFT_OUT}


def as_boto3(value: Any) -> Any:
    """A typed object as the dict that boto3 would give."""
    if attrs.has(type(value)):
        members = ((member.wire, getattr(value, member.name)) for member in members_of(type(value)))
        return {wire: as_boto3(item) for wire, item in members if item is not None}
    if isinstance(value, list):
        return [as_boto3(item) for item in value]
    if isinstance(value, dict):
        return {name: as_boto3(item) for name, item in value.items()}
    return value


def agreed(one: Subject, value: Any, theirs: dict[str, Any]) -> None:
    assert as_boto3(value) == {**empty_lists(one.operation), **theirs}


@pytest.mark.parametrize("name", ANSWERED)
def test_every_answer_is_read_as_botocore_reads_it(name: str) -> None:
    """Full, sparse and nasty answers give, member by member, what botocore's parser gives."""
    one = subject(name)
    for case in CASES:
        body = json.dumps(answer_of(one, case), ensure_ascii=case == "nasty").encode()
        value = read_by_roomtone(one, body)
        assert type(value) is one.operation.response
        agreed(one, value, read_by_botocore(one, body))


TIMED = [
    name
    for name in ANSWERED
    if answer_of(subject(name), "full", "iso8601") != answer_of(subject(name), "full", "epoch")
]


@pytest.mark.parametrize("form", TIME_FORMS)
@pytest.mark.parametrize("name", TIMED)
def test_timestamps_are_read_in_all_their_forms(name: str, form: TimeForm) -> None:
    """Epoch seconds, their text, ISO 8601 and RFC 822 all become the aware UTC datetimes that botocore gives."""
    one = subject(name)
    for case in ("full", "zones"):
        body = json.dumps(answer_of(one, case, form)).encode()
        value = read_by_roomtone(one, body)
        agreed(one, value, read_by_botocore(one, body))
        found = list(_datetimes(as_boto3(value)))
        assert found
        assert all(moment.utcoffset() is not None and not moment.utcoffset() for moment in found)


def _datetimes(value: Any) -> Any:
    if isinstance(value, datetime):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _datetimes(item)


def test_enough_answers_carry_timestamps() -> None:
    """The timestamp test above is not empty."""
    assert len(TIMED) > 80


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_not_known_is_ignored_and_what_is_null_is_absent(name: str) -> None:
    """Unknown members on every level are ignored; a null member is as one that did not come."""
    one = subject(name)
    plain = answer_of(one, "full")
    crowded = _crowded(plain, one.model.output_shape)
    assert crowded != plain
    assert read_by_roomtone(one, json.dumps(crowded).encode()) == read_by_roomtone(one, json.dumps(plain).encode())
    sparse = answer_of(one, "minimal")
    nulls = {**dict.fromkeys(one.model.output_shape.members), **sparse}
    assert read_by_roomtone(one, json.dumps(nulls).encode()) == read_by_roomtone(one, json.dumps(sparse).encode())


@pytest.mark.parametrize("name", ANSWERED)
def test_null_items_are_absent(name: str) -> None:
    """A null in a list or a map is left out, so that no item of a typed answer is None; botocore hands it on."""
    one = subject(name)
    plain = answer_of(one, "full")
    assert read_by_roomtone(one, json.dumps(_with_nulls(plain)).encode()) == read_by_roomtone(
        one, json.dumps(plain).encode()
    )


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{name: _with_nulls(item) for name, item in value.items()}, "a-null": None}
    return [None, *map(_with_nulls, value), None] if isinstance(value, list) else value


def _crowded(value: Any, shape: Any) -> Any:
    """A body with a member of tomorrow in every structure."""
    if shape.type_name == "structure":
        crowded = {name: _crowded(item, shape.members[name]) for name, item in value.items()}
        return {**crowded, "AMemberOfTomorrow": {"a": [1, None, {"b": "c"}]}}
    if shape.type_name == "list":
        return [_crowded(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: _crowded(item, shape.value) for key, item in value.items()}
    return value


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ANSWERED])
def test_no_output_is_none(name: str) -> None:
    """An operation without a modelled output gives None, whatever body came."""
    one = subject(name)
    assert one.operation.response is NoneType
    assert read_by_roomtone(one, b"") is None
    assert read_by_roomtone(one, b"{}") is None


@pytest.mark.parametrize("name", ANSWERED)
def test_unknown_enum_values_are_kept(name: str) -> None:
    """A value that an enum does not list passes through as it came."""
    one = subject(name)
    body = answer_of(one, "full")
    changed = _with_enums(body, one.model.output_shape)
    assert as_boto3(read_by_roomtone(one, json.dumps(changed).encode())) == read_by_botocore(
        one, json.dumps(changed).encode()
    )


def _with_enums(value: Any, shape: Any) -> Any:
    if shape.type_name == "structure":
        return {name: _with_enums(item, shape.members[name]) for name, item in value.items()}
    if shape.type_name == "list":
        return [_with_enums(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: _with_enums(item, shape.value) for key, item in value.items()}
    return "OF_TOMORROW" if shape.type_name == "string" and shape.enum else value


def test_the_headers_left_out_are_all_that_is_left_out() -> None:
    """What outputs model in a header is on the list of what is left out, and nothing on that list is a body member."""
    headers, bodies = set(), set()
    for name in ANSWERED:
        for member, shape in subject(name).model.output_shape.members.items():
            (headers if "location" in shape.serialization else bodies).add(member)
    assert headers == LEFT_OUT
    assert not bodies & LEFT_OUT


@pytest.mark.parametrize("name", [name for name in ANSWERED if name.startswith("ivs")])
def test_the_headers_left_out_do_no_harm(name: str) -> None:
    """An answer that carries those headers is read as one that does not."""
    one = subject(name)
    body = json.dumps(answer_of(one, "full")).encode()
    shapes = one.model.output_shape.members
    headers = {shapes[member].serialization["name"]: "no-store" for member in LEFT_OUT & set(shapes)}
    assert read_by_roomtone(one, body, headers) == read_by_roomtone(one, body)
    agreed(one, read_by_roomtone(one, body, headers), read_by_botocore(one, body, headers))


@pytest.mark.parametrize("name", ANSWERED)
def test_answers_go_to_the_wire_form_and_back(name: str) -> None:
    """`to_wire` gives what was read, in the wire's own form, and `from_wire` reads it again."""
    one = subject(name)
    for case in ("minimal", "full", "nasty"):
        body = answer_of(one, case)
        value = roomtone.from_wire(one.operation.response, body)
        assert roomtone.to_wire(value) == {**empty_lists(one.operation), **body}
        assert roomtone.from_wire(one.operation.response, roomtone.to_wire(value)) == value


@pytest.mark.parametrize("name", EVERY)
def test_requests_go_to_the_wire_form_and_back(name: str) -> None:
    """`to_wire(from_wire(request))` gives every member, whatever its place, and `from_wire` reads it again."""
    one = subject(name)
    for case in CASES:
        params = params_of(one, case)
        request = roomtone.from_wire(one.operation.request, params)
        wired = roomtone.to_wire(request)
        assert wired == as_json(params, None, one.model.input_shape)
        assert json.loads(json.dumps(wired)) == wired
        assert roomtone.from_wire(one.operation.request, wired) == request
