"""Meetings begin, alone or with attendees, and are over."""

from __future__ import annotations

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_meetings import errors, models, operations
from roomtone.emulator.meetings.area import (
    MAX_ATTENDEES,
    NAME,
    TAG_LIMITS,
    TAG_PATTERN,
    Meetings,
    Room,
    as_tags,
    handles,
)
from roomtone.emulator.meetings.attendees import admit_all
from roomtone.emulator.state import Call, random_uuid

__all__: list[str] = []

_MEETING_LIMITS = {
    "client_request_token": NAME,
    "media_region": NAME,
    "external_meeting_id": NAME,
    "meeting_host_id": NAME,
    "primary_meeting_id": NAME,
    "meeting_features.attendee.max_count": (1, MAX_ATTENDEES),
    "notifications_configuration.lambda_function_arn": (1, 1024),
    "notifications_configuration.sns_topic_arn": (1, 1024),
    "notifications_configuration.sqs_queue_arn": (1, 1024),
    "tenant_ids": (1, 5),
    "tenant_ids[]": (2, 256),
    **TAG_LIMITS,
}


_MEETING_PATTERNS = {"client_request_token": r"[-_a-zA-Z0-9]*", "tenant_ids[]": r"[-_!@#$a-zA-Z0-9]*", **TAG_PATTERN}


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
    tags = as_tags(request.tags or ())
    meeting_id = random_uuid()
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
        ),
        tags,
    )
    call.area(Meetings).rooms[meeting_id] = room
    return room


@handles(operations.CREATE_MEETING, limits=_MEETING_LIMITS, patterns=_MEETING_PATTERNS)
def create_meeting(call: Call, request: models.CreateMeetingRequest) -> models.CreateMeetingResponse:
    def make() -> models.CreateMeetingResponse:
        return models.CreateMeetingResponse(meeting=_open(call, request).meeting)

    return call.area(Meetings).tokens.once(
        request.client_request_token, request, make, conflict=_conflict, about=lambda made: made.meeting.meeting_id
    )


@handles(
    operations.CREATE_MEETING_WITH_ATTENDEES,
    limits={**_MEETING_LIMITS, "attendees": (1, 20), "attendees[].external_user_id": NAME},
    patterns=_MEETING_PATTERNS,
)
def create_meeting_with_attendees(
    call: Call, request: models.CreateMeetingWithAttendeesRequest
) -> models.CreateMeetingWithAttendeesResponse:
    def make() -> models.CreateMeetingWithAttendeesResponse:
        room = _open(call, request)
        attendees, refused = admit_all(room, request.attendees)
        return models.CreateMeetingWithAttendeesResponse(meeting=room.meeting, attendees=attendees, errors=refused)

    return call.area(Meetings).tokens.once(
        request.client_request_token, request, make, conflict=_conflict, about=lambda made: made.meeting.meeting_id
    )


@handles(operations.GET_MEETING)
def get_meeting(call: Call, request: models.GetMeetingRequest) -> models.GetMeetingResponse:
    return models.GetMeetingResponse(meeting=call.area(Meetings).room(request.meeting_id).meeting)


@handles(operations.DELETE_MEETING)
def delete_meeting(call: Call, request: models.DeleteMeetingRequest) -> None:
    meetings = call.area(Meetings)
    meetings.end(meetings.room(request.meeting_id), call.now)
