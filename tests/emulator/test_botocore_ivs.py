"""botocore, unmodified, and roomtone through every operation of the three IVS services: the same answers to both."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from inspect import isawaitable
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import anyio
import botocore.config
import botocore.exceptions
import botocore.session
import pytest
from attrs import frozen

import roomtone
from emulator.given import KEY
from emulator.test_botocore import plain
from parity.shapes import needs_locked_botocore, operations
from roomtone.emulator import CREDENTIALS, REGION, Emulator
from roomtone.emulator.state import utc_now
from roomtone.errors import ApiError

SERVICES = ("ivs", "ivs-realtime", "ivschat")

SESSION = botocore.session.Session()
"""One for all tests, for it keeps the models that it has read."""

Answers = Mapping[str, Any]
"""The first good answer to each operation, and to each command, by its name."""

Params = Callable[[Answers], dict[str, Any]]


@frozen
class Step:
    """One call, its parameters made from the answers so far, and the code of the error it is answered with, if any."""

    service: str
    name: str
    params: Params
    error: str = ""


def nothing(_: Answers) -> dict[str, Any]:
    return {}


def ivs(name: str, params: Params = nothing, error: str = "") -> Step:
    return Step("ivs", name, params, error)


def realtime(name: str, params: Params = nothing, error: str = "") -> Step:
    return Step("ivs-realtime", name, params, error)


def chat(name: str, params: Params = nothing, error: str = "") -> Step:
    return Step("ivschat", name, params, error)


def command(name: str, params: Params) -> Step:
    """What no API does: a method of the emulator, such as `ivs.go_live`."""
    return Step("emulator", name, params)


def made(answers: Answers, operation: str) -> str:
    """The ARN of what an operation made first."""
    answer = answers[operation]
    resource = answer if "arn" in answer else next(iter(answer.values()))
    arn: str = resource["arn"]
    return arn


def at(operation: str, member: str = "arn", **more: Any) -> Params:
    """Parameters with the ARN of what an operation made."""
    return lambda answers: {member: made(answers, operation), **more}


MISSING = "ResourceNotFoundException"
CONFLICT = "ConflictException"
INVALID = "ValidationException"
TAILOR = "arn:aws:mediatailor:eu-central-1:123456789012:playbackConfiguration/spots"
LOST = "arn:aws:ivs:eu-central-1:123456789012:channel/nosuchthing"

IVS: list[Step] = [
    ivs(
        "CreateRecordingConfiguration",
        lambda _: {
            "destinationConfiguration": {"s3": {"bucketName": "takes"}},
            "thumbnailConfiguration": {"recordingMode": "INTERVAL", "targetIntervalSeconds": 5},
            "tags": {"a b": "c/ü"},
        },
    ),
    ivs("GetRecordingConfiguration", at("CreateRecordingConfiguration")),
    ivs("ListRecordingConfigurations"),
    ivs(
        "CreatePlaybackRestrictionPolicy",
        lambda _: {"allowedCountries": ["DE"], "allowedOrigins": ["https://live.example"], "name": "home"},
    ),
    ivs("GetPlaybackRestrictionPolicy", at("CreatePlaybackRestrictionPolicy")),
    ivs("UpdatePlaybackRestrictionPolicy", at("CreatePlaybackRestrictionPolicy", enableStrictOriginEnforcement=True)),
    ivs("ListPlaybackRestrictionPolicies"),
    ivs(
        "CreateAdConfiguration",
        lambda _: {"mediaTailorPlaybackConfigurations": [{"playbackConfigurationArn": TAILOR}], "name": "spots"},
    ),
    ivs("GetAdConfiguration", at("CreateAdConfiguration")),
    ivs(
        "UpdateAdConfiguration",
        at("CreateAdConfiguration", postRollConfiguration={"durationSeconds": 20, "enabled": True}),
    ),
    ivs("ListAdConfigurations"),
    ivs("CreateFailoverSlateConfiguration", lambda _: {"activationThresholdSeconds": 4}),
    ivs("GetFailoverSlateConfiguration", at("CreateFailoverSlateConfiguration")),
    ivs("UpdateFailoverSlateConfiguration", at("CreateFailoverSlateConfiguration", maxSlateDisplaySeconds=90)),
    ivs("ListFailoverSlateConfigurations"),
    ivs("ImportPlaybackKeyPair", lambda _: {"publicKeyMaterial": KEY, "name": "k"}),
    ivs("ImportPlaybackKeyPair", lambda _: {"publicKeyMaterial": KEY}, CONFLICT),
    ivs("GetPlaybackKeyPair", at("ImportPlaybackKeyPair")),
    ivs("ListPlaybackKeyPairs"),
    ivs("DeletePlaybackKeyPair", at("ImportPlaybackKeyPair")),
    ivs("CreateChannel", lambda _: {"name": "front row"}, INVALID),
    ivs(
        "CreateChannel",
        lambda a: {
            "name": "front-row",
            "recordingConfigurationArn": made(a, "CreateRecordingConfiguration"),
            "playbackRestrictionPolicyArn": made(a, "CreatePlaybackRestrictionPolicy"),
            "adConfigurationArn": made(a, "CreateAdConfiguration"),
            "failoverSlateConfigurationArn": made(a, "CreateFailoverSlateConfiguration"),
            "tags": {"team": "blue"},
        },
    ),
    ivs("GetChannel", at("CreateChannel")),
    ivs("BatchGetChannel", lambda a: {"arns": [LOST, made(a, "CreateChannel")]}),
    ivs("ListChannels", lambda a: {"filterByAdConfigurationArn": made(a, "CreateAdConfiguration"), "maxResults": 1}),
    ivs("ListChannels", lambda _: {"filterByName": "a", "filterByAdConfigurationArn": ""}, CONFLICT),
    ivs("UpdateChannel", at("CreateChannel", latencyMode="NORMAL", authorized=True)),
    ivs("GetStreamKey", lambda a: {"arn": a["CreateChannel"]["streamKey"]["arn"]}),
    ivs("BatchGetStreamKey", lambda a: {"arns": [a["CreateChannel"]["streamKey"]["arn"], LOST]}),
    ivs("ListStreamKeys", at("CreateChannel", "channelArn")),
    ivs("CreateStreamKey", at("CreateChannel", "channelArn"), "ServiceQuotaExceededException"),
    ivs("DeleteStreamKey", lambda a: {"arn": a["CreateChannel"]["streamKey"]["arn"]}),
    ivs("CreateStreamKey", at("CreateChannel", "channelArn", tags={"reset": "yes"})),
    ivs("GetStream", at("CreateChannel", "channelArn"), "ChannelNotBroadcasting"),
    command("ivs.go_live", at("CreateChannel", "channel_arn", viewer_count=12)),
    command("ivs.set_health", at("CreateChannel", "channel_arn", health="STARVING")),
    ivs("GetStream", at("CreateChannel", "channelArn")),
    ivs("ListStreams", lambda _: {"filterBy": {"health": "STARVING"}}),
    ivs("PutMetadata", at("CreateChannel", "channelArn", metadata="goal!")),
    ivs("InsertAdBreak", at("CreateChannel", "channelArn", durationSeconds=30)),
    ivs(
        "StartViewerSessionRevocation",
        at("CreateChannel", "channelArn", viewerId="ana", viewerSessionVersionsLessThanOrEqualTo=2),
    ),
    ivs(
        "BatchStartViewerSessionRevocation",
        lambda a: {
            "viewerSessions": [{"channelArn": arn, "viewerId": "bo"} for arn in (LOST, made(a, "CreateChannel"))]
        },
    ),
    ivs("GetStreamSession", lambda a: {"channelArn": made(a, "CreateChannel"), "streamId": a["ivs.go_live"]}),
    ivs("DeleteChannel", at("CreateChannel"), CONFLICT),
    ivs("StopStream", at("CreateChannel", "channelArn")),
    ivs("ListStreamSessions", at("CreateChannel", "channelArn")),
    ivs("TagResource", at("CreateChannel", "resourceArn", tags={"x/y": "z"})),
    ivs("UntagResource", at("CreateChannel", "resourceArn", tagKeys=["team"])),
    ivs("ListTagsForResource", at("CreateChannel", "resourceArn")),
    ivs("DeleteRecordingConfiguration", at("CreateRecordingConfiguration"), CONFLICT),
    ivs("DeleteChannel", at("CreateChannel")),
    ivs("DeleteRecordingConfiguration", at("CreateRecordingConfiguration")),
    ivs("DeletePlaybackRestrictionPolicy", at("CreatePlaybackRestrictionPolicy")),
    ivs("DeleteAdConfiguration", at("CreateAdConfiguration")),
    ivs("DeleteFailoverSlateConfiguration", at("CreateFailoverSlateConfiguration")),
    ivs("ListTagsForResource", at("CreateChannel", "resourceArn"), MISSING),
]


def on_stage(**more: Any) -> Params:
    return lambda answers: {"stageArn": made(answers, "CreateStage"), **more}


def in_session(answers: Answers) -> dict[str, Any]:
    session = answers["ListStageSessions"]["stageSessions"][0]["sessionId"]
    return {"stageArn": made(answers, "CreateStage"), "sessionId": session}


def ana(answers: Answers) -> dict[str, Any]:
    return {"participantId": answers["stages.join_with"]}


def to_side_stage(answers: Answers) -> dict[str, Any]:
    side = answers["CreateIngestConfiguration"]["ingestConfiguration"]["stageArn"]
    return {"sourceStageArn": made(answers, "CreateStage"), "destinationStageArn": side, **ana(answers)}


def composition(answers: Answers) -> dict[str, Any]:
    encoder = made(answers, "CreateEncoderConfiguration")
    storage = made(answers, "CreateStorageConfiguration")
    return {
        "stageArn": made(answers, "CreateStage"),
        "idempotencyToken": "once",
        "destinations": [
            {"channel": {"channelArn": made(answers, "CreateChannel"), "encoderConfigurationArn": encoder}},
            {"s3": {"storageConfigurationArn": storage, "encoderConfigurationArns": [encoder]}, "name": "tape"},
        ],
    }


REALTIME: list[Step] = [
    realtime("CreateStorageConfiguration", lambda _: {"s3": {"bucketName": "takes"}, "name": "takes"}),
    realtime("GetStorageConfiguration", at("CreateStorageConfiguration")),
    realtime("ListStorageConfigurations"),
    realtime("CreateEncoderConfiguration", lambda _: {"video": {"framerate": 29.97, "width": 1920, "height": 1080}}),
    realtime("CreateEncoderConfiguration", lambda _: {"video": {"width": 1919}}, INVALID),
    realtime("GetEncoderConfiguration", at("CreateEncoderConfiguration")),
    realtime("ListEncoderConfigurations"),
    realtime("ImportPublicKey", lambda _: {"publicKeyMaterial": KEY}),
    realtime("GetPublicKey", at("ImportPublicKey")),
    realtime("ListPublicKeys"),
    realtime("DeletePublicKey", at("ImportPublicKey")),
    realtime(
        "CreateStage",
        lambda a: {
            "name": "main",
            "participantTokenConfigurations": [{"userId": "ana / ü", "attributes": {"seat": "1"}}],
            "autoParticipantRecordingConfiguration": {"storageConfigurationArn": made(a, "CreateStorageConfiguration")},
            "tags": {"team": "blue"},
        },
    ),
    realtime("CreateParticipantToken", on_stage(duration=5, capabilities=["SUBSCRIBE"])),
    command("stages.join_with", lambda a: {"token": a["CreateStage"]["participantTokens"][0]["token"]}),
    command("stages.publish", lambda a: {"stage_arn": made(a, "CreateStage"), "participant_id": a["stages.join_with"]}),
    realtime("GetStage", at("CreateStage")),
    realtime("UpdateStage", at("CreateStage", name="hall")),
    realtime("ListStages", lambda _: {"maxResults": 1}),
    realtime("ListStageSessions", on_stage()),
    realtime("GetStageSession", in_session),
    realtime("ListParticipants", lambda a: {**in_session(a), "filterByPublished": True}),
    realtime("GetParticipant", lambda a: {**in_session(a), **ana(a)}),
    realtime("GetParticipant", lambda a: {**in_session(a), "participantId": "nobody"}, MISSING),
    realtime("ListParticipantEvents", lambda a: {**in_session(a), **ana(a)}),
    # The stage of the ingest configuration is another one.
    Step("ivs-realtime", "CreateStage", lambda _: {"name": "side"}),
    realtime("CreateIngestConfiguration", lambda _: {"ingestProtocol": "RTMP"}, INVALID),
    realtime(
        "CreateIngestConfiguration",
        lambda a: {"ingestProtocol": "RTMPS", "stageArn": a["CreateStage 2"]["stage"]["arn"], "redundantIngest": True},
    ),
    command("stages.start_ingest", lambda a: {"ingest_configuration_arn": made(a, "CreateIngestConfiguration")}),
    realtime("GetIngestConfiguration", at("CreateIngestConfiguration")),
    realtime("ListIngestConfigurations", lambda _: {"filterByState": "ACTIVE"}),
    realtime("UpdateIngestConfiguration", at("CreateIngestConfiguration", stageArn=""), CONFLICT),
    realtime("StartParticipantReplication", lambda a: {**to_side_stage(a), "attributes": {"team": "red"}}),
    realtime("StartParticipantReplication", to_side_stage, CONFLICT),
    realtime("ListParticipantReplicas", lambda a: {"sourceStageArn": made(a, "CreateStage"), **ana(a)}),
    realtime("StopParticipantReplication", to_side_stage),
    realtime("ListParticipantEvents", lambda a: {**in_session(a), **ana(a), "maxResults": 2}),
    realtime(
        "DisconnectParticipant",
        lambda a: {
            "stageArn": a["CreateStage 2"]["stage"]["arn"],
            "participantId": a["stages.start_ingest"],
            "reason": "the end",
        },
    ),
    realtime(
        "UpdateIngestConfiguration",
        lambda a: {"arn": made(a, "CreateIngestConfiguration"), "stageArn": a["CreateStage 2"]["stage"]["arn"]},
    ),
    realtime("DeleteIngestConfiguration", at("CreateIngestConfiguration")),
    Step("ivs", "CreateChannel", nothing),
    realtime("StartComposition", composition),
    realtime("StartComposition", composition),
    realtime("StartComposition", lambda a: {**composition(a), "tags": {"a": "b"}}, CONFLICT),
    realtime("GetComposition", at("StartComposition")),
    ivs("GetStream", at("CreateChannel", "channelArn")),
    realtime("DeleteEncoderConfiguration", at("CreateEncoderConfiguration"), CONFLICT),
    realtime("DeleteStorageConfiguration", at("CreateStorageConfiguration"), CONFLICT),
    realtime("DeleteStage", at("CreateStage"), CONFLICT),
    realtime("StopComposition", at("StartComposition")),
    realtime("ListCompositions", lambda a: {"filterByEncoderConfigurationArn": made(a, "CreateEncoderConfiguration")}),
    realtime("GetComposition", at("StartComposition")),
    realtime("TagResource", at("CreateStage", "resourceArn", tags={"x/y": "z"})),
    realtime("UntagResource", at("CreateStage", "resourceArn", tagKeys=["team", "x"])),
    realtime("ListTagsForResource", at("CreateStage", "resourceArn")),
    realtime("RevokeConnectionToken", lambda a: {"tokenId": a["stages.join_with"]}),
    realtime("DeleteStage", at("CreateStage")),
    realtime("DeleteEncoderConfiguration", at("CreateEncoderConfiguration")),
    realtime("DeleteStorageConfiguration", at("CreateStorageConfiguration")),
    realtime("GetStage", at("CreateStage"), MISSING),
]


def in_room(**more: Any) -> Params:
    return lambda answers: {"roomIdentifier": made(answers, "CreateRoom"), **more}


CHAT: list[Step] = [
    chat(
        "CreateLoggingConfiguration",
        lambda _: {"destinationConfiguration": {"cloudWatchLogs": {"logGroupName": "chat/log"}}, "name": "minutes"},
    ),
    chat("GetLoggingConfiguration", at("CreateLoggingConfiguration", "identifier")),
    chat("UpdateLoggingConfiguration", at("CreateLoggingConfiguration", "identifier", name="notes")),
    chat("ListLoggingConfigurations"),
    chat("CreateRoom", lambda _: {"maximumMessageRatePerSecond": 101}, INVALID),
    chat(
        "CreateRoom",
        lambda a: {
            "name": "foyer",
            "loggingConfigurationIdentifiers": [made(a, "CreateLoggingConfiguration")],
            "tags": {"team": "blue"},
        },
    ),
    chat("GetRoom", at("CreateRoom", "identifier")),
    chat("UpdateRoom", at("CreateRoom", "identifier", maximumMessageLength=100)),
    chat("ListRooms", lambda a: {"loggingConfigurationIdentifier": made(a, "CreateLoggingConfiguration")}),
    chat("CreateChatToken", in_room(userId="ana / ü", capabilities=["SEND_MESSAGE"], attributes={"a": "b"})),
    command("chat.connect", lambda a: {"token": a["CreateChatToken"]["token"]}),
    chat("SendEvent", in_room(eventName="app:goal", attributes={"team": "blue"})),
    chat("DeleteMessage", in_room(id="0123456789ab", reason="spam")),
    chat("DisconnectUser", in_room(userId="ana / ü")),
    chat("TagResource", at("CreateRoom", "resourceArn", tags={"x/y": "z"})),
    chat("UntagResource", at("CreateRoom", "resourceArn", tagKeys=["team"])),
    chat("ListTagsForResource", at("CreateRoom", "resourceArn")),
    chat("DeleteLoggingConfiguration", at("CreateLoggingConfiguration", "identifier"), CONFLICT),
    chat("DeleteRoom", at("CreateRoom", "identifier")),
    chat("DeleteLoggingConfiguration", at("CreateLoggingConfiguration", "identifier")),
    chat("GetRoom", at("CreateRoom", "identifier"), MISSING),
]

SCRIPTS = {"ivs": IVS, "ivs-realtime": REALTIME, "ivschat": CHAT}

Send = Callable[[str, str, dict[str, Any]], "Any | Awaitable[Any]"]


def by_botocore(origin: str, emulator: Emulator) -> Send:
    clients: dict[str, Any] = {}
    endpoints = emulator.aws(origin).endpoint_url
    assert isinstance(endpoints, Mapping)

    def send(service: str, name: str, params: dict[str, Any]) -> Any:
        if service not in clients:
            clients[service] = SESSION.create_client(
                service,
                region_name=REGION,
                endpoint_url=endpoints[service],
                aws_access_key_id=CREDENTIALS.access_key_id,
                aws_secret_access_key=CREDENTIALS.secret_access_key,
                config=botocore.config.Config(retries={"total_max_attempts": 1}),
            )
        try:
            return plain(getattr(clients[service], botocore.xform_name(name))(**params))
        except botocore.exceptions.ClientError as error:
            answer = error.response
            return (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"])

    return send


def by_roomtone(live: roomtone.Client) -> Send:
    async def send(service: str, name: str, params: dict[str, Any]) -> Any:
        client = getattr(live, service.replace("-", "_"))
        request = roomtone.from_wire(operations(service)[name].request, params)
        try:
            value = (await client.send(request)).value
        except ApiError as error:
            return (error.code, error.status)
        return {} if value is None else roomtone.to_wire(value)

    return send


async def run(steps: list[Step], emulator: Emulator, send: Send) -> list[Any]:
    """All answers; what a step refers to is found under its name, a second one's under its name and 2."""
    answers: list[Any] = []
    known: dict[str, Any] = {}
    for step in steps:
        params = step.params(known)
        if step.service == "emulator":
            answer = attrgetter(step.name)(emulator)(**params)
        else:
            answer = send(step.service, step.name, params)
            if isawaitable(answer):
                answer = await answer
        answers.append(answer)
        if not step.error:
            known.setdefault(f"{step.name} 2" if step.name in known else step.name, answer)
    return answers


