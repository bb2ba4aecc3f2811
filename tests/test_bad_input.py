"""Bad input is refused before anything is sent, in words that name the member and how to mend it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest

import roomtone
from parity.shapes import SERVICES, Subject, package_name, params_of, subject, subjects
from parity.wire import REGION
from roomtone import chime_sdk_meetings as meetings
from roomtone import errors, from_wire, ivs, ivschat
from roomtone._core.codec import members_of
from roomtone._core.encode import encode

KEYS = roomtone.Credentials("AKIDEXAMPLE", "secret")
NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
NAIVE = datetime(2026, 11, 21)  # noqa: DTZ001


class Untouchable(httpx.AsyncBaseTransport):
    """A transport that must not be reached."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        pytest.fail(f"{request.method} {request.url} was sent")


def client_of(aws: roomtone.Aws | None = None, signalwire: roomtone.SignalWire | None = None) -> roomtone.Client:
    own = httpx.AsyncClient(transport=Untouchable(), verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return roomtone.Client(aws, signalwire, http_client=own)


@pytest.fixture
async def live(anyio_backend: str) -> AsyncIterator[roomtone.Client]:
    """A well-configured client that fails the test when it sends anything."""
    space = roomtone.SignalWire(space="acme", project_id="p-1", api_token="t")
    async with client_of(roomtone.Aws(region=REGION, credentials=KEYS), space) as client:
        yield client


async def refusal(call: Any) -> errors.RequestError:
    """The refusal of a call, as it should be."""
    with pytest.raises(errors.RequestError) as caught:
        await call
    assert isinstance(caught.value, ValueError)
    assert caught.value.attempts == 0
    assert not caught.value.maybe_processed
    return caught.value


def said(error: errors.RequestError) -> str:
    return error.message


# Names


def test_an_unknown_name_is_refused_with_the_one_that_was_meant() -> None:
    """A misspelt name in a request's mapping is told together with the nearest one."""
    with pytest.raises(errors.RequestError) as caught:
        from_wire(meetings.CreateMeetingRequest, {"MediaRegoin": "eu-central-1"})
    assert said(caught.value) == "CreateMeetingRequest has no member 'MediaRegoin'; did you mean 'MediaRegion'?"


def test_an_unknown_name_is_refused_where_it_stands() -> None:
    """The path leads to the shape that the unknown name stands in."""
    good = {"ExternalUserId": "u"}
    with pytest.raises(errors.RequestError) as caught:
        from_wire(
            meetings.BatchCreateAttendeeRequest,
            {"MeetingId": "m", "Attendees": [good, {**good, "Capabilites": {}}]},
        )
    assert caught.value.member == "attendees[1]"
    assert said(caught.value) == (
        "BatchCreateAttendeeRequest.attendees[1] has no member 'Capabilites'; did you mean 'Capabilities'?"
    )


def test_a_name_that_is_like_nothing_is_refused_without_a_guess() -> None:
    """No guess is made where none is near; Python's spelling of a name is one that is near."""
    with pytest.raises(errors.RequestError, match=r"^GetChannelRequest has no member 'xyzzy'$"):
        from_wire(ivs.GetChannelRequest, {"arn": "a", "xyzzy": 1})
    with pytest.raises(errors.RequestError, match=r"did you mean 'MeetingId'"):
        from_wire(meetings.GetMeetingRequest, {"meeting_id": "m"})
    with pytest.raises(errors.RequestError, match="has a name that is no str but int"):
        from_wire(meetings.GetMeetingRequest, {1: "m"})


REQUESTS = [one for one in subjects() if one.model.input_shape is not None]


@pytest.mark.parametrize("one", REQUESTS, ids=str)
def test_every_request_refuses_unknown_and_missing_names(one: Subject) -> None:
    """No request swallows a name that it does not know, a near miss of one, or the lack of a required one."""
    params = params_of(one, "minimal")
    with pytest.raises(errors.RequestError, match="has no member 'NotAMember'"):
        from_wire(one.operation.request, {**params, "NotAMember": 1})
    for name in one.model.input_shape.members:
        near = name[:-1] + "_" + name[-1:]
        with pytest.raises(errors.RequestError) as caught:
            from_wire(one.operation.request, {**params, near: params.get(name)})
        assert f"has no member {near!r}; did you mean " in said(caught.value)
    for member in members_of(one.operation.request):
        if member.wire in one.model.input_shape.required_members and member.name != one.operation.token:
            rest = {name: value for name, value in params.items() if name != member.wire}
            for lacking in (rest, {**params, member.wire: None}):
                with pytest.raises(errors.RequestError) as caught:
                    from_wire(one.operation.request, lacking)
                assert caught.value.member == member.name
                assert said(caught.value) == f"{one.operation.request.__name__}.{member.name} is required"


@pytest.mark.anyio
@pytest.mark.parametrize("service", SERVICES)
async def test_a_required_member_that_is_none_is_refused(service: str, live: roomtone.Client) -> None:
    """A request object whose required member is None is refused by that member's name."""
    client = getattr(live, package_name(service))
    for one in REQUESTS:
        for name in one.model.input_shape.required_members if one.service == service else ():
            member = next(member for member in members_of(one.operation.request) if member.wire == name)
            if member.name == one.operation.token:
                continue
            request = from_wire(one.operation.request, params_of(one, "minimal"))
            setattr(request, member.name, None)
            error = await refusal(client.send(request))
            assert (error.member, said(error)) == (member.name, f"{member.name} is required")
            assert (error.service, error.operation) == (service, one.model.name)


@pytest.mark.anyio
async def test_keyword_arguments_are_pythons_own(live: roomtone.Client) -> None:
    """A missing or unknown keyword argument is a TypeError, as of any function."""
    with pytest.raises(TypeError, match="meeting_id"):
        await live.chime_sdk_meetings.get_meeting()
    with pytest.raises(TypeError, match="colour"):
        await live.chime_sdk_meetings.get_meeting(meeting_id="m", colour="red")
    with pytest.raises(TypeError, match="positional"):
        await live.chime_sdk_meetings.get_meeting("m")
    with pytest.raises(TypeError, match="meeting_id"):
        meetings.GetMeetingRequest()


# Types


@pytest.mark.anyio
async def test_a_wrong_type_is_told_with_its_path(live: roomtone.Client) -> None:
    """The message leads to the very item and member."""
    attendees = [meetings.CreateAttendeeRequestItem(external_user_id=user) for user in ("ana", "bo", "cy", "di")]
    attendees[3].external_user_id = 4
    error = await refusal(live.chime_sdk_meetings.batch_create_attendee(meeting_id="m", attendees=attendees))
    assert error.member == "attendees[3].external_user_id"
    assert said(error) == "attendees[3].external_user_id must be a str, not int"
    assert str(error) == f"chime-sdk-meetings.BatchCreateAttendee: {said(error)}"


def test_a_wrong_type_in_a_mapping_is_told_with_its_path() -> None:
    """So it does for the API's own mappings, in Python's names."""
    good = {"ExternalUserId": "u"}
    with pytest.raises(errors.RequestError) as caught:
        from_wire(
            meetings.BatchCreateAttendeeRequest,
            {"MeetingId": "m", "Attendees": [good, good, good, {"ExternalUserId": 4}]},
        )
    assert caught.value.member == "attendees[3].external_user_id"
    assert said(caught.value) == "BatchCreateAttendeeRequest.attendees[3].external_user_id must be a str, not int"


@pytest.mark.anyio
async def test_a_mapping_in_place_of_a_shape_is_told_how_to_mend(live: roomtone.Client) -> None:
    """A dict for a nested shape names the class, and what makes one of a mapping."""
    error = await refusal(
        live.chime_sdk_meetings.batch_create_attendee(meeting_id="m", attendees=[{"ExternalUserId": "u"}])
    )
    assert said(error) == (
        "attendees[0] must be a CreateAttendeeRequestItem, not dict; "
        "from_wire(CreateAttendeeRequestItem, ...) makes one of a mapping"
    )


@pytest.mark.anyio
async def test_a_bare_str_is_no_sequence(live: roomtone.Client) -> None:
    """A str is not taken apart into letters, in the body and in the query, nor are bytes; a tuple is a sequence."""
    for wrong, kind in (("arn:a", "str"), (b"arn", "bytes"), ({"arn"}, "set"), ({"arn": 1}, "dict")):
        error = await refusal(live.ivs.batch_get_channel(arns=wrong))
        assert said(error) == f"arns must be a sequence such as a list, not {kind}"
        error = await refusal(live.ivs.untag_resource(resource_arn="arn:a", tag_keys=wrong))
        assert said(error) == f"tag_keys must be a sequence such as a list, not {kind}"
    assert encode(subject("ivs.BatchGetChannel").operation, ivs.BatchGetChannelRequest(arns=("a", "b"))).body
    with pytest.raises(errors.RequestError, match=r"^BatchGetChannelRequest\.arns must be a list, not str$"):
        from_wire(ivs.BatchGetChannelRequest, {"arns": "arn:a"})


@pytest.mark.anyio
async def test_numbers_booleans_and_texts_are_not_taken_for_each_other(live: roomtone.Client) -> None:
    """No silent conversion: True is no number, "5" is no number, 1 is no boolean, 1.0 is no int."""
    for wrong, kind in ((True, "bool"), ("5", "str"), (1.0, "float")):
        error = await refusal(live.ivs.list_channels(max_results=wrong))
        assert said(error) == f"max_results must be an int, not {kind}"
        error = await refusal(live.chime_sdk_meetings.list_attendees(meeting_id="m", max_results=wrong))
        assert said(error) == f"max_results must be an int, not {kind}"
    error = await refusal(live.ivs.create_channel(authorized=1))
    assert said(error) == "authorized must be a bool, not int"
    error = await refusal(live.ivs.get_channel(arn=b"arn"))
    assert said(error) == "arn must be a str, not bytes"
    error = await refusal(live.chime_sdk_meetings.get_meeting(meeting_id=7))
    assert said(error) == "meeting_id must be a str, not int"


@pytest.mark.anyio
async def test_a_naive_datetime_is_refused(live: roomtone.Client) -> None:
    """A datetime without a zone is refused in query and body, with the way to make one that has it."""
    mend = "must be an aware datetime, as datetime.now(timezone.utc) gives; it has no zone"
    error = await refusal(
        live.chime_sdk_messaging.list_channel_messages(channel_arn="arn:a", chime_bearer="arn:b", not_before=NAIVE)
    )
    assert said(error) == f"not_before {mend}"
    pipelines = subject("chime-sdk-media-pipelines.CreateMediaInsightsPipeline").operation
    shapes = roomtone.chime_sdk_media_pipelines
    selector = shapes.FragmentSelector(
        fragment_selector_type="ServerTimestamp",
        timestamp_range=shapes.TimestampRange(start_timestamp=NOW, end_timestamp=NAIVE),
    )
    source = shapes.KinesisVideoStreamRecordingSourceRuntimeConfiguration(streams=[], fragment_selector=selector)
    request = shapes.CreateMediaInsightsPipelineRequest(
        media_insights_pipeline_configuration_arn="arn:c",
        kinesis_video_stream_recording_source_runtime_configuration=source,
    )
    error = await refusal(live.chime_sdk_media_pipelines.send(request))
    where = (
        "kinesis_video_stream_recording_source_runtime_configuration.fragment_selector.timestamp_range.end_timestamp"
    )
    assert (error.member, said(error)) == (where, f"{where} {mend}")
    selector.timestamp_range.end_timestamp = NOW
    assert encode(pipelines, request).body
    error = await refusal(
        live.chime_sdk_messaging.list_channel_messages(
            channel_arn="arn:a",
            chime_bearer="arn:b",
            not_before="2026-11-21T00:00:00Z",
        )
    )
    assert said(error) == "not_before must be a datetime, not str"


@pytest.mark.anyio
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
async def test_a_number_that_json_lacks_is_refused(number: float, live: roomtone.Client) -> None:
    """NaN and the infinities are no JSON, so they are not sent."""
    video = roomtone.ivs_realtime.Video(framerate=number)
    error = await refusal(live.ivs_realtime.create_encoder_configuration(video=video))
    assert said(error) == "video.framerate must be a finite number"


@pytest.mark.anyio
async def test_a_lone_surrogate_is_refused_wherever_it_stands(live: roomtone.Client) -> None:
    """Text that UTF-8 can't carry is refused in path, query, header, body, items and keys."""
    bad = "a\udc80b"
    why = "must be text that UTF-8 can carry; it holds a lone surrogate"
    for call, member in (
        (live.chime_sdk_meetings.get_meeting(meeting_id=bad), "meeting_id"),
        (live.chime_sdk_meetings.list_attendees(meeting_id="m", next_token=bad), "next_token"),
        (live.chime_sdk_messaging.describe_channel(channel_arn="arn:a", chime_bearer=bad), "chime_bearer"),
        (live.ivs.get_channel(arn=bad), "arn"),
        (live.ivs.batch_get_channel(arns=["a", bad]), "arns[1]"),
        (live.ivs.create_channel(tags={"k": bad}), "tags[...]"),
        (live.ivs.create_channel(tags={bad: "v"}), "tags[...]"),
        (live.ivs.untag_resource(resource_arn="arn:a", tag_keys=[bad]), "tag_keys[0]"),
    ):
        error = await refusal(call)
        assert (error.member, said(error)) == (member, f"{member} {why}")


# Path, header, union


@pytest.mark.anyio
@pytest.mark.parametrize("service", SERVICES)
async def test_a_path_value_that_changes_the_path_is_refused(service: str, live: roomtone.Client) -> None:
    """Empty, `.` and `..` are refused for every path member of every operation: they would be another resource."""
    client = getattr(live, package_name(service))
    for one in REQUESTS:
        if one.service == service:
            request = from_wire(one.operation.request, params_of(one, "minimal"))
            for name in one.operation.labels:
                good = getattr(request, name)
                for value in ("", ".", ".."):
                    setattr(request, name, value)
                    error = await refusal(client.send(request))
                    assert error.member == name
                    assert said(error) == f"{name} must not be empty, '.' or '..', because it is a part of the path"
                setattr(request, name, good)


@pytest.mark.anyio
@pytest.mark.parametrize("value", ["arn\r\nX-Admin: yes", "arn\nx", "arn\r", "arn\x00", " arn", "arn ", "arn\t"])
async def test_a_header_value_stays_one_header(value: str, live: roomtone.Client) -> None:
    """CR, LF and their like are refused in header members and in headers of the user's."""
    error = await refusal(live.chime_sdk_messaging.describe_channel(channel_arn="arn:a", chime_bearer=value))
    assert error.member == "chime_bearer"
    assert said(error) == ("chime_bearer must not hold control characters such as CR or LF, nor white space around it")
    with pytest.raises(errors.RequestError) as caught:
        live.ivs.with_options(headers={"X-Trace": value})
    assert said(caught.value) == (
        "headers['X-Trace'] must be a str without control characters such as CR or LF, nor white space around it"
    )


@pytest.mark.anyio
async def test_header_names_are_tokens_and_not_ours(live: roomtone.Client) -> None:
    """A header's name is a token, and none of those that a request's identity hangs on."""
    for name in ("", "a b", "a:b", "a\r\nb", "ä", 5):
        with pytest.raises(errors.RequestError, match="a name must be a token of letters, digits and -"):
            live.ivs.with_options(headers={name: "x"})
    for name in ("Authorization", "HOST", "x-amz-date", "X-Amz-Security-Token", "Content-Length", "Cookie"):
        with pytest.raises(errors.RequestError, match="is set by roomtone itself"):
            live.signalwire.with_options(headers={name: "x"})


@pytest.mark.anyio
async def test_a_union_has_exactly_one_member(live: roomtone.Client) -> None:
    """A union with none or two of its members is refused, from objects and from mappings."""
    s3 = ivschat.S3DestinationConfiguration(bucket_name="b")
    logs = ivschat.CloudWatchLogsDestinationConfiguration(log_group_name="g")
    why = "destination_configuration must have exactly one of s3, cloud_watch_logs, firehose"
    for union in (
        ivschat.DestinationConfiguration(),
        ivschat.DestinationConfiguration(s3=s3, cloud_watch_logs=logs),
    ):
        error = await refusal(live.ivschat.create_logging_configuration(destination_configuration=union))
        assert (error.member, said(error)) == ("destination_configuration", why)
    for mapping in ({}, {"s3": {"bucketName": "b"}, "cloudWatchLogs": {"logGroupName": "g"}}):
        with pytest.raises(errors.RequestError) as caught:
            from_wire(ivschat.CreateLoggingConfigurationRequest, {"destinationConfiguration": mapping})
        assert said(caught.value) == f"CreateLoggingConfigurationRequest.{why}"


@pytest.mark.anyio
async def test_more_parameters_than_can_be_numbered_are_refused(live: roomtone.Client) -> None:
    """A stream takes 99 parameters and no more."""
    parameters = {f"k{number}": "v" for number in range(100)}
    error = await refusal(
        live.signalwire.conferences.start_stream("CF1", url="wss://media.example/ws", parameters=parameters)
    )
    assert error.member == "parameters"
    assert said(error) == "parameters holds 100 pairs; at most 99 can be sent"
    error = await refusal(live.signalwire.conferences.start_stream("..", url="wss://media.example/ws"))
    assert error.member == "conference_sid"


# What `send` and pages take


@pytest.mark.anyio
async def test_send_takes_requests_of_its_service_only(live: roomtone.Client) -> None:
    """A request of another service, an answer or a dict is refused with the package whose requests it takes."""
    request = meetings.GetMeetingRequest(meeting_id="m")
    for wrong in (request, {"arn": "a"}, ivs.GetChannelResponse, None):
        error = await refusal(live.ivs.send(wrong))
        assert "is no request of this service; send takes one of roomtone.ivs" in said(error)


@pytest.mark.anyio
async def test_a_starting_token_is_a_str(live: roomtone.Client) -> None:
    """A token of another kind is refused when the pages are asked for."""
    with pytest.raises(errors.RequestError, match="starting_token must be a str, not int"):
        live.ivs.iter_channels(starting_token=5)


@pytest.mark.anyio
async def test_options_out_of_range_are_refused(live: roomtone.Client) -> None:
    """Times are above zero, attempts are whole and at least one."""
    for name in ("timeout", "attempt_timeout"):
        for wrong in (0, -1, float("nan"), "5", True):
            with pytest.raises(errors.RequestError, match=rf"^{name} must be a positive number of seconds, or None"):
                live.ivs.with_options(**{name: wrong})
    for wrong in (0, -1, 1.5, "2", True):
        with pytest.raises(errors.RequestError, match=r"^max_attempts must be a whole number, 1 or more, or None$"):
            live.ivs.with_options(max_attempts=wrong)


# Configuration


async def misconfigured(aws: roomtone.Aws | None, **options: Any) -> str:
    """What is said of a configuration when it is first used."""
    async with client_of(aws) as live:
        with pytest.raises(errors.ConfigurationError) as caught:
            await live.ivs.with_options(**options).list_channels()
    assert caught.value.attempts == 0
    assert caught.value.service == "ivs"
    return caught.value.message


@pytest.mark.anyio
async def test_no_region_says_what_was_tried() -> None:
    """Without a region the message lists every place one can stand in, and an example."""
    told = await misconfigured(roomtone.Aws(credentials=KEYS))
    for place in ("Aws(region=)", "AWS_REGION", "AWS_DEFAULT_REGION", "~/.aws/config", "Aws(region='eu-central-1')"):
        assert place in told


@pytest.mark.anyio
@pytest.mark.parametrize(
    "region", ["eu central 1", "EU-CENTRAL-1", "a/b", "evil.example", "-eu", "x@y", "eu\r\n", "é", "r" * 64]
)
async def test_a_malformed_region_is_refused(region: str) -> None:
    """A region becomes part of a host name, so it must be one label of it; wherever it comes from."""
    told = await misconfigured(roomtone.Aws(region=region, credentials=KEYS))
    assert "region" in told
    assert "malformed" in told
    assert "eu-central-1" in told
    assert region not in told
    told = await misconfigured(roomtone.Aws(region=REGION, credentials=KEYS), region=region)
    assert "malformed" in told


@pytest.mark.anyio
async def test_no_credentials_says_what_was_tried() -> None:
    """Without credentials the message lists the chain and how to give them."""
    told = await misconfigured(roomtone.Aws(region=REGION))
    assert told.startswith("no AWS credentials. Tried in order: ")
    assert "Aws(credentials=)" in told


@pytest.mark.anyio
@pytest.mark.parametrize("variant", ["use_fips", "use_dualstack"])
async def test_a_custom_endpoint_takes_no_variant(variant: str) -> None:
    """FIPS and dual stack name AWS's own endpoints; with a custom one they are refused, not dropped."""
    given: dict[str, Any] = {variant: True}
    aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url="https://aws.example", **given)
    told = await misconfigured(aws)
    assert "a custom endpoint goes with neither FIPS nor dual stack" in told
    assert "aws.example" not in told


