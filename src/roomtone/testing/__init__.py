"""Typed mocks of the nine services on respx, for unit tests. Imported by nothing of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roomtone.testing.identity import API_TOKEN as API_TOKEN
    from roomtone.testing.identity import CREDENTIALS as CREDENTIALS
    from roomtone.testing.identity import PROJECT_ID as PROJECT_ID
    from roomtone.testing.identity import REGION as REGION
    from roomtone.testing.identity import SPACE as SPACE
    from roomtone.testing.making import make as make
    from roomtone.testing.mock import RoomtoneMock as RoomtoneMock
    from roomtone.testing.operations import Call as Call
    from roomtone.testing.operations import OperationMock as OperationMock
    from roomtone.testing.operations import PagedOperationMock as PagedOperationMock
    from roomtone.testing.outcomes import Outcome as Outcome
    from roomtone.testing.outcomes import UnexpectedCallError as UnexpectedCallError
    from roomtone.testing.outcomes import UnmockedCallError as UnmockedCallError
    from roomtone.testing.outcomes import connect_error as connect_error
    from roomtone.testing.outcomes import raw as raw
    from roomtone.testing.outcomes import throttled as throttled
    from roomtone.testing.outcomes import timeout as timeout

__all__ = [
    "API_TOKEN",
    "CREDENTIALS",
    "PROJECT_ID",
    "REGION",
    "SPACE",
    "Call",
    "OperationMock",
    "Outcome",
    "PagedOperationMock",
    "RoomtoneMock",
    "UnexpectedCallError",
    "UnmockedCallError",
    "connect_error",
    "make",
    "raw",
    "throttled",
    "timeout",
]

# Imported when touched: pytest imports this package to find its plugin, in every run, with respx or without.
if not TYPE_CHECKING:
    _HOMES = {
        "identity": ("API_TOKEN", "CREDENTIALS", "PROJECT_ID", "REGION", "SPACE"),
        "making": ("make",),
        "mock": ("RoomtoneMock",),
        "operations": ("Call", "OperationMock", "PagedOperationMock"),
        "outcomes": (
            *("Outcome", "UnexpectedCallError", "UnmockedCallError"),
            *("connect_error", "raw", "throttled", "timeout"),
        ),
    }

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module 'roomtone.testing' has no attribute {name!r}")
        home = next(home for home, names in _HOMES.items() if name in names)
        try:
            value = getattr(import_module(f"roomtone.testing.{home}"), name)
        except ModuleNotFoundError as error:
            if error.name != "respx":
                raise
            raise ImportError("roomtone's mocks need respx: pip install 'roomtone[testing]'") from error
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
