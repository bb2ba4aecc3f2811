"""botocore, unmodified, as an independent client: it and roomtone get the same answers to the same script."""

from __future__ import annotations

import itertools
import operator
import random
import sys
import uuid
from collections.abc import Callable, Iterable
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
"""A service, an operation, and its parameters as boto3 takes them, made from the answers so far.

The service `emulator` stands for a command of the emulator and its arguments.
"""

ATTENDEES = [{"ExternalUserId": name} for name in ("ana", "bo", "cy")]
EVERYTHING = {"Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive"}


def meeting(answers: Answers) -> dict[str, Any]:
    return {"MeetingId": answers[0]["Meeting"]["MeetingId"]}


def ana(answers: Answers) -> dict[str, Any]:
    return {**meeting(answers), "AttendeeId": answers[0]["Attendees"][0]["AttendeeId"]}


def tagged(answers: Answers) -> dict[str, Any]:
    return {"ResourceARN": answers[0]["Meeting"]["MeetingArn"]}


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
            "Tags": [{"Key": "team", "Value": "video"}],
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
        "UpdateAttendeeCapabilities",
        lambda a: {**ana(a), "Capabilities": {"Audio": "Receive", "Video": "None", "Content": "None"}},
    ),
    (
        "chime-sdk-meetings",
        "UpdateAttendeeCapabilities",
        lambda a: {**ana(a), "Capabilities": {**EVERYTHING, "Video": "None"}},
    ),
    (
        "chime-sdk-meetings",
        "BatchUpdateAttendeeCapabilitiesExcept",
        lambda a: {
            **meeting(a),
            "ExcludedAttendeeIds": [{"AttendeeId": ana(a)["AttendeeId"]}],
            "Capabilities": {**EVERYTHING, "Audio": "Send"},
        },
    ),
    ("chime-sdk-meetings", "ListAttendees", meeting),
    ("chime-sdk-meetings", "DeleteAttendee", ana),
    ("chime-sdk-meetings", "GetAttendee", ana),
    ("chime-sdk-meetings", "ListAttendees", lambda a: {**meeting(a), "MaxResults": 101}),
    (
        "chime-sdk-meetings",
        "StartMeetingTranscription",
        lambda a: {**meeting(a), "TranscriptionConfiguration": {"EngineTranscribeSettings": {"LanguageCode": "en-US"}}},
    ),
    ("chime-sdk-meetings", "StartMeetingTranscription", lambda a: {**meeting(a), "TranscriptionConfiguration": {}}),
    ("chime-sdk-meetings", "StopMeetingTranscription", meeting),
    ("chime-sdk-meetings", "TagResource", lambda a: {**tagged(a), "Tags": [{"Key": "a", "Value": "b/ü"}]}),
    ("chime-sdk-meetings", "UntagResource", lambda a: {**tagged(a), "TagKeys": ["team", "none"]}),
    ("chime-sdk-meetings", "ListTagsForResource", tagged),
    ("chime-sdk-meetings", "ListTagsForResource", lambda _: {"ResourceARN": "arn:aws:chime:x:111111111111:meeting/y"}),
    (
        "chime-sdk-meetings",
        "TagResource",
        lambda a: {**tagged(a), "Tags": [{"Key": f"k{number}", "Value": ""} for number in range(50)]},
    ),
    ("chime-sdk-meetings", "DeleteMeeting", meeting),
    ("chime-sdk-meetings", "GetMeeting", meeting),
    ("chime-sdk-meetings", "ListTagsForResource", tagged),
    (
        "chime-sdk-meetings",
        "CreateMeeting",
        lambda _: {"ClientRequestToken": "token", "MediaRegion": "eu-west-1", "ExternalMeetingId": "standup"},
    ),
]

BUCKET = "arn:aws:s3:::recordings"
STREAM = "arn:aws:kinesisvideo:eu-central-1:123456789012:stream/call/1700000000000"
ENABLED = {"State": "Enabled"}
PARTS = ("Audio", "Video", "Content", "DataChannel", "TranscriptionMessages", "MeetingEvents", "CompositedVideo")


