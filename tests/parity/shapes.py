"""Inputs and answers made from botocore's models: deterministic, valid for botocore, nasty where they may be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Literal, TypeAlias, get_args

import botocore
import botocore.session
import pytest
from attrs import frozen
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from roomtone._core.codec import bare_type, members_of
from roomtone._core.faults import ErrorTable
from roomtone._core.model import ANSWERED
from roomtone._core.operation import Operation
from roomtone_codegen import lock

SERVICES = (
    "chime-sdk-meetings",
    "chime-sdk-media-pipelines",
    "chime-sdk-identity",
    "chime-sdk-messaging",
    "chime-sdk-voice",
    "ivs",
    "ivs-realtime",
    "ivschat",
)

NASTY_TEXTS = (
    "/ ? & = % + : ~ ' *",
    "a/b//c/../d",
    "100%25 + 1 = 2",
    "Grüße, 日本語 ☎ 🎥",
    'quo"te \\ back\tslash\nline',
    "?a=b&c=d#e;f,g@h!$()[]{}|<>^`",
    "~-._*'",
    " leading and trailing ",
    "combining e\u0301 \u200d \u2028",
)
NASTY_HEADERS = ("arn:aws:chime:x:1:a/b", "a=b & c;d, e", "two  spaces", "~'*%2F+/?:")

CaseName: TypeAlias = Literal["minimal", "full", "nasty", "boundary", "zones", "mixed"]
CASES: tuple[CaseName, ...] = ("minimal", "full", "nasty", "boundary", "zones", "mixed")

KEEPS_FRACTIONS = tuple(int(part) for part in botocore.__version__.split(".")) >= (1, 43, 117)
"""Older ones cut the fraction off timestamps in a body."""

_PLAIN_TIME = datetime(2026, 11, 21, 12, 30, 5, tzinfo=timezone.utc)
_ZONED_TIMES = (
    datetime(2026, 2, 28, 23, 59, 59, 123456 * KEEPS_FRACTIONS, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    datetime(2024, 2, 29, 0, 0, 0, tzinfo=timezone(timedelta(hours=-8))),
    datetime(2026, 1, 1, 0, 30, 0, 1 * KEEPS_FRACTIONS, tzinfo=timezone(timedelta(hours=14))),
    datetime(2026, 6, 1, 8, 0, 0, 999999 * KEEPS_FRACTIONS, tzinfo=timezone.utc),
    datetime(2026, 6, 1, 8, 0, 0, 120000 * KEEPS_FRACTIONS, tzinfo=timezone.utc),
)
_EDGE_TIMES = (
    datetime(1970, 1, 1, tzinfo=timezone.utc),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=timezone.utc),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc),
)


needs_locked_botocore = pytest.mark.skipif(
    botocore.__version__ != lock.load().botocore,
    reason="says something of the models that the packages were generated from; another botocore is installed",
)


# A loader of its own: tests are collected before the environment is cleaned, and a session would ask for its profile.
_LOADER = Loader()


@cache
def botocore_session() -> botocore.session.Session:
    """One session of botocore for all tests: each model is read once."""
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    return session


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return ServiceModel(_LOADER.load_service_model(service, "service-2"), service)


def package_name(service: str) -> str:
    """roomtone's name of a service, boto3's with underscores."""
    return service.replace("-", "_")


@cache
def package(service: str) -> ModuleType:
    """roomtone's package of a service."""
    return import_module(f"roomtone.{package_name(service)}")


@cache
def operations(service: str) -> dict[str, Operation[Any, Any]]:
    """roomtone's operations of a service, by the API's names."""
    found = import_module(f"roomtone.{package_name(service)}.operations").OPERATIONS
    return {operation.name: operation for operation in found}


@cache
def error_table(service: str) -> ErrorTable:
    """roomtone's errors of a service."""
    table: ErrorTable = import_module(f"roomtone.{package_name(service)}.errors").ERRORS
    return table


@frozen
class Subject:
    """One operation, as botocore and as roomtone have it."""

    service: str
    model: OperationModel
    operation: Operation[Any, Any]

    def __str__(self) -> str:
        return f"{self.service}.{self.model.name}"


