"""Reads and checks the project's own spec of SignalWire's API: signalwire/*.toml, whose form _api.toml describes."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from attrs import evolve, field, frozen

from roomtone_codegen.curation import Undecided
from roomtone_codegen.facts import Safety

FOLDER = Path(__file__).with_name("signalwire")

Table: TypeAlias = Mapping[str, Any]
"""A table of TOML, hence Any: every key of it is checked before it is used."""

BodyKind: TypeAlias = Literal["form", "json"]

SCALARS = (
    "str",
    "uuid",
    "uri",
    "time",
    "money text",
    "bool text",
    "int",
    "float",
    "money",
    "bool",
    "null",
    "words",
    "pairs",
)
"""The types that have no name of their own; `words` and `pairs` are several values in one parameter."""

_TEXTS = {"str", "uuid", "uri", "words"}
_NUMBERS = {"int", "float"}
_RANGE = re.compile(r"(length )?([0-9]*)\.\.([0-9]*)")
_USUAL_ERROR = "Error"
_LABEL = re.compile(r"\{(\w+)(?::(\w+))?\}")


@frozen(kw_only=True)
class Line:
    """One parameter or field, as its line in the spec says.

    Args:
        name: Its wire name; for `pairs` what comes before the number.
        type: One of SCALARS, or the name of an enum or a shape.
        many: A list of them.
        or_one: The documentation allows a single one in place of the list.
        nullable: The documentation allows null.
        required: For a parameter: it must be sent.
        optional: For a field: the documentation allows answers without it.
        minimum: The least value of a number, or the least length of a text or list.
        maximum: The greatest.
        default: What the service takes when it is not sent.
        pattern: A regular expression that texts fit.
        secret: Kept out of `repr`.
    """

    name: str
    type: str
    many: bool = False
    or_one: bool = False
    nullable: bool = False
    required: bool = False
    optional: bool = False
    minimum: int | None = None
    maximum: int | None = None
    default: str | None = None
    pattern: str | None = None
    secret: bool = False


@frozen(kw_only=True)
class Method:
    """One operation.

    Args:
        resource: `conferences`.
        name: `start_stream`.
        verb: The HTTP method.
        path: With labels in braces, below the base path.
        labels: The labels of the path and their types.
        status: The documented status of success.
        answer: The shape of the answer; None for an answer without a body.
        pages: For a list in pages: the keys of its items and their shape.
        errors: The documented statuses of failure, and the error shape of the body that comes with each.
        query: The parameters of the query, those of paging included.
        body: How the parameters of the body are sent.
        body_lines: The parameters of the body.
        body_required: The documentation wants a body, if only an empty one.
        scopes: An API token needs one of them.
    """

    resource: str
    name: str
    verb: str
    path: str
    labels: Mapping[str, str]
    status: int
    answer: str | None
    pages: Mapping[str, str]
    errors: Mapping[int, str]
    query: tuple[Line, ...]
    body: BodyKind | None
    body_lines: tuple[Line, ...]
    body_required: bool
    scopes: tuple[str, ...]
    suffix: Line | None = None
    """Of a download: what may end the path, after a dot."""
    documented: bool = True
    """Of a download: that its path answers media."""

    @property
    def where(self) -> str:
        return f"{self.resource}.{self.name}"


@frozen(kw_only=True)
class Spec:
    """The whole spec; the shapes of lists in pages are among the shapes, those of errors are apart.

    So are the downloads, which the documentation has within other operations.
    """

    title: str
    base_path: str
    safety: Mapping[str, Safety]
    enums: Mapping[str, tuple[str, ...]]
    methods: tuple[Method, ...]
    downloads: tuple[Method, ...]
    shapes: Mapping[str, tuple[Line, ...]]
    error_shapes: Mapping[str, tuple[Line, ...]]


def load(folder: Path = FOLDER) -> Spec:
    """The spec. Raises Undecided at a line that is not understood, and at names that nothing has or nothing uses."""
    api = _table(folder / "_api.toml", {"title", "base_path", "safety", "paging", "errors", "enums"})
    reader = _Reader(_lines("paging.query", api["paging"]["query"]), _lines("paging.answer", api["paging"]["answer"]))
    for path in sorted(folder.glob("[a-z]*.toml")):
        reader.read(path.stem, _table(path))
    spec = Spec(
        title=api["title"],
        base_path=api["base_path"],
        safety=_safety(api["safety"]),
        enums={name: tuple(values) for name, values in api["enums"].items()},
        methods=tuple(reader.methods),
        downloads=tuple(reader.downloads),
        shapes=reader.shapes,
        error_shapes={name: _lines(name, lines) for name, lines in api["errors"].items()},
    )
    _check_names(spec)
    return spec


def digest(folder: Path = FOLDER) -> str:
    """A hash of what the spec says, whatever its comments and the order of its lines."""
    tables = {path.name: _table(path) for path in folder.glob("*.toml")}
    return sha256(json.dumps(tables, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _table(path: Path, known: Iterable[str] | None = None) -> Table:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    if known is not None:
        _check_keys(path.name, table, known, known)
    return table


def _check_keys(where: str, table: Table, known: Iterable[str], needed: Iterable[str]) -> None:
    for key in sorted(table.keys() - set(known)):
        raise Undecided(f"signalwire: {where}: unknown key {key!r}")
    for key in sorted(set(needed) - table.keys()):
        raise Undecided(f"signalwire: {where}: {key!r} is missing")


def _safety(table: Table) -> dict[str, Safety]:
    for verb, safety in table.items():
        if safety not in get_args(Safety):
            raise Undecided(f"signalwire: {verb} has an unknown safety {safety!r}")
    return dict(table)


@frozen
class _Reader:
    """Collects methods and shapes, one resource after another."""

    paging_query: tuple[Line, ...]
    paging_answer: tuple[Line, ...]
    methods: list[Method] = field(factory=list)
    downloads: list[Method] = field(factory=list)
    shapes: dict[str, tuple[Line, ...]] = field(factory=dict)

    def read(self, resource: str, table: Table) -> None:
        for name, lines in table.get("shapes", {}).items():
            self._add(name, _lines(name, lines))
        scopes = tuple(table.get("scopes", ()))
        if not scopes:
            raise Undecided(f"signalwire: {resource}: 'scopes' is missing")
        for name, method in table.items():
            if name not in ("downloads", "scopes", "shapes"):
                self.methods.append(self._method(resource, name, method, scopes))
        for name, download in table.get("downloads", {}).items():
            self.downloads.append(self._download(resource, name, download, scopes))

    def _add(self, name: str, lines: tuple[Line, ...]) -> None:
        if name in self.shapes:
            raise Undecided(f"signalwire: the shape {name} is there twice")
        self.shapes[name] = lines

    def _method(self, resource: str, name: str, table: Table, scopes: tuple[str, ...]) -> Method:
        where = f"{resource}.{name}"
        needed = {"http", "answer", "errors"}
        _check_keys(where, table, needed | {"pages", "query", "form", "json", "error_bodies", "optional_body"}, needed)
        verb, _, path = table["http"].partition(" ")
        status, _, answer = table["answer"].partition(" ")
        bodies: list[BodyKind] = [kind for kind in get_args(BodyKind) if kind in table]
        if len(bodies) > 1:
            raise Undecided(f"signalwire: {where} has two bodies")
        body = bodies[0] if bodies else None
        pages = table.get("pages", {})
        query = _lines(where, table.get("query", {}))
        if pages:
            own = {line.name for line in query}
            query += tuple(line for line in self.paging_query if line.name not in own)
            self._add_page(where, answer, pages)
        return Method(
            resource=resource,
            name=name,
            verb=verb,
            path=_LABEL.sub(r"{\1}", path),
            labels={label: type_ or "uuid" for label, type_ in _LABEL.findall(path)},
            status=int(status),
            answer=answer or None,
            pages=pages,
            errors=_error_bodies(where, table),
            query=query,
            body=body,
            body_lines=_lines(where, table[body]) if body else (),
            body_required=body is not None and not table.get("optional_body", False),
            scopes=scopes,
        )

    def _download(self, resource: str, name: str, table: Table, scopes: tuple[str, ...]) -> Method:
        where = f"{resource}.{name}"
        needed = {"http", "documented", "errors"}
        _check_keys(where, table, needed | {"suffix"}, needed)
        suffixes = _lines(where, table.get("suffix", {}))
        if len(suffixes) > 1:
            raise Undecided(f"signalwire: {where} has two suffixes")
        plain = {"http": table["http"], "answer": "200", "errors": table["errors"]}
        method = self._method(resource, name, plain, scopes)
        if method.verb != "GET":
            raise Undecided(f"signalwire: {where} is a download, so it is a GET")
        return evolve(method, suffix=suffixes[0] if suffixes else None, documented=table["documented"])

    def _add_page(self, where: str, answer: str, pages: Mapping[str, str]) -> None:
        [item] = set(pages.values())
        if answer != f"{item}List":
            raise Undecided(f"signalwire: {where} answers pages of {item}, so its answer is {item}List, not {answer}")
        self._add(answer, (*self.paging_answer, *(Line(name=key, type=item, many=True) for key in pages)))


def _error_bodies(where: str, table: Table) -> dict[int, str]:
    named = {int(status): shape for status, shape in table.get("error_bodies", {}).items()}
    for status in sorted(named.keys() - set(table["errors"])):
        raise Undecided(f"signalwire: {where}: {status} has a body, but is no documented status of failure")
    return {status: named.get(status, _USUAL_ERROR) for status in table["errors"]}


def _lines(where: str, table: Table) -> tuple[Line, ...]:
    return tuple(parse_line(where, name, text) for name, text in table.items())


def parse_line(where: str, name: str, text: str) -> Line:
    """One line of the spec: `parse_line("calls.create", "Timeout", "int, 1..600, default 60")`."""
    text, _, pattern = text.partition(", pattern ")
    spelled, *notes = text.split(", ")
    bare = spelled.removesuffix(" | null")
    kind = bare.removeprefix("list of ").removesuffix(" or one")
    line = Line(
        name=name,
        type=kind,
        many=bare.startswith("list of "),
        or_one=bare.endswith(" or one"),
        nullable=spelled != bare,
        pattern=pattern or None,
    )
    for note in notes:
        line = _with_note(f"{where}: {name}", line, note)
    return line


def _with_note(where: str, line: Line, note: str) -> Line:
    match note.partition(" "):
        case "required", "", "":
            return evolve(line, required=True)
        case "optional", "", "":
            return evolve(line, optional=True)
        case "secret", "", "":
            return evolve(line, secret=True)
        case "default", " ", default:
            return evolve(line, default=default)
        case _:
            return _with_range(where, line, note)


def _with_range(where: str, line: Line, note: str) -> Line:
    found = _RANGE.fullmatch(note)
    sized = line.many or line.type in _TEXTS
    if found is None or bool(found[1]) != sized or not (sized or line.type in _NUMBERS):
        raise Undecided(f"signalwire: {where}: {note!r} is no note for this type")
    return evolve(line, minimum=int(found[2]) if found[2] else None, maximum=int(found[3]) if found[3] else None)


def _check_names(spec: Spec) -> None:
    used: set[str] = set()
    for where, line in _all_lines(spec):
        used.add(line.type)
        if line.type not in {*SCALARS, *spec.enums, *spec.shapes, *spec.error_shapes}:
            raise Undecided(f"signalwire: {where}: {line.name}: unknown type {line.type!r}")
        if line.default is not None and line.default not in _defaults(spec, line):
            raise Undecided(f"signalwire: {where}: {line.name} cannot have the default {line.default!r}")
    for method in spec.methods:
        used |= {*method.errors.values()} | ({method.answer} if method.answer else set())
        if method.verb not in spec.safety:
            raise Undecided(f"signalwire: {method.where}: the safety of {method.verb} is not said")
        if method.answer is not None and method.answer not in spec.shapes:
            raise Undecided(f"signalwire: {method.where}: unknown shape {method.answer!r}")
        for shape in method.errors.values():
            if shape not in spec.error_shapes:
                raise Undecided(f"signalwire: {method.where}: unknown error shape {shape!r}")
        if any(kind not in ("uuid", "str") for kind in method.labels.values()):
            raise Undecided(f"signalwire: {method.where}: a label is a uuid or a str")
    for name in sorted({*spec.enums, *spec.shapes, *spec.error_shapes} - used):
        raise Undecided(f"signalwire: nothing uses {name}")


def _all_lines(spec: Spec) -> Iterable[tuple[str, Line]]:
    yield from ((method.where, method.suffix) for method in spec.downloads if method.suffix is not None)
    for method in spec.methods:
        yield from ((method.where, line) for line in (*method.query, *method.body_lines))
    for name, lines in (*spec.shapes.items(), *spec.error_shapes.items()):
        yield from ((name, line) for line in lines)


def _defaults(spec: Spec, line: Line) -> Iterable[str]:
    """The defaults a parameter could have: its enum's values, true and false, or its own where any text will do."""
    if line.type in spec.enums:
        return spec.enums[line.type]
    if line.type in ("bool", "bool text"):
        return ("true", "false")
    if line.type == "int":
        return [str(int(line.default or ""))]
    return [line.default or ""]
