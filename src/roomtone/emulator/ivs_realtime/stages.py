"""Stages of IVS real-time streaming, and their sessions."""

from __future__ import annotations

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs_members import at_most_one_kilobyte, name_of
from roomtone.emulator.ivs_realtime import attendance
from roomtone.emulator.ivs_realtime.participants import new_token
from roomtone.emulator.ivs_realtime.state import ARN, LISTED, NAME, PAGE, SESSION_ID, TAGS, Stages, handles, missing
from roomtone.emulator.resources import changes, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivs_realtime import errors, models, operations

__all__: list[str] = []

_RECORDING = "auto_participant_recording_configuration"
_RECORDING_LIMITS = {
    f"{_RECORDING}.storage_configuration_arn": (0, 128),
    f"{_RECORDING}.media_types": (0, 1),
    f"{_RECORDING}.thumbnail_configuration.target_interval_seconds": (1, 86400),
    f"{_RECORDING}.thumbnail_configuration.storage": (0, 2),
    f"{_RECORDING}.recording_reconnect_window_seconds": (0, 300),
    f"{_RECORDING}.hls_configuration.target_segment_duration_seconds": (2, 10),
}


def _recording(
    call: Call, given: models.AutoParticipantRecordingConfiguration
) -> models.AutoParticipantRecordingConfiguration:
    """The configuration with its defaults; all of it is default without a storage configuration.

    Raises:
        ResourceNotFoundException: There is no such storage configuration.
    """
    if given.storage_configuration_arn:
        call.area(Stages).storage_configurations.of(call, given.storage_configuration_arn)
    else:
        given = models.AutoParticipantRecordingConfiguration(storage_configuration_arn="")
    thumbnails = given.thumbnail_configuration or models.ParticipantThumbnailConfiguration()
    hls = given.hls_configuration or models.ParticipantRecordingHlsConfiguration()
    return evolve(
        given,
        media_types=given.media_types or ["AUDIO_VIDEO"],
        thumbnail_configuration=models.ParticipantThumbnailConfiguration(
            target_interval_seconds=thumbnails.target_interval_seconds or 60,
            storage=thumbnails.storage or ["SEQUENTIAL"],
            recording_mode=thumbnails.recording_mode or "DISABLED",
        ),
        recording_reconnect_window_seconds=given.recording_reconnect_window_seconds or 0,
        hls_configuration=evolve(hls, target_segment_duration_seconds=hls.target_segment_duration_seconds or 6),
        record_participant_replicas=given.record_participant_replicas is not False,
    )


@handles(
    operations.CREATE_STAGE,
    limits={
        "name": NAME,
        "tags": TAGS,
        "participant_token_configurations": (0, 12),
        "participant_token_configurations[].duration": (1, 20160),
        "participant_token_configurations[].user_id": (0, 128),
        "participant_token_configurations[].capabilities": (0, 2),
        **_RECORDING_LIMITS,
    },
)
def create_stage(call: Call, request: models.CreateStageRequest) -> models.CreateStageResponse:
    tokens = request.participant_token_configurations or ()
    for one in tokens:
        at_most_one_kilobyte(one.attributes, "participant_token_configurations.attributes")
    asked = request.auto_participant_recording_configuration
    try:
        recording = _recording(call, asked) if asked else None
    except errors.ResourceNotFoundException as error:
        # What this operation documents for it.
        raise Misfit(f"leads nowhere: {error.message}", f"{_RECORDING}.storage_configuration_arn") from None
    host = random_id(12).lower()
    stage = models.Stage(
        arn=call.arn("ivs", f"stage/{random_id(12)}"),
        name=name_of(request.name),
        tags=tags_of(request.tags),
        auto_participant_recording_configuration=recording,
        endpoints=models.StageEndpoints(
            events="wss://global.realtime-events.ivs.invalid",
            whip=f"https://{host}.global-bm.whip.ivs.invalid",
            rtmp=f"rtmp://{host}.global-contribute.ivs.invalid/app/",
            rtmps=f"rtmps://{host}.global-contribute.ivs.invalid:443/app/",
        ),
    )
    area = call.area(Stages)
    area.stages.put(stage)
    issued = [new_token(call, stage, one.duration, one.user_id, one.attributes, one.capabilities) for one in tokens]
    return models.CreateStageResponse(stage=stage, participant_tokens=issued)


