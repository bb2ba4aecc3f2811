"""The OpenAPI document of SignalWire's API: complete, sound in itself, the same each time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from roomtone_codegen import __main__ as command_line
from roomtone_codegen import openapi, signalwire_spec

SPEC = signalwire_spec.load()
DOCUMENT = openapi.document(SPEC)
OPERATIONS = {found["operationId"]: found for path in DOCUMENT["paths"].values() for found in path.values()}
FORM = "application/x-www-form-urlencoded"


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def form_of(operation: str) -> dict[str, Any]:
    content: dict[str, Any] = OPERATIONS[operation]["requestBody"]["content"][FORM]
    return content


def test_every_operation_is_there() -> None:
    """All operations, each under its own path and method, and every label of a path is a parameter of it."""
    assert OPERATIONS.keys() == {method.where for method in SPEC.methods}
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            labels = {found["name"] for found in operation["parameters"] if found["in"] == "path"}
            assert labels == {part.split("}")[0] for part in path.split("{")[1:]}
            assert all(found["required"] for found in operation["parameters"] if found["in"] == "path")


def test_every_reference_leads_somewhere() -> None:
    """What is referred to is a schema of the document, and every schema is referred to."""
    found = set(references(DOCUMENT))
    assert found == {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}


def test_no_name_but_the_documented_ones() -> None:
    """Bodies and answers refuse names that the spec does not have."""
    schemas = [schema for schema in DOCUMENT["components"]["schemas"].values() if schema["type"] == "object"]
    schemas += [
        content["schema"]
        for operation in OPERATIONS.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert len(schemas) == len(SPEC.shapes) + len(SPEC.error_shapes) + 29
    assert all(schema["additionalProperties"] is False for schema in schemas)


def test_a_parameter_of_each_kind() -> None:
    """Types, limits, patterns, defaults, enums, lists and alternatives are those of the spec's line."""
    call = form_of("calls.create")["schema"]
    assert call["required"] == ["To", "From"]
    properties = call["properties"]
    assert properties["Timeout"] == {"type": "integer", "minimum": 1, "maximum": 600, "default": 60}
    assert properties["Record"] == {"type": "boolean", "default": False}
    assert properties["Url"] == {"type": "string", "format": "uri"}
    assert properties["Method"] == {"$ref": "#/components/schemas/HttpMethod", "default": "POST"}
    assert properties["SendDigits"] == {"type": "string", "maxLength": 32, "pattern": r"^[\d#*wW]{1,32}$"}
    assert properties["RecordingStatusCallbackEvent"] == {"type": "string", "default": "completed"}
    assert properties["StatusCallbackEvent"] == {
        "type": "array",
        "items": {"type": "string"},
        "default": ["completed"],
    }
    url = {"type": "string", "format": "uri"}
    message = form_of("messages.create")
    assert message["schema"]["properties"]["MediaUrl"] == {"anyOf": [url, {"type": "array", "items": url}]}
    assert message["encoding"] == {"MediaUrl": {"style": "form", "explode": True}}
    fax = form_of("faxes.create")["schema"]["properties"]
    assert fax["StoreMedia"] == {"type": "string", "enum": ["true", "false"], "default": "true"}
    stream = form_of("calls.start_stream")["schema"]["properties"]
    pairs = [f"Parameter{number}.{part}" for number in range(1, 100) for part in ("Name", "Value")]
    assert [name for name in stream if name.startswith("Parameter")] == pairs


def test_a_field_of_each_kind() -> None:
    """Nullable fields allow null, be they scalars or references; optional ones are not required."""
    schemas = DOCUMENT["components"]["schemas"]
    call = schemas["Call"]["properties"]
    assert call["price"] == {"type": ["number", "null"]}
    assert call["answered_by"] == {"anyOf": [{"$ref": "#/components/schemas/AnsweredBy"}, {"type": "null"}]}
    assert schemas["Recording"]["properties"]["price"] == {"type": ["string", "null"]}
    assert schemas["CallList"]["properties"]["calls"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Call"},
    }
    number = schemas["IncomingPhoneNumber"]
    assert set(number["properties"]) - set(number["required"]) == {"verification_status"}


def test_answers_by_status() -> None:
    """Every documented status has the body that the spec gives it."""
    responses = OPERATIONS["calls.create"]["responses"]
    shapes = {
        status: next(references(response)).rpartition("/")[2] if "content" in response else None
        for status, response in responses.items()
    }
    assert shapes == {"200": "Call", "400": "ErrorList", "401": "Error", "422": "Error"}
    assert OPERATIONS["calls.delete"]["responses"]["204"] == {"description": "No body"}


def test_bodies_that_must_have_bytes() -> None:
    """A form without a required parameter may be empty, which on the wire is no body; JSON has bytes in any case."""
    required = {name for name, found in OPERATIONS.items() if found.get("requestBody", {}).get("required")}
    optional = {name for name, found in OPERATIONS.items() if "requestBody" in found} - required
    assert optional == {
        "calls.start_recording",
        "calls.update",
        "conferences.update",
        "conferences.update_participant",
        "phone_numbers.update",
    }
    assert "tokens.update" in required


def test_the_command_prints_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    """`openapi` prints the document as JSON, the same text for the same spec."""
    assert command_line.main(["openapi"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == DOCUMENT
    assert printed == openapi.text(signalwire_spec.load())
