"""Channels, who may do what in them, and what is said there, through the public client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import frozen

import roomtone
from roomtone import errors
from roomtone.chime_sdk_identity import AppInstanceRetentionSettings, ChannelRetentionSettings
from roomtone.chime_sdk_messaging import (
    BadRequestException,
    ChannelMembershipPreferences,
    ChannelMessageCallback,
    ChimeSDKMessagingClient,
    ConflictException,
    ElasticChannelConfiguration,
    ExpirationSettings,
    ForbiddenException,
    LambdaConfiguration,
    NotFoundException,
    Processor,
    ProcessorConfiguration,
    PushNotificationPreferences,
    ResourceLimitExceededException,
    SearchField,
    StreamingConfiguration,
    Tag,
    Target,
    UnauthorizedClientException,
)
from roomtone.emulator import Emulator
from roomtone.emulator.state import utc_now

pytestmark = pytest.mark.anyio

STREAM = "arn:aws:kinesis:eu-central-1:123456789012:stream/chime-messaging-talk"


class Clock:
    """A time that tests move, and that moves on by itself from call to call."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    # Requests are signed by the true time.
    monkeypatch.setattr("roomtone._http.verification.MAX_SKEW", timedelta(days=10_000))
    return Emulator(clock=clock)


@frozen
class Talk:
    """An app instance with users ana, bo, cy and dee, of whom dee is its administrator."""

    live: roomtone.Client
    app: str

    @property
    def api(self) -> ChimeSDKMessagingClient:
        return self.live.chime_sdk_messaging

    def arn(self, name: str) -> str:
        return f"{self.app}/user/{name}"

    async def user(self, name: str) -> str:
        made = await self.live.chime_sdk_identity.create_app_instance_user(
            app_instance_arn=self.app, app_instance_user_id=name, name=name.title()
        )
        return made.app_instance_user_arn

    async def channel(self, *members: str, by: str = "ana", **more: Any) -> str:
        if members:
            more["member_arns"] = [self.arn(name) for name in members]
        made = await self.api.create_channel(app_instance_arn=self.app, name="Lobby", chime_bearer=self.arn(by), **more)
        return made.channel_arn

    async def say(self, channel: str, by: str, content: str, **more: Any) -> str:
        sent = await self.api.send_channel_message(
            channel_arn=channel,
            content=content,
            chime_bearer=self.arn(by),
            **{"type": "STANDARD", "persistence": "PERSISTENT", **more},
        )
        return sent.message_id

    async def heard(self, channel: str, by: str, **more: Any) -> list[str | None]:
        """What somebody finds in a channel, the newest first."""
        found = await self.api.list_channel_messages(channel_arn=channel, chime_bearer=self.arn(by), **more)
        return [message.content for message in found.channel_messages]

    async def members(self, channel: str, by: str = "dee", **more: Any) -> list[str | None]:
        found = await self.api.list_channel_memberships(channel_arn=channel, chime_bearer=self.arn(by), **more)
        return [item.member and item.member.name for item in found.channel_memberships]

    async def join(self, channel: str, name: str, by: str = "ana", **more: Any) -> str | None:
        """Adds a member; the sub-channel, if it got into one."""
        made = await self.api.create_channel_membership(
            channel_arn=channel,
            member_arn=self.arn(name),
            chime_bearer=self.arn(by),
            **{"type": "DEFAULT", **more},
        )
        return made.sub_channel_id

    async def leave(self, channel: str, name: str, by: str | None = None, **more: Any) -> None:
        await self.api.delete_channel_membership(
            channel_arn=channel, member_arn=self.arn(name), chime_bearer=self.arn(by or name), **more
        )


@pytest.fixture
async def talk(live: roomtone.Client) -> Talk:
    app = (await live.chime_sdk_identity.create_app_instance(name="talk")).app_instance_arn
    talk = Talk(live, app)
    for name in ("ana", "bo", "cy", "dee"):
        await talk.user(name)
    await live.chime_sdk_identity.create_app_instance_admin(
        app_instance_arn=app, app_instance_admin_arn=talk.arn("dee")
    )
    return talk


async def outcome(awaitable: Awaitable[Any]) -> str:
    try:
        await awaitable
    except errors.ApiError as error:
        return error.code.removesuffix("Exception")
    return "ok"


async def test_a_channel_is_made_changed_and_gone(talk: Talk, clock: Clock) -> None:
    """Its maker is its first member and moderator; an update leaves out what it does not say."""
    lobby = await talk.channel("bo", channel_id="lobby", metadata="m", privacy="PRIVATE")
    assert lobby == f"{talk.app}/channel/lobby"
    assert await talk.members(lobby) == ["Ana", "Bo"]
    channel = (await talk.api.describe_channel(channel_arn=lobby, chime_bearer=talk.arn("bo"))).channel
    assert (channel.name, channel.mode, channel.privacy, channel.metadata) == ("Lobby", "UNRESTRICTED", "PRIVATE", "m")
    assert channel.created_by is not None
    assert channel.created_by.name == "Ana"
    assert channel.created_timestamp == channel.last_updated_timestamp
    with pytest.raises(ConflictException):
        await talk.channel(channel_id="lobby")

    await talk.api.update_channel(channel_arn=lobby, name="Hall", chime_bearer=talk.arn("ana"))
    changed = (await talk.api.describe_channel(channel_arn=lobby, chime_bearer=talk.arn("bo"))).channel
    assert (changed.name, changed.mode, changed.metadata) == ("Hall", "UNRESTRICTED", "m")
    assert changed.created_timestamp == channel.created_timestamp != changed.last_updated_timestamp

    await talk.api.delete_channel(channel_arn=lobby, chime_bearer=talk.arn("ana"))
    with pytest.raises(ForbiddenException):
        await talk.api.describe_channel(channel_arn=lobby, chime_bearer=talk.arn("ana"))
    assert await talk.channel(channel_id="lobby") == lobby
    assert await talk.members(lobby) == ["Ana"]


