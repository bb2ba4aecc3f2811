"""botocore and roomtone through every operation of identity and messaging: the same answers to the same script."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, get_args

import pytest

import roomtone
from emulator.test_botocore import Answers, Step, by_botocore, run, run_roomtone
from parity.shapes import needs_locked_botocore, operations, service_model
from roomtone._core.codec import members_of
from roomtone._core.dates import epoch_seconds
from roomtone._core.operation import Operation
from roomtone.emulator import Emulator
from roomtone.emulator.handlers import Handler
from roomtone.emulator.services import doubles
from roomtone.emulator.state import utc_now

SERVICES = ("chime-sdk-identity", "chime-sdk-messaging")

LAMBDA = "arn:aws:lambda:eu-central-1:123456789012:function:polite"
STREAM = "arn:aws:kinesis:eu-central-1:123456789012:stream/chime-messaging-talk"
PINPOINT = "arn:aws:mobiletargeting:eu-central-1:123456789012:apps/1"
LEX = {"Lex": {"LexBotAliasArn": "arn:aws:lex:eu-central-1:1:bot-alias/A/B", "LocaleId": "en_US"}}
FOREVER = {"ExpirationDays": 5475, "ExpirationCriterion": "CREATED_TIMESTAMP"}

Params = Callable[[Answers], dict[str, Any]]


def first(answers: Answers, name: str) -> Any:
    return next(answer[name] for answer in answers if isinstance(answer, dict) and name in answer)


def last(answers: Answers, name: str) -> Any:
    return first(answers[::-1], name)


def app(answers: Answers) -> str:
    return str(first(answers, "AppInstanceArn"))


def user(name: str) -> Callable[[Answers], str]:
    return lambda answers: f"{app(answers)}/user/{name}"


def bot(answers: Answers) -> str:
    return str(first(answers, "AppInstanceBotArn"))


def channel(name: str) -> Callable[[Answers], str]:
    return lambda answers: f"{app(answers)}/channel/{name}"


def said(name: str) -> Callable[[Answers], Any]:
    """What the last answer has under a name."""
    return lambda answers: last(answers, name)


def told(answers: Answers) -> Any:
    """The first message."""
    return first(answers, "MessageId")


def filled(value: Any, answers: Answers) -> Any:
    """A value with what it takes from the answers."""
    if callable(value):
        return value(answers)
    if isinstance(value, dict):
        return {name: filled(item, answers) for name, item in value.items()}
    return [filled(item, answers) for item in value] if isinstance(value, list) else value


def script(service: str) -> Callable[..., Step]:
    def step(operation: str, /, **params: Any) -> Step:
        return service, operation, lambda answers: filled(params, answers)

    return step


identity = script("chime-sdk-identity")
messaging = script("chime-sdk-messaging")


def by(name: str, operation: str, /, **params: Any) -> Step:
    return messaging(operation, ChimeBearer=user(name), **params)


def new_user(name: str, **more: Any) -> Step:
    return identity(
        "CreateAppInstanceUser",
        AppInstanceArn=app,
        AppInstanceUserId=name,
        Name=name.title(),
        ClientRequestToken=f"token-{name}",
        **more,
    )


def say(name: str, text: str, where: str = "lobby", **more: Any) -> Step:
    more = {"Type": "STANDARD", "Persistence": "PERSISTENT", "ClientRequestToken": f"token-{len(text)}", **more}
    return by(name, "SendChannelMessage", ChannelArn=channel(where), Content=text, **more)


WORLD: list[Step] = [
    identity(
        "CreateAppInstance",
        Name="talk / ü",
        Metadata="{}",
        ClientRequestToken="token-app",
        Tags=[{"Key": "a b", "Value": "c/ü"}],
    ),
    new_user("ana", Metadata="x", Tags=[{"Key": "k", "Value": "v"}]),
    new_user("bo"),
    new_user("cy", ExpirationSettings=FOREVER),
    new_user("dee"),
    identity(
        "CreateAppInstanceBot", AppInstanceArn=app, Name="Echo", ClientRequestToken="token-bot", Configuration=LEX
    ),
    identity("CreateAppInstanceAdmin", AppInstanceArn=app, AppInstanceAdminArn=user("dee")),
]
"""What both scripts begin with: an app instance with four users, a bot and an administrator."""

IDENTITY: list[Step] = [
    *WORLD,
    new_user("ana", Metadata="x", Tags=[{"Key": "k", "Value": "v"}]),
    new_user("ana"),
    identity("DescribeAppInstance", AppInstanceArn=app),
    identity("UpdateAppInstance", AppInstanceArn=app, Name="talks", Metadata=""),
    identity("ListAppInstances"),
    identity("DescribeAppInstanceUser", AppInstanceUserArn=user("cy")),
    identity("UpdateAppInstanceUser", AppInstanceUserArn=user("dee"), Name="Dee Dee", Metadata=""),
    identity("PutAppInstanceUserExpirationSettings", AppInstanceUserArn=user("cy")),
    identity("ListAppInstanceUsers", AppInstanceArn=app, MaxResults=3),
    identity("ListAppInstanceUsers", AppInstanceArn=app, NextToken=said("NextToken")),
    identity("ListAppInstanceUsers", AppInstanceArn=app, MaxResults=51),
    identity("DescribeAppInstanceAdmin", AppInstanceArn=app, AppInstanceAdminArn=user("dee")),
    identity("CreateAppInstanceAdmin", AppInstanceArn=app, AppInstanceAdminArn=user("dee")),
    identity("CreateAppInstanceAdmin", AppInstanceArn=app, AppInstanceAdminArn=bot),
    identity("ListAppInstanceAdmins", AppInstanceArn=app),
    identity("DeleteAppInstanceAdmin", AppInstanceArn=app, AppInstanceAdminArn=user("dee")),
    identity("DescribeAppInstanceAdmin", AppInstanceArn=app, AppInstanceAdminArn=user("dee")),
    identity("DescribeAppInstanceBot", AppInstanceBotArn=bot),
    identity("UpdateAppInstanceBot", AppInstanceBotArn=bot, Name="Parrot", Metadata="m", Configuration=LEX),
    identity("ListAppInstanceBots", AppInstanceArn=app),
    identity("DeleteAppInstanceBot", AppInstanceBotArn=bot),
    identity("DescribeAppInstanceBot", AppInstanceBotArn=bot),
    identity(
        "RegisterAppInstanceUserEndpoint",
        AppInstanceUserArn=user("ana"),
        Name="phone",
        Type="APNS",
        ResourceArn=PINPOINT,
        EndpointAttributes={"DeviceToken": "t", "VoipDeviceToken": "v"},
        ClientRequestToken="token-phone",
    ),
    identity("DescribeAppInstanceUserEndpoint", AppInstanceUserArn=user("ana"), EndpointId=said("EndpointId")),
    identity(
        "UpdateAppInstanceUserEndpoint",
        AppInstanceUserArn=user("ana"),
        EndpointId=said("EndpointId"),
        AllowMessages="NONE",
    ),
    identity("ListAppInstanceUserEndpoints", AppInstanceUserArn=user("ana")),
    identity("DeregisterAppInstanceUserEndpoint", AppInstanceUserArn=user("ana"), EndpointId=said("EndpointId")),
    identity("DescribeAppInstanceUserEndpoint", AppInstanceUserArn=user("ana"), EndpointId=said("EndpointId")),
    identity(
        "PutAppInstanceRetentionSettings",
        AppInstanceArn=app,
        AppInstanceRetentionSettings={"ChannelRetentionSettings": {"RetentionDays": 30}},
    ),
    identity("GetAppInstanceRetentionSettings", AppInstanceArn=app),
    identity("TagResource", ResourceARN=user("ana"), Tags=[{"Key": "more / ü", "Value": "x"}]),
    identity("ListTagsForResource", ResourceARN=user("ana")),
    identity("UntagResource", ResourceARN=user("ana"), TagKeys=["k"]),
    identity("ListTagsForResource", ResourceARN=user("ana")),
    identity("ListTagsForResource", ResourceARN=app),
    identity("DeleteAppInstanceUser", AppInstanceUserArn=user("ana")),
    identity("DescribeAppInstanceUser", AppInstanceUserArn=user("ana")),
    identity("DeleteAppInstance", AppInstanceArn=app),
    identity("ListAppInstances"),
    identity("ListAppInstanceUsers", AppInstanceArn=app),
]

LOBBY = {"ChannelArn": channel("lobby")}

CHANNELS: list[Step] = [
    *WORLD,
    by(
        "ana",
        "CreateChannel",
        AppInstanceArn=app,
        Name="Lobby",
        ChannelId="lobby",
        Privacy="PRIVATE",
        MemberArns=[user("bo")],
        ClientRequestToken="token-lobby",
        Tags=[{"Key": "k", "Value": "v"}],
    ),
    messaging(
        "CreateChannel",
        AppInstanceArn=app,
        Name="Nowhere",
        ClientRequestToken="token-nowhere",
        ChimeBearer=lambda answers: f"{app(answers)}/user/nobody",
    ),
    by("bo", "DescribeChannel", **LOBBY),
    by("cy", "DescribeChannel", **LOBBY),
    by("bo", "UpdateChannel", **LOBBY, Name="Hall"),
    by("ana", "UpdateChannel", **LOBBY, Name="Hall", Mode="RESTRICTED", Metadata="m"),
    by("bo", "CreateChannelMembership", **LOBBY, MemberArn=user("cy"), Type="DEFAULT"),
    by("ana", "CreateChannelMembership", **LOBBY, MemberArn=user("cy"), Type="HIDDEN"),
    by("ana", "BatchCreateChannelMembership", **LOBBY, MemberArns=[bot, user("bo"), user("nobody")]),
    by("bo", "DescribeChannelMembership", **LOBBY, MemberArn=user("cy")),
    by("bo", "ListChannelMemberships", **LOBBY, MaxResults=2),
    by("bo", "ListChannelMemberships", **LOBBY, NextToken=said("NextToken")),
    by("bo", "ListChannelMemberships", **LOBBY, Type="HIDDEN"),
    by("bo", "ListChannelMembershipsForAppInstanceUser"),
    by("bo", "ListChannelMembershipsForAppInstanceUser", AppInstanceUserArn=user("cy")),
    by("dee", "DescribeChannelMembershipForAppInstanceUser", **LOBBY, AppInstanceUserArn=user("bo")),
    by("bo", "UpdateChannelReadMarker", **LOBBY),
    by("bo", "DescribeChannelMembershipForAppInstanceUser", **LOBBY, AppInstanceUserArn=user("bo")),
    by(
        "bo",
        "PutChannelMembershipPreferences",
        **LOBBY,
        MemberArn=user("bo"),
        Preferences={"PushNotifications": {"AllowNotifications": "FILTERED", "FilterRule": "{}"}},
    ),
    by("bo", "GetChannelMembershipPreferences", **LOBBY, MemberArn=user("bo")),
    by("dee", "GetChannelMembershipPreferences", **LOBBY, MemberArn=user("bo")),
    by("cy", "ListChannels", AppInstanceArn=app),
    by("cy", "ListChannels", AppInstanceArn=app, Privacy="PRIVATE"),
    by("dee", "ListChannels", AppInstanceArn=app, Privacy="PRIVATE"),
    by("bo", "SearchChannels", Fields=[{"Key": "MEMBERS", "Operator": "INCLUDES", "Values": [user("ana")]}]),
    by("dee", "SearchChannels", Fields=[{"Key": "MEMBERS", "Operator": "EQUALS", "Values": [user("ana")]}]),
    by("ana", "CreateChannelModerator", **LOBBY, ChannelModeratorArn=user("bo")),
    by("ana", "DescribeChannelModerator", **LOBBY, ChannelModeratorArn=user("bo")),
    by("bo", "ListChannelModerators", **LOBBY),
    by("bo", "ListChannelsModeratedByAppInstanceUser"),
    by("ana", "DescribeChannelModeratedByAppInstanceUser", **LOBBY, AppInstanceUserArn=user("bo")),
    by("ana", "DeleteChannelModerator", **LOBBY, ChannelModeratorArn=user("bo")),
    by("ana", "DescribeChannelModerator", **LOBBY, ChannelModeratorArn=user("bo")),
    by("ana", "CreateChannelBan", **LOBBY, MemberArn=user("bo")),
    by("ana", "DescribeChannelBan", **LOBBY, MemberArn=user("bo")),
    by("ana", "ListChannelBans", **LOBBY),
    by("bo", "DescribeChannel", **LOBBY),
    by("ana", "CreateChannelMembership", **LOBBY, MemberArn=user("bo"), Type="DEFAULT"),
    by("ana", "DeleteChannelBan", **LOBBY, MemberArn=user("bo")),
    by("ana", "DescribeChannelBan", **LOBBY, MemberArn=user("bo")),
    by("ana", "CreateChannelMembership", **LOBBY, MemberArn=user("bo"), Type="DEFAULT"),
    by("bo", "DeleteChannelMembership", **LOBBY, MemberArn=user("bo")),
    by("ana", "DescribeChannelMembership", **LOBBY, MemberArn=user("bo")),
    by("ana", "PutChannelExpirationSettings", **LOBBY, ExpirationSettings=FOREVER),
    messaging("TagResource", ResourceARN=channel("lobby"), Tags=[{"Key": "more", "Value": "x"}]),
    messaging("UntagResource", ResourceARN=channel("lobby"), TagKeys=["k"]),
    messaging("ListTagsForResource", ResourceARN=channel("lobby")),
    messaging("GetMessagingStreamingConfigurations", AppInstanceArn=app),
    messaging(
        "PutMessagingStreamingConfigurations",
        AppInstanceArn=app,
        StreamingConfigurations=[{"DataType": "Channel", "ResourceArn": STREAM}],
    ),
    messaging("GetMessagingStreamingConfigurations", AppInstanceArn=app),
    messaging("DeleteMessagingStreamingConfigurations", AppInstanceArn=app),
    messaging("GetMessagingSessionEndpoint", NetworkType="DUAL_STACK"),
    by(
        "ana",
        "CreateChannel",
        AppInstanceArn=app,
        Name="Stadium",
        ChannelId="stadium",
        ElasticChannelConfiguration={
            "MaximumSubChannels": 2,
            "TargetMembershipsPerSubChannel": 2,
            "MinimumMembershipPercentage": 40,
        },
        ClientRequestToken="token-stadium",
    ),
    by("ana", "BatchCreateChannelMembership", ChannelArn=channel("stadium"), MemberArns=[user("bo"), user("cy"), bot]),
    by("ana", "ListSubChannels", ChannelArn=channel("stadium")),
    by("bo", "ListSubChannels", ChannelArn=channel("stadium")),
    by("bo", "DeleteChannel", **LOBBY),
    by("ana", "DeleteChannel", **LOBBY),
    by("ana", "DescribeChannel", **LOBBY),
]

FLOW = {"ChannelFlowArn": said("ChannelFlowArn")}
FIRST = {**LOBBY, "MessageId": told}
LATEST = {**LOBBY, "MessageId": said("MessageId")}
PROCESSOR = {
    "Name": "polite",
    "Configuration": {"Lambda": {"ResourceArn": LAMBDA, "InvocationType": "ASYNC"}},
    "ExecutionOrder": 1,
    "FallbackAction": "ABORT",
}

MESSAGES: list[Step] = [
    *WORLD,
    by(
        "ana",
        "CreateChannel",
        AppInstanceArn=app,
        Name="Lobby",
        ChannelId="lobby",
        MemberArns=[user("bo")],
        ClientRequestToken="token-lobby",
    ),
    say("ana", "Grüße, 日本語 ☎", Metadata="m", MessageAttributes={"a": {"StringValues": ["b"]}}, ContentType="text"),
    say("ana", "Grüße, 日本語 ☎", Metadata="m", MessageAttributes={"a": {"StringValues": ["b"]}}, ContentType="text"),
    say("bo", "for ana alone", Target=[{"MemberArn": user("ana")}]),
    say("bo", "x" * 31, Type="CONTROL"),
    say("bo", "gone without a trace", Persistence="NON_PERSISTENT"),
    say("ana", "something else", ClientRequestToken="token-12"),
    say("cy", "from a stranger"),
    by("cy", "GetChannelMessage", **FIRST),
    by("cy", "ListChannelMessages", **LOBBY, MaxResults=1),
    by("bo", "ListChannelMessages", **LOBBY, MaxResults=1),
    by("bo", "ListChannelMessages", **LOBBY, NextToken=said("NextToken")),
    by("bo", "ListChannelMessages", **LOBBY, SortOrder="ASCENDING"),
    by("bo", "ListChannelMessages", **LOBBY, NotBefore="2040-01-01T00:00:00Z"),
    by("ana", "GetChannelMessageStatus", **FIRST),
    by("bo", "GetChannelMessageStatus", **FIRST),
    by("bo", "UpdateChannelMessage", **FIRST, Content="mine now"),
    by("ana", "UpdateChannelMessage", **FIRST, Content="better", Metadata="n"),
    by("bo", "RedactChannelMessage", **FIRST),
    by("ana", "RedactChannelMessage", **FIRST),
    by("bo", "GetChannelMessage", **FIRST),
    by("ana", "DeleteChannelMessage", **FIRST),
    by("dee", "DeleteChannelMessage", **FIRST),
    by("bo", "GetChannelMessage", **FIRST),
    messaging(
        "CreateChannelFlow", AppInstanceArn=app, Name="Polite", Processors=[PROCESSOR], ClientRequestToken="token-flow"
    ),
    messaging("UpdateChannelFlow", **FLOW, Name="Kind", Processors=[PROCESSOR]),
    messaging("DescribeChannelFlow", **FLOW),
    messaging("ListChannelFlows", AppInstanceArn=app),
    by("bo", "AssociateChannelFlow", **LOBBY, **FLOW),
    by("ana", "AssociateChannelFlow", **LOBBY, **FLOW),
    messaging("ListChannelsAssociatedWithChannelFlow", **FLOW),
    messaging("DeleteChannelFlow", **FLOW),
    say("ana", "rude words"),
    by("ana", "GetChannelMessageStatus", **LATEST),
    by("bo", "GetChannelMessage", **LATEST),
    messaging(
        "ChannelFlowCallback",
        **LOBBY,
        CallbackId="c" * 32,
        ChannelMessage={"MessageId": said("MessageId"), "Content": "kind words"},
    ),
    by("bo", "GetChannelMessage", **LATEST),
    say("ana", "very rude words"),
    messaging(
        "ChannelFlowCallback",
        **LOBBY,
        CallbackId="d" * 32,
        DeleteResource=True,
        ChannelMessage={"MessageId": said("MessageId")},
    ),
    by("ana", "GetChannelMessage", **LATEST),
    by("ana", "DisassociateChannelFlow", **LOBBY, **FLOW),
    messaging("DeleteChannelFlow", **FLOW),
    messaging("DescribeChannelFlow", **FLOW),
    by("ana", "DescribeChannel", **LOBBY),
]

SCRIPTS = {"identity": IDENTITY, "channels": CHANNELS, "messages": MESSAGES}


@pytest.fixture
def new_emulator(monkeypatch: pytest.MonkeyPatch, switchboard: Any) -> Callable[[], Emulator]:
    """Puts an emulator on the server whose ids and times are always the same, so that runs compare word by word."""
    began = utc_now()

    def make() -> Emulator:
        numbers, ticks = itertools.count(1), itertools.count()
        ids = SimpleNamespace(uuid4=lambda: uuid.UUID(int=next(numbers)))
        monkeypatch.setattr("roomtone.emulator.chats.uuid", ids)
        switchboard.emulator = Emulator(clock=lambda: began + timedelta(milliseconds=next(ticks)))
        made: Emulator = switchboard.emulator
        return made

    return make


def results(steps: list[Step], server: str, emulator: Emulator) -> Iterator[tuple[str, Any]]:
    """What botocore gets at each step."""
    answers = run(steps, emulator, by_botocore(server, emulator, SERVICES, epoch_seconds))
    return zip([name for _, name, _ in steps], answers, strict=True)


@needs_locked_botocore
@pytest.mark.anyio
@pytest.mark.parametrize("name", SCRIPTS)
async def test_the_same_script(
    name: str, server: str, new_emulator: Callable[[], Emulator], anyio_backend: str
) -> None:
    """Both clients get the same answers and the same errors, step by step, to the last id and timestamp."""
    theirs = [answer for _, answer in results(SCRIPTS[name], server, new_emulator())]
    emulator = new_emulator()
    async with roomtone.Client(emulator.aws(server)) as live:
        ours = await run_roomtone(SCRIPTS[name], emulator, live)
    assert ours == theirs


def test_the_scripts_leave_nothing_out() -> None:
    """Every operation of the two services is emulated, and each is in a script."""
    played = {(service, name) for steps in SCRIPTS.values() for service, name, _ in steps}
    assert played == {(service, name) for service in SERVICES for name in operations(service)}
    assert len(HANDLERS) == len(played)


REFUSED = {
    "identity": [
        ("CreateAppInstanceUser", "ConflictException", 409),
        ("ListAppInstanceUsers", "BadRequestException", 400),
        ("CreateAppInstanceAdmin", "ConflictException", 409),
        ("DescribeAppInstanceAdmin", "ForbiddenException", 403),
        ("DescribeAppInstanceBot", "NotFoundException", 404),
        ("DescribeAppInstanceUserEndpoint", "ForbiddenException", 403),
        ("DescribeAppInstanceUser", "ForbiddenException", 403),
        ("ListAppInstanceUsers", "ForbiddenException", 403),
    ],
    "channels": [
        ("CreateChannel", "UnauthorizedClientException", 401),
        ("DescribeChannel", "ForbiddenException", 403),
        ("UpdateChannel", "ForbiddenException", 403),
        ("CreateChannelMembership", "ForbiddenException", 403),
        ("ListChannelMembershipsForAppInstanceUser", "ForbiddenException", 403),
        ("GetChannelMembershipPreferences", "ForbiddenException", 403),
        ("ListChannels", "ForbiddenException", 403),
        ("DescribeChannelModerator", "NotFoundException", 404),
        ("DescribeChannel", "ForbiddenException", 403),
        ("CreateChannelMembership", "ForbiddenException", 403),
        ("DescribeChannelBan", "NotFoundException", 404),
        ("DescribeChannelMembership", "NotFoundException", 404),
        ("GetMessagingStreamingConfigurations", "NotFoundException", 404),
        ("ListSubChannels", "ForbiddenException", 403),
        ("DeleteChannel", "ForbiddenException", 403),
        ("DescribeChannel", "ForbiddenException", 403),
    ],
    "messages": [
        ("SendChannelMessage", "BadRequestException", 400),
        ("SendChannelMessage", "ConflictException", 409),
        ("SendChannelMessage", "ForbiddenException", 403),
        ("GetChannelMessageStatus", "ForbiddenException", 403),
        ("UpdateChannelMessage", "ForbiddenException", 403),
        ("RedactChannelMessage", "ForbiddenException", 403),
        ("DeleteChannelMessage", "ForbiddenException", 403),
        ("GetChannelMessage", "NotFoundException", 404),
        ("AssociateChannelFlow", "ForbiddenException", 403),
        ("DeleteChannelFlow", "ConflictException", 409),
        ("GetChannelMessage", "NotFoundException", 404),
        ("GetChannelMessage", "NotFoundException", 404),
        ("DescribeChannelFlow", "ForbiddenException", 403),
    ],
}
"""What is refused of each script, in its order; all the rest is carried out."""


@needs_locked_botocore
@pytest.mark.parametrize("name", SCRIPTS)
def test_what_the_scripts_come_to(name: str, server: str, new_emulator: Callable[[], Emulator]) -> None:
    """A script runs through success and refusal alike, each where it should be."""
    got = list(results(SCRIPTS[name], server, new_emulator()))
    assert [(operation, *answer) for operation, answer in got if isinstance(answer, tuple)] == REFUSED[name]


HANDLERS = [
    pytest.param(operation, handler, id=operation.name)
    for double in doubles()
    if double.service.name in SERVICES
    for operation, handler in double.handlers.items()
]


@needs_locked_botocore
@pytest.mark.parametrize(("operation", "handler"), HANDLERS)
def test_status_and_limits_are_the_models(operation: Operation[Any, Any], handler: Handler) -> None:
    """A success has the model's status, and what a request is held to are the model's bounds of these members."""
    model = service_model(operation.service.name).operation_model(operation.name)
    assert handler.status == (model.http.get("responseCode") or 200)
    assert {path: bounds(operation.request, model.input_shape, path) for path in handler.limits} == handler.limits


def bounds(cls: Any, shape: Any, path: str) -> tuple[int, int | None]:
    """The least and the most that the model says of a member."""
    for step in path.replace("[]", ".[]").split("."):
        if step == "[]":
            shape, cls = shape.member, _item(cls)
        else:
            member = next(member for member in members_of(cls) if member.name == step)
            shape, cls = shape.members[member.wire], member.type
    return shape.metadata.get("min", 0), shape.metadata.get("max")


def _item(hint: Any) -> Any:
    return get_args(hint)[0]
