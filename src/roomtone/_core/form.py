"""Names and values as text, as queries and form bodies carry them. Pure; knows JSON-ready values, nothing of shapes."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PAIRS_LIMIT", "text_pairs"]

PAIRS_LIMIT = 99
"""How many numbered pairs a request may carry: `Parameter1` to `Parameter99`."""


def text_pairs(
    name: str,
    value: str | float | list[object] | Mapping[str, object] | None,
    *,
    separator: str | None = None,
    numbered: str = "",
) -> list[tuple[str, str]]:
    """The names and texts that stand for one member.

    None stands for nothing, so it gives no pair. A list repeats the name, or is one text with `separator` between its
    items. With `numbered="Parameter"` a mapping becomes `Parameter1.Name` and `Parameter1.Value`, `Parameter2.Name`
    and so on.

    Raises:
        ValueError: The value cannot be sent in this way; the message says why and goes after the member's name.
    """
    if value is None:
        return []
    if isinstance(value, Mapping):
        return _numbered_pairs(numbered, value)
    if not isinstance(value, list):
        return [(name, _text(value))]
    texts = [_text(item) for item in value]
    if separator is None:
        return [(name, text) for text in texts]
    return [(name, _joined(texts, separator))] if texts else []


def _text(value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case _:
            raise ValueError("must hold texts, numbers and booleans only")


def _joined(texts: list[str], separator: str) -> str:
    # An item with the separator in it would arrive as two, an empty one as none.
    if any(not text or separator in text for text in texts):
        raise ValueError(f"must have items that are neither empty nor hold {separator!r}, which separates them")
    return separator.join(texts)


def _numbered_pairs(prefix: str, value: Mapping[str, object]) -> list[tuple[str, str]]:
    if not prefix:
        raise ValueError("must not be a mapping here")
    if len(value) > PAIRS_LIMIT:
        raise ValueError(f"holds {len(value)} pairs; at most {PAIRS_LIMIT} can be sent")
    if "" in value:
        raise ValueError("must not have an empty name")
    pairs: list[tuple[str, str]] = []
    for number, (key, item) in enumerate(value.items(), 1):
        pairs += [(f"{prefix}{number}.Name", key), (f"{prefix}{number}.Value", _text(item))]
    return pairs
