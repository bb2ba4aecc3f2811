"""Emits `errors.py`: the service's base error, its documented errors, and one class per meaning for the others."""

from __future__ import annotations

from roomtone_codegen import facts
from roomtone_codegen.emit.text import annotation, header, literal, mapping

_IMPORTS = """
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from roomtone import errors
from roomtone._core.faults import ErrorTable
from roomtone.{package} import models
"""


def base_name(service: facts.Service) -> str:
    """The name of the service's base error."""
    return f"{service.class_prefix}Error"


def error_names(service: facts.Service) -> list[str]:
    """Every class of `errors.py`."""
    documented = [error.name for error in service.errors]
    return [base_name(service), *documented, *(service.class_prefix + meaning for meaning in facts.MEANINGS)]


def errors_module(service: facts.Service) -> str:
    """The text of `errors.py`."""
    base = base_name(service)
    documented = ", ".join(f"{literal(error.name)}: {error.name}" for error in service.errors)
    meanings = ", ".join(f"errors.{meaning}: {service.class_prefix}{meaning}" for meaning in facts.MEANINGS)
    return "\n".join(
        [
            header(service, f"The errors of {service.title}."),
            _IMPORTS.format(package=service.package),
            f'class {base}(errors.ApiError):\n    """The base of every error that {service.title} answers."""\n',
            *(_documented(service, error) for error in service.errors),
            *(_undocumented(service, meaning) for meaning in facts.MEANINGS),
            f"ERRORS: ErrorTable = ErrorTable(base={base}, documented={{{documented}}}, meanings={{{meanings}}})",
        ]
    )


def _documented(service: facts.Service, error: facts.Error) -> str:
    lines = [
        f"class {error.name}({base_name(service)}, errors.{error.meaning}):",
        f'    """The documented error {error.name}: HTTP {error.status}."""\n',
        f"    status: int | None = {error.status}",
        f"    code = {literal(error.name)}",
    ]
    lines += (
        f"    {member.name}: {annotation(member.type, sent=False, prefix='models.')} | None = None"
        for member in error.members
    )
    headers = [(member.name, member.at) for member in error.members if member.place == "header"]
    if headers:
        # Annotated, it would count as a member.
        lines.append(f"    _header_members = {mapping(headers)}  # noqa: RUF012")
    return "\n".join(lines) + "\n"


def _undocumented(service: facts.Service, meaning: str) -> str:
    name = service.class_prefix + meaning
    return (
        f"class {name}({base_name(service)}, errors.{meaning}):\n"
        f'    """An error of {service.title} under that meaning, without a class of its own."""\n'
    )
