"""Voice connectors, phone numbers, SIP media applications, voice profiles and analysis, through the public client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

import roomtone
from roomtone import errors
from roomtone.chime_sdk_voice import (
    BadRequestException,
    ChimeSDKVoiceClient,
    ConflictException,
    Credential,
    DNISEmergencyCallingConfiguration,
    EmergencyCallingConfiguration,
    ExternalSystemsConfiguration,
    GeoMatchParams,
    GoneException,
    LoggingConfiguration,
    NotFoundException,
    Origination,
    OriginationRoute,
    PhoneNumberError,
    Proxy,
    ResourceLimitExceededException,
    ServerSideEncryptionConfiguration,
    SipMediaApplicationAlexaSkillConfiguration,
    SipMediaApplicationEndpoint,
    SipMediaApplicationLoggingConfiguration,
    SipRuleTargetApplication,
    StreamingConfiguration,
    StreamingNotificationTarget,
    Tag,
    Termination,
    UnprocessableEntityException,
    UpdatePhoneNumberRequestItem,
    VoiceConnectorItem,
    VoiceConnectorSettings,
)
from roomtone.emulator import Emulator

pytestmark = [
    pytest.mark.anyio,
    # Proxy sessions and the Alexa configuration are on their way out of the API; who still calls them can test it.
    pytest.mark.filterwarnings("ignore:.* is deprecated in the API:DeprecationWarning"),
]

NOBODY = "a" * 22
NO_ONE = "00000000-0000-4000-8000-000000000000"
SEATTLE = [f"+1206555010{last}" for last in range(4)]
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:answer"
KMS = ServerSideEncryptionConfiguration(kms_key_arn="arn:aws:kms:eu-central-1:123456789012:key/voices")


class Clock:
    """The emulator's time, set by the test."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed_emulator(clock: Clock) -> Emulator:
    return Emulator(clock=clock)


@pytest.fixture
async def timed(
    timed_emulator: Emulator, anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ChimeSDKVoiceClient]:
    """The voice client of an emulator whose time the test sets; the client signs by the system's."""
    monkeypatch.setattr("roomtone._http.verification.MAX_SKEW", timedelta(days=36_500))
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(timed_emulator)) as http_client,
        roomtone.Client(timed_emulator.aws(), http_client=http_client) as client,
    ):
        yield client.chime_sdk_voice


async def connector_id(voice: ChimeSDKVoiceClient, name: str = "trunk") -> str:
    made = await voice.create_voice_connector(name=name, require_encryption=True)
    return made.voice_connector.voice_connector_id


async def buy(
    voice: ChimeSDKVoiceClient, *numbers: str, product_type: str = "VoiceConnector", name: str | None = None
) -> str:
    """Orders numbers and waits for them; the order's id."""
    order = await voice.create_phone_number_order(product_type=product_type, e164_phone_numbers=numbers, name=name)
    order_id = order.phone_number_order.phone_number_order_id
    got = await voice.get_phone_number_order(phone_number_order_id=order_id)
    assert got.phone_number_order.status == "Successful"
    return order_id


async def application_id(voice: ChimeSDKVoiceClient, name: str = "ivr", region: str = "us-east-1") -> str:
    made = await voice.create_sip_media_application(
        aws_region=region,
        name=name,
        endpoints=[SipMediaApplicationEndpoint(lambda_arn=LAMBDA.replace("us-east-1", region))],
    )
    return made.sip_media_application.sip_media_application_id


def codes(refused: list[PhoneNumberError] | None) -> list[tuple[str | None, str | None]]:
    assert refused is not None
    assert all(one.error_message for one in refused)
    return [(one.phone_number_id, one.error_code) for one in refused]


async def refused(error: type[errors.ApiError], *calls: Awaitable[object]) -> None:
    for call in calls:
        with pytest.raises(error) as caught:
            await call
        assert caught.value.message


async def test_a_voice_connector_is_made_found_changed_and_gone(live: roomtone.Client) -> None:
    """A voice connector is there from its creation to its deletion; it says its region, its host and its ARN."""
    voice = live.chime_sdk_voice
    made = (
        await voice.create_voice_connector(name="trunk", aws_region="eu-west-2", require_encryption=True)
    ).voice_connector
    id_ = made.voice_connector_id
    assert made.voice_connector_arn == f"arn:aws:chime:eu-west-2:123456789012:vc/{id_}"
    assert (made.aws_region, made.network_type, made.require_encryption) == ("eu-west-2", "IPV4_ONLY", True)
    assert made.outbound_host_name == f"{id_}.voiceconnector.chime.invalid"
    assert (await voice.get_voice_connector(voice_connector_id=id_)).voice_connector == made
    other = (await voice.create_voice_connector(name="trunk", require_encryption=False)).voice_connector
    assert other.aws_region == "us-east-1"

    changed = await voice.update_voice_connector(voice_connector_id=id_, name="other", require_encryption=False)
    assert (changed.voice_connector.name, changed.voice_connector.require_encryption) == ("other", False)
    assert [one.name async for one in voice.iter_voice_connectors(max_results=1)] == ["other", "trunk"]
    await voice.delete_voice_connector(voice_connector_id=id_)
    await refused(
        NotFoundException,
        voice.get_voice_connector(voice_connector_id=id_),
        voice.update_voice_connector(voice_connector_id=id_, name="x", require_encryption=True),
        voice.delete_voice_connector(voice_connector_id=id_),
        voice.list_proxy_sessions(voice_connector_id=id_),
    )
    assert [one.voice_connector_id async for one in voice.iter_voice_connectors()] == [other.voice_connector_id]


async def test_regions_and_settings_of_the_account(live: roomtone.Client) -> None:
    """The regions for voice connectors are listed, and one elsewhere is refused; the account has global settings."""
    voice = live.chime_sdk_voice
    regions = (await voice.list_available_voice_connector_regions()).voice_connector_regions
    assert {"us-east-1", "eu-central-1", "ap-southeast-2"} <= set(regions)
    with pytest.raises(BadRequestException, match="aws_region must be one of us-east-1"):
        await voice.create_voice_connector(name="trunk", aws_region="moon-1", require_encryption=True)
    assert (await voice.get_global_settings()).voice_connector == VoiceConnectorSettings()
    await voice.update_global_settings(voice_connector=VoiceConnectorSettings(cdr_bucket="call-records"))
    assert (await voice.get_global_settings()).voice_connector == VoiceConnectorSettings(cdr_bucket="call-records")
    with pytest.raises(BadRequestException, match="cdr_bucket"):
        await voice.update_global_settings(voice_connector=VoiceConnectorSettings(cdr_bucket="No_Bucket"))


SETTINGS: dict[str, tuple[dict[str, Any], object]] = {
    "origination": (
        {
            "origination": Origination(
                routes=[OriginationRoute(host="192.0.2.7", port=5060, protocol="UDP", priority=1, weight=1)],
                disabled=False,
            )
        },
        None,
    ),
    "termination": (
        {"termination": Termination(cps_limit=1, calling_regions=["US", "DE"], cidr_allowed_list=["192.0.2.0/28"])},
        None,
    ),
    "streaming_configuration": (
        {
            "streaming_configuration": StreamingConfiguration(
                data_retention_in_hours=24,
                disabled=False,
                streaming_notification_targets=[StreamingNotificationTarget(notification_target="SQS")],
            )
        },
        None,
    ),
    "emergency_calling_configuration": (
        {
            "emergency_calling_configuration": EmergencyCallingConfiguration(
                dnis=[DNISEmergencyCallingConfiguration(emergency_phone_number="+12065550100", calling_country="US")]
            )
        },
        None,
    ),
    "external_systems_configuration": (
        {"session_border_controller_types": ["RIBBON_SBC"]},
        ExternalSystemsConfiguration(session_border_controller_types=["RIBBON_SBC"], contact_center_system_types=[]),
    ),
    "proxy": (
        {"default_session_expiry_minutes": 60, "phone_number_pool_countries": ["US"]},
        Proxy(default_session_expiry_minutes=60, disabled=False, phone_number_countries=["US"]),
    ),
}
"""What is put of each setting, and what is answered when that is not the same."""


