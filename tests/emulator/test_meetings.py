"""Meetings and attendees, through the public client."""

from __future__ import annotations

import pytest

import roomtone
from roomtone import errors
from roomtone.chime_sdk_meetings import (
    AttendeeCapabilities,
    AttendeeFeatures,
    AttendeeIdItem,
    AudioFeatures,
    BadRequestException,
    ConflictException,
    ContentFeatures,
    CreateAttendeeRequestItem,
    CreateMeetingResponse,
    EngineTranscribeMedicalSettings,
    EngineTranscribeSettings,
    ForbiddenException,
    LimitExceededException,
    MeetingFeaturesConfiguration,
    NotFoundException,
    ResourceNotFoundException,
    Tag,
    TooManyTagsException,
    TranscriptionConfiguration,
    VideoFeatures,
)
from roomtone.emulator import Emulator

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
        "client_request_token must fit": new_meeting(live, client_request_token="two words"),
        "primary meeting": new_meeting(live, primary_meeting_id="of-another-time"),
    }
    for member, awaitable in calls.items():
        with pytest.raises(BadRequestException) as caught:
            await awaitable
        assert member in caught.value.message
        assert caught.value.status == 400


def can(audio: str, video: str, content: str) -> AttendeeCapabilities:
    return AttendeeCapabilities(audio=audio, video=video, content=content)


async def test_capabilities_of_all_but_some(live: roomtone.Client) -> None:
    """The capabilities of everybody but those named change; an id that nobody has excludes nobody."""
    meetings = live.chime_sdk_meetings
    meeting_id = (await new_meeting(live)).meeting.meeting_id
    made = (await meetings.batch_create_attendee(meeting_id=meeting_id, attendees=people("ana", "bo", "cy"))).attendees
    assert made
    await meetings.batch_update_attendee_capabilities_except(
        meeting_id=meeting_id,
        excluded_attendee_ids=[
            AttendeeIdItem(attendee_id=made[1].attendee_id.upper()),
            AttendeeIdItem(attendee_id="0" * 36),
        ],
        capabilities=can("Receive", "Receive", "None"),
    )
    listed = (await meetings.list_attendees(meeting_id=meeting_id)).attendees
    assert [one.capabilities and one.capabilities.audio for one in listed] == ["Receive", "SendReceive", "Receive"]
    assert [one.attendee_id for one in listed] == [one.attendee_id for one in made]


async def test_capabilities_that_cannot_be(live: roomtone.Client) -> None:
    """A capability of no meaning, one of a medium the meeting lacks, content without video: refused everywhere."""
    meetings = live.chime_sdk_meetings
    meeting_id = (await new_meeting(live)).meeting.meeting_id
    ana = (await meetings.create_attendee(meeting_id=meeting_id, external_user_id="ana")).attendee
    for capabilities in (can("Loud", "Send", "Send"), can("None", "Send", "Receive")):
        with pytest.raises(BadRequestException, match="capabilities"):
            await meetings.create_attendee(meeting_id=meeting_id, external_user_id="bo", capabilities=capabilities)
        with pytest.raises(BadRequestException, match="capabilities"):
            await meetings.update_attendee_capabilities(
                meeting_id=meeting_id, attendee_id=ana.attendee_id, capabilities=capabilities
            )
        with pytest.raises(BadRequestException, match="capabilities"):
            await meetings.batch_update_attendee_capabilities_except(
                meeting_id=meeting_id,
                excluded_attendee_ids=[AttendeeIdItem(attendee_id=ana.attendee_id)],
                capabilities=capabilities,
            )
        batch = await meetings.batch_create_attendee(
            meeting_id=meeting_id,
            attendees=[CreateAttendeeRequestItem(external_user_id="bo", capabilities=capabilities), *people("cy")],
        )
        assert [error.error_code for error in batch.errors or ()] == ["BadRequestException"]
    assert (await meetings.get_attendee(meeting_id=meeting_id, attendee_id=ana.attendee_id)).attendee == ana


@pytest.mark.parametrize(
    ("video", "content", "expected"),
    [
        ("HD", "FHD", ("SendReceive", "SendReceive")),
        ("None", "FHD", ("Receive", "SendReceive")),
        ("HD", "None", ("SendReceive", "None")),
        ("None", "None", ("None", "None")),
    ],
)
async def test_what_a_meeting_allows(
    video: str, content: str, expected: tuple[str, str], live: roomtone.Client
) -> None:
    """Without capabilities of their own attendees get what the meeting has; what it lacks nobody can be given."""
    meetings = live.chime_sdk_meetings
    features = MeetingFeaturesConfiguration(
        audio=AudioFeatures(echo_reduction="AVAILABLE"),
        video=VideoFeatures(max_resolution=video),
        content=ContentFeatures(max_resolution=content),
    )
    made = await meetings.create_meeting(media_region="eu-west-1", external_meeting_id="x1", meeting_features=features)
    meeting_id = made.meeting.meeting_id
    ana = (await meetings.create_attendee(meeting_id=meeting_id, external_user_id="ana")).attendee
    assert ana.capabilities
    assert (ana.capabilities.video, ana.capabilities.content) == expected
    if "None" in (video, content):
        with pytest.raises(BadRequestException, match="made without"):
            await meetings.update_attendee_capabilities(
                meeting_id=meeting_id,
                attendee_id=ana.attendee_id,
                capabilities=can("None", "SendReceive", "SendReceive"),
            )