@cache
def subjects() -> tuple[Subject, ...]:
    """Every operation of the eight services; with another botocore than the locked one, those whose shapes agree."""
    both = (
        Subject(service, service_model(service).operation_model(name), operations(service)[name])
        for service in SERVICES
        for name in service_model(service).operation_names
        if name in operations(service)
    )
    return tuple(
        one
        for one in both
        if agrees(one.operation.request, one.model.input_shape, sent=True)
        and agrees(one.operation.response, one.model.output_shape)
    )


_TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": bool,
    "timestamp": datetime,
}


def agrees(hint: Any, shape: Any, *, sent: bool = False) -> bool:
    """Whether a class, or the type of a member, is what botocore's shape is.

    What only one side has can be left out, so it does not count, unless it is required in what is sent.
    """
    if shape is None:
        return True
    if shape.type_name in ("list", "map"):
        inner = shape.member if shape.type_name == "list" else shape.value
        return bool(get_args(hint)) and agrees(bare_type(get_args(hint)[-1]), inner, sent=sent)
    if shape.type_name != "structure":
        return _TYPES[shape.type_name] is hint
    members = {member.wire: member for member in members_of(hint)}
    required = {name for name, member in members.items() if member.required}
    return (not sent or required <= set(shape.required_members) <= members.keys()) and all(
        agrees(members[name].type, inner, sent=sent) for name, inner in shape.members.items() if name in members
    )


@cache
def subject(name: str) -> Subject:
    """The operation of a name such as `ivs.CreateChannel`."""
    return next(one for one in subjects() if str(one) == name)


class Maker:
    """Makes values for shapes, one case at a time; the same seed gives the same values."""

    def __init__(self, case: CaseName, seed: str) -> None:
        self.case = case
        self.random = random.Random(f"{case} {seed}")
        self._count = 0

    def value(self, shape: Shape, *, place: str = "body") -> Any:
        """A value of a shape, as boto3 takes it. `place` is where it travels."""
        make = getattr(self, f"_{shape.type_name}")
        return make(shape, place)

    def _wanted(self, name: str, shape: Any) -> bool:
        if name in shape.required_members or shape.members[name].metadata.get("idempotencyToken"):
            return True
        if self.case == "minimal":
            return False
        return self.case != "mixed" or self.random.random() < 0.5

    def _structure(self, shape: Any, place: str) -> dict[str, Any]:
        if shape.is_tagged_union:
            names = [self.random.choice(list(shape.members))]
        else:
            names = [name for name in shape.members if self._wanted(name, shape)]
        return {
            name: self.value(shape.members[name], place=shape.members[name].serialization.get("location", place))
            for name in names
        }

    def _list(self, shape: Any, place: str) -> list[Any]:
        least = shape.metadata.get("min", 0)
        size = least if self.case == "boundary" else max(least, self.random.randint(1, 2))
        return [self.value(shape.member, place=place) for _ in range(size)]

    def _map(self, shape: Any, place: str) -> dict[str, Any]:
        size = shape.metadata.get("min", 0) if self.case == "boundary" else self.random.randint(1, 2)
        return {self.value(shape.key, place=place): self.value(shape.value, place=place) for _ in range(size)}

    def _string(self, shape: Any, place: str) -> str:
        self._count += 1
        least = shape.metadata.get("min", 0)
        text = self._text(shape, place)
        if place == "uri":
            least = max(least, 1)
        return text + "x" * (least - len(text))

    def _text(self, shape: Any, place: str) -> str:
        if shape.enum and self.case != "nasty":
            return str(self.random.choice([*shape.enum, "A_VALUE_OF_TOMORROW"]))
        if self.case == "nasty" or (self.case in ("zones", "mixed") and self.random.random() < 0.3):
            return self.random.choice(NASTY_HEADERS if place == "header" else NASTY_TEXTS)
        if self.case == "boundary":
            return ""
        return f"{shape.name}-{self._count}"

    def _integer(self, shape: Any, place: str) -> int:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if self.case != "boundary":
            return int(least or 1) + self.random.randint(0, 9)
        choices = [least if least is not None else -(2**31), most if most is not None else 2**31 - 1]
        return int(self.random.choice(choices))

    def _long(self, shape: Any, place: str) -> int:
        return 2**53 + 1 if self.case == "boundary" else self._integer(shape, place)

    def _float(self, shape: Any, place: str) -> float:
        least = float(shape.metadata.get("min", 0))
        if self.case == "boundary":
            return least
        return least + self.random.choice([0.1, 1e-07, 0.5, 1 / 3, 1])

    _double = _float

    def _boolean(self, shape: Any, place: str) -> bool:
        return self.random.random() < 0.5

    def _timestamp(self, shape: Any, place: str) -> datetime:
        if self.case in ("minimal", "full"):
            return _PLAIN_TIME
        return self.random.choice(_EDGE_TIMES if self.case == "boundary" else _ZONED_TIMES)


