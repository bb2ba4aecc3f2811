"""The table of faults, `faults.toml`: for each fault and each kind of call the one outcome that is right."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

__all__ = ["COLUMNS", "Expected", "Row", "rows", "rows_of_aiohttp"]

COLUMNS = ("aws safe", "aws token", "aws unsafe", "signalwire safe", "signalwire unsafe")
"""The kinds of call: one that reads; creates with an idempotency token and without; SignalWire knows no tokens."""

TABLE = Path(__file__).with_name("faults.toml")
OF_AIOHTTP = Path(__file__).with_name("aiohttp.toml")


@frozen
class Expected:
    """What comes of one call: `answer` or the name of an error, the number of requests, and `maybe_processed`."""

    outcome: str
    attempts: int
    maybe: bool = False

    def __str__(self) -> str:
        return f"{self.outcome} {self.attempts}{'?' if self.maybe else ''}"


@frozen
class Row:
    group: str
    fault: str
    expected: tuple[Expected, ...]


def rows(table: Path = TABLE) -> list[Row]:
    """The table, in its order."""
    groups = tomllib.loads(table.read_text("utf-8"))
    return [Row(group, fault, _read(text)) for group, faults in groups.items() for fault, text in faults.items()]


def rows_of_aiohttp() -> list[Row]:
    """Those rows for which the engine `aiohttp` has outcomes of its own."""
    return rows(OF_AIOHTTP)


def _read(text: str) -> tuple[Expected, ...]:
    """`DecodeError 1? 1? ServerError 3 1 1`: a name holds until the next one, a number is one column's."""
    expected = tuple(_columns(text.split()))
    assert len(expected) == len(COLUMNS), f"{text}: {len(expected)} columns"
    return expected


def _columns(words: list[str]) -> Iterator[Expected]:
    outcome = ""
    for word in words:
        if count := re.fullmatch(r"([0-9])(\??)", word):
            yield Expected(outcome, int(count[1]), bool(count[2]))
        else:
            outcome = word
