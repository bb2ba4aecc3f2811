"""make: every shape of the nine services, held against botocore's models and SignalWire's specification."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cache
from importlib import import_module
from typing import Any

import attrs
import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator

import roomtone
from parity.shapes import SERVICES, needs_locked_botocore, operations, package_name, service_model
from roomtone import chime_sdk_meetings, chime_sdk_messaging, ivs, ivschat, signalwire
from roomtone.testing import make
from roomtone_codegen import facts, samples, signalwire_reader, signalwire_spec
from roomtone_codegen.curation import Undecided

ALL = [*SERVICES, "signalwire"]


def shapes_of(service: str) -> dict[str, type[Any]]:
    """Every shape of a service by its name."""
    models = import_module(f"roomtone.{package_name(service)}.models")
    return {
        name: value
        for name, value in vars(models).items()
        if isinstance(value, type) and attrs.has(value) and value.__module__ == models.__name__
    }


@cache
def modelled(service: str) -> dict[str, Shape]:
    """botocore's shape of each class."""
    model = service_model(service)
    found = {name: model.shape_for(name) for name in model.shape_names}
    for name, operation in operations(service).items():
        one = model.operation_model(name)
        found[operation.request.__name__] = one.input_shape
        if one.output_shape is not None:
            found[operation.response.__name__] = one.output_shape
    return found


def faults(shape: Any, value: Any, where: str) -> Iterator[str]:
    """What of a value is outside the limits of its model, which botocore itself hardly looks at."""
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from faults(shape.members[name], item, f"{where}.{name}")
        return
    if shape.type_name in ("list", "map"):
        items = value.items() if shape.type_name == "map" else enumerate(value)
        for key, item in items:
            if shape.type_name == "map":
                yield from faults(shape.key, key, f"{where} key")
            yield from faults(shape.value if shape.type_name == "map" else shape.member, item, f"{where}[{key}]")
    limits = shape.metadata
    sized = shape.type_name in ("list", "map", "string")
    size = len(value) if sized else value
    numeric = shape.type_name in ("integer", "long", "float", "double")
    if (sized or numeric) and not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{where}: {size} is not within {limits}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"{where}: {value!r} is not in the enum"
    if "pattern" in limits and not matches(limits["pattern"], value):
        yield f"{where}: {value!r} does not fit {limits['pattern']}"


def matches(pattern: str, text: str) -> bool:
    for name, plain in ((r"\p{L}", "A-Za-z"), (r"\p{Z}", " "), (r"\p{N}", "0-9")):
        pattern = pattern.replace(name, plain)
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        assert pattern == "^[-_a-zA-Z0-9]*${2,64}$", "another pattern that is none"
        return True


@needs_locked_botocore
@pytest.mark.parametrize("service", SERVICES)
def test_every_shape_is_valid(service: str) -> None:
    """botocore's validator takes what is made of any shape, and it is within limits, patterns and enums."""
    wrong: list[str] = []
    for name, cls in shapes_of(service).items():
        shape: Any = modelled(service).get(name)
        if shape is None:
            operation = next(one for one in operations(service).values() if one.request is cls)
            assert not attrs.fields(cls), f"{name} of {operation.name} has no model"
            continue
        wire = roomtone.to_wire(make(cls))
        for member, inner in shape.members.items():
            if inner.metadata.get("idempotencyToken") and member not in wire:
                wire[member] = "0f8fad5b-d9cb-469f-a165-70867728950e"
        report = ParamValidator().validate(wire, shape)
        wrong += [f"{name}: {report.generate_report()}"] if report.has_errors() else []
        wrong += faults(shape, wire, name)
    assert wrong == []


def test_the_check_of_limits_can_fail() -> None:
    """The walk above finds what is too long, too many, no value of an enum, and what fits no pattern."""
    shape = service_model("ivs").shape_for("CreateChannelRequest")
    bad = {"name": "n" * 129, "type": "HUGE", "tags": {str(n): "" for n in range(51)}, "latencyMode": "LOW"}
    assert len(list(faults(shape, bad, "it"))) == 3
    assert list(faults(service_model("ivs").shape_for("GetStreamRequest"), {"channelArn": "arn"}, "it"))


def signalwire_faults(target: facts.Type, value: Any, where: str) -> Iterator[str]:
    """The same by the project's own specification of SignalWire."""
    match target:
        case facts.Scalar(kind="str", limits=limits):
            if not samples.fits(limits, value):
                yield f"{where}: {value!r} is not within {limits}"
        case facts.Scalar(kind="int" | "float" | "Decimal", limits=limits):
            if (limits.minimum or value) > value or (limits.maximum or value) < value:
                yield f"{where}: {value!r} is not within {limits}"
        case facts.ListOf(item=item):
            for index, one in enumerate(value):
                yield from signalwire_faults(item, one, f"{where}[{index}]")
        case _:
            pass


def test_every_shape_of_signalwire_is_valid() -> None:
    """What is made of SignalWire's shapes is within the limits of its specification, enums by their first value."""
    service = signalwire_reader.read(signalwire_spec.load())
    known = {shape.name: shape for shape in (*(one.request for one in service.operations), *service.shapes)}
    enums = {enum.name: enum.values for enum in service.enums}
    checked = 0
    for name, cls in shapes_of("signalwire").items():
        made = make(cls)
        for member in known[name].members:
            value = getattr(made, member.name)
            if value is not None:
                checked += 1
                assert list(signalwire_faults(member.type, value, f"{name}.{member.name}")) == []
            if value is not None and isinstance(member.type, facts.EnumOf):
                assert value in (member.fixed, enums[member.type.name][0])
    assert checked > 150


