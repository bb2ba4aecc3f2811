"""App instances, their users, bots and administrators, through the public client."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

import roomtone
from roomtone import errors
from roomtone.chime_sdk_identity import (
    AppInstanceRetentionSettings,
    BadRequestException,
    ChannelRetentionSettings,
    Configuration,
    ConflictException,
    EndpointAttributes,
    ExpirationSettings,
    ForbiddenException,
    InvokedBy,
    LexConfiguration,
    NotFoundException,
    ResourceLimitExceededException,
    Tag,
)
from roomtone.emulator import Emulator
from roomtone.emulator.state import utc_now

pytestmark = pytest.mark.anyio

LEX = LexConfiguration(
    lex_bot_alias_arn="arn:aws:lex:eu-central-1:123456789012:bot-alias/A/B",
    locale_id="en_US",
    invoked_by=InvokedBy(standard_messages="MENTIONS", targeted_messages="ALL"),
)
PINPOINT = "arn:aws:mobiletargeting:eu-central-1:123456789012:apps/1"


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    # Requests are signed by the true time.
    monkeypatch.setattr("roomtone._http.verification.MAX_SKEW", timedelta(days=10_000))
    return Emulator(clock=clock)


async def new_app(live: roomtone.Client, name: str = "talk", **more: str) -> str:
    return (await live.chime_sdk_identity.create_app_instance(name=name, **more)).app_instance_arn


async def new_user(live: roomtone.Client, app: str, name: str, expiration: ExpirationSettings | None = None) -> str:
    made = await live.chime_sdk_identity.create_app_instance_user(
        app_instance_arn=app, app_instance_user_id=name, name=name.title(), expiration_settings=expiration
    )
    return made.app_instance_user_arn


async def test_an_app_instance_is_made_changed_and_gone(live: roomtone.Client, clock: Clock) -> None:
    """An app instance is there until it is deleted, and its users, bots and administrators go with it."""
    identity = live.chime_sdk_identity
    app = await new_app(live, metadata="{}")
    assert app.startswith("arn:aws:chime:eu-central-1:123456789012:app-instance/")
    user = await new_user(live, app, "ana")
    assert user == f"{app}/user/ana"

    made = (await identity.describe_app_instance(app_instance_arn=app)).app_instance
    assert (made.name, made.metadata, made.created_timestamp) == ("talk", "{}", clock.now)
    clock.now += timedelta(hours=1)
    await identity.update_app_instance(app_instance_arn=app, name="talks", metadata="")
    changed = (await identity.describe_app_instance(app_instance_arn=app)).app_instance
    assert (changed.name, changed.metadata) == ("talks", "")
    assert (changed.created_timestamp, changed.last_updated_timestamp) == (made.created_timestamp, clock.now)

    await identity.delete_app_instance(app_instance_arn=app)
    for gone in (
        identity.describe_app_instance(app_instance_arn=app),
        identity.delete_app_instance(app_instance_arn=app),
        identity.list_app_instance_users(app_instance_arn=app),
        identity.describe_app_instance_user(app_instance_user_arn=user),
        identity.list_tags_for_resource(resource_arn=app),
    ):
        with pytest.raises(ForbiddenException) as caught:
            await gone
        assert isinstance(caught.value, errors.PermissionDeniedError)
        assert caught.value.status == 403


async def test_app_instances_are_of_a_region(live: roomtone.Client) -> None:
    """A list shows the region of the call, and a token makes an app instance in each region."""
    identity = live.chime_sdk_identity
    american = identity.with_options(region="us-east-1")
    here = await new_app(live, "here", client_request_token="token-1")
    there = (await american.create_app_instance(name="here", client_request_token="token-1")).app_instance_arn
    assert there.startswith("arn:aws:chime:us-east-1:")
    assert [found.app_instance_arn for found in (await identity.list_app_instances()).app_instances] == [here]
    assert [found.app_instance_arn for found in (await american.list_app_instances()).app_instances] == [there]


async def test_a_token_makes_one_of_each(live: roomtone.Client) -> None:
    """The same token gives what was made before, another request with it a conflict, and a deletion frees it."""
    identity = live.chime_sdk_identity
    app = await new_app(live, client_request_token="token-1")
    assert await new_app(live, client_request_token="token-1") == app
    with pytest.raises(ConflictException):
        await new_app(live, "other", client_request_token="token-1")

    async def bot() -> str:
        made = await identity.create_app_instance_bot(
            app_instance_arn=app, configuration=Configuration(lex=LEX), client_request_token="token-1"
        )
        return made.app_instance_bot_arn

    first = await bot()
    assert await bot() == first
    await identity.delete_app_instance_bot(app_instance_bot_arn=first)
    assert await bot() != first
    await identity.delete_app_instance(app_instance_arn=app)
    assert await new_app(live, client_request_token="token-1") != app


async def test_users_have_ids_of_the_callers(live: roomtone.Client) -> None:
    """A user's id is in its ARN and is its app instance's own; users come in pages in the order they were made."""
    identity = live.chime_sdk_identity
    app, other = await new_app(live), await new_app(live, "other")
    names = [f"user-{number}" for number in range(5)]
    arns = [await new_user(live, app, name) for name in names]
    await new_user(live, other, names[0])
    with pytest.raises(ConflictException):
        await new_user(live, app, names[0])
    with pytest.raises(BadRequestException, match="app_instance_user_id"):
        await new_user(live, app, "-ana")

    pages = [
        [user.app_instance_user_arn for user in page.app_instance_users]
        async for page in identity.iter_app_instance_users(app_instance_arn=app, max_results=2).pages()
    ]
    assert pages == [arns[:2], arns[2:4], arns[4:]]
    await identity.update_app_instance_user(app_instance_user_arn=arns[0], name="Ana", metadata="{}")
    user = (await identity.describe_app_instance_user(app_instance_user_arn=arns[0])).app_instance_user
    assert (user.name, user.metadata) == ("Ana", "{}")


async def test_users_expire(live: roomtone.Client, clock: Clock) -> None:
    """A user is gone when its days are over, unless they were prolonged or taken away before."""
    identity = live.chime_sdk_identity
    app = await new_app(live)
    week = ExpirationSettings(expiration_days=7, expiration_criterion="CREATED_TIMESTAMP")
    month = ExpirationSettings(expiration_days=30, expiration_criterion="CREATED_TIMESTAMP")
    ana, bo, cy = [await new_user(live, app, name, week) for name in ("ana", "bo", "cy")]
    await identity.put_app_instance_user_expiration_settings(app_instance_user_arn=bo, expiration_settings=month)
    answer = await identity.put_app_instance_user_expiration_settings(app_instance_user_arn=cy)
    assert answer.expiration_settings is None

    wrong = ExpirationSettings(expiration_days=7, expiration_criterion="LAST_MESSAGE_TIMESTAMP")
    with pytest.raises(BadRequestException, match="expiration_criterion must be one of CREATED_TIMESTAMP"):
        await new_user(live, app, "dee", wrong)

    async def present() -> list[str | None]:
        found = await identity.list_app_instance_users(app_instance_arn=app)
        return [user.app_instance_user_arn for user in found.app_instance_users]

    clock.now += timedelta(days=7, milliseconds=-1)
    assert await present() == [ana, bo, cy]
    clock.now += timedelta(milliseconds=1)
    assert await present() == [bo, cy]
    clock.now += timedelta(days=23)
    assert await present() == [cy]
    again = await new_user(live, app, "ana", week)
    assert await present() == [cy, again]


async def test_administrators_are_users_or_bots(live: roomtone.Client) -> None:
    """Users and bots of the app instance can be administrators, once each; whoever is deleted is none any more."""
    identity = live.chime_sdk_identity
    app, other = await new_app(live), await new_app(live, "other")
    ana, stranger = await new_user(live, app, "ana"), await new_user(live, other, "ana")
    made = await identity.create_app_instance_bot(
        app_instance_arn=app, name="Echo", configuration=Configuration(lex=LEX)
    )
    bot = made.app_instance_bot_arn
    assert bot.startswith(f"{app}/bot/")
    for arn in (ana, bot):
        admin = await identity.create_app_instance_admin(app_instance_arn=app, app_instance_admin_arn=arn)
        assert (admin.app_instance_admin.arn, admin.app_instance_arn) == (arn, app)
    with pytest.raises(ConflictException):
        await identity.create_app_instance_admin(app_instance_arn=app, app_instance_admin_arn=ana)
    with pytest.raises(ForbiddenException):
        await identity.create_app_instance_admin(app_instance_arn=app, app_instance_admin_arn=stranger)

    await identity.update_app_instance_user(app_instance_user_arn=ana, name="Ana B.", metadata="")
    admins = await identity.list_app_instance_admins(app_instance_arn=app)
    assert [item.admin and item.admin.name for item in admins.app_instance_admins] == ["Ana B.", "Echo"]
    await identity.delete_app_instance_user(app_instance_user_arn=ana)
    await identity.delete_app_instance_admin(app_instance_arn=app, app_instance_admin_arn=bot)
    assert (await identity.list_app_instance_admins(app_instance_arn=app)).app_instance_admins == []
    with pytest.raises(ForbiddenException):
        await identity.describe_app_instance_admin(app_instance_arn=app, app_instance_admin_arn=bot)


async def test_bots_keep_their_configuration(live: roomtone.Client) -> None:
    """An update without a configuration leaves the one there is; of a bot that is not there the API says 404."""
    identity = live.chime_sdk_identity
    app = await new_app(live)
    bot = (
        await identity.create_app_instance_bot(app_instance_arn=app, configuration=Configuration(lex=LEX))
    ).app_instance_bot_arn
    await identity.update_app_instance_bot(app_instance_bot_arn=bot, name="Echo", metadata="m")
    found = (await identity.describe_app_instance_bot(app_instance_bot_arn=bot)).app_instance_bot
    assert (found.name, found.metadata, found.configuration) == ("Echo", "m", Configuration(lex=LEX))
    await identity.delete_app_instance_bot(app_instance_bot_arn=bot)
    for arn in (bot, f"{app}/user/ana", "arn:aws:chime:eu-central-1:1:app-instance/none/bot/none"):
        with pytest.raises(NotFoundException):
            await identity.describe_app_instance_bot(app_instance_bot_arn=arn)


async def test_endpoints_of_a_user(live: roomtone.Client) -> None:
    """A device is registered, changed and deregistered; a VoIP token goes with Apple's devices only."""
    identity = live.chime_sdk_identity
    ana = await new_user(live, await new_app(live), "ana")
    attributes = EndpointAttributes(device_token="token", voip_device_token="voip")
    endpoint = await identity.register_app_instance_user_endpoint(
        app_instance_user_arn=ana,
        name="phone",
        type="APNS",
        resource_arn=PINPOINT,
        endpoint_attributes=attributes,
        client_request_token="token-1",
    )
    with pytest.raises(BadRequestException, match="voip_device_token"):
        await identity.register_app_instance_user_endpoint(
            app_instance_user_arn=ana, type="GCM", resource_arn=PINPOINT, endpoint_attributes=attributes
        )
    with pytest.raises(BadRequestException, match="type must be one of APNS, APNS_SANDBOX, GCM"):
        await identity.register_app_instance_user_endpoint(
            app_instance_user_arn=ana, type="FAX", resource_arn=PINPOINT, endpoint_attributes=attributes
        )
    mine = {"app_instance_user_arn": ana, "endpoint_id": endpoint.endpoint_id}
    await identity.update_app_instance_user_endpoint(**mine, allow_messages="NONE")
    found = (await identity.describe_app_instance_user_endpoint(**mine)).app_instance_user_endpoint
    assert (found.name, found.allow_messages, found.endpoint_attributes) == ("phone", "NONE", attributes)
    assert found.endpoint_state is not None
    assert found.endpoint_state.status == "ACTIVE"
    listed = await identity.list_app_instance_user_endpoints(app_instance_user_arn=ana)
    assert [item.endpoint_id for item in listed.app_instance_user_endpoints] == [endpoint.endpoint_id]
    await identity.deregister_app_instance_user_endpoint(**mine)
    with pytest.raises(ForbiddenException):
        await identity.describe_app_instance_user_endpoint(**mine)


