"""A Sphinx extension: the table of faults and their outcomes, made from the data of the tests at build time."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

OUTCOMES = Path(__file__).parents[2] / "tests" / "faults" / "outcomes.py"

HEAD = """# What comes of each fault

What a server, or whoever stands before it, can do wrong, and what a call makes of it. Each cell is held by a test on
asyncio and on trio, with raw sockets and the default of three attempts (two where a server does not come to an end).

A cell names the outcome and the number of requests that were sent. *Maybe processed* means that the service may have
carried the call out, and that the error says so in `.maybe_processed`. The calls are: one that reads, one that creates
with an idempotency token, one that creates without; for SignalWire, which knows no tokens, one that reads and one that
creates.
"""

OF_AIOHTTP = """`Client(engine="aiohttp")` has the same outcomes but for these. aiohttp does not tell a reset within a
body from any other end of its connection. More bytes than declared are a `ProtocolError`, maybe processed, where they
come with the answer, and a chunk extension without end lasts until the attempt's time is up.
"""


def _outcomes() -> Any:
    spec = importlib.util.spec_from_file_location("outcomes", OUTCOMES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def page() -> str:
    """The Markdown page."""
    outcomes = _outcomes()
    parts = [HEAD]
    for group, rows in groupby(outcomes.rows(), key=lambda row: row.group):
        parts += [f"\n## {group}\n", *_table(outcomes.COLUMNS, rows)]
    for group, rows in groupby(outcomes.rows_of_aiohttp(), key=lambda row: row.group):
        parts += [f"\n## {group}\n", OF_AIOHTTP, *_table(outcomes.COLUMNS, rows)]
    return "\n".join([*parts, ""])


def _table(columns: Iterable[str], rows: Iterable[Any]) -> Iterator[str]:
    heads = ["fault", *columns]
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {row.fault} | {' | '.join(map(_cell, row.expected))} |"


def _cell(expected: Any) -> str:
    # The names of errors stand without marks: marked ones never wrap, and six columns have no room for that.
    times = "" if expected.attempts == 1 else f" after {expected.attempts}"
    return f"{expected.outcome}{times}{', maybe processed' if expected.maybe else ''}"


def write_page(app: Sphinx) -> None:
    """Writes the page if it changed."""
    path, text = Path(app.srcdir) / "reference" / "faults.md", page()
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_page, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
