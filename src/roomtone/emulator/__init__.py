"""A stateful double of the services for integration tests and demos: `Emulator`, an ASGI application, and `serve`.

emulator = Emulator()
with serve(emulator) as origin:
    async with roomtone.Client(emulator.aws(origin), emulator.signalwire(origin)) as live: ...
"""

from __future__ import annotations

from roomtone.emulator.app import API_TOKEN, CREDENTIALS, ORIGIN, PROJECT_ID, REGION, Emulator
from roomtone.emulator.clock import Clock
from roomtone.emulator.faults import Disconnect, Fault, Faults, Latency, Refuse, ServerError, Throttle
from roomtone.emulator.serving import serve

__all__ = [
    "API_TOKEN",
    "CREDENTIALS",
    "ORIGIN",
    "PROJECT_ID",
    "REGION",
    "Clock",
    "Disconnect",
    "Emulator",
    "Fault",
    "Faults",
    "Latency",
    "Refuse",
    "ServerError",
    "Throttle",
    "serve",
]
