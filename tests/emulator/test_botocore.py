"""botocore, unmodified, as an independent client: it and roomtone get the same answers to the same script."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import botocore.config
import botocore.exceptions
import botocore.session
import pytest

import roomtone
from parity.shapes import needs_locked_botocore, operations
from roomtone._core.dates import iso8601
from roomtone.emulator import CREDENTIALS, REGION, Emulator
from roomtone.emulator.state import utc_now
from roomtone.errors import ApiError

Answers = list[Any]
Step = tuple[str, str, Callable[[Answers], dict[str, Any]]]
"""A service, an operation, and its parameters as boto3 takes them, made from the answers so far."""

ATTENDEES = [{"ExternalUserId": name} for name in ("ana", "bo", "cy")]
EVERYTHING = {"Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive"}


def meeting(answers: Answers) -> dict[str, Any]:
    return {"MeetingId": answers[0]["Meeting"]["MeetingId"]}


MEETINGS: list[Step] = [
    (
        "chime-sdk-meetings",
        "CreateMeetingWithAttendees",
        lambda _: {
            "ClientRequestToken": "token",
            "MediaRegion": "eu-west-1",
            "ExternalMeetingId": "standup / ü + 42",
            "MeetingFeatures": {"Attendee": {"MaxCount": 4}},
            "Attendees": ATTENDEES,
        },
    ),
    ("chime-sdk-meetings", "GetMeeting", meeting),
    ("chime-sdk-meetings", "ListAttendees", lambda a: {**meeting(a), "MaxResults": 2}),
    ("chime-sdk-meetings", "ListAttendees", lambda a: {**meeting(a), "NextToken": a[2]["NextToken"]}),
    (
        "chime-sdk-meetings",
        "BatchCreateAttendee",
        lambda a: {
            **meeting(a),
            "Attendees": [{"ExternalUserId": "dee", "Capabilities": EVERYTHING}, {"ExternalUserId": "eli"}],
        },
    ),
    ("chime-sdk-meetings", "CreateAttendee", lambda a: {**meeting(a), "ExternalUserId": "eli"}),
    (
        "chime-sdk-meetings",
        "DeleteAttendee",
        lambda a: {**meeting(a), "AttendeeId": a[0]["Attendees"][0]["AttendeeId"]},
    ),
    (
        "chime-sdk-meetings",
        "GetAttendee",
        lambda a: {**meeting(a), "AttendeeId": a[0]["Attendees"][0]["AttendeeId"]},
    ),
    ("chime-sdk-meetings", "ListAttendees", lambda a: {**meeting(a), "MaxResults": 101}),
    ("chime-sdk-meetings", "DeleteMeeting", meeting),
    ("chime-sdk-meetings", "GetMeeting", meeting),
    ("chime-sdk-meetings", "ListTagsForResource", lambda a: {"ResourceARN": a[0]["Meeting"]["MeetingArn"]}),
]

PIPELINES: list[Step] = [
    (
        "chime-sdk-meetings",
        "CreateMeeting",
        lambda _: {"ClientRequestToken": "token", "MediaRegion": "eu-west-1", "ExternalMeetingId": "standup"},
    ),
    (
        "chime-sdk-media-pipelines",
        "CreateMediaPipelineKinesisVideoStreamPool",
        lambda _: {"PoolName": "audio", "StreamConfiguration": {"Region": REGION}, "ClientRequestToken": "token"},
    ),
    (
        "chime-sdk-media-pipelines",
        "CreateMediaStreamPipeline",
        lambda a: {
            "ClientRequestToken": "token",
            "Sources": [{"SourceType": "ChimeSdkMeeting", "SourceArn": a[0]["Meeting"]["MeetingArn"]}],
            "Sinks": [
                {
                    "SinkArn": a[1]["KinesisVideoStreamPoolConfiguration"]["PoolArn"],
                    "SinkType": "KinesisVideoStreamPool",
                    "ReservedStreamCapacity": 3,
                    "MediaStreamType": "MixedAudio",
                }
            ],
        },
    ),
    (
        "chime-sdk-media-pipelines",
        "GetMediaPipeline",
        lambda a: {"MediaPipelineId": a[2]["MediaStreamPipeline"]["MediaPipelineId"]},
    ),
    ("chime-sdk-media-pipelines", "ListMediaPipelines", lambda _: {}),
    (
        "chime-sdk-media-pipelines",
        "GetMediaPipelineKinesisVideoStreamPool",
        lambda a: {"Identifier": a[1]["KinesisVideoStreamPoolConfiguration"]["PoolArn"]},
    ),
    ("chime-sdk-media-pipelines", "DeleteMediaPipelineKinesisVideoStreamPool", lambda _: {"Identifier": "audio"}),
    (
        "chime-sdk-media-pipelines",
        "DeleteMediaPipeline",
        lambda a: {"MediaPipelineId": a[2]["MediaStreamPipeline"]["MediaPipelineId"]},
    ),
    (
        "chime-sdk-media-pipelines",
        "GetMediaPipeline",
        lambda a: {"MediaPipelineId": a[2]["MediaStreamPipeline"]["MediaPipelineId"]},
    ),
]


def on_air(answers: Answers) -> dict[str, Any]:
    return {"channelArn": answers[0]["channel"]["arn"]}


IVS: list[Step] = [
    ("ivs", "CreateChannel", lambda _: {"name": "front-row", "tags": {"a b": "c/ü"}}),
    ("ivs", "GetChannel", lambda a: {"arn": a[0]["channel"]["arn"]}),
    ("ivs", "GetStream", on_air),
    ("emulator", "go_live", on_air),
    ("ivs", "GetStream", on_air),
    ("ivs", "ListStreams", lambda _: {"filterBy": {"health": "HEALTHY"}}),
    ("ivs", "GetStreamSession", on_air),
    ("ivs", "DeleteChannel", lambda a: {"arn": a[0]["channel"]["arn"]}),
    ("ivs", "StopStream", on_air),
    ("ivs", "ListStreamSessions", on_air),
    ("ivs", "ListChannels", lambda _: {"maxResults": 1}),
    ("ivs", "DeleteChannel", lambda a: {"arn": a[0]["channel"]["arn"]}),
    ("ivs", "ListChannels", lambda _: {}),
]


def plain(value: Any) -> Any:
    """An answer as the wire has it: botocore's datetimes as text, its metadata away."""
    if isinstance(value, datetime):
        return iso8601(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name != "ResponseMetadata"}
    return [plain(item) for item in value] if isinstance(value, list) else value


