"""From an operation and its request to the bytes that are sent."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtone import errors
from roomtone._core.encode import encode
from roomtone._core.model import Request
from roomtone._core.operation import MAX_TARGET, Operation, WireRequest
from roomtone.chime_sdk_meetings import (
    CreateAttendeeRequest,
    CreateAttendeeRequestItem,
    CreateMeetingRequest,
    CreateMeetingWithAttendeesRequest,
    DeleteMeetingRequest,
    GetAttendeeRequest,
)
from roomtone.chime_sdk_meetings import operations as meetings
from roomtone.chime_sdk_messaging import ListChannelMessagesRequest, SearchChannelsRequest, SearchField
from roomtone.chime_sdk_messaging import operations as messaging
from roomtone.chime_sdk_voice import ListAvailableVoiceConnectorRegionsRequest
from roomtone.chime_sdk_voice import operations as voice
from roomtone.ivs import ListChannelsRequest, TagResourceRequest, UntagResourceRequest
from roomtone.ivs import operations as ivs
from roomtone.signalwire import CallsListRequest, ConferencesStartStreamRequest, ConferencesStopStreamRequest
from roomtone.signalwire import operations as signalwire

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
AWKWARD = "a/b?c&d=e%f+g:h~i'j*k l\u00fc\U0001f600"
AWKWARD_QUOTED = "a%2Fb%3Fc%26d%3De%25f%2Bg%3Ah~i%27j%2Ak%20l%C3%BC%F0%9F%98%80"

texts = st.text(st.characters(exclude_categories=["Cs"]))


def sent(operation: Operation[Any, Any], request: Request[Any], **more: Any) -> WireRequest:
    return encode(operation, request, **more)


def refused(operation: Operation[Any, Any], request: Request[Any]) -> errors.RequestError:
    with pytest.raises(errors.RequestError) as caught:
        encode(operation, request, account_sid="project")
    assert caught.value.service == operation.service.name
    assert caught.value.operation == operation.name
    return caught.value


def test_a_label_is_quoted_to_the_last_byte() -> None:
    """Everything but unreserved ASCII in a path value is percent-encoded UTF-8."""
    wire = sent(meetings.GET_ATTENDEE, GetAttendeeRequest(meeting_id=AWKWARD, attendee_id="a-._~1"))
    assert (wire.method, wire.path) == ("GET", f"/meetings/{AWKWARD_QUOTED}/attendees/a-._~1")
    assert (wire.query, wire.headers, wire.body) == ("", {}, b"")


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_label_that_would_be_another_path_is_refused(value: str) -> None:
    """Empty and dot labels would name another resource or operation."""
    error = refused(meetings.GET_ATTENDEE, GetAttendeeRequest(meeting_id="m", attendee_id=value))
    assert error.member == "attendee_id"
    assert str(error) == (
        "chime-sdk-meetings.GetAttendee: attendee_id must not be empty, '.' or '..', because it is a part of the path"
    )


@pytest.mark.parametrize("value", ["...", "%2E%2E", " ", "..a"])
def test_a_label_that_only_looks_like_one_is_sent(value: str) -> None:
    """Other odd values are quoted and sent."""
    wire = sent(meetings.DELETE_MEETING, DeleteMeetingRequest(meeting_id=value))
    assert unquote(wire.path.removeprefix("/meetings/")) == value


@pytest.mark.parametrize(("value", "kind"), [(None, "is required"), (5, "must be a str, not int"), (b"m", "not bytes")])
def test_a_label_is_a_text(value: Any, kind: str) -> None:
    """A label of another type is refused by its name."""
    error = refused(meetings.DELETE_MEETING, DeleteMeetingRequest(meeting_id=value))
    assert error.member == "meeting_id"
    assert kind in str(error)


def test_the_account_sid_is_a_path_segment_like_any_other() -> None:
    """The project id fills its label quoted; one that would be another path is refused."""
    request = ConferencesStopStreamRequest(conference_sid="CF1", sid="ST1", status="stopped")
    wire = sent(signalwire.CONFERENCES_STOP_STREAM, request, account_sid="pro/ject?")
    assert wire.path == "/Accounts/pro%2Fject%3F/Conferences/CF1/Streams/ST1"
    with pytest.raises(errors.RequestError, match="AccountSid must not be empty"):
        sent(signalwire.CONFERENCES_STOP_STREAM, request, account_sid="..")


def test_query_members_follow_the_fixed_query() -> None:
    """The fixed query comes first, then what is given, encoded; a body member stays in the body."""
    wire = sent(
        messaging.SEARCH_CHANNELS,
        SearchChannelsRequest(
            chime_bearer="arn:aws:chime:us-east-1:1:app-instance/a/user/b",
            fields=[SearchField(key="MEMBERS", values=["x"], operator="EQUALS")],
            max_results=5,
            next_token=AWKWARD,
        ),
    )
    assert wire.query == f"operation=search&max-results=5&next-token={AWKWARD_QUOTED}"
    assert wire.headers == {
        "x-amz-chime-bearer": "arn:aws:chime:us-east-1:1:app-instance/a/user/b",
        "content-type": "application/json",
    }
    assert json.loads(wire.body) == {"Fields": [{"Key": "MEMBERS", "Values": ["x"], "Operator": "EQUALS"}]}
    bare = sent(messaging.SEARCH_CHANNELS, SearchChannelsRequest(fields=[]))
    assert (bare.query, bare.headers) == ("operation=search", {"content-type": "application/json"})


def test_timestamps_and_lists_in_a_query() -> None:
    """A query has ISO 8601 in UTC, and a list repeats its key in order; an empty list is nothing."""
    wire = sent(
        messaging.LIST_CHANNEL_MESSAGES,
        ListChannelMessagesRequest(
            channel_arn="c",
            chime_bearer="b",
            not_before=NOON.astimezone(timezone(timedelta(hours=2))),
            not_after=NOON + timedelta(microseconds=1),
        ),
    )
    assert wire.query == "not-before=2026-11-21T12%3A00%3A00Z&not-after=2026-11-21T12%3A00%3A00.000001Z"
    wire = sent(ivs.UNTAG_RESOURCE, UntagResourceRequest(resource_arn="r", tag_keys=["b", "a b", "b"]))
    assert wire.query == "tagKeys=b&tagKeys=a%20b&tagKeys=b"
    assert sent(ivs.UNTAG_RESOURCE, UntagResourceRequest(resource_arn="r", tag_keys=[])).query == ""


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"max_results": "5"}, "max_results"),
        ({"max_results": True}, "max_results"),
        ({"next_token": 5}, "next_token"),
        ({"next_token": "\ud800"}, "next_token"),
        ({"not_before": NOON.replace(tzinfo=None)}, "not_before"),
        ({"not_before": "2026-11-21"}, "not_before"),
        ({"chime_bearer": None}, "chime_bearer"),
        ({"chime_bearer": 5}, "chime_bearer"),
        ({"chime_bearer": "a\r\nx-evil: 1"}, "chime_bearer"),
        ({"chime_bearer": "a\x00"}, "chime_bearer"),
        ({"chime_bearer": " a"}, "chime_bearer"),
        ({"chime_bearer": "\ud800"}, "chime_bearer"),
        ({"channel_arn": "\ud800"}, "channel_arn"),
    ],
)
def test_what_query_and_header_cannot_carry_is_refused(members: dict[str, Any], member: str) -> None:
    """Wrong types, naive datetimes, line breaks and lone surrogates are refused by the member's name."""
    given_members: dict[str, Any] = {"channel_arn": "c", "chime_bearer": "b", **members}
    error = refused(messaging.LIST_CHANNEL_MESSAGES, ListChannelMessagesRequest(**given_members))
    assert error.member == member
    assert "evil" not in str(error)