@pytest.mark.parametrize("setting", SETTINGS)
async def test_a_setting_is_there_once_it_is_put(setting: str, live: roomtone.Client) -> None:
    """A setting of a voice connector is got as it was put, is its connector's alone, and is gone once it is deleted."""
    voice = live.chime_sdk_voice
    id_, other = await connector_id(voice), await connector_id(voice)

    def method(verb: str) -> Callable[..., Awaitable[Any]]:
        found: Callable[..., Awaitable[Any]] = getattr(voice, f"{verb}_voice_connector_{setting}")
        return found

    given, answered = SETTINGS[setting]
    expected = answered or given[setting]
    await refused(NotFoundException, method("get")(voice_connector_id=id_), method("delete")(voice_connector_id=id_))
    assert getattr(await method("put")(voice_connector_id=id_, **given), setting) == expected
    assert getattr(await method("get")(voice_connector_id=id_), setting) == expected
    await refused(NotFoundException, method("get")(voice_connector_id=other))
    await method("delete")(voice_connector_id=id_)
    await refused(
        NotFoundException,
        method("get")(voice_connector_id=id_),
        method("get")(voice_connector_id=NOBODY),
        method("put")(voice_connector_id=NOBODY, **given),
    )


async def test_logging_is_off_until_it_is_put(live: roomtone.Client) -> None:
    """Logging cannot be deleted, so a voice connector always has it."""
    voice = live.chime_sdk_voice
    id_ = await connector_id(voice)
    off = LoggingConfiguration(enable_sip_logs=False, enable_media_metric_logs=False)
    assert (await voice.get_voice_connector_logging_configuration(voice_connector_id=id_)).logging_configuration == off
    on = LoggingConfiguration(enable_sip_logs=True)
    put = await voice.put_voice_connector_logging_configuration(voice_connector_id=id_, logging_configuration=on)
    got = await voice.get_voice_connector_logging_configuration(voice_connector_id=id_)
    assert put.logging_configuration == got.logging_configuration == on


async def test_emergency_calling_holds_origination_and_termination(live: roomtone.Client) -> None:
    """While emergency calling is configured, neither origination nor termination can be deleted."""
    voice = live.chime_sdk_voice
    id_ = await connector_id(voice)
    for setting in ("origination", "termination", "emergency_calling_configuration"):
        await getattr(voice, f"put_voice_connector_{setting}")(voice_connector_id=id_, **SETTINGS[setting][0])
    await refused(
        BadRequestException,
        voice.delete_voice_connector_origination(voice_connector_id=id_),
        voice.delete_voice_connector_termination(voice_connector_id=id_),
    )
    await voice.delete_voice_connector_emergency_calling_configuration(voice_connector_id=id_)
    await voice.delete_voice_connector_origination(voice_connector_id=id_)
    await voice.delete_voice_connector_termination(voice_connector_id=id_)
    await refused(NotFoundException, voice.get_voice_connector_termination(voice_connector_id=id_))


@pytest.mark.parametrize(
    ("method", "given", "reason"),
    [
        ("put_voice_connector_origination", {"origination": Origination()}, "needs routes or disabled"),
        (
            "put_voice_connector_origination",
            {"origination": Origination(routes=[OriginationRoute(protocol="SCTP")])},
            r"routes\[0\].protocol must be one of TCP, UDP",
        ),
        (
            "put_voice_connector_origination",
            {"origination": Origination(routes=[OriginationRoute(port=70_000)])},
            r"routes\[0\].port must be 0 to 65535",
        ),
        ("put_voice_connector_termination", {"termination": Termination()}, "calling_regions is required"),
        (
            "put_voice_connector_termination",
            {"termination": Termination(calling_regions=["US"], default_phone_number="0123")},
            "default_phone_number must match",
        ),
        (
            "put_voice_connector_streaming_configuration",
            {
                "streaming_configuration": StreamingConfiguration(
                    data_retention_in_hours=1,
                    disabled=False,
                    streaming_notification_targets=[StreamingNotificationTarget(notification_target="Pigeon")],
                )
            },
            r"streaming_notification_targets\[0\].notification_target must be one of",
        ),
        (
            "put_voice_connector_emergency_calling_configuration",
            {
                "emergency_calling_configuration": EmergencyCallingConfiguration(
                    dnis=[DNISEmergencyCallingConfiguration(emergency_phone_number="+1", calling_country="US")]
                )
            },
            r"dnis\[0\].emergency_phone_number must match",
        ),
        (
            "put_voice_connector_external_systems_configuration",
            {"contact_center_system_types": ["SWITCHBOARD"]},
            "contact_center_system_types must be one of",
        ),
        (
            "put_voice_connector_external_systems_configuration",
            {"session_border_controller_types": ["FENCE"]},
            "session_border_controller_types must be one of",
        ),
        (
            "put_voice_connector_proxy",
            {"default_session_expiry_minutes": 5, "phone_number_pool_countries": ["USA"]},
            r"phone_number_pool_countries\[0\] must match",
        ),
        ("update_voice_connector", {"name": "a/b", "require_encryption": True}, "name must match"),
    ],
)
async def test_settings_that_do_not_fit(method: str, given: dict[str, Any], reason: str, live: roomtone.Client) -> None:
    """A setting outside the service's rules is refused by the name of its member."""
    id_ = await connector_id(live.chime_sdk_voice)
    with pytest.raises(BadRequestException, match=reason):
        await getattr(live.chime_sdk_voice, method)(voice_connector_id=id_, **given)


async def test_credentials_show_their_user_names_alone(live: roomtone.Client) -> None:
    """Credentials of termination are put, replaced, listed without their passwords, and deleted by user name."""
    voice = live.chime_sdk_voice
    id_ = await connector_id(voice)

    async def names() -> list[str]:
        return (await voice.list_voice_connector_termination_credentials(voice_connector_id=id_)).usernames

    assert await names() == []
    for username, password in (("ana", "one"), ("bo", "two"), ("ana", "three")):
        await voice.put_voice_connector_termination_credentials(
            voice_connector_id=id_, credentials=[Credential(username=username, password=password)]
        )
    assert await names() == ["ana", "bo"]
    with pytest.raises(BadRequestException, match=r"credentials\[1\] needs a username and a password"):
        await voice.put_voice_connector_termination_credentials(
            voice_connector_id=id_,
            credentials=[Credential(username="cy", password="x"), Credential(username="dee")],
        )
    await voice.delete_voice_connector_termination_credentials(voice_connector_id=id_, usernames=["ana", "nobody"])
    assert await names() == ["bo"]


async def test_termination_health_tells_of_the_last_ping(
    timed: ChimeSDKVoiceClient, timed_emulator: Emulator, clock: Clock
) -> None:
    """A voice connector has no termination health before its first ping, and then that of its last one."""
    id_ = await connector_id(timed)
    await refused(NotFoundException, timed.get_voice_connector_termination_health(voice_connector_id=id_))
    timed_emulator.voice.ping(id_)
    last = clock.forward(minutes=1)
    timed_emulator.voice.ping(id_, source="192.0.2.9")
    health = (await timed.get_voice_connector_termination_health(voice_connector_id=id_)).termination_health
    assert health is not None
    assert (health.timestamp, health.source) == (last, "192.0.2.9")
    with pytest.raises(NotFoundException):
        timed_emulator.voice.ping(NOBODY)