async def test_an_attendee_who_left_comes_back(live: roomtone.Client) -> None:
    """After its deletion an attendee's external user id is free, and gives somebody new."""
    meetings = live.chime_sdk_meetings
    meeting_id = (await new_meeting(live)).meeting.meeting_id
    first = (await meetings.create_attendee(meeting_id=meeting_id, external_user_id="ana")).attendee
    await meetings.delete_attendee(meeting_id=meeting_id, attendee_id=first.attendee_id)
    again = (await meetings.create_attendee(meeting_id=meeting_id, external_user_id="ana")).attendee
    assert again.attendee_id != first.attendee_id


async def test_transcription(emulator: Emulator, live: roomtone.Client) -> None:
    """A meeting is transcribed by one engine, by the newest settings, until it is stopped; stopping again is fine."""
    meetings = live.chime_sdk_meetings
    meeting_id = (await new_meeting(live)).meeting.meeting_id
    assert emulator.meetings.transcription(meeting_id) is None
    general = EngineTranscribeSettings(language_code="en-US")
    medical = EngineTranscribeMedicalSettings(language_code="en-US", specialty="RADIOLOGY", type="DICTATION")
    for settings in (
        TranscriptionConfiguration(engine_transcribe_settings=general),
        TranscriptionConfiguration(engine_transcribe_medical_settings=medical),
    ):
        await meetings.start_meeting_transcription(meeting_id=meeting_id, transcription_configuration=settings)
        assert emulator.meetings.transcription(meeting_id) == settings
    both = TranscriptionConfiguration(engine_transcribe_settings=general, engine_transcribe_medical_settings=medical)
    for settings in (both, TranscriptionConfiguration()):
        with pytest.raises(BadRequestException, match="exactly one engine"):
            await meetings.start_meeting_transcription(meeting_id=meeting_id, transcription_configuration=settings)
    for _ in range(2):
        await meetings.stop_meeting_transcription(meeting_id=meeting_id)
        assert emulator.meetings.transcription(meeting_id) is None
    await meetings.delete_meeting(meeting_id=meeting_id)
    with pytest.raises(NotFoundException):
        await meetings.stop_meeting_transcription(meeting_id=meeting_id)
    with pytest.raises(NotFoundException):
        emulator.meetings.transcription(meeting_id)


async def test_tags(live: roomtone.Client) -> None:
    """Tags come with a meeting, are added, replaced, taken away and counted; AWS's own names are refused."""
    meetings = live.chime_sdk_meetings
    made = await meetings.create_meeting(
        media_region="eu-west-1", external_meeting_id="x1", tags=[Tag(key="team", value="video")]
    )
    arn = made.meeting.meeting_arn

    async def tags() -> dict[str, str]:
        listed = (await meetings.list_tags_for_resource(resource_arn=arn)).tags
        return {tag.key: tag.value for tag in listed or ()}

    await meetings.tag_resource(resource_arn=arn, tags=[Tag(key="team", value="audio"), Tag(key="x", value="")])
    assert await tags() == {"team": "audio", "x": ""}
    await meetings.untag_resource(resource_arn=arn, tag_keys=["team", "never"])
    assert await tags() == {"x": ""}
    await meetings.tag_resource(resource_arn=arn, tags=[Tag(key=f"k{number}", value="v") for number in range(49)])
    with pytest.raises(TooManyTagsException) as caught:
        await meetings.tag_resource(resource_arn=arn, tags=[Tag(key="one-more", value="")])
    assert caught.value.resource_name == arn
    for key, reason in (("aws:x", "aws:"), ("k" * 129, "key"), ("two words", r"tags\[0\].key must fit")):
        with pytest.raises(BadRequestException, match=reason):
            await meetings.tag_resource(resource_arn=arn, tags=[Tag(key=key, value="")])
    assert len(await tags()) == 50
    with pytest.raises(ForbiddenException):
        await meetings.untag_resource(resource_arn=arn.replace("123456789012", "210987654321"), tag_keys=["x"])
    await meetings.delete_meeting(meeting_id=made.meeting.meeting_id)
    with pytest.raises(ResourceNotFoundException):
        await tags()


async def test_a_meeting_ends_by_itself(emulator: Emulator, live: roomtone.Client) -> None:
    """When everybody has left, the API knows the meeting no more, and its token makes another."""
    first = (await new_meeting(live, client_request_token="token-1")).meeting
    emulator.meetings.end(first.meeting_id)
    with pytest.raises(NotFoundException):
        await live.chime_sdk_meetings.get_meeting(meeting_id=first.meeting_id)
    assert (await new_meeting(live, client_request_token="token-1")).meeting.meeting_id != first.meeting_id
    with pytest.raises(NotFoundException):
        emulator.meetings.end(first.meeting_id)