def params_of(one: Subject, case: CaseName) -> dict[str, Any]:
    """The parameters of an operation, as boto3 takes them."""
    shape = one.model.input_shape
    if shape is None:
        return {}
    made: dict[str, Any] = Maker(case, str(one)).value(shape)
    _fit(one.operation.request, made, shape)
    return made


TimeForm: TypeAlias = Literal["epoch", "numeric text", "iso8601", "rfc822"]
TIME_FORMS: tuple[TimeForm, ...] = ("epoch", "numeric text", "iso8601", "rfc822")


def as_json(value: Any, form: TimeForm | None, shape: Shape | None = None) -> Any:
    """boto3's parameters as JSON: timestamps in one form, or in the form of their shape when it is None."""
    if isinstance(value, datetime):
        return _timestamp(value, form or _form_of(shape))
    if isinstance(value, dict):
        return {name: as_json(item, form, _inner(shape, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [as_json(item, form, getattr(shape, "member", None)) for item in value]
    return value


def _inner(shape: Any, name: str) -> Shape | None:
    if shape is None:
        return None
    found: Shape | None = shape.members.get(name) if shape.type_name == "structure" else getattr(shape, "value", None)
    return found


def _form_of(shape: Shape | None) -> TimeForm:
    """ISO 8601 where the shape says so, and in a query; else epoch seconds."""
    facts = {} if shape is None else shape.serialization
    return "iso8601" if facts.get("timestampFormat") == "iso8601" or facts.get("location") == "querystring" else "epoch"


def _timestamp(value: datetime, form: TimeForm) -> Any:
    utc = value.astimezone(timezone.utc)
    if form == "iso8601":
        return utc.isoformat().replace("+00:00", "Z")
    if form == "rfc822":
        return format_datetime(utc.replace(microsecond=0), usegmt=True)
    seconds = utc.timestamp()
    number = int(seconds) if seconds.is_integer() else seconds
    return str(number) if form == "numeric text" else number


def answer_of(one: Subject, case: CaseName, form: TimeForm | None = None) -> dict[str, Any]:
    """The JSON body of an answer; with `minimal` only what model and curation say is always answered."""
    shape = one.model.output_shape
    if shape is None:
        return {}
    made = Maker(case, f"answer {one}").value(shape)
    _fit(one.operation.response, made, shape)
    body = {name: value for name, value in made.items() if "location" not in shape.members[name].serialization}
    answer: dict[str, Any] = as_json(body, form, shape)
    return answer


def _fit(hint: Any, made: Any, shape: Any) -> None:
    """Fits what was made to roomtone's class, on every level.

    A sparse answer gets the members that curation lists as always answered. What a newer botocore has and the class has
    not is taken away.
    """
    if shape.type_name == "structure":
        members = {member.wire: member for member in members_of(hint)}
        for name in made.keys() - members.keys():
            if "location" not in shape.members[name].serialization:
                del made[name]
        for name, inner in shape.members.items():
            if name in members and members[name].metadata.get(ANSWERED) and name not in made:
                made[name] = Maker("minimal", name).value(inner)
            if name in members and name in made:
                _fit(members[name].type, made[name], inner)
    elif shape.type_name in ("list", "map"):
        inner = shape.member if shape.type_name == "list" else shape.value
        for item in made if shape.type_name == "list" else made.values():
            _fit(get_args(hint)[-1], item, inner)


def empty_lists(operation: Operation[Any, Any]) -> dict[str, list[Any]]:
    """The API's names of the lists that a list answer always has, empty when they did not come."""
    return {member.wire: [] for member in members_of(operation.response) if member.has_default and not member.optional}


def structures(service: str) -> Iterator[Any]:
    """Every structure shape of a service."""
    model = service_model(service)
    for name in model.shape_names:
        shape = model.shape_for(name)
        if shape.type_name == "structure":
            yield shape
