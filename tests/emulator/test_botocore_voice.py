"""botocore, unmodified, on Amazon Chime SDK Voice: it and roomtone get the same answers by its model's rules."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import botocore.config
import botocore.exceptions
import botocore.session
import pytest
from botocore.model import Shape

import roomtone
from emulator.test_botocore import Answers, plain
from parity.shapes import needs_locked_botocore, operations, service_model
from roomtone.emulator import CREDENTIALS, REGION, Emulator
from roomtone.emulator.state import utc_now
from roomtone.emulator.voice import handles
from roomtone.errors import ApiError

SERVICE = "chime-sdk-voice"

Params = dict[str, Any]
Step = tuple[str, Callable[[Answers], Params]]
"""An operation or, in small letters, a command of `emulator.voice`; its parameters, made from the answers so far."""
Send = Callable[[str, Params], Awaitable[Any]]

SEATTLE = [f"+1206555010{last}" for last in range(4)]
PARTIES = ["+13125550190", "+15125550190"]
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:answer"
TAGS = [{"Key": "team", "Value": "blue / ü"}]


def always(**params: Any) -> Callable[[Answers], Params]:
    return lambda _: params


def connector(answers: Answers, **more: Any) -> Params:
    return {"VoiceConnectorId": answers[0]["VoiceConnector"]["VoiceConnectorId"], **more}


def of_connector(**more: Any) -> Callable[[Answers], Params]:
    return lambda answers: connector(answers, **more)


def triple(setting: str, **given: Any) -> list[Step]:
    """A setting of the voice connector: got in vain, put, got, deleted."""
    return [
        (f"GetVoiceConnector{setting}", connector),
        (f"PutVoiceConnector{setting}", of_connector(**given)),
        (f"GetVoiceConnector{setting}", connector),
        (f"DeleteVoiceConnector{setting}", connector),
    ]


MAKE_CONNECTOR: Step = ("CreateVoiceConnector", always(Name="trunk 1", RequireEncryption=True, Tags=TAGS))


def arn(answers: Answers) -> Params:
    return {"ResourceARN": answers[0]["VoiceConnector"]["VoiceConnectorArn"]}


CONNECTORS: list[Step] = [
    MAKE_CONNECTOR,
    ("GetVoiceConnector", connector),
    ("UpdateVoiceConnector", of_connector(Name="trunk 2", RequireEncryption=False)),
    ("ListVoiceConnectors", always(MaxResults=1)),
    ("ListAvailableVoiceConnectorRegions", always()),
    ("TagResource", lambda a: {**arn(a), "Tags": [{"Key": "new", "Value": ""}]}),
    ("UntagResource", lambda a: {**arn(a), "TagKeys": ["team"]}),
    ("ListTagsForResource", arn),
    *triple(
        "Origination",
        Origination={"Routes": [{"Host": "192.0.2.7", "Port": 0, "Protocol": "TCP", "Priority": 1, "Weight": 100}]},
    ),
    *triple("Termination", Termination={"CallingRegions": ["US"], "CidrAllowedList": ["192.0.2.0/28"], "CpsLimit": 1}),
    *triple(
        "StreamingConfiguration",
        StreamingConfiguration={
            "DataRetentionInHours": 0,
            "Disabled": False,
            "StreamingNotificationTargets": [{"NotificationTarget": "EventBridge"}],
            "MediaInsightsConfiguration": {"Disabled": True},
        },
    ),
    *triple(
        "EmergencyCallingConfiguration",
        EmergencyCallingConfiguration={
            "DNIS": [{"EmergencyPhoneNumber": "+12065550100", "CallingCountry": "US"}],
        },
    ),
    *triple("ExternalSystemsConfiguration", ContactCenterSystemTypes=["AVAYA_AURA_CONTACT_CENTER"]),
    *triple("Proxy", DefaultSessionExpiryMinutes=60, PhoneNumberPoolCountries=["US"], Disabled=False),
    ("GetVoiceConnectorLoggingConfiguration", connector),
    (
        "PutVoiceConnectorLoggingConfiguration",
        of_connector(LoggingConfiguration={"EnableSIPLogs": True, "EnableMediaMetricLogs": False}),
    ),
    (
        "PutVoiceConnectorTerminationCredentials",
        of_connector(Credentials=[{"Username": "ana", "Password": "s"}, {"Username": "bo", "Password": "t"}]),
    ),
    ("DeleteVoiceConnectorTerminationCredentials", of_connector(Usernames=["ana"])),
    ("ListVoiceConnectorTerminationCredentials", connector),
    ("GetVoiceConnectorTerminationHealth", connector),
    ("ping", lambda a: {"voice_connector_id": connector(a)["VoiceConnectorId"]}),
    ("GetVoiceConnectorTerminationHealth", connector),
    ("UpdateGlobalSettings", always(VoiceConnector={"CdrBucket": "call-records"})),
    ("GetGlobalSettings", always()),
    (
        "ValidateE911Address",
        always(
            AwsAccountId="123456789012",
            StreetNumber="200",
            StreetInfo="8th Avenue",
            City="Portland",
            State="me",
            Country="US",
            PostalCode="04352",
        ),
    ),
    ("DeleteVoiceConnector", connector),
    ("DeleteVoiceConnector", connector),
]


def group(answers: Answers, **more: Any) -> Params:
    made = answers[1]["VoiceConnectorGroup"]
    return {"VoiceConnectorGroupId": made["VoiceConnectorGroupId"], **more}


def session(answers: Answers) -> Params:
    return {"ProxySessionId": answers[22]["ProxySession"]["ProxySessionId"]}


NUMBERS: list[Step] = [
    MAKE_CONNECTOR,
    (
        "CreateVoiceConnectorGroup",
        lambda a: {"Name": "group", "VoiceConnectorItems": [connector(a, Priority=99)]},
    ),
    ("GetVoiceConnectorGroup", group),
    ("ListVoiceConnectorGroups", always()),
    ("ListSupportedPhoneNumberCountries", always(ProductType="SipMediaApplicationDialIn")),
    ("SearchAvailablePhoneNumbers", always(AreaCode="206", MaxResults=3)),
    ("SearchAvailablePhoneNumbers", lambda a: {"AreaCode": "206", "MaxResults": 3, "NextToken": a[5]["NextToken"]}),
    (
        "CreatePhoneNumberOrder",
        lambda a: {"ProductType": "VoiceConnector", "E164PhoneNumbers": a[5]["E164PhoneNumbers"], "Name": "desk"},
    ),
    (
        "GetPhoneNumberOrder",
        lambda a: {"PhoneNumberOrderId": a[7]["PhoneNumberOrder"]["PhoneNumberOrderId"]},
    ),
    ("ListPhoneNumberOrders", always(MaxResults=1)),
    ("AssociatePhoneNumbersWithVoiceConnectorGroup", lambda a: group(a, E164PhoneNumbers=SEATTLE)),
    ("AssociatePhoneNumbersWithVoiceConnector", of_connector(E164PhoneNumbers=SEATTLE)),
    ("DisassociatePhoneNumbersFromVoiceConnectorGroup", lambda a: group(a, E164PhoneNumbers=SEATTLE[2:3])),
    ("AssociatePhoneNumbersWithVoiceConnector", of_connector(E164PhoneNumbers=SEATTLE[:2], ForceAssociate=True)),
    (
        "ListPhoneNumbers",
        lambda a: {
            "Status": "Assigned",
            "ProductType": "VoiceConnector",
            "FilterName": "VoiceConnectorId",
            "FilterValue": connector(a)["VoiceConnectorId"],
        },
    ),
    ("GetPhoneNumber", always(PhoneNumberId="%2B12065550102")),
    ("UpdatePhoneNumber", always(PhoneNumberId=SEATTLE[2], CallingName="Roomtone")),
    (
        "BatchUpdatePhoneNumber",
        always(
            UpdatePhoneNumberRequestItems=[
                {"PhoneNumberId": SEATTLE[2], "Name": "attic"},
                {"PhoneNumberId": SEATTLE[3], "Name": "attic"},
            ]
        ),
    ),
    ("DeleteVoiceConnector", connector),
    ("UpdatePhoneNumberSettings", always(CallingName="Roomtone")),
    ("GetPhoneNumberSettings", always()),
    ("PutVoiceConnectorProxy", of_connector(DefaultSessionExpiryMinutes=60, PhoneNumberPoolCountries=["US"])),
    (
        "CreateProxySession",
        of_connector(ParticipantPhoneNumbers=PARTIES, Capabilities=["Voice", "SMS"], GeoMatchLevel="Country"),
    ),
    ("UpdateProxySession", lambda a: connector(a, **session(a), Capabilities=["SMS"], ExpiryMinutes=5)),
    ("GetProxySession", lambda a: connector(a, **session(a))),
    ("ListProxySessions", of_connector(Status="Open")),
    ("DeleteProxySession", lambda a: connector(a, **session(a))),
    ("GetProxySession", lambda a: connector(a, **session(a))),
    ("DisassociatePhoneNumbersFromVoiceConnector", of_connector(E164PhoneNumbers=SEATTLE)),
    ("DeletePhoneNumber", always(PhoneNumberId=SEATTLE[0])),
    ("BatchDeletePhoneNumber", always(PhoneNumberIds=SEATTLE[1:])),
    ("RestorePhoneNumber", always(PhoneNumberId=SEATTLE[0])),
    ("ListPhoneNumbers", always()),
    ("DeleteVoiceConnectorGroup", group),
    ("UpdateVoiceConnectorGroup", lambda a: group(a, Name="empty", VoiceConnectorItems=[])),
    ("DeleteVoiceConnectorGroup", group),
    ("DeleteVoiceConnector", connector),
]


def application(answers: Answers, **more: Any) -> Params:
    return {"SipMediaApplicationId": answers[1]["SipMediaApplication"]["SipMediaApplicationId"], **more}


def rule(answers: Answers, **more: Any) -> Params:
    return {"SipRuleId": answers[11]["SipRule"]["SipRuleId"], **more}


def targets(answers: Answers) -> list[Params]:
    return [application(answers, Priority=1, AwsRegion="us-east-1")]


SIP: list[Step] = [
    (
        "CreatePhoneNumberOrder",
        always(ProductType="SipMediaApplicationDialIn", E164PhoneNumbers=SEATTLE[:1]),
    ),
    (
        "CreateSipMediaApplication",
        always(AwsRegion="us-east-1", Name="ivr", Endpoints=[{"LambdaArn": LAMBDA}], Tags=TAGS),
    ),
    ("GetSipMediaApplication", application),
    ("UpdateSipMediaApplication", lambda a: application(a, Name="ivr 2")),
    ("ListSipMediaApplications", always()),
    (
        "PutSipMediaApplicationLoggingConfiguration",
        lambda a: application(
            a, SipMediaApplicationLoggingConfiguration={"EnableSipMediaApplicationMessageLogs": True}
        ),
    ),
    ("GetSipMediaApplicationLoggingConfiguration", application),
    (
        "PutSipMediaApplicationAlexaSkillConfiguration",
        lambda a: application(
            a,
            SipMediaApplicationAlexaSkillConfiguration={
                "AlexaSkillStatus": "ACTIVE",
                "AlexaSkillIds": ["amzn1.application-oa2-client." + "0" * 32],
            },
        ),
    ),
    ("GetSipMediaApplicationAlexaSkillConfiguration", application),
    (
        "CreateSipMediaApplicationCall",
        lambda a: application(
            a,
            FromPhoneNumber=SEATTLE[0],
            ToPhoneNumber=PARTIES[0],
            SipHeaders={"x-a": "b"},
            ArgumentsMap={"first": "Ana"},
        ),
    ),
    (
        "UpdateSipMediaApplicationCall",
        lambda a: application(
            a, TransactionId=a[9]["SipMediaApplicationCall"]["TransactionId"], Arguments={"again": "ü"}
        ),
    ),
    (
        "CreateSipRule",
        lambda a: {
            "Name": "rule",
            "TriggerType": "ToPhoneNumber",
            "TriggerValue": SEATTLE[0],
            "TargetApplications": targets(a),
        },
    ),
    (
        "CreateSipRule",
        lambda a: {
            "Name": "rule",
            "TriggerType": "ToPhoneNumber",
            "TriggerValue": SEATTLE[0],
            "TargetApplications": targets(a),
        },
    ),
    ("GetSipRule", rule),
    ("ListSipRules", application),
    ("DeleteSipRule", rule),
    ("DeleteSipMediaApplication", application),
    ("UpdateSipRule", lambda a: rule(a, Name="off", Disabled=True)),
    ("DeleteSipRule", rule),
    ("DeleteSipMediaApplication", application),
    ("DeleteSipMediaApplication", application),
]


def domain(answers: Answers, **more: Any) -> Params:
    return {"VoiceProfileDomainId": answers[1]["VoiceProfileDomain"]["VoiceProfileDomainId"], **more}


def on_call(answers: Answers, **more: Any) -> Params:
    return connector(answers, TransactionId=answers[7], **more)


def search(answers: Answers) -> Params:
    return {"SpeakerSearchTaskId": answers[9]["SpeakerSearchTask"]["SpeakerSearchTaskId"]}


def tone(answers: Answers) -> Params:
    return {"VoiceToneAnalysisTaskId": answers[18]["VoiceToneAnalysisTask"]["VoiceToneAnalysisTaskId"]}


def profile(answers: Answers, **more: Any) -> Params:
    return {"VoiceProfileId": answers[12]["VoiceProfile"]["VoiceProfileId"], **more}


STREAMING: Step = (
    "PutVoiceConnectorStreamingConfiguration",
    of_connector(StreamingConfiguration={"DataRetentionInHours": 1, "Disabled": False}),
)

VOICES: list[Step] = [
    MAKE_CONNECTOR,
    (
        "CreateVoiceProfileDomain",
        always(
            Name="callers",
            ServerSideEncryptionConfiguration={"KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/k"},
            ClientRequestToken="once",
            Tags=TAGS,
        ),
    ),
    (
        "CreateVoiceProfileDomain",
        always(
            Name="others",
            ServerSideEncryptionConfiguration={"KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/k"},
            ClientRequestToken="once",
        ),
    ),
    ("GetVoiceProfileDomain", domain),
    ("UpdateVoiceProfileDomain", lambda a: domain(a, Description="people who call")),
    ("ListVoiceProfileDomains", always(MaxResults=1)),
    STREAMING,
    ("begin_call", lambda a: {"voice_connector_id": connector(a)["VoiceConnectorId"]}),
    ("StartSpeakerSearchTask", lambda a: on_call(a, VoiceProfileDomainId="nobody")),
    ("StartSpeakerSearchTask", lambda a: on_call(a, **domain(a), CallLeg="Caller", ClientRequestToken="once")),
    ("StartSpeakerSearchTask", lambda a: on_call(a, **domain(a), CallLeg="Caller", ClientRequestToken="once")),
    ("GetSpeakerSearchTask", lambda a: connector(a, **search(a))),
    ("CreateVoiceProfile", search),
    ("GetVoiceProfile", profile),
    ("ListVoiceProfiles", domain),
    ("UpdateVoiceProfile", lambda a: profile(a, **search(a))),
    ("StopSpeakerSearchTask", lambda a: connector(a, **search(a))),
    ("DeleteVoiceProfile", profile),
    ("StartVoiceToneAnalysisTask", lambda a: on_call(a, LanguageCode="en-US")),
    ("StopVoiceToneAnalysisTask", lambda a: connector(a, **tone(a))),
    ("GetVoiceToneAnalysisTask", lambda a: connector(a, **tone(a), IsCaller=False)),
    ("end_call", lambda a: {"transaction_id": a[7]}),
    ("StartVoiceToneAnalysisTask", lambda a: on_call(a, LanguageCode="en-US")),
    ("DeleteVoiceProfileDomain", domain),
    ("GetVoiceProfileDomain", domain),
]

SCRIPTS = {"connectors": CONNECTORS, "numbers": NUMBERS, "sip": SIP, "voices": VOICES}


async def run(steps: list[Step], emulator: Emulator, send: Send) -> Answers:
    answers: Answers = []
    for name, params in steps:
        if name.islower():
            answers.append(getattr(emulator.voice, name)(**params(answers)))
        else:
            answers.append(await send(name, params(answers)))
    return answers


# One session reads the model once.
session_of_all = cache(botocore.session.Session)


def by_botocore(origin: str, emulator: Emulator) -> Send:
    endpoints = emulator.aws(origin).endpoint_url
    assert not isinstance(endpoints, (str, type(None)))
    client = session_of_all().create_client(
        SERVICE,
        region_name=REGION,
        endpoint_url=endpoints[SERVICE],
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )

    async def send(name: str, params: Params) -> Any:
        try:
            return plain(getattr(client, botocore.xform_name(name))(**params))
        except botocore.exceptions.ClientError as error:
            return (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])

    return send


def by_roomtone(live: roomtone.Client) -> Send:
    async def send(name: str, params: Params) -> Any:
        request = roomtone.from_wire(operations(SERVICE)[name].request, params)
        try:
            value = (await live.chime_sdk_voice.send(request)).value
        except ApiError as error:
            return (error.code, error.status)
        return {} if value is None else roomtone.to_wire(value)

    return send


@pytest.fixture
def same_chance(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Begins the emulator's ids anew, so that two runs can be compared word by word."""

    def begin() -> None:
        numbers, dice = itertools.count(1), random.Random(7)
        ids = SimpleNamespace(uuid4=lambda: uuid.UUID(int=next(numbers)))
        monkeypatch.setattr("roomtone.emulator.voice.base.uuid", ids)
        monkeypatch.setattr("roomtone.emulator.state.secrets", SimpleNamespace(choice=dice.choice))

    return begin


