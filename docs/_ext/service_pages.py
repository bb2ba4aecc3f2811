"""A Sphinx extension: a reference page per service and the table of its errors, made from its code at build time."""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import attrs

from roomtone._core.model import Request
from roomtone._core.operation import AwsService, Operation
from roomtone._service import ServiceClient, SignalWireResource
from roomtone.errors import ApiError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SERVICES = (
    "chime_sdk_meetings",
    "chime_sdk_media_pipelines",
    "chime_sdk_identity",
    "chime_sdk_messaging",
    "chime_sdk_voice",
    "ivs",
    "ivs_realtime",
    "ivschat",
    "signalwire",
)

SAFETY = {
    "safe": "reads only",
    "idempotent": "repeatable",
    "token": "repeatable by its token",
    "unsafe": "acts again",
    "once": "dials, orders or sends again",
}

WORD = re.compile(r"(\w+)")
MARKED_WORD = re.compile(r"`(\w+)`")
ADDRESS = re.compile(r"^(https://docs\.aws\.amazon\.com/\S+)$")

SIGNALWIRES_REFERENCE = "https://signalwire.com/docs/compatibility-api"

HEAD = """# {title}

`live.{package}` of a `roomtone.Client`; the names below come from `roomtone.{package}`.{reference}

| | |
|---|---|
| operations | {operations}, {pages} of them with pages |
| client | {client} |
| service in errors and logs | `{name}` |
| [requests](#requests) | {requests} |
| [errors](#errors) | {errors} |
| [shapes](#shapes) | {shapes} |
| [enums](#enums) | {enums} |

## Operations

What a second execution would do decides [what is tried again](../../reliability.md); `iter_*` walks through all
[pages](../../pages.md).
"""

ERRORS = """# Errors of each service

What each service documents, and the [meaning](../../errors.md) under which it is caught for all services at once. An
error that a service does not document has the class of its meaning, such as `IVSThrottledError`.
"""

REQUESTS = """For `live.{package}.send`, which takes one and returns a {{py:class}}`~roomtone.Reply`. Each has the
arguments of its method as members.
"""


