"""Emits a service's `__init__.py`: everything that a user of the service sees."""

from __future__ import annotations

from roomtone_codegen import facts
from roomtone_codegen.emit.client import client_name
from roomtone_codegen.emit.errors import error_names
from roomtone_codegen.emit.resources import resource_names
from roomtone_codegen.emit.text import header, literal


def model_names(service: facts.Service) -> list[str]:
    """Every class and alias of `models.py`."""
    requests = (operation.request.name for operation in service.operations)
    return [*(enum.name for enum in service.enums), *requests, *(shape.name for shape in service.shapes)]


def face_module(service: facts.Service) -> str:
    """The text of `__init__.py`."""
    sources = {"client": [client_name(service)], "errors": error_names(service), "models": model_names(service)}
    if resources := resource_names(service):
        sources["resources"] = resources
    names = [name for exported in sources.values() for name in exported]
    package = f"roomtone.{service.package}"
    imports = (f"from {package}.{module} import {', '.join(exported)}" for module, exported in sources.items())
    return "\n".join(
        [
            header(service, f"{service.title}: client, shapes, errors and enums."),
            *imports,
            f"\n__all__ = [{', '.join(map(literal, names))}]",
        ]
    )
