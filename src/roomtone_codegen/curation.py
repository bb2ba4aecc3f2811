"""What a person decided, as data: reads curation.toml. Knows no model and no emitter."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import cattrs
from attrs import field, frozen

from roomtone_codegen.facts import Case, Safety

PATH = Path(__file__).with_name("curation.toml")


class Undecided(Exception):
    """The generator met something that a person has to decide first; nothing was written."""


@frozen(kw_only=True)
class _Noise:
    headers: frozenset[str]


@frozen(kw_only=True)
class _Service:
    package: str
    class_prefix: str
    case: Case
    reference: str
    errors: dict[str, str]
    safety: dict[Safety, tuple[str, ...]]
    answered: dict[str, frozenset[str]]
    present: dict[str, frozenset[str]] = field(factory=dict)


@frozen(kw_only=True)
class _Document:
    noise: _Noise
    services: dict[str, _Service]


@frozen(kw_only=True)
class Curation:
    """The decisions about one AWS service.

    Args:
        name: boto3's name of the service.
        package: The Python package.
        class_prefix: What its client and its error classes begin with.
        case: How its members are cased on the wire.
        reference: The link to an operation's reference page, with `{operation}`.
        noise: Header members of outputs and errors that are left out, by their model names.
        errors: Error name -> the class of `roomtone.errors` it means.
        safety: Operation -> what a second execution would do.
        answered: Shape -> members that its service always answers, so that an answer without one is refused.
        present: Shape -> members that are typed as always answered, while an answer without one is read.
    """

    name: str
    package: str
    class_prefix: str
    case: Case
    reference: str
    noise: frozenset[str]
    errors: Mapping[str, str]
    safety: Mapping[str, Safety]
    answered: Mapping[str, frozenset[str]]
    present: Mapping[str, frozenset[str]]


def load(path: Path = PATH) -> dict[str, Curation]:
    """The curation file, by service. Raises Undecided where it is malformed or contradicts itself."""
    converter = cattrs.Converter(forbid_extra_keys=True)
    try:
        document = converter.structure(tomllib.loads(path.read_text(encoding="utf-8")), _Document)
    except cattrs.BaseValidationError as error:
        raise Undecided(f"{path.name}: {'; '.join(cattrs.transform_error(error))}") from error
    return {
        name: Curation(
            name=name,
            package=service.package,
            class_prefix=service.class_prefix,
            case=service.case,
            reference=service.reference,
            noise=document.noise.headers,
            errors=service.errors,
            safety=_by_operation(name, service.safety),
            answered=service.answered,
            present=service.present,
        )
        for name, service in document.services.items()
    }


def _by_operation(service: str, classes: Mapping[Safety, tuple[str, ...]]) -> dict[str, Safety]:
    found: dict[str, Safety] = {}
    for safety, operations in classes.items():
        for operation in operations:
            if operation in found:
                raise Undecided(f"curation.toml: {service}: {operation} is both {found[operation]} and {safety}")
            found[operation] = safety
    return found