REFUSALS: dict[str, dict[tuple[str, int], set[int]]] = {
    "connectors": {("NotFoundException", 404): {8, 12, 16, 20, 24, 28, 37, 44}},
    "numbers": {("ConflictException", 409): {18, 33}, ("NotFoundException", 404): {27}},
    "sip": {("GoneException", 410): {7, 8}, ("ConflictException", 409): {12, 15, 16}, ("NotFoundException", 404): {20}},
    "voices": {("ConflictException", 409): {2, 16}, ("NotFoundException", 404): {8, 24}, ("GoneException", 410): {22}},
}
"""The steps of each script that are refused; every other one succeeds."""


@needs_locked_botocore
@pytest.mark.anyio
@pytest.mark.parametrize("script", SCRIPTS)
async def test_the_same_script(
    script: str, server: str, switchboard: Any, same_chance: Callable[[], None], anyio_backend: str
) -> None:
    """Both clients get the same answers and the same errors, step by step, to the last id."""
    now = utc_now()
    switchboard.emulator = emulator = Emulator(clock=lambda: now)
    same_chance()
    theirs = await run(SCRIPTS[script], emulator, by_botocore(server, emulator))
    switchboard.emulator = emulator = Emulator(clock=lambda: now)
    same_chance()
    async with roomtone.Client(emulator.aws(server)) as live:
        ours = await run(SCRIPTS[script], emulator, by_roomtone(live))
    assert ours == theirs
    refused: dict[Any, set[int]] = {}
    for step, answer in enumerate(ours):
        if isinstance(answer, tuple):
            refused.setdefault(answer, set()).add(step)
    assert refused == REFUSALS[script]
    MEANINGS[script](ours)