async def test_groups_of_voice_connectors(live: roomtone.Client) -> None:
    """A group names voice connectors that exist, keeps them from deletion, and is deleted once it is empty."""
    voice = live.chime_sdk_voice
    id_ = await connector_id(voice)
    items = [VoiceConnectorItem(voice_connector_id=id_, priority=2)]
    await refused(
        NotFoundException,
        voice.create_voice_connector_group(
            name="all", voice_connector_items=[VoiceConnectorItem(voice_connector_id=NOBODY, priority=1)]
        ),
        voice.get_voice_connector_group(voice_connector_group_id=NO_ONE),
    )
    group = (await voice.create_voice_connector_group(name="all", voice_connector_items=items)).voice_connector_group
    group_id = group.voice_connector_group_id
    assert (group.voice_connector_items, group.call_distribution_type) == (items, "PriorityWeightedDistribution")
    assert (await voice.get_voice_connector_group(voice_connector_group_id=group_id)).voice_connector_group == group
    await voice.create_voice_connector_group(name="none")
    assert [one.name async for one in voice.iter_voice_connector_groups(max_results=1)] == ["all", "none"]

    await refused(
        ConflictException,
        voice.delete_voice_connector(voice_connector_id=id_),
        voice.delete_voice_connector_group(voice_connector_group_id=group_id),
    )
    updated = await voice.update_voice_connector_group(
        voice_connector_group_id=group_id,
        name="some",
        voice_connector_items=[],
        call_distribution_type="LoadBalancedDistribution",
    )
    changed = updated.voice_connector_group
    assert (changed.name, changed.voice_connector_items) == ("some", [])
    assert changed.call_distribution_type == "LoadBalancedDistribution"
    await voice.delete_voice_connector(voice_connector_id=id_)
    await voice.delete_voice_connector_group(voice_connector_group_id=group_id)
    await refused(NotFoundException, voice.get_voice_connector_group(voice_connector_group_id=group_id))


async def test_search_narrows_what_is_on_sale(live: roomtone.Client) -> None:
    """Numbers on sale are searched by place and type, in pages; what is ordered is on sale no more."""
    voice = live.chime_sdk_voice
    seattle = voice.iter_search_available_phone_numbers(area_code="206", max_results=30)
    numbers = [number async for number in seattle]
    assert (len(numbers), len(set(numbers)), numbers[:4]) == (100, 100, SEATTLE)
    by_city = await voice.search_available_phone_numbers(city="seattle", state="WA", country="US", max_results=2)
    assert by_city.e164_phone_numbers == SEATTLE[:2]
    free = (await voice.search_available_phone_numbers(toll_free_prefix="855", max_results=1)).e164_phone_numbers
    assert free == ["+18555550100"]
    abroad = await voice.search_available_phone_numbers(country="GB", phone_number_type="Local", max_results=500)
    assert {number[:6] for number in abroad.e164_phone_numbers} == {"+44207"}
    nothing = await voice.search_available_phone_numbers(country="GB", phone_number_type="TollFree")
    assert (nothing.e164_phone_numbers, nothing.next_token) == ([], None)
    await buy(voice, SEATTLE[0])
    left = await voice.search_available_phone_numbers(area_code="206", max_results=1)
    assert left.e164_phone_numbers == [SEATTLE[1]]
    with pytest.raises(BadRequestException, match="phone_number_type"):
        await voice.search_available_phone_numbers(phone_number_type="Satellite")


async def test_countries_by_product(live: roomtone.Client) -> None:
    """Voice connectors take numbers of the U.S. alone, SIP media applications those of every country on sale."""
    voice = live.chime_sdk_voice
    home = (await voice.list_supported_phone_number_countries(product_type="VoiceConnector")).phone_number_countries
    assert [(one.country_code, one.supported_phone_number_types) for one in home] == [("US", ["Local", "TollFree"])]
    every = await voice.list_supported_phone_number_countries(product_type="SipMediaApplicationDialIn")
    assert {"US", "GB"} <= {one.country_code for one in every.phone_number_countries}
    london = (await voice.search_available_phone_numbers(country="GB", max_results=1)).e164_phone_numbers
    with pytest.raises(BadRequestException, match=r"outside the U\.S\."):
        await voice.create_phone_number_order(product_type="VoiceConnector", e164_phone_numbers=london)
    await buy(voice, *london, product_type="SipMediaApplicationDialIn")
    with pytest.raises(BadRequestException, match=r"outside the U\.S\."):
        await voice.update_phone_number(phone_number_id=london[0], product_type="VoiceConnector")


async def test_an_order_is_processed_until_somebody_looks(live: roomtone.Client) -> None:
    """An order is Processing when it is made and Successful at the next look, with the numbers in the inventory."""
    voice = live.chime_sdk_voice
    made = await voice.create_phone_number_order(
        product_type="VoiceConnector", e164_phone_numbers=SEATTLE[:2], name="front desk"
    )
    order = made.phone_number_order
    assert (order.status, order.order_type, order.product_type) == ("Processing", "New", "VoiceConnector")
    assert {one.status for one in order.ordered_phone_numbers or ()} == {"Processing"}
    numbers = (await voice.list_phone_numbers()).phone_numbers
    got = (await voice.get_phone_number_order(phone_number_order_id=order.phone_number_order_id)).phone_number_order
    assert got.status == "Successful"
    assert [(one.e164_phone_number, one.status) for one in got.ordered_phone_numbers or ()] == [
        (SEATTLE[0], "Acquired"),
        (SEATTLE[1], "Acquired"),
    ]
    assert [(one.e164_phone_number, one.status, one.name) for one in numbers] == [
        (SEATTLE[0], "Unassigned", "front desk"),
        (SEATTLE[1], "Unassigned", "front desk"),
    ]
    assert numbers[0].phone_number_id == "%2B12065550100"
    assert (numbers[0].order_id, numbers[0].country, numbers[0].type) == (order.phone_number_order_id, "US", "Local")
    for id_ in ("+12065550100", "%2B12065550100", "12065550100"):
        assert (await voice.get_phone_number(phone_number_id=id_)).phone_number == numbers[0]
    await refused(
        NotFoundException,
        voice.get_phone_number(phone_number_id=SEATTLE[2]),
        voice.get_phone_number_order(phone_number_order_id=NO_ONE),
    )


async def test_orders_that_fail(live: roomtone.Client, emulator: Emulator) -> None:
    """What is not on sale fails by itself, a command fails a whole order, and a held order waits for one."""
    voice = live.chime_sdk_voice

    async def order(*numbers: str) -> str:
        made = await voice.create_phone_number_order(product_type="VoiceConnector", e164_phone_numbers=numbers)
        return made.phone_number_order.phone_number_order_id

    async def status(order_id: str) -> str | None:
        return (await voice.get_phone_number_order(phone_number_order_id=order_id)).phone_number_order.status

    none, partial = await order("+15005550006"), await order("+15005550006", SEATTLE[0])
    again = await order(SEATTLE[0])
    assert [await status(one) for one in (none, partial, again)] == ["Failed", "Partial", "Failed"]

    failing = await order(SEATTLE[1], "+15005550006")
    emulator.voice.fail_order(failing)
    held = await order(SEATTLE[1])
    emulator.voice.hold_order(held)
    assert [await status(one) for one in (failing, held, held)] == ["Failed", "Processing", "Processing"]
    await refused(NotFoundException, voice.get_phone_number(phone_number_id=SEATTLE[1]))
    emulator.voice.deliver_order(held.upper())
    assert await status(held) == "Successful"
    assert (await voice.get_phone_number(phone_number_id=SEATTLE[1])).phone_number.order_id == held
    for command in (emulator.voice.hold_order, emulator.voice.fail_order, emulator.voice.deliver_order):
        with pytest.raises(ConflictException, match="Successful"):
            command(held)
        with pytest.raises(NotFoundException):
            command(NO_ONE)
    orders = [one.phone_number_order_id async for one in voice.iter_phone_number_orders(max_results=2)]
    assert orders == [none, partial, again, failing, held]


