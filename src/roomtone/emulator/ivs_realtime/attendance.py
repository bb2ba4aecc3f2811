"""How participants come, publish and go, and what follows from it: sessions, events, recordings, replicas.

Whatever changes who is on a stage, an operation or a test's command, does it here.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from roomtone.emulator.ivs_realtime.state import Presence, Session, Stages
from roomtone.emulator.resources import id_of
from roomtone.emulator.state import Shelf, random_id
from roomtone.ivs_realtime import models

__all__ = ["enter", "leave", "publish", "replicate", "stop_replica", "unpublish"]


def _open(area: Stages, stage_arn: str, now: datetime) -> Session:
    """The session that is going on, or a new one."""
    session = area.active(stage_arn)
    if session is None:
        stage = area.stages.at(stage_arn)
        session = Session(models.StageSession(session_id=f"st-{random_id(13)}", start_time=now))
        area.sessions.setdefault(stage_arn, Shelf()).put(session.detail.session_id, session)
        area.stages.put(evolve(stage, active_session_id=session.detail.session_id))
    return session


def _close(area: Stages, stage_arn: str, session: Session, now: datetime) -> None:
    session.detail = evolve(session.detail, end_time=now)
    area.stages.put(evolve(area.stages.at(stage_arn), active_session_id=None))


def enter(
    area: Stages, stage_arn: str, participant: models.Participant, now: datetime, *, may_publish: bool = True
) -> Presence:
    """Lets a participant onto a stage; one who was there in this session goes on where it left off."""
    session = _open(area, stage_arn, now)
    presence = session.presences.get(participant.participant_id)
    if presence is None:
        arrived = evolve(
            participant,
            state="CONNECTED",
            first_join_time=now,
            published=False,
            recording_state="DISABLED",
            recording_s3_bucket_name="",
            recording_s3_prefix="",
        )
        presence = Presence(arrived, may_publish)
        session.presences.put(participant.participant_id, presence)
    elif presence.connected:
        return presence
    else:
        presence.participant = evolve(presence.participant, state="CONNECTED")
    presence.note("JOINED", now)
    return presence


def publish(area: Stages, stage_arn: str, presence: Presence, now: datetime) -> None:
    """Starts a participant's publishing, and its recording where the stage asks for it."""
    if presence.publishing:
        return
    if not presence.may_publish:
        presence.note("PUBLISH_ERROR", now, error_code="INSUFFICIENT_CAPABILITIES")
        return
    presence.publishing = True
    presence.participant = evolve(_recorded(area, area.stages.at(stage_arn), presence), published=True)
    presence.note("PUBLISH_STARTED", now)


def _recorded(area: Stages, stage: models.Stage, presence: Presence) -> models.Participant:
    """A participant who begins to publish, recorded if the stage asks for it."""
    asked = stage.auto_participant_recording_configuration
    storage = area.storage_configurations.shelf.get(asked.storage_configuration_arn) if asked else None
    if asked is None or storage is None or (presence.replica and asked.record_participant_replicas is False):
        return presence.participant
    ids = (id_of(stage.arn), stage.active_session_id or "", presence.participant.participant_id)
    return evolve(
        presence.participant,
        recording_state="ACTIVE",
        recording_s3_bucket_name=storage.s3.bucket_name if storage.s3 else "",
        recording_s3_prefix="/".join(ids),
    )


def unpublish(area: Stages, stage_arn: str, presence: Presence, now: datetime) -> None:
    """Ends a participant's publishing, with its recording and its replicas."""
    if not presence.publishing:
        return
    presence.publishing = False
    if presence.participant.recording_state == "ACTIVE":
        presence.participant = evolve(presence.participant, recording_state="STOPPED")
    presence.note("PUBLISH_STOPPED", now)
    for replica in _active_replicas(area, stage_arn, presence):
        stop_replica(area, replica, now)


def leave(area: Stages, stage_arn: str, presence: Presence, now: datetime) -> None:
    """Takes a participant off a stage; the session ends with the last one."""
    session = area.active(stage_arn)
    if session is None or not presence.connected:
        return
    unpublish(area, stage_arn, presence, now)
    presence.participant = evolve(presence.participant, state="DISCONNECTED")
    presence.note("LEFT", now)
    ingest = area.ingest_configurations.shelf.get(presence.participant.ingest_configuration_arn or "")
    if ingest is not None and not presence.replica:
        area.ingest_configurations.put(evolve(ingest, state="INACTIVE"))
    if not any(other.connected for other in session.presences):
        _close(area, stage_arn, session, now)


def _active_replicas(area: Stages, stage_arn: str, presence: Presence) -> list[models.ParticipantReplica]:
    """The replications that end when a participant stops publishing here, be it the source or the replica."""
    return [
        one
        for one in area.replicas
        if one.replication_state == "ACTIVE"
        and one.participant_id == presence.participant.participant_id
        and stage_arn == (one.destination_stage_arn if presence.replica else one.source_stage_arn)
    ]


def replicate(
    area: Stages,
    source_arn: str,
    destination_arn: str,
    presence: Presence,
    attributes: dict[str, str],
    now: datetime,
) -> None:
    """Lets a publisher of one stage publish on another one too."""
    source = presence.participant
    source_session_id = area.stages.at(source_arn).active_session_id or ""
    replica = evolve(
        source,
        attributes={**(source.attributes or {}), **attributes},
        replication_type="REPLICA",
        replication_state="ACTIVE",
        source_stage_arn=source_arn,
        source_session_id=source_session_id,
    )
    entered = enter(area, destination_arn, replica, now)
    # Whoever was replicated here before comes with the attributes of now.
    entered.participant = evolve(entered.participant, attributes=replica.attributes, replication_state="ACTIVE")
    publish(area, destination_arn, entered, now)
    record = models.ParticipantReplica(
        source_stage_arn=source_arn,
        participant_id=source.participant_id,
        source_session_id=source_session_id,
        destination_stage_arn=destination_arn,
        destination_session_id=area.stages.at(destination_arn).active_session_id or "",
        replication_state="ACTIVE",
    )
    area.replicas.put(_key(record), record)
    presence.participant = evolve(source, replication_type="SOURCE", replication_state="ACTIVE")
    presence.note("REPLICATION_STARTED", now, replica=record)


def _key(replica: models.ParticipantReplica) -> str:
    sessions = (replica.source_session_id, replica.destination_session_id)
    return " ".join((replica.participant_id, *sessions))


def stop_replica(area: Stages, replica: models.ParticipantReplica, now: datetime) -> None:
    """Ends a replication: the replica leaves its stage, the source stays on its own."""
    # First, for the replica's leaving comes back to here.
    area.replicas.put(_key(replica), evolve(replica, replication_state="STOPPED"))
    copied = area.presence(replica.destination_stage_arn, replica.destination_session_id, replica.participant_id)
    source = area.presence(replica.source_stage_arn, replica.source_session_id, replica.participant_id)
    # A stage is not taken away before its participants have left, and so ended its replications.
    assert copied is not None
    assert source is not None
    copied.participant = evolve(copied.participant, replication_state="STOPPED")
    leave(area, replica.destination_stage_arn, copied, now)
    source.note("REPLICATION_STOPPED", now, replica=replica)
    if not _active_replicas(area, replica.source_stage_arn, source):
        source.participant = evolve(source.participant, replication_state="STOPPED")