async def test_the_bearer_is_a_user_or_bot(talk: Talk) -> None:
    """Nobody calls but users and bots that exist, and nobody gets into another app instance's channels."""
    lobby = await talk.channel()
    other = (await talk.live.chime_sdk_identity.create_app_instance(name="other")).app_instance_arn
    stranger = await Talk(talk.live, other).user("ana")
    for bearer in (talk.arn("nobody"), talk.app, "arn:aws:chime:eu-central-1:1:app-instance/none/user/ana"):
        with pytest.raises(UnauthorizedClientException) as caught:
            await talk.api.describe_channel(channel_arn=lobby, chime_bearer=bearer)
        assert isinstance(caught.value, errors.AuthenticationError)
    with pytest.raises(ForbiddenException):
        await talk.api.describe_channel(channel_arn=lobby, chime_bearer=stranger)
    with pytest.raises(ForbiddenException):
        await talk.channel(moderator_arns=[stranger])
    with pytest.raises(BadRequestException, match="chime_bearer"):
        await talk.api.search_channels(fields=[SearchField(key="MEMBERS", operator="EQUALS", values=[stranger])])


MODERATORS = {"admin", "moderator"}
MEMBERS = {*MODERATORS, "member"}
EVERYBODY = {*MEMBERS, "stranger"}
RIGHTS: dict[str, set[str]] = {
    "describe_channel": MEMBERS,
    "list_channel_messages": MEMBERS,
    "get_channel_message": MEMBERS,
    "list_channel_memberships": MEMBERS,
    "describe_channel_membership": MEMBERS,
    "create_channel_membership": MODERATORS,
    "send_channel_message": {"moderator", "member"},
    "update_channel_message": {"member"},
    "get_channel_message_status": {"member"},
    "redact_channel_message": MEMBERS,
    "delete_channel_message": {"admin"},
    "update_channel_read_marker": {"moderator", "member"},
    "update_channel": MODERATORS,
    "put_channel_expiration_settings": MODERATORS,
    "create_channel_moderator": MODERATORS,
    "list_channel_moderators": MODERATORS,
    "create_channel_ban": MODERATORS,
    "list_channel_bans": MODERATORS,
    "delete_channel_membership": MODERATORS,
    "delete_channel": MODERATORS,
}
"""Who may do it in a private, restricted channel; the message is the member's own, the others are of no role."""


@pytest.mark.parametrize("live", ["in process"], indirect=True)
@pytest.mark.parametrize("role", sorted(EVERYBODY))
async def test_rights_in_a_private_channel(talk: Talk, role: str) -> None:
    """Every role may do what it may and is forbidden the rest."""
    for name in ("eve", "fay", "guy"):
        await talk.user(name)
    arguments: dict[str, dict[str, Any]] = {
        "create_channel_membership": {"member_arn": talk.arn("eve"), "type": "DEFAULT"},
        "describe_channel_membership": {"member_arn": talk.arn("bo")},
        "delete_channel_membership": {"member_arn": talk.arn("guy")},
        "send_channel_message": {"content": "x", "type": "STANDARD", "persistence": "PERSISTENT"},
        "update_channel_message": {"content": "y"},
        "create_channel_moderator": {"channel_moderator_arn": talk.arn("eve")},
        "create_channel_ban": {"member_arn": talk.arn("fay")},
        "update_channel": {"name": "Hall"},
    }
    caller = {"admin": "dee", "moderator": "ana", "member": "bo", "stranger": "cy"}[role]
    allowed = set()
    for operation in RIGHTS:
        lobby = await talk.channel("bo", "guy", mode="RESTRICTED", privacy="PRIVATE")
        message = await talk.say(lobby, "bo", "hello")
        about_message = {"message_id": message} if operation.endswith(("_message", "_status")) else {}
        about_message = {} if operation == "send_channel_message" else about_message
        method = getattr(talk.api, operation)
        result = await outcome(
            method(
                channel_arn=lobby,
                chime_bearer=talk.arn(caller),
                **about_message,
                **arguments.get(operation, {}),
            )
        )
        assert result in {"ok", "Forbidden"}
        if result == "ok":
            allowed.add(operation)
    assert allowed == {operation for operation, roles in RIGHTS.items() if role in roles}


async def test_public_channels_are_seen_by_all(talk: Talk) -> None:
    """Everybody of the app instance reads a public channel and can join it, and speaks only as a member."""
    lobby = await talk.channel()
    await talk.say(lobby, "ana", "welcome")
    assert await talk.heard(lobby, "cy") == ["welcome"]
    assert await outcome(talk.say(lobby, "cy", "hi")) == "Forbidden"
    assert await outcome(talk.join(lobby, "bo", by="cy")) == "Forbidden"
    await talk.join(lobby, "cy", by="cy")
    await talk.join(lobby, "bo", by="cy")
    await talk.say(lobby, "cy", "hi")
    assert await talk.heard(lobby, "bo") == ["hi", "welcome"]
    await talk.leave(lobby, "cy")
    assert await outcome(talk.say(lobby, "cy", "bye")) == "Forbidden"
    assert await outcome(talk.leave(lobby, "cy")) == "Forbidden"

    closed = await talk.channel(mode="RESTRICTED")
    assert await outcome(talk.join(closed, "cy", by="cy")) == "Forbidden"
    private = await talk.channel(privacy="PRIVATE")
    assert await outcome(talk.join(private, "cy", by="cy")) == "Forbidden"


async def test_hidden_members_listen(talk: Talk) -> None:
    """Moderators alone add hidden members, who are listed when asked for and cannot speak."""
    lobby = await talk.channel("bo", privacy="PRIVATE")
    assert await outcome(talk.join(lobby, "cy", by="bo", type="HIDDEN")) == "Forbidden"
    assert await outcome(talk.join(lobby, "cy", type="hidden")) == "BadRequest"
    await talk.join(lobby, "cy", type="HIDDEN")
    assert await talk.members(lobby) == ["Ana", "Bo"]
    assert await talk.members(lobby, type="HIDDEN") == ["Cy"]
    await talk.say(lobby, "bo", "are we alone?")
    assert await talk.heard(lobby, "cy") == ["are we alone?"]
    assert await outcome(talk.say(lobby, "cy", "yes")) == "Forbidden"


