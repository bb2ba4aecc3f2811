"""What the emulator remembers of IVS real-time streaming: its resources, and who was on each stage."""

from __future__ import annotations

from datetime import datetime

from attrs import define, field, frozen

from roomtone.emulator.handlers import Handlers
from roomtone.emulator.ivs.state import Session as Broadcast
from roomtone.emulator.resources import Kind, Kinds
from roomtone.emulator.state import Call, Shelf, Tokens
from roomtone.ivs_realtime import errors, models

__all__ = [
    "ARN",
    "ID",
    "LISTED",
    "NAME",
    "PAGE",
    "SESSION_ID",
    "TAGS",
    "Issued",
    "Presence",
    "Session",
    "Stages",
    "handles",
    "missing",
]

handles: Handlers = Handlers()

PAGE = 100
ARN = (1, 128)
ID = (0, 64)
NAME = (0, 128)
SESSION_ID = (16, 16)
TAGS = (0, 50)
LISTED = {"max_results": (1, PAGE), "next_token": (0, 1024)}
"""The limits of every list but that of replicas."""


def missing(noun: str, _: str) -> Exception:
    return errors.ResourceNotFoundException(f"there is no such {noun}")


@define(eq=False)
class Presence:
    """One participant in one session of a stage."""

    participant: models.Participant
    may_publish: bool = True
    publishing: bool = False
    events: Shelf[models.Event] = field(factory=Shelf)

    @property
    def connected(self) -> bool:
        return self.participant.state == "CONNECTED"

    @property
    def replica(self) -> bool:
        return self.participant.replication_type == "REPLICA"

    def note(
        self,
        name: models.EventName,
        now: datetime,
        *,
        error_code: models.EventErrorCode | None = None,
        remote_participant_id: str | None = None,
        replica: models.ParticipantReplica | None = None,
    ) -> None:
        """Adds an event; `replica` is what a replication's event is about."""
        event = models.Event(
            name=name,
            participant_id=self.participant.participant_id,
            event_time=now,
            remote_participant_id=remote_participant_id,
            error_code=error_code,
            destination_stage_arn=replica.destination_stage_arn if replica else None,
            destination_session_id=replica.destination_session_id if replica else None,
            replica=self.replica,
        )
        self.events.put(str(len(self.events)), event)


@define(eq=False)
class Session:
    """A stage from the first participant's coming to the last one's going."""

    detail: models.StageSession
    presences: Shelf[Presence] = field(factory=Shelf)
    """By the participant's id."""

    @property
    def live(self) -> bool:
        return self.detail.end_time is None


@frozen
class Issued:
    """A participant token and the stage that it is for."""

    token: models.ParticipantToken
    stage_arn: str


@define(eq=False)
class Stages(Kinds):
    """Everything of all regions."""

    stages: Kind[models.Stage] = field(factory=lambda: Kind("stage", missing))
    encoder_configurations: Kind[models.EncoderConfiguration] = field(
        factory=lambda: Kind("encoder configuration", missing)
    )
    storage_configurations: Kind[models.StorageConfiguration] = field(
        factory=lambda: Kind("storage configuration", missing)
    )
    ingest_configurations: Kind[models.IngestConfiguration] = field(
        factory=lambda: Kind("ingest configuration", missing)
    )
    public_keys: Kind[models.PublicKey] = field(factory=lambda: Kind("public key", missing))
    compositions: Kind[models.Composition] = field(factory=lambda: Kind("composition", missing))
    sessions: dict[str, Shelf[Session]] = field(factory=dict)
    """The sessions of each stage by its ARN, in their order."""
    issued: dict[str, Issued] = field(factory=dict)
    """Participant tokens by the id of their participant."""
    revoked: set[str] = field(factory=set)
    """The ids of connection tokens that let nobody in any more."""
    replicas: Shelf[models.ParticipantReplica] = field(factory=Shelf)
    tokens: Tokens = field(factory=Tokens)
    broadcasts: dict[str, Broadcast] = field(factory=dict)
    """The streams that compositions feed, by the id of the destination."""

    def sessions_of(self, stage_arn: str) -> Shelf[Session]:
        """A stage's sessions; of a stage that is no more, none."""
        return self.sessions.get(stage_arn) or Shelf()

    def active(self, stage_arn: str) -> Session | None:
        """The session that is going on; None when nobody is on the stage."""
        return next((session for session in self.sessions_of(stage_arn) if session.live), None)

    def present(self, stage_arn: str, participant_id: str) -> Presence:
        """A participant who is on a stage. Raises ResourceNotFoundException."""
        session = self.active(self.stages.at(stage_arn).arn)
        presence = session.presences.get(participant_id) if session else None
        if presence is None or not presence.connected:
            raise errors.ResourceNotFoundException("the participant is not on this stage")
        return presence

    def presence(self, stage_arn: str, session_id: str, participant_id: str) -> Presence | None:
        """A participant of a session that is or was; None when there is none such."""
        session = self.sessions_of(stage_arn).get(session_id)
        return session.presences.get(participant_id) if session else None

    def seen(self, call: Call, stage_arn: str, session_id: str, participant_id: str) -> Presence | None:
        """The same for a call, which does not see the stages of other regions."""
        return self.presence(stage_arn, session_id, participant_id) if self.stages.has(call, stage_arn) else None

    def running(self) -> list[models.Composition]:
        """The compositions that have not come to their end."""
        return [one for one in self.compositions if one.state in ("STARTING", "ACTIVE", "STOPPING")]