async def test_more_numbers_on_sale(live: roomtone.Client, emulator: Emulator) -> None:
    """A command puts a number on sale; one that the account has is refused."""
    voice = live.chime_sdk_voice
    emulator.voice.offer_number("+15005550006", area_code="500", city="Nowhere", state="NV")
    found = await voice.search_available_phone_numbers(area_code="500")
    assert found.e164_phone_numbers == ["+15005550006"]
    await voice.create_phone_number_order(product_type="VoiceConnector", e164_phone_numbers=["+15005550006"])
    for _ in ("on order", "bought"):
        with pytest.raises(ConflictException):
            emulator.voice.offer_number("+15005550006")
        assert (await voice.get_phone_number(phone_number_id="+15005550006")).phone_number.type == "Local"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"e164_phone_numbers": []}, "e164_phone_numbers must be at least 1"),
        ({"e164_phone_numbers": ["+12065550100", "12065550100"]}, "names a number twice"),
        ({"e164_phone_numbers": ["+0123"]}, r"e164_phone_numbers\[0\] must match"),
        ({"product_type": "Fax"}, "product_type must be one of"),
        ({"name": "a  /"}, "name must match"),
    ],
)
async def test_orders_that_do_not_fit(given: dict[str, Any], reason: str, live: roomtone.Client) -> None:
    """An order outside the service's rules is refused as a whole."""
    whole = {"product_type": "VoiceConnector", "e164_phone_numbers": SEATTLE[:1], **given}
    with pytest.raises(BadRequestException, match=reason):
        await live.chime_sdk_voice.create_phone_number_order(**whole)


async def test_a_number_changes_one_detail_at_a_time(live: roomtone.Client) -> None:
    """Product type, calling name or name change by themselves; a new calling name takes until the next look."""
    voice = live.chime_sdk_voice
    await buy(voice, SEATTLE[0])
    id_ = SEATTLE[0]
    named = (await voice.update_phone_number(phone_number_id=id_, calling_name="Roomtone")).phone_number
    assert (named.calling_name, named.calling_name_status) == ("Roomtone", "UpdateInProgress")
    later = (await voice.get_phone_number(phone_number_id=id_)).phone_number
    assert (later.calling_name, later.calling_name_status) == ("Roomtone", "UpdateSucceeded")
    assert (await voice.update_phone_number(phone_number_id=id_, name="desk")).phone_number.name == "desk"
    moved = await voice.update_phone_number(phone_number_id=id_, product_type="SipMediaApplicationDialIn")
    assert (moved.phone_number.product_type, moved.phone_number.name) == ("SipMediaApplicationDialIn", "desk")
    await refused(
        BadRequestException,
        voice.update_phone_number(phone_number_id=id_),
        voice.update_phone_number(phone_number_id=id_, name="a", calling_name="ab"),
        voice.update_phone_number(phone_number_id=id_, calling_name="?"),
        voice.update_phone_number(phone_number_id=id_, product_type="Fax"),
    )
    await refused(NotFoundException, voice.update_phone_number(phone_number_id=SEATTLE[1], name="a"))


async def test_numbers_are_updated_together(live: roomtone.Client) -> None:
    """An update of several numbers changes those it can and tells of the others; a number stands in it once."""
    voice = live.chime_sdk_voice
    await buy(voice, *SEATTLE[:2])
    await voice.delete_phone_number(phone_number_id=SEATTLE[1])
    items = [UpdatePhoneNumberRequestItem(phone_number_id=number, name="desk") for number in SEATTLE[:3]]
    answer = await voice.batch_update_phone_number(update_phone_number_request_items=items)
    assert codes(answer.phone_number_errors) == [(SEATTLE[1], "Conflict"), (SEATTLE[2], "NotFound")]
    assert (await voice.get_phone_number(phone_number_id=SEATTLE[0])).phone_number.name == "desk"
    with pytest.raises(BadRequestException, match="names a number twice"):
        await voice.batch_update_phone_number(update_phone_number_request_items=[items[0], items[0]])
    with pytest.raises(BadRequestException, match="one changes at a time"):
        await voice.batch_update_phone_number(
            update_phone_number_request_items=[UpdatePhoneNumberRequestItem(phone_number_id=SEATTLE[0])]
        )


async def test_a_number_belongs_to_one_thing(live: roomtone.Client) -> None:
    """A number belongs to a voice connector or to a group; it moves by force alone, and holds what it belongs to."""
    voice = live.chime_sdk_voice
    await buy(voice, *SEATTLE[:2])
    await buy(voice, SEATTLE[2], product_type="SipMediaApplicationDialIn")
    id_ = await connector_id(voice)
    group_id = (await voice.create_voice_connector_group(name="g")).voice_connector_group.voice_connector_group_id

    answer = await voice.associate_phone_numbers_with_voice_connector(
        voice_connector_id=id_, e164_phone_numbers=SEATTLE
    )
    assert codes(answer.phone_number_errors) == [(SEATTLE[2], "BadRequest"), (SEATTLE[3], "NotFound")]
    again = await voice.associate_phone_numbers_with_voice_connector(
        voice_connector_id=id_, e164_phone_numbers=SEATTLE[:1]
    )
    assert codes(again.phone_number_errors) == []
    number = (await voice.get_phone_number(phone_number_id=SEATTLE[0])).phone_number
    assert number.status == "Assigned"
    assert [(one.name, one.value) for one in number.associations or ()] == [("VoiceConnectorId", id_)]
    listed = voice.iter_phone_numbers(filter_name="VoiceConnectorId", filter_value=id_, max_results=1)
    assert [one.e164_phone_number async for one in listed] == SEATTLE[:2]
    unassigned = (await voice.list_phone_numbers(status="Unassigned")).phone_numbers
    assert [one.e164_phone_number for one in unassigned] == [SEATTLE[2]]
    dial_in = (await voice.list_phone_numbers(product_type="SipMediaApplicationDialIn")).phone_numbers
    assert dial_in == unassigned
    with pytest.raises(BadRequestException, match="filter_value"):
        await voice.list_phone_numbers(filter_name="VoiceConnectorId")

    await refused(
        ConflictException,
        voice.delete_voice_connector(voice_connector_id=id_),
        voice.update_phone_number(phone_number_id=SEATTLE[0], product_type="SipMediaApplicationDialIn"),
    )
    kept = await voice.associate_phone_numbers_with_voice_connector_group(
        voice_connector_group_id=group_id, e164_phone_numbers=SEATTLE[:1]
    )
    assert codes(kept.phone_number_errors) == [(SEATTLE[0], "PhoneNumberAssociationsExist")]
    moved = await voice.associate_phone_numbers_with_voice_connector_group(
        voice_connector_group_id=group_id, e164_phone_numbers=SEATTLE[:1], force_associate=True
    )
    assert codes(moved.phone_number_errors) == []
    number = (await voice.get_phone_number(phone_number_id=SEATTLE[0])).phone_number
    assert [(one.name, one.value) for one in number.associations or ()] == [("VoiceConnectorGroupId", group_id)]

    await refused(ConflictException, voice.delete_voice_connector_group(voice_connector_group_id=group_id))
    gone = await voice.disassociate_phone_numbers_from_voice_connector(
        voice_connector_id=id_, e164_phone_numbers=SEATTLE[:2]
    )
    assert codes(gone.phone_number_errors) == [(SEATTLE[0], "NotFound")]
    gone_too = await voice.disassociate_phone_numbers_from_voice_connector_group(
        voice_connector_group_id=group_id, e164_phone_numbers=SEATTLE[:1]
    )
    assert codes(gone_too.phone_number_errors) == []
    assert (await voice.get_phone_number(phone_number_id=SEATTLE[0])).phone_number.status == "Unassigned"
    await voice.delete_voice_connector(voice_connector_id=id_)
    await voice.delete_voice_connector_group(voice_connector_group_id=group_id)
    await refused(
        NotFoundException,
        voice.associate_phone_numbers_with_voice_connector(voice_connector_id=id_, e164_phone_numbers=SEATTLE),
        voice.disassociate_phone_numbers_from_voice_connector_group(
            voice_connector_group_id=group_id, e164_phone_numbers=SEATTLE
        ),
    )


