"""How pipelines, pools and tasks come and go: a status, since when, and what it becomes by itself. Knows no shapes."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define

__all__ = ["Life"]

_BECOMES = {"Initializing": "InProgress", "Stopping": "Stopped", "CREATING": "ACTIVE", "UPDATING": "ACTIVE"}
_OVER = ("Stopped", "Failed", "FAILED")
_LEAVES = ("Stopping", "DELETING")


@define(eq=False)
class Life:
    """A status that passes by itself after a transition's time."""

    status: str
    since: datetime
    leaving: bool = False
    """Whether it is being deleted: it becomes nothing more, and is gone after a transition."""

    @property
    def over(self) -> bool:
        return self.status in _OVER

    @property
    def ending(self) -> bool:
        return self.over or self.status in _LEAVES

    def become(self, status: str, moment: datetime) -> None:
        self.status, self.since = status, max(moment, self.since)

    def leave(self, status: str, moment: datetime) -> None:
        """Begins to be deleted."""
        self.leaving = True
        if not self.ending:
            self.become(status, moment)

    def settle(self, now: datetime, transition: timedelta) -> None:
        """Passes on to what follows, if its time has come."""
        following = None if self.leaving else _BECOMES.get(self.status)
        if following is not None and now >= self.since + transition:
            self.become(following, self.since + transition)

    def gone(self, now: datetime, transition: timedelta) -> bool:
        return self.leaving and now >= self.since + transition