@handles(operations.GET_STAGE, limits={"arn": ARN})
def get_stage(call: Call, request: models.GetStageRequest) -> models.GetStageResponse:
    return models.GetStageResponse(stage=call.area(Stages).stages.of(call, request.arn))


@handles(operations.LIST_STAGES, limits=LISTED)
def list_stages(call: Call, request: models.ListStagesRequest) -> models.ListStagesResponse:
    page, token = call.area(Stages).stages.page(call, request.next_token, request.max_results or PAGE)
    return models.ListStagesResponse(stages=[view(models.StageSummary, stage) for stage in page], next_token=token)


@handles(operations.UPDATE_STAGE, limits={"arn": ARN, "name": NAME, **_RECORDING_LIMITS})
def update_stage(call: Call, request: models.UpdateStageRequest) -> models.UpdateStageResponse:
    area = call.area(Stages)
    stage = area.stages.of(call, request.arn)
    name_of(request.name)
    changed = changes(request)
    if request.auto_participant_recording_configuration is not None:
        changed[_RECORDING] = _recording(call, request.auto_participant_recording_configuration)
        session = area.active(stage.arn)
        if session and any(one.participant.recording_state == "ACTIVE" for one in session.presences):
            raise errors.ConflictException("a participant is being recorded; change the recording when none is")
    return models.UpdateStageResponse(stage=area.stages.put(evolve(stage, **changed)))


@handles(operations.DELETE_STAGE, limits={"arn": ARN})
def delete_stage(call: Call, request: models.DeleteStageRequest) -> models.DeleteStageResponse:
    area = call.area(Stages)
    arn = area.stages.of(call, request.arn).arn
    if any(composition.stage_arn == arn for composition in area.running()):
        raise errors.ConflictException("a composition of this stage is running; stop it first")
    session = area.active(arn)
    for presence in list(session.presences) if session else ():
        attendance.leave(area, arn, presence, call.now)
    for ingest in [one for one in area.ingest_configurations if one.stage_arn == arn]:
        area.ingest_configurations.put(evolve(ingest, stage_arn=""))
    area.stages.take(call, arn)
    area.sessions.pop(arn, None)
    area.issued = {key: issued for key, issued in area.issued.items() if issued.stage_arn != arn}
    return models.DeleteStageResponse()


@handles(operations.GET_STAGE_SESSION, limits={"stage_arn": ARN, "session_id": SESSION_ID})
def get_stage_session(call: Call, request: models.GetStageSessionRequest) -> models.GetStageSessionResponse:
    area = call.area(Stages)
    session = area.sessions_of(area.stages.of(call, request.stage_arn).arn).get(request.session_id)
    if session is None:
        raise missing("stage session", request.session_id)
    return models.GetStageSessionResponse(stage_session=session.detail)


@handles(operations.LIST_STAGE_SESSIONS, limits={"stage_arn": ARN, **LISTED})
def list_stage_sessions(call: Call, request: models.ListStageSessionsRequest) -> models.ListStageSessionsResponse:
    area = call.area(Stages)
    # This list and those of participants document no error for a stage that is not there: they are empty.
    arn = request.stage_arn if area.stages.has(call, request.stage_arn) else ""
    page, token = area.sessions_of(arn).page(request.next_token, request.max_results or PAGE, newest_first=True)
    return models.ListStageSessionsResponse(
        stage_sessions=[view(models.StageSessionSummary, session.detail) for session in page], next_token=token
    )
