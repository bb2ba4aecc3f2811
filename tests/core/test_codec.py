"""Shapes to JSON-ready values and back: strict requests, answers, tolerant answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from attrs import define, field

from roomtone._core.codec import ANSWERS, REQUESTS, TOLERANT_ANSWERS, Codec, Misfit, bare_type, codec_for, members_of
from roomtone._core.model import CAMEL, SIGNALWIRE, Dialect, OneOf, Request
from roomtone.chime_sdk_meetings import (
    CreateAttendeeRequestItem,
    CreateMeetingResponse,
    CreateMeetingWithAttendeesRequest,
    Meeting,
    Tag,
)
from roomtone.ivs import GetStreamSessionResponse, ListChannelsResponse, StreamSession
from roomtone.ivschat import CreateLoggingConfigurationRequest
from roomtone.ivschat import DestinationConfiguration as Destination
from roomtone.ivschat import S3DestinationConfiguration as S3Destination
from roomtone.signalwire import Call, CallList, ConferenceStream

DIALECT: Dialect = CAMEL
NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


@define(kw_only=True)
class Everything:
    """One member of each kind, in a dialect of its own: this module's."""

    text: str | None = None
    whole: int | None = None
    share: float | None = None
    price: Decimal | None = None
    flag: bool | None = None
    at: datetime | None = None
    epoch_at: datetime | None = field(default=None, metadata={"timestamp": "epoch"})
    from_: str | None = None
    odd_one: str | None = field(default=None, metadata={"wire": "ODDOne"})
    words: Sequence[str] | None = None
    tags: Mapping[str, str] | None = None
    inner: Everything | None = None
    many: Sequence[Everything] | None = None
    by_name: Mapping[str, Everything] | None = None


@define(kw_only=True)
class EverythingRequest(Request[object]):
    """A request around it."""

    must: str
    body: Everything | None = None
    choice: Choice | None = None


@define(kw_only=True)
class Choice(OneOf):
    """A union of two."""

    left: str | None = None
    right: int | None = None


def misfit_of(act: Any) -> tuple[str, str]:
    with pytest.raises(Misfit) as caught:
        act()
    return caught.value.path, caught.value.reason


def test_every_kind_to_the_wire() -> None:
    """Each kind of member has its JSON-ready form, names follow the rule or the exception, None is left out."""
    value = Everything(
        text="ü & \U0001f600",
        whole=2**70,
        share=1,
        price=Decimal("1E+2"),
        flag=False,
        at=datetime(2026, 11, 21, 13, tzinfo=timezone(timedelta(hours=1))),
        epoch_at=NOON,
        from_="f",
        odd_one="o",
        words=("a", ""),
        tags={"k": "v"},
        inner=Everything(whole=0),
        many=[Everything(), Everything(epoch_at=NOON + timedelta(milliseconds=250))],
        by_name={"x": Everything(text="")},
    )
    assert ANSWERS.dump(value) == {
        "text": "ü & \U0001f600",
        "whole": 2**70,
        "share": 1,
        "price": "100",
        "flag": False,
        "at": "2026-11-21T12:00:00Z",
        "epochAt": 1795262400,
        "from": "f",
        "ODDOne": "o",
        "words": ["a", ""],
        "tags": {"k": "v"},
        "inner": {"whole": 0},
        "many": [{}, {"epochAt": 1795262400.25}],
        "byName": {"x": {"text": ""}},
    }


def test_every_kind_from_the_wire() -> None:
    """The same comes back, timestamps in any form; unknown members and null are as if they were not there."""
    assert ANSWERS.load(
        Everything,
        {
            "text": "t",
            "whole": 3.0,
            "share": 2,
            "price": 0.1,
            "flag": True,
            "at": "2026-11-21T12:00:00Z",
            "epochAt": 1795262400,
            "from": "f",
            "ODDOne": "o",
            "words": ["a", None, "b"],
            "tags": {"k": "v", "gone": None},
            "inner": {"at": NOON, "text": None},
            "many": [{}, {"whole": 1}],
            "byName": {"x": {"text": ""}},
            "brandNew": {"a": [1]},
        },
    ) == Everything(
        text="t",
        whole=3,
        share=2,
        price=Decimal("0.1"),
        flag=True,
        at=NOON,
        epoch_at=NOON,
        from_="f",
        odd_one="o",
        words=["a", "b"],
        tags={"k": "v"},
        inner=Everything(at=NOON),
        many=[Everything(), Everything(whole=1)],
        by_name={"x": Everything(text="")},
    )


