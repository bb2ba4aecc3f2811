"""Replication: a publisher of one stage who is on another one too."""

from __future__ import annotations

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs_members import at_most_one_kilobyte
from roomtone.emulator.ivs_realtime import attendance
from roomtone.emulator.ivs_realtime.state import ARN, ID, Stages, handles
from roomtone.emulator.resources import region_of
from roomtone.emulator.state import Call
from roomtone.ivs_realtime import errors, models, operations

__all__: list[str] = []

REPLICAS_PAGE = 50
_ENDS = {"source_stage_arn": ARN, "destination_stage_arn": ARN, "participant_id": ID}


def _active(
    call: Call, request: models.StartParticipantReplicationRequest | models.StopParticipantReplicationRequest
) -> models.ParticipantReplica | None:
    for replica in call.area(Stages).replicas:
        if (
            replica.replication_state == "ACTIVE"
            and replica.participant_id == request.participant_id
            and replica.source_stage_arn == request.source_stage_arn
            and replica.destination_stage_arn == request.destination_stage_arn
        ):
            return replica
    return None


@handles(operations.START_PARTICIPANT_REPLICATION, limits={**_ENDS, "reconnect_window_seconds": (0, 300)})
def start_participant_replication(
    call: Call, request: models.StartParticipantReplicationRequest
) -> models.StartParticipantReplicationResponse:
    area = call.area(Stages)
    source = area.stages.of(call, request.source_stage_arn).arn
    destination = area.stages.of(call, request.destination_stage_arn).arn
    if source == destination:
        raise Misfit("must be another stage than the source", "destination_stage_arn")
    presence = area.present(source, request.participant_id)
    if presence.replica or not presence.publishing:
        raise errors.ConflictException("the participant does not publish here, or is a replica itself")
    if _active(call, request):
        raise errors.ConflictException("the participant is replicated there already")
    attributes = at_most_one_kilobyte(request.attributes) or {}
    attendance.replicate(area, source, destination, presence, attributes, call.now)
    return models.StartParticipantReplicationResponse()


@handles(operations.STOP_PARTICIPANT_REPLICATION, limits=_ENDS)
def stop_participant_replication(
    call: Call, request: models.StopParticipantReplicationRequest
) -> models.StopParticipantReplicationResponse:
    area = call.area(Stages)
    for arn in (request.source_stage_arn, request.destination_stage_arn):
        area.stages.of(call, arn)
    replica = _active(call, request)
    if replica is None:
        raise errors.ResourceNotFoundException("the participant is not replicated there")
    attendance.stop_replica(area, replica, call.now)
    return models.StopParticipantReplicationResponse()


@handles(
    operations.LIST_PARTICIPANT_REPLICAS,
    limits={
        "source_stage_arn": ARN,
        "participant_id": ID,
        "max_results": (1, REPLICAS_PAGE),
        "next_token": (0, 1024),
    },
)
def list_participant_replicas(
    call: Call, request: models.ListParticipantReplicasRequest
) -> models.ListParticipantReplicasResponse:
    def fits(replica: models.ParticipantReplica) -> bool:
        return (
            replica.source_stage_arn == request.source_stage_arn
            and replica.participant_id == request.participant_id
            and region_of(replica.source_stage_arn) == call.region
        )

    page, token = call.area(Stages).replicas.page(request.next_token, request.max_results or REPLICAS_PAGE, where=fits)
    return models.ListParticipantReplicasResponse(replicas=page, next_token=token)
