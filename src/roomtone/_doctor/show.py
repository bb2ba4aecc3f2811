"""The report as people read it: sections, marks, wrapped lines. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from roomtone._doctor.report import Check, Report, Status

__all__ = ["MARKS", "render"]

MARKS: Mapping[Status, str] = {"ok": "\u2713", "warning": "!", "failed": "\u2717", "skipped": "-"}
_COLOURS: Mapping[Status, str] = {"ok": "32", "warning": "33", "failed": "31", "skipped": "2"}
_VERDICTS: Mapping[Status, str] = {"ok": "All is well", "warning": "Nothing failed", "failed": "Something failed"}
_NAME_WIDTH = 14
_NARROWEST = 30


def render(report: Report, *, width: int, symbols: bool, colours: bool) -> str:
    """The whole text, without a line break at its end.

    Args:
        report: What was found.
        width: Columns of the terminal.
        symbols: Whether the marks have a symbol beside the word; without them the text adds nothing to ASCII.
        colours: Whether the marks are coloured.
    """
    lines = [f"roomtone doctor {report.version}{', offline: nothing is sent' if report.offline else ''}"]
    title = ""
    for check in report.checks:
        if check.title != title:
            title = check.title
            lines += ["", title]
        lines += _lines(check, width, symbols, colours)
    return "\n".join([*lines, "", _summary(report)])


def _lines(check: Check, width: int, symbols: bool, colours: bool) -> Iterator[str]:
    status = check.finding.status
    symbol = f"{MARKS[status]} " if symbols else ""
    mark = f"  {symbol}{status:<8}"
    indent = " " * (len(mark) + _NAME_WIDTH)
    room = max(_NARROWEST, width - len(indent))
    if colours:
        mark = f"\x1b[{_COLOURS[status]}m{mark}\x1b[0m"
    first, *others = _wrapped(check.finding.told, room)
    yield f"{mark}{check.label:<{_NAME_WIDTH}}{first}".rstrip()
    for line in others:
        yield indent + line
    arrow = "\u2192 " if symbols else "> "
    for number, line in enumerate(_wrapped(check.finding.mend or "", room - len(arrow))):
        yield indent + (" " * len(arrow) if number else arrow) + line


def _wrapped(text: str, room: int) -> list[str]:
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def _summary(report: Report) -> str:
    counts = report.counts
    told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    return f"{_VERDICTS[report.status]}: {told}."
