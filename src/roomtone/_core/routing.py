"""From method, path and query to the operation, by the operations' own records. Knows no service and no state."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from attrs import frozen

from roomtone._core.operation import Operation

__all__ = ["Routes"]

_LABEL = re.compile(r"\{(\.?)(\w+)\}")
_PART = re.compile(rf"{_LABEL.pattern}|[^{{]+")


@frozen
class _Route:
    operation: Operation[Any, Any]
    path: re.Pattern[str]
    fixed_query: frozenset[str]
    weight: tuple[int, int]
    """What decides between two that fit: the longer fixed query, then more of the path that is fixed."""


def _route(operation: Operation[Any, Any]) -> _Route:
    template, _, query = operation.path.partition("?")
    fixed = _LABEL.sub("", template)
    pattern = _PART.sub(_as_pattern, template)
    pairs = frozenset(query.split("&")) if query else frozenset[str]()
    return _Route(operation, re.compile(pattern), pairs, (len(pairs), len(fixed)))


def _as_pattern(part: re.Match[str]) -> str:
    """What a part of a template matches: a label, an ending that may be left out, or itself."""
    dot, name = part.groups()
    if name is None:
        return re.escape(part[0])
    return rf"(?:\.(?P<{name}>[^/.]+))?" if dot else f"(?P<{name}>[^/]+?)"


class Routes:
    """The route table of one service, built once."""

    def __init__(self, operations: Iterable[Operation[Any, Any]]) -> None:
        self._by_method: dict[str, list[_Route]] = {}
        for route in sorted(map(_route, operations), key=lambda route: route.weight, reverse=True):
            self._by_method.setdefault(route.operation.method, []).append(route)

    def find(self, method: str, path: str, query: str) -> tuple[Operation[Any, Any], dict[str, str]] | None:
        """The operation and the decoded labels of its path; None when there is no such operation.

        Args:
            method: The HTTP method.
            path: The path as it was sent, relative to the service's endpoint.
            query: The query as it was sent.
        """
        pairs = frozenset(query.split("&"))
        for route in self._by_method.get(method, ()):
            found = route.path.fullmatch(path)
            if found and route.fixed_query <= pairs:
                return route.operation, {label: unquote(text) for label, text in found.groupdict().items() if text}
        return None
