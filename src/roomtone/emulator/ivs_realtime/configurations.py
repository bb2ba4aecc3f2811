"""What compositions and participants refer to: encoder configurations, storage configurations, public keys."""

from __future__ import annotations

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs_members import fingerprint, name_of
from roomtone.emulator.ivs_realtime.state import ARN, LISTED, NAME, PAGE, TAGS, Stages, handles
from roomtone.emulator.resources import region_of, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivs_realtime import errors, models, operations

__all__ = ["encoders", "storages"]

MOST_PIXELS = 1920 * 1080


def encoders(destination: models.DestinationConfiguration) -> list[str]:
    """The ARNs of the encoder configurations that a composition's destination uses."""
    used = [*destination.s3.encoder_configuration_arns] if destination.s3 else []
    if destination.channel is not None and destination.channel.encoder_configuration_arn:
        used.append(destination.channel.encoder_configuration_arn)
    return used


def storages(destination: models.DestinationConfiguration) -> list[str]:
    """The ARN of the storage configuration that a composition's destination uses, if it uses one."""
    return [destination.s3.storage_configuration_arn] if destination.s3 else []


def _check_unused(area: Stages, arn: str, noun: str) -> None:
    for composition in area.running():
        used = [one.configuration for one in composition.destinations]
        if any(arn in encoders(one) + storages(one) for one in used):
            raise errors.ConflictException(f"a composition uses the {noun}; stop it and wait for its end first")


def _video(given: models.Video) -> models.Video:
    video = models.Video(
        width=given.width or 1280,
        height=given.height or 720,
        framerate=given.framerate or 30.0,
        bitrate=given.bitrate or 2_500_000,
    )
    width, height = video.width or 0, video.height or 0
    if width % 2 or height % 2:
        raise Misfit("must be even in width and height", "video")
    if width * height > MOST_PIXELS:
        raise Misfit(f"must be at most {MOST_PIXELS} pixels, width times height", "video")
    return video


@handles(
    operations.CREATE_ENCODER_CONFIGURATION,
    limits={
        "name": NAME,
        "tags": TAGS,
        "video.width": (2, 1920),
        "video.height": (2, 1920),
        "video.framerate": (1, 60),
        "video.bitrate": (1, 8_500_000),
    },
)
def create_encoder_configuration(
    call: Call, request: models.CreateEncoderConfigurationRequest
) -> models.CreateEncoderConfigurationResponse:
    configuration = models.EncoderConfiguration(
        arn=call.arn("ivs", f"encoder-configuration/{random_id(12)}"),
        name=name_of(request.name),
        video=_video(request.video or models.Video()),
        tags=tags_of(request.tags),
    )
    return models.CreateEncoderConfigurationResponse(
        encoder_configuration=call.area(Stages).encoder_configurations.put(configuration)
    )


@handles(operations.GET_ENCODER_CONFIGURATION, limits={"arn": ARN})
def get_encoder_configuration(
    call: Call, request: models.GetEncoderConfigurationRequest
) -> models.GetEncoderConfigurationResponse:
    found = call.area(Stages).encoder_configurations.of(call, request.arn)
    return models.GetEncoderConfigurationResponse(encoder_configuration=found)


@handles(operations.LIST_ENCODER_CONFIGURATIONS, limits=LISTED)
def list_encoder_configurations(
    call: Call, request: models.ListEncoderConfigurationsRequest
) -> models.ListEncoderConfigurationsResponse:
    page, token = call.area(Stages).encoder_configurations.page(call, request.next_token, request.max_results or PAGE)
    return models.ListEncoderConfigurationsResponse(
        encoder_configurations=[view(models.EncoderConfigurationSummary, one) for one in page], next_token=token
    )


@handles(operations.DELETE_ENCODER_CONFIGURATION, limits={"arn": ARN})
def delete_encoder_configuration(
    call: Call, request: models.DeleteEncoderConfigurationRequest
) -> models.DeleteEncoderConfigurationResponse:
    area = call.area(Stages)
    arn = area.encoder_configurations.of(call, request.arn).arn
    _check_unused(area, arn, "encoder configuration")
    area.encoder_configurations.take(call, arn)
    return models.DeleteEncoderConfigurationResponse()