SECRET = "hunter2-the-secret"


@pytest.mark.parametrize(
    ("members", "path", "reason"),
    [
        ({"text": 5}, "text", "must be a str, not int"),
        ({"text": b"hunter2"}, "text", "must be a str, not bytes"),
        ({"text": "\ud800"}, "text", "must be text that UTF-8 can carry"),
        ({"whole": True}, "whole", "must be an int, not bool"),
        ({"whole": "5"}, "whole", "must be an int, not str"),
        ({"whole": 5.0}, "whole", "must be an int, not float"),
        ({"share": "1"}, "share", "must be a float, not str"),
        ({"share": True}, "share", "must be a float, not bool"),
        ({"share": float("nan")}, "share", "must be a finite number"),
        ({"share": float("inf")}, "share", "must be a finite number"),
        ({"price": 1.5}, "price", "must be a Decimal, not float"),
        ({"price": True}, "price", "must be a Decimal, not bool"),
        ({"price": Decimal("NaN")}, "price", "must be a finite number"),
        ({"flag": 1}, "flag", "must be a bool, not int"),
        ({"at": "2026-11-21"}, "at", "must be a datetime, not str"),
        ({"at": NOON.replace(tzinfo=None)}, "at", "must be an aware datetime"),
        ({"epoch_at": NOON.replace(tzinfo=None)}, "epoch_at", "must be an aware datetime"),
        ({"words": SECRET}, "words", "must be a sequence such as a list, not str"),
        ({"words": b"x"}, "words", "must be a sequence such as a list, not bytes"),
        ({"words": {"a", "b"}}, "words", "must be a sequence such as a list, not set"),
        ({"words": ["a", None]}, "words[1]", "must be a str, not None"),
        ({"words": ["a", 5]}, "words[1]", "must be a str, not int"),
        ({"tags": [("a", "b")]}, "tags", "must be a mapping such as a dict, not list"),
        ({"tags": {SECRET: 5}}, "tags[...]", "must be a str, not int"),
        ({"tags": {5: "x"}}, "tags[...]", "must be a str, not int"),
        ({"tags": {"a": None}}, "tags[...]", "must be a str, not None"),
        ({"inner": {"text": "x"}}, "inner", "must be a Everything, not dict; from_wire(Everything, ...) makes one"),
        ({"inner": SECRET}, "inner", "must be a Everything, not str"),
        ({"many": [Everything(), Everything(whole="5")]}, "many[1].whole", "must be an int, not str"),
        ({"many": [None]}, "many[0]", "must be a Everything, not None"),
        (
            {"by_name": {SECRET: Everything(inner=Everything(words=[SECRET, 7]))}},
            "by_name[...].inner.words[1]",
            "must be a str, not int",
        ),
    ],
)
def test_what_does_not_fit_is_named_by_its_path_and_never_shown(
    members: dict[str, Any], path: str, reason: str
) -> None:
    """A misfit on the way out says where and why, and never what."""
    found_path, found_reason = misfit_of(lambda: REQUESTS.dump(Everything(**members)))
    assert found_path == path
    assert found_reason.startswith(reason)
    assert SECRET not in found_path + found_reason