def connectors_mean(answers: Answers) -> None:
    assert answers[7]["Tags"] == [{"Key": "new", "Value": ""}]
    assert answers[9] == answers[10] != {}
    assert answers[36] == {"Usernames": ["bo"]}
    assert answers[41]["VoiceConnector"] == {"CdrBucket": "call-records"}
    assert answers[42]["ValidationResult"] == 1


def numbers_mean(answers: Answers) -> None:
    assert answers[5]["E164PhoneNumbers"] == SEATTLE[:3]
    assert answers[6]["E164PhoneNumbers"][0] == SEATTLE[3]
    assert [answers[step]["PhoneNumberOrder"]["Status"] for step in (7, 8)] == ["Processing", "Successful"]
    assert [error["ErrorCode"] for error in answers[11]["PhoneNumberErrors"]] == [
        *["PhoneNumberAssociationsExist"] * 3,
        "NotFound",
    ]
    assert [number["E164PhoneNumber"] for number in answers[14]["PhoneNumbers"]] == SEATTLE[:2]
    assert [number["Status"] for number in answers[32]["PhoneNumbers"]] == ["Unassigned", *["DeleteInProgress"] * 2]


def sip_means(answers: Answers) -> None:
    assert answers[6]["SipMediaApplicationLoggingConfiguration"] == {"EnableSipMediaApplicationMessageLogs": True}
    assert answers[9] == answers[10]
    assert answers[14]["SipRules"] == [answers[11]["SipRule"]]


