"""App instances of Amazon Chime SDK as identity and messaging both keep them: who is in them, and their channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from attrs import define, field

from roomtone.chime_sdk_identity import models as identity
from roomtone.chime_sdk_messaging import models as messaging
from roomtone.emulator.chats import Chat
from roomtone.emulator.state import Call, Shelf, Tokens

__all__ = ["App", "AppInstances", "Bot", "Flow", "User", "app_instances", "as_tags"]


class Tag(Protocol):
    """A tag of either service."""

    key: str
    value: str


def as_tags(tags: Iterable[Tag] | None) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags or ()}


@define(eq=False)
class User:
    """One user of an app instance, and the devices that get its push notifications."""

    detail: identity.AppInstanceUser
    tags: dict[str, str] = field(factory=dict)
    endpoints: Shelf[identity.AppInstanceUserEndpoint] = field(factory=Shelf)
    tokens: Tokens = field(factory=Tokens)

    def expired(self, now: datetime) -> bool:
        settings = self.detail.expiration_settings
        if settings is None:
            return False
        return now >= (self.detail.created_timestamp or now) + timedelta(days=settings.expiration_days)


@define(eq=False)
class Bot:
    """One bot of an app instance."""

    detail: identity.AppInstanceBot
    tags: dict[str, str] = field(factory=dict)


@define(eq=False)
class Flow:
    """One channel flow."""

    detail: messaging.ChannelFlow
    tags: dict[str, str] = field(factory=dict)


@define(eq=False)
class App:
    """One app instance, and all that goes when it is deleted."""

    detail: identity.AppInstance
    tags: dict[str, str] = field(factory=dict)
    users: Shelf[User] = field(factory=Shelf)
    bots: Shelf[Bot] = field(factory=Shelf)
    admins: Shelf[identity.AppInstanceAdmin] = field(factory=Shelf)
    chats: Shelf[Chat] = field(factory=Shelf)
    flows: Shelf[Flow] = field(factory=Shelf)
    retention: identity.AppInstanceRetentionSettings | None = None
    deletion: datetime | None = None
    """When messages that have outlived their retention would be deleted for good."""
    streaming: list[messaging.StreamingConfiguration] = field(factory=list)
    tokens: Tokens = field(factory=Tokens)

    @property
    def arn(self) -> str:
        return self.detail.app_instance_arn

    def someone(self, arn: str) -> User | Bot | None:
        """A user or a bot."""
        return self.users.get(arn) or self.bots.get(arn)

    def remove(self, arn: str) -> None:
        """Takes a user or a bot out of the app instance and of all its channels."""
        self.users.take(arn)
        self.bots.take(arn)
        self.admins.take(arn)
        for chat in self.chats:
            chat.forget(arn)
        self.tokens.forget(
            lambda answer: (
                arn in (getattr(answer, "app_instance_user_arn", None), getattr(answer, "app_instance_bot_arn", None))
            )
        )

    def remove_chat(self, arn: str) -> None:
        """Takes a channel away with all that was said in it."""
        self.chats.take(arn)
        self.tokens.forget(lambda answer: getattr(answer, "channel_arn", None) == arn)

    def kept_since(self, now: datetime) -> datetime | None:
        """From when on messages are still to be seen; None for all."""
        channels = self.retention.channel_retention_settings if self.retention else None
        days = channels.retention_days if channels else None
        return None if days is None else now - timedelta(days=days)

    def expire(self, now: datetime) -> None:
        for user in [user for user in self.users if user.expired(now)]:
            self.remove(user.detail.app_instance_user_arn)
        for chat in [chat for chat in self.chats if chat.expired(now)]:
            self.remove_chat(chat.arn)


@define(eq=False)
class AppInstances:
    """All app instances, of all regions."""

    apps: Shelf[App] = field(factory=Shelf)
    tokens: defaultdict[str, Tokens] = field(factory=lambda: defaultdict(Tokens))
    """By region: the same token makes an app instance in each."""

    def around(self, arn: str) -> App | None:
        """The app instance that an ARN is of or lies in."""
        return self.apps.get("/".join(arn.split("/")[:2]))


def app_instances(call: Call) -> AppInstances:
    """All app instances as they are now: users and channels whose time is over are gone."""
    area = call.area(AppInstances)
    for app in area.apps:
        app.expire(call.now)
    return area
