"""What a browser or an app needs to join a meeting. Knows the shapes of Chime SDK meetings and their wire form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, overload

from roomtone.errors import RequestError
from roomtone.wire import to_wire

if TYPE_CHECKING:
    from roomtone.chime_sdk_meetings import (
        Attendee,
        BatchCreateAttendeeResponse,
        CreateAttendeeResponse,
        CreateMeetingResponse,
        CreateMeetingWithAttendeesResponse,
        GetAttendeeResponse,
        GetMeetingResponse,
        ListAttendeesResponse,
        Meeting,
        UpdateAttendeeCapabilitiesResponse,
    )

    AnyMeeting: TypeAlias = Meeting | CreateMeetingResponse | GetMeetingResponse | CreateMeetingWithAttendeesResponse
    OneAttendee: TypeAlias = (
        Attendee | CreateAttendeeResponse | GetAttendeeResponse | UpdateAttendeeCapabilitiesResponse
    )
    SeveralAttendees: TypeAlias = (
        BatchCreateAttendeeResponse | ListAttendeesResponse | CreateMeetingWithAttendeesResponse
    )

__all__ = ["JoinInfo", "join_info"]


class JoinInfo(TypedDict):
    """What the Amazon Chime SDK's client libraries take to join a meeting; holds a join token, which is a secret.

    Attributes:
        Meeting: The meeting as CreateMeeting answers it: `MeetingId`, `MediaPlacement` with its URLs, and so on.
        Attendee: The attendee as CreateAttendee answers it: `AttendeeId`, `ExternalUserId`, `JoinToken`.
    """

    Meeting: dict[str, Any]
    Attendee: dict[str, Any]


@overload
def join_info(meeting: AnyMeeting, attendee: OneAttendee) -> JoinInfo: ...
@overload
def join_info(meeting: AnyMeeting, attendee: SeveralAttendees, *, external_user_id: str) -> JoinInfo: ...
@overload
def join_info(meeting: CreateMeetingWithAttendeesResponse, *, external_user_id: str) -> JoinInfo: ...
def join_info(meeting: Any, attendee: Any = None, *, external_user_id: str | None = None) -> JoinInfo:
    """The JSON with which one attendee joins a meeting.

    In a browser: `new MeetingSessionConfiguration(info.Meeting, info.Attendee)` of amazon-chime-sdk-js.

    It holds the attendee's join token: whoever has it is that attendee. Send it to that user alone, over https, after
    you have made sure who is asking, and keep it out of logs, URLs and caches.

    Args:
        meeting: A `Meeting`, or the response of `create_meeting`, `create_meeting_with_attendees` or `get_meeting`.
        attendee: An `Attendee`, or the response of `create_attendee`, `get_attendee` or
            `update_attendee_capabilities`; with `external_user_id` also that of `batch_create_attendee` or
            `list_attendees`. May be left out when `meeting` is the response of `create_meeting_with_attendees`.
        external_user_id: Which of several attendees it is for.

    Raises:
        RequestError: Something else is given; the attendee is not among those of the response, or was not created; a
            media placement or a join token is missing, without which nobody can join.
    """
    return {"Meeting": _meeting(meeting), "Attendee": _attendee(meeting, attendee, external_user_id)}


def _meeting(given: Any) -> dict[str, Any]:
    from roomtone.chime_sdk_meetings import models

    if isinstance(
        given, (models.CreateMeetingResponse, models.GetMeetingResponse, models.CreateMeetingWithAttendeesResponse)
    ):
        given = given.meeting
    if not isinstance(given, models.Meeting):
        raise RequestError(
            "meeting must be a Meeting of roomtone.chime_sdk_meetings, or a response with one, such as that of"
            f" create_meeting, not {type(given).__name__}",
            member="meeting",
        )
    if given.media_placement is None:
        raise RequestError(
            "meeting has no media placement, so nobody can join by it; get_meeting answers a whole one",
            member="meeting.media_placement",
        )
    return to_wire(given)


def _attendee(meeting: Any, attendee: Any, external_user_id: str | None) -> dict[str, Any]:
    from roomtone.chime_sdk_meetings import models

    if attendee is None and isinstance(meeting, models.CreateMeetingWithAttendeesResponse):
        attendee = meeting
    if isinstance(
        attendee,
        (models.BatchCreateAttendeeResponse, models.ListAttendeesResponse, models.CreateMeetingWithAttendeesResponse),
    ):
        attendee = _chosen(attendee, external_user_id)
    elif isinstance(
        attendee, (models.CreateAttendeeResponse, models.GetAttendeeResponse, models.UpdateAttendeeCapabilitiesResponse)
    ):
        attendee = attendee.attendee
    if not isinstance(attendee, models.Attendee):
        raise RequestError(
            "attendee must be an Attendee of roomtone.chime_sdk_meetings, or a response with one, such as that of"
            f" create_attendee, not {type(attendee).__name__}",
            member="attendee",
        )
    if external_user_id is not None and attendee.external_user_id != external_user_id:
        raise RequestError("external_user_id is not that of the attendee", member="external_user_id")
    if not attendee.join_token:
        raise RequestError(
            "attendee has no join token, so nobody can join by it; create_attendee answers one",
            member="attendee.join_token",
        )
    return to_wire(attendee)


def _chosen(response: SeveralAttendees, external_user_id: str | None) -> Attendee:
    """One of the attendees of a response. Their external user ids are kept out of messages."""
    name = type(response).__name__
    if external_user_id is None:
        raise RequestError(f"{name} can hold several attendees: say which, by external_user_id", member="attendee")
    for attendee in response.attendees or ():
        if attendee.external_user_id == external_user_id:
            return attendee
    for failure in getattr(response, "errors", None) or ():
        if failure.external_user_id == external_user_id:
            raise RequestError(
                f"external_user_id: the attendee was not created: {failure.error_code}", member="external_user_id"
            )
    raise RequestError(f"external_user_id is that of no attendee of the {name}", member="external_user_id")
