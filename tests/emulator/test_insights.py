"""Media insights pipelines, their configurations and their voice analyses, through the public client."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import roomtone
from roomtone.chime_sdk_media_pipelines import (
    BadRequestException,
    ConflictException,
    FragmentSelector,
    KeywordMatchConfiguration,
    KinesisDataStreamSinkConfiguration,
    KinesisVideoStreamRecordingSourceRuntimeConfiguration,
    KinesisVideoStreamSourceRuntimeConfiguration,
    KinesisVideoStreamSourceTaskConfiguration,
    MediaInsightsPipeline,
    MediaInsightsPipelineConfiguration,
    MediaInsightsPipelineConfigurationElement,
    NotFoundException,
    RealTimeAlertConfiguration,
    RealTimeAlertRule,
    RecordingStreamConfiguration,
    StreamChannelDefinition,
    StreamConfiguration,
    Tag,
    TimestampRange,
    VoiceAnalyticsProcessorConfiguration,
)
from roomtone.emulator import Emulator
from roomtone.emulator.state import utc_now

pytestmark = pytest.mark.anyio

ROLE = "arn:aws:iam::123456789012:role/insights"
STREAM = "arn:aws:kinesisvideo:eu-central-1:123456789012:stream/call/1700000000000"
DOMAIN = "arn:aws:chime:eu-central-1:123456789012:voice-profile-domain/x"
SINK = MediaInsightsPipelineConfigurationElement(
    type="KinesisDataStreamSink",
    kinesis_data_stream_sink_configuration=KinesisDataStreamSinkConfiguration(insights_target=STREAM),
)
LIVE = KinesisVideoStreamSourceRuntimeConfiguration(
    streams=[
        StreamConfiguration(stream_arn=STREAM, stream_channel_definition=StreamChannelDefinition(number_of_channels=1))
    ],
    media_encoding="pcm",
    media_sample_rate=48000,
)


def voice(speaker_search: str = "Enabled", tone: str = "Enabled") -> MediaInsightsPipelineConfigurationElement:
    return MediaInsightsPipelineConfigurationElement(
        type="VoiceAnalyticsProcessor",
        voice_analytics_processor_configuration=VoiceAnalyticsProcessorConfiguration(
            speaker_search_status=speaker_search, voice_tone_analysis_status=tone
        ),
    )


async def configure(
    live: roomtone.Client, *elements: MediaInsightsPipelineConfigurationElement, name: str = "calls", **more: Any
) -> MediaInsightsPipelineConfiguration:
    made = await live.chime_sdk_media_pipelines.create_media_insights_pipeline_configuration(
        media_insights_pipeline_configuration_name=name,
        resource_access_role_arn=ROLE,
        elements=elements or [voice(), SINK],
        **more,
    )
    return made.media_insights_pipeline_configuration


async def begin(live: roomtone.Client, configuration_arn: str, **more: Any) -> MediaInsightsPipeline:
    source = more or {"kinesis_video_stream_source_runtime_configuration": LIVE}
    made = await live.chime_sdk_media_pipelines.create_media_insights_pipeline(
        media_insights_pipeline_configuration_arn=configuration_arn, **source
    )
    return made.media_insights_pipeline


async def running(live: roomtone.Client, *elements: MediaInsightsPipelineConfigurationElement) -> MediaInsightsPipeline:
    configuration = await configure(live, *elements)
    return await begin(live, configuration.media_insights_pipeline_configuration_arn)


async def told(live: roomtone.Client, pipeline_id: str) -> MediaInsightsPipeline:
    found = await live.chime_sdk_media_pipelines.get_media_pipeline(media_pipeline_id=pipeline_id)
    assert found.media_pipeline.media_insights_pipeline is not None
    return found.media_pipeline.media_insights_pipeline


async def test_configurations(live: roomtone.Client) -> None:
    """A configuration is found by ARN, id and name, changed as a whole, listed in pages, and deleted."""
    pipelines = live.chime_sdk_media_pipelines
    made = await configure(live, SINK, tags=[Tag(key="team", value="calls")])
    with pytest.raises(BadRequestException, match="of this name"):
        await configure(live)
    await configure(live, name="others")
    arn = made.media_insights_pipeline_configuration_arn
    for identifier in (arn, made.media_insights_pipeline_configuration_id, "calls"):
        found = await pipelines.get_media_insights_pipeline_configuration(identifier=identifier)
        assert found.media_insights_pipeline_configuration == made
    assert (await pipelines.list_tags_for_resource(resource_arn=arn)).tags == [Tag(key="team", value="calls")]
    alerts = RealTimeAlertConfiguration(
        rules=[
            RealTimeAlertRule(
                type="KeywordMatch",
                keyword_match_configuration=KeywordMatchConfiguration(rule_name="help", keywords=["help"]),
            )
        ]
    )
    await pipelines.update_media_insights_pipeline_configuration(
        identifier="calls",
        resource_access_role_arn=f"{ROLE}-2",
        real_time_alert_configuration=alerts,
        elements=[voice()],
    )
    changed = (
        await pipelines.get_media_insights_pipeline_configuration(identifier="calls")
    ).media_insights_pipeline_configuration
    assert changed.elements == [voice()]
    assert changed.real_time_alert_configuration == alerts
    assert changed.resource_access_role_arn == f"{ROLE}-2"
    listed = [
        one.media_insights_pipeline_configuration_name
        async for one in pipelines.iter_media_insights_pipeline_configurations(max_results=1)
    ]
    assert listed == ["calls", "others"]
    await pipelines.delete_media_insights_pipeline_configuration(identifier=arn)
    for identifier in (arn, made.media_insights_pipeline_configuration_id, "calls"):
        with pytest.raises(NotFoundException):
            await pipelines.get_media_insights_pipeline_configuration(identifier=identifier)


async def test_a_name_belongs_to_a_region(live: roomtone.Client) -> None:
    """The same name in two regions is two configurations, and each region lists its own."""
    here = live.chime_sdk_media_pipelines
    there = here.with_options(region="us-east-1")
    made = await configure(live)
    with pytest.raises(NotFoundException):
        await there.get_media_insights_pipeline_configuration(identifier="calls")
    listed = await there.list_media_insights_pipeline_configurations()
    assert listed.media_insights_pipeline_configurations == []
    other = await there.create_media_insights_pipeline_configuration(
        media_insights_pipeline_configuration_name="calls", resource_access_role_arn=ROLE, elements=[SINK]
    )
    arn = other.media_insights_pipeline_configuration.media_insights_pipeline_configuration_arn
    assert arn != made.media_insights_pipeline_configuration_arn


@pytest.mark.parametrize(
    ("elements", "rules", "reason"),
    [
        ([MediaInsightsPipelineConfigurationElement(type="Crystal")], [], "type must be one of"),
        ([SINK, MediaInsightsPipelineConfigurationElement(type="SqsQueueSink")], [], r"elements\[1\].sqs_queue"),
        ([SINK], [RealTimeAlertRule(type="Sentiment")], r"rules\[0\].sentiment_configuration"),
        (
            [SINK],
            [
                RealTimeAlertRule(
                    type="KeywordMatch",
                    keyword_match_configuration=KeywordMatchConfiguration(rule_name="r", keywords=["help"]),
                )
            ],
            "rule_name must be 2 to 64",
        ),
        ([], [], "elements"),
    ],
)
async def test_configurations_that_cannot_be(elements: Any, rules: Any, reason: str, live: roomtone.Client) -> None:
    """Each element and each rule has the configuration of its type; a change is held to the same."""
    pipelines = live.chime_sdk_media_pipelines
    await configure(live, name="good")
    given = {
        "resource_access_role_arn": ROLE,
        "elements": elements,
        "real_time_alert_configuration": RealTimeAlertConfiguration(rules=rules or None),
    }
    with pytest.raises(BadRequestException, match=reason):
        await pipelines.create_media_insights_pipeline_configuration(
            media_insights_pipeline_configuration_name="calls", **given
        )
    with pytest.raises(BadRequestException, match=reason):
        await pipelines.update_media_insights_pipeline_configuration(identifier="good", **given)


async def test_a_pipeline_uses_its_configuration(live: roomtone.Client) -> None:
    """It tells the status of each element, and the configuration stays while it is used."""
    pipelines = live.chime_sdk_media_pipelines
    other = await configure(live, name="others")
    await begin(live, other.media_insights_pipeline_configuration_arn)
    made = await running(live)
    assert made.status == "Initializing"
    found = await told(live, made.media_pipeline_id)
    assert [(one.type, one.status) for one in found.element_statuses or ()] == [
        ("VoiceAnalyticsProcessor", "InProgress"),
        ("KinesisDataStreamSink", "InProgress"),
    ]
    assert found.kinesis_video_stream_source_runtime_configuration == LIVE
    with pytest.raises(ConflictException, match="uses"):
        await pipelines.delete_media_insights_pipeline_configuration(identifier="calls")
    await pipelines.delete_media_pipeline(media_pipeline_id=made.media_pipeline_id)
    await pipelines.delete_media_insights_pipeline_configuration(identifier="calls")


async def test_a_pipeline_has_one_source(live: roomtone.Client) -> None:
    """Live streams or a recording, not both and not neither; and a configuration that exists."""
    arn = (await configure(live)).media_insights_pipeline_configuration_arn
    recording = KinesisVideoStreamRecordingSourceRuntimeConfiguration(
        streams=[RecordingStreamConfiguration(stream_arn=STREAM)],
        fragment_selector=FragmentSelector(
            fragment_selector_type="ProducerTimestamp",
            timestamp_range=TimestampRange(start_timestamp=utc_now(), end_timestamp=utc_now()),
        ),
    )
    made = await begin(live, arn, kinesis_video_stream_recording_source_runtime_configuration=recording)
    assert made.kinesis_video_stream_recording_source_runtime_configuration is not None
    both = {
        "kinesis_video_stream_source_runtime_configuration": LIVE,
        "kinesis_video_stream_recording_source_runtime_configuration": recording,
    }
    for sources in (both, {"media_insights_runtime_metadata": {"case": "42"}}):
        with pytest.raises(BadRequestException, match="exactly one"):
            await begin(live, arn, **sources)
    with pytest.raises(NotFoundException):
        await begin(live, f"{arn}-2")


async def test_pausing(emulator: Emulator, live: roomtone.Client) -> None:
    """A pipeline in progress is paused and goes on; what cannot follow is a conflict; two hours of pause end it."""
    emulator.clock.stop()
    pipelines = live.chime_sdk_media_pipelines
    made = await running(live)

    async def update(step: str) -> str | None:
        await pipelines.update_media_insights_pipeline_status(identifier=made.media_pipeline_arn, update_status=step)
        return (await told(live, made.media_pipeline_id)).status

    with pytest.raises(BadRequestException, match="Pause or Resume"):
        await update("Rewind")
    with pytest.raises(ConflictException, match="InProgress"):
        await update("Resume")
    assert [await update(step) for step in ("Pause", "Resume", "Pause")] == ["Paused", "InProgress", "Paused"]
    emulator.clock.advance(timedelta(minutes=119))
    with pytest.raises(ConflictException, match="Paused"):
        await update("Pause")
    emulator.clock.advance(timedelta(minutes=1))
    with pytest.raises(ConflictException, match="Stopped"):
        await update("Resume")


async def test_tasks(emulator: Emulator, live: roomtone.Client) -> None:
    """A task begins, is in progress, and is stopped once; it is known to its own pipeline and as its own kind."""
    pipelines = live.chime_sdk_media_pipelines
    identifier = (await running(live)).media_pipeline_id
    token = {"client_request_token": "token-1"}
    started = await pipelines.start_speaker_search_task(identifier=identifier, voice_profile_domain_arn=DOMAIN, **token)
    again = await pipelines.start_speaker_search_task(identifier=identifier, voice_profile_domain_arn=DOMAIN, **token)
    task_id = started.speaker_search_task.speaker_search_task_id
    assert again.speaker_search_task.speaker_search_task_id == task_id
    assert started.speaker_search_task.speaker_search_task_status == "Initializing"
    with pytest.raises(ConflictException, match="token"):
        await pipelines.start_speaker_search_task(identifier=identifier, voice_profile_domain_arn=f"{DOMAIN}2", **token)

    async def status() -> str | None:
        found = await pipelines.get_speaker_search_task(identifier=identifier, speaker_search_task_id=task_id)
        return found.speaker_search_task.speaker_search_task_status

    assert await status() == "InProgress"
    with pytest.raises(NotFoundException, match="voice tone analysis"):
        await pipelines.get_voice_tone_analysis_task(identifier=identifier, voice_tone_analysis_task_id=task_id)
    await pipelines.stop_speaker_search_task(identifier=identifier, speaker_search_task_id=task_id)
    assert await status() == "Stopped"
    with pytest.raises(ConflictException, match="Stopped"):
        await pipelines.stop_speaker_search_task(identifier=identifier, speaker_search_task_id=task_id)

    tone = await pipelines.start_voice_tone_analysis_task(
        identifier=identifier,
        language_code="en-US",
        kinesis_video_stream_source_task_configuration=KinesisVideoStreamSourceTaskConfiguration(
            stream_arn=STREAM, channel_id=0
        ),
    )
    emulator.media_pipelines.fail(tone.voice_tone_analysis_task.voice_tone_analysis_task_id)
    found = await pipelines.get_voice_tone_analysis_task(
        identifier=identifier,
        voice_tone_analysis_task_id=tone.voice_tone_analysis_task.voice_tone_analysis_task_id,
    )
    assert found.voice_tone_analysis_task.voice_tone_analysis_task_status == "Failed"


@pytest.mark.parametrize("ending", ["pause", "stop", "fail"])
async def test_tasks_end_with_their_pipeline(ending: str, emulator: Emulator, live: roomtone.Client) -> None:
    """Tasks stop when their pipeline is paused, stops or fails, and do not go on when it does."""
    pipelines = live.chime_sdk_media_pipelines
    identifier = (await running(live)).media_pipeline_id
    task = (
        await pipelines.start_voice_tone_analysis_task(identifier=identifier, language_code="en-US")
    ).voice_tone_analysis_task
    if ending == "pause":
        for step in ("Pause", "Resume"):
            await pipelines.update_media_insights_pipeline_status(identifier=identifier, update_status=step)
    else:
        getattr(emulator.media_pipelines, ending)(identifier)
        with pytest.raises(ConflictException):
            await pipelines.start_voice_tone_analysis_task(identifier=identifier, language_code="en-US")
    found = await pipelines.get_voice_tone_analysis_task(
        identifier=identifier, voice_tone_analysis_task_id=task.voice_tone_analysis_task_id
    )
    assert found.voice_tone_analysis_task.voice_tone_analysis_task_status == "Stopped"


async def test_tasks_that_cannot_be(live: roomtone.Client) -> None:
    """A task needs a processor that allows it, a stream of the pipeline, a known language and an insights pipeline."""
    pipelines = live.chime_sdk_media_pipelines
    made = await running(live, voice("Disabled"))
    with pytest.raises(BadRequestException, match="no voice analytics processor"):
        await pipelines.start_speaker_search_task(identifier=made.media_pipeline_id, voice_profile_domain_arn=DOMAIN)
    with pytest.raises(BadRequestException, match="none of the pipeline's"):
        await pipelines.start_voice_tone_analysis_task(
            identifier=made.media_pipeline_id,
            language_code="en-US",
            kinesis_video_stream_source_task_configuration=KinesisVideoStreamSourceTaskConfiguration(
                stream_arn=f"{STREAM}1", channel_id=0
            ),
        )
    with pytest.raises(BadRequestException, match="en-US"):
        await pipelines.start_voice_tone_analysis_task(identifier=made.media_pipeline_id, language_code="la")
    meeting = await live.chime_sdk_meetings.create_meeting(media_region="eu-west-1", external_meeting_id="x1")
    capture = await pipelines.create_media_capture_pipeline(
        source_type="ChimeSdkMeeting",
        source_arn=meeting.meeting.meeting_arn,
        sink_type="S3Bucket",
        sink_arn="arn:aws:s3:::recordings",
    )
    for identifier in (capture.media_capture_pipeline.media_pipeline_id, f"{made.media_pipeline_arn[:-1]}x", "x"):
        with pytest.raises(NotFoundException):
            await pipelines.start_voice_tone_analysis_task(identifier=identifier, language_code="en-US")
