"""The nine services as the emulator plays them: records, handlers, path prefix, and how each refuses a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from attrs import frozen

from roomtone._core.faults import ErrorTable
from roomtone._core.operation import AwsService, Operation, Service
from roomtone._core.routing import Routes
from roomtone.emulator import (
    identity,
    ivs,
    ivs_realtime,
    ivschat,
    media_pipelines,
    meetings,
    messaging,
    signalwire,
    voice,
)
from roomtone.emulator.handlers import Handler, Handlers
from roomtone.errors import ApiError

__all__ = ["Double", "doubles"]

_PACKAGES = {
    "chime_sdk_identity": identity.handles,
    "chime_sdk_media_pipelines": media_pipelines.handles,
    "chime_sdk_meetings": meetings.handles,
    "chime_sdk_messaging": messaging.handles,
    "chime_sdk_voice": voice.handles,
    "ivs": ivs.handles,
    "ivs_realtime": ivs_realtime.handles,
    "ivschat": ivschat.handles,
    "signalwire": signalwire.handles,
}
"""Every service, and what is emulated of it."""

_INVALID: Mapping[str, Callable[[Operation[Any, Any], str], ApiError]] = {
    "ivschat": ivschat.invalid,
    "signalwire": signalwire.invalid,
}
"""What a service answers to a request that its model rejects, where its documented error is not all of it."""


@frozen
class Double:
    """One service, played."""

    service: Service
    routes: Routes
    handlers: Mapping[Operation[Any, Any], Handler]
    invalid: Callable[[Operation[Any, Any], str], ApiError]
    """The service's error for a request that its model rejects."""
    package: str
    """The service as it is called in Python: `ivs_realtime` of `live.ivs_realtime`."""
    methods: Mapping[Operation[Any, Any], str]
    """Every operation, and what it is called there: `get_stream`; SignalWire: `calls.create`."""
    errors: ErrorTable

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
    invalid = _INVALID.get(package) or _invalid_for_aws(table)
    return Double(
        operations.SERVICE,
        Routes(operations.OPERATIONS),
        handlers.by_operation,
        invalid,
        package,
        _methods(vars(operations)),
        table,
    )


def _methods(names: Mapping[str, object]) -> dict[Operation[Any, Any], str]:
    """The records of a module, and the method of each: a record's constant is its method in capitals."""
    return {
        record: record.name if "." in record.name else constant.lower()
        for constant, record in names.items()
        if isinstance(record, Operation)
    }


def _invalid_for_aws(table: ErrorTable) -> Callable[[Operation[Any, Any], str], ApiError]:
    documented = table.documented.get("ValidationException") or table.documented["BadRequestException"]
    return lambda _, message: documented(message)
