"""Logging configurations of IVS Chat: where the messages of a room are recorded."""

from __future__ import annotations

from attrs import evolve

from roomtone.emulator.ivs_members import name_of
from roomtone.emulator.ivschat.state import ARN, LISTED, NAME, PAGE, TAGS, Chat, Log, handles
from roomtone.emulator.resources import changes, id_of, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivschat import errors, models, operations

__all__: list[str] = []

_LIMITS = {
    "name": NAME,
    "destination_configuration.s3.bucket_name": (3, 63),
    "destination_configuration.cloud_watch_logs.log_group_name": (1, 512),
    "destination_configuration.firehose.delivery_stream_name": (1, 64),
}


def _conflict(arn: str, message: str) -> errors.ConflictException:
    return errors.ConflictException(message, resource_id=id_of(arn), resource_type="LOGGING_CONFIGURATION")


@handles(operations.CREATE_LOGGING_CONFIGURATION, limits={**_LIMITS, "tags": TAGS})
def create_logging_configuration(
    call: Call, request: models.CreateLoggingConfigurationRequest
) -> models.CreateLoggingConfigurationResponse:
    log_id = random_id(12)
    log = Log(
        arn=call.arn("ivschat", f"logging-configuration/{log_id}"),
        id=log_id,
        create_time=call.now,
        update_time=call.now,
        name=name_of(request.name),
        destination_configuration=request.destination_configuration,
        state="ACTIVE",
        tags=tags_of(request.tags),
    )
    return view(models.CreateLoggingConfigurationResponse, call.area(Chat).logs.put(log))


@handles(operations.GET_LOGGING_CONFIGURATION, limits={"identifier": ARN})
def get_logging_configuration(
    call: Call, request: models.GetLoggingConfigurationRequest
) -> models.GetLoggingConfigurationResponse:
    return call.area(Chat).logs.of(call, request.identifier)


@handles(operations.LIST_LOGGING_CONFIGURATIONS, limits=LISTED)
def list_logging_configurations(
    call: Call, request: models.ListLoggingConfigurationsRequest
) -> models.ListLoggingConfigurationsResponse:
    page, token = call.area(Chat).logs.page(call, request.next_token, request.max_results or PAGE)
    return models.ListLoggingConfigurationsResponse(
        logging_configurations=[view(models.LoggingConfigurationSummary, log) for log in page], next_token=token
    )


def _check_settled(log: Log) -> None:
    if log.state in ("CREATING", "UPDATING", "DELETING"):
        raise _conflict(log.arn, f"the logging configuration is {log.state}")


@handles(operations.UPDATE_LOGGING_CONFIGURATION, limits={"identifier": ARN, **_LIMITS})
def update_logging_configuration(
    call: Call, request: models.UpdateLoggingConfigurationRequest
) -> models.UpdateLoggingConfigurationResponse:
    logs = call.area(Chat).logs
    log = logs.of(call, request.identifier)
    name_of(request.name)
    _check_settled(log)
    changed = evolve(log, state="ACTIVE", update_time=call.now, **changes(request, but=("identifier",)))
    return view(models.UpdateLoggingConfigurationResponse, logs.put(changed))


@handles(operations.DELETE_LOGGING_CONFIGURATION, limits={"identifier": ARN})
def delete_logging_configuration(call: Call, request: models.DeleteLoggingConfigurationRequest) -> None:
    area = call.area(Chat)
    log = area.logs.of(call, request.identifier)
    _check_settled(log)
    if any(log.arn in (room.logging_configuration_identifiers or ()) for room in area.rooms):
        raise _conflict(log.arn, "a room logs to this configuration; update the room first")
    area.logs.take(call, log.arn)
