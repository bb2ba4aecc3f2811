"""functools.cache, typed as the function it wraps. Knows nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def cache(function: Callable[P, R]) -> Callable[P, R]:
    """Remembers the result for each set of arguments; the arguments must be hashable."""
    return functools.cache(function)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
