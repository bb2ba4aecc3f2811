"""The command: runs the doctor and prints what it found. Knows the terminal."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TextIO

from roomtone._doctor import examine
from roomtone._doctor.show import MARKS, render

__all__ = ["run"]

_WIDEST = 100


def run(services: Sequence[str], *, offline: bool, limit: float, as_json: bool) -> int:
    """Prints a report; returns 1 when a check failed, else 0."""
    report = examine(services, offline=offline, limit=limit)
    out = sys.stdout
    if as_json:
        text = json.dumps(report.as_json(), indent=2)
    else:
        width = min(_WIDEST, shutil.get_terminal_size().columns)
        text = render(report, width=width, symbols=_shows_symbols(out), colours=_shows_colours(out))
    encoding = out.encoding or "ascii"
    out.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    out.flush()
    return 1 if report.status == "failed" else 0


def _shows_symbols(out: TextIO) -> bool:
    try:
        "".join(MARKS.values()).encode(out.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return os.environ.get("TERM") != "dumb"


def _shows_colours(out: TextIO) -> bool:
    dumb = os.environ.get("TERM") == "dumb" or (os.name == "nt" and not os.environ.get("WT_SESSION"))
    return out.isatty() and not os.environ.get("NO_COLOR") and not dumb
