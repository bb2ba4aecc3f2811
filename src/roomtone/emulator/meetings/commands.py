"""What happens in meetings without any call, and what no call tells."""

from __future__ import annotations

from attrs import define

from roomtone.chime_sdk_meetings import models
from roomtone.emulator.meetings.area import Meetings
from roomtone.emulator.state import World

__all__ = ["MeetingCommands"]


@define(eq=False)
class MeetingCommands:
    """What happens in meetings without any call, and what no call tells."""

    _world: World

    def end(self, meeting_id: str) -> None:
        """Ends a meeting, as it ends by itself when everybody has left; the API then knows it no more.

        Raises:
            NotFoundException: There is no such meeting.
        """
        with self._world.lock:
            meetings = self._world.area(Meetings)
            meetings.end(meetings.room(meeting_id), self._world.clock())

    def transcription(self, meeting_id: str) -> models.TranscriptionConfiguration | None:
        """How a meeting is being transcribed; None when it is not.

        Raises:
            NotFoundException: There is no such meeting.
        """
        with self._world.lock:
            return self._world.area(Meetings).room(meeting_id).transcription
