"""What a run found, as one table and as JSON. Knows figures and marks; knows nothing of how they came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.measure import Spread


@dataclass(frozen=True)
class Mark:
    """What a result should be: at least or at most so much."""

    bound: float
    at_least: bool

    def reached(self, result: Spread) -> bool:
        return result.median >= self.bound if self.at_least else result.median <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


def at_least(bound: float) -> Mark:
    return Mark(bound, at_least=True)


def at_most(bound: float) -> Mark:
    return Mark(bound, at_least=False)


@dataclass(frozen=True)
class Line:
    """One comparison: whose figure over whose, or one figure alone."""

    what: str
    who: str
    result: Spread
    against: str = ""
    unit: str = "x"
    mark: Mark | None = None
    figures: tuple[Spread | None, ...] = ()
    """What the result comes from, and what else is worth knowing; the group names them."""

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "who": self.who,
            "against": self.against or None,
            "unit": self.unit,
            "result": self.result.as_json(),
            "mark": None if self.mark is None else str(self.mark),
            "reached": None if self.mark is None else self.mark.reached(self.result),
            "figures": [figure.as_json() if figure else None for figure in self.figures],
        }


@dataclass(frozen=True)
class Group:
    """The lines of one workload, or of a part of it."""

    workload: str
    title: str
    columns: tuple[str, ...]
    """What the figures of each line are."""
    lines: Sequence[Line]

    def as_json(self) -> dict[str, Any]:
        return {
            "workload": self.workload,
            "title": self.title,
            "columns": list(self.columns),
            "lines": [line.as_json() for line in self.lines],
        }


_HEADS = ("what", "who", "against", "result", "min .. max", "mark", "reached")
_LEFT = frozenset({0, 1, 2, 4, 5, 6})


def table(groups: Iterable[Group]) -> str:
    """All groups in one table, each under its title and with its own names for the last columns."""
    blocks = [(group, [(*_HEADS, *group.columns), *map(_cells, group.lines)]) for group in groups]
    rows = [row for _, block in blocks for row in block]
    widths = [
        max(len(row[column]) for row in rows if column < len(row)) for column in range(max(map(len, rows), default=0))
    ]

    def text(row: Sequence[str]) -> str:
        cells = (
            cell.ljust(width) if column in _LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        )
        return "  " + "  ".join(cells).rstrip()

    parts: list[str] = []
    for group, block in blocks:
        parts += ["", f"{group.workload}  {group.title}", *map(text, block)]
    return "\n".join([*parts, "", _sum(line for group, _ in blocks for line in group.lines)])


def _cells(line: Line) -> tuple[str, ...]:
    result = line.result
    return (
        line.what,
        line.who,
        line.against,
        f"{_short(result.median)} {line.unit}",
        f"{_short(result.low)} .. {_short(result.high)}" if len(result.values) > 1 else "",
        "" if line.mark is None else str(line.mark),
        "" if line.mark is None else "yes" if line.mark.reached(result) else "NO",
        *("" if figure is None else _short(figure.median) for figure in line.figures),
    )


def _short(value: float) -> str:
    """Three digits that count."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _sum(lines: Iterable[Line]) -> str:
    marked = [line.mark.reached(line.result) for line in lines if line.mark is not None]
    return f"{sum(marked)} of {len(marked)} marks reached."
