"""Who calls a channel, and what that one may do there; what else the handlers of messaging share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from attrs import evolve, frozen

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_messaging import errors, models
from roomtone.emulator.app_instances import App, app_instances
from roomtone.emulator.chats import Chat, Member
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.state import Call, Tokens

__all__ = [
    "NAME",
    "SUB_CHANNEL_ID",
    "Caller",
    "Visit",
    "app_around",
    "app_of",
    "call_by",
    "found",
    "handles",
    "once",
    "visit",
]

handles: Handlers = Handlers()

T = TypeVar("T")

NAME = (1, 256)
SUB_CHANNEL_ID = {"sub_channel_id": (1, 128)}


def found(thing: T | None, noun: str) -> T:
    """What was looked for. Raises ForbiddenException.

    Few operations document NotFoundException: what is not there is answered as what is none of the caller's.
    """
    if thing is None:
        raise errors.ForbiddenException(f"there is no such {noun}")
    return thing


def once(tokens: Tokens, token: str | None, request: object, make: Callable[[], T]) -> T:
    """The first answer to this token, or a new one. Raises ConflictException."""
    if token is None:
        raise Misfit("is required", "client_request_token")
    return tokens.once(token, request, make, conflict=_reused)


def _reused() -> errors.ConflictException:
    return errors.ConflictException("the client request token was used with other parameters")


def app_of(call: Call, arn: str) -> App:
    """The app instance of an ARN. Raises ForbiddenException."""
    return found(app_instances(call).apps.get(arn), "app instance")


def app_around(call: Call, arn: str, noun: str) -> App:
    """The app instance that the ARN of a thing in it lies in. Raises ForbiddenException."""
    return found(app_instances(call).around(arn), noun)


@frozen(eq=False)
class Caller:
    """The user or bot that a call is made by."""

    app: App
    arn: str
    now: datetime

    @property
    def is_admin(self) -> bool:
        return self.app.admins.get(self.arn) is not None

    @property
    def identity(self) -> models.Identity:
        return self.named(self.arn)

    def named(self, arn: str, known: str | None = None) -> models.Identity:
        """A user or a bot by the name it has now, or the name that is known of it when it is no more."""
        someone = self.app.someone(arn)
        return models.Identity(arn=arn, name=someone.detail.name if someone else known)

    def renamed(self, identity: models.Identity | None) -> models.Identity | None:
        """The same, by the name it has now."""
        return identity and self.named(identity.arn or "", identity.name)

    def at(self, chat: Chat) -> Visit:
        return Visit(self.app, self.arn, self.now, chat)

    def whom(self, arn: str | None) -> str:
        """Whom a question is about: the caller itself, or for administrators anybody. Raises ForbiddenException."""
        if arn in (None, self.arn):
            return self.arn
        if not self.is_admin or self.app.someone(str(arn)) is None:
            raise errors.ForbiddenException("only an administrator can ask this about another user of the app instance")
        return str(arn)


@frozen(eq=False)
class Visit(Caller):
    """A caller in a channel.

    What the roles may do: administrators all that moderators may; moderators rule the channel; members speak, and
    see it; everybody in the app instance sees a public one.
    """

    chat: Chat

    @property
    def moderates(self) -> bool:
        return self.is_admin or self.chat.moderates(self.arn)

    @property
    def sees(self) -> bool:
        return (
            self.moderates or self.chat.channel.privacy == "PUBLIC" or bool(self.chat.memberships(self.arn))
        ) and self.chat.bans.get(self.arn) is None

    def must_moderate(self) -> None:
        if not self.moderates:
            raise errors.ForbiddenException("this takes a moderator of the channel or an administrator")

    def must_see(self) -> None:
        if not self.sees:
            raise errors.ForbiddenException("the caller is banned, or no member of a private channel")

    def membership(self, sub_channel_id: str | None = None) -> Member:
        """The caller's own. Raises ForbiddenException."""
        mine = self.chat.memberships(self.arn, sub_channel_id)
        return found(mine[0] if mine else None, "membership of the caller's in the channel")

    def part(self, sub_channel_id: str | None) -> str | None:
        """The sub-channel of a request: none in a plain channel, one of its own in an elastic one. Raises Misfit."""
        if self.chat.elastic is None and sub_channel_id is not None:
            raise Misfit("is for elastic channels only", "sub_channel_id")
        if self.chat.elastic is not None and sub_channel_id is None:
            raise Misfit("is required in an elastic channel", "sub_channel_id")
        if sub_channel_id is not None and self.chat.sub_channels.get(sub_channel_id) is None:
            raise Misfit("is none of the channel's", "sub_channel_id")
        return sub_channel_id

    def enter(self, sub_channel_id: str | None) -> str | None:
        """The sub-channel of a request that reads. Raises Misfit, and ForbiddenException for what is not to be seen."""
        self.must_see()
        part = self.part(sub_channel_id)
        if part is not None and not self.moderates:
            self.membership(part)
        return part

    def wrote(self, message: models.ChannelMessage) -> bool:
        """Whether the caller is the sender of a message."""
        return message.sender is not None and message.sender.arn == self.arn

    def reads(self, message: models.ChannelMessage) -> bool:
        """Whether the caller gets to see a message."""
        kept_since, sent = self.app.kept_since(self.now), message.created_timestamp
        if kept_since and sent and sent < kept_since:
            return False
        if self.wrote(message):
            return True
        if message.status and message.status.value != "SENT":
            return False
        return not message.target or any(target.member_arn == self.arn for target in message.target)

    def summary(self) -> models.ChannelSummary:
        """The channel in short, as far as the caller sees it."""
        channel = self.chat.channel
        return models.ChannelSummary(
            name=channel.name,
            channel_arn=channel.channel_arn,
            mode=channel.mode,
            privacy=channel.privacy,
            metadata=channel.metadata,
            last_message_timestamp=self.last_message(),
        )

    def last_message(self) -> datetime | None:
        """When the newest message was sent that stays and that the caller sees."""
        times = [
            message.created_timestamp
            for message in self.chat.messages
            if message.created_timestamp and message.persistence == "PERSISTENT" and self.reads(message)
        ]
        return max(times, default=None)

    def detail(self) -> models.Channel:
        """The channel in full, as the caller sees it."""
        channel = self.chat.channel
        return evolve(channel, created_by=self.renamed(channel.created_by), last_message_timestamp=self.last_message())


def call_by(call: Call, bearer: str | None) -> Caller:
    """The user or bot that a call is made by. Raises UnauthorizedClientException."""
    if bearer is None:
        raise Misfit("is required", "chime_bearer")
    app = app_instances(call).around(bearer)
    if app is None or app.someone(bearer) is None:
        raise errors.UnauthorizedClientException("the chime bearer is no user and no bot of an app instance")
    return Caller(app, bearer, call.now)


def visit(call: Call, channel_arn: str, bearer: str | None) -> Visit:
    """A caller in a channel of its app instance. Raises UnauthorizedClientException and ForbiddenException."""
    caller = call_by(call, bearer)
    return caller.at(found(caller.app.chats.get(channel_arn), "channel in the caller's app instance"))
