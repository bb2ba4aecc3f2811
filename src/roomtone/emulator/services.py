"""The nine services as the emulator plays them: records, handlers, path prefix, and how each refuses a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from attrs import frozen

from roomtone._core.faults import ErrorTable
from roomtone._core.operation import AwsService, Operation, Service
from roomtone.emulator import ivs, media_pipelines, meetings, signalwire, voice
from roomtone.emulator.handlers import Handler, Handlers
from roomtone.emulator.routing import Routes
from roomtone.errors import ApiError

__all__ = ["Double", "doubles"]

_PACKAGES = {
    "chime_sdk_identity": Handlers(),
    "chime_sdk_media_pipelines": media_pipelines.handles,
    "chime_sdk_meetings": meetings.handles,
    "chime_sdk_messaging": Handlers(),
    "chime_sdk_voice": voice.handles,
    "ivs": ivs.handles,
    "ivs_realtime": Handlers(),
    "ivschat": Handlers(),
    "signalwire": signalwire.handles,
}
"""Every service, and what is emulated of it: nothing yet where the handlers are empty."""


@frozen
class Double:
    """One service, played."""

    service: Service
    routes: Routes
    handlers: Mapping[Operation[Any, Any], Handler]
    invalid: Callable[[Operation[Any, Any], str], ApiError]
    """The service's error for a request that its model rejects."""

    @property
    def prefix(self) -> str:
        """What stands before every path: the services share one origin, and some of their paths are the same."""
        return f"/{self.service.name}" if isinstance(self.service, AwsService) else self.service.base_path


@cache
def doubles() -> tuple[Double, ...]:
    """All nine, made once."""
    return tuple(_double(package, handlers) for package, handlers in _PACKAGES.items())


def _double(package: str, handlers: Handlers) -> Double:
    operations = import_module(f"roomtone.{package}.operations")
    table: ErrorTable = import_module(f"roomtone.{package}.errors").ERRORS
    invalid = signalwire.invalid if package == "signalwire" else _invalid_for_aws(table)
    return Double(operations.SERVICE, Routes(operations.OPERATIONS), handlers.by_operation, invalid)


def _invalid_for_aws(table: ErrorTable) -> Callable[[Operation[Any, Any], str], ApiError]:
    documented = table.documented.get("ValidationException") or table.documented["BadRequestException"]
    return lambda _, message: documented(message)
