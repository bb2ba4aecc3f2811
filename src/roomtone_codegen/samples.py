"""Samples: for members that `roomtone.testing.make` fills in, a value that fits where a plain one would not.

Facts in, values out. A text is the first of some well-known ones that the limits allow; where none is, a person adds
one to `_TEXTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from roomtone.testing.making import plain_text
from roomtone_codegen import facts
from roomtone_codegen.curation import Undecided

__all__ = ["fits", "samples"]

_UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
_ACCOUNT = "123456789012"
_TEXTS = (
    _UUID,
    "eu-central-1",
    "abcdefgh1234",
    f"arn:aws:chime:us-east-1:{_ACCOUNT}:app-instance/{_UUID}",
    f"arn:aws:kinesisvideo:eu-central-1:{_ACCOUNT}:stream/front-row/1600000000000",
    f"arn:aws:mediatailor:eu-central-1:{_ACCOUNT}:playbackConfiguration/front-row",
    f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:front-row",
    f"arn:aws:lex:us-east-1:{_ACCOUNT}:bot-alias/ABCDEFGHIJ/ABCDEFGHIJ",
    "+15550100100",
    "800",
    "1600000000000",
    "48000",
    "16/9",
    "US",
    "NAME, ADDRESS",
    "st-0123456789ab",
    f"rt_{_ACCOUNT}_eu-central-1_abcdefgh_1234",
    "amzn1.application-oa2-client.0123456789abcdef0123456789abcdef",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ==\n-----END PUBLIC KEY-----\n",
    "https://example.invalid/",
)

_ARN = re.compile(r"arn:aws:(\w+):\[a-z0-9-\]\+:\[0-9\]\+:([\w-]+|\[a-z-\])/")
"""The IVS services' patterns of ARNs: the service, and the kind of resource, for which some allow one letter only."""

_UNICODE = {r"\p{L}": "A-Za-z", r"\p{Z}": " ", r"\p{N}": "0-9"}
"""Classes of characters that Python has no name for, cut down to ASCII."""


def samples(service: facts.Service) -> dict[str, dict[str, Any]]:
    """By shape and member what `make` takes where its plain value does not fit; in the form of its own overrides."""
    enums = {enum.name: enum.values for enum in service.enums}
    found: dict[str, dict[str, Any]] = {}
    for shape in (*(operation.request for operation in service.operations), *service.shapes):
        try:
            given = {member.name: _needed(member, enums) for member in _filled(shape, tolerant=service.tolerant)}
        except Undecided as stop:
            raise Undecided(f"{service.name} {shape.name}.{stop}") from None
        found[shape.name] = {name: value for name, value in given.items() if value is not None}
    return {name: given for name, given in sorted(found.items()) if given}


def _filled(shape: facts.Shape, *, tolerant: bool) -> Iterable[facts.Member]:
    """The members that `make` fills in of itself."""
    always = [
        member
        for member in shape.members
        if ((member.required or member.answered) and not member.fixed) or (member.never_none and _least(member.type))
    ]
    return always or (shape.members[:1] if shape.union or tolerant else ())


def _least(target: facts.Type) -> int:
    """How many items there are at least."""
    return int(target.limits.minimum or 0) if isinstance(target, facts.ListOf | facts.MapOf) else 0


def _needed(member: facts.Member, enums: dict[str, tuple[str, ...]]) -> Any:
    """A member's sample; None where the plain value fits."""
    match member.type:
        case facts.Scalar(kind="str"):
            text = _text(member.name, member.type)
            return None if text == plain_text(member.name) else text
        case facts.Scalar(kind="int" | "float" | "Decimal"):
            number = _number(member.type.limits)
            return None if number == 1 else number
        case facts.ListOf(item=item):
            # One at least: in a query an empty list is none.
            return [_whole(member.name, item, enums)] * max(1, _least(member.type))
        case facts.MapOf():
            return _whole(member.name, member.type, enums) if _least(member.type) else None
        case _:
            return None


def _whole(name: str, target: facts.Type, enums: dict[str, tuple[str, ...]]) -> Any:
    """A value that fits, whatever it is of; `{}` for a shape, which `make` fills."""
    match target:
        case facts.Scalar(kind="str"):
            return _text(name, target)
        case facts.Scalar(kind="int" | "float"):
            return _number(target.limits)
        case facts.Scalar(kind="bool"):
            return False
        case facts.EnumOf(name=enum):
            return enums[enum][0]
        case facts.ListOf(item=item):
            return [_whole(name, item, enums)] * _least(target)
        case facts.MapOf(key=key, value=value):
            if _least(target) > 1:
                raise Undecided(f"{name}: a mapping of more than one pair at least; teach samples.py")
            return {_whole(name, key, enums): _whole(name, value, enums)} if _least(target) else {}
        case facts.ShapeOf():
            return {}
        case _:
            raise Undecided(f"{name}: no sample of a {target}; teach samples.py")


def _number(limits: facts.Limits) -> int:
    low = 1 if limits.minimum is None else max(1, limits.minimum)
    number = low if limits.maximum is None else min(low, limits.maximum)
    if number != int(number):
        raise Undecided(f"no whole number within {limits}; teach samples.py")
    return int(number)


def _text(name: str, scalar: facts.Scalar) -> str:
    plain = plain_text(name)
    texts = [] if scalar.url else [plain, plain.replace("-", "_"), plain.replace("-", "")]
    for candidate in (*texts, *_arns(scalar.limits.pattern), *_TEXTS):
        for text in _sized(candidate, scalar.limits):
            if (not scalar.url or text.startswith("https:")) and fits(scalar.limits, text):
                return text
    raise Undecided(f"{name}: no sample of a text fits {scalar.limits}; add one to samples.py")


def _arns(pattern: str | None) -> Iterator[str]:
    for service, kind in _ARN.findall(pattern or ""):
        yield f"arn:aws:{service}:eu-central-1:{_ACCOUNT}:{'r' if kind.startswith('[') else kind}/abcdefgh1234"


def _sized(text: str, limits: facts.Limits) -> Iterator[str]:
    """The text, and the text filled up or cut to the limits."""
    yield text
    most = None if limits.maximum is None else int(limits.maximum)
    yield text.ljust(int(limits.minimum or 0), text[-1])[:most]


def fits(limits: facts.Limits, text: str) -> bool:
    """Whether a text is within its limits, all of it."""
    if len(text) < (limits.minimum or 0) or (limits.maximum is not None and len(text) > limits.maximum):
        return False
    if limits.pattern is None:
        return True
    pattern = limits.pattern
    for name, ascii_only in _UNICODE.items():
        pattern = pattern.replace(name, ascii_only)
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True  # such as a `$` that is repeated: a slip that holds nobody to anything
