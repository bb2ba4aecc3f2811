"""to_wire and from_wire: what the API calls things, both ways."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtone import errors, from_wire, to_wire
from roomtone.chime_sdk_identity import CreateAppInstanceRequest
from roomtone.chime_sdk_media_pipelines import TimestampRange
from roomtone.chime_sdk_meetings import (
    Attendee,
    CreateAttendeeRequestItem,
    CreateMeetingResponse,
    CreateMeetingWithAttendeesRequest,
    GetAttendeeRequest,
    MediaPlacement,
    Meeting,
)
from roomtone.chime_sdk_messaging import ListChannelMessagesRequest
from roomtone.ivs import GetStreamSessionResponse, StreamSession, TagResourceRequest
from roomtone.signalwire import Call, CallsCreateRequest, ConferencesStartStreamRequest

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


def refused(cls: Any, mapping: Any) -> errors.RequestError:
    with pytest.raises(errors.RequestError) as caught:
        from_wire(cls, mapping)
    assert isinstance(caught.value, ValueError)
    return caught.value


def test_parts_that_only_requests_carry_are_as_strict_as_requests() -> None:
    """A slip in a nested mapping is refused, not dropped: what was meant would never be sent."""
    assert "did you mean 'ExternalUserId'?" in refused(CreateAttendeeRequestItem, {"ExternalUsrId": "ana"}).message
    assert refused(CreateAttendeeRequestItem, {}).member == "external_user_id"
    assert from_wire(Attendee, {"AttendeeId": "a", "Unheard": 1}).attendee_id == "a"


def test_a_meeting_for_the_browser() -> None:
    """A response and its parts are what a Chime browser SDK takes: the API's names, secrets too."""
    made = CreateMeetingResponse(
        meeting=Meeting(
            meeting_id="m-1", meeting_arn="arn", media_placement=MediaPlacement(audio_host_url="wss://a"), tenant_ids=[]
        )
    )
    wire = {
        "Meeting": {
            "MeetingId": "m-1",
            "MeetingArn": "arn",
            "MediaPlacement": {"AudioHostUrl": "wss://a"},
            "TenantIds": [],
        }
    }
    assert to_wire(made) == wire
    assert to_wire(made.meeting) == wire["Meeting"]
    assert json.loads(json.dumps(to_wire(made))) == wire
    assert from_wire(CreateMeetingResponse, wire) == made
    attendee = Attendee(external_user_id="ana", attendee_id="a", join_token="secret")
    assert "secret" not in repr(attendee)
    assert to_wire(attendee)["JoinToken"] == "secret"


def test_a_request_with_members_in_every_place() -> None:
    """Path, query and header members are there under their own names, and timestamps as the wire has them."""
    request = ListChannelMessagesRequest(
        channel_arn="c",
        chime_bearer="b",
        not_before=NOON.astimezone(timezone(timedelta(hours=-5))),
        max_results=5,
        next_token="secret",
    )
    wire = to_wire(request)
    assert wire == {
        "ChannelArn": "c",
        "ChimeBearer": "b",
        "NotBefore": "2026-11-21T12:00:00Z",
        "MaxResults": 5,
        "NextToken": "secret",
    }
    assert from_wire(ListChannelMessagesRequest, wire) == request


def test_timestamps_by_their_own_rule() -> None:
    """A timestamp that a body carries as epoch seconds is a number; every form is read, datetimes too."""
    span = TimestampRange(start_timestamp=NOON, end_timestamp=NOON + timedelta(milliseconds=500))
    assert to_wire(span) == {"StartTimestamp": 1795262400, "EndTimestamp": 1795262400.5}
    assert from_wire(TimestampRange, to_wire(span)) == span
    for form in (NOON, "2026-11-21T12:00:00Z", 1795262400, "1795262400", "Sat, 21 Nov 2026 12:00:00 GMT"):
        assert from_wire(TimestampRange, {"StartTimestamp": form, "EndTimestamp": form}).end_timestamp == NOON
    session = from_wire(GetStreamSessionResponse, {"streamSession": {"streamId": "s", "startTime": NOON}})
    assert session.stream_session == StreamSession(stream_id="s", start_time=NOON)


def test_a_request_refuses_unknown_names() -> None:
    """At any depth of a request an unknown name is refused, and a near one offered."""
    wire: dict[str, Any] = {"MediaRegion": "r", "ExternalMeetingId": "m", "Attendees": [{"ExternalUserID": "ana"}]}
    error = refused(CreateMeetingWithAttendeesRequest, wire)
    assert str(error) == (
        "CreateMeetingWithAttendeesRequest.attendees[0] has no member 'ExternalUserID'; did you mean 'ExternalUserId'?"
    )
    assert error.member == "attendees[0]"
    error = refused(GetAttendeeRequest, {"meeting_id": "m", "AttendeeId": "a"})
    assert str(error) == "GetAttendeeRequest has no member 'meeting_id'; did you mean 'MeetingId'?"
    assert error.member is None