async def test_a_deleted_number_can_be_restored_for_a_week(timed: ChimeSDKVoiceClient, clock: Clock) -> None:
    """A deleted number is useless but restorable; after seven days it is gone and on sale again."""
    await buy(timed, *SEATTLE[:3])
    id_ = await connector_id(timed)
    await timed.associate_phone_numbers_with_voice_connector(voice_connector_id=id_, e164_phone_numbers=SEATTLE[:1])
    await refused(BadRequestException, timed.delete_phone_number(phone_number_id=SEATTLE[0]))
    answer = await timed.batch_delete_phone_number(phone_number_ids=SEATTLE)
    assert codes(answer.phone_number_errors) == [
        (SEATTLE[0], "PhoneNumberAssociationsExist"),
        (SEATTLE[3], "NotFound"),
    ]
    deleted = (await timed.get_phone_number(phone_number_id=SEATTLE[1])).phone_number
    assert (deleted.status, deleted.deletion_timestamp) == ("DeleteInProgress", clock.now)
    clock.forward(days=6)
    await timed.delete_phone_number(phone_number_id=SEATTLE[1])
    refusals = await timed.associate_phone_numbers_with_voice_connector(
        voice_connector_id=id_, e164_phone_numbers=SEATTLE[1:2]
    )
    assert codes(refusals.phone_number_errors) == [(SEATTLE[1], "Gone")]
    restored = (await timed.restore_phone_number(phone_number_id=SEATTLE[2])).phone_number
    assert (restored.status, restored.deletion_timestamp) == ("Unassigned", None)
    await refused(BadRequestException, timed.restore_phone_number(phone_number_id=SEATTLE[2]))
    clock.forward(days=1)
    await refused(
        NotFoundException,
        timed.get_phone_number(phone_number_id=SEATTLE[1]),
        timed.restore_phone_number(phone_number_id=SEATTLE[1]),
    )
    await buy(timed, SEATTLE[1])
    assert [one.e164_phone_number async for one in timed.iter_phone_numbers()] == [SEATTLE[0], *SEATTLE[2:0:-1]]


async def test_the_default_calling_name_rests_for_a_week(timed: ChimeSDKVoiceClient, clock: Clock) -> None:
    """The account's calling name can be changed again after seven days."""
    assert (await timed.get_phone_number_settings()).calling_name is None
    await timed.update_phone_number_settings(calling_name="Roomtone")
    changed = clock.now
    clock.forward(days=6, hours=23)
    await refused(BadRequestException, timed.update_phone_number_settings(calling_name="Other"))
    settings = await timed.get_phone_number_settings()
    assert (settings.calling_name, settings.calling_name_updated_timestamp) == ("Roomtone", changed)
    clock.forward(hours=1)
    await timed.update_phone_number_settings(calling_name="Other")
    assert (await timed.get_phone_number_settings()).calling_name == "Other"


async def test_proxy_sessions(timed: ChimeSDKVoiceClient, clock: Clock) -> None:
    """A proxy session lends a number of the voice connector's to two parties, and closes when its time is over."""
    id_ = await connector_id(timed)
    parties = ["+14155550190", "+13125550190"]

    def create(**more: Any) -> Awaitable[Any]:
        given = {"participant_phone_numbers": parties, "capabilities": ["Voice"], **more}
        return timed.create_proxy_session(voice_connector_id=id_, **given)

    with pytest.raises(BadRequestException, match="no proxy that is enabled"):
        await create()
    await timed.put_voice_connector_proxy(
        voice_connector_id=id_, default_session_expiry_minutes=60, phone_number_pool_countries=["US"]
    )
    with pytest.raises(BadRequestException, match="none to fall back on"):
        await create()
    await timed.put_voice_connector_proxy(
        voice_connector_id=id_,
        default_session_expiry_minutes=60,
        phone_number_pool_countries=["US"],
        fall_back_phone_number="+12065550199",
    )
    first = (await create(name="lunch")).proxy_session
    assert (first.status, first.expiry_minutes, first.name) == ("Open", 60, "lunch")
    assert [(one.phone_number, one.proxy_phone_number) for one in first.participants or ()] == [
        (number, "+12065550199") for number in parties
    ]
    session = {"voice_connector_id": id_, "proxy_session_id": first.proxy_session_id}
    assert (await timed.get_proxy_session(**session)).proxy_session == first
    clock.forward(minutes=59)
    updated = (await timed.update_proxy_session(**session, capabilities=["SMS"], expiry_minutes=10)).proxy_session
    assert (updated.capabilities, updated.expiry_minutes, updated.updated_timestamp) == (["SMS"], 10, clock.now)
    clock.forward(minutes=9)
    second = (await create()).proxy_session
    assert (await timed.get_proxy_session(**session)).proxy_session.status == "Open"
    ended = clock.forward(minutes=1)
    clock.forward(minutes=5)
    closed = (await timed.get_proxy_session(**session)).proxy_session
    assert (closed.status, closed.ended_timestamp) == ("Closed", ended)
    await refused(BadRequestException, timed.update_proxy_session(**session, capabilities=["Voice"]))
    sessions = timed.iter_proxy_sessions(voice_connector_id=id_, max_results=1)
    assert [one.status async for one in sessions] == ["Closed", "Open"]
    open_ones = (await timed.list_proxy_sessions(voice_connector_id=id_, status="Open")).proxy_sessions
    assert open_ones == [second]
    await timed.delete_proxy_session(**session)
    await refused(NotFoundException, timed.get_proxy_session(**session), timed.delete_proxy_session(**session))
    await timed.put_voice_connector_proxy(
        voice_connector_id=id_, default_session_expiry_minutes=60, phone_number_pool_countries=["US"], disabled=True
    )
    with pytest.raises(BadRequestException, match="no proxy that is enabled"):
        await create()


async def test_which_number_a_proxy_session_lends(live: roomtone.Client) -> None:
    """Two parties get the number they had before, or another one; a number of the place they ask for goes before."""
    voice = live.chime_sdk_voice
    id_ = await connector_id(voice)
    numbers = [*SEATTLE[:2], "+14155550100"]
    await buy(voice, *numbers)
    await voice.associate_phone_numbers_with_voice_connector(voice_connector_id=id_, e164_phone_numbers=numbers)
    await voice.put_voice_connector_proxy(
        voice_connector_id=id_, default_session_expiry_minutes=60, phone_number_pool_countries=["US"]
    )

    async def lent(last: int = 0, **more: Any) -> str | None:
        made = await voice.create_proxy_session(
            voice_connector_id=id_,
            participant_phone_numbers=["+13125550190", f"+1512555019{last}"],
            capabilities=["Voice"],
            **more,
        )
        return (made.proxy_session.participants or [])[0].proxy_phone_number

    assert [await lent(), await lent()] == [SEATTLE[0]] * 2
    assert await lent(number_selection_behavior="AvoidSticky") == SEATTLE[1]
    assert await lent(number_selection_behavior="AvoidSticky") == "+14155550100"
    bay = GeoMatchParams(country="US", area_code="415")
    assert await lent(1, geo_match_level="AreaCode", geo_match_params=bay) == "+14155550100"
    assert await lent(1) == "+14155550100"
    assert await lent(2, geo_match_level="Country", geo_match_params=bay) == SEATTLE[0]


