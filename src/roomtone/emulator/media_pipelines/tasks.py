"""Voice analyses of insights pipelines: speaker searches and voice tone analyses."""

from __future__ import annotations

from roomtone.chime_sdk_media_pipelines import errors, models, operations
from roomtone.emulator.media_pipelines.area import (
    ARN,
    ARN_PATTERN,
    IDENTIFIER,
    PIPELINE_ID,
    TOKEN,
    TOKEN_PATTERN,
    MediaPipelines,
    Pipeline,
    Task,
    handles,
    reused,
)
from roomtone.emulator.media_pipelines.insights import insights_pipeline
from roomtone.emulator.media_pipelines.life import Life
from roomtone.emulator.state import Call, random_uuid

__all__: list[str] = []

_SEARCH = "speaker search"
_TONE = "voice tone analysis"
_ENABLED_BY = {_SEARCH: "speaker_search_status", _TONE: "voice_tone_analysis_status"}

_START_LIMITS = {
    "identifier": IDENTIFIER,
    "kinesis_video_stream_source_task_configuration.stream_arn": ARN,
    "kinesis_video_stream_source_task_configuration.channel_id": (0, 1),
    "kinesis_video_stream_source_task_configuration.fragment_number": (1, 128),
    "client_request_token": TOKEN,
}


def _started(
    call: Call, kind: str, request: models.StartSpeakerSearchTaskRequest | models.StartVoiceToneAnalysisTaskRequest
) -> Task:
    area = call.area(MediaPipelines)
    pipeline = insights_pipeline(call, request.identifier)

    def make() -> Task:
        if pipeline.life.status != "InProgress":
            raise errors.ConflictException(f"the pipeline is {pipeline.life.status}; it must be InProgress")
        _check_enabled(call, kind, pipeline)
        source = request.kinesis_video_stream_source_task_configuration
        if source is not None and source.stream_arn not in _streams(pipeline.detail):
            raise errors.BadRequestException("the stream is none of the pipeline's")
        task = Task(random_uuid(), kind, call.now, Life("Initializing", call.now))
        pipeline.tasks[task.task_id] = task
        return task

    return area.tokens.once(
        request.client_request_token,
        request,
        make,
        conflict=reused(errors.ConflictException),
        about=lambda _: pipeline.pipeline_id,
    )


def _check_enabled(call: Call, kind: str, pipeline: Pipeline[models.MediaInsightsPipeline]) -> None:
    """A task needs a voice analytics processor in the pipeline's configuration that allows it."""
    arn = pipeline.detail.media_insights_pipeline_configuration_arn or ""
    for element in call.area(MediaPipelines).configuration(call, arn).detail.elements or ():
        if getattr(element.voice_analytics_processor_configuration, _ENABLED_BY[kind], None) == "Enabled":
            return
    raise errors.BadRequestException(f"the pipeline's configuration has no voice analytics processor with {kind}")


def _streams(pipeline: models.MediaInsightsPipeline) -> list[str | None]:
    live = pipeline.kinesis_video_stream_source_runtime_configuration
    recorded = pipeline.kinesis_video_stream_recording_source_runtime_configuration
    return [
        *(stream.stream_arn for stream in (live.streams if live else ())),
        *(stream.stream_arn for stream in (recorded.streams if recorded else ())),
    ]


def _task(call: Call, kind: str, identifier: str, task_id: str) -> Task:
    task = insights_pipeline(call, identifier).tasks.get(task_id.lower())
    if task is None or task.kind != kind:
        raise errors.NotFoundException(f"the pipeline has no such {kind} task")
    return task


def _stop(call: Call, task: Task) -> None:
    if task.life.ending:
        raise errors.ConflictException(f"the task is {task.life.status}")
    task.life.become("Stopping", call.now)


def _search(task: Task) -> models.SpeakerSearchTask:
    return models.SpeakerSearchTask(
        speaker_search_task_id=task.task_id,
        speaker_search_task_status=task.life.status,
        created_timestamp=task.created,
        updated_timestamp=task.life.since,
    )


@handles(
    operations.START_SPEAKER_SEARCH_TASK,
    status=201,
    limits={**_START_LIMITS, "voice_profile_domain_arn": ARN},
    patterns={"voice_profile_domain_arn": ARN_PATTERN, **TOKEN_PATTERN},
)
def start_speaker_search_task(
    call: Call, request: models.StartSpeakerSearchTaskRequest
) -> models.StartSpeakerSearchTaskResponse:
    return models.StartSpeakerSearchTaskResponse(speaker_search_task=_search(_started(call, _SEARCH, request)))


@handles(operations.GET_SPEAKER_SEARCH_TASK, limits={"identifier": IDENTIFIER, "speaker_search_task_id": PIPELINE_ID})
def get_speaker_search_task(
    call: Call, request: models.GetSpeakerSearchTaskRequest
) -> models.GetSpeakerSearchTaskResponse:
    task = _task(call, _SEARCH, request.identifier, request.speaker_search_task_id)
    return models.GetSpeakerSearchTaskResponse(speaker_search_task=_search(task))


@handles(operations.STOP_SPEAKER_SEARCH_TASK, limits={"identifier": IDENTIFIER, "speaker_search_task_id": PIPELINE_ID})
def stop_speaker_search_task(call: Call, request: models.StopSpeakerSearchTaskRequest) -> None:
    _stop(call, _task(call, _SEARCH, request.identifier, request.speaker_search_task_id))


def _analysis(task: Task) -> models.VoiceToneAnalysisTask:
    return models.VoiceToneAnalysisTask(
        voice_tone_analysis_task_id=task.task_id,
        voice_tone_analysis_task_status=task.life.status,
        created_timestamp=task.created,
        updated_timestamp=task.life.since,
    )


@handles(operations.START_VOICE_TONE_ANALYSIS_TASK, status=201, limits=_START_LIMITS, patterns=TOKEN_PATTERN)
def start_voice_tone_analysis_task(
    call: Call, request: models.StartVoiceToneAnalysisTaskRequest
) -> models.StartVoiceToneAnalysisTaskResponse:
    if request.language_code != "en-US":
        raise errors.BadRequestException("language_code must be en-US")
    return models.StartVoiceToneAnalysisTaskResponse(voice_tone_analysis_task=_analysis(_started(call, _TONE, request)))


@handles(
    operations.GET_VOICE_TONE_ANALYSIS_TASK,
    limits={"identifier": IDENTIFIER, "voice_tone_analysis_task_id": PIPELINE_ID},
)
def get_voice_tone_analysis_task(
    call: Call, request: models.GetVoiceToneAnalysisTaskRequest
) -> models.GetVoiceToneAnalysisTaskResponse:
    task = _task(call, _TONE, request.identifier, request.voice_tone_analysis_task_id)
    return models.GetVoiceToneAnalysisTaskResponse(voice_tone_analysis_task=_analysis(task))


@handles(
    operations.STOP_VOICE_TONE_ANALYSIS_TASK,
    limits={"identifier": IDENTIFIER, "voice_tone_analysis_task_id": PIPELINE_ID},
)
def stop_voice_tone_analysis_task(call: Call, request: models.StopVoiceToneAnalysisTaskRequest) -> None:
    _stop(call, _task(call, _TONE, request.identifier, request.voice_tone_analysis_task_id))