async def test_retention_settings(live: roomtone.Client, clock: Clock) -> None:
    """Settings are answered as they were put, with the day on which older messages would go for good."""
    identity = live.chime_sdk_identity
    app = await new_app(live)
    nothing = await identity.get_app_instance_retention_settings(app_instance_arn=app)
    assert (nothing.app_instance_retention_settings, nothing.initiate_deletion_timestamp) == (None, None)
    settings = AppInstanceRetentionSettings(channel_retention_settings=ChannelRetentionSettings(retention_days=7))
    put = await identity.put_app_instance_retention_settings(
        app_instance_arn=app, app_instance_retention_settings=settings
    )
    got = await identity.get_app_instance_retention_settings(app_instance_arn=app)
    for answer in (put, got):
        assert answer.app_instance_retention_settings == settings
        assert answer.initiate_deletion_timestamp == clock.now + timedelta(days=30)


async def test_tags(live: roomtone.Client) -> None:
    """App instances, users and bots have tags of their own, fifty at most."""
    identity = live.chime_sdk_identity
    app = (await identity.create_app_instance(name="talk", tags=[Tag(key="a", value="1")])).app_instance_arn
    ana = await new_user(live, app, "ana")
    await identity.tag_resource(resource_arn=app, tags=[Tag(key="a", value="2"), Tag(key="b", value="3")])
    await identity.untag_resource(resource_arn=app, tag_keys=["b", "never there"])
    assert (await identity.list_tags_for_resource(resource_arn=app)).tags == [Tag(key="a", value="2")]
    assert (await identity.list_tags_for_resource(resource_arn=ana)).tags == []
    await identity.tag_resource(resource_arn=ana, tags=[Tag(key=str(number), value="x") for number in range(50)])
    with pytest.raises(ResourceLimitExceededException):
        await identity.tag_resource(resource_arn=ana, tags=[Tag(key="one too many", value="x")])
    with pytest.raises(ForbiddenException):
        await identity.list_tags_for_resource(resource_arn=f"{app}/user/nobody")