@pytest.mark.parametrize(
    ("wire", "path", "reason"),
    [
        ([], "", "must be an object, not list"),
        (None, "", "must be an object, not None"),
        ({"text": 5}, "text", "must be a str, not int"),
        ({"text": "\ud800"}, "text", "must be text that UTF-8 can carry"),
        ({"whole": 1.5}, "whole", "must be an int, not float"),
        ({"whole": float("inf")}, "whole", "must be an int, not float"),
        ({"whole": "1"}, "whole", "must be an int, not str"),
        ({"whole": False}, "whole", "must be an int, not bool"),
        ({"share": "1.5"}, "share", "must be a float, not str"),
        ({"share": float("-inf")}, "share", "must be a finite number"),
        ({"price": [1]}, "price", "must be a decimal number, not list"),
        ({"price": True}, "price", "must be a decimal number, not bool"),
        ({"price": "dear"}, "price", "must be a decimal number"),
        ({"price": "NaN"}, "price", "must be a finite number"),
        ({"price": "Infinity"}, "price", "must be a finite number"),
        ({"flag": "true"}, "flag", "must be a bool, not str"),
        ({"at": "soon"}, "at", "must be a timestamp"),
        ({"at": {}}, "at", "must be a timestamp"),
        ({"at": NOON.replace(tzinfo=None)}, "at", "must be an aware datetime"),
        ({"words": "abc"}, "words", "must be a list, not str"),
        ({"words": ("a",)}, "words", "must be a list, not tuple"),
        ({"words": ["a", {}]}, "words[1]", "must be a str, not dict"),
        ({"tags": []}, "tags", "must be an object, not list"),
        ({"tags": {SECRET: []}}, "tags[...]", "must be a str, not list"),
        ({"inner": 5}, "inner", "must be an object, not int"),
        ({"many": [{}, {"inner": {"flag": 0}}]}, "many[1].inner.flag", "must be a bool, not int"),
    ],
)
def test_an_answer_that_does_not_fit(wire: object, path: str, reason: str) -> None:
    """A misfit on the way in says where and why, and never what."""
    found_path, found_reason = misfit_of(lambda: ANSWERS.load(Everything, wire))
    assert found_path == path
    assert found_reason.startswith(reason)
    assert SECRET not in found_path + found_reason


def test_a_request_wants_its_required_members_both_ways() -> None:
    """None for a required member is refused on the way out, and its absence on the way in."""
    assert misfit_of(lambda: REQUESTS.dump(EverythingRequest(must=None))) == ("must", "is required")  # type: ignore[arg-type]
    assert misfit_of(lambda: REQUESTS.load(EverythingRequest, {})) == ("must", "is required")
    assert misfit_of(lambda: REQUESTS.load(EverythingRequest, {"must": None})) == ("must", "is required")
    item = CreateAttendeeRequestItem(external_user_id=None)  # type: ignore[arg-type]
    request = CreateMeetingWithAttendeesRequest(
        media_region="eu-central-1",
        external_meeting_id="m",
        attendees=[CreateAttendeeRequestItem(external_user_id="ana"), item],
    )
    assert misfit_of(lambda: REQUESTS.dump(request)) == ("attendees[1].external_user_id", "is required")


def test_a_request_refuses_unknown_names_with_a_hint() -> None:
    """A misspelt name is refused at any depth, and a near one is offered."""
    wire: dict[str, Any] = {"must": "m", "body": {"inner": {"wholly": 1, "text": "t"}}}
    assert misfit_of(lambda: REQUESTS.load(EverythingRequest, wire)) == (
        "body.inner",
        "has no member 'wholly'; did you mean 'whole'?",
    )
    assert misfit_of(lambda: REQUESTS.load(EverythingRequest, {"must": "m", "zzz": 1})) == (
        "",
        "has no member 'zzz'",
    )
    assert misfit_of(lambda: REQUESTS.load(EverythingRequest, {"must": "m", 5: 1})) == (
        "",
        "has a name that is no str but int",
    )


def test_a_request_takes_tuples_and_refuses_none_in_lists_and_maps() -> None:
    """What Python programs give for a list is taken; a hole in it is not."""
    wire: dict[str, Any] = {"must": "m", "body": {"words": ("a", "b")}}
    assert REQUESTS.load(EverythingRequest, wire).body == Everything(words=["a", "b"])
    wire = {"must": "m", "body": {"words": ["a", None]}}
    assert misfit_of(lambda: REQUESTS.load(EverythingRequest, wire))[0] == "body.words[1]"
    wire = {"must": "m", "body": {"tags": {"a": None}}}
    assert misfit_of(lambda: REQUESTS.load(EverythingRequest, wire))[0] == "body.tags[...]"


