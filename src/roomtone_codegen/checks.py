"""Names that would clash in the generated code. Knows facts and what emitters import, no reader."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable

from roomtone_codegen import facts
from roomtone_codegen.curation import Undecided
from roomtone_codegen.emit.client import client_name
from roomtone_codegen.emit.errors import error_names
from roomtone_codegen.emit.face import model_names
from roomtone_codegen.emit.text import constant

_MODULES = {"client", "errors", "models", "operations", "resources"}
IMPORTED = {
    *(
        "Any",
        "AwsClient",
        "AwsService",
        "ClassVar",
        "Decimal",
        "Dialect",
        "DIALECT",
        "Download",
        "ErrorTable",
        "ERRORS",
        "Literal",
    ),
    *(
        "Mapping",
        "NoneType",
        "OneOf",
        "RequestPart",
        "shape",
        "Operation",
        "OPERATIONS",
        "Paginator",
        "Request",
        "Sequence",
        "SERVICE",
        "TokenPages",
    ),
    *("SignalWireBase", "SignalWireResource", "SignalWireService", "TypeAlias", "UriPages"),
    *("CAMEL", "EVERY_CALL", "PASCAL", "SIGNALWIRE", "datetime", "define", "deprecated", "field"),
}
"""What generated modules import, and the constants that they define."""
_IN_CLASS_BODIES = {"Decimal", "bool", "bytes", "datetime", "dict", "field", "float", "int", "list", "str"}
"""What annotations and defaults of a shape name: a member of that name would hide it from the members after it."""
_IN_ERRORS = {
    *_IN_CLASS_BODIES,
    *("args", "attempts", "body", "code", "details", "errors", "headers", "maybe_processed", "message", "models"),
    *("operation", "request_id", "retry_after", "service", "status"),
}
_IN_METHODS = {*_MODULES, "Mapping", "Sequence", "self", "starting_token"}


def check_names(service: facts.Service) -> None:
    """Stop at a name that two things would have, or that hides one the generated code needs."""
    where = service.name
    exported = [client_name(service), *error_names(service), *model_names(service)]
    _distinct(exported, f"{where}: the package would export")
    reserved = IMPORTED | _MODULES | set(dir(builtins)) | set(facts.MEANINGS)
    for name in exported:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise Undecided(f"{where}: {name!r} is no name for a class")
        if name in reserved:
            raise Undecided(f"{where}: {name} hides a name that the generated code needs")
    for shape in (*service.shapes, *(operation.request for operation in service.operations)):
        _members(where, shape.name, shape.members, _IN_CLASS_BODIES)
    for operation in service.operations:
        _members(where, operation.request.name, operation.request.members, _IN_METHODS)
    for error in service.errors:
        _members(where, error.name, error.members, _IN_ERRORS)
    _distinct([constant(operation) for operation in service.operations], f"{where}: operations.py would define")
    for resource in {operation.resource for operation in service.operations}:
        own = [operation for operation in service.operations if operation.resource == resource]
        methods = [operation.python_name for operation in own]
        methods += [operation.pages.iterator for operation in own if operation.pages is not None]
        _distinct(methods, f"{where}: {resource or 'the client'} would have")
        taken = {"send", "with_options", "aclose"} & set(methods)
        if taken and not resource:
            raise Undecided(f"{where}: the method {min(taken)} hides one that every client has")


def _distinct(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Undecided(f"{what} {name} twice")
        seen.add(name)


def _members(where: str, shape: str, members: Iterable[facts.Member], reserved: set[str]) -> None:
    names = [member.name for member in members]
    _distinct(names, f"{where}: {shape} would have")
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise Undecided(f"{where}: {shape}: {name!r} is no name for a member")
        if name in reserved:
            raise Undecided(f"{where}: {shape}.{name} hides a name that the generated code needs")
