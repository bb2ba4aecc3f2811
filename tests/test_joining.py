"""join_info: the JSON that a browser joins a meeting with."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator
from typing import Any

import attrs
import httpx
import pytest

import roomtone
from roomtone import errors, join_info, to_wire
from roomtone.chime_sdk_meetings import (
    Attendee,
    AttendeeCapabilities,
    BatchCreateAttendeeResponse,
    CreateAttendeeError,
    CreateAttendeeRequestItem,
    CreateAttendeeResponse,
    CreateMeetingResponse,
    CreateMeetingWithAttendeesResponse,
    GetAttendeeResponse,
    GetMeetingResponse,
    ListAttendeesResponse,
    MediaPlacement,
    Meeting,
    UpdateAttendeeCapabilitiesResponse,
)
from roomtone.emulator import Emulator

PLACEMENT = MediaPlacement(
    audio_host_url="a.k.m1.ec1.invalid:3478",
    signaling_url="wss://signal.invalid/control/m-1",
    turn_control_url="https://turn.invalid/v2/turn_sessions",
    event_ingestion_url="https://events.invalid/v1",
)
MEETING = Meeting(
    meeting_id="m-1",
    meeting_arn="arn",
    external_meeting_id="standup-42",
    media_region="eu-central-1",
    media_placement=PLACEMENT,
)
ANA = Attendee(external_user_id="ana", attendee_id="a-1", join_token="s3cr3t-ana")
BO = Attendee(external_user_id="bo", attendee_id="b-1", join_token="s3cr3t-bo")
MADE = CreateMeetingWithAttendeesResponse(
    meeting=MEETING,
    attendees=[ANA, BO],
    errors=[CreateAttendeeError(external_user_id="kim", error_code="Throttled", error_message="slower")],
)

AS_JSON = {
    "Meeting": {
        "MeetingId": "m-1",
        "ExternalMeetingId": "standup-42",
        "MediaRegion": "eu-central-1",
        "MediaPlacement": {
            "AudioHostUrl": "a.k.m1.ec1.invalid:3478",
            "SignalingUrl": "wss://signal.invalid/control/m-1",
            "TurnControlUrl": "https://turn.invalid/v2/turn_sessions",
            "EventIngestionUrl": "https://events.invalid/v1",
        },
        "MeetingArn": "arn",
    },
    "Attendee": {"ExternalUserId": "ana", "AttendeeId": "a-1", "JoinToken": "s3cr3t-ana"},
}


@pytest.mark.parametrize(
    "meeting", [MEETING, CreateMeetingResponse(meeting=MEETING), GetMeetingResponse(meeting=MEETING), MADE]
)
@pytest.mark.parametrize(
    "attendee",
    [
        ANA,
        CreateAttendeeResponse(attendee=ANA),
        GetAttendeeResponse(attendee=ANA),
        UpdateAttendeeCapabilitiesResponse(attendee=ANA),
    ],
)
def test_shapes_and_their_responses_give_the_json(meeting: Any, attendee: Any) -> None:
    """Whatever holds the meeting and the attendee, the outcome is the same, and plain JSON."""
    info = join_info(meeting, attendee)
    assert info == AS_JSON
    assert json.loads(json.dumps(info)) == AS_JSON


def test_one_of_several_is_chosen_by_its_user() -> None:
    assert join_info(MADE, external_user_id="ana") == AS_JSON
    assert join_info(MADE, external_user_id="bo")["Attendee"]["JoinToken"] == "s3cr3t-bo"
    for several in (MADE, BatchCreateAttendeeResponse(attendees=[BO, ANA]), ListAttendeesResponse(attendees=[BO, ANA])):
        assert join_info(MEETING, several, external_user_id="ana") == AS_JSON
    assert join_info(MEETING, ANA, external_user_id="ana") == AS_JSON  # type: ignore[call-overload]


REFUSED: list[tuple[tuple[Any, ...], dict[str, Any], str, str]] = [
    ((None, ANA), {}, "meeting", "meeting must be a Meeting .*, not NoneType"),
    ((ANA, ANA), {}, "meeting", "meeting must be a Meeting .* such as that of create_meeting, not Attendee"),
    ((AS_JSON["Meeting"], ANA), {}, "meeting", "not dict"),
    ((MEETING, MEETING), {}, "attendee", "attendee must be an Attendee .* create_attendee, not Meeting"),
    ((MEETING,), {}, "attendee", "not NoneType"),
    ((MEETING,), {"external_user_id": "ana"}, "attendee", "not NoneType"),
    ((MADE,), {}, "attendee", "CreateMeetingWithAttendeesResponse can hold several .* say which, by external_user_id"),
    ((MEETING, BatchCreateAttendeeResponse(attendees=[ANA])), {}, "attendee", "say which, by external_user_id"),
    ((MADE,), {"external_user_id": "zoe"}, "external_user_id", "no attendee of the CreateMeetingWithAttendeesResponse"),
    ((MADE,), {"external_user_id": "kim"}, "external_user_id", "the attendee was not created: Throttled"),
    ((MEETING, BatchCreateAttendeeResponse()), {"external_user_id": "ana"}, "external_user_id", "no attendee of the"),
    ((MEETING, ANA), {"external_user_id": "bo"}, "external_user_id", "is not that of the attendee"),
    ((attrs.evolve(MEETING, media_placement=None), ANA), {}, "meeting.media_placement", "get_meeting answers a whole"),
    ((MEETING, attrs.evolve(ANA, join_token=None)), {}, "attendee.join_token", "create_attendee answers one"),
    ((MEETING, attrs.evolve(ANA, join_token="")), {}, "attendee.join_token", "create_attendee answers one"),
]


@pytest.mark.parametrize(("given", "named", "member", "reason"), REFUSED)
def test_what_nobody_can_join_with_is_refused(
    given: tuple[Any, ...], named: dict[str, Any], member: str, reason: str
) -> None:
    """A RequestError names what is wrong, and tells no token and no user."""
    call: Any = join_info
    with pytest.raises(errors.RequestError, match=reason) as caught:
        call(*given, **named)
    assert caught.value.member == member
    told = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in ("s3cr3t", "ana'", "zoe", "kim") if secret in told]


@pytest.fixture
async def live(anyio_backend: str) -> AsyncIterator[roomtone.Client]:
    """A client of an emulator in process."""
    emulator = Emulator()
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(emulator)) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client) as client,
    ):
        yield client


def lower_case(value: Any) -> Any:
    """Member names in lower case, at every depth: what amazon-chime-sdk-js does with what it is given."""
    if isinstance(value, dict):
        return {name.lower(): lower_case(member) for name, member in value.items()}
    return [lower_case(item) for item in value] if isinstance(value, list) else value


@pytest.mark.anyio
async def test_the_browser_finds_what_it_reads(live: roomtone.Client) -> None:
    """MeetingSessionConfiguration reads these members, ignoring the case of their names; both its ways lead to them."""
    made = await live.chime_sdk_meetings.create_meeting_with_attendees(
        media_region="eu-central-1",
        external_meeting_id="standup-42",
        attendees=[CreateAttendeeRequestItem(external_user_id=user) for user in ("ana", "bo")],
    )
    info = join_info(made, external_user_id="bo")
    text = json.loads(json.dumps(info))
    # The constructor takes each of its two arguments with the outermost name around it, or without.
    whole, bare = lower_case(text), lower_case(text["Meeting"])
    assert whole["meeting"] == bare
    assert bare["meetingid"] == made.meeting.meeting_id
    assert bare["externalmeetingid"] == "standup-42"
    placement = made.meeting.media_placement
    assert placement is not None
    read = {name: bare["mediaplacement"][name] for name in ("audiohosturl", "signalingurl", "turncontrolurl")}
    assert list(read.values()) == [placement.audio_host_url, placement.signaling_url, placement.turn_control_url]
    assert made.attendees is not None
    bo = made.attendees[1]
    assert whole["attendee"] == {
        "attendeeid": bo.attendee_id,
        "externaluserid": "bo",
        "jointoken": bo.join_token,
        **({"capabilities": lower_case(to_wire(bo.capabilities))} if bo.capabilities else {}),
    }


@pytest.mark.anyio
async def test_attendees_of_later_calls_join_too(live: roomtone.Client) -> None:
    """Every response of the service that holds an attendee serves."""
    meetings = live.chime_sdk_meetings
    meeting = await meetings.create_meeting(media_region="eu-central-1", external_meeting_id="standup-42")
    meeting_id = meeting.meeting.meeting_id
    made = await meetings.create_attendee(meeting_id=meeting_id, external_user_id="ana")
    attendee_id = made.attendee.attendee_id
    silent = AttendeeCapabilities(audio="Receive", video="Receive", content="Receive")
    await meetings.update_attendee_capabilities(meeting_id=meeting_id, attendee_id=attendee_id, capabilities=silent)
    again = await meetings.get_attendee(meeting_id=meeting_id, attendee_id=attendee_id)
    info = join_info(await meetings.get_meeting(meeting_id=meeting_id), again)
    assert info["Attendee"]["JoinToken"] == made.attendee.join_token
    assert info["Attendee"]["Capabilities"] == {"Audio": "Receive", "Video": "Receive", "Content": "Receive"}
    batch = await meetings.batch_create_attendee(
        meeting_id=meeting_id, attendees=[CreateAttendeeRequestItem(external_user_id="kim")]
    )
    assert join_info(meeting, batch, external_user_id="kim")["Attendee"]["ExternalUserId"] == "kim"