def voices_mean(answers: Answers) -> None:
    assert answers[9] == answers[10]
    assert answers[11]["SpeakerSearchTask"]["SpeakerSearchTaskStatus"] == "SUCCEEDED"
    assert answers[14]["VoiceProfiles"] == [answers[12]["VoiceProfile"]]
    assert answers[20]["VoiceToneAnalysisTask"]["VoiceToneAnalysisTaskStatus"] == "STOPPED"


MEANINGS = {"connectors": connectors_mean, "numbers": numbers_mean, "sip": sip_means, "voices": voices_mean}
"""What the steps of each script are about."""


def test_the_scripts_cover_what_is_emulated() -> None:
    """Every emulated operation is in a script."""
    covered = {name for steps in SCRIPTS.values() for name, _ in steps if not name.islower()}
    assert covered == {operation.name for operation in handles.by_operation}


BEYOND_THE_MODEL = {
    "capabilities",
    "default_session_expiry_minutes",
    "e164_phone_numbers",
    "name",
    "origination.routes",
    "update_phone_number_request_items",
}
"""Members that are held to limits which stand in the service's documentation, or go without saying, alone."""


def limits_of(shape: Shape, path: str) -> Iterator[tuple[str, tuple[int, int | None]]]:
    """The limits of a shape and what is in it, by the path of each member."""
    if {"min", "max"} & shape.metadata.keys():
        yield path, (shape.metadata.get("min", 0), shape.metadata.get("max"))
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from limits_of(member, f"{path}.{botocore.xform_name(name)}".lstrip("."))
    elif shape.type_name == "list":
        yield from limits_of(shape.member, f"{path}[]")


@needs_locked_botocore
@pytest.mark.parametrize("operation", handles.by_operation, ids=lambda operation: operation.name)
def test_statuses_and_limits_are_the_models(operation: Any) -> None:
    """An operation answers the modelled status and holds its request to the modelled limits."""
    model = service_model(SERVICE).operation_model(operation.name)
    handler = handles.by_operation[operation]
    assert handler.status == model.http.get("responseCode", 200)
    modelled = dict(limits_of(model.input_shape, "")) if model.input_shape else {}
    modelled.pop("next_token", None)
    assert {path: limit for path, limit in handler.limits.items() if path in modelled} == modelled
    assert handler.limits.keys() - modelled.keys() <= BEYOND_THE_MODEL