class Page:
    """One service, as its page shows it."""

    def __init__(self, package: str) -> None:
        self.package = package
        service = importlib.import_module(f"roomtone.{package}")
        self.operations: tuple[Operation[Any, Any], ...] = importlib.import_module(
            f"roomtone.{package}.operations"
        ).OPERATIONS
        self.service = self.operations[0].service
        self.public: dict[str, Any] = {name: getattr(service, name) for name in service.__all__}
        classes = {name: value for name, value in self.public.items() if inspect.isclass(value)}
        self.errors = {name: cls for name, cls in classes.items() if issubclass(cls, ApiError)}
        self.requests = {name: cls for name, cls in classes.items() if issubclass(cls, Request)}
        self.shapes = {name: cls for name, cls in classes.items() if attrs.has(cls) and name not in self.requests}
        clients = [name for name in classes if not {name} & {*self.errors, *self.requests, *self.shapes}]
        self.clients = sorted(clients, key=lambda name: "Client" not in name)
        self.enums = {name: value for name, value in self.public.items() if name not in classes}
        self.methods = {operation.name: self._method(operation) for operation in self.operations}

    def _method(self, operation: Operation[Any, Any]) -> str:
        """Where the method of an operation is: `IVSClient.create_channel`, `Calls.create`."""
        name = operation.name
        if "." in name:
            resource, _, name = name.partition(".")
            return f"{_pascal(resource)}.{name}"
        return f"{self.clients[0]}.{_snake(self, operation)}"

    def iterator(self, operation: Operation[Any, Any]) -> str | None:
        """Where the `iter_*` of an operation is."""
        if operation.pages is None:
            return None
        owner, _, _ = self.methods[operation.name].partition(".")
        found = [
            name
            for name, method in inspect.getmembers(self.public[owner], inspect.isfunction)
            if name.startswith("iter_")
            and f"all pages of {operation.name}." in " ".join((method.__doc__ or "").split())
        ]
        assert len(found) == 1, operation.name
        return f"{owner}.{found[0]}"

    def text(self) -> str:
        """The Markdown: every public name of the package is on it."""
        reference = (
            "" if isinstance(self.service, AwsService) else f" [SignalWire's reference]({SIGNALWIRES_REFERENCE})"
        )
        return "\n".join(
            [
                HEAD.format(
                    title=self.service.title,
                    package=self.package,
                    reference=reference,
                    operations=len(self.operations),
                    pages=sum(one.pages is not None for one in self.operations),
                    client=self._link("class", self.clients[0]),
                    name=self.service.name,
                    requests=len(self.requests),
                    shapes=len(self.shapes),
                    enums=len(self.enums),
                    errors=len(self.errors),
                ),
                *_table(("method", "all pages", "a second execution"), map(self._operation, self.operations)),
                "\n## Methods\n",
                *self._rst(line for name in self.clients for line in self._client(name)),
                "## Requests\n",
                REQUESTS.format(package=self.package),
                *_table(("request", "method"), map(self._request, self.operations)),
                "\n## Errors\n",
                *self._rst(line for name in self.errors for line in self._error(name)),
                "## Shapes\n",
                *self._rst(line for name in self.shapes for line in self._shape(name)),
                "## Enums\n",
                "Every enum is open: a value that is not listed passes through.\n",
                *self._rst(line for name in self.enums for line in self._enum(name)),
            ]
        )

    def _rst(self, lines: Iterable[str]) -> Iterator[str]:
        """reStructuredText, in which a name without a module is one of this service's: types of signatures are such."""
        return iter(["```{eval-rst}", f".. py:currentmodule:: roomtone.{self.package}", "", *lines, "```", ""])

    def _client(self, name: str) -> Iterator[str]:
        return iter([f".. autoclass:: roomtone.{self.package}.{name}", "   :members:", "   :inherited-members:", ""])

    def _link(self, kind: str, name: str) -> str:
        """A link to a name of this page; `Calls.create` is shown as `calls.create`, `IVSClient.x` as `x`."""
        owner, _, member = name.partition(".")
        shown = name if not member else member if "Client" in owner else f"{_resource(owner)}.{member}"
        return f"{{py:{kind}}}`{shown} <roomtone.{self.package}.{name}>`"

    def _operation(self, one: Operation[Any, Any]) -> tuple[str, ...]:
        iterator = self.iterator(one)
        return (
            self._link("meth", self.methods[one.name]),
            self._link("meth", iterator) if iterator else "",
            SAFETY[one.safety],
        )

    def _request(self, one: Operation[Any, Any]) -> tuple[str, ...]:
        method = self._link("meth", self.methods[one.name])
        return f"`{one.request.__name__}`", f"{method}, a download: not for `send`" if one.download else method

    def _error(self, name: str) -> Iterator[str]:
        cls = self.errors[name]
        meaning = _meaning(cls)
        members = sorted(cls._member_names())
        yield f".. py:exception:: {name}"
        yield from self._options("errors", name)
        if cls.code:
            yield f"   HTTP {cls.status}: :py:exc:`~roomtone.errors.{meaning}`."
        elif meaning == "ApiError":
            yield "   The base of all errors of the service."
        else:
            yield f"   Not documented by the service: :py:exc:`~roomtone.errors.{meaning}`."
        if members:
            yield f"   Has {', '.join(f'``.{member}``' for member in members)}."
        yield ""

    def _shape(self, name: str) -> Iterator[str]:
        cls = self.shapes[name]
        yield f".. py:class:: {name}{_attrs_signature(cls)}"
        yield from self._options("models", name)
        yield from (f"   {line}" for line in self.linked(_docstring(cls)))
        yield ""

    def _enum(self, name: str) -> Iterator[str]:
        literal = next(choice for choice in typing.get_args(self.enums[name]) if choice is not str)
        yield f".. py:type:: {name}"
        yield "   :no-contents-entry:"
        yield ""
        yield f"   {', '.join(f'``{value}``' for value in typing.get_args(literal))}"
        yield ""

    def _options(self, module: str, name: str) -> Iterator[str]:
        yield f"   :canonical: roomtone.{self.package}.{module}.{name}"
        yield "   :no-contents-entry:"
        yield ""

    def linked(self, lines: Iterable[str]) -> Iterator[str]:
        """A docstring with links from the names of this page, and one from AWS's address of its reference."""

        def link(match: re.Match[str]) -> str:
            kind = "exc" if match[1] in self.errors else "obj"
            is_public = match[1] in self.public and match[1] not in self.requests
            return f":py:{kind}:`~roomtone.{self.package}.{match[1]}`" if is_public else match[0]

        raises = False
        for line in lines:
            raises = line.strip() == "Raises:" or (raises and bool(line.strip()))
            if raises and ": " in line:
                meaning, _, names = line.partition(": ")
                line = f"{meaning}: {re.sub(WORD, link, names)}"
            line = re.sub(MARKED_WORD, link, line)
            yield re.sub(ADDRESS, r"`AWS's reference <\1>`__", line)


_page = cache(Page)


def page(package: str) -> str:
    """The Markdown page of one service."""
    return _page(package).text()


