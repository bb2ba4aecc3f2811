"""`ROOMTONE_LOG=debug`: the lines of the logger `roomtone` on standard error. Touches no other logger."""

from __future__ import annotations

import logging
import sys

from roomtone._core.naming import did_you_mean
from roomtone.errors import ConfigurationError

__all__ = ["set_up"]

_LOG = logging.getLogger("roomtone")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class _ToStderr(logging.Handler):
    """Writes to what is standard error at the time, unless the application writes all of its log there anyway."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if not _is_written_anyway(record):
                sys.stderr.write(f"{self.format(record)}\n")
        except Exception:
            self.handleError(record)


def _is_written_anyway(record: logging.LogRecord) -> bool:
    return _LOG.propagate and any(
        getattr(handler, "stream", None) is sys.stderr and handler.level <= record.levelno
        for handler in logging.getLogger().handlers
    )


def set_up(level: str) -> None:
    """Has the lines from a level on written. Doing it again changes the level alone.

    Raises:
        ConfigurationError: There is no such level.
    """
    name = level.strip().lower()
    number = _LEVELS.get(name)
    if number is None:
        raise ConfigurationError(f"ROOMTONE_LOG must be one of {', '.join(_LEVELS)}{did_you_mean(name, _LEVELS)}")
    handler = next((one for one in _LOG.handlers if isinstance(one, _ToStderr)), None)
    if handler is None:
        handler = _ToStderr()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        _LOG.addHandler(handler)
    handler.setLevel(number)
    if _LOG.level == logging.NOTSET or _LOG.level > number:
        _LOG.setLevel(number)