@pytest.mark.parametrize("choice", [Choice(), Choice(left="l", right=1)])
def test_a_union_wants_exactly_one_member(choice: Choice) -> None:
    """None or two members of a union are refused on both ways of a request; an answer is read as it came."""
    reason = "must have exactly one of left, right"
    assert misfit_of(lambda: REQUESTS.dump(EverythingRequest(must="m", choice=choice))) == ("choice", reason)
    wire = {"must": "m", "choice": ANSWERS.dump(choice)}
    assert misfit_of(lambda: REQUESTS.load(EverythingRequest, wire)) == ("choice", reason)
    assert ANSWERS.load(Choice, ANSWERS.dump(choice)) == choice


def test_a_union_of_one_member_goes_both_ways() -> None:
    """Exactly one member is what a union wants; a falsy one counts."""
    for choice in (Choice(left=""), Choice(right=0)):
        request = EverythingRequest(must="m", choice=choice)
        assert REQUESTS.load(EverythingRequest, REQUESTS.dump(request)) == request


def test_the_union_of_the_chat_service_is_one() -> None:
    """The one union of the AWS services is checked before anything is sent."""
    none, one = Destination(), Destination(s3=S3Destination(bucket_name="b"))
    assert REQUESTS.dump(CreateLoggingConfigurationRequest(destination_configuration=one)) == {
        "destinationConfiguration": {"s3": {"bucketName": "b"}}
    }
    path, reason = misfit_of(lambda: REQUESTS.dump(CreateLoggingConfigurationRequest(destination_configuration=none)))
    assert path == "destination_configuration"
    assert reason.startswith("must have exactly one of s3, ")


def test_answered_members_must_come() -> None:
    """A curated member that is missing or null makes the answer unfit; one that only the model requires may be None."""
    assert misfit_of(lambda: ANSWERS.load(CreateMeetingResponse, {})) == ("meeting", "is missing from the answer")
    assert misfit_of(lambda: ANSWERS.load(CreateMeetingResponse, {"Meeting": {"MeetingId": None}})) == (
        "meeting.meeting_id",
        "is missing from the answer",
    )
    made = ANSWERS.load(CreateMeetingResponse, {"Meeting": {"MeetingId": "m-1"}})
    assert made.meeting == Meeting(meeting_id="m-1", meeting_arn=None)  # type: ignore[arg-type]


def test_a_list_answer_never_gives_none_for_its_items() -> None:
    """An absent or null list of a list answer is an empty one."""
    for wire in ({}, {"channels": None}, {"channels": []}):
        assert ANSWERS.load(ListChannelsResponse, wire).channels == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("sid", "CA1", "CA1"),
        ("sid", 5, "5"),
        ("sid", 1.5, "1.5"),
        ("sid", True, "true"),
        ("sid", False, "false"),
        ("sid", ["x"], None),
        ("duration", "15", 15),
        ("duration", "15.0", 15),
        ("duration", 15.0, 15),
        ("duration", 15, 15),
        ("duration", "15.5", None),
        ("duration", "long", None),
        ("duration", None, None),
        ("duration", True, None),
        ("audio_in_mos", "4.5", 4.5),
        ("audio_in_mos", 4, 4),
        ("audio_in_mos", "nan", None),
        ("audio_in_mos", "?", None),
        ("audio_in_mos", {}, None),
        ("price", "-0.0085", Decimal("-0.0085")),
        ("price", -0.0085, Decimal("-0.0085")),
        ("price", 1, Decimal(1)),
        ("price", "free", None),
        ("price", "NaN", None),
        ("start_time", "Sat, 21 Nov 2026 12:00:00 +0000", NOON),
        ("start_time", "2026-11-21T12:00:00Z", NOON),
        ("start_time", "whenever", None),
        ("start_time", 1795262400, NOON),
        ("subresource_uris", "none", None),
        ("status", "brand-new-status", "brand-new-status"),
    ],
)
def test_a_tolerant_answer_keeps_what_can_be_read(name: str, value: object, expected: object) -> None:
    """SignalWire's answers break their documentation: what converts is converted, the rest is None, nothing raises."""
    call = TOLERANT_ANSWERS.load(Call, {name: value, "direction": "inbound"})
    found = getattr(call, name)
    assert found == expected
    assert type(found) is type(expected)
    assert call.direction == "inbound"