@pytest.mark.parametrize("service", ALL)
def test_every_shape_comes_back_from_the_wire(service: str) -> None:
    """What is made is the same each time, and survives the way to the API's mapping and back."""
    for cls in shapes_of(service).values():
        made = make(cls)
        assert type(made) is cls
        assert made == make(cls)
        assert roomtone.from_wire(cls, roomtone.to_wire(made)) == made


def test_required_and_answered_members_are_there() -> None:
    """A response has what is always answered and nothing else; a request has what is required."""
    made = make(chime_sdk_meetings.CreateMeetingResponse)
    assert made.meeting.meeting_id
    assert made.meeting.media_placement is None
    request = make(chime_sdk_meetings.CreateMeetingWithAttendeesRequest)
    assert len(request.attendees) == 1
    assert request.client_request_token is None


def test_nested_mappings_are_filled_up() -> None:
    """Overrides are Python names on every level; what they leave out is made."""
    made = make(
        ivs.GetStreamSessionResponse,
        stream_session={
            "start_time": "2026-11-21T12:00:00Z",
            "truncated_events": [{"name": "Starvation Start"}, ivs.StreamEvent(name="Stream End")],
            "channel": {"name": "front-row", "tags": {"team": "av"}},
        },
    )
    session = made.stream_session
    assert session is not None
    assert session.start_time == datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
    assert [event.name for event in session.truncated_events or ()] == ["Starvation Start", "Stream End"]
    assert session.channel is not None
    assert (session.channel.name, session.channel.tags) == ("front-row", {"team": "av"})
    assert session.channel.arn


def test_a_union_has_one_member() -> None:
    """A union has its first member, or the one that is given."""
    first = make(ivschat.DestinationConfiguration)
    assert first.s3 is not None
    assert (first.cloud_watch_logs, first.firehose) == (None, None)
    other = make(ivschat.CreateLoggingConfigurationRequest, destination_configuration={"firehose": {}})
    assert other.destination_configuration.s3 is None
    assert other.destination_configuration.firehose == make(ivschat.FirehoseDestinationConfiguration)
    with pytest.raises(roomtone.errors.RequestError, match="must have exactly one of"):
        make(ivschat.DestinationConfiguration, s3={}, firehose={})


def test_a_member_is_left_out_by_none() -> None:
    """None leaves out what would be made, where nothing requires it."""
    assert make(signalwire.Call, sid=None).sid is None
    with pytest.raises(roomtone.errors.RequestError, match=r"GetStreamRequest\.channel_arn is required"):
        make(ivs.GetStreamRequest, channel_arn=None)


def test_what_does_not_fit_is_refused() -> None:
    """Unknown names are a TypeError with the near one; a value of the wrong type names its member, never itself."""
    with pytest.raises(TypeError, match="StreamSession has no member 'stream_di'; did you mean 'stream_id'"):
        make(ivs.GetStreamSessionResponse, stream_session={"stream_di": "st-1"})
    with pytest.raises(roomtone.errors.RequestError, match="must be a str, not int") as refused:
        make(ivs.GetStreamSessionResponse, stream_session={"channel": {"name": 1}})
    assert refused.value.member == "stream_session.channel.name"
    with pytest.raises(roomtone.errors.RequestError, match="must be a timestamp") as refused:
        make(ivs.GetStreamSessionResponse, stream_session={"start_time": "s3cr3t"})
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(TypeError, match="not a shape"):
        make(str)


def test_signalwires_answers_say_something() -> None:
    """A shape of SignalWire's, of which nothing is promised, has a member all the same: an empty answer is none."""
    assert make(signalwire.ConferenceParticipant) != signalwire.ConferenceParticipant()
    assert make(signalwire.ConferenceParticipant, muted=True) == signalwire.ConferenceParticipant(muted=True)


def test_the_generator_stops_without_a_sample() -> None:
    """A pattern that no known text fits is for a person to decide."""
    member = facts.Member(
        name="code", wire="Code", type=facts.Scalar("str", limits=facts.Limits(pattern="[x]{3}y")), required=True
    )
    operation = facts.Operation(
        name="GetIt",
        python_name="get_it",
        method="GET",
        path="/",
        request=facts.Shape(name="GetItRequest", members=(member,)),
        response=None,
        body=None,
        safety="safe",
    )
    service = facts.Service(
        name="x",
        package="x",
        title="X",
        class_prefix="X",
        request_case="pascal",
        shape_case="pascal",
        operations=(operation,),
        shapes=(),
        enums=(),
    )
    with pytest.raises(Undecided, match=r"x GetItRequest\.code: no sample of a text fits"):
        samples.samples(service)


def test_messages_are_long_enough() -> None:
    """Limits of lists hold on the way down: a batch has the members that it needs."""
    request = make(chime_sdk_messaging.BatchCreateChannelMembershipRequest)
    assert len(request.member_arns) == 1