def test_everything_else_ignores_unknown_names() -> None:
    """What a service may add to an answer is passed over."""
    assert from_wire(Meeting, {"MeetingId": "m", "MeetingArn": "a", "New": {}}) == Meeting(
        meeting_id="m", meeting_arn="a"
    )


@pytest.mark.parametrize(
    ("cls", "mapping", "member", "text"),
    [
        (GetAttendeeRequest, {"MeetingId": "m"}, "attendee_id", "GetAttendeeRequest.attendee_id is required"),
        (
            GetAttendeeRequest,
            {"MeetingId": "m", "AttendeeId": 5},
            "attendee_id",
            "GetAttendeeRequest.attendee_id must be a str, not int",
        ),
        (CreateMeetingResponse, {}, "meeting", "CreateMeetingResponse.meeting is missing from the answer"),
        (CreateMeetingResponse, None, None, "CreateMeetingResponse must be an object, not None"),
        (CreateMeetingResponse, [("Meeting", {})], None, "CreateMeetingResponse must be an object, not list"),
        (
            TagResourceRequest,
            {"resourceArn": "r", "tags": {"secret": 5}},
            "tags[...]",
            "TagResourceRequest.tags[...] must be a str, not int",
        ),
    ],
)
def test_a_mapping_that_does_not_fit(cls: Any, mapping: Any, member: str | None, text: str) -> None:
    """What does not fit is named, and never shown."""
    error = refused(cls, mapping)
    assert (error.member, str(error)) == (member, text)
    assert "secret" not in str(error)


def test_a_shape_that_does_not_fit() -> None:
    """`to_wire` refuses what `send` would, by its name."""
    items: list[Any] = [CreateAttendeeRequestItem(external_user_id="secret"), {"ExternalUserId": "secret"}]
    request = CreateMeetingWithAttendeesRequest(media_region="r", external_meeting_id="m", attendees=items)
    with pytest.raises(errors.RequestError) as caught:
        to_wire(request)
    assert caught.value.member == "attendees[1]"
    assert "must be a CreateAttendeeRequestItem, not dict; from_wire(" in str(caught.value)
    assert "secret" not in str(caught.value)
    with pytest.raises(errors.RequestError, match=r"Meeting\.meeting_id must be a str, not int"):
        to_wire(Meeting(meeting_id=5, meeting_arn="a"))  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", [5, "m", {}, None, [], Meeting, object()])
def test_what_is_no_shape_is_a_type_error(odd: Any) -> None:
    """Only shapes have a wire form, and only their classes make one."""
    with pytest.raises(TypeError, match="is not a shape of a roomtone service"):
        to_wire(odd)
    if odd is not Meeting:
        with pytest.raises(TypeError, match="is not a shape of a roomtone service"):
            from_wire(odd, {})


@pytest.mark.parametrize("odd", [dict, int, errors.ApiError, datetime])
def test_a_class_that_is_no_shape_is_a_type_error(odd: Any) -> None:
    """Other classes are refused as well."""
    with pytest.raises(TypeError, match="is not a shape of a roomtone service"):
        from_wire(odd, {})


def test_signalwires_names() -> None:
    """Requests have the form's names, answers snake_case; an answer is read tolerantly, a request strictly."""
    request = ConferencesStartStreamRequest(conference_sid="CF1", url="wss://x", parameters={"a": "b"})
    wire = to_wire(request)
    assert wire == {"ConferenceSid": "CF1", "Url": "wss://x", "Parameters": {"a": "b"}}
    assert from_wire(ConferencesStartStreamRequest, wire) == request
    call = Call(sid="CA1", from_="+1", price=Decimal("-0.0085"), start_time=NOON)
    assert to_wire(call) == {
        "sid": "CA1",
        "from": "+1",
        "price": "-0.0085",
        "start_time": "2026-11-21T12:00:00Z",
    }
    assert from_wire(Call, to_wire(call)) == call
    assert from_wire(Call, {"sid": "CA1", "duration": "odd", "start_time": "Fri, 25 Sept 2026 20:00:00 +0000"}) == Call(
        sid="CA1", start_time=datetime(2026, 9, 25, 20, tzinfo=timezone.utc)
    )
    assert refused(CallsCreateRequest, {"From": "+1", "To": "+2", "Tiemout": 5}).message.endswith("'Timeout'?")


def test_none_is_not_on_the_wire() -> None:
    """None means not sent, both ways."""
    request = CreateAppInstanceRequest(name="n", client_request_token="t", metadata=None)
    assert to_wire(request) == {"Name": "n", "ClientRequestToken": "t"}
    assert from_wire(CreateAppInstanceRequest, {**to_wire(request), "Metadata": None}) == request


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.builds(TagResourceRequest, resource_arn=texts, tags=st.dictionaries(texts, texts)))
def test_there_and_back(request_: TagResourceRequest) -> None:
    """What `to_wire` gives, `from_wire` takes, JSON in between."""
    assert from_wire(TagResourceRequest, json.loads(json.dumps(to_wire(request_)))) == request_