def error_page() -> str:
    """The Markdown page of the errors of all services: documented name, status and meaning."""
    parts = [ERRORS]
    for package in SERVICES:
        one = _page(package)
        documented = {name: cls for name, cls in one.errors.items() if cls.code}
        rows = [
            (
                one._link("exc", name),
                str(cls.status),
                f"{{py:exc}}`~roomtone.errors.{_meaning(cls)}`",
                str(sum(name in operation.errors for operation in one.operations)),
            )
            for name, cls in documented.items()
        ]
        parts += [f"\n## {one.service.title}\n", f"All of them are {one._link('exc', _base(one))}.\n"]
        if rows:
            parts += _table(("documented error", "HTTP", "meaning", "operations"), rows)
        else:
            parts.append("No error has a documented name: [the status tells the meaning](../../signalwire.md).")
    return "\n".join([*parts, ""])


def _base(one: Page) -> str:
    return next(name for name, cls in one.errors.items() if _meaning(cls) == "ApiError")


def _meaning(cls: type[ApiError]) -> str:
    return next(base for base in cls.__mro__[1:] if base.__module__ == "roomtone.errors").__name__


def _snake(page: Page, operation: Operation[Any, Any]) -> str:
    """The method's name: that of the operation's constant, in lower case."""
    module = importlib.import_module(f"roomtone.{page.package}.operations")
    return next(name for name, value in vars(module).items() if value is operation).lower()


def _pascal(resource: str) -> str:
    return "".join(part.capitalize() for part in resource.split("_"))


def _resource(owner: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", owner).lower()


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    cells = list(head)
    for row in (cells, ["---"] * len(cells), *rows):
        yield f"| {' | '.join(row)} |"


def _attrs_signature(cls: type[Any]) -> str:
    """The signature of an attrs class, with types and defaults as its source has them."""
    fields = [field for field in attrs.fields(cls) if field.init]
    members = [_member(field) for field in fields]
    if any(field.kw_only for field in fields):
        members.insert(0, "*")
    return f"({', '.join(members)})"


def _member(field: attrs.Attribute[Any]) -> str:
    written = f"{field.name}: {_spelled(field.type)}"
    if field.default is attrs.NOTHING:
        return written
    default: Any = field.default
    return f"{written} = {getattr(default, 'factory', lambda: default)()!r}"


def _spelled(annotation: object) -> str:
    if annotation is None or annotation is NoneType:
        return "None"
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _docstring(cls: type[Any]) -> list[str]:
    """A shape's docstring in reStructuredText, its arguments as a field list."""
    lines = inspect.cleandoc(cls.__doc__ or "").splitlines()
    if "Args:" not in lines:
        return lines
    start = lines.index("Args:")
    fields = [re.sub(r"^    (\w+): ", r":param \1: ", line) for line in lines[start + 1 :]]
    return [*lines[:start], *fields]


def _owner(name: str) -> str | None:
    """The service package that a documented name is of."""
    parts = name.split(".")
    return parts[1] if len(parts) > 2 and parts[0] == "roomtone" and parts[1] in SERVICES else None


def _link_docstring(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    package = _owner(name)
    if package is not None and what in ("class", "method") and name.split(".")[2] in _page(package).clients:
        lines[:] = _page(package).linked(lines)
    elif package is None:
        lines[:] = _with_full_names(lines, getattr(inspect.getmodule(obj), "errors", None))


def _with_full_names(lines: Iterable[str], errors: object) -> Iterator[str]:
    """Errors that a docstring says to raise, by the full names that they have in the errors module of their service.

    Several services have one called `ResourceNotFoundException`.
    """
    package = _owner(getattr(errors, "__name__", ""))
    for line in lines:
        match = re.fullmatch(r"( +)(\w+)(: .+)", line)
        if package and match and inspect.isclass(getattr(errors, match[2], None)):
            yield f"{match[1]}~roomtone.{package}.{match[2]}{match[3]}"
        else:
            yield line


def _short_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: object, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """A signature as the source has it, so that enums and defaults keep their names; none for classes nobody calls."""
    if inspect.isclass(obj) and issubclass(obj, (ServiceClient, SignalWireResource)):
        return "", None
    if "attr_dict[" in (signature or ""):  # how attrs names a default in the code that it writes
        return _attrs_signature(obj), returns
    if what != "method" or _owner(name) is None or not inspect.isfunction(obj):
        return None
    from sphinx.util.inspect import stringify_signature

    written = inspect.signature(obj)
    without_self = written.replace(parameters=[one for key, one in written.parameters.items() if key != "self"])
    arguments, _, result = stringify_signature(without_self).replace("models.", "").rpartition(" -> ")
    return arguments, result


def write_pages(app: Sphinx) -> None:
    """Writes the pages that changed, so that a second build has little to do."""
    folder = Path(app.srcdir) / "reference" / "services"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in [("errors", error_page()), *((package, page(package)) for package in SERVICES)]:
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_pages, priority=100)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", _link_docstring, priority=400)  # before napoleon reads it
    app.connect("autodoc-process-signature", _short_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
