"""Time and statistics. Knows the standard library alone."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spread:
    """What a figure was in each repeat."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    def times(self, factor: float) -> Spread:
        """The same in another unit."""
        return Spread(tuple(value * factor for value in self.values))

    def as_json(self) -> dict[str, Any]:
        """For the file: every repeat, so that another statistic can be had of it."""
        return {"median": self.median, "low": self.low, "high": self.high, "repeats": list(self.values)}


def spread(values: Iterable[float]) -> Spread:
    return Spread(tuple(values))


def over(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """The ratios pair by pair: what disturbs the machine for a while disturbs both of a pair."""
    return spread(a / b for a, b in zip(numerators, denominators, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def interleaved(functions: dict[str, Callable[[], object]], *, rounds: int, seconds: float) -> dict[str, list[float]]:
    """CPU seconds per run of each function, in rounds of all of them, one after the other.

    The garbage collector stays on, as it is for users: objects that live cost its time too.
    """
    loops = {name: _loops(function, seconds) for name, function in functions.items()}
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            gc.collect()
            taken[name].append(_timed(function, loops[name]))
    return taken


def _loops(function: Callable[[], object], seconds: float) -> int:
    function()  # what is made at the first run is not what is measured
    once = max(_timed(function, 3), 1e-7)
    return max(3, round(seconds / once))


def _timed(function: Callable[[], object], loops: int) -> float:
    began = time.process_time()
    for _ in range(loops):
        function()
    return (time.process_time() - began) / loops
