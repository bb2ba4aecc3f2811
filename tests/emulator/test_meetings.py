"""Meetings and attendees, through the public client."""

from __future__ import annotations

import pytest

import roomtone
from roomtone import errors
from roomtone.chime_sdk_meetings import (
    AttendeeCapabilities,
    AttendeeFeatures,
    BadRequestException,
    ConflictException,
    CreateAttendeeRequestItem,
    CreateMeetingResponse,
    LimitExceededException,
    MeetingFeaturesConfiguration,
    NotFoundException,
)

pytestmark = pytest.mark.anyio


def people(*names: str) -> list[CreateAttendeeRequestItem]:
    return [CreateAttendeeRequestItem(external_user_id=name) for name in names]


async def new_meeting(live: roomtone.Client, *, seats: int | None = None, **more: str) -> CreateMeetingResponse:
    features = None if seats is None else MeetingFeaturesConfiguration(attendee=AttendeeFeatures(max_count=seats))
    return await live.chime_sdk_meetings.create_meeting(
        media_region="eu-west-1", external_meeting_id="standup", meeting_features=features, **more
    )


async def test_a_meeting_is_made_found_and_gone(live: roomtone.Client) -> None:
    """A meeting is there from its creation to its deletion, and 404 afterwards."""
    meetings = live.chime_sdk_meetings
    made = (await new_meeting(live, meeting_host_id="host-1")).meeting
    assert made.media_region == "eu-west-1"
    assert made.meeting_host_id == "host-1"
    assert made.meeting_arn == f"arn:aws:chime:eu-central-1:123456789012:meeting/{made.meeting_id}"
    assert made.media_placement is not None
    assert made.media_placement.signaling_url is not None
    assert made.media_placement.signaling_url.startswith("wss://")

    assert (await meetings.get_meeting(meeting_id=made.meeting_id)).meeting == made
    await meetings.delete_meeting(meeting_id=made.meeting_id)
    for gone in (meetings.get_meeting, meetings.delete_meeting, meetings.list_attendees):
        with pytest.raises(NotFoundException) as caught:
            await gone(meeting_id=made.meeting_id)
        assert isinstance(caught.value, errors.NotFoundError)
        assert caught.value.status == 404
        assert caught.value.request_id


async def test_a_token_makes_one_meeting(live: roomtone.Client) -> None:
    """The same token gives the same meeting, other parameters with it a conflict, and a deleted meeting frees it."""
    first = await new_meeting(live, client_request_token="token-1")
    assert await new_meeting(live, client_request_token="token-1") == first
    assert await new_meeting(live, client_request_token="token-2") != first
    with pytest.raises(ConflictException):
        await new_meeting(live, client_request_token="token-1", meeting_host_id="somebody-else")
    await live.chime_sdk_meetings.delete_meeting(meeting_id=first.meeting.meeting_id)
    assert await new_meeting(live, client_request_token="token-1") != first