async def test_a_batch_tells_who_did_not_come_in(talk: Talk) -> None:
    """In a batch each member that is refused is an error of its own."""
    lobby = await talk.channel("bo")
    await talk.api.create_channel_ban(channel_arn=lobby, member_arn=talk.arn("cy"), chime_bearer=talk.arn("ana"))
    answer = await talk.api.batch_create_channel_membership(
        channel_arn=lobby,
        member_arns=[talk.arn(name) for name in ("dee", "bo", "cy", "nobody")],
        chime_bearer=talk.arn("ana"),
    )
    batch = answer.batch_channel_memberships
    assert batch is not None
    assert [member.name for member in batch.members or ()] == ["Dee"]
    assert (batch.type, batch.channel_arn, batch.invited_by and batch.invited_by.name) == ("DEFAULT", lobby, "Ana")
    assert [(error.member_arn, error.error_code) for error in answer.errors or ()] == [
        (talk.arn("bo"), "Conflict"),
        (talk.arn("cy"), "Forbidden"),
        (talk.arn("nobody"), "NotFound"),
    ]
    with pytest.raises(NotFoundException):
        await talk.join(lobby, "nobody")


async def test_a_ban_keeps_out(talk: Talk) -> None:
    """Whoever is banned is out, of a public channel too, until the ban is lifted; moderators cannot be banned."""
    lobby = await talk.channel("bo")
    ban = {"channel_arn": lobby, "chime_bearer": talk.arn("ana")}
    await talk.api.create_channel_ban(**ban, member_arn=talk.arn("bo"))
    assert await talk.members(lobby) == ["Ana"]
    assert await outcome(talk.heard(lobby, "bo")) == "Forbidden"
    assert await outcome(talk.join(lobby, "bo", by="bo")) == "Forbidden"
    assert await outcome(talk.api.create_channel_ban(**ban, member_arn=talk.arn("bo"))) == "Conflict"
    for name in ("ana", "dee", "nobody"):
        assert await outcome(talk.api.create_channel_ban(**ban, member_arn=talk.arn(name))) == "Forbidden"
    bans = await talk.api.list_channel_bans(**ban)
    assert [item.member and item.member.name for item in bans.channel_bans] == ["Bo"]
    await talk.api.delete_channel_ban(**ban, member_arn=talk.arn("bo"))
    assert await outcome(talk.api.delete_channel_ban(**ban, member_arn=talk.arn("bo"))) == "Forbidden"
    assert await talk.members(lobby, by="bo") == ["Ana"]
    await talk.join(lobby, "bo")


async def test_moderators_come_and_go(talk: Talk) -> None:
    """A moderator may what moderators may until the role ends, and is found among those of the channel."""
    lobby = await talk.channel("bo")
    role = {"channel_arn": lobby, "channel_moderator_arn": talk.arn("bo")}
    await talk.api.create_channel_moderator(**role, chime_bearer=talk.arn("ana"))
    assert await outcome(talk.api.create_channel_moderator(**role, chime_bearer=talk.arn("ana"))) == "Conflict"
    found = await talk.api.describe_channel_moderator(**role, chime_bearer=talk.arn("bo"))
    assert found.channel_moderator.created_by is not None
    assert found.channel_moderator.created_by.name == "Ana"
    mine = await talk.api.list_channels_moderated_by_app_instance_user(chime_bearer=talk.arn("bo"))
    assert [item.channel_summary and item.channel_summary.channel_arn for item in mine.channels] == [lobby]
    seen = await talk.api.describe_channel_moderated_by_app_instance_user(
        channel_arn=lobby, app_instance_user_arn=talk.arn("bo"), chime_bearer=talk.arn("ana")
    )
    assert seen.channel.channel_summary is not None
    await talk.api.delete_channel_moderator(**role, chime_bearer=talk.arn("bo"))
    assert (
        await outcome(talk.api.list_channel_moderators(channel_arn=lobby, chime_bearer=talk.arn("bo"))) == "Forbidden"
    )
    with pytest.raises(NotFoundException):
        await talk.api.describe_channel_moderator(**role, chime_bearer=talk.arn("ana"))
    assert await talk.members(lobby) == ["Ana", "Bo"]


async def test_who_is_deleted_is_nowhere(talk: Talk) -> None:
    """A deleted user is out of all channels, also when another one gets its id; what it said stays under its name."""
    lobby = await talk.channel("bo", moderator_arns=[talk.arn("cy")], privacy="PRIVATE")
    assert await talk.members(lobby) == ["Ana", "Bo"]
    message = await talk.say(lobby, "bo", "remember me")
    await talk.api.create_channel_ban(
        channel_arn=lobby, member_arn=await talk.user("eve"), chime_bearer=talk.arn("ana")
    )
    for name in ("bo", "cy", "eve"):
        await talk.live.chime_sdk_identity.delete_app_instance_user(app_instance_user_arn=talk.arn(name))
    found = await talk.api.get_channel_message(channel_arn=lobby, message_id=message, chime_bearer=talk.arn("ana"))
    assert found.channel_message.sender is not None
    assert (found.channel_message.sender.name, found.channel_message.content) == ("Bo", "remember me")
    for name in ("bo", "cy", "eve"):
        await talk.user(name)
    assert await talk.members(lobby) == ["Ana"]
    moderators = await talk.api.list_channel_moderators(channel_arn=lobby, chime_bearer=talk.arn("ana"))
    assert [item.moderator and item.moderator.name for item in moderators.channel_moderators] == ["Ana"]
    await talk.join(lobby, "eve")


