"""Meetings and attendees of Amazon Chime SDK."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from attrs import define, evolve, field

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_meetings import errors, models, operations
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.state import Call, Shelf, Tokens, random_id

__all__ = ["Meetings", "handles"]

handles: Handlers = Handlers()

MAX_ATTENDEES = 250
RESERVED_PREFIX = "aws:"
PAGE = 100

_NAME = (2, 64)
_MEETING_LIMITS = {
    "client_request_token": _NAME,
    "media_region": _NAME,
    "external_meeting_id": _NAME,
    "meeting_host_id": _NAME,
    "primary_meeting_id": _NAME,
    "meeting_features.attendee.max_count": (1, MAX_ATTENDEES),
    "tenant_ids": (1, 5),
    "tags": (0, 50),
}
_EVERYTHING = models.AttendeeCapabilities(audio="SendReceive", video="SendReceive", content="SendReceive")


@define(eq=False)
class Room:
    """One meeting and who is in it."""

    meeting: models.Meeting
    attendees: Shelf[models.Attendee] = field(factory=Shelf)

    @property
    def capacity(self) -> int:
        features = self.meeting.meeting_features
        limit = features.attendee.max_count if features and features.attendee else None
        return limit or MAX_ATTENDEES


@define(eq=False)
class Meetings:
    """All meetings that are not deleted."""

    rooms: dict[str, Room] = field(factory=dict)
    tokens: Tokens = field(factory=Tokens)

    def room(self, meeting_id: str) -> Room:
        """The room of a meeting. Raises NotFoundException."""
        room = self.rooms.get(meeting_id.lower())
        if room is None:
            raise errors.NotFoundException("there is no such meeting; it may have been deleted")
        return room

    def knows(self, arn: str) -> bool:
        """Whether an ARN is that of a meeting here."""
        return any(room.meeting.meeting_arn == arn for room in self.rooms.values())


def _conflict() -> errors.ConflictException:
    return errors.ConflictException("the client request token was used with other parameters")


def _placement(call: Call, meeting_id: str, media_region: str) -> models.MediaPlacement:
    # `.invalid` is reserved: no media client ever reaches anybody by these.
    host = f"{media_region}.chime.invalid"
    return models.MediaPlacement(
        audio_host_url=f"{meeting_id[:8]}.k.m1.{host}:3478",
        audio_fallback_url=f"wss://haxrp.m1.{host}:443/calls/{meeting_id}",
        signaling_url=f"wss://signal.m1.{host}/control/{meeting_id}",
        turn_control_url=f"https://turn.m1.{host}/v2/turn_sessions",
        screen_data_url=f"wss://bitpw.m1.{host}:443/v2/screen/{meeting_id}",
        screen_viewing_url=f"wss://bitpw.m1.{host}:443/ws/connect?passcode=null&viewer_uuid=null&X-BitHub-Call-Id={meeting_id}",
        screen_sharing_url=f"wss://bitpw.m1.{host}:443/v2/screen/{meeting_id}",
        event_ingestion_url=f"https://data.ingest.{host}/v1/client-events",
    )


def _open(call: Call, request: models.CreateMeetingRequest | models.CreateMeetingWithAttendeesRequest) -> Room:
    if request.client_request_token is None:
        raise Misfit("is required", "client_request_token")
    if request.primary_meeting_id is not None and request.primary_meeting_id not in call.area(Meetings).rooms:
        raise errors.BadRequestException("there is no such primary meeting")
    meeting_id = str(uuid.uuid4())
    room = Room(
        models.Meeting(
            meeting_id=meeting_id,
            meeting_host_id=request.meeting_host_id,
            external_meeting_id=request.external_meeting_id,
            media_region=request.media_region,
            media_placement=_placement(call, meeting_id, request.media_region),
            meeting_features=request.meeting_features,
            primary_meeting_id=request.primary_meeting_id,
            tenant_ids=list(request.tenant_ids or ()),
            meeting_arn=call.arn("chime", f"meeting/{meeting_id}"),
        )
    )
    call.area(Meetings).rooms[meeting_id] = room
    return room


def _admit(room: Room, external_user_id: str, capabilities: models.AttendeeCapabilities | None) -> models.Attendee:
    """A new attendee. The external user id is an idempotency token: who is there already is answered as before."""
    if external_user_id.lower().startswith(RESERVED_PREFIX):
        raise errors.BadRequestException(f"an external user id must not begin with {RESERVED_PREFIX!r}")
    for attendee in room.attendees:
        if (attendee.external_user_id or "").lower() == external_user_id.lower():
            return attendee
    if len(room.attendees) >= room.capacity:
        raise errors.LimitExceededException(f"the meeting has its {room.capacity} attendees")
    attendee = models.Attendee(
        external_user_id=external_user_id,
        attendee_id=str(uuid.uuid4()),
        join_token=random_id(96),
        capabilities=capabilities or _EVERYTHING,
    )
    room.attendees.put(attendee.attendee_id, attendee)
    return attendee


def _admit_all(
    room: Room, items: Iterable[models.CreateAttendeeRequestItem]
) -> tuple[list[models.Attendee], list[models.CreateAttendeeError]]:
    """Those who came in, and an error for each who did not."""
    attendees: list[models.Attendee] = []
    refused: list[models.CreateAttendeeError] = []
    for item in items:
        try:
            attendees.append(_admit(room, item.external_user_id, item.capabilities))
        except errors.ChimeSDKMeetingsError as error:
            refused.append(
                models.CreateAttendeeError(
                    external_user_id=item.external_user_id, error_code=error.code, error_message=error.message
                )
            )
    return attendees, refused


@handles(operations.CREATE_MEETING, limits=_MEETING_LIMITS)
def create_meeting(call: Call, request: models.CreateMeetingRequest) -> models.CreateMeetingResponse:
    def make() -> models.CreateMeetingResponse:
        return models.CreateMeetingResponse(meeting=_open(call, request).meeting)

    return call.area(Meetings).tokens.once(request.client_request_token, request, make, conflict=_conflict)


@handles(
    operations.CREATE_MEETING_WITH_ATTENDEES,
    limits={**_MEETING_LIMITS, "attendees": (1, 20), "attendees[].external_user_id": _NAME},
)
def create_meeting_with_attendees(
    call: Call, request: models.CreateMeetingWithAttendeesRequest
) -> models.CreateMeetingWithAttendeesResponse:
    def make() -> models.CreateMeetingWithAttendeesResponse:
        room = _open(call, request)
        attendees, refused = _admit_all(room, request.attendees)
        return models.CreateMeetingWithAttendeesResponse(meeting=room.meeting, attendees=attendees, errors=refused)

    return call.area(Meetings).tokens.once(request.client_request_token, request, make, conflict=_conflict)


@handles(operations.GET_MEETING)
def get_meeting(call: Call, request: models.GetMeetingRequest) -> models.GetMeetingResponse:
    return models.GetMeetingResponse(meeting=call.area(Meetings).room(request.meeting_id).meeting)


@handles(operations.DELETE_MEETING)
def delete_meeting(call: Call, request: models.DeleteMeetingRequest) -> None:
    meetings = call.area(Meetings)
    meeting = meetings.room(request.meeting_id).meeting
    del meetings.rooms[meeting.meeting_id]
    meetings.tokens.forget(lambda answer: answer.meeting is meeting)


@handles(operations.CREATE_ATTENDEE, limits={"external_user_id": _NAME})
def create_attendee(call: Call, request: models.CreateAttendeeRequest) -> models.CreateAttendeeResponse:
    room = call.area(Meetings).room(request.meeting_id)
    return models.CreateAttendeeResponse(attendee=_admit(room, request.external_user_id, request.capabilities))


@handles(operations.BATCH_CREATE_ATTENDEE, limits={"attendees": (1, 100), "attendees[].external_user_id": _NAME})
def batch_create_attendee(call: Call, request: models.BatchCreateAttendeeRequest) -> models.BatchCreateAttendeeResponse:
    attendees, refused = _admit_all(call.area(Meetings).room(request.meeting_id), request.attendees)
    return models.BatchCreateAttendeeResponse(attendees=attendees, errors=refused)


def _attendee(call: Call, meeting_id: str, attendee_id: str) -> tuple[Room, models.Attendee]:
    room = call.area(Meetings).room(meeting_id)
    attendee = room.attendees.get(attendee_id.lower())
    if attendee is None:
        raise errors.NotFoundException("there is no such attendee in the meeting")
    return room, attendee


@handles(operations.GET_ATTENDEE)
def get_attendee(call: Call, request: models.GetAttendeeRequest) -> models.GetAttendeeResponse:
    _, attendee = _attendee(call, request.meeting_id, request.attendee_id)
    return models.GetAttendeeResponse(attendee=attendee)


@handles(operations.LIST_ATTENDEES, limits={"max_results": (1, PAGE)})
def list_attendees(call: Call, request: models.ListAttendeesRequest) -> models.ListAttendeesResponse:
    room = call.area(Meetings).room(request.meeting_id)
    attendees, token = room.attendees.page(request.next_token, request.max_results or PAGE)
    return models.ListAttendeesResponse(attendees=attendees, next_token=token)


@handles(operations.UPDATE_ATTENDEE_CAPABILITIES)
def update_attendee_capabilities(
    call: Call, request: models.UpdateAttendeeCapabilitiesRequest
) -> models.UpdateAttendeeCapabilitiesResponse:
    room, attendee = _attendee(call, request.meeting_id, request.attendee_id)
    updated = evolve(attendee, capabilities=request.capabilities)
    room.attendees.put(updated.attendee_id, updated)
    return models.UpdateAttendeeCapabilitiesResponse(attendee=updated)


@handles(operations.DELETE_ATTENDEE)
def delete_attendee(call: Call, request: models.DeleteAttendeeRequest) -> None:
    room, attendee = _attendee(call, request.meeting_id, request.attendee_id)
    room.attendees.take(attendee.attendee_id)
