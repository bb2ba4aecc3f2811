"""What the emulator remembers of Amazon IVS: its resources, and each channel's times on air."""

from __future__ import annotations

from typing import TypeVar

from attrs import define, field

from roomtone.emulator.handlers import Handlers
from roomtone.emulator.resources import Kind, Kinds, Tagged
from roomtone.emulator.state import Call, Shelf
from roomtone.ivs import errors, models

__all__ = ["ARN", "LISTED", "NAME", "PAGE", "TAGS", "Ivs", "Session", "handles"]

handles: Handlers = Handlers()

TaggedT = TypeVar("TaggedT", bound=Tagged)

PAGE = 100
ARN = (1, 128)
NAME = (0, 128)
TAGS = (0, 50)
LISTED = {"max_results": (1, PAGE), "next_token": (0, 1024)}
"""The limits of every list but that of stream keys."""


def missing(noun: str, _: str) -> Exception:
    return errors.ResourceNotFoundException(f"there is no such {noun}")


@define(eq=False)
class Session:
    """One time on air."""

    detail: models.StreamSession
    health: str = "HEALTHY"
    viewer_count: int = 0
    metadata: list[str] = field(factory=list)
    ad_breaks: Shelf[models.InsertAdBreakResponse] = field(factory=Shelf)

    @property
    def live(self) -> bool:
        return self.detail.end_time is None


@define(eq=False)
class Ivs(Kinds):
    """Everything of all regions."""

    channels: Kind[models.Channel] = field(factory=lambda: Kind("channel", missing))
    stream_keys: Kind[models.StreamKey] = field(factory=lambda: Kind("stream key", missing))
    recording_configurations: Kind[models.RecordingConfiguration] = field(
        factory=lambda: Kind("recording configuration", missing)
    )
    playback_key_pairs: Kind[models.PlaybackKeyPair] = field(factory=lambda: Kind("playback key pair", missing))
    playback_restriction_policies: Kind[models.PlaybackRestrictionPolicy] = field(
        factory=lambda: Kind("playback restriction policy", missing)
    )
    ad_configurations: Kind[models.AdConfiguration] = field(factory=lambda: Kind("ad configuration", missing))
    failover_slate_configurations: Kind[models.FailoverSlateConfiguration] = field(
        factory=lambda: Kind("failover slate configuration", missing)
    )
    sessions: dict[str, Shelf[Session]] = field(factory=dict)
    """The times on air of each channel by its ARN, in their order."""
    revocations: dict[str, list[models.StartViewerSessionRevocationRequest]] = field(factory=dict)
    """The viewer sessions that were revoked, by the channel's ARN."""

    def session(self, channel_arn: str) -> Session:
        """The session that a channel is in, or the last that it was in. Raises ResourceNotFoundException."""
        for session in reversed(list(self.sessions_of(channel_arn))):
            return session
        raise missing("stream session", channel_arn)

    def sessions_of(self, channel_arn: str) -> Shelf[Session]:
        """A channel's times on air. Raises ResourceNotFoundException."""
        return self.sessions.setdefault(self.channels.at(channel_arn).arn, Shelf())

    def on_air(self, channel_arn: str) -> Session | None:
        """The session that a channel is in; None when it is off air. Raises ResourceNotFoundException."""
        return next((session for session in self.sessions_of(channel_arn) if session.live), None)

    def live(self, channel_arn: str) -> Session:
        """The session that a channel is in. Raises ResourceNotFoundException, ChannelNotBroadcasting."""
        session = self.on_air(channel_arn)
        if session is None:
            raise errors.ChannelNotBroadcasting("the channel is off air")
        return session

    def take_unused(self, call: Call, kind: Kind[TaggedT], reference: str, arn: str) -> None:
        """Takes away what no channel refers to. Raises ResourceNotFoundException, ConflictException."""
        kind.of(call, arn)
        if any(getattr(channel, reference) == arn for channel in self.channels):
            raise errors.ConflictException(
                f"a channel uses this {kind.noun}; set its {reference} to an empty text first"
            )
        kind.take(call, arn)
