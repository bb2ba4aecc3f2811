"""Emits `client.py`: one method per operation, and one iterator per paged operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from roomtone_codegen import facts
from roomtone_codegen.emit import words
from roomtone_codegen.emit.text import annotation, constant, docstring, header, is_sensitive, literal

_IMPORTS = """
from collections.abc import Mapping, Sequence
from datetime import datetime

from typing_extensions import deprecated

from roomtone._service import AwsClient
from roomtone.paging import Paginator
from roomtone.{package} import errors, models, operations
"""


def client_name(service: facts.Service) -> str:
    """The name of the client class."""
    return f"{service.class_prefix}Client"


def client_module(service: facts.Service) -> str:
    """The text of `client.py`."""
    return "\n".join([*client_head(service, _IMPORTS, "AwsClient"), *methods(service, service.operations)])


def client_head(service: facts.Service, imports: str, base: str) -> list[str]:
    """What `client.py` begins with, down to the first method of the client."""
    about = [
        f"{service.title}: {words.count(service.operations)}.",
        f"`live.{service.package}` of a `roomtone.Client` is one; `send` takes the request objects.",
    ]
    return [
        header(service, f"The client of {service.title}."),
        imports.format(package=service.package),
        f"class {client_name(service)}({base}):",
        docstring(about, 4),
        "",
        "    _service = operations.SERVICE",
        "    _operations = operations.OPERATIONS",
        "    _errors = errors.ERRORS",
        "",
    ]


def methods(service: facts.Service, operations: Iterable[facts.Operation]) -> Iterator[str]:
    """The methods of some operations, each with its iterator where it has one."""
    for operation in operations:
        yield download(service, operation) if operation.download else method(service, operation)
        if operation.pages is not None:
            yield iterator(service, operation, operation.pages)


def arguments(operation: facts.Operation) -> list[facts.Member]:
    """The members in the order of a method's arguments: required ones first."""
    return sorted(operation.request.members, key=lambda member: (not member.required, bool(member.fixed)))


def parameter(member: facts.Member) -> str:
    """A parameter of a method: `name: str | None = None`."""
    spelled = annotation(member.type, sent=True, prefix="models.")
    if not member.required:
        return f"{member.name}: {spelled} | None = None"
    return f"{member.name}: {spelled}" + (f" = {literal(member.fixed)}" if member.fixed else "")


def request(operation: facts.Operation, members: list[facts.Member]) -> str:
    """The expression that builds the request from the arguments."""
    given = ", ".join(f"{member.name}={member.name}" for member in members)
    return f"models.{operation.request.name}({given})"


def signature(members: list[facts.Member], extra: str = "") -> str:
    """The parameters after `self`: positional ids, then keyword-only arguments."""
    positional = [parameter(member) for member in members if member.positional]
    named = [parameter(member) for member in members if not member.positional]
    if extra:
        named.append(extra)
    return ", ".join(["self", *positional, *(["*", *named] if named else [])])


def method(service: facts.Service, operation: facts.Operation) -> str:
    """The method of one operation."""
    members = arguments(operation)
    answer = f"models.{operation.response}" if operation.response else "None"
    return "\n".join(
        [
            *_decorators(operation),
            f"    async def {operation.python_name}({signature(members)}) -> {answer}:",
            docstring(words.method(service, operation, members), 8),
            *_body(operation, members),
            "",
        ]
    )


def _body(operation: facts.Operation, members: list[facts.Member]) -> Iterator[str]:
    """One statement; where an argument is a secret three, so that no frame shows it while the call goes on."""
    returned = "return await" if operation.response else "await"
    made = request(operation, members)
    secrets = [member.name for member in members if is_sensitive(member.type)]
    if secrets:
        assert "request" not in (member.name for member in members), f"{operation.name} has a member `request`"
        yield f"        request = {made}"
        yield f"        del {', '.join(secrets)}"
        made = "request"
    yield f"        {returned} self._call(operations.{constant(operation)}, {made})"


def download(service: facts.Service, operation: facts.Operation) -> str:
    """The method of one download."""
    members = arguments(operation)
    call = f"self._download(operations.{constant(operation)}, {request(operation, members)})"
    return "\n".join(
        [
            f"    def {operation.python_name}({signature(members)}) -> Download:",
            docstring(words.method(service, operation, members), 8),
            f"        return {call}",
            "",
        ]
    )


def iterator(service: facts.Service, operation: facts.Operation, pages: facts.Pages) -> str:
    """The iterator over one paged operation."""
    members = [member for member in arguments(operation) if member.name not in (pages.token, *pages.cursors)]
    parameters = signature(members, "starting_token: str | None = None")
    item = annotation(pages.item_type, sent=False, prefix="models.")
    call = f"self._paginate(operations.{constant(operation)}, {request(operation, members)}, starting_token)"
    return "\n".join(
        [
            *_decorators(operation),
            f"    def {pages.iterator}({parameters}) -> Paginator[{item}, models.{operation.response}]:",
            docstring(words.iterator(service, operation, pages), 8),
            f"        return {call}",
            "",
        ]
    )


def _decorators(operation: facts.Operation) -> list[str]:
    if operation.deprecated is None:
        return []
    since = f" since {operation.deprecated}" if operation.deprecated else ""
    return [f"    @deprecated({literal(f'{operation.name} is deprecated in the API{since}.')})"]
