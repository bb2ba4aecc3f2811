"""Docstrings, composed from facts in the project's own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from roomtone_codegen import facts
from roomtone_codegen.emit.errors import base_name
from roomtone_codegen.emit.text import common_errors, is_sensitive

_SAFETY: dict[facts.Safety, str] = {
    "safe": "It only reads, so it is repeated after any failure that may pass.",
    "idempotent": "A second execution leaves the same state, so it is repeated after any failure that may pass.",
    "token": "It carries an idempotency token, so it is repeated after any failure that may pass.",
    "unsafe": "A second execution would act again, so it is not repeated when the answer was lost.",
    "once": "A second execution may dial, order or send again: repeated only after 429, 503 or when surely never sent.",
}
_DOWNLOADED = "Up to the headers of its answer it is repeated after any failure that may pass, afterwards never."
_UNDOCUMENTED = (
    "The documentation does not say what this path, the one of the metadata without `.json`, answers: that of call"
    " recordings answers the media. `content_type` of the result tells what came."
)
_UNITS = {
    "milliseconds": ("milliseconds", "millis", "ms"),
    "seconds": ("seconds",),
    "minutes": ("minutes",),
    "hours": ("hours",),
    "days": ("days",),
}
_BOUNDLESS = 2**31 - 1


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else str(value)


def _range(limits: facts.Limits) -> str:
    low = limits.minimum
    high = limits.maximum if limits.maximum is not None and limits.maximum < _BOUNDLESS else None
    if low is not None and low == high:
        return _number(low)
    if low is not None and high is not None:
        return f"{_number(low)} to {_number(high)}"
    if high is not None:
        return f"up to {_number(high)}"
    return f"at least {_number(low)}" if low is not None else ""


def _sized(limits: facts.Limits, noun: str) -> str:
    """`1 to 10 items`: a length, of which a lower bound of 0 says nothing."""
    size = _range(facts.Limits(minimum=limits.minimum or None, maximum=limits.maximum))
    if size == "1" or size.endswith(" 1"):
        noun = noun.removesuffix("s")
    return f"{size} {noun}" if size else ""


def value(target: facts.Type, *, several: bool = False) -> str:
    """A value in words: `text of 2 to 64 characters`."""
    match target:
        case facts.Scalar():
            return _scalar(target, several=several)
        case facts.EnumOf(name=name) | facts.ShapeOf(name=name):
            return f"`{name}`"
        case facts.ListOf(item=item):
            return f"{_sized(target.limits, 'items') or 'items'}: {value(item, several=True)}"
        case facts.MapOf(key=key, value=inner):
            pairs = _sized(target.limits, "pairs") or "pairs"
            return f"{pairs}: {value(key, several=True)} -> {value(inner, several=True)}"


def _scalar(scalar: facts.Scalar, *, several: bool) -> str:
    article, plural = ("", "s") if several else ("a ", "")
    match scalar.kind:
        case "str" if scalar.url:
            return f"{article}URL{plural}"
        case "str":
            size = _sized(scalar.limits, "characters")
            return "text" + (f" of {size}" if size else "")
        case "int" | "float" | "Decimal":
            noun = "whole number" if scalar.kind == "int" else "number"
            size = _range(scalar.limits)
            return f"{article}{noun}{plural}" + (f", {size}" if size else "")
        case "bool":
            return "true or false"
        case "datetime":
            return "aware datetimes" if several else "an aware datetime"
        case "bytes":
            return "bytes"


def unit(member: facts.Member) -> str:
    """The unit that the name of a number tells, if it tells one."""
    if not isinstance(member.type, facts.Scalar) or member.type.kind not in ("int", "float"):
        return ""
    last = member.name.rsplit("_", 1)[-1]
    return next((name for name, endings in _UNITS.items() if last in endings), "")


def entry(member: facts.Member) -> str:
    """One line of an `Args:` section."""
    words = value(member.type)
    notes = [words[:1].upper() + words[1:]]
    if unit(member):
        notes.append(f"in {unit(member)}")
    if member.place == "path":
        notes.append("in the path" if member.required else "what ends the path")
    elif member.place != "body":
        notes.append(f"{member.place} `{member.at}`")
    if member.numbered:
        notes.append(f"sent as `{member.numbered}1.Name` and `{member.numbered}1.Value` onwards")
    if member.fixed:
        notes.append(f"`{member.fixed}` unless given")
    if member.default:
        notes.append(f"`{member.default}` when not sent")
    if member.token:
        notes.append("the idempotency token, made for you when absent")
    if is_sensitive(member.type):
        notes.append("kept out of `repr`")
    if member.deprecated:
        notes.append("deprecated")
    return f"{member.name}: {'; '.join(notes)}."


def noteworthy(member: facts.Member) -> bool:
    """Whether a line about the member says more than its annotation."""

    def limited(target: facts.Type) -> bool:
        match target:
            case facts.ListOf(item=item):
                return _sized(target.limits, "items") != "" or limited(item)
            case facts.MapOf(key=key, value=inner):
                return _sized(target.limits, "pairs") != "" or limited(key) or limited(inner)
            case facts.Scalar():
                return _sized(target.limits, "") != ""
            case _:
                return False

    return limited(member.type) or unit(member) != "" or member.deprecated


def _raises(service: facts.Service, operation: facts.Operation) -> Iterator[str]:
    common = common_errors(service)
    meaning_of = {error.name: error.meaning for error in service.errors}
    by_meaning: dict[str, list[str]] = {}
    for name in operation.errors:
        if name not in common:
            by_meaning.setdefault(meaning_of[name], []).append(name)
    for meaning, names in sorted(by_meaning.items()):
        yield f"{meaning}: {', '.join(names)}."
    if common:
        yield f"{base_name(service)}: {', '.join(common)}, as every call."


def _raises_by_status(operation: facts.Operation) -> Iterator[str]:
    for name, statuses in operation.error_statuses.items():
        yield f"{name}: HTTP {', '.join(map(str, statuses))}."


def count(operations: Sequence[facts.Operation]) -> str:
    """`3 operations and 1 download`."""
    downloads = sum(operation.download for operation in operations)
    also = f" and {downloads} download{'s' if downloads > 1 else ''}" if downloads else ""
    return f"{len(operations) - downloads} operations{also}"


def _returns(service: facts.Service, operation: facts.Operation) -> str:
    if operation.download:
        return "`roomtone.Download`: the media, to be read in chunks or saved; nothing is sent before."
    if operation.response is None:
        return ""
    shape = next(shape for shape in service.shapes if shape.name == operation.response)
    if operation.pages is not None:
        return f"`{shape.name}`: one page of `{operation.pages.items}`; `{operation.pages.iterator}` walks through all."
    names = ", ".join(f"`{member.name}`" for member in shape.members)
    return f"`{shape.name}`" + (f" with {names}." if names else ", which is empty.")


def _scopes(scopes: Sequence[str]) -> str:
    """`Takes an API token with the scope Voice, Messaging or Fax.`"""
    if not scopes:
        return ""
    *others, last = scopes
    return f"Takes an API token with the scope {', '.join(others)}{' or ' if others else ''}{last}."


def method(service: facts.Service, operation: facts.Operation, arguments: Iterable[facts.Member]) -> list[str]:
    """The paragraphs of a method's docstring."""
    verb = "Stream" if operation.download else "Call"
    paragraphs = [f"{verb} {operation.name}: `{operation.method} {operation.path}`."]
    if not operation.documented:
        paragraphs.append(_UNDOCUMENTED)
    if entries := [entry(member) for member in arguments]:
        paragraphs.append("\n".join(["Args:", *entries]))
    if returns := _returns(service, operation):
        paragraphs.append(f"Returns:\n{returns}")
    if raises := list(_raises(service, operation) if service.errors else _raises_by_status(operation)):
        paragraphs.append("\n".join(["Raises:", *raises]))
    repeating = _DOWNLOADED if operation.download else _SAFETY[operation.safety]
    about = (repeating, _scopes(operation.scopes), operation.reference)
    paragraphs.append(" ".join(part for part in about if part))
    return paragraphs


def iterator(service: facts.Service, operation: facts.Operation, pages: facts.Pages) -> list[str]:
    """The paragraphs of an iterator method's docstring."""
    about = (
        f"Takes and raises what `{operation.python_name}` does; `.pages()` of the result gives the answers instead of"
        " the items, and `starting_token` resumes from a `.token` of an earlier one."
    )
    return [f"Iterate over the {pages.items.replace('_', ' ')} of all pages of {operation.name}.", about]


def shape(shape: facts.Shape) -> list[str]:
    """The paragraphs of a nested shape's docstring."""
    about = ("Sent in requests" if shape.in_request else "Found in answers") + (
        "; exactly one member is set." if shape.union else "."
    )
    notes = [entry(member) for member in shape.members if shape.in_request and noteworthy(member)]
    return [about, "\n".join(["Args:", *notes])] if notes else [about]