async def test_names_are_those_of_now(talk: Talk) -> None:
    """A user that is renamed has its new name in memberships and messages."""
    lobby = await talk.channel("bo")
    message = await talk.say(lobby, "bo", "hi")
    await talk.live.chime_sdk_identity.update_app_instance_user(
        app_instance_user_arn=talk.arn("bo"), name="Boris", metadata=""
    )
    assert await talk.members(lobby) == ["Ana", "Boris"]
    found = await talk.api.get_channel_message(channel_arn=lobby, message_id=message, chime_bearer=talk.arn("ana"))
    assert found.channel_message.sender is not None
    assert found.channel_message.sender.name == "Boris"


async def test_channels_expire(talk: Talk, clock: Clock) -> None:
    """By its making or by its last message, a channel is gone when its days are over."""
    by_making = ExpirationSettings(expiration_days=7, expiration_criterion="CREATED_TIMESTAMP")
    by_message = ExpirationSettings(expiration_days=7, expiration_criterion="LAST_MESSAGE_TIMESTAMP")
    first = await talk.channel(channel_id="first", expiration_settings=by_making)
    second = await talk.channel(channel_id="second", expiration_settings=by_message)
    third = await talk.channel(channel_id="third", expiration_settings=by_making)
    await talk.api.put_channel_expiration_settings(channel_arn=third, chime_bearer=talk.arn("ana"))
    clock.now += timedelta(days=5)
    await talk.say(second, "ana", "still here")
    await talk.say(first, "ana", "here too")

    async def present() -> list[str | None]:
        found = await talk.api.list_channels(app_instance_arn=talk.app, chime_bearer=talk.arn("bo"))
        return [channel.channel_arn for channel in found.channels]

    clock.now += timedelta(days=3)
    assert await present() == [second, third]
    clock.now += timedelta(days=4)
    assert await present() == [third]


async def test_lists_and_searches(talk: Talk) -> None:
    """Lists show public channels, to administrators all; a search those of the caller, by their members."""
    public, private = await talk.channel("bo"), await talk.channel("bo", "cy", privacy="PRIVATE")

    async def listed(by: str, **more: Any) -> list[str | None]:
        found = await talk.api.list_channels(app_instance_arn=talk.app, chime_bearer=talk.arn(by), **more)
        return [channel.channel_arn for channel in found.channels]

    async def searched(by: str, operator: str, *names: str) -> list[str | None]:
        field = SearchField(key="MEMBERS", operator=operator, values=[talk.arn(name) for name in names])
        pages = talk.api.iter_search_channels(fields=[field], chime_bearer=talk.arn(by), max_results=1)
        return [channel.channel_arn async for channel in pages]

    assert await listed("bo") == [public]
    assert await listed("dee") == [public, private]
    assert await listed("dee", privacy="PRIVATE") == [private]
    assert await outcome(listed("bo", privacy="PRIVATE")) == "Forbidden"
    assert await searched("bo", "INCLUDES", "ana") == [public, private]
    assert await searched("bo", "INCLUDES", "cy", "ana") == [private]
    assert await searched("cy", "INCLUDES", "ana") == [private]
    assert await searched("dee", "EQUALS", "bo", "ana") == [public]
    assert await outcome(searched("bo", "LIKE", "ana")) == "BadRequest"

    mine = [
        item.channel_summary.channel_arn
        async for item in talk.api.iter_channel_memberships_for_app_instance_user(
            chime_bearer=talk.arn("bo"), max_results=1
        )
        if item.channel_summary
    ]
    assert mine == [public, private]
    asked = {"app_instance_user_arn": talk.arn("cy")}
    theirs = await talk.api.list_channel_memberships_for_app_instance_user(**asked, chime_bearer=talk.arn("dee"))
    assert len(theirs.channel_memberships) == 1
    with pytest.raises(ForbiddenException):
        await talk.api.list_channel_memberships_for_app_instance_user(**asked, chime_bearer=talk.arn("bo"))


async def test_messages_in_order(talk: Talk, clock: Clock) -> None:
    """The newest comes first unless asked otherwise, in pages, and within the times that are asked for."""
    lobby = await talk.channel()
    times = []
    for number in range(5):
        clock.now += timedelta(minutes=1)
        message = await talk.say(lobby, "ana", str(number))
        got = await talk.api.get_channel_message(channel_arn=lobby, message_id=message, chime_bearer=talk.arn("ana"))
        times.append(got.channel_message.created_timestamp)

    async def pages(**more: Any) -> list[list[str | None]]:
        paginator = talk.api.iter_channel_messages(channel_arn=lobby, chime_bearer=talk.arn("ana"), **more)
        return [[message.content for message in page.channel_messages] async for page in paginator.pages()]

    assert await pages(max_results=2) == [["4", "3"], ["2", "1"], ["0"]]
    assert await pages(max_results=2, sort_order="ASCENDING") == [["0", "1"], ["2", "3"], ["4"]]
    assert await talk.heard(lobby, "ana", not_before=times[1], not_after=times[3]) == ["3", "2", "1"]
    assert await talk.heard(lobby, "ana", not_after=times[0] and times[0] - timedelta(milliseconds=1)) == []
    assert await outcome(talk.heard(lobby, "ana", sort_order="RANDOM")) == "BadRequest"

    first = await talk.api.list_channel_messages(channel_arn=lobby, chime_bearer=talk.arn("ana"), max_results=2)
    await talk.say(lobby, "ana", "5")
    assert await talk.heard(lobby, "ana", next_token=first.next_token) == ["2", "1", "0"]


async def test_a_message_is_sent_once(talk: Talk) -> None:
    """The same token sends nothing again; with other words it is a conflict."""
    lobby = await talk.channel()
    first = await talk.say(lobby, "ana", "hello", client_request_token="token-1")
    assert await talk.say(lobby, "ana", "hello", client_request_token="token-1") == first
    assert await outcome(talk.say(lobby, "ana", "hi", client_request_token="token-1")) == "Conflict"
    assert await talk.heard(lobby, "ana") == ["hello"]


