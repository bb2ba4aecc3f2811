"""What is kept of meetings: those that are not over, who is in each, its transcription and its tags."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import define, evolve, field

from roomtone.chime_sdk_meetings import errors, models
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.state import Shelf, Tokens

__all__ = [
    "MAX_ATTENDEES",
    "MAX_TAGS",
    "NAME",
    "RESERVED_PREFIX",
    "TAG_LIMITS",
    "TAG_PATTERN",
    "Meetings",
    "Room",
    "as_tags",
    "handles",
    "id_in",
]

handles: Handlers = Handlers()

MAX_ATTENDEES = 250
MAX_TAGS = 50
RESERVED_PREFIX = "aws:"
NAME = (2, 64)
TAG_LIMITS = {"tags": (0, MAX_TAGS), "tags[].key": (1, 128), "tags[].value": (0, 256)}

TAG_PATTERN = {"tags[].key": r"[a-zA-Z+-=._:/]+", "tags[].value": r"[\s\w+-=.:/@]*"}

_RECEIVING = ("Receive", "SendReceive")
_CAPABILITIES = ("None", "Send", *_RECEIVING)


@define(eq=False)
class Room:
    """One meeting and who is in it."""

    meeting: models.Meeting
    tags: dict[str, str] = field(factory=dict)
    attendees: Shelf[models.Attendee] = field(factory=Shelf)
    by_user: dict[str, str] = field(factory=dict)
    """The attendee id of each external user id in lower case."""
    transcription: models.TranscriptionConfiguration | None = None

    @property
    def capacity(self) -> int:
        features = self.meeting.meeting_features
        limit = features.attendee.max_count if features and features.attendee else None
        return limit or MAX_ATTENDEES

    def has(self, medium: str) -> bool:
        """Whether the meeting was made with a medium: always with audio, with the others unless their most is None."""
        chosen = getattr(self.meeting.meeting_features, medium, None)
        return getattr(chosen, "max_resolution", "") != "None"

    @property
    def everything(self) -> models.AttendeeCapabilities:
        """What an attendee can do who was given no capabilities. Content needs video to be received."""
        video = "SendReceive" if self.has("video") else "Receive" if self.has("content") else "None"
        content = "SendReceive" if self.has("content") else "None"
        return models.AttendeeCapabilities(audio="SendReceive", video=video, content=content)

    def check(self, wanted: models.AttendeeCapabilities) -> None:
        """Refuses capabilities that the meeting cannot give. Raises BadRequestException."""
        for medium in ("audio", "video", "content"):
            capability = getattr(wanted, medium)
            if capability not in _CAPABILITIES:
                raise errors.BadRequestException(f"capabilities: {medium} must be one of {', '.join(_CAPABILITIES)}")
            if capability != "None" and not self.has(medium):
                raise errors.BadRequestException(f"capabilities: the meeting was made without {medium}")
        if wanted.content in _RECEIVING and wanted.video not in _RECEIVING:
            raise errors.BadRequestException("capabilities: content is received only where video is received")

    def change(self, attendee: models.Attendee, capabilities: models.AttendeeCapabilities) -> models.Attendee:
        changed = evolve(attendee, capabilities=capabilities)
        self.attendees.put(changed.attendee_id, changed)
        return changed


@define(eq=False)
class Meetings:
    """All meetings that are not over."""

    rooms: dict[str, Room] = field(factory=dict)
    ended: dict[str, datetime] = field(factory=dict)
    """When the others ended, by meeting id."""
    tokens: Tokens = field(factory=Tokens)

    def room(self, meeting_id: str) -> Room:
        """The room of a meeting. Raises NotFoundException."""
        room = self.rooms.get(meeting_id.lower())
        if room is None:
            raise errors.NotFoundException("there is no such meeting; it may have been deleted")
        return room

    def knows(self, arn: str) -> bool:
        """Whether an ARN is that of a meeting here that is not over; its older form without a region counts too."""
        return id_in(arn) in self.rooms

    def ended_at(self, arn: str) -> datetime | None:
        """When a meeting ended; None while it goes on."""
        return self.ended.get(id_in(arn))

    def end(self, room: Room, now: datetime) -> None:
        meeting_id = room.meeting.meeting_id
        del self.rooms[meeting_id]
        self.ended[meeting_id] = now
        self.tokens.forget_thing(meeting_id)


def id_in(arn: str) -> str:
    """The id in `arn:aws:chime:eu-central-1:1234:meeting/ID`, or in the older `arn:aws:chime::1234:meeting:ID`."""
    before, separator, meeting_id = arn.replace(":meeting:", ":meeting/").rpartition(":meeting/")
    return meeting_id.lower() if separator and before.startswith("arn:aws:chime:") else ""


def as_tags(tags: Iterable[models.Tag]) -> dict[str, str]:
    given = {tag.key: tag.value for tag in tags}
    if any(key.lower().startswith(RESERVED_PREFIX) for key in given):
        raise errors.BadRequestException(f"tags: a key must not begin with {RESERVED_PREFIX!r}")
    return given
