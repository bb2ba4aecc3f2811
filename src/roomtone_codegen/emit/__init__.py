"""Emitters: from facts to the text of a service package and of its mock. They decide nothing and know no reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from roomtone_codegen import facts
from roomtone_codegen.emit.client import client_module
from roomtone_codegen.emit.errors import errors_module
from roomtone_codegen.emit.face import face_module
from roomtone_codegen.emit.mocks import mock_module, mock_table
from roomtone_codegen.emit.models import models_module
from roomtone_codegen.emit.operations import operations_module
from roomtone_codegen.emit.resources import resource_client_module, resources_module

__all__ = ["mocks", "service_package"]


def service_package(service: facts.Service) -> dict[str, str]:
    """The unformatted modules of one service: path below `src` -> text."""
    modules = {
        "__init__": face_module,
        **_client_modules(service),
        "errors": errors_module,
        "models": models_module,
        "operations": operations_module,
    }
    return {f"roomtone/{service.package}/{name}.py": emit(service) for name, emit in modules.items()}


def mocks(services: Sequence[facts.Service]) -> dict[str, str]:
    """The unformatted modules of the services' mocks: path below `src` -> text."""
    texts = {service.package: mock_module(service) for service in services}
    texts["__init__"] = mock_table(services)
    return {f"roomtone/testing/_generated/{name}.py": text for name, text in texts.items()}


def _client_modules(service: facts.Service) -> dict[str, Callable[[facts.Service], str]]:
    if any(operation.resource for operation in service.operations):
        return {"client": resource_client_module, "resources": resources_module}
    return {"client": client_module}
