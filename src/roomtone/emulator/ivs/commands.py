"""What broadcasters and viewers of Amazon IVS do, which no API does, and what tests want to see of it."""

from __future__ import annotations

from attrs import define, evolve

from roomtone.emulator.ivs import streams
from roomtone.emulator.ivs.state import Ivs
from roomtone.emulator.state import World
from roomtone.ivs import models

__all__ = ["IvsCommands"]


@define(eq=False)
class IvsCommands:
    """What broadcasters and viewers do, which no API does: they go on air and off, starve, come and go."""

    _world: World

    @property
    def _area(self) -> Ivs:
        return self._world.area(Ivs)

    def go_live(self, channel_arn: str, *, health: models.StreamHealth = "HEALTHY", viewer_count: int = 0) -> str:
        """Puts a channel on air and returns the new stream's id. A channel that is on air already stays in its session.

        Args:
            channel_arn: The ARN of a channel.
            health: `HEALTHY`, `STARVING` or `UNKNOWN`; see `set_health`.
            viewer_count: How many are watching.

        Raises:
            ResourceNotFoundException: There is no such channel.
        """
        with self._world.lock:
            now = self._world.clock()
            session = self._area.on_air(channel_arn) or streams.begin(self._area, channel_arn, now)
            streams.set_health(session, now, health)
            session.viewer_count = viewer_count
            return session.detail.stream_id

    def go_offline(self, channel_arn: str) -> None:
        """Takes a channel off air; one that is off air stays so.

        Raises:
            ResourceNotFoundException: There is no such channel.
        """
        with self._world.lock:
            session = self._area.on_air(channel_arn)
            if session is not None:
                streams.end(session, self._world.clock())

    def set_health(self, channel_arn: str, health: models.StreamHealth) -> None:
        """Changes the health of a channel's stream. Into starvation and out of it, its session gets the event of that.

        Args:
            channel_arn: The ARN of a channel on air.
            health: `HEALTHY`, `STARVING` or `UNKNOWN`.

        Raises:
            ResourceNotFoundException: There is no such channel.
            ChannelNotBroadcasting: The channel is off air.
        """
        with self._world.lock:
            streams.set_health(self._area.live(channel_arn), self._world.clock(), health)

    def set_viewer_count(self, channel_arn: str, viewer_count: int) -> None:
        """Changes how many watch a channel's stream; -1 is what the service answers when it could not count in time.

        Raises:
            ResourceNotFoundException: There is no such channel.
            ChannelNotBroadcasting: The channel is off air.
        """
        with self._world.lock:
            self._area.live(channel_arn).viewer_count = viewer_count

    def add_event(self, channel_arn: str, name: str, type: str, *, code: str | None = None) -> None:
        """Adds an event to a channel's newest stream session.

        A session with an event of the type `IVS Limit Breach`, or whose name ends in `Failure`, is listed with
        `has_error_event`.

        Args:
            channel_arn: The ARN of a channel that is or was on air.
            name: The event, as `Ingest Bitrate`.
            type: The group of events that it belongs to, as `IVS Limit Breach`.
            code: What is told beside the name.

        Raises:
            ResourceNotFoundException: There is no such channel, or it was never on air.
        """
        with self._world.lock:
            streams.note(self._area.session(channel_arn), self._world.clock(), type, name, code=code)

    def metadata(self, channel_arn: str) -> list[str]:
        """What was put into a channel's streams with PutMetadata, in its order.

        Raises:
            ResourceNotFoundException: There is no such channel.
        """
        with self._world.lock:
            return [text for session in self._area.sessions_of(channel_arn) for text in session.metadata]

    def ad_breaks(self, channel_arn: str) -> list[models.InsertAdBreakResponse]:
        """The ad breaks that were inserted into a channel's streams, in their order.

        Raises:
            ResourceNotFoundException: There is no such channel.
        """
        with self._world.lock:
            return [one for session in self._area.sessions_of(channel_arn) for one in session.ad_breaks]

    def revocations(self, channel_arn: str) -> list[models.StartViewerSessionRevocationRequest]:
        """The revocations of a channel's viewer sessions, single and in batches, in their order.

        Raises:
            ResourceNotFoundException: There is no such channel.
        """
        with self._world.lock:
            return list(self._area.revocations.get(self._area.channels.at(channel_arn).arn, ()))

    def fail_creation(self, arn: str) -> None:
        """Lets the creation of a recording or failover slate configuration have failed: its state is `CREATE_FAILED`.

        Args:
            arn: The ARN of the configuration.

        Raises:
            ResourceNotFoundException: There is no such configuration.
        """
        with self._world.lock:
            slates, recordings = self._area.failover_slate_configurations, self._area.recording_configurations
            if slates.shelf.get(arn):
                slates.put(evolve(slates.at(arn), state="CREATE_FAILED"))
            else:
                recordings.put(evolve(recordings.at(arn), state="CREATE_FAILED"))
