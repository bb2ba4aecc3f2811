"""A Sphinx extension: the page of what the emulator answers, operation by operation, made from its handlers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from roomtone.emulator.services import Double, doubles

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HEAD = """# What the emulator answers

Operation by operation, made from the emulator's code. An operation that is emulated keeps state, checks what it is
asked and answers its documented errors. Every other operation answers 501 with its name, and with the typed mock of
`roomtone.testing` that stands in for it.
"""


def page() -> str:
    """The Markdown page."""
    return "\n".join([HEAD, *_totals(), *(line for double in doubles() for line in _service(double)), ""])


def _totals() -> Iterator[str]:
    yield from ("| service | operations | emulated |", "|---|---|---|")
    for double in doubles():
        name = double.service.name
        yield f"| [`{name}`](#{name}) | {len(double.methods)} | {len(double.handlers)} |"
    operations = sum(len(double.methods) for double in doubles())
    emulated = sum(len(double.handlers) for double in doubles())
    yield f"| all | {operations} | {emulated} |"


def _service(double: Double) -> Iterator[str]:
    yield f"\n## {double.service.name}\n"
    yield from ("| operation | method | emulated |", "|---|---|---|")
    for operation, method in double.methods.items():
        yield f"| {operation.name} | `{double.package}.{method}` | {'yes' if operation in double.handlers else 'no'} |"


def write_page(app: Sphinx) -> None:
    """Writes the page if it changed."""
    path, text = Path(app.srcdir) / "reference" / "emulator_coverage.md", page()
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_page, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