async def test_messages_change(talk: Talk, clock: Clock) -> None:
    """Its sender changes a message; a redacted one is still there, empty; a deleted one is not."""
    lobby = await talk.channel("bo")
    message = {"channel_arn": lobby, "message_id": await talk.say(lobby, "bo", "helo", metadata="m")}
    mine = {**message, "chime_bearer": talk.arn("bo")}
    before = (await talk.api.get_channel_message(**mine)).channel_message
    assert before.last_edited_timestamp is None
    await talk.api.update_channel_message(**mine, content="hello")
    after = (await talk.api.get_channel_message(**mine)).channel_message
    assert (after.content, after.metadata, after.created_timestamp) == ("hello", "m", before.created_timestamp)
    assert after.last_edited_timestamp == after.last_updated_timestamp
    assert after.last_edited_timestamp is not None

    await talk.api.redact_channel_message(**message, chime_bearer=talk.arn("ana"))
    redacted = (await talk.api.get_channel_message(**mine)).channel_message
    assert (redacted.content, redacted.metadata, redacted.redacted) == (None, None, True)
    assert await talk.heard(lobby, "ana") == [None]
    assert await outcome(talk.api.update_channel_message(**mine, content="again")) == "Conflict"
    await talk.api.delete_channel_message(**message, chime_bearer=talk.arn("dee"))
    with pytest.raises(NotFoundException):
        await talk.api.get_channel_message(**mine)
    assert await talk.heard(lobby, "ana") == []
    assert await outcome(talk.api.delete_channel_message(**message, chime_bearer=talk.arn("dee"))) == "Forbidden"


async def test_what_a_message_may_be(talk: Talk) -> None:
    """STANDARD messages have 4 KiB, CONTROL messages 30 bytes and no metadata."""
    lobby = await talk.channel()
    for content, more in (("ü" * 2048, {}), ("x" * 30, {"type": "CONTROL"})):
        assert await outcome(talk.say(lobby, "ana", content, **more)) == "ok"
    refused: list[tuple[str, dict[str, str]]] = [
        ("ü" * 2049, {}),
        ("x" * 31, {"type": "CONTROL"}),
        ("x", {"type": "CONTROL", "metadata": "m"}),
        ("x", {"type": "SYSTEM"}),
        ("x", {"persistence": "SOMEHOW"}),
        ("x", {"metadata": "m" * 1025}),
        ("x", {"sub_channel_id": "none"}),
    ]
    for content, more in refused:
        assert await outcome(talk.say(lobby, "ana", content, **more)) == "BadRequest"
    assert len(await talk.heard(lobby, "ana")) == 2


async def test_messages_that_do_not_stay(talk: Talk) -> None:
    """A message that is not persistent is sent and found nowhere, and is no last message of the channel."""
    lobby = await talk.channel()
    message = await talk.say(lobby, "ana", "typing", persistence="NON_PERSISTENT")
    assert await talk.heard(lobby, "ana") == []
    mine = {"channel_arn": lobby, "chime_bearer": talk.arn("ana")}
    assert await outcome(talk.api.get_channel_message(**mine, message_id=message)) == "NotFound"
    assert (await talk.api.describe_channel(**mine)).channel.last_message_timestamp is None


async def test_targeted_messages(talk: Talk) -> None:
    """Sender and target alone see a targeted message; administrators can delete it unseen."""
    lobby = await talk.channel("bo", "cy")
    to_cy = [Target(member_arn=talk.arn("cy"))]
    message = await talk.say(lobby, "bo", "psst", target=to_cy)
    for name, heard in (("bo", ["psst"]), ("cy", ["psst"]), ("ana", []), ("dee", [])):
        assert await talk.heard(lobby, name) == heard
        seen = (await talk.api.describe_channel(channel_arn=lobby, chime_bearer=talk.arn(name))).channel
        assert (seen.last_message_timestamp is not None) == bool(heard)
    about = {"channel_arn": lobby, "message_id": message}
    assert await outcome(talk.api.get_channel_message(**about, chime_bearer=talk.arn("ana"))) == "NotFound"
    assert await outcome(talk.api.redact_channel_message(**about, chime_bearer=talk.arn("ana"))) == "Forbidden"
    assert await outcome(talk.say(lobby, "bo", "psst", target=[Target(member_arn=talk.arn("dee"))])) == "BadRequest"
    await talk.api.delete_channel_message(**about, chime_bearer=talk.arn("dee"))
    assert await talk.heard(lobby, "cy") == []


async def test_messages_outlive_their_retention(talk: Talk, clock: Clock) -> None:
    """Messages older than the app instance keeps them are not seen, until it keeps them longer again."""
    lobby = await talk.channel()

    async def keep(days: int | None) -> None:
        channels = None if days is None else ChannelRetentionSettings(retention_days=days)
        await talk.live.chime_sdk_identity.put_app_instance_retention_settings(
            app_instance_arn=talk.app,
            app_instance_retention_settings=AppInstanceRetentionSettings(channel_retention_settings=channels),
        )

    await talk.say(lobby, "ana", "old")
    clock.now += timedelta(days=2)
    await talk.say(lobby, "ana", "new")
    await keep(1)
    assert await talk.heard(lobby, "ana") == ["new"]
    await keep(3)
    assert await talk.heard(lobby, "ana") == ["new", "old"]
    clock.now += timedelta(days=2)
    assert await talk.heard(lobby, "ana") == ["new"]
    await keep(None)
    assert await talk.heard(lobby, "ana") == ["new", "old"]


