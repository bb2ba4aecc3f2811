"""What has named states, ready to be polled by `wait_until` and `watch`. Knows the services' clients and responses.

Each function takes a service client, so that its region, timeout and retries are the polls', and the arguments of the
method that is polled. States are the names that the service's model or documentation has, and are checked: a type
checker refuses others, and so does `wait_until`. A state that a service adds is for a function of the response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from roomtone.waiting import Watchable

if TYPE_CHECKING:
    from roomtone import chime_sdk_media_pipelines, chime_sdk_voice, ivs, ivs_realtime, ivschat, signalwire

__all__ = [
    "CallState",
    "CompositionState",
    "ConferenceState",
    "FaxState",
    "LoggingConfigurationState",
    "MediaPipelineState",
    "MessageState",
    "PhoneNumberOrderState",
    "PoolState",
    "RecordingConfigurationState",
    "RecordingState",
    "StreamState",
    "call",
    "composition",
    "conference",
    "conference_recording",
    "fax",
    "kinesis_video_stream_pool",
    "logging_configuration",
    "media_pipeline",
    "message",
    "phone_number_order",
    "recording",
    "recording_configuration",
    "stream",
]

MediaPipelineState: TypeAlias = Literal[
    "NotStarted", "Initializing", "InProgress", "Paused", "Stopping", "Stopped", "Failed"
]
"""The states of a media pipeline."""

PoolState: TypeAlias = Literal["CREATING", "ACTIVE", "UPDATING", "DELETING", "FAILED"]
"""The states of a pool of Kinesis video streams."""

PhoneNumberOrderState: TypeAlias = Literal[
    "Processing",
    "PendingDocuments",
    "Submitted",
    "FOC",
    "ChangeRequested",
    "Exception",
    "CancelRequested",
    "Successful",
    "Partial",
    "Failed",
    "Cancelled",
]
"""The states of an order of phone numbers."""

StreamState: TypeAlias = Literal["LIVE", "OFFLINE"]
"""The states of a stream."""

RecordingConfigurationState: TypeAlias = Literal["CREATING", "CREATE_FAILED", "ACTIVE"]
"""The states of a recording configuration."""

CompositionState: TypeAlias = Literal["STARTING", "ACTIVE", "STOPPING", "FAILED", "STOPPED"]
"""The states of a composition."""

LoggingConfigurationState: TypeAlias = Literal[
    "CREATING", "CREATE_FAILED", "DELETING", "DELETE_FAILED", "UPDATING", "UPDATE_FAILED", "ACTIVE"
]
"""The states of a logging configuration."""

CallState: TypeAlias = Literal[
    "queued", "ringing", "in-progress", "canceled", "completed", "busy", "failed", "no-answer"
]
"""The states of a call."""

ConferenceState: TypeAlias = Literal["init", "in-progress", "completed"]
"""The states of a conference."""

RecordingState: TypeAlias = Literal["queued", "in-progress", "paused", "resumed", "completed", "absent", "stopped"]
"""The states of a recording, of a call or a conference."""

MessageState: TypeAlias = Literal["queued", "initiated", "sent", "failed", "delivered", "undelivered", "received"]
"""The states of a message."""

FaxState: TypeAlias = Literal[
    "queued",
    "processing",
    "sending",
    "delivered",
    "receiving",
    "received",
    "no-answer",
    "busy",
    "failed",
    "canceled",
]
"""The states of a fax."""


def media_pipeline(
    client: chime_sdk_media_pipelines.ChimeSDKMediaPipelinesClient, *, media_pipeline_id: str
) -> Watchable[chime_sdk_media_pipelines.GetMediaPipelineResponse, MediaPipelineState]:
    """A media pipeline of any kind, by GetMediaPipeline. Final: Stopped, Failed."""

    def state(response: chime_sdk_media_pipelines.GetMediaPipelineResponse) -> str | None:
        one = response.media_pipeline
        pipeline = (
            one.media_capture_pipeline
            or one.media_live_connector_pipeline
            or one.media_concatenation_pipeline
            or one.media_insights_pipeline
            or one.media_stream_pipeline
        )
        return pipeline.status if pipeline else None

    return Watchable(
        name="media pipeline",
        fetch=lambda: client.get_media_pipeline(media_pipeline_id=media_pipeline_id),
        state=state,
        states=get_args(MediaPipelineState),
        final=("Stopped", "Failed"),
    )


def kinesis_video_stream_pool(
    client: chime_sdk_media_pipelines.ChimeSDKMediaPipelinesClient, *, identifier: str
) -> Watchable[chime_sdk_media_pipelines.GetMediaPipelineKinesisVideoStreamPoolResponse, PoolState]:
    """A pool of Kinesis video streams, by GetMediaPipelineKinesisVideoStreamPool. Final: FAILED."""
    return Watchable(
        name="Kinesis video stream pool",
        fetch=lambda: client.get_media_pipeline_kinesis_video_stream_pool(identifier=identifier),
        state=lambda response: response.kinesis_video_stream_pool_configuration.pool_status,
        states=get_args(PoolState),
        final=("FAILED",),
    )


def phone_number_order(
    client: chime_sdk_voice.ChimeSDKVoiceClient, *, phone_number_order_id: str
) -> Watchable[chime_sdk_voice.GetPhoneNumberOrderResponse, PhoneNumberOrderState]:
    """An order of phone numbers, by GetPhoneNumberOrder. Final: Successful, Partial, Failed, Cancelled.

    Porting takes days, so set `timeout` and `interval` to fit.
    """
    return Watchable(
        name="phone number order",
        fetch=lambda: client.get_phone_number_order(phone_number_order_id=phone_number_order_id),
        state=lambda response: response.phone_number_order.status,
        states=get_args(PhoneNumberOrderState),
        final=("Successful", "Partial", "Failed", "Cancelled"),
    )


def stream(client: ivs.IVSClient, *, channel_arn: str) -> Watchable[ivs.GetStreamResponse, StreamState]:
    """The stream of a channel of IVS low-latency streaming, by GetStream. No state is final.

    Off air, GetStream raises `ChannelNotBroadcasting`; here that is a stream in the state OFFLINE with an empty
    `stream_id`, of which nothing else is known.
    """

    async def fetch() -> ivs.GetStreamResponse:
        from roomtone.ivs import ChannelNotBroadcasting, GetStreamResponse, Stream

        try:
            return await client.get_stream(channel_arn=channel_arn)
        except ChannelNotBroadcasting:
            return GetStreamResponse(stream=Stream(channel_arn=channel_arn, stream_id="", state="OFFLINE"))

    return Watchable(
        name="stream",
        fetch=fetch,
        state=lambda response: response.stream.state,
        states=get_args(StreamState),
    )


def recording_configuration(
    client: ivs.IVSClient, *, arn: str
) -> Watchable[ivs.GetRecordingConfigurationResponse, RecordingConfigurationState]:
    """A recording configuration of IVS, by GetRecordingConfiguration. Final: ACTIVE, CREATE_FAILED."""
    return Watchable(
        name="recording configuration",
        fetch=lambda: client.get_recording_configuration(arn=arn),
        state=lambda response: response.recording_configuration.state,
        states=get_args(RecordingConfigurationState),
        final=("ACTIVE", "CREATE_FAILED"),
    )


def composition(
    client: ivs_realtime.IVSRealtimeClient, *, arn: str
) -> Watchable[ivs_realtime.GetCompositionResponse, CompositionState]:
    """A composition of IVS real-time streaming, by GetComposition. Final: STOPPED, FAILED."""
    return Watchable(
        name="composition",
        fetch=lambda: client.get_composition(arn=arn),
        state=lambda response: response.composition.state,
        states=get_args(CompositionState),
        final=("STOPPED", "FAILED"),
    )


def logging_configuration(
    client: ivschat.IVSChatClient, *, identifier: str
) -> Watchable[ivschat.GetLoggingConfigurationResponse, LoggingConfigurationState]:
    """A logging configuration of IVS chat, by GetLoggingConfiguration. Final: those that end in FAILED."""
    return Watchable(
        name="logging configuration",
        fetch=lambda: client.get_logging_configuration(identifier=identifier),
        state=lambda response: response.state,
        states=get_args(LoggingConfigurationState),
        final=("CREATE_FAILED", "DELETE_FAILED", "UPDATE_FAILED"),
    )


def call(client: signalwire.SignalWireClient, sid: str) -> Watchable[signalwire.Call, CallState]:
    """A call, by `calls.get`. Final: completed, busy, no-answer, failed, canceled."""
    return Watchable(
        name="call",
        fetch=lambda: client.calls.get(sid),
        state=lambda response: response.status,
        states=get_args(CallState),
        final=("completed", "busy", "no-answer", "failed", "canceled"),
    )


def conference(client: signalwire.SignalWireClient, sid: str) -> Watchable[signalwire.Conference, ConferenceState]:
    """A conference, by `conferences.get`. Final: completed."""
    return Watchable(
        name="conference",
        fetch=lambda: client.conferences.get(sid),
        state=lambda response: response.status,
        states=get_args(ConferenceState),
        final=("completed",),
    )


def recording(client: signalwire.SignalWireClient, sid: str) -> Watchable[signalwire.Recording, RecordingState]:
    """A recording, by `recordings.get`. Final: completed, absent; a stopped one still has to be completed."""
    return Watchable(
        name="recording",
        fetch=lambda: client.recordings.get(sid),
        state=lambda response: response.status,
        states=get_args(RecordingState),
        final=("completed", "absent"),
    )


def conference_recording(
    client: signalwire.SignalWireClient, conference_sid: str, sid: str
) -> Watchable[signalwire.ConferenceRecording, RecordingState]:
    """A recording of a conference, by `conferences.get_recording`. Final: completed, absent."""
    return Watchable(
        name="conference recording",
        fetch=lambda: client.conferences.get_recording(conference_sid, sid),
        state=lambda response: response.status,
        states=get_args(RecordingState),
        final=("completed", "absent"),
    )


def message(client: signalwire.SignalWireClient, sid: str) -> Watchable[signalwire.Message, MessageState]:
    """A message, by `messages.get`. Final: delivered, undelivered, failed, received.

    Where a carrier reports no delivery, a message stays sent.
    """
    return Watchable(
        name="message",
        fetch=lambda: client.messages.get(sid),
        state=lambda response: response.status,
        states=get_args(MessageState),
        final=("delivered", "undelivered", "failed", "received"),
    )


def fax(client: signalwire.SignalWireClient, sid: str) -> Watchable[signalwire.Fax, FaxState]:
    """A fax, by `faxes.get`. Final: delivered, received, no-answer, busy, failed, canceled."""
    return Watchable(
        name="fax",
        fetch=lambda: client.faxes.get(sid),
        state=lambda response: response.status,
        states=get_args(FaxState),
        final=("delivered", "received", "no-answer", "busy", "failed", "canceled"),
    )
