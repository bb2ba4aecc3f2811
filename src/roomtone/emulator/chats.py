"""Channels of Amazon Chime SDK messaging as they are kept: members, moderators, bans, messages. Knows no caller."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from attrs import define, evolve, field

from roomtone.chime_sdk_messaging import models
from roomtone.emulator.state import Shelf, Tokens

__all__ = ["Chat", "Member", "Pending", "new_id"]


def new_id() -> str:
    """A random id, as the service makes them for everything that has no name of the caller's."""
    return str(uuid.uuid4())


@define(eq=False)
class Member:
    """One membership; in an elastic channel, that of one sub-channel."""

    arn: str
    detail: models.ChannelMembership
    preferences: models.ChannelMembershipPreferences | None = None
    read_marker: datetime | None = None

    @property
    def sub_channel_id(self) -> str | None:
        return self.detail.sub_channel_id

    @property
    def key(self) -> str:
        return f"{self.arn} {self.sub_channel_id or ''}"


@define(eq=False)
class Pending:
    """A new or changed message on its way through the processors of a channel flow."""

    message: models.ChannelMessage
    steps: int
    """How many processors have not called back yet."""


@define(eq=False)
class Chat:
    """One channel, who is in it, and what was said.

    In an elastic channel every membership and every message is of a sub-channel, and sub-channels come and go with the
    number of regular members, those who do not moderate.
    """

    channel: models.Channel
    members: Shelf[Member] = field(factory=Shelf)
    moderators: Shelf[models.ChannelModerator] = field(factory=Shelf)
    bans: Shelf[models.ChannelBan] = field(factory=Shelf)
    messages: Shelf[models.ChannelMessage] = field(factory=Shelf)
    pending: dict[str, Pending] = field(factory=dict)
    sub_channels: Shelf[str] = field(factory=Shelf)
    tags: dict[str, str] = field(factory=dict)
    tokens: Tokens = field(factory=Tokens)

    @property
    def arn(self) -> str:
        return self.channel.channel_arn

    @property
    def elastic(self) -> models.ElasticChannelConfiguration | None:
        return self.channel.elastic_channel_configuration

    def memberships(self, arn: str, sub_channel_id: str | None = None) -> list[Member]:
        """The memberships of one user or bot: in one sub-channel, or all."""
        return [
            member for member in self.members if member.arn == arn and sub_channel_id in (None, member.sub_channel_id)
        ]

    def names_of(self, membership_type: str) -> set[str]:
        """The ARNs of all members of a type."""
        return {member.arn for member in self.members if member.detail.type == membership_type}

    def moderates(self, arn: str) -> bool:
        return self.moderators.get(arn) is not None

    def spoken(self, now: datetime) -> datetime:
        """When the last message came that stays; when the channel was made, if there is none."""
        times = [message.created_timestamp for message in self.messages if message.persistence == "PERSISTENT"]
        return max((time for time in times if time), default=self.channel.created_timestamp or now)

    def expired(self, now: datetime) -> bool:
        settings = self.channel.expiration_settings
        if settings is None:
            return False
        counted_from = self.spoken(now)
        if settings.expiration_criterion == "CREATED_TIMESTAMP":
            counted_from = self.channel.created_timestamp or now
        return now >= counted_from + timedelta(days=settings.expiration_days)

    def dismiss(self, leaving: Iterable[Member]) -> None:
        """Ends memberships."""
        gone = list(leaving)
        for member in gone:
            self.members.take(member.key)
        for sub_channel_id in {member.sub_channel_id for member in gone} - {None}:
            self._scale_in(str(sub_channel_id))

    def forget(self, arn: str) -> None:
        """Ends all that a user or bot is in this channel; what it said stays."""
        self.dismiss(self.memberships(arn))
        self.moderators.take(arn)
        self.bans.take(arn)

    def seat(self) -> str | None:
        """The sub-channel for one more regular member; None when there is no place in any."""
        limits = self.elastic
        assert limits is not None
        for sub_channel_id in self.sub_channels:
            if len(self._regulars(sub_channel_id)) < limits.target_memberships_per_sub_channel:
                return sub_channel_id
        return self._scale_out(limits) if len(self.sub_channels) < limits.maximum_sub_channels else None

    def _regulars(self, sub_channel_id: str) -> list[Member]:
        return [
            member
            for member in self.members
            if member.sub_channel_id == sub_channel_id and not self.moderates(member.arn)
        ]

    def _scale_out(self, limits: models.ElasticChannelConfiguration) -> str:
        """Opens a sub-channel, with as many members of the fullest as make it large enough with the one to come."""
        new = new_id()
        fullest = max(map(self._regulars, self.sub_channels), key=len) if len(self.sub_channels) else []
        moving = _minimum(limits) - 1
        self.sub_channels.put(new, new)
        self._move(fullest[len(fullest) - moving :] if moving else [], new)
        return new

    def _scale_in(self, sub_channel_id: str) -> None:
        """Closes a sub-channel that has become too small, when another one has room for all of its members."""
        limits = self.elastic
        staying = self._regulars(sub_channel_id)
        if limits is None or self.sub_channels.get(sub_channel_id) is None or len(staying) >= _minimum(limits):
            return
        room = limits.target_memberships_per_sub_channel - len(staying)
        others = [other for other in self.sub_channels if other != sub_channel_id]
        taker = next((other for other in others if len(self._regulars(other)) <= room), None)
        if taker is None:
            return
        self._move(staying, taker)
        for member in [member for member in self.members if member.sub_channel_id == sub_channel_id]:
            self.members.take(member.key)
        for message in [message for message in self.messages if message.sub_channel_id == sub_channel_id]:
            self.messages.take(message.message_id)
            self.pending.pop(message.message_id, None)
        self.sub_channels.take(sub_channel_id)

    def _move(self, members: Iterable[Member], sub_channel_id: str) -> None:
        for member in members:
            self.members.take(member.key)
            member.detail = evolve(member.detail, sub_channel_id=sub_channel_id)
            self.members.put(member.key, member)


def _minimum(limits: models.ElasticChannelConfiguration) -> int:
    return math.ceil(limits.target_memberships_per_sub_channel * limits.minimum_membership_percentage / 100)
