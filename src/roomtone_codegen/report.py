"""What changed between two states of the facts, as lines for the changelog. Knows facts alone.

The facts of the last write stay in snapshot.json, one line per shape, error, enum and operation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import cattrs

from roomtone_codegen import facts
from roomtone_codegen.emit.text import annotation, is_sensitive

PATH = Path(__file__).with_name("snapshot.json")

Entries: TypeAlias = Mapping[str, Mapping[str, str]]
"""Name of a shape (an operation, an error, an enum) -> name of a member -> what it is."""
Snapshot: TypeAlias = Mapping[str, Mapping[str, Entries]]
"""Service -> kind -> entries."""

_PARTS = {"operation": "trait", "shape": "member", "error": "trait", "enum": "value"}


def snapshot(services: Iterable[facts.Service]) -> Snapshot:
    """The facts of the services, in the form that is kept and compared."""
    return {service.name: _kinds(service) for service in services}


def _kinds(service: facts.Service) -> dict[str, Entries]:
    shapes = (*(operation.request for operation in service.operations), *service.shapes)
    return {
        "operation": {operation.name: _operation(operation) for operation in service.operations},
        "shape": {shape.name: {member.wire: _member(member) for member in shape.members} for shape in shapes},
        "error": {error.name: _error(error) for error in service.errors},
        "enum": {enum.name: dict.fromkeys(enum.values, "") for enum in service.enums},
    }


def _operation(operation: facts.Operation) -> dict[str, str]:
    traits = {
        "call": f"{operation.method} {operation.path}",
        "answer": operation.response or ("bytes" if operation.download else "None"),
        "safety": operation.safety,
        "errors": " ".join(sorted(operation.errors)),
        "pages": operation.pages.items if operation.pages else "",
        "scopes": " ".join(operation.scopes),
        "deprecated": "" if operation.deprecated is None else operation.deprecated or "yes",
    }
    return {name: trait for name, trait in traits.items() if trait}


def _error(error: facts.Error) -> dict[str, str]:
    return {"status": str(error.status), "meaning": error.meaning, **{m.wire: _member(m) for m in error.members}}


def _member(member: facts.Member) -> str:
    limits = member.type.limits if isinstance(member.type, (facts.Scalar, facts.ListOf, facts.MapOf)) else None
    notes = [
        annotation(member.type, sent=False),
        f"in {member.place} as {member.at}" if member.at else "",
        "required" if member.required else "",
        "answered" if member.answered else "",
        "token" if member.token else "",
        "sensitive" if is_sensitive(member.type) else "",
        f"min {limits.minimum}" if limits is not None and limits.minimum is not None else "",
        f"max {limits.maximum}" if limits is not None and limits.maximum is not None else "",
    ]
    return ", ".join(note for note in notes if note)


def differences(old: Snapshot, new: Snapshot) -> list[str]:
    """What came, went and changed, one line each."""
    lines = [f"{name}: new service" for name in new if name not in old]
    lines += [f"{name}: removed service" for name in old if name not in new]
    for service in sorted(old.keys() & new.keys()):
        for kind, part in _PARTS.items():
            lines += (f"{service}: {line}" for line in _entries(kind, part, old[service][kind], new[service][kind]))
    return lines


def _entries(kind: str, part: str, old: Entries, new: Entries) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"added {kind} {name}"
        elif name not in new:
            yield f"removed {kind} {name}"
        else:
            yield from _parts(part, name, old[name], new[name])


def _parts(part: str, owner: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"added {part} {owner}.{name}" + (f" ({new[name]})" if new[name] else "")
        elif name not in new:
            yield f"removed {part} {owner}.{name}"
        elif old[name] != new[name]:
            yield f"changed {part} {owner}.{name}: {old[name]} -> {new[name]}"


def load(path: Path = PATH) -> Snapshot:
    """The facts of the last write; empty before the first."""
    if not path.exists():
        return {}
    return cattrs.structure(
        json.loads(path.read_text(encoding="utf-8")), dict[str, dict[str, dict[str, dict[str, str]]]]
    )


def text(facts_now: Snapshot) -> str:
    """The text of the snapshot file."""
    services: list[str] = []
    for service, kinds in facts_now.items():
        blocks: list[str] = []
        for kind, entries in kinds.items():
            lines = (f"   {json.dumps(name)}: {json.dumps(parts)}" for name, parts in sorted(entries.items()))
            blocks.append(f"  {json.dumps(kind)}: {{\n" + ",\n".join(lines) + "\n  }")
        services.append(f" {json.dumps(service)}: {{\n" + ",\n".join(blocks) + "\n }")
    return "{\n" + ",\n".join(services) + "\n}\n"