@pytest.mark.parametrize("excess", [0, 1])
def test_what_no_request_line_can_carry_is_refused(excess: int) -> None:
    """Path and query hold 60,000 characters as they are sent, and no more."""
    longest = MAX_TARGET - len("/Accounts/p/Calls") - len("To=")
    request = CallsListRequest(to="x" * (longest + excess))
    if excess:
        with pytest.raises(errors.RequestError, match=r"CallsListRequest is too long: .* more than 60,000 characters"):
            encode(signalwire.CALLS_LIST, request, account_sid="p")
    else:
        wire = encode(signalwire.CALLS_LIST, request, account_sid="p")
        assert len(wire.path) + len(wire.query) == MAX_TARGET


def test_a_list_in_a_query_has_no_holes() -> None:
    """None in a list is refused with its index, as is a str for the list."""
    error = refused(ivs.UNTAG_RESOURCE, UntagResourceRequest(resource_arn="r", tag_keys=["a", None]))  # type: ignore[list-item]
    assert error.member == "tag_keys[1]"
    error = refused(ivs.UNTAG_RESOURCE, UntagResourceRequest(resource_arn="r", tag_keys="abc"))
    assert "tag_keys must be a sequence such as a list, not str" in str(error)


def test_bodies() -> None:
    """No body member: no body and no content type. A body that could have members: `{}` and a content type."""
    nothing = sent(voice.LIST_AVAILABLE_VOICE_CONNECTOR_REGIONS, ListAvailableVoiceConnectorRegionsRequest())
    assert (nothing.headers, nothing.body) == ({}, b"")
    empty = sent(ivs.LIST_CHANNELS, ListChannelsRequest())
    assert (empty.headers, empty.body) == ({"content-type": "application/json"}, b"{}")
    tagged = sent(ivs.TAG_RESOURCE, TagResourceRequest(resource_arn="arn:x/y", tags={"ü": ""}))
    assert (tagged.path, tagged.body) == ("/tags/arn%3Ax%2Fy", '{"tags":{"ü":""}}'.encode())


