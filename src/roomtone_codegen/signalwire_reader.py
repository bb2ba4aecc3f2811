"""From the project's own spec of SignalWire's API to facts."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping

from attrs import evolve

from roomtone._core.form import PAIRS_LIMIT
from roomtone_codegen import facts
from roomtone_codegen.curation import Undecided
from roomtone_codegen.signalwire_spec import Line, Method, Spec

_PREFIX = "SignalWire"
_ACCOUNT = "AccountSid"
"""The label that the client fills with its project id."""
_IDENTITY = "sid"
_CURSORS = ("page", "page_token")
_OPERATORS = {"<": "_before", ">": "_after"}
_MEANINGS = {
    400: "InvalidRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "InvalidRequestError",
    503: "UnavailableError",
}
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KINDS: Mapping[str, facts.ScalarKind] = {
    "str": "str",
    "uuid": "str",
    "uri": "str",
    "null": "str",
    "time": "datetime",
    "money": "Decimal",
    "money text": "Decimal",
    "bool": "bool",
    "bool text": "bool",
    "int": "int",
    "float": "float",
}


def python_name(name: str) -> str:
    """The snake_case name: `StartTime>` is `start_time_after`, `From` is `from_`."""
    stem = name.rstrip("<>")
    snake = _WORD_START.sub("_", stem).lower() + "".join(_OPERATORS[sign] for sign in name[len(stem) :])
    return f"{snake}_" if keyword.iskeyword(snake) else snake


def class_name(*names: str) -> str:
    """`conferences`, `start_stream` is `ConferencesStartStream`."""
    return "".join(part.capitalize() for name in names for part in name.split("_"))


def read(spec: Spec) -> facts.Service:
    """The facts of SignalWire's compatibility API."""
    answers = list(dict.fromkeys(method.answer for method in spec.methods if method.answer))
    nested = sorted(spec.shapes.keys() - set(answers))
    return facts.Service(
        name="signalwire",
        package="signalwire",
        title=spec.title,
        class_prefix=_PREFIX,
        request_case="pascal",
        shape_case="snake",
        tolerant=True,
        base_path=spec.base_path,
        operations=(
            *(_operation(spec, method) for method in spec.methods),
            *(_download(spec, method) for method in spec.downloads),
        ),
        shapes=tuple(_shape(spec, name) for name in (*answers, *nested)),
        enums=tuple(facts.Enum(name=name, values=values) for name, values in sorted(spec.enums.items())),
    )


def _operation(spec: Spec, method: Method) -> facts.Operation:
    body = (_fixed(spec, method, member) for member in _placed(spec, method.body_lines, "body"))
    members = (*_labels(method), *_placed(spec, method.query, "query"), *body)
    statuses = _error_statuses(method)
    return facts.Operation(
        name=method.where,
        python_name=method.name,
        resource=method.resource,
        method=method.verb,
        path=method.path,
        request=facts.Shape(
            name=f"{class_name(method.resource, method.name)}Request", members=members, in_request=True
        ),
        response=method.answer,
        body=method.body,
        safety=spec.safety[method.verb],
        pages=_pages(method),
        errors=tuple(statuses),
        error_statuses=statuses,
        scopes=method.scopes,
    )


def _download(spec: Spec, method: Method) -> facts.Operation:
    plain = _operation(spec, method)
    about = evolve(plain, download=True, documented=method.documented)
    if method.suffix is None:
        return about
    [suffix] = _placed(spec, (method.suffix,), "path")
    request = evolve(plain.request, members=(*plain.request.members, evolve(suffix, at=suffix.wire)))
    return evolve(about, path=f"{plain.path}{{.{suffix.wire}}}", request=request)


def _error_statuses(method: Method) -> dict[str, tuple[int, ...]]:
    """The documented statuses by the class of error they arrive as."""
    found: dict[str, tuple[int, ...]] = {}
    for status in method.errors:
        if status not in _MEANINGS:
            raise Undecided(f"signalwire: {method.where}: the meaning of {status} is not said")
        name = f"{_PREFIX}{_MEANINGS[status]}"
        found[name] = (*found.get(name, ()), status)
    return found


def _labels(method: Method) -> Iterator[facts.Member]:
    for label in method.labels:
        if label != _ACCOUNT:
            yield facts.Member(
                name=python_name(label),
                wire=label,
                type=facts.Scalar("str"),
                required=True,
                place="path",
                at=label,
                positional=True,
            )


def _placed(spec: Spec, lines: tuple[Line, ...], place: facts.Place) -> Iterator[facts.Member]:
    for line in lines:
        if line.type == "pairs":
            yield _pairs(line)
        else:
            yield facts.Member(
                name=python_name(line.name),
                wire=line.name,
                type=_type(spec, line),
                required=line.required,
                place=place,
                at=line.name if place == "query" else "",
                default=line.default or "",
            )


def _fixed(spec: Spec, method: Method, member: facts.Member) -> facts.Member:
    """`stop_stream` has said it all: the status that it must send has one value."""
    if not (method.name.startswith("stop_") and member.required and isinstance(member.type, facts.EnumOf)):
        return member
    values = spec.enums[member.type.name]
    return evolve(member, fixed=values[0]) if len(values) == 1 else member


def _pairs(line: Line) -> facts.Member:
    text = facts.Scalar("str")
    return facts.Member(
        name=f"{python_name(line.name)}s",
        wire=f"{line.name}s",
        type=facts.MapOf(text, text, limits=facts.Limits(maximum=PAIRS_LIMIT)),
        numbered=line.name,
    )


def _type(spec: Spec, line: Line) -> facts.Type:
    limits = facts.Limits(minimum=line.minimum, maximum=line.maximum, pattern=line.pattern)
    if line.type == "words":
        return facts.ListOf(facts.Scalar("str"), separator=" ")
    if line.many:
        return facts.ListOf(_single(spec, line, facts.Limits()), limits=limits)
    return _single(spec, line, limits)


def _single(spec: Spec, line: Line, limits: facts.Limits) -> facts.Type:
    if line.type in spec.enums:
        return facts.EnumOf(line.type, sensitive=line.secret)
    if line.type in spec.shapes:
        return facts.ShapeOf(line.type, sensitive=line.secret)
    return facts.Scalar(_KINDS[line.type], sensitive=line.secret, limits=limits, url=line.type == "uri")


def _shape(spec: Spec, name: str) -> facts.Shape:
    # Recorded answers lack fields that are documented as required, so none is asked for. A resource's own id is typed
    # as always there all the same, because every next call takes it. Absent resources are an empty list.
    members = (
        facts.Member(
            name=python_name(line.name),
            wire=line.name,
            type=_type(spec, line),
            required=line.name == _IDENTITY,
            never_none=line.many and line.type in spec.shapes,
        )
        for line in spec.shapes[name]
    )
    return facts.Shape(name=name, members=tuple(members))


def _pages(method: Method) -> facts.Pages | None:
    if not method.pages:
        return None
    keys = [python_name(key) for key in method.pages]
    if len(keys) > 2:
        raise Undecided(f"signalwire: {method.where} has its items under more than two keys")
    what = method.resource if method.name == "list" else method.name.removeprefix("list_")
    return facts.Pages(
        style="uri",
        items=keys[0],
        also=keys[1] if len(keys) == 2 else "",
        cursors=_CURSORS,
        iterator=f"iter_{what}",
        item_type=facts.ShapeOf(next(iter(method.pages.values()))),
    )