async def test_preferences_and_read_markers_are_ones_own(talk: Talk, clock: Clock) -> None:
    """A member sets them for itself, and nobody reads or sets another's preferences."""
    lobby = await talk.channel("bo")
    mine = {"channel_arn": lobby, "member_arn": talk.arn("bo"), "chime_bearer": talk.arn("bo")}
    assert (await talk.api.get_channel_membership_preferences(**mine)).preferences is None
    wanted = ChannelMembershipPreferences(
        push_notifications=PushNotificationPreferences(allow_notifications="FILTERED", filter_rule="{}")
    )
    await talk.api.put_channel_membership_preferences(**mine, preferences=wanted)
    assert (await talk.api.get_channel_membership_preferences(**mine)).preferences == wanted
    for name in ("ana", "dee"):
        theirs = {**mine, "chime_bearer": talk.arn(name)}
        assert await outcome(talk.api.get_channel_membership_preferences(**theirs)) == "Forbidden"
        assert await outcome(talk.api.put_channel_membership_preferences(**theirs, preferences=wanted)) == "Forbidden"

    await talk.api.update_channel_read_marker(channel_arn=lobby, chime_bearer=talk.arn("bo"))
    marked = clock.now
    found = await talk.api.describe_channel_membership_for_app_instance_user(
        channel_arn=lobby, app_instance_user_arn=talk.arn("bo"), chime_bearer=talk.arn("dee")
    )
    summary = found.channel_membership.app_instance_user_membership_summary
    assert summary is not None
    assert summary.read_marker_timestamp is not None
    assert timedelta() <= marked - summary.read_marker_timestamp < timedelta(seconds=1)


async def new_flow(talk: Talk, *orders: int) -> str:
    function = LambdaConfiguration(
        resource_arn="arn:aws:lambda:eu-central-1:123456789012:function:polite", invocation_type="ASYNC"
    )
    made = await talk.api.create_channel_flow(
        app_instance_arn=talk.app,
        name="Polite",
        processors=[
            Processor(
                name="polite",
                configuration=ProcessorConfiguration(lambda_=function),
                execution_order=order,
                fallback_action="ABORT",
            )
            for order in orders
        ],
    )
    return made.channel_flow_arn


@pytest.fixture
async def moderated(talk: Talk) -> str:
    """A channel whose messages go through two processors."""
    lobby = await talk.channel("bo")
    flow = await new_flow(talk, 1, 2)
    await talk.api.associate_channel_flow(channel_arn=lobby, channel_flow_arn=flow, chime_bearer=talk.arn("ana"))
    return lobby


def calls_back(talk: Talk, channel: str) -> Callable[..., Awaitable[Any]]:
    async def call_back(message: str, content: str | None = None, *, deny: bool | None = None) -> None:
        await talk.api.channel_flow_callback(
            channel_arn=channel,
            delete_resource=deny,
            channel_message=ChannelMessageCallback(message_id=message, content=content),
        )

    return call_back


async def test_a_message_waits_for_its_processors(talk: Talk, moderated: str) -> None:
    """It is the sender's alone until every processor has called back, with what they made of it."""
    call_back = calls_back(talk, moderated)
    message = await talk.say(moderated, "bo", "rude")
    about = {"channel_arn": moderated, "message_id": message}
    mine = {**about, "chime_bearer": talk.arn("bo")}

    async def status() -> str | None:
        return (await talk.api.get_channel_message_status(**mine)).status.value

    for content in ("less rude", "kind"):
        assert await status() == "PENDING"
        assert await talk.heard(moderated, "ana") == []
        assert len(await talk.heard(moderated, "bo")) == 1
        assert await outcome(talk.api.update_channel_message(**mine, content="x")) == "Forbidden"
        assert await outcome(talk.api.redact_channel_message(**mine)) == "Forbidden"
        assert await outcome(talk.api.delete_channel_message(**about, chime_bearer=talk.arn("dee"))) == "Forbidden"
        await call_back(message, content)
    assert await status() == "SENT"
    assert await talk.heard(moderated, "ana") == ["kind"]
    assert await outcome(call_back(message, "late")) == "Conflict"


async def test_a_processor_denies(talk: Talk, moderated: str) -> None:
    """A denied message is gone; a denied change leaves what was sent; what does not stay is gone once it is through."""
    call_back = calls_back(talk, moderated)
    await call_back(await talk.say(moderated, "bo", "rude"), deny=True)
    assert await talk.heard(moderated, "bo") == []

    message = await talk.say(moderated, "bo", "kind")
    await call_back(message)
    await call_back(message)
    mine = {"channel_arn": moderated, "message_id": message, "chime_bearer": talk.arn("bo")}
    changed = await talk.api.update_channel_message(**mine, content="rude")
    assert changed.status is not None
    assert changed.status.value == "PENDING"
    assert await talk.heard(moderated, "ana") == ["kind"]
    await call_back(message, deny=True)
    assert await talk.heard(moderated, "ana") == ["kind"]
    await talk.api.update_channel_message(**mine, content="kinder")
    await call_back(message)
    await call_back(message)
    assert await talk.heard(moderated, "ana") == ["kinder"]

    passing = await talk.say(moderated, "bo", "typing", persistence="NON_PERSISTENT")
    await call_back(passing)
    await call_back(passing)
    assert await talk.heard(moderated, "bo") == ["kinder"]
    await talk.say(moderated, "bo", "past them", type="CONTROL")
    assert await talk.heard(moderated, "ana") == ["past them", "kinder"]


async def test_a_channel_has_one_flow(talk: Talk) -> None:
    """A flow is associated with many channels, a channel with one flow, and a flow in use is not deleted."""
    first, second = await new_flow(talk, 1), await new_flow(talk, 1)
    channels = [await talk.channel(), await talk.channel()]
    as_ana = {"chime_bearer": talk.arn("ana")}
    for channel in channels:
        await talk.api.associate_channel_flow(channel_arn=channel, channel_flow_arn=first, **as_ana)
    pair = {"channel_arn": channels[0], "channel_flow_arn": second}
    assert await outcome(talk.api.associate_channel_flow(**pair, **as_ana)) == "Conflict"
    assert await outcome(talk.api.disassociate_channel_flow(**pair, **as_ana)) == "NotFound"
    nothing = {"channel_arn": channels[0], "channel_flow_arn": f"{talk.app}/channel-flow/none"}
    assert await outcome(talk.api.associate_channel_flow(**nothing, **as_ana)) == "NotFound"
    associated = talk.api.iter_channels_associated_with_channel_flow(channel_flow_arn=first, max_results=1)
    assert [item.channel_arn async for item in associated] == channels
    assert await outcome(talk.api.delete_channel_flow(channel_flow_arn=first)) == "Conflict"
    for channel in channels:
        await talk.api.disassociate_channel_flow(channel_arn=channel, channel_flow_arn=first, **as_ana)
    await talk.api.delete_channel_flow(channel_flow_arn=first)
    left = await talk.api.list_channel_flows(app_instance_arn=talk.app)
    assert [flow.channel_flow_arn for flow in left.channel_flows] == [second]
    assert await outcome(new_flow(talk, 1, 1)) == "BadRequest"


