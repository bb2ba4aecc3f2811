"""Emits `operations.py`: one record per operation, and the tuple of all."""

from __future__ import annotations

from collections.abc import Iterable

from roomtone_codegen import facts
from roomtone_codegen.emit.text import common_errors, constant, header, literal, mapping

_IMPORTS = """
from types import NoneType
from typing import Any

from roomtone._core.operation import AwsService, Operation, SignalWireService, TokenPages, UriPages
from roomtone.{package} import models
"""


def operations_module(service: facts.Service) -> str:
    """The text of `operations.py`."""
    common = common_errors(service)
    constants = [constant(operation) for operation in service.operations]
    return "\n".join(
        [
            header(service, f"The operations of {service.title}: what each is on the wire."),
            _IMPORTS.format(package=service.package),
            _service(service),
            f"EVERY_CALL: tuple[str, ...] = {_tuple(map(literal, common))}" if common else "",
            '"""The errors documented for every operation."""\n' if common else "",
            *(_operation(operation, common) for operation in service.operations),
            f"OPERATIONS: tuple[Operation[Any, Any], ...] = {_tuple(constants)}",
        ]
    )


def _tuple(items: Iterable[str]) -> str:
    given = list(items)
    # A trailing comma would make the formatter break the line, so it stands only where Python needs it.
    return f"({', '.join(given)}{',' if len(given) == 1 else ''})"


def _errors(operation: facts.Operation, common: tuple[str, ...]) -> str:
    own = [literal(name) for name in operation.errors if name not in common]
    if common and not own:
        return "EVERY_CALL"
    return _tuple([*(["*EVERY_CALL"] if common else []), *own]) if own else ""


def _service(service: facts.Service) -> str:
    if service.base_path:
        kind, values = "SignalWireService", {"base_path": service.base_path}
    else:
        kind, values = (
            "AwsService",
            {
                "endpoint_prefix": service.endpoint_prefix,
                "signing_name": service.signing_name,
                "service_id": service.service_id,
            },
        )
    values = {"name": service.name, "title": service.title, **values}
    return f"SERVICE: {kind} = {kind}({', '.join(f'{key}={literal(value)}' for key, value in values.items())})\n"


def _operation(operation: facts.Operation, common: tuple[str, ...]) -> str:
    request = f"models.{operation.request.name}"
    response = f"models.{operation.response}" if operation.response else "bytes" if operation.download else "NoneType"
    fields = {
        "service": "SERVICE",
        "name": literal(operation.name),
        "method": literal(operation.method),
        "path": literal(operation.path),
        "request": request,
        "response": response,
        "download": "True" if operation.download else "",
        "labels": _places(operation, "path"),
        "query": _places(operation, "query"),
        "headers": _places(operation, "header"),
        "body": literal(operation.body) if operation.body else "",
        "token": literal(operation.token) if operation.token else "",
        "safety": literal(operation.safety),
        "pages": _pages(operation.pages) if operation.pages else "",
        "errors": _errors(operation, common),
        "reference": literal(operation.reference) if operation.reference else "",
    }
    given = ", ".join(f"{key}={value}" for key, value in fields.items() if value)
    answer = "None" if response == "NoneType" else response
    return f"{constant(operation)}: Operation[{request}, {answer}] = Operation({given})\n"


def _places(operation: facts.Operation, place: facts.Place) -> str:
    pairs = [(member.name, member.at) for member in operation.request.members if member.place == place]
    return mapping(pairs) if pairs else ""


def _pages(pages: facts.Pages) -> str:
    if pages.style == "uri":
        also = f", also={literal(pages.also)}" if pages.also else ""
        return f"UriPages(items={literal(pages.items)}{also})"
    return f"TokenPages(token={literal(pages.token)}, items={literal(pages.items)})"