def test_a_body_names_the_member_that_does_not_fit() -> None:
    """The path reaches through lists and shapes; the offending value is never told."""
    attendees: list[Any] = [CreateAttendeeRequestItem(external_user_id=user) for user in ("a", "b", "c", 4711)]
    error = refused(
        meetings.CREATE_MEETING_WITH_ATTENDEES,
        CreateMeetingWithAttendeesRequest(media_region="r", external_meeting_id="m", attendees=attendees),
    )
    assert error.member == "attendees[3].external_user_id"
    assert "attendees[3].external_user_id must be a str, not int" in str(error)
    assert "4711" not in str(error)
    error = refused(meetings.CREATE_MEETING, CreateMeetingRequest(media_region=None, external_meeting_id="m"))  # type: ignore[arg-type]
    assert error.member == "media_region"


def test_an_idempotency_token_is_filled_when_it_is_absent() -> None:
    """The token is a new uuid4 when none is given, and the given one otherwise; the request itself stays as it is."""
    request = CreateMeetingRequest(media_region="r", external_meeting_id="m")
    tokens = {json.loads(sent(meetings.CREATE_MEETING, request).body)["ClientRequestToken"] for _ in range(2)}
    assert len(tokens) == 2
    assert {uuid.UUID(token).version for token in tokens} == {4}
    assert request.client_request_token is None
    made = sent(meetings.CREATE_MEETING, request, make_token=lambda: "made")
    assert json.loads(made.body)["ClientRequestToken"] == "made"
    own = CreateMeetingRequest(media_region="r", external_meeting_id="m", client_request_token="own")
    assert json.loads(sent(meetings.CREATE_MEETING, own).body)["ClientRequestToken"] == "own"


def test_the_request_of_another_operation_is_refused() -> None:
    """An operation takes its own request class only."""
    error = refused(meetings.CREATE_ATTENDEE, DeleteMeetingRequest(meeting_id="m"))
    assert "takes a CreateAttendeeRequest, not DeleteMeetingRequest" in str(error)


def test_a_form_and_its_numbered_pairs() -> None:
    """A form body is exactly these bytes, members in the record's order."""
    wire = sent(
        signalwire.CONFERENCES_START_STREAM,
        ConferencesStartStreamRequest(
            conference_sid="CF 1",
            url="wss://media.example/ws?a=1&b=2",
            stream_real_time=True,
            parameters={"tenant": "42", "note": "ü & +"},
        ),
        account_sid="project",
    )
    assert wire.path == "/Accounts/project/Conferences/CF%201/Streams"
    assert wire.headers == {"content-type": "application/x-www-form-urlencoded"}
    assert wire.body == (
        b"Url=wss%3A%2F%2Fmedia.example%2Fws%3Fa%3D1%26b%3D2&StreamRealTime=true"
        b"&Parameter1.Name=tenant&Parameter1.Value=42&Parameter2.Name=note&Parameter2.Value=%C3%BC+%26+%2B"
    )


