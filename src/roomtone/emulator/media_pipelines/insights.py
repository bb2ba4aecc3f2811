"""Media insights pipelines and their configurations: analytics of calls."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from roomtone.chime_sdk_media_pipelines import errors, models, operations
from roomtone.emulator.media_pipelines.area import (
    ARN,
    ARN_PATTERN,
    IDENTIFIER,
    NAME_PATTERN,
    PAGE,
    TAGS,
    TOKEN,
    TOKEN_PATTERN,
    Configuration,
    MediaPipelines,
    Pipeline,
    as_tags,
    handles,
    is_of_region,
    reused,
)
from roomtone.emulator.media_pipelines.pipelines import identity, once, start
from roomtone.emulator.state import Call, random_uuid

__all__ = ["insights_pipeline"]

_RULES = "real_time_alert_configuration.rules"
_CONFIGURATION_LIMITS = {
    "resource_access_role_arn": ARN,
    _RULES: (1, 3),
    f"{_RULES}[].keyword_match_configuration.rule_name": (2, 64),
    f"{_RULES}[].keyword_match_configuration.keywords": (1, 10),
    f"{_RULES}[].keyword_match_configuration.keywords[]": (1, 100),
    f"{_RULES}[].sentiment_configuration.rule_name": (2, 64),
    f"{_RULES}[].sentiment_configuration.time_period": (60, 1800),
    f"{_RULES}[].issue_detection_configuration.rule_name": (2, 64),
}
_RULE_MEMBERS = {
    "KeywordMatch": "keyword_match_configuration",
    "Sentiment": "sentiment_configuration",
    "IssueDetection": "issue_detection_configuration",
}
_ELEMENT_MEMBERS = {
    "AmazonTranscribeCallAnalyticsProcessor": "amazon_transcribe_call_analytics_processor_configuration",
    "AmazonTranscribeProcessor": "amazon_transcribe_processor_configuration",
    "KinesisDataStreamSink": "kinesis_data_stream_sink_configuration",
    "LambdaFunctionSink": "lambda_function_sink_configuration",
    "S3RecordingSink": "s3_recording_sink_configuration",
    "SnsTopicSink": "sns_topic_sink_configuration",
    "SqsQueueSink": "sqs_queue_sink_configuration",
    "VoiceAnalyticsProcessor": "voice_analytics_processor_configuration",
    "VoiceEnhancementSink": "voice_enhancement_sink_configuration",
}
"""The member that goes with a type."""


def _check_types(
    place: str,
    items: Sequence[models.RealTimeAlertRule | models.MediaInsightsPipelineConfigurationElement],
    members: dict[str, str],
) -> None:
    """Each item has the configuration of its type."""
    for index, item in enumerate(items):
        if item.type not in members:
            raise errors.BadRequestException(f"{place}[{index}].type must be one of {', '.join(members)}")
        if getattr(item, members[item.type]) is None:
            raise errors.BadRequestException(f"{place}[{index}].{members[item.type]} is required for its type")


def _check(
    request: models.CreateMediaInsightsPipelineConfigurationRequest
    | models.UpdateMediaInsightsPipelineConfigurationRequest,
) -> None:
    if not request.elements:
        raise errors.BadRequestException("elements: at least one is needed")
    _check_types("elements", request.elements, _ELEMENT_MEMBERS)
    alerts = request.real_time_alert_configuration
    _check_types(_RULES, (alerts and alerts.rules) or (), _RULE_MEMBERS)


@handles(
    operations.CREATE_MEDIA_INSIGHTS_PIPELINE_CONFIGURATION,
    status=201,
    limits={
        "media_insights_pipeline_configuration_name": (2, 64),
        "client_request_token": TOKEN,
        **_CONFIGURATION_LIMITS,
        **TAGS,
    },
    patterns={
        "media_insights_pipeline_configuration_name": NAME_PATTERN,
        "resource_access_role_arn": ARN_PATTERN,
        **TOKEN_PATTERN,
    },
)
def create_configuration(
    call: Call, request: models.CreateMediaInsightsPipelineConfigurationRequest
) -> models.CreateMediaInsightsPipelineConfigurationResponse:
    area = call.area(MediaPipelines)

    def make() -> models.MediaInsightsPipelineConfiguration:
        _check(request)
        name = request.media_insights_pipeline_configuration_name
        arn = area.configurations.arn(call, name)
        if area.configurations.shelf.get(arn) is not None:
            # No ConflictException is documented for this one.
            raise errors.BadRequestException("there is a media insights pipeline configuration of this name")
        detail = models.MediaInsightsPipelineConfiguration(
            media_insights_pipeline_configuration_name=name,
            media_insights_pipeline_configuration_arn=arn,
            media_insights_pipeline_configuration_id=random_uuid(),
            resource_access_role_arn=request.resource_access_role_arn,
            real_time_alert_configuration=request.real_time_alert_configuration,
            elements=list(request.elements),
            created_timestamp=call.now,
            updated_timestamp=call.now,
        )
        area.configurations.put(
            Configuration(detail, as_tags(request.tags)), detail.media_insights_pipeline_configuration_id
        )
        return detail

    made = area.tokens.once(
        request.client_request_token,
        request,
        make,
        conflict=reused(errors.BadRequestException),
        about=lambda detail: detail.media_insights_pipeline_configuration_id,
    )
    return models.CreateMediaInsightsPipelineConfigurationResponse(media_insights_pipeline_configuration=made)


@handles(operations.GET_MEDIA_INSIGHTS_PIPELINE_CONFIGURATION, limits={"identifier": IDENTIFIER})
def get_configuration(
    call: Call, request: models.GetMediaInsightsPipelineConfigurationRequest
) -> models.GetMediaInsightsPipelineConfigurationResponse:
    configuration = call.area(MediaPipelines).configuration(call, request.identifier)
    return models.GetMediaInsightsPipelineConfigurationResponse(
        media_insights_pipeline_configuration=configuration.detail
    )


@handles(
    operations.UPDATE_MEDIA_INSIGHTS_PIPELINE_CONFIGURATION,
    limits={"identifier": IDENTIFIER, **_CONFIGURATION_LIMITS},
    patterns={"resource_access_role_arn": ARN_PATTERN},
)
def update_configuration(
    call: Call, request: models.UpdateMediaInsightsPipelineConfigurationRequest
) -> models.UpdateMediaInsightsPipelineConfigurationResponse:
    configuration = call.area(MediaPipelines).configuration(call, request.identifier)
    _check(request)
    configuration.detail = evolve(
        configuration.detail,
        resource_access_role_arn=request.resource_access_role_arn,
        real_time_alert_configuration=request.real_time_alert_configuration,
        elements=list(request.elements),
        updated_timestamp=call.now,
    )
    return models.UpdateMediaInsightsPipelineConfigurationResponse(
        media_insights_pipeline_configuration=configuration.detail
    )


@handles(operations.LIST_MEDIA_INSIGHTS_PIPELINE_CONFIGURATIONS, limits={"max_results": (1, PAGE)})
def list_configurations(
    call: Call, request: models.ListMediaInsightsPipelineConfigurationsRequest
) -> models.ListMediaInsightsPipelineConfigurationsResponse:
    page, token = call.area(MediaPipelines).configurations.shelf.page(
        request.next_token, request.max_results or PAGE, where=is_of_region(call)
    )
    return models.ListMediaInsightsPipelineConfigurationsResponse(
        media_insights_pipeline_configurations=[
            models.MediaInsightsPipelineConfigurationSummary(
                media_insights_pipeline_configuration_name=one.detail.media_insights_pipeline_configuration_name,
                media_insights_pipeline_configuration_id=one.detail.media_insights_pipeline_configuration_id,
                media_insights_pipeline_configuration_arn=one.arn,
            )
            for one in page
        ],
        next_token=token,
    )


@handles(operations.DELETE_MEDIA_INSIGHTS_PIPELINE_CONFIGURATION, limits={"identifier": IDENTIFIER})
def delete_configuration(call: Call, request: models.DeleteMediaInsightsPipelineConfigurationRequest) -> None:
    area = call.area(MediaPipelines)
    configuration = area.configuration(call, request.identifier)
    for pipeline in area.running(call.world):
        if (
            isinstance(pipeline.detail, models.MediaInsightsPipeline)
            and pipeline.detail.media_insights_pipeline_configuration_arn == configuration.arn
        ):
            raise errors.ConflictException("a media insights pipeline uses this configuration; delete it first")
    configuration_id = configuration.detail.media_insights_pipeline_configuration_id
    area.configurations.take(configuration, configuration_id)
    area.tokens.forget_thing(configuration_id)


_LIVE = "kinesis_video_stream_source_runtime_configuration"
_RECORDED = "kinesis_video_stream_recording_source_runtime_configuration"
_STREAM_PATTERN = r"arn:[-a-z\d]+:kinesisvideo:[-a-z0-9]+:[0-9]+:[a-z]+/[-a-zA-Z0-9_.]+/[0-9]+"


@handles(
    operations.CREATE_MEDIA_INSIGHTS_PIPELINE,
    status=201,
    limits={
        "media_insights_pipeline_configuration_arn": ARN,
        f"{_LIVE}.streams": (1, 2),
        f"{_LIVE}.streams[].stream_arn": ARN,
        f"{_LIVE}.streams[].stream_channel_definition.number_of_channels": (1, 2),
        f"{_LIVE}.streams[].stream_channel_definition.channel_definitions": (1, 2),
        f"{_LIVE}.media_sample_rate": (8000, 48000),
        f"{_RECORDED}.streams": (1, 2),
        "s3_recording_sink_runtime_configuration.destination": ARN,
        "client_request_token": TOKEN,
        **TAGS,
    },
    patterns={
        "media_insights_pipeline_configuration_arn": ARN_PATTERN,
        f"{_LIVE}.streams[].stream_arn": _STREAM_PATTERN,
        f"{_RECORDED}.streams[].stream_arn": _STREAM_PATTERN,
        **TOKEN_PATTERN,
    },
)
def create_insights_pipeline(
    call: Call, request: models.CreateMediaInsightsPipelineRequest
) -> models.CreateMediaInsightsPipelineResponse:
    area = call.area(MediaPipelines)

    def make() -> models.MediaInsightsPipeline:
        configuration = area.configuration(call, request.media_insights_pipeline_configuration_arn)
        if (getattr(request, _LIVE) is None) == (getattr(request, _RECORDED) is None):
            raise errors.BadRequestException(f"exactly one of {_LIVE} and {_RECORDED} is needed")
        metadata = request.media_insights_runtime_metadata
        pipeline = models.MediaInsightsPipeline(
            **identity(call),
            media_insights_pipeline_configuration_arn=configuration.arn,
            kinesis_video_stream_source_runtime_configuration=request.kinesis_video_stream_source_runtime_configuration,
            media_insights_runtime_metadata=None if metadata is None else dict(metadata),
            kinesis_video_stream_recording_source_runtime_configuration=(
                request.kinesis_video_stream_recording_source_runtime_configuration
            ),
            s3_recording_sink_runtime_configuration=request.s3_recording_sink_runtime_configuration,
            element_statuses=[
                models.MediaInsightsPipelineElementStatus(type=element.type)
                for element in configuration.detail.elements or ()
            ],
        )
        return start(call, pipeline, request.tags)

    return models.CreateMediaInsightsPipelineResponse(media_insights_pipeline=once(call, request, make))


def insights_pipeline(call: Call, identifier: str) -> Pipeline[models.MediaInsightsPipeline]:
    """An insights pipeline by id or ARN. Raises NotFoundException."""
    pipeline = call.area(MediaPipelines).pipeline(call.world, identifier)
    if not isinstance(pipeline.detail, models.MediaInsightsPipeline):
        raise errors.NotFoundException("there is no such media insights pipeline")
    return pipeline


@handles(operations.UPDATE_MEDIA_INSIGHTS_PIPELINE_STATUS, status=200, limits={"identifier": IDENTIFIER})
def update_insights_pipeline_status(call: Call, request: models.UpdateMediaInsightsPipelineStatusRequest) -> None:
    pipeline = insights_pipeline(call, request.identifier)
    steps = {"Pause": ("InProgress", "Paused"), "Resume": ("Paused", "InProgress")}
    if request.update_status not in steps:
        raise errors.BadRequestException("update_status must be Pause or Resume")
    needed, following = steps[request.update_status]
    if pipeline.life.status != needed:
        raise errors.ConflictException(f"the pipeline is {pipeline.life.status}; it must be {needed}")
    pipeline.life.become(following, call.now)
    if following == "Paused":
        # They do not go on when the pipeline does.
        pipeline.stop_tasks(call.now)