@handles(operations.CREATE_STORAGE_CONFIGURATION, limits={"name": NAME, "tags": TAGS, "s3.bucket_name": (3, 63)})
def create_storage_configuration(
    call: Call, request: models.CreateStorageConfigurationRequest
) -> models.CreateStorageConfigurationResponse:
    configuration = models.StorageConfiguration(
        arn=call.arn("ivs", f"storage-configuration/{random_id(12)}"),
        name=name_of(request.name),
        s3=request.s3,
        tags=tags_of(request.tags),
    )
    return models.CreateStorageConfigurationResponse(
        storage_configuration=call.area(Stages).storage_configurations.put(configuration)
    )


@handles(operations.GET_STORAGE_CONFIGURATION, limits={"arn": ARN})
def get_storage_configuration(
    call: Call, request: models.GetStorageConfigurationRequest
) -> models.GetStorageConfigurationResponse:
    found = call.area(Stages).storage_configurations.of(call, request.arn)
    return models.GetStorageConfigurationResponse(storage_configuration=found)


@handles(operations.LIST_STORAGE_CONFIGURATIONS, limits=LISTED)
def list_storage_configurations(
    call: Call, request: models.ListStorageConfigurationsRequest
) -> models.ListStorageConfigurationsResponse:
    page, token = call.area(Stages).storage_configurations.page(call, request.next_token, request.max_results or PAGE)
    return models.ListStorageConfigurationsResponse(
        storage_configurations=[view(models.StorageConfigurationSummary, one) for one in page], next_token=token
    )


@handles(operations.DELETE_STORAGE_CONFIGURATION, limits={"arn": ARN})
def delete_storage_configuration(
    call: Call, request: models.DeleteStorageConfigurationRequest
) -> models.DeleteStorageConfigurationResponse:
    area = call.area(Stages)
    arn = area.storage_configurations.of(call, request.arn).arn
    _check_unused(area, arn, "storage configuration")
    for stage in area.stages:
        recording = stage.auto_participant_recording_configuration
        if recording is not None and recording.storage_configuration_arn == arn:
            raise errors.ConflictException("a stage records to the storage configuration; update the stage first")
    area.storage_configurations.take(call, arn)
    return models.DeleteStorageConfigurationResponse()


@handles(operations.IMPORT_PUBLIC_KEY, limits={"name": NAME, "tags": TAGS})
def import_public_key(call: Call, request: models.ImportPublicKeyRequest) -> models.ImportPublicKeyResponse:
    keys = call.area(Stages).public_keys
    key = models.PublicKey(
        arn=call.arn("ivs", f"public-key/{random_id(12)}"),
        name=name_of(request.name),
        public_key_material=request.public_key_material,
        fingerprint=fingerprint(request.public_key_material),
        tags=tags_of(request.tags),
    )
    if any(known.fingerprint == key.fingerprint and region_of(known.arn) == call.region for known in keys):
        raise errors.ConflictException("this public key is imported already")
    return models.ImportPublicKeyResponse(public_key=keys.put(key))


@handles(operations.GET_PUBLIC_KEY, limits={"arn": ARN})
def get_public_key(call: Call, request: models.GetPublicKeyRequest) -> models.GetPublicKeyResponse:
    return models.GetPublicKeyResponse(public_key=call.area(Stages).public_keys.of(call, request.arn))


@handles(operations.LIST_PUBLIC_KEYS, limits=LISTED)
def list_public_keys(call: Call, request: models.ListPublicKeysRequest) -> models.ListPublicKeysResponse:
    page, token = call.area(Stages).public_keys.page(call, request.next_token, request.max_results or PAGE)
    return models.ListPublicKeysResponse(
        public_keys=[view(models.PublicKeySummary, key) for key in page], next_token=token
    )


@handles(operations.DELETE_PUBLIC_KEY, limits={"arn": ARN})
def delete_public_key(call: Call, request: models.DeletePublicKeyRequest) -> models.DeletePublicKeyResponse:
    call.area(Stages).public_keys.take(call, request.arn)
    return models.DeletePublicKeyResponse()
