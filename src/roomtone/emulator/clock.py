"""The emulator's time, which a test can move. Knows no service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

__all__ = ["Clock", "utc_now"]


def utc_now() -> datetime:
    """The time, to whole milliseconds as services answer it."""
    now = datetime.now(timezone.utc)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Clock:
    """A clock that runs like its source until a test moves it or stops it; calling it gives the time, aware.

    Moving it changes what the services answer and what is due. Signatures are not judged by it but by its source, for
    clients go on signing with the time they have.

    Args:
        source: Gives the time, aware.
    """

    def __init__(self, source: Callable[[], datetime] = utc_now) -> None:
        self.source: Callable[[], datetime] = source
        self._ahead = timedelta()
        self._stopped_at: datetime | None = None

    def __call__(self) -> datetime:
        """The time it shows."""
        return self._stopped_at or self.source() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Moves it on by a span of time; back, if the span is negative."""
        if self._stopped_at is None:
            self._ahead += by
        else:
            self._stopped_at += by

    def set(self, moment: datetime) -> None:
        """Puts it to a moment, from where it goes on, or stays if it is stopped. Raises ValueError for a naive one."""
        if moment.utcoffset() is None:
            raise ValueError("the moment needs a time zone, such as datetime(2026, 11, 21, tzinfo=timezone.utc)")
        self.advance(moment.astimezone(timezone.utc) - self())

    def stop(self) -> None:
        """Lets it stand still, until `resume`; `advance` and `set` still move it."""
        self._stopped_at = self()

    def resume(self) -> None:
        """Lets it go on from where it stands."""
        if self._stopped_at is not None:
            self._ahead = self._stopped_at - self.source()
            self._stopped_at = None
