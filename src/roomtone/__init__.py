"""One typed, async client for Amazon Chime SDK, Amazon IVS and SignalWire's compatibility REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomtone._version import __version__ as __version__

if TYPE_CHECKING:
    from roomtone import chime_sdk_identity as chime_sdk_identity
    from roomtone import chime_sdk_media_pipelines as chime_sdk_media_pipelines
    from roomtone import chime_sdk_meetings as chime_sdk_meetings
    from roomtone import chime_sdk_messaging as chime_sdk_messaging
    from roomtone import chime_sdk_voice as chime_sdk_voice
    from roomtone import errors as errors
    from roomtone import ivs as ivs
    from roomtone import ivs_realtime as ivs_realtime
    from roomtone import ivschat as ivschat
    from roomtone import signalwire as signalwire
    from roomtone import states as states
    from roomtone._core.operation import Reply as Reply
    from roomtone.client import Client as Client
    from roomtone.config import Aws as Aws
    from roomtone.config import Credentials as Credentials
    from roomtone.config import SignalWire as SignalWire
    from roomtone.download import Download as Download
    from roomtone.events import Attempt as Attempt
    from roomtone.events import FinishedCall as FinishedCall
    from roomtone.joining import join_info as join_info
    from roomtone.paging import Paginator as Paginator
    from roomtone.waiting import wait_until as wait_until
    from roomtone.waiting import wait_until_absent as wait_until_absent
    from roomtone.waiting import watch as watch
    from roomtone.wire import from_wire as from_wire
    from roomtone.wire import to_wire as to_wire

__all__ = [
    "Attempt",
    "Aws",
    "Client",
    "Credentials",
    "Download",
    "FinishedCall",
    "Paginator",
    "Reply",
    "SignalWire",
    "chime_sdk_identity",
    "chime_sdk_media_pipelines",
    "chime_sdk_meetings",
    "chime_sdk_messaging",
    "chime_sdk_voice",
    "errors",
    "from_wire",
    "ivs",
    "ivs_realtime",
    "ivschat",
    "join_info",
    "signalwire",
    "states",
    "to_wire",
    "wait_until",
    "wait_until_absent",
    "watch",
]

# Under `if not TYPE_CHECKING`, because otherwise every misspelt import would type-check.
if not TYPE_CHECKING:
    _HOMES = {
        "Attempt": "roomtone.events",
        "Aws": "roomtone.config",
        "Client": "roomtone.client",
        "Credentials": "roomtone.config",
        "Download": "roomtone.download",
        "FinishedCall": "roomtone.events",
        "Paginator": "roomtone.paging",
        "Reply": "roomtone._core.operation",
        "SignalWire": "roomtone.config",
        "from_wire": "roomtone.wire",
        "join_info": "roomtone.joining",
        "to_wire": "roomtone.wire",
        "wait_until": "roomtone.waiting",
        "wait_until_absent": "roomtone.waiting",
        "watch": "roomtone.waiting",
    }

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _HOMES:
            value = getattr(import_module(_HOMES[name]), name)
            globals()[name] = value
            return value
        if name in __all__:
            return import_module(f"roomtone.{name}")
        if name.startswith("_"):  # asked for by tools; nobody's slip
            raise AttributeError(f"module 'roomtone' has no attribute {name!r}")
        from roomtone._core.slips import no_name

        raise no_name("roomtone", name, __all__)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
