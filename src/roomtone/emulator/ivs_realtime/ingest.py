"""Ingest configurations of IVS real-time streaming: encoders that publish to a stage over RTMP."""

from __future__ import annotations

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs_members import at_most_one_kilobyte, name_of
from roomtone.emulator.ivs_realtime import attendance
from roomtone.emulator.ivs_realtime.state import ARN, LISTED, NAME, PAGE, TAGS, Stages, handles
from roomtone.emulator.resources import id_of, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivs_realtime import errors, models, operations

__all__: list[str] = []

_STAGE_ARN = (0, 128)


@handles(
    operations.CREATE_INGEST_CONFIGURATION,
    limits={"name": NAME, "stage_arn": _STAGE_ARN, "user_id": (0, 128), "tags": TAGS},
)
def create_ingest_configuration(
    call: Call, request: models.CreateIngestConfigurationRequest
) -> models.CreateIngestConfigurationResponse:
    area = call.area(Stages)
    if request.stage_arn and not area.stages.has(call, request.stage_arn):
        # What this operation documents for it.
        raise Misfit("is the ARN of no stage", "stage_arn")
    if request.ingest_protocol == "RTMP" and not request.insecure_ingest:
        raise Misfit("must be true when ingest_protocol is RTMP", "insecure_ingest")
    ingest_id = random_id(12)
    configuration = models.IngestConfiguration(
        name=name_of(request.name),
        arn=call.arn("ivs", f"ingest-configuration/{ingest_id}"),
        ingest_protocol=request.ingest_protocol,
        stream_key=_key(call, ingest_id),
        stage_arn=request.stage_arn or "",
        participant_id=random_id(12),
        state="INACTIVE",
        user_id=request.user_id or "",
        redundant_ingest=bool(request.redundant_ingest),
        redundant_ingest_credentials=_redundant(call, ingest_id) if request.redundant_ingest else None,
        attributes=at_most_one_kilobyte(request.attributes) or {},
        tags=tags_of(request.tags),
    )
    return models.CreateIngestConfigurationResponse(ingest_configuration=area.ingest_configurations.put(configuration))


def _key(call: Call, ingest_id: str) -> str:
    return f"rt_{call.world.account}_{call.region}_{ingest_id}_{random_id(32)}"


def _redundant(call: Call, ingest_id: str) -> list[models.RedundantIngestCredential]:
    return [
        models.RedundantIngestCredential(participant_id=random_id(12), stream_key=_key(call, ingest_id))
        for _ in range(2)
    ]


@handles(operations.GET_INGEST_CONFIGURATION, limits={"arn": ARN})
def get_ingest_configuration(
    call: Call, request: models.GetIngestConfigurationRequest
) -> models.GetIngestConfigurationResponse:
    found = call.area(Stages).ingest_configurations.of(call, request.arn)
    return models.GetIngestConfigurationResponse(ingest_configuration=found)


@handles(operations.LIST_INGEST_CONFIGURATIONS, limits={"filter_by_stage_arn": ARN, **LISTED})
def list_ingest_configurations(
    call: Call, request: models.ListIngestConfigurationsRequest
) -> models.ListIngestConfigurationsResponse:
    stage_arn, state = request.filter_by_stage_arn, request.filter_by_state
    if stage_arn is not None and state is not None:
        raise Misfit("excludes filter_by_state; give one filter", "filter_by_stage_arn")
    page, token = call.area(Stages).ingest_configurations.page(
        call,
        request.next_token,
        request.max_results or PAGE,
        where=lambda one: stage_arn in (None, one.stage_arn) and state in (None, one.state),
    )
    return models.ListIngestConfigurationsResponse(
        ingest_configurations=[view(models.IngestConfigurationSummary, one) for one in page], next_token=token
    )


@handles(operations.UPDATE_INGEST_CONFIGURATION, limits={"arn": ARN, "stage_arn": _STAGE_ARN})
def update_ingest_configuration(
    call: Call, request: models.UpdateIngestConfigurationRequest
) -> models.UpdateIngestConfigurationResponse:
    area = call.area(Stages)
    known = area.ingest_configurations.of(call, request.arn)
    if request.stage_arn:
        area.stages.of(call, request.stage_arn)
    if known.state == "ACTIVE":
        raise errors.ConflictException("a publisher is using the ingest configuration")
    if request.stage_arn is not None:
        known = evolve(known, stage_arn=request.stage_arn)
    if request.redundant_ingest is not None and request.redundant_ingest != known.redundant_ingest:
        known = evolve(
            known,
            redundant_ingest=request.redundant_ingest,
            redundant_ingest_credentials=_redundant(call, id_of(known.arn)) if request.redundant_ingest else None,
        )
    return models.UpdateIngestConfigurationResponse(ingest_configuration=area.ingest_configurations.put(known))


@handles(operations.DELETE_INGEST_CONFIGURATION, limits={"arn": ARN})
def delete_ingest_configuration(
    call: Call, request: models.DeleteIngestConfigurationRequest
) -> models.DeleteIngestConfigurationResponse:
    area = call.area(Stages)
    known = area.ingest_configurations.of(call, request.arn)
    if known.state == "ACTIVE":
        if not request.force:
            raise errors.ConflictException("a publisher is using the ingest configuration; force its deletion")
        attendance.leave(area, known.stage_arn, area.present(known.stage_arn, known.participant_id), call.now)
    area.ingest_configurations.take(call, known.arn)
    return models.DeleteIngestConfigurationResponse()