async def test_what_does_not_go_together_is_refused(talk: Talk) -> None:
    """Ids of no form, another app instance, moderators that are unknown or banned, questions about others."""
    other = (await talk.live.chime_sdk_identity.create_app_instance(name="other")).app_instance_arn
    lobby = await talk.channel("bo")
    as_ana = {"channel_arn": lobby, "chime_bearer": talk.arn("ana")}
    await talk.api.create_channel_ban(**as_ana, member_arn=talk.arn("cy"))
    about_bo = {"channel_arn": lobby, "app_instance_user_arn": talk.arn("bo")}
    moderated_by = talk.api.describe_channel_moderated_by_app_instance_user
    forbidden = [
        talk.api.create_channel(app_instance_arn=other, name="Lobby", chime_bearer=talk.arn("ana")),
        talk.api.list_channels(app_instance_arn=other, chime_bearer=talk.arn("ana")),
        talk.api.create_channel_moderator(**as_ana, channel_moderator_arn=talk.arn("nobody")),
        talk.api.create_channel_moderator(**as_ana, channel_moderator_arn=talk.arn("cy")),
        moderated_by(**about_bo, chime_bearer=talk.arn("cy")),
        moderated_by(**about_bo, chime_bearer=talk.arn("ana")),
        moderated_by(**{**about_bo, "channel_arn": await elastic(talk)}, chime_bearer=talk.arn("ana")),
        talk.api.delete_messaging_streaming_configurations(app_instance_arn=f"{other}-"),
    ]
    assert [await outcome(call) for call in forbidden] == ["Forbidden"] * len(forbidden)
    configuration = ElasticChannelConfiguration(
        maximum_sub_channels=2, target_memberships_per_sub_channel=2, minimum_membership_percentage=1
    )
    soon = ExpirationSettings(expiration_days=1, expiration_criterion="SOON")
    some = ChannelMembershipPreferences(push_notifications=PushNotificationPreferences(allow_notifications="SOME"))
    bad = [
        talk.channel(channel_id="-lobby"),
        talk.channel(expiration_settings=soon),
        talk.api.put_channel_expiration_settings(**as_ana, expiration_settings=soon),
        talk.api.put_channel_membership_preferences(**as_ana, member_arn=talk.arn("ana"), preferences=some),
        talk.channel(mode="UNRESTRICTED", elastic_channel_configuration=configuration),
        talk.channel("bo", elastic_channel_configuration=configuration),
    ]
    assert [await outcome(call) for call in bad] == ["BadRequest"] * len(bad)
    tags = [Tag(key=str(number), value="x") for number in range(51)]
    await talk.api.tag_resource(resource_arn=lobby, tags=tags[:50])
    assert await outcome(talk.api.tag_resource(resource_arn=lobby, tags=tags[50:])) == "ResourceLimitExceeded"


async def elastic(talk: Talk, seats: int = 4, most: int = 2, percentage: int = 40) -> str:
    configuration = ElasticChannelConfiguration(
        maximum_sub_channels=most,
        target_memberships_per_sub_channel=seats,
        minimum_membership_percentage=percentage,
    )
    return await talk.channel(elastic_channel_configuration=configuration)


async def seats(talk: Talk, channel: str) -> list[tuple[str | None, int | None]]:
    found = await talk.api.list_sub_channels(channel_arn=channel, chime_bearer=talk.arn("ana"))
    return [(item.sub_channel_id, item.membership_count) for item in found.sub_channels]


async def crowd(talk: Talk, channel: str, count: int) -> Sequence[str]:
    names = [f"fan-{number}" for number in range(count)]
    for name in names:
        await talk.user(name)
        await talk.join(channel, name)
    return names


async def test_an_elastic_channel_grows_and_shrinks(talk: Talk) -> None:
    """Members fill one sub-channel after another until all are full; one that is too small closes with its messages."""
    stadium = await elastic(talk)
    [(first, nobody)] = await seats(talk, stadium)
    assert (nobody, first is not None) == (0, True)
    names = await crowd(talk, stadium, 5)
    # Four fit; for the fifth a sub-channel opens, and one moves along so that it has the two that it needs.
    (_, in_first), (second, in_second) = await seats(talk, stadium)
    assert (in_first, in_second) == (3, 2)
    assert await talk.members(stadium, sub_channel_id=second) == ["Fan-3", "Fan-4"]
    for name in ("late", "later"):
        await talk.user(name)
    for name in ("bo", "cy", "late"):
        await talk.join(stadium, name)
    with pytest.raises(ResourceLimitExceededException):
        await talk.join(stadium, "later")

    await talk.say(stadium, "fan-4", "gone soon", sub_channel_id=second)
    for name in ("late", "bo", "cy", names[0]):
        await talk.leave(stadium, name)
    assert await seats(talk, stadium) == [(first, 2), (second, 2)]
    await talk.leave(stadium, "fan-3")
    assert await seats(talk, stadium) == [(first, 3)]
    assert sorted(map(str, await talk.members(stadium, sub_channel_id=first))) == ["Fan-1", "Fan-2", "Fan-4"]
    assert await talk.heard(stadium, "fan-4", sub_channel_id=first) == []
    assert await outcome(talk.heard(stadium, "fan-4", sub_channel_id=second)) == "BadRequest"