def by_botocore(origin: str, emulator: Emulator) -> Callable[[str, str, dict[str, Any]], Any]:
    session = botocore.session.Session()
    endpoints = emulator.aws(origin).endpoint_url
    assert not isinstance(endpoints, (str, type(None)))
    clients = {
        service: session.create_client(
            service,
            region_name=REGION,
            endpoint_url=endpoints[service],
            aws_access_key_id=CREDENTIALS.access_key_id,
            aws_secret_access_key=CREDENTIALS.secret_access_key,
            config=botocore.config.Config(retries={"total_max_attempts": 1}),
        )
        for service in ("chime-sdk-meetings", "chime-sdk-media-pipelines", "ivs")
    }

    def send(service: str, name: str, params: dict[str, Any]) -> Any:
        try:
            return plain(getattr(clients[service], botocore.xform_name(name))(**params))
        except botocore.exceptions.ClientError as error:
            answer = error.response
            return (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"])

    return send


def run(steps: list[Step], emulator: Emulator, send: Callable[[str, str, dict[str, Any]], Any]) -> Answers:
    answers: Answers = []
    for service, name, params in steps:
        if service == "emulator":
            answers.append(emulator.ivs.go_live(params(answers)["channelArn"]))
        else:
            answers.append(send(service, name, params(answers)))
    return answers


async def run_roomtone(steps: list[Step], emulator: Emulator, live: roomtone.Client) -> Answers:
    answers: Answers = []
    for service, name, params in steps:
        if service == "emulator":
            answers.append(emulator.ivs.go_live(params(answers)["channelArn"]))
            continue
        client = getattr(live, service.replace("-", "_"))
        request = roomtone.from_wire(operations(service)[name].request, params(answers))
        try:
            value = (await client.send(request)).value
            answers.append({} if value is None else roomtone.to_wire(value))
        except ApiError as error:
            answers.append((error.code, error.status))
    return answers


@pytest.fixture
def same_chance(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Begins the emulator's ids and secrets anew, so that two runs can be compared word by word."""

    def begin() -> None:
        numbers, dice = itertools.count(1), random.Random(7)
        ids = SimpleNamespace(uuid4=lambda: uuid.UUID(int=next(numbers)))
        for module in ("meetings", "media_pipelines"):
            monkeypatch.setattr(f"roomtone.emulator.{module}.uuid", ids)
        chance = SimpleNamespace(choice=dice.choice, token_hex=lambda size: dice.randbytes(size).hex())
        for module in ("state",):
            monkeypatch.setattr(f"roomtone.emulator.{module}.secrets", chance)

    return begin


@needs_locked_botocore
@pytest.mark.anyio
@pytest.mark.parametrize("steps", [MEETINGS, PIPELINES, IVS], ids=["meetings", "pipelines", "ivs"])
async def test_the_same_script(
    steps: list[Step], server: str, switchboard: Any, same_chance: Callable[[], None], anyio_backend: str
) -> None:
    """Both clients get the same answers and the same errors, step by step, to the last id."""
    now = utc_now()
    switchboard.emulator = emulator = Emulator(clock=lambda: now)
    same_chance()
    theirs = run(steps, emulator, by_botocore(server, emulator))
    switchboard.emulator = emulator = Emulator(clock=lambda: now)
    same_chance()
    async with roomtone.Client(emulator.aws(server)) as live:
        ours = await run_roomtone(steps, emulator, live)
    assert ours == theirs
    assert len(ours) == len(steps)


def test_the_script_means_something(server: str, switchboard: Any) -> None:
    """The scripts run through success and refusal alike: what botocore got is what the steps are about."""
    switchboard.emulator = emulator = Emulator()
    send = by_botocore(server, emulator)
    meetings = run(MEETINGS, emulator, send)
    assert [len(meetings[step]["Attendees"]) for step in (0, 2, 3)] == [3, 2, 1]
    assert [error["ErrorCode"] for error in meetings[4]["Errors"]] == ["LimitExceededException"]
    assert meetings[5:12] == [
        ("LimitExceededException", 400),
        {},
        ("NotFoundException", 404),
        ("BadRequestException", 400),
        {},
        ("NotFoundException", 404),
        ("NotEmulatedException", 501),
    ]
    pipelines = run(PIPELINES, emulator, send)
    assert pipelines[3]["MediaPipeline"]["MediaStreamPipeline"]["Status"] == "InProgress"
    assert pipelines[6] == ("ConflictException", 409)
    assert pipelines[8] == ("NotFoundException", 404)
    ivs = run(IVS, emulator, send)
    assert ivs[2] == ("ChannelNotBroadcasting", 404)
    assert ivs[4]["stream"]["streamId"] == ivs[6]["streamSession"]["streamId"] == ivs[3]
    assert ivs[7] == ("ConflictException", 409)
    assert (len(ivs[10]["channels"]), ivs[12]["channels"]) == (1, [])
