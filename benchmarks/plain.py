"""What `pip install roomtone` gives, out of an environment that has the peers too. Knows names of packages alone."""

from __future__ import annotations

import sys

EXTRAS = ("orjson", "trio", "click", "rich", "uvicorn", "h2", "brotli", "zstandard", "socksio")
"""What roomtone or a library below it uses when it is there, and what a plain install does not bring."""


def hide(*kept: str) -> None:
    """From now on imports of the extras fail, as where they are not installed."""
    for name in EXTRAS:
        if name not in kept and name not in sys.modules:
            sys.modules[name] = None  # type: ignore[assignment]