async def test_sub_channels_are_apart(talk: Talk) -> None:
    """What is said in one sub-channel is for its members and for moderators, who join the sub-channels they choose."""
    stadium = await elastic(talk, seats=2, percentage=1)
    await crowd(talk, stadium, 3)
    first, second = [sub_channel_id for sub_channel_id, _ in await seats(talk, stadium)]
    await talk.say(stadium, "fan-0", "one", sub_channel_id=first)
    await talk.say(stadium, "fan-2", "two", sub_channel_id=second)
    assert await talk.heard(stadium, "fan-1", sub_channel_id=first) == ["one"]
    assert await talk.heard(stadium, "ana", sub_channel_id=second) == ["two"]
    assert await outcome(talk.heard(stadium, "fan-1", sub_channel_id=second)) == "Forbidden"
    assert await outcome(talk.say(stadium, "fan-1", "x", sub_channel_id=second)) == "Forbidden"
    assert await outcome(talk.say(stadium, "fan-1", "x")) == "BadRequest"

    assert await outcome(talk.say(stadium, "ana", "x", sub_channel_id=first)) == "Forbidden"
    assert await outcome(talk.join(stadium, "ana")) == "BadRequest"
    assert await outcome(talk.join(stadium, "bo", sub_channel_id=first)) == "BadRequest"
    assert await talk.members(stadium, by="ana") == ["Fan-0", "Fan-1", "Fan-2"]
    assert await outcome(talk.members(stadium, by="fan-0")) == "BadRequest"
    for sub_channel_id in (first, second):
        assert await talk.join(stadium, "ana", sub_channel_id=sub_channel_id) == sub_channel_id
    await talk.say(stadium, "ana", "order!", sub_channel_id=first)
    assert await talk.heard(stadium, "fan-0", sub_channel_id=first) == ["order!", "one"]
    assert await seats(talk, stadium) == [(first, 3), (second, 2)]
    await talk.leave(stadium, "ana", sub_channel_id=first)
    assert await seats(talk, stadium) == [(first, 2), (second, 2)]


async def test_roles_in_an_elastic_channel(talk: Talk) -> None:
    """Who becomes a moderator, ceases to be one or is banned leaves the sub-channels; some features are not there."""
    stadium = await elastic(talk, seats=2, percentage=1)
    [(sub_channel_id, _)] = await seats(talk, stadium)
    await talk.join(stadium, "bo")
    role = {"channel_arn": stadium, "channel_moderator_arn": talk.arn("bo"), "chime_bearer": talk.arn("ana")}
    await talk.api.create_channel_moderator(**role)
    assert await seats(talk, stadium) == [(sub_channel_id, 0)]
    await talk.join(stadium, "bo", sub_channel_id=sub_channel_id)
    await talk.api.delete_channel_moderator(**role)
    assert await seats(talk, stadium) == [(sub_channel_id, 0)]
    await talk.join(stadium, "bo")
    await talk.api.create_channel_ban(channel_arn=stadium, member_arn=talk.arn("bo"), chime_bearer=talk.arn("ana"))
    assert await seats(talk, stadium) == [(sub_channel_id, 0)]

    await talk.join(stadium, "cy")
    for refused in (
        talk.join(stadium, "dee", type="HIDDEN"),
        talk.api.update_channel_read_marker(channel_arn=stadium, chime_bearer=talk.arn("cy")),
        talk.api.update_channel(channel_arn=stadium, mode="UNRESTRICTED", chime_bearer=talk.arn("ana")),
        talk.api.list_sub_channels(channel_arn=await talk.channel(), chime_bearer=talk.arn("ana")),
    ):
        assert await outcome(refused) == "BadRequest"


async def test_streaming_configurations(talk: Talk) -> None:
    """They are there from the put to the deletion, one for each kind of data."""
    wanted = [
        StreamingConfiguration(data_type="Channel", resource_arn=STREAM),
        StreamingConfiguration(data_type="ChannelMessage", resource_arn=STREAM),
    ]
    app = {"app_instance_arn": talk.app}
    assert await outcome(talk.api.get_messaging_streaming_configurations(**app)) == "NotFound"
    await talk.api.put_messaging_streaming_configurations(**app, streaming_configurations=wanted)
    assert (await talk.api.get_messaging_streaming_configurations(**app)).streaming_configurations == wanted
    twice = {"streaming_configurations": [wanted[0], wanted[0]]}
    assert await outcome(talk.api.put_messaging_streaming_configurations(**app, **twice)) == "BadRequest"
    await talk.api.delete_messaging_streaming_configurations(**app)
    assert await outcome(talk.api.get_messaging_streaming_configurations(**app)) == "NotFound"


async def test_channels_go_with_their_app_instance(talk: Talk) -> None:
    """Of a deleted app instance neither channels nor callers are left; tags are the channel's own until then."""
    lobby = await talk.channel(tags=[Tag(key="a", value="1")])
    flow = await new_flow(talk, 1)
    await talk.api.tag_resource(resource_arn=lobby, tags=[Tag(key="b", value="2")])
    await talk.api.untag_resource(resource_arn=lobby, tag_keys=["a"])
    assert (await talk.api.list_tags_for_resource(resource_arn=lobby)).tags == [Tag(key="b", value="2")]
    assert (await talk.api.list_tags_for_resource(resource_arn=flow)).tags == []
    await talk.live.chime_sdk_identity.delete_app_instance(app_instance_arn=talk.app)
    assert await outcome(talk.heard(lobby, "ana")) == "UnauthorizedClient"
    assert await outcome(talk.api.list_tags_for_resource(resource_arn=lobby)) == "Forbidden"
    assert await outcome(talk.api.describe_channel_flow(channel_flow_arn=flow)) == "Forbidden"


async def test_the_session_endpoint_leads_nowhere(talk: Talk) -> None:
    """The address of the web socket is one that no resolver knows."""
    plain = (await talk.api.get_messaging_session_endpoint()).endpoint.url
    dual = (await talk.api.get_messaging_session_endpoint(network_type="DUAL_STACK")).endpoint.url
    assert plain != dual
    assert plain.endswith(".invalid")
    assert dual.endswith(".invalid")
