"""Emits `models.py`: enum aliases, then every operation's request beside its response, then the nested shapes."""

from __future__ import annotations

from roomtone._core.naming import wire_name
from roomtone_codegen import facts
from roomtone_codegen.emit import words
from roomtone_codegen.emit.text import annotation, docstring, header, is_sensitive, literal

_DIALECTS = {"pascal": "PASCAL", "camel": "CAMEL", "snake": "SIGNALWIRE"}

_IMPORTS = """
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import field

from roomtone._core.model import {dialect}, Dialect, OneOf, Request, RequestPart, shape

DIALECT: Dialect = {dialect}
"""


def models_module(service: facts.Service) -> str:
    """The text of `models.py`."""
    shapes = {shape.name: shape for shape in service.shapes}
    parts = [
        header(service, f"The shapes of {service.title}."),
        _IMPORTS.format(dialect=_DIALECTS[service.shape_case]),
        *(_enum(enum) for enum in service.enums),
    ]
    for operation in service.operations:
        parts.append(_request(service, operation))
        if operation.response in shapes:
            response = shapes.pop(operation.response)
            parts.append(_class(service, response, "", [f"The answer of {operation.name}."], service.shape_case))
    parts += (
        _class(service, shape, _bases(shape), words.shape(shape), service.shape_case) for shape in shapes.values()
    )
    return "\n".join(parts)


def _bases(shape: facts.Shape) -> str:
    """The bases of a nested shape."""
    only_sent = shape.in_request and not shape.in_answer
    names = [name for name, is_one in (("OneOf", shape.union), ("RequestPart", only_sent)) if is_one]
    return f"({', '.join(names)})" if names else ""


def _enum(enum: facts.Enum) -> str:
    return f"{enum.name}: TypeAlias = Literal[{', '.join(map(literal, enum.values))}] | str\n"


def _request(service: facts.Service, operation: facts.Operation) -> str:
    answer = literal(operation.response) if operation.response else "bytes" if operation.download else "None"
    method = f"{operation.resource}.{operation.python_name}" if operation.resource else operation.python_name
    about = [f"The request of `{method}`, which describes the members."]
    return _class(service, operation.request, f"(Request[{answer}])", about, service.request_case)


def _class(service: facts.Service, shape: facts.Shape, bases: str, about: list[str], case: facts.Case) -> str:
    lines = ["@shape(kw_only=True)", f"class {shape.name}{bases}:", docstring(about, 4), ""]
    lines += (f"    {_field(member, shape, case)}" for member in shape.members)
    return "\n".join(lines) + "\n"


def _field(member: facts.Member, shape: facts.Shape, case: facts.Case) -> str:
    spelled = annotation(member.type, sent=shape.in_request)
    options: list[str] = []
    if member.never_none:
        options.append("factory=" + ("list" if isinstance(member.type, facts.ListOf) else "dict"))
    elif not (member.required or member.answered):
        spelled += " | None"
        options.append("default=None")
    elif member.fixed:
        options.append(f"default={literal(member.fixed)}")
    if is_sensitive(member.type):
        options.append("repr=False")
    if metadata := _metadata(member, case):
        options.append(f"metadata={{{', '.join(metadata)}}}")
    if len(options) == 1 and options[0].startswith("default="):
        return f"{member.name}: {spelled} = {options[0].removeprefix('default=')}"
    return f"{member.name}: {spelled}" + (f" = field({', '.join(options)})" if options else "")


def _metadata(member: facts.Member, case: facts.Case) -> list[str]:
    notes: list[str] = []
    if wire_name(member.name, case) != member.wire:
        notes.append(f'"wire": {literal(member.wire)}')
    if member.answered:
        notes.append('"answered": True')
    if isinstance(member.type, facts.Scalar) and member.type.epoch:
        notes.append('"timestamp": "epoch"')
    if isinstance(member.type, facts.ListOf) and member.type.separator is not None:
        notes.append(f'"separator": {literal(member.type.separator)}')
    if member.numbered:
        notes.append(f'"numbered": {literal(member.numbered)}')
    return notes