async def test_meeting_and_attendees_in_one_call(live: roomtone.Client) -> None:
    """CreateMeetingWithAttendees lets everybody in, and is idempotent as a whole."""
    answers = [
        await live.chime_sdk_meetings.create_meeting_with_attendees(
            client_request_token="once",
            media_region="eu-west-1",
            external_meeting_id="all",
            attendees=people("ana", "bo"),
        )
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert [attendee.external_user_id for attendee in answers[0].attendees or ()] == ["ana", "bo"]
    assert answers[0].errors == []


async def test_attendees_come_and_go(live: roomtone.Client) -> None:
    """An attendee is made, found, changed and deleted; an external user id already there gives who is there."""
    meetings = live.chime_sdk_meetings
    meeting_id = (await new_meeting(live)).meeting.meeting_id
    ana = (await meetings.create_attendee(meeting_id=meeting_id, external_user_id="ana")).attendee
    assert ana.join_token
    assert ana.capabilities == AttendeeCapabilities(audio="SendReceive", video="SendReceive", content="SendReceive")
    assert (await meetings.create_attendee(meeting_id=meeting_id, external_user_id="ANA")).attendee == ana
    assert (await meetings.get_attendee(meeting_id=meeting_id, attendee_id=ana.attendee_id)).attendee == ana

    quiet = AttendeeCapabilities(audio="Receive", video="None", content="None")
    changed = await meetings.update_attendee_capabilities(
        meeting_id=meeting_id, attendee_id=ana.attendee_id, capabilities=quiet
    )
    assert changed.attendee.capabilities == quiet
    assert (await meetings.list_attendees(meeting_id=meeting_id)).attendees == [changed.attendee]

    await meetings.delete_attendee(meeting_id=meeting_id, attendee_id=ana.attendee_id)
    assert (await meetings.list_attendees(meeting_id=meeting_id)).attendees == []
    with pytest.raises(NotFoundException):
        await meetings.get_attendee(meeting_id=meeting_id, attendee_id=ana.attendee_id)
    with pytest.raises(NotFoundException):
        await meetings.delete_attendee(meeting_id=meeting_id, attendee_id=ana.attendee_id)


async def test_a_batch_tells_who_did_not_come_in(live: roomtone.Client) -> None:
    """In a batch, each refused attendee is an error of its own: reserved names, those beyond the limit."""
    meetings = live.chime_sdk_meetings
    meeting_id = (await new_meeting(live, seats=2)).meeting.meeting_id
    answer = await meetings.batch_create_attendee(
        meeting_id=meeting_id, attendees=people("ana", "aws:root", "bo", "Ana", "cy")
    )
    assert [attendee.external_user_id for attendee in answer.attendees or ()] == ["ana", "bo", "ana"]
    assert [(error.external_user_id, error.error_code) for error in answer.errors or ()] == [
        ("aws:root", "BadRequestException"),
        ("cy", "LimitExceededException"),
    ]
    with pytest.raises(LimitExceededException) as caught:
        await meetings.create_attendee(meeting_id=meeting_id, external_user_id="cy")
    assert isinstance(caught.value, errors.QuotaExceededError)


async def test_attendees_in_pages(live: roomtone.Client) -> None:
    """Pages lead through all attendees in order, also when one of a page already read is gone meanwhile."""
    meetings = live.chime_sdk_meetings
    meeting_id = (await new_meeting(live)).meeting.meeting_id
    names = [f"user-{number:02}" for number in range(7)]
    made = await meetings.batch_create_attendee(meeting_id=meeting_id, attendees=people(*names))
    pages = [
        [attendee.external_user_id for attendee in page.attendees]
        async for page in meetings.iter_attendees(meeting_id=meeting_id, max_results=3).pages()
    ]
    assert pages == [names[:3], names[3:6], names[6:]]

    first = await meetings.list_attendees(meeting_id=meeting_id, max_results=2)
    assert made.attendees
    await meetings.delete_attendee(meeting_id=meeting_id, attendee_id=made.attendees[1].attendee_id)
    rest = await meetings.list_attendees(meeting_id=meeting_id, next_token=first.next_token)
    assert [attendee.external_user_id for attendee in rest.attendees] == names[2:]
    assert rest.next_token is None


async def test_what_the_model_rejects_is_a_bad_request(live: roomtone.Client) -> None:
    """Limits of the model are held, and a page's token must come from a page; the message names the member."""
    meetings = live.chime_sdk_meetings
    meeting_id = (await new_meeting(live)).meeting.meeting_id
    calls = {
        "max_results": meetings.list_attendees(meeting_id=meeting_id, max_results=101),
        "next_token": meetings.list_attendees(meeting_id=meeting_id, next_token="made up"),
        "attendees": meetings.batch_create_attendee(meeting_id=meeting_id, attendees=[]),
        "attendees[1].external_user_id": meetings.batch_create_attendee(
            meeting_id=meeting_id, attendees=people("ana", "x" * 65)
        ),
        "external_user_id": meetings.create_attendee(meeting_id=meeting_id, external_user_id="a"),
        "meeting_features.attendee.max_count": new_meeting(live, seats=251),
        "primary meeting": new_meeting(live, primary_meeting_id="of-another-time"),
    }
    for member, awaitable in calls.items():
        with pytest.raises(BadRequestException) as caught:
            await awaitable
        assert member in caught.value.message
        assert caught.value.status == 400