@define(kw_only=True)
class Switch:
    """A flag in a tolerant answer."""

    muted: bool | None = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("False", False),
        ("1", True),
        (0, False),
        (1, True),
        ("yes", None),
        (2, None),
        (1.0, None),
        ([], None),
    ],
)
def test_a_tolerant_flag(value: object, expected: bool | None) -> None:
    """A flag comes as a bool, a word or a digit; anything else is None."""
    assert TOLERANT_ANSWERS.load(Switch, {"muted": value}).muted is expected


def test_a_tolerant_list_drops_what_is_no_item() -> None:
    """Odd items of a list go, the others stay; a thing that is no list at all is none."""
    calls = TOLERANT_ANSWERS.load(CallList, {"calls": [{"sid": "CA1"}, None, "odd", {"sid": "CA2"}]}).calls
    assert [call.sid for call in calls or ()] == ["CA1", "CA2"]
    assert not TOLERANT_ANSWERS.load(CallList, {"calls": "none"}).calls


@define(kw_only=True)
class Labelled:
    """A mapping in a tolerant answer."""

    labels: Mapping[str, int] | None = None


def test_a_tolerant_mapping_drops_what_does_not_fit() -> None:
    """Odd values of a mapping go, the others stay."""
    assert TOLERANT_ANSWERS.load(Labelled, {"labels": {"a": "1", "b": "x", "c": None}}).labels == {"a": 1}


@define(kw_only=True)
class Identified:
    """A curated member in a tolerant answer."""

    sid: str = field(metadata={"answered": True})


@pytest.mark.parametrize("wire", [{}, {"sid": None}, {"sid": []}])
def test_tolerance_ends_at_curated_members(wire: dict[str, Any]) -> None:
    """Even a tolerant answer must have what it always has."""
    assert misfit_of(lambda: TOLERANT_ANSWERS.load(Identified, wire)) == ("sid", "is missing from the answer")


def test_recorded_sept_dates_of_a_stream() -> None:
    """A stream's answer with `Sept` in its date is read."""
    stream = TOLERANT_ANSWERS.load(
        ConferenceStream, {"sid": "ST1", "date_updated": "Tue, 25 Sept 2018 20:00:00 +0000", "status": "in-progress"}
    )
    assert stream.date_updated == datetime(2018, 9, 25, 20, tzinfo=timezone.utc)


def test_nested_answers_are_typed() -> None:
    """Nested shapes, open enums and unknown members of a real answer."""
    answer = ANSWERS.load(
        GetStreamSessionResponse,
        {
            "streamSession": {
                "streamId": "st-1",
                "startTime": "2026-11-21T12:00:00Z",
                "truncatedEvents": [{"name": "Stream Start", "eventTime": 1795262400}],
                "later": 1,
            }
        },
    )
    session = answer.stream_session
    assert isinstance(session, StreamSession)
    assert session.start_time == NOON
    assert session.truncated_events is not None
    assert (session.truncated_events[0].name, session.truncated_events[0].event_time) == ("Stream Start", NOON)


def test_each_class_has_its_codec() -> None:
    """Requests are read strictly, SignalWire's answers tolerantly, what is no shape not at all."""
    assert codec_for(EverythingRequest) is REQUESTS
    assert codec_for(Everything) is ANSWERS
    assert codec_for(Call) is TOLERANT_ANSWERS
    assert SIGNALWIRE.tolerant
    for odd in (int, dict, Codec):
        with pytest.raises(TypeError, match="is not a shape of a roomtone service"):
            codec_for(odd)
    with pytest.raises(TypeError, match="is not a shape of a roomtone service"):
        codec_for(NotAttrs)


class NotAttrs:
    """In a module with a dialect, and no shape all the same."""


def test_members_know_what_the_record_says() -> None:
    """Required is what is neither optional nor has a default; wire names follow the class's casing rule."""
    members = {member.name: member for member in members_of(Tag)}
    assert [members[name].wire for name in ("key", "value")] == ["Key", "Value"]
    assert all(member.required for member in members.values())
    assert not any(member.required for member in members_of(Everything))
    assert bare_type(str | int | None) == str | int


def test_only_the_class_itself_is_dumped() -> None:
    """The dump hook of one shape refuses another."""
    assert misfit_of(lambda: REQUESTS.dump_hook(Tag)(Meeting(meeting_id="m", meeting_arn="a")))[1] == (
        "must be a Tag, not Meeting"
    )