@pytest.fixture
def same_chance(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Begins the emulator's ids and secrets anew, so that two runs can be compared word by word."""

    def begin() -> None:
        monkeypatch.setattr("roomtone.emulator.state.secrets", SimpleNamespace(choice=random.Random(7).choice))

    return begin


@needs_locked_botocore
@pytest.mark.anyio
@pytest.mark.parametrize("service", SERVICES)
async def test_the_same_script(
    service: str, server: str, switchboard: Any, same_chance: Callable[[], None], anyio_backend: str
) -> None:
    """Both clients get the same answers and the same errors, step by step, to the last id."""
    steps, now = SCRIPTS[service], utc_now()
    switchboard.emulator = emulator = Emulator(clock=lambda: now)
    same_chance()
    theirs = await run(steps, emulator, by_botocore(server, emulator))
    switchboard.emulator = emulator = Emulator(clock=lambda: now)
    same_chance()
    async with roomtone.Client(emulator.aws(server)) as live:
        ours = await run(steps, emulator, by_roomtone(live))
    assert ours == theirs
    # What is refused, and nothing else, is what the steps say.
    assert [answer[0] if isinstance(answer, tuple) else "" for answer in ours] == [step.error for step in steps]


@pytest.mark.parametrize("service", SERVICES)
def test_the_script_leaves_nothing_out(service: str) -> None:
    """Every operation of a service succeeds in its script at least once."""
    succeeded = {step.name for step in SCRIPTS[service] if step.service == service and not step.error}
    assert succeeded == {*operations(service)}


BROKEN_RULES = ("ParticipantRecordingS3Prefix", "ResourceArn", "TranscodePreset")
"""Shapes whose own rules the service does not keep: prefixes have slashes, no ARN fits, a preset may be empty."""


def misfits(shape: Any, value: Any, where: str) -> Iterator[str]:
    """Where a value does not fit botocore's shape: required members, enums, patterns, least and most."""
    if shape.type_name == "structure":
        yield from (f"{where}.{name} is missing" for name in shape.required_members if name not in value)
        for name, item in value.items():
            yield from misfits(shape.members[name], item, f"{where}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from misfits(shape.member, item, f"{where}[{index}]")
    elif shape.type_name == "string" and shape.name not in BROKEN_RULES:
        rules = shape.metadata
        # Unicode properties are not known to `re`.
        pattern = rules.get("pattern", "") if "\\p{" not in rules.get("pattern", "") else ""
        if pattern and re.fullmatch(pattern, value, re.DOTALL) is None:
            yield f"{where} {value!r} is not {pattern}"
        if value not in (shape.enum or (value,)):
            yield f"{where} {value!r} is none of {shape.enum}"
        if not rules.get("min", 0) <= len(value) <= rules.get("max", len(value)):
            yield f"{where} {value!r} is too short or too long"


@needs_locked_botocore
@pytest.mark.parametrize("service", SERVICES)
def test_what_is_answered_fits_the_model(service: str, server: str, switchboard: Any) -> None:
    """ARNs, ids, states and names in every answer are of the form that the model gives them."""
    switchboard.emulator = emulator = Emulator()
    answers = anyio.run(run, SCRIPTS[service], emulator, by_botocore(server, emulator))
    model = SESSION.get_service_model(service)
    found = [
        misfit
        for step, answer in zip(SCRIPTS[service], answers, strict=True)
        if step.service == service and not step.error and model.operation_model(step.name).output_shape
        for misfit in misfits(model.operation_model(step.name).output_shape, answer, step.name)
    ]
    assert found == []
