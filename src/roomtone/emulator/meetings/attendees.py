"""Attendees come in, one by one or many at once, are told what they can do, and leave."""

from __future__ import annotations

from collections.abc import Iterable

from roomtone.chime_sdk_meetings import errors, models, operations
from roomtone.emulator.meetings.area import MAX_ATTENDEES, NAME, RESERVED_PREFIX, Meetings, Room, handles
from roomtone.emulator.state import Call, random_id, random_uuid

__all__ = ["admit_all"]

PAGE = 100


def _admit(room: Room, external_user_id: str, capabilities: models.AttendeeCapabilities | None) -> models.Attendee:
    """A new attendee. The external user id is an idempotency token: who is there already is answered as before."""
    if external_user_id.lower().startswith(RESERVED_PREFIX):
        raise errors.BadRequestException(f"an external user id must not begin with {RESERVED_PREFIX!r}")
    known = room.attendees.get(room.by_user.get(external_user_id.lower(), ""))
    if known is not None:
        return known
    if capabilities is not None:
        room.check(capabilities)
    if len(room.attendees) >= room.capacity:
        raise errors.LimitExceededException(f"the meeting has its {room.capacity} attendees")
    attendee = models.Attendee(
        external_user_id=external_user_id,
        attendee_id=random_uuid(),
        join_token=random_id(96),
        capabilities=capabilities or room.everything,
    )
    room.attendees.put(attendee.attendee_id, attendee)
    room.by_user[external_user_id.lower()] = attendee.attendee_id
    return attendee


def admit_all(
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


@handles(operations.CREATE_ATTENDEE, limits={"external_user_id": NAME})
def create_attendee(call: Call, request: models.CreateAttendeeRequest) -> models.CreateAttendeeResponse:
    room = call.area(Meetings).room(request.meeting_id)
    return models.CreateAttendeeResponse(attendee=_admit(room, request.external_user_id, request.capabilities))


@handles(operations.BATCH_CREATE_ATTENDEE, limits={"attendees": (1, 100), "attendees[].external_user_id": NAME})
def batch_create_attendee(call: Call, request: models.BatchCreateAttendeeRequest) -> models.BatchCreateAttendeeResponse:
    attendees, refused = admit_all(call.area(Meetings).room(request.meeting_id), request.attendees)
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
    room.check(request.capabilities)
    return models.UpdateAttendeeCapabilitiesResponse(attendee=room.change(attendee, request.capabilities))


@handles(
    operations.BATCH_UPDATE_ATTENDEE_CAPABILITIES_EXCEPT,
    status=200,
    limits={"excluded_attendee_ids": (1, MAX_ATTENDEES)},
)
def batch_update_attendee_capabilities_except(
    call: Call, request: models.BatchUpdateAttendeeCapabilitiesExceptRequest
) -> None:
    room = call.area(Meetings).room(request.meeting_id)
    room.check(request.capabilities)
    excluded = {item.attendee_id.lower() for item in request.excluded_attendee_ids}
    for attendee in list(room.attendees):
        if attendee.attendee_id not in excluded:
            room.change(attendee, request.capabilities)


@handles(operations.DELETE_ATTENDEE)
def delete_attendee(call: Call, request: models.DeleteAttendeeRequest) -> None:
    room, attendee = _attendee(call, request.meeting_id, request.attendee_id)
    room.attendees.take(attendee.attendee_id)
    room.by_user.pop((attendee.external_user_id or "").lower(), None)