@pytest.mark.parametrize(
    ("parameters", "member", "reason"),
    [
        ({str(n): "x" for n in range(100)}, "parameters", "parameters holds 100 pairs; at most 99 can be sent"),
        ({"": "x"}, "parameters", "parameters must not have an empty name"),
        ({"secret": 5}, "parameters[...]", "must be a str, not int"),
        ("a=b", "parameters", "must be a mapping such as a dict, not str"),
    ],
)
def test_stream_parameters_that_cannot_be_sent(parameters: Any, member: str, reason: str) -> None:
    """More than 99 pairs, an empty name, other values than texts and no mapping at all are refused."""
    request = ConferencesStartStreamRequest(conference_sid="CF1", url="wss://x", parameters=parameters)
    error = refused(signalwire.CONFERENCES_START_STREAM, request)
    assert error.member == member
    assert reason in str(error)
    assert "secret" not in str(error)


def test_query_names_with_operators() -> None:
    """Names such as `StartTime>` are encoded as names."""
    wire = sent(
        signalwire.CALLS_LIST,
        CallsListRequest(start_time_after="2026-11-21", from_="+1 555", page_size=5),
        account_sid="p",
    )
    assert parse_qsl(wire.query, strict_parsing=True)
    assert "StartTime%3E=2026-11-21" in wire.query
    assert "From=%2B1%20555" in wire.query
    assert ">" not in wire.query


@given(texts.filter(lambda text: text not in ("", ".", "..")))
def test_any_label_comes_back_through_unquote(value: str) -> None:
    """Whatever a label holds, it is one segment of unreserved ASCII that unquotes to it."""
    path = sent(meetings.GET_ATTENDEE, GetAttendeeRequest(meeting_id=value, attendee_id="a")).path
    _, _, segment, *rest = path.split("/")
    assert rest == ["attendees", "a"]
    assert unquote(segment, errors="strict") == value
    assert path.isascii()


@given(texts)
def test_any_query_value_comes_back(value: str) -> None:
    """Whatever a query member holds, it arrives as it was, in one pair."""
    query = sent(messaging.SEARCH_CHANNELS, SearchChannelsRequest(chime_bearer="b", fields=[], next_token=value)).query
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict") == [
        ("operation", "search"),
        ("next-token", value),
    ]


@given(st.dictionaries(texts, texts))
def test_any_body_comes_back(tags: dict[str, str]) -> None:
    """Whatever texts a JSON body holds, they arrive as they were."""
    body = sent(ivs.TAG_RESOURCE, TagResourceRequest(resource_arn="r", tags=tags)).body
    assert json.loads(body) == {"tags": tags}


@given(st.dictionaries(texts.filter(bool), texts, max_size=99), texts)
def test_any_form_comes_back(parameters: dict[str, str], name: str) -> None:
    """Whatever texts a form body holds, they arrive as they were."""
    request = ConferencesStartStreamRequest(conference_sid="CF1", url="wss://x", name=name, parameters=parameters)
    body = sent(signalwire.CONFERENCES_START_STREAM, request, account_sid="p").body.decode("ascii")
    pairs = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True, errors="strict"))
    assert (pairs.pop("Name"), pairs.pop("Url")) == (name, "wss://x")
    count = len(parameters)
    assert {
        pairs.pop(f"Parameter{n}.Name"): pairs.pop(f"Parameter{n}.Value") for n in range(1, count + 1)
    } == parameters
    assert pairs == {}


@given(st.text(), st.text())
def test_any_text_is_sent_or_refused(meeting: str, user: str) -> None:
    """There is no text that breaks the encoder: it is sent, or refused with a RequestError."""
    try:
        wire = sent(meetings.CREATE_ATTENDEE, CreateAttendeeRequest(meeting_id=meeting, external_user_id=user))
    except errors.RequestError as error:
        assert error.member in ("meeting_id", "external_user_id")
    else:
        assert json.loads(wire.body) == {"ExternalUserId": user}