async def test_sip_media_applications(live: roomtone.Client) -> None:
    """A SIP media application has one function of its own region and a name of its own there."""
    voice = live.chime_sdk_voice
    endpoint = SipMediaApplicationEndpoint(lambda_arn=LAMBDA)
    made = await voice.create_sip_media_application(aws_region="us-east-1", name="ivr", endpoints=[endpoint])
    application = made.sip_media_application
    id_ = application.sip_media_application_id
    assert application.sip_media_application_arn == f"arn:aws:chime:us-east-1:123456789012:sma/{id_}"
    got = await voice.get_sip_media_application(sip_media_application_id=id_)
    assert got.sip_media_application == application
    other = await application_id(voice, region="us-west-2")
    listed = [one.sip_media_application_id async for one in voice.iter_sip_media_applications(max_results=1)]
    assert listed == [id_, other]
    await refused(
        BadRequestException,
        voice.create_sip_media_application(aws_region="us-west-2", name="x", endpoints=[endpoint]),
        voice.create_sip_media_application(
            aws_region="us-east-1", name="x", endpoints=[SipMediaApplicationEndpoint(lambda_arn="answer")]
        ),
        voice.update_sip_media_application(
            sip_media_application_id=id_, endpoints=[SipMediaApplicationEndpoint(lambda_arn=None)]
        ),
    )
    third = await application_id(voice, "other")
    await refused(
        ConflictException,
        voice.create_sip_media_application(aws_region="us-east-1", name="ivr", endpoints=[endpoint]),
        voice.update_sip_media_application(sip_media_application_id=third, name="ivr"),
    )
    updated = await voice.update_sip_media_application(
        sip_media_application_id=id_, name="ivr", endpoints=[SipMediaApplicationEndpoint(lambda_arn=f"{LAMBDA}:live")]
    )
    assert updated.sip_media_application.name == "ivr"
    updated = await voice.update_sip_media_application(
        sip_media_application_id=id_, endpoints=[SipMediaApplicationEndpoint(lambda_arn=f"{LAMBDA}:1")]
    )
    assert [one.lambda_arn for one in updated.sip_media_application.endpoints or ()] == [f"{LAMBDA}:1"]
    assert updated.sip_media_application.name == "ivr"
    await voice.delete_sip_media_application(sip_media_application_id=id_)
    await refused(
        NotFoundException,
        voice.get_sip_media_application(sip_media_application_id=id_),
        voice.delete_sip_media_application(sip_media_application_id=id_),
        voice.get_sip_media_application_logging_configuration(sip_media_application_id=id_),
        voice.get_sip_media_application_alexa_skill_configuration(sip_media_application_id=id_),
    )


async def test_logging_and_alexa_of_a_sip_media_application(live: roomtone.Client) -> None:
    """Message logs are off until they are put on; the Alexa configuration is what the service has given up."""
    voice = live.chime_sdk_voice
    id_ = await application_id(voice)

    async def logs() -> bool | None:
        got = await voice.get_sip_media_application_logging_configuration(sip_media_application_id=id_)
        assert got.sip_media_application_logging_configuration is not None
        return got.sip_media_application_logging_configuration.enable_sip_media_application_message_logs

    assert await logs() is False
    on = SipMediaApplicationLoggingConfiguration(enable_sip_media_application_message_logs=True)
    await voice.put_sip_media_application_logging_configuration(
        sip_media_application_id=id_, sip_media_application_logging_configuration=on
    )
    put = await voice.put_sip_media_application_logging_configuration(sip_media_application_id=id_)
    assert put.sip_media_application_logging_configuration == on
    assert await logs() is True
    skill = SipMediaApplicationAlexaSkillConfiguration(
        alexa_skill_status="ACTIVE", alexa_skill_ids=[f"amzn1.application-oa2-client.{'0' * 32}"]
    )
    await refused(
        GoneException,
        voice.get_sip_media_application_alexa_skill_configuration(sip_media_application_id=id_),
        voice.put_sip_media_application_alexa_skill_configuration(
            sip_media_application_id=id_, sip_media_application_alexa_skill_configuration=skill
        ),
    )


async def test_sip_rules(live: roomtone.Client) -> None:
    """A SIP rule leads calls to a number or a host name to applications, and holds all of them until it is deleted."""
    voice = live.chime_sdk_voice
    application, west = await application_id(voice), await application_id(voice, region="us-west-2")
    await buy(voice, SEATTLE[0], product_type="SipMediaApplicationDialIn")
    await buy(voice, SEATTLE[1])
    connector = (await voice.create_voice_connector(name="trunk", require_encryption=True)).voice_connector
    targets = [SipRuleTargetApplication(sip_media_application_id=application, priority=1, aws_region="us-east-1")]

    def create(trigger_value: str, trigger_type: str = "ToPhoneNumber", **more: Any) -> Awaitable[Any]:
        given = {"name": "rule", "target_applications": targets, **more}
        return voice.create_sip_rule(trigger_type=trigger_type, trigger_value=trigger_value, **given)

    rule = (await create(SEATTLE[0])).sip_rule
    assert (rule.disabled, rule.trigger_value, rule.target_applications) == (False, SEATTLE[0], targets)
    assert (await voice.get_sip_rule(sip_rule_id=rule.sip_rule_id)).sip_rule == rule
    number = (await voice.get_phone_number(phone_number_id=SEATTLE[0])).phone_number
    assert [(one.name, one.value) for one in number.associations or ()] == [("SipRuleId", rule.sip_rule_id)]
    assert connector.outbound_host_name is not None
    both = [*targets, SipRuleTargetApplication(sip_media_application_id=west, priority=2, aws_region="us-west-2")]
    hosted = (
        await create(connector.outbound_host_name, "RequestUriHostname", target_applications=both, disabled=True)
    ).sip_rule
    assert [one.sip_rule_id async for one in voice.iter_sip_rules(max_results=1)] == [
        rule.sip_rule_id,
        hosted.sip_rule_id,
    ]
    assert (await voice.list_sip_rules(sip_media_application_id=west)).sip_rules == [hosted]

    elsewhere = SipRuleTargetApplication(sip_media_application_id=application, priority=1, aws_region="us-west-2")
    nowhere = SipRuleTargetApplication(sip_media_application_id=NO_ONE, priority=1, aws_region="us-east-1")
    await refused(
        BadRequestException,
        create(SEATTLE[1]),
        create(SEATTLE[2]),
        create("example.invalid", "RequestUriHostname"),
        create(SEATTLE[0], "FromPhoneNumber"),
        create(SEATTLE[0], target_applications=[elsewhere]),
        create(SEATTLE[0], target_applications=[nowhere]),
        create(SEATTLE[0], target_applications=[*targets, *targets]),
    )
    await refused(
        ConflictException,
        create(SEATTLE[0]),
        create(connector.outbound_host_name, "RequestUriHostname"),
        voice.delete_sip_rule(sip_rule_id=rule.sip_rule_id),
        voice.delete_sip_media_application(sip_media_application_id=west),
        voice.delete_voice_connector(voice_connector_id=connector.voice_connector_id),
    )
    updated = await voice.update_sip_rule(
        sip_rule_id=hosted.sip_rule_id, name="host", disabled=None, target_applications=targets
    )
    assert (updated.sip_rule.name, updated.sip_rule.disabled) == ("host", True)
    assert updated.sip_rule.target_applications == targets
    await voice.delete_sip_media_application(sip_media_application_id=west)
    await voice.update_sip_rule(sip_rule_id=rule.sip_rule_id, name="rule", disabled=True)
    for one in (rule, hosted):
        await voice.delete_sip_rule(sip_rule_id=one.sip_rule_id)
    assert (await voice.get_phone_number(phone_number_id=SEATTLE[0])).phone_number.status == "Unassigned"
    await refused(
        NotFoundException,
        voice.get_sip_rule(sip_rule_id=rule.sip_rule_id),
        voice.list_sip_rules(sip_media_application_id=west),
    )
    await voice.delete_voice_connector(voice_connector_id=connector.voice_connector_id)


