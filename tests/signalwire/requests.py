"""The exact requests of requests.toml, and how each is made with the client."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen

from roomtone.signalwire import SignalWireClient

PROJECT = "b08dacad-64eb-4ae1-8ed4-8f0f2a8c6b1e"
TOKEN = "PT-check/me+"


@frozen(kw_only=True)
class Golden:
    """One request: what the method takes, and what is sent for it.

    Args:
        operation: `calls.create`.
        kind: `minimal` or `maximal`.
        send: The HTTP method and the whole target.
        content_type: Of the body; None where there is no body.
        body: Byte for byte.
        ids: What the method takes positionally.
        arguments: What it takes by name.
    """

    operation: str
    kind: str
    send: str
    content_type: str | None = None
    body: str = ""
    ids: Sequence[str] = ()
    arguments: Mapping[str, Any] = field(factory=dict)

    def __str__(self) -> str:
        return f"{self.operation}-{self.kind}"

    async def call(self, signalwire: SignalWireClient) -> Any:
        """Call the method."""
        resource, _, method = self.operation.partition(".")
        return await getattr(getattr(signalwire, resource), method)(*self.ids, **self.arguments)


def load() -> list[Golden]:
    """Every request of the file."""
    tables = tomllib.loads(Path(__file__).with_name("requests.toml").read_text(encoding="utf-8"))
    return [
        Golden(operation=f"{resource}.{method}", kind=kind, **given)
        for resource, methods in tables.items()
        for method, kinds in methods.items()
        for kind, given in kinds.items()
    ]