def pipeline_id(answers: Answers, step: int) -> str:
    [pipeline] = answers[step].values()
    return str(pipeline["MediaPipelineId"])


def the_pipeline(step: int) -> Callable[[Answers], dict[str, Any]]:
    return lambda answers: {"MediaPipelineId": pipeline_id(answers, step)}


def meeting_arn(answers: Answers) -> str:
    return str(answers[0]["Meeting"]["MeetingArn"])


def elements(*types: str) -> list[dict[str, Any]]:
    configurations: dict[str, dict[str, Any]] = {
        "KinesisDataStreamSink": {"InsightsTarget": "arn:aws:kinesis:eu-central-1:123456789012:stream/insights"},
        "VoiceAnalyticsProcessor": {"SpeakerSearchStatus": "Enabled", "VoiceToneAnalysisStatus": "Enabled"},
    }
    return [{"Type": one, f"{one}Configuration": configurations[one]} for one in types]


def search(answers: Answers) -> dict[str, Any]:
    task = answers[29]["SpeakerSearchTask"]["SpeakerSearchTaskId"]
    return {"Identifier": pipeline_id(answers, 28), "SpeakerSearchTaskId": task}


def analysis(answers: Answers) -> dict[str, Any]:
    task = answers[30]["VoiceToneAnalysisTask"]["VoiceToneAnalysisTaskId"]
    return {"Identifier": pipeline_id(answers, 28), "VoiceToneAnalysisTaskId": task}


def pipeline_step(name: str, params: Callable[[Answers], dict[str, Any]]) -> Step:
    return "chime-sdk-media-pipelines", name, params


