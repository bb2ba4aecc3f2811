"""Meetings, their attendees, transcription and tags, of Amazon Chime SDK."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import define, evolve, field

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_meetings import errors, models, operations
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.state import Call, Shelf, Tokens, World, random_id, random_uuid

__all__ = ["MeetingCommands", "Meetings", "handles", "id_in"]

handles: Handlers = Handlers()

MAX_ATTENDEES = 250
RESERVED_PREFIX = "aws:"
MAX_TAGS = 50
PAGE = 100

_NAME = (2, 64)
_ARN = (1, 1011)
_TAG_LIMITS = {"tags": (0, MAX_TAGS), "tags[].key": (1, 128), "tags[].value": (0, 256)}
_MEETING_LIMITS = {
    "client_request_token": _NAME,
    "media_region": _NAME,
    "external_meeting_id": _NAME,
    "meeting_host_id": _NAME,
    "primary_meeting_id": _NAME,
    "meeting_features.attendee.max_count": (1, MAX_ATTENDEES),
    "notifications_configuration.lambda_function_arn": (1, 1024),
    "notifications_configuration.sns_topic_arn": (1, 1024),
    "notifications_configuration.sqs_queue_arn": (1, 1024),
    "tenant_ids": (1, 5),
    "tenant_ids[]": (2, 256),
    **_TAG_LIMITS,
}

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
        """Whether the meeting was made with video or with content; it is unless its most is None."""
        chosen = getattr(self.meeting.meeting_features, medium, None)
        return chosen is None or chosen.max_resolution != "None"

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
    tags = _tags(request.tags or ())
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

    return call.area(Meetings).tokens.once(
        request.client_request_token, request, make, conflict=_conflict, about=lambda made: made.meeting.meeting_id
    )


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


_TRANSCRIBE = "transcription_configuration.engine_transcribe_settings"


@handles(
    operations.START_MEETING_TRANSCRIPTION,
    status=200,
    limits={
        f"{_TRANSCRIBE}.pii_entity_types": (1, 300),
        f"{_TRANSCRIBE}.language_model_name": (1, 200),
        f"{_TRANSCRIBE}.language_options": (1, 200),
        f"{_TRANSCRIBE}.vocabulary_names": (1, 3000),
        f"{_TRANSCRIBE}.vocabulary_filter_names": (1, 3000),
    },
)
def start_meeting_transcription(call: Call, request: models.StartMeetingTranscriptionRequest) -> None:
    room = call.area(Meetings).room(request.meeting_id)
    configuration = request.transcription_configuration
    general, medical = configuration.engine_transcribe_settings, configuration.engine_transcribe_medical_settings
    if (general is None) == (medical is None):
        raise errors.BadRequestException("transcription_configuration: settings of exactly one engine are needed")
    # What the engine would make of them shows in the meeting, never in this answer.
    room.transcription = configuration


@handles(operations.STOP_MEETING_TRANSCRIPTION, status=200)
def stop_meeting_transcription(call: Call, request: models.StopMeetingTranscriptionRequest) -> None:
    call.area(Meetings).room(request.meeting_id).transcription = None


def _tags(tags: Iterable[models.Tag]) -> dict[str, str]:
    given = {tag.key: tag.value for tag in tags}
    if any(key.lower().startswith(RESERVED_PREFIX) for key in given):
        raise errors.BadRequestException(f"tags: a key must not begin with {RESERVED_PREFIX!r}")
    return given


def _tagged(call: Call, arn: str) -> Room:
    """The meeting of an ARN. Raises ForbiddenException for another account's, ResourceNotFoundException."""
    if arn.split(":")[4:5] != [call.world.account]:
        raise errors.ForbiddenException("resource_arn: this is no ARN of the account that calls")
    meetings = call.area(Meetings)
    if not meetings.knows(arn):
        raise errors.ResourceNotFoundException("there is no meeting with this ARN; it may have been deleted")
    return meetings.room(id_in(arn))


@handles(operations.TAG_RESOURCE, status=204, limits={"resource_arn": _ARN, **_TAG_LIMITS})
def tag_resource(call: Call, request: models.TagResourceRequest) -> models.TagResourceResponse:
    room = _tagged(call, request.resource_arn)
    tags = {**room.tags, **_tags(request.tags)}
    if len(tags) > MAX_TAGS:
        raise errors.TooManyTagsException(f"a meeting has at most {MAX_TAGS} tags", resource_name=request.resource_arn)
    room.tags = tags
    return models.TagResourceResponse()


@handles(operations.UNTAG_RESOURCE, limits={"resource_arn": _ARN, "tag_keys": (0, MAX_TAGS), "tag_keys[]": (1, 128)})
def untag_resource(call: Call, request: models.UntagResourceRequest) -> models.UntagResourceResponse:
    room = _tagged(call, request.resource_arn)
    for key in request.tag_keys:
        room.tags.pop(key, None)
    return models.UntagResourceResponse()


@handles(operations.LIST_TAGS_FOR_RESOURCE, limits={"resource_arn": _ARN})
def list_tags_for_resource(
    call: Call, request: models.ListTagsForResourceRequest
) -> models.ListTagsForResourceResponse:
    room = _tagged(call, request.resource_arn)
    return models.ListTagsForResourceResponse(
        tags=[models.Tag(key=key, value=value) for key, value in room.tags.items()]
    )
