"""Recording configurations of Amazon IVS: how and where the streams of a channel are recorded."""

from __future__ import annotations

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs.state import ARN, LISTED, NAME, PAGE, TAGS, Ivs, handles
from roomtone.emulator.ivs_members import name_of
from roomtone.emulator.resources import tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivs import models, operations

__all__: list[str] = []


@handles(
    operations.CREATE_RECORDING_CONFIGURATION,
    limits={
        "name": NAME,
        "tags": TAGS,
        "destination_configuration.s3.bucket_name": (3, 63),
        "thumbnail_configuration.target_interval_seconds": (1, 60),
        "recording_reconnect_window_seconds": (0, 300),
    },
)
def create_recording_configuration(
    call: Call, request: models.CreateRecordingConfigurationRequest
) -> models.CreateRecordingConfigurationResponse:
    if request.destination_configuration.s3 is None:
        raise Misfit("is required", "destination_configuration.s3")
    created = models.RecordingConfiguration(
        arn=call.arn("ivs", f"recording-configuration/{random_id(12)}"),
        name=name_of(request.name),
        destination_configuration=request.destination_configuration,
        state="CREATING",
        tags=tags_of(request.tags),
        thumbnail_configuration=_thumbnails(request.thumbnail_configuration or models.ThumbnailConfiguration()),
        recording_reconnect_window_seconds=request.recording_reconnect_window_seconds or 0,
        rendition_configuration=_renditions(request.rendition_configuration or models.RenditionConfiguration()),
    )
    # It is ready by the time anybody looks again.
    call.area(Ivs).recording_configurations.put(evolve(created, state="ACTIVE"))
    return models.CreateRecordingConfigurationResponse(recording_configuration=created)


def _thumbnails(given: models.ThumbnailConfiguration) -> models.ThumbnailConfiguration:
    if given.recording_mode == "DISABLED":
        return given
    return evolve(
        given,
        recording_mode="INTERVAL",
        target_interval_seconds=given.target_interval_seconds or 60,
        storage=given.storage or ["SEQUENTIAL"],
    )


def _renditions(given: models.RenditionConfiguration) -> models.RenditionConfiguration:
    if given.rendition_selection == "CUSTOM" and not given.renditions:
        raise Misfit("is required when rendition_selection is CUSTOM", "rendition_configuration.renditions")
    return evolve(given, rendition_selection=given.rendition_selection or "ALL", renditions=given.renditions or [])


@handles(operations.GET_RECORDING_CONFIGURATION, limits={"arn": ARN})
def get_recording_configuration(
    call: Call, request: models.GetRecordingConfigurationRequest
) -> models.GetRecordingConfigurationResponse:
    found = call.area(Ivs).recording_configurations.of(call, request.arn)
    return models.GetRecordingConfigurationResponse(recording_configuration=found)


@handles(operations.LIST_RECORDING_CONFIGURATIONS, limits=LISTED)
def list_recording_configurations(
    call: Call, request: models.ListRecordingConfigurationsRequest
) -> models.ListRecordingConfigurationsResponse:
    page, token = call.area(Ivs).recording_configurations.page(call, request.next_token, request.max_results or PAGE)
    return models.ListRecordingConfigurationsResponse(
        recording_configurations=[view(models.RecordingConfigurationSummary, one) for one in page], next_token=token
    )


@handles(operations.DELETE_RECORDING_CONFIGURATION, limits={"arn": ARN})
def delete_recording_configuration(call: Call, request: models.DeleteRecordingConfigurationRequest) -> None:
    area = call.area(Ivs)
    area.take_unused(call, area.recording_configurations, "recording_configuration_arn", request.arn)