async def test_calls_of_a_sip_media_application(live: roomtone.Client, emulator: Emulator) -> None:
    """A call goes out from a number of the account; it can be updated while it lasts, by its application alone."""
    voice = live.chime_sdk_voice
    id_, other = await application_id(voice), await application_id(voice, "other")
    await buy(voice, SEATTLE[0], product_type="SipMediaApplicationDialIn")

    def dial(caller: str, application: str) -> Awaitable[Any]:
        return voice.create_sip_media_application_call(
            from_phone_number=caller, to_phone_number="+13125550190", sip_media_application_id=application
        )

    await refused(BadRequestException, dial(SEATTLE[1], id_), dial(SEATTLE[0], NO_ONE), dial("0", id_))
    transaction = (await dial(SEATTLE[0], id_)).sip_media_application_call.transaction_id

    def update(application: str, arguments: int = 1) -> Awaitable[Any]:
        return voice.update_sip_media_application_call(
            sip_media_application_id=application,
            transaction_id=transaction,
            arguments={str(number): "x" for number in range(arguments)},
        )

    assert (await update(id_)).sip_media_application_call.transaction_id == transaction
    await refused(BadRequestException, update(id_, 21))
    await refused(NotFoundException, update(other), update(NO_ONE))
    emulator.voice.end_call(transaction)
    emulator.voice.end_call(transaction)
    await refused(NotFoundException, update(id_))
    with pytest.raises(NotFoundException):
        emulator.voice.end_call(NO_ONE)


async def domain_id(voice: ChimeSDKVoiceClient, name: str = "callers") -> str:
    made = await voice.create_voice_profile_domain(name=name, server_side_encryption_configuration=KMS)
    return made.voice_profile_domain.voice_profile_domain_id


async def call_under_way(voice: ChimeSDKVoiceClient, emulator: Emulator) -> dict[str, str]:
    """A call over a voice connector that streams, as tasks are started with it."""
    id_ = await connector_id(voice)
    await voice.put_voice_connector_streaming_configuration(
        voice_connector_id=id_,
        streaming_configuration=StreamingConfiguration(data_retention_in_hours=1, disabled=False),
    )
    return {"voice_connector_id": id_, "transaction_id": emulator.voice.begin_call(id_)}


async def test_voice_profile_domains(live: roomtone.Client) -> None:
    """A domain belongs to the region it is made in; its token makes it once."""
    voice = live.chime_sdk_voice

    def create(name: str, token: str | None = None) -> Awaitable[Any]:
        return voice.create_voice_profile_domain(
            name=name, description="d", server_side_encryption_configuration=KMS, client_request_token=token
        )

    made = (await create("callers", "once")).voice_profile_domain
    id_ = made.voice_profile_domain_id
    assert made.voice_profile_domain_arn == f"arn:aws:chime:eu-central-1:123456789012:voice-profile-domain/{id_}"
    assert (await create("callers", "once")).voice_profile_domain == made
    await refused(ConflictException, create("others", "once"), create("callers"))
    await create("others")
    listed = [one.name async for one in voice.iter_voice_profile_domains(max_results=1)]
    assert listed == ["callers", "others"]
    west = voice.with_options(region="us-west-2")
    assert (await west.list_voice_profile_domains()).voice_profile_domains == []
    await west.create_voice_profile_domain(name="callers", server_side_encryption_configuration=KMS)
    updated = await voice.update_voice_profile_domain(voice_profile_domain_id=id_, description="")
    changed = updated.voice_profile_domain
    assert (changed.name, changed.description, changed.server_side_encryption_configuration) == ("callers", "", KMS)
    got = await voice.get_voice_profile_domain(voice_profile_domain_id=id_)
    assert got.voice_profile_domain == changed
    await voice.delete_voice_profile_domain(voice_profile_domain_id=id_)
    await refused(
        NotFoundException,
        voice.get_voice_profile_domain(voice_profile_domain_id=id_),
        voice.list_voice_profiles(voice_profile_domain_id=id_),
    )
    assert (await create("callers", "once")).voice_profile_domain.voice_profile_domain_id != id_


async def test_a_voice_profile_is_made_from_what_was_heard(
    timed: ChimeSDKVoiceClient, timed_emulator: Emulator, clock: Clock
) -> None:
    """A speaker search makes a profile within 24 hours, refreshes it, and recognises it again."""
    domain, on_call = await domain_id(timed), await call_under_way(timed, timed_emulator)

    async def search(into: str = domain) -> str:
        started = await timed.start_speaker_search_task(**on_call, voice_profile_domain_id=into, call_leg="Callee")
        assert started.speaker_search_task.speaker_search_task_status == "IN_QUEUE"
        assert started.speaker_search_task.call_details is not None
        assert started.speaker_search_task.call_details.is_caller is False
        return started.speaker_search_task.speaker_search_task_id

    heard = await search()
    made = (await timed.create_voice_profile(speaker_search_task_id=heard)).voice_profile
    assert made.voice_profile_domain_id == domain
    assert made.expiration_timestamp == clock.now + timedelta(days=1095)
    id_ = made.voice_profile_id
    assert (await timed.get_voice_profile(voice_profile_id=id_)).voice_profile == made
    listed = [one async for one in timed.iter_voice_profiles(voice_profile_domain_id=domain)]
    assert [(one.voice_profile_id, one.expiration_timestamp) for one in listed] == [(id_, made.expiration_timestamp)]

    again = await search()
    timed_emulator.voice.finish_task(again, matches={NO_ONE: 0.1, id_: 0.93})
    task = await timed.get_speaker_search_task(
        voice_connector_id=on_call["voice_connector_id"], speaker_search_task_id=again
    )
    details = task.speaker_search_task.speaker_search_details
    assert details is not None
    assert details.voiceprint_generation_status == "VoiceprintGenerationSuccess"
    assert [(one.voice_profile_id, one.confidence_score) for one in details.results or ()] == [
        (id_, 0.93),
        (NO_ONE, 0.1),
    ]
    clock.forward(hours=23)
    refreshed = await timed.update_voice_profile(voice_profile_id=id_, speaker_search_task_id=again)
    assert refreshed.voice_profile.expiration_timestamp == clock.now + timedelta(days=1095)
    assert refreshed.voice_profile.created_timestamp == made.created_timestamp
    elsewhere = await search(await domain_id(timed, "others"))
    await refused(
        BadRequestException, timed.update_voice_profile(voice_profile_id=id_, speaker_search_task_id=elsewhere)
    )
    clock.forward(hours=1)
    await refused(
        GoneException,
        timed.create_voice_profile(speaker_search_task_id=again),
        timed.update_voice_profile(voice_profile_id=id_, speaker_search_task_id=again),
    )
    held = await search()
    timed_emulator.voice.hold_task(held)
    await refused(ConflictException, timed.create_voice_profile(speaker_search_task_id=held))
    await refused(
        NotFoundException,
        timed.create_voice_profile(speaker_search_task_id=NO_ONE),
        timed.update_voice_profile(voice_profile_id=NO_ONE, speaker_search_task_id=elsewhere),
    )
    other = (await timed.create_voice_profile(speaker_search_task_id=elsewhere)).voice_profile.voice_profile_id
    await timed.delete_voice_profile_domain(voice_profile_domain_id=domain)
    assert (await timed.get_voice_profile(voice_profile_id=other)).voice_profile.voice_profile_id == other
    await timed.delete_voice_profile(voice_profile_id=other)
    await refused(
        NotFoundException,
        timed.get_voice_profile(voice_profile_id=other),
        timed.get_voice_profile(voice_profile_id=id_),
        timed.delete_voice_profile(voice_profile_id=id_),
    )


