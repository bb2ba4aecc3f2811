"""What the people on stages do, which no API does: they come, publish and go; and what goes wrong on command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, evolve

from roomtone.emulator.ivs_realtime import attendance, compositions
from roomtone.emulator.ivs_realtime.state import Stages
from roomtone.emulator.state import World, random_id
from roomtone.ivs_realtime import errors, models

__all__ = ["StageCommands"]


@define(eq=False)
class StageCommands:
    """What the people and encoders on IVS stages do, which no API does: they come, publish and go.

    A stage's session begins with the first participant and ends with the last.
    """

    _world: World

    @property
    def _area(self) -> Stages:
        return self._world.area(Stages)

    def join(
        self,
        stage_arn: str,
        *,
        user_id: str = "",
        attributes: Mapping[str, str] | None = None,
        capabilities: Sequence[models.ParticipantTokenCapability] = ("PUBLISH", "SUBSCRIBE"),
    ) -> str:
        """Lets a new participant onto a stage, as by a token that you signed, and returns its id.

        Args:
            stage_arn: The ARN of a stage.
            user_id: Your name for the participant.
            attributes: What the participant brings along.
            capabilities: `PUBLISH`, `SUBSCRIBE` or both.

        Raises:
            ResourceNotFoundException: There is no such stage.
        """
        with self._world.lock:
            participant = models.Participant(
                participant_id=random_id(12), user_id=user_id, attributes=dict(attributes or {})
            )
            return self._enter(self._area.stages.at(stage_arn).arn, participant, "PUBLISH" in capabilities)

    def join_with(self, token: str) -> str:
        """Lets the participant onto a stage whom a token is for, and returns its id.

        Args:
            token: The token of a `ParticipantToken`.

        Raises:
            AccessDeniedException: The token is unknown, has expired or was revoked.
        """
        with self._world.lock:
            issued = next((one for one in self._area.issued.values() if one.token.token == token), None)
            if issued is None or issued.token.participant_id in self._area.revoked:
                raise errors.AccessDeniedException("the participant token is unknown or was revoked")
            if issued.token.expiration_time is not None and issued.token.expiration_time <= self._world.clock():
                raise errors.AccessDeniedException("the participant token has expired")
            participant = models.Participant(
                participant_id=issued.token.participant_id,
                user_id=issued.token.user_id or "",
                attributes=dict(issued.token.attributes or {}),
            )
            return self._enter(issued.stage_arn, participant, "PUBLISH" in (issued.token.capabilities or ()))

    def _enter(self, stage_arn: str, participant: models.Participant, may_publish: bool) -> str:
        participant = evolve(participant, protocol="UNKNOWN", replication_type="NONE", redundant_ingest=False)
        attendance.enter(self._area, stage_arn, participant, self._world.clock(), may_publish=may_publish)
        return participant.participant_id

    def leave(self, stage_arn: str, participant_id: str) -> None:
        """Takes a participant off a stage.

        Raises:
            ResourceNotFoundException: There is no such stage, or the participant is not on it.
        """
        with self._world.lock:
            presence = self._area.present(stage_arn, participant_id)
            attendance.leave(self._area, stage_arn, presence, self._world.clock())

    def publish(self, stage_arn: str, participant_id: str) -> None:
        """Lets a participant publish; it is recorded where the stage asks for it.

        A participant without the capability gets the event `PUBLISH_ERROR` instead.

        Raises:
            ResourceNotFoundException: There is no such stage, or the participant is not on it.
        """
        with self._world.lock:
            presence = self._area.present(stage_arn, participant_id)
            attendance.publish(self._area, stage_arn, presence, self._world.clock())

    def unpublish(self, stage_arn: str, participant_id: str) -> None:
        """Ends a participant's publishing, and its replicas on other stages with it.

        Raises:
            ResourceNotFoundException: There is no such stage, or the participant is not on it.
        """
        with self._world.lock:
            presence = self._area.present(stage_arn, participant_id)
            attendance.unpublish(self._area, stage_arn, presence, self._world.clock())

    def add_event(
        self,
        stage_arn: str,
        participant_id: str,
        name: models.EventName,
        *,
        error_code: models.EventErrorCode | None = None,
        remote_participant_id: str | None = None,
    ) -> None:
        """Adds an event to a participant's list, such as `SUBSCRIBE_STARTED` or `JOIN_ERROR`.

        Args:
            stage_arn: The ARN of a stage.
            participant_id: A participant who is on it.
            name: The event.
            error_code: What went wrong, where something did.
            remote_participant_id: Whom a subscription is about.

        Raises:
            ResourceNotFoundException: There is no such stage, or the participant is not on it.
        """
        with self._world.lock:
            self._area.present(stage_arn, participant_id).note(
                name, self._world.clock(), error_code=error_code, remote_participant_id=remote_participant_id
            )

    def start_ingest(self, ingest_configuration_arn: str) -> str:
        """Lets an encoder publish to the stage of an ingest configuration, and returns its participant's id.

        Raises:
            ResourceNotFoundException: There is no such ingest configuration, or it has no stage.
        """
        with self._world.lock:
            area, now = self._area, self._world.clock()
            ingest = area.ingest_configurations.at(ingest_configuration_arn)
            participant = models.Participant(
                participant_id=ingest.participant_id,
                user_id=ingest.user_id,
                attributes=dict(ingest.attributes or {}),
                protocol=ingest.ingest_protocol,
                replication_type="NONE",
                redundant_ingest=ingest.redundant_ingest,
                ingest_configuration_arn=ingest.arn,
            )
            presence = attendance.enter(area, area.stages.at(ingest.stage_arn).arn, participant, now)
            attendance.publish(area, ingest.stage_arn, presence, now)
            area.ingest_configurations.put(evolve(ingest, state="ACTIVE"))
            return ingest.participant_id

    def stop_ingest(self, ingest_configuration_arn: str) -> None:
        """Takes the encoder of an ingest configuration off its stage.

        Raises:
            ResourceNotFoundException: There is no such ingest configuration, or nobody publishes by it.
        """
        with self._world.lock:
            ingest = self._area.ingest_configurations.at(ingest_configuration_arn)
            self.leave(ingest.stage_arn, ingest.participant_id)

    def fail_composition(self, composition_arn: str) -> None:
        """Lets a running composition fail; a channel that it feeds goes off air.

        Raises:
            ResourceNotFoundException: There is no such composition.
            ConflictException: It has ended already.
        """
        with self._world.lock:
            composition = self._area.compositions.at(composition_arn)
            compositions.finish(self._area, composition, "FAILED", self._world.clock())