@pytest.mark.anyio
async def test_plain_http_beyond_loopback_wants_leave() -> None:
    """An endpoint without TLS is for loopback, unless it is allowed in so many words."""
    told = await misconfigured(roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url="http://aws.example"))
    assert "plain http" in told
    assert "Aws(allow_http=True)" in told


@pytest.mark.anyio
@pytest.mark.parametrize("missing", ["space", "project_id", "api_token"])
async def test_signalwire_says_what_is_missing(missing: str) -> None:
    """Space, project and token are each asked for by name, with their variable."""
    given = {"space": "acme", "project_id": "p", "api_token": "t"}
    del given[missing]
    async with client_of(None, roomtone.SignalWire(**given)) as live:
        with pytest.raises(errors.ConfigurationError) as caught:
            await live.signalwire.conferences.stop_stream("CF1", "S1")
    assert f"no SignalWire {missing}" in caught.value.message
    assert f"SIGNALWIRE_{missing.upper()}" in caught.value.message


def test_arguments_of_the_wrong_kind_are_refused_at_once() -> None:
    """A string for `aws`, a mapping for `signalwire` and the like are told when the client is made."""
    with pytest.raises(errors.ConfigurationError, match=r"^aws must be a roomtone\.Aws, not str$"):
        roomtone.Client("eu-central-1")
    with pytest.raises(errors.ConfigurationError, match=r"^signalwire must be a roomtone\.SignalWire, not dict$"):
        roomtone.Client(signalwire={"space": "acme"})
    with pytest.raises(errors.ConfigurationError, match="max_connections must be a whole number"):
        roomtone.Client(max_connections=0)
    with pytest.raises(errors.ConfigurationError, match=r"Aws\.max_attempts must be a whole number"):
        roomtone.Aws(max_attempts=0)
    with pytest.raises(errors.ConfigurationError, match=r"Aws\.retry_mode must be 'standard' or 'adaptive'"):
        roomtone.Aws(retry_mode="legacy")


def test_wire_functions_take_shapes_only() -> None:
    """`to_wire` and `from_wire` say that what they got is no shape."""
    for wrong in ({}, "x", 5, KEYS, int):
        with pytest.raises(TypeError, match="is not a shape of a roomtone service"):
            roomtone.to_wire(wrong)
    for cls in (dict, int, roomtone.Credentials):
        with pytest.raises(TypeError, match="is not a shape of a roomtone service"):
            from_wire(cls, {})
    with pytest.raises(errors.RequestError, match=r"^GetChannelRequest must be an object, not list$"):
        from_wire(ivs.GetChannelRequest, [])