KINDS = {
    "speaker_search": ("voice_profile_domain_id", {}),
    "voice_tone_analysis": ("language_code", {"is_caller": True}),
}
"""The kinds of tasks: what else each is started with, and what else it is got with."""


@pytest.mark.parametrize("kind", KINDS)
async def test_tasks(kind: str, timed: ChimeSDKVoiceClient, timed_emulator: Emulator, clock: Clock) -> None:
    """A task succeeds at the next look, is stopped before it, held, failed, made once by its token, kept for a week."""
    on_call, domain = await call_under_way(timed, timed_emulator), await domain_id(timed)
    member, got_with = KINDS[kind]
    given: dict[str, Any] = {**on_call, member: domain if kind == "speaker_search" else "en-US"}

    async def start(**more: Any) -> Any:
        return getattr(await getattr(timed, f"start_{kind}_task")(**{**given, **more}), f"{kind}_task")

    def ids(task: Any, connector: str = on_call["voice_connector_id"]) -> dict[str, str]:
        return {"voice_connector_id": connector, f"{kind}_task_id": getattr(task, f"{kind}_task_id")}

    async def look(task: Any, **more: Any) -> Any:
        got = await getattr(timed, f"get_{kind}_task")(**{**ids(task), **got_with, **more})
        return getattr(got, f"{kind}_task")

    async def status(task: Any) -> str:
        return str(getattr(await look(task), f"{kind}_task_status"))

    stop = getattr(timed, f"stop_{kind}_task")
    task = await start(client_request_token="once")
    assert await start(client_request_token="once") == task
    assert getattr(task, f"{kind}_task_status") == "IN_QUEUE"
    assert task.call_details.transaction_id == on_call["transaction_id"]
    await refused(ConflictException, start(client_request_token="once", transaction_id="another"))
    assert [await status(task), await status(task)] == ["SUCCEEDED", "SUCCEEDED"]
    await refused(ConflictException, stop(**ids(task)))

    stopped, held, failed = await start(), await start(), await start()
    await stop(**ids(stopped))
    timed_emulator.voice.hold_task(getattr(held, f"{kind}_task_id"))
    timed_emulator.voice.fail_task(getattr(failed, f"{kind}_task_id"), message="too much noise")
    assert [await status(one) for one in (stopped, held, held, failed)] == [
        "STOPPED",
        "IN_PROGRESS",
        "IN_PROGRESS",
        "FAILED",
    ]
    assert (await look(failed)).status_message == "too much noise"
    timed_emulator.voice.finish_task(getattr(held, f"{kind}_task_id"))
    assert await status(held) == "SUCCEEDED"
    for command in (timed_emulator.voice.hold_task, timed_emulator.voice.finish_task, timed_emulator.voice.fail_task):
        with pytest.raises(ConflictException):
            command(getattr(held, f"{kind}_task_id"))
        with pytest.raises(NotFoundException):
            command(NO_ONE)

    other = await connector_id(timed)
    await refused(
        NotFoundException,
        look(task, voice_connector_id=other),
        look(task, voice_connector_id=NOBODY),
        stop(**ids(task, other)),
        start(transaction_id="no-such-call"),
        start(voice_connector_id=NOBODY),
    )
    await refused(UnprocessableEntityException, start(voice_connector_id=other))
    if kind == "speaker_search":
        await refused(NotFoundException, start(voice_profile_domain_id=NO_ONE))
        await refused(BadRequestException, start(call_leg="Third"))
        with pytest.raises(NotFoundException):
            await timed.get_voice_tone_analysis_task(
                voice_connector_id=on_call["voice_connector_id"],
                voice_tone_analysis_task_id=getattr(task, f"{kind}_task_id"),
                is_caller=True,
            )
    else:
        await refused(BadRequestException, start(language_code="tlh"))
        assert (await look(task, is_caller=False)).call_details.is_caller is False
    timed_emulator.voice.end_call(on_call["transaction_id"])
    await refused(GoneException, start())
    clock.forward(days=7)
    await refused(NotFoundException, look(task))


async def test_no_call_without_a_voice_connector(emulator: Emulator) -> None:
    """A call begins over a voice connector that exists."""
    with pytest.raises(NotFoundException):
        emulator.voice.begin_call(NOBODY)


async def test_tags(live: roomtone.Client) -> None:
    """What can have tags has those it was made with, takes more up to fifty, and loses them with itself."""
    voice = live.chime_sdk_voice
    first = [Tag(key="team", value="blue"), Tag(key="cost", value="")]
    connector = (await voice.create_voice_connector(name="t", require_encryption=True, tags=first)).voice_connector
    application = await voice.create_sip_media_application(
        aws_region="us-east-1", name="t", endpoints=[SipMediaApplicationEndpoint(lambda_arn=LAMBDA)], tags=first
    )
    domain = await voice.create_voice_profile_domain(name="t", server_side_encryption_configuration=KMS, tags=first)
    arns = (
        connector.voice_connector_arn,
        application.sip_media_application.sip_media_application_arn,
        domain.voice_profile_domain.voice_profile_domain_arn,
    )
    for arn in arns:
        assert arn is not None
        assert (await voice.list_tags_for_resource(resource_arn=arn)).tags == first
        await voice.tag_resource(resource_arn=arn, tags=[Tag(key="team", value="red"), Tag(key="new", value="n")])
        await voice.untag_resource(resource_arn=arn, tag_keys=["cost", "unknown"])
        tags = (await voice.list_tags_for_resource(resource_arn=arn)).tags
        assert tags == [Tag(key="team", value="red"), Tag(key="new", value="n")]
        more = [Tag(key=str(number), value="x") for number in range(49)]
        await refused(ResourceLimitExceededException, voice.tag_resource(resource_arn=arn, tags=more))
        await voice.tag_resource(resource_arn=arn, tags=more[:48])
    await voice.delete_voice_connector(voice_connector_id=connector.voice_connector_id)
    await voice.delete_sip_media_application(
        sip_media_application_id=application.sip_media_application.sip_media_application_id
    )
    await voice.delete_voice_profile_domain(voice_profile_domain_id=domain.voice_profile_domain.voice_profile_domain_id)
    for arn in arns:
        assert arn is not None
        await refused(
            NotFoundException,
            voice.list_tags_for_resource(resource_arn=arn),
            voice.tag_resource(resource_arn=arn, tags=first),
            voice.untag_resource(resource_arn=arn, tag_keys=["team"]),
        )


@pytest.mark.parametrize(
    ("changed", "result"),
    [
        ({}, 0),
        ({"postal_code": "04352-0017"}, 0),
        ({"street_info": "Broadway"}, 0),
        ({"state": "me"}, 1),
        ({"street_info": " 8th  Avenue"}, 1),
        ({"country": "DE"}, 2),
        ({"postal_code": "D-10115"}, 2),
    ],
)
async def test_addresses_for_emergency_calls(changed: dict[str, str], result: int, live: roomtone.Client) -> None:
    """A well-formed address in the U.S. is valid, an untidy one is corrected, any other fails."""
    address = {
        "aws_account_id": "123456789012",
        "street_number": "200",
        "street_info": "8th Avenue",
        "city": "Portland",
        "state": "ME",
        "country": "US",
        "postal_code": "04352",
    } | changed
    answer = await live.chime_sdk_voice.validate_e911_address(**address)
    assert answer.validation_result == result
    assert (answer.address_external_id is None) == (result == 2)
    if result < 2:
        assert answer.address is not None
        street = " ".join(filter(None, (answer.address.street_name, answer.address.street_suffix)))
        assert street == " ".join(address["street_info"].split())
        assert (answer.address.state, answer.address.postal_code) == ("ME", "04352")
        assert answer.address.postal_code_plus4 == ("0017" if "postal_code" in changed else None)
