"""Emits SignalWire's `resources.py`, a class per resource, and the client that holds them."""

from __future__ import annotations

from roomtone_codegen import facts
from roomtone_codegen.emit import words
from roomtone_codegen.emit.client import client_head, methods
from roomtone_codegen.emit.text import docstring, header

_RESOURCE_IMPORTS = """
from collections.abc import Mapping, Sequence
from datetime import datetime

from roomtone._service import SignalWireResource
from roomtone.download import Download
from roomtone.paging import Paginator
from roomtone.{package} import models, operations
"""

_CLIENT_IMPORTS = """
from functools import cached_property

from roomtone._service import SignalWireBase
from roomtone.{package} import errors, operations, resources
"""


def resource_name(resource: str) -> str:
    """The name of a resource's class: `LamlBins`."""
    return resource.title().replace("_", "")


def resource_names(service: facts.Service) -> list[str]:
    """The classes of `resources.py`."""
    return [resource_name(resource) for resource in _resources(service)]


def resources_module(service: facts.Service) -> str:
    """The text of `resources.py`."""
    parts = [
        header(service, f"The resources of {service.title}."),
        _RESOURCE_IMPORTS.format(package=service.package),
    ]
    for resource, operations in _resources(service).items():
        about = f"`live.{service.package}.{resource}`: {words.count(operations)}."
        parts += [f"class {resource_name(resource)}(SignalWireResource):", docstring([about], 4), ""]
        parts += methods(service, operations)
    return "\n".join(parts)


def resource_client_module(service: facts.Service) -> str:
    """The text of `client.py`, of a client that holds resources."""
    parts = [*client_head(service, _CLIENT_IMPORTS, "SignalWireBase")]
    for resource, operations in _resources(service).items():
        names = ", ".join(f"`{operation.python_name}`" for operation in operations)
        parts += [
            "    @cached_property",
            f"    def {resource}(self) -> resources.{resource_name(resource)}:",
            docstring([f"The resource with {names}."], 8),
            f"        return resources.{resource_name(resource)}(self)",
            "",
        ]
    return "\n".join(parts)


def _resources(service: facts.Service) -> dict[str, list[facts.Operation]]:
    found: dict[str, list[facts.Operation]] = {}
    for operation in service.operations:
        if operation.resource:
            found.setdefault(operation.resource, []).append(operation)
    return found
