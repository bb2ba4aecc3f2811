"""An OpenAPI document of SignalWire's API, from the project's own spec, for tools that judge requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from roomtone._core.encode import CONTENT_TYPES
from roomtone._core.form import PAIRS_LIMIT
from roomtone_codegen.signalwire_spec import Line, Method, Spec

Json: TypeAlias = dict[str, Any]
"""A part of the document."""

VERSION = "3.1.0"

_TYPES: Mapping[str, Json] = {
    "str": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
    "uri": {"type": "string", "format": "uri"},
    "time": {"type": "string"},
    "words": {"type": "string"},
    "money": {"type": "number"},
    "money text": {"type": "string"},
    "float": {"type": "number"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "bool text": {"type": "string", "enum": ["true", "false"]},
    "null": {"type": "null"},
}
_NUMBERS = ("int", "float")


def document(spec: Spec) -> Json:
    """The document: what the spec says of the documented operations, and no other name is let pass.

    Media are not among them, since the documentation has no operation of their own for them.
    """
    paths: dict[str, Json] = {}
    for method in spec.methods:
        path = paths.setdefault(spec.base_path + method.path, {})
        path[method.verb.lower()] = _operation(method)
    shapes = {**spec.shapes, **spec.error_shapes}
    lines = (*shapes.values(), *((*method.query, *method.body_lines) for method in spec.methods))
    used = {line.type for several in lines for line in several}
    enums = {name: {"type": "string", "enum": [*values]} for name, values in spec.enums.items() if name in used}
    return {
        "openapi": VERSION,
        "info": {"title": spec.title, "version": spec.base_path.rpartition("/")[2]},
        "servers": [{"url": "https://{space}.signalwire.com", "variables": {"space": {"default": "example"}}}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "basic"}},
            "schemas": enums | {name: _answer(fields) for name, fields in shapes.items()},
        },
    }


def text(spec: Spec) -> str:
    """The document as JSON: the same text for the same spec."""
    return json.dumps(document(spec), indent=2) + "\n"


def _operation(method: Method) -> Json:
    labels = (Line(name=name, type=kind, required=True) for name, kind in method.labels.items())
    found: Json = {
        "operationId": method.where,
        "tags": [method.resource],
        "parameters": [
            *(_parameter("path", line) for line in labels),
            *(_parameter("query", line) for line in method.query),
        ],
        "responses": {
            str(method.status): _response(method.answer),
            **{str(status): _response(shape) for status, shape in method.errors.items()},
        },
    }
    if method.body is not None:
        found["requestBody"] = {
            "required": _must_have_bytes(method),
            "content": {CONTENT_TYPES[method.body]: _body(method)},
        }
    return found


def _parameter(place: str, line: Line) -> Json:
    return {"name": line.name, "in": place, "required": line.required, "schema": _schema(line)}


def _response(shape: str | None) -> Json:
    if shape is None:
        return {"description": "No body"}
    return {"description": shape, "content": {"application/json": {"schema": _reference(shape)}}}


def _must_have_bytes(method: Method) -> bool:
    # A form of no parameters has no bytes. So a form that must be there but may be empty is, on the wire, one that may
    # be missing; a judge that sees bytes could not tell the two apart.
    return method.body_required and (method.body != "form" or any(line.required for line in method.body_lines))


def _body(method: Method) -> Json:
    required = [line.name for line in method.body_lines if line.required]
    found: Json = {"schema": _object(method.body_lines, required)}
    # A form repeats the name of a list for each of its items.
    if method.body == "form" and (lists := [line.name for line in method.body_lines if line.many]):
        found["encoding"] = {name: {"style": "form", "explode": True} for name in lists}
    return found


def _answer(lines: Iterable[Line]) -> Json:
    given = list(lines)
    return _object(given, [line.name for line in given if not line.optional])


def _object(lines: Iterable[Line], required: list[str]) -> Json:
    properties: Json = {}
    for line in lines:
        properties |= _pairs(line.name) if line.type == "pairs" else {line.name: _schema(line)}
    found: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})


def _pairs(name: str) -> Json:
    """Numbered pairs, of which each is a name and a value."""
    numbers = range(1, PAIRS_LIMIT + 1)
    return {f"{name}{number}.{part}": _TYPES["str"] for number in numbers for part in ("Name", "Value")}


def _schema(line: Line) -> Json:
    sized = _sizes(line)
    if line.many:
        item = _single(line)
        several = {"type": "array", "items": item, **sized}
        return _nullable({"anyOf": [item, several]} if line.or_one else several, line) | _default(line)
    return _nullable(_single(line) | sized, line) | _default(line)


def _single(line: Line) -> Json:
    return dict(_TYPES[line.type]) if line.type in _TYPES else _reference(line.type)


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _sizes(line: Line) -> Json:
    if line.many:
        least, most = "minItems", "maxItems"
    elif line.type in _NUMBERS:
        least, most = "minimum", "maximum"
    else:
        least, most = "minLength", "maxLength"
    found = {least: line.minimum, most: line.maximum, "pattern": line.pattern}
    return {key: value for key, value in found.items() if value is not None}


def _nullable(schema: Json, line: Line) -> Json:
    if not line.nullable:
        return schema
    if "type" in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _default(line: Line) -> Json:
    if line.default is None:
        return {}
    if line.many:
        return {"default": line.default.split(" ")}
    return {"default": json.loads(line.default) if line.type in (*_NUMBERS, "bool") else line.default}