PIPELINES: list[Step] = [
    (
        "chime-sdk-meetings",
        "CreateMeeting",
        lambda _: {"ClientRequestToken": "token", "MediaRegion": "eu-west-1", "ExternalMeetingId": "standup"},
    ),
    pipeline_step(
        "CreateMediaPipelineKinesisVideoStreamPool",
        lambda _: {"PoolName": "audio", "StreamConfiguration": {"Region": REGION}, "ClientRequestToken": "token"},
    ),
    pipeline_step(
        "CreateMediaStreamPipeline",
        lambda a: {
            "ClientRequestToken": "token",
            "Sources": [{"SourceType": "ChimeSdkMeeting", "SourceArn": meeting_arn(a)}],
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
    pipeline_step("GetMediaPipeline", the_pipeline(2)),
    pipeline_step("ListMediaPipelines", lambda _: {}),
    pipeline_step(
        "GetMediaPipelineKinesisVideoStreamPool",
        lambda a: {"Identifier": a[1]["KinesisVideoStreamPoolConfiguration"]["PoolArn"]},
    ),
    pipeline_step("DeleteMediaPipelineKinesisVideoStreamPool", lambda _: {"Identifier": "audio"}),
    pipeline_step("DeleteMediaPipeline", the_pipeline(2)),
    pipeline_step("GetMediaPipeline", the_pipeline(2)),
    pipeline_step(
        "UpdateMediaPipelineKinesisVideoStreamPool",
        lambda _: {"Identifier": "audio", "StreamConfiguration": {"DataRetentionInHours": 48}},
    ),
    pipeline_step("ListMediaPipelineKinesisVideoStreamPools", lambda _: {"MaxResults": 1}),
    pipeline_step("DeleteMediaPipelineKinesisVideoStreamPool", lambda _: {"Identifier": "audio"}),
    pipeline_step(  # 12
        "CreateMediaCapturePipeline",
        lambda a: {
            "SourceType": "ChimeSdkMeeting",
            "SourceArn": meeting_arn(a),
            "SinkType": "S3Bucket",
            "SinkArn": BUCKET,
            "ClientRequestToken": "token",
            "ChimeSdkMeetingConfiguration": {
                "ArtifactsConfiguration": {
                    "Audio": {"MuxType": "AudioOnly"},
                    "Video": {"State": "Disabled"},
                    "Content": {"State": "Disabled"},
                }
            },
            "Tags": [{"Key": "team", "Value": "video"}],
        },
    ),
    pipeline_step("GetMediaCapturePipeline", the_pipeline(12)),
    pipeline_step("ListMediaCapturePipelines", lambda _: {}),
    pipeline_step(  # 15
        "CreateMediaConcatenationPipeline",
        lambda a: {
            "Sources": [
                {
                    "Type": "MediaCapturePipeline",
                    "MediaCapturePipelineSourceConfiguration": {
                        "MediaPipelineArn": a[12]["MediaCapturePipeline"]["MediaPipelineArn"],
                        "ChimeSdkMeetingConfiguration": {"ArtifactsConfiguration": dict.fromkeys(PARTS, ENABLED)},
                    },
                }
            ],
            "Sinks": [{"Type": "S3Bucket", "S3BucketSinkConfiguration": {"Destination": BUCKET}}],
            "ClientRequestToken": "token",
        },
    ),
    pipeline_step("GetMediaPipeline", the_pipeline(15)),
    pipeline_step("DeleteMediaCapturePipeline", the_pipeline(12)),
    pipeline_step("GetMediaPipeline", the_pipeline(15)),
    ("emulator", "media_pipelines.stop", lambda a: {"identifier": pipeline_id(a, 15)}),
    pipeline_step("GetMediaPipeline", the_pipeline(15)),
    pipeline_step(  # 21
        "CreateMediaLiveConnectorPipeline",
        lambda a: {
            "Sources": [
                {
                    "SourceType": "ChimeSdkMeeting",
                    "ChimeSdkMeetingLiveConnectorConfiguration": {
                        "Arn": meeting_arn(a),
                        "MuxType": "AudioWithActiveSpeakerVideo",
                    },
                }
            ],
            "Sinks": [{"SinkType": "RTMP", "RTMPConfiguration": {"Url": "rtmps://live.example/app/key"}}],
            "ClientRequestToken": "token",
        },
    ),
    ("emulator", "media_pipelines.fail", lambda a: {"identifier": pipeline_id(a, 21)}),
    pipeline_step("GetMediaPipeline", the_pipeline(21)),
    pipeline_step(
        "CreateMediaInsightsPipelineConfiguration",
        lambda _: {
            "MediaInsightsPipelineConfigurationName": "calls",
            "ResourceAccessRoleArn": "arn:aws:iam::123456789012:role/insights",
            "Elements": elements("KinesisDataStreamSink"),
            "ClientRequestToken": "token",
        },
    ),
    pipeline_step(
        "UpdateMediaInsightsPipelineConfiguration",
        lambda _: {
            "Identifier": "calls",
            "ResourceAccessRoleArn": "arn:aws:iam::123456789012:role/insights",
            "RealTimeAlertConfiguration": {
                "Rules": [
                    {"Type": "KeywordMatch", "KeywordMatchConfiguration": {"RuleName": "help", "Keywords": ["help"]}}
                ]
            },
            "Elements": elements("VoiceAnalyticsProcessor", "KinesisDataStreamSink"),
        },
    ),
    pipeline_step("GetMediaInsightsPipelineConfiguration", lambda _: {"Identifier": "calls"}),
    pipeline_step("ListMediaInsightsPipelineConfigurations", lambda _: {}),
    pipeline_step(  # 28
        "CreateMediaInsightsPipeline",
        lambda a: {
            "MediaInsightsPipelineConfigurationArn": a[26]["MediaInsightsPipelineConfiguration"][
                "MediaInsightsPipelineConfigurationArn"
            ],
            "KinesisVideoStreamSourceRuntimeConfiguration": {
                "Streams": [{"StreamArn": STREAM, "StreamChannelDefinition": {"NumberOfChannels": 1}}],
                "MediaEncoding": "pcm",
                "MediaSampleRate": 48000,
            },
            "MediaInsightsRuntimeMetadata": {"case": "42/ü"},
            "ClientRequestToken": "token",
        },
    ),
    pipeline_step(  # 29
        "StartSpeakerSearchTask",
        lambda a: {
            "Identifier": pipeline_id(a, 28),
            "VoiceProfileDomainArn": "arn:aws:chime:eu-central-1:123456789012:voice-profile-domain/x",
            "KinesisVideoStreamSourceTaskConfiguration": {"StreamArn": STREAM, "ChannelId": 0},
            "ClientRequestToken": "token",
        },
    ),
    pipeline_step(  # 30
        "StartVoiceToneAnalysisTask",
        lambda a: {"Identifier": pipeline_id(a, 28), "LanguageCode": "en-US", "ClientRequestToken": "token"},
    ),
    pipeline_step("GetSpeakerSearchTask", search),
    pipeline_step("StopSpeakerSearchTask", search),
    pipeline_step("GetSpeakerSearchTask", search),
    pipeline_step("StopSpeakerSearchTask", search),
    pipeline_step("GetVoiceToneAnalysisTask", analysis),
    pipeline_step(
        "UpdateMediaInsightsPipelineStatus", lambda a: {"Identifier": pipeline_id(a, 28), "UpdateStatus": "Pause"}
    ),
    pipeline_step("GetMediaPipeline", the_pipeline(28)),
    pipeline_step("GetVoiceToneAnalysisTask", analysis),
    pipeline_step("StopVoiceToneAnalysisTask", analysis),
    pipeline_step(
        "UpdateMediaInsightsPipelineStatus", lambda a: {"Identifier": pipeline_id(a, 28), "UpdateStatus": "Resume"}
    ),
    pipeline_step("DeleteMediaInsightsPipelineConfiguration", lambda _: {"Identifier": "calls"}),
    pipeline_step(
        "TagResource",
        lambda a: {
            "ResourceARN": a[28]["MediaInsightsPipeline"]["MediaPipelineArn"],
            "Tags": [{"Key": "a b", "Value": "c/ü"}, {"Key": "team", "Value": "calls"}],
        },
    ),
    pipeline_step(
        "UntagResource",
        lambda a: {"ResourceARN": a[28]["MediaInsightsPipeline"]["MediaPipelineArn"], "TagKeys": ["team"]},
    ),
    pipeline_step("ListTagsForResource", lambda a: {"ResourceARN": a[28]["MediaInsightsPipeline"]["MediaPipelineArn"]}),
    pipeline_step("DeleteMediaPipeline", the_pipeline(28)),
    pipeline_step("DeleteMediaInsightsPipelineConfiguration", lambda _: {"Identifier": "calls"}),
    pipeline_step("GetMediaInsightsPipelineConfiguration", lambda _: {"Identifier": "calls"}),
]


def on_air(answers: Answers) -> dict[str, Any]:
    return {"channelArn": answers[0]["channel"]["arn"]}


IVS: list[Step] = [
    ("ivs", "CreateChannel", lambda _: {"name": "front-row", "tags": {"a b": "c/ü"}}),
    ("ivs", "GetChannel", lambda a: {"arn": a[0]["channel"]["arn"]}),
    ("ivs", "GetStream", on_air),
    ("emulator", "ivs.go_live", lambda a: {"channel_arn": a[0]["channel"]["arn"]}),
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


def plain(value: Any, stamp: Callable[[datetime], Any] = iso8601) -> Any:
    """An answer as the wire has it: botocore's datetimes as it writes them, its metadata away."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return {name: plain(item, stamp) for name, item in value.items() if name != "ResponseMetadata"}
    return [plain(item, stamp) for item in value] if isinstance(value, list) else value


def by_botocore(
    origin: str,
    emulator: Emulator,
    services: Iterable[str] = ("chime-sdk-meetings", "chime-sdk-media-pipelines", "ivs"),
    stamp: Callable[[datetime], Any] = iso8601,
) -> Callable[[str, str, dict[str, Any]], Any]:
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
        for service in services
    }

    def send(service: str, name: str, params: dict[str, Any]) -> Any:
        try:
            return plain(getattr(clients[service], botocore.xform_name(name))(**params), stamp)
        except botocore.exceptions.ClientError as error:
            answer = error.response
            return (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"])

    return send


def command(emulator: Emulator, name: str) -> Callable[..., Any]:
    """A command of the emulator by its place: `ivs.go_live`."""
    found: Callable[..., Any] = operator.attrgetter(name)(emulator)
    return found


def run(steps: list[Step], emulator: Emulator, send: Callable[[str, str, dict[str, Any]], Any]) -> Answers:
    answers: Answers = []
    for service, name, params in steps:
        if service == "emulator":
            answers.append(command(emulator, name)(**params(answers)))
        else:
            answers.append(send(service, name, params(answers)))
    return answers


async def run_roomtone(steps: list[Step], emulator: Emulator, live: roomtone.Client) -> Answers:
    answers: Answers = []
    for service, name, params in steps:
        if service == "emulator":
            answers.append(command(emulator, name)(**params(answers)))
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
        doubles = {
            "uuid": SimpleNamespace(uuid4=lambda: uuid.UUID(int=next(numbers))),
            "secrets": SimpleNamespace(choice=dice.choice, token_hex=lambda size: dice.randbytes(size).hex()),
        }
        for module in [module for name, module in sys.modules.items() if name.startswith("roomtone.emulator.")]:
            for name in doubles.keys() & vars(module).keys():
                monkeypatch.setattr(module, name, doubles[name])

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
    assert meetings[5] == ("LimitExceededException", 400)
    assert meetings[7] == ("BadRequestException", 400)
    assert [attendee["Capabilities"]["Audio"] for attendee in meetings[9]["Attendees"]] == ["Receive", *["Send"] * 3]
    assert meetings[10:18] == [
        {},
        ("NotFoundException", 404),
        ("BadRequestException", 400),
        {},
        ("BadRequestException", 400),
        {},
        {},
        {},
    ]
    assert meetings[18]["Tags"] == [{"Key": "a", "Value": "b/ü"}]
    assert meetings[19:24] == [
        ("ForbiddenException", 403),
        ("TooManyTagsException", 400),
        {},
        ("NotFoundException", 404),
        ("ResourceNotFoundException", 404),
    ]
    pipelines = run(PIPELINES, emulator, send)
    statuses = [f"{step} {status}" for step, answer in enumerate(pipelines) if (status := status_in(answer))]
    assert ", ".join(statuses) == (
        "1 CREATING, 2 Initializing, 3 InProgress, 5 ACTIVE, 9 UPDATING, 12 Initializing, 13 InProgress, "
        "15 Initializing, 16 Initializing, 18 InProgress, 20 Stopped, 21 Initializing, 23 Failed, "
        "28 Initializing, 29 Initializing, 30 Initializing, 31 InProgress, 33 Stopped, "
        "35 InProgress, 37 Paused, 38 Stopped"
    )
    refused = {step: answer for step, answer in enumerate(pipelines) if isinstance(answer, tuple)}
    assert refused == {
        **dict.fromkeys((6, 34, 39, 41), ("ConflictException", 409)),
        **dict.fromkeys((8, 47), ("NotFoundException", 404)),
    }
    assert pipelines[44]["Tags"] == [{"Key": "a b", "Value": "c/ü"}]
    ivs = run(IVS, emulator, send)
    assert ivs[2] == ("ChannelNotBroadcasting", 404)
    assert ivs[4]["stream"]["streamId"] == ivs[6]["streamSession"]["streamId"] == ivs[3]
    assert ivs[7] == ("ConflictException", 409)
    assert (len(ivs[10]["channels"]), ivs[12]["channels"]) == (1, [])


def status_in(answer: Any) -> str | None:
    """The status that an answer tells of its pipeline, pool or task."""
    if not isinstance(answer, dict):
        return None
    found = [value for name, value in answer.items() if name.endswith("Status") and isinstance(value, str)]
    return found[0] if found else next(filter(None, map(status_in, answer.values())), None)


@needs_locked_botocore
@pytest.mark.parametrize("service", ["chime-sdk-meetings", "chime-sdk-media-pipelines"])
def test_the_scripts_leave_nothing_out(service: str) -> None:
    """Every operation of a service whose double is whole is called."""
    called = {name for steps in (MEETINGS, PIPELINES, IVS) for called, name, _ in steps if called == service}
    assert called == operations(service).keys()
