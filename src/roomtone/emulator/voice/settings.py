"""The settings of a voice connector, each there once or not at all: origination, termination, streaming and the rest.

All of them are put, got and deleted alike, by their class; what is said of each is the shape of its requests and what
its own rules are.
"""

from __future__ import annotations

import re
from typing import Protocol

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import ARN_LENGTH, E164, check_enum, check_pattern, handles
from roomtone.emulator.voice.state import Connector, voice

__all__: list[str] = []

_COUNTRY = re.compile(r"([A-Z]{2})?")


class OfConnector(Protocol):
    """A request about one voice connector."""

    voice_connector_id: str


def _of(call: Call, request: OfConnector) -> Connector:
    """The voice connector that a request is about. Raises NotFoundException."""
    return voice(call).connector(request.voice_connector_id)


def _drop_after_emergency_calling(connector: Connector, kind: type[object]) -> None:
    """Emergency calls need origination and termination, so these outlast it. Raises BadRequestException."""
    connector.needed(kind)
    if connector.setting(models.EmergencyCallingConfiguration) is not None:
        raise errors.BadRequestException("the voice connector has emergency calling configured; delete that first")
    connector.drop(kind)


@handles(operations.GET_VOICE_CONNECTOR_ORIGINATION)
def get_origination(
    call: Call, request: models.GetVoiceConnectorOriginationRequest
) -> models.GetVoiceConnectorOriginationResponse:
    return models.GetVoiceConnectorOriginationResponse(origination=_of(call, request).needed(models.Origination))


@handles(
    operations.PUT_VOICE_CONNECTOR_ORIGINATION,
    limits={
        "origination.routes": (1, 20),
        "origination.routes[].port": (0, 65_535),
        "origination.routes[].priority": (1, 100),
        "origination.routes[].weight": (1, 100),
    },
)
def put_origination(
    call: Call, request: models.PutVoiceConnectorOriginationRequest
) -> models.PutVoiceConnectorOriginationResponse:
    connector, given = _of(call, request), request.origination
    if given.routes is None and given.disabled is None:
        raise Misfit("needs routes or disabled", "origination")
    for index, route in enumerate(given.routes or ()):
        check_enum(route.protocol, models.OriginationRouteProtocol, f"origination.routes[{index}].protocol")
    return models.PutVoiceConnectorOriginationResponse(origination=connector.put(given))


@handles(operations.DELETE_VOICE_CONNECTOR_ORIGINATION)
def delete_origination(call: Call, request: models.DeleteVoiceConnectorOriginationRequest) -> None:
    _drop_after_emergency_calling(_of(call, request), models.Origination)


@handles(operations.GET_VOICE_CONNECTOR_TERMINATION)
def get_termination(
    call: Call, request: models.GetVoiceConnectorTerminationRequest
) -> models.GetVoiceConnectorTerminationResponse:
    return models.GetVoiceConnectorTerminationResponse(termination=_of(call, request).needed(models.Termination))


@handles(operations.PUT_VOICE_CONNECTOR_TERMINATION, limits={"termination.cps_limit": (1, None)})
def put_termination(
    call: Call, request: models.PutVoiceConnectorTerminationRequest
) -> models.PutVoiceConnectorTerminationResponse:
    connector, given = _of(call, request), request.termination
    if not given.calling_regions:
        raise Misfit("is required", "termination.calling_regions")
    check_pattern(given.default_phone_number, E164, "termination.default_phone_number")
    return models.PutVoiceConnectorTerminationResponse(termination=connector.put(given))


@handles(operations.DELETE_VOICE_CONNECTOR_TERMINATION)
def delete_termination(call: Call, request: models.DeleteVoiceConnectorTerminationRequest) -> None:
    _drop_after_emergency_calling(_of(call, request), models.Termination)


@handles(operations.GET_VOICE_CONNECTOR_STREAMING_CONFIGURATION)
def get_streaming(
    call: Call, request: models.GetVoiceConnectorStreamingConfigurationRequest
) -> models.GetVoiceConnectorStreamingConfigurationResponse:
    return models.GetVoiceConnectorStreamingConfigurationResponse(
        streaming_configuration=_of(call, request).needed(models.StreamingConfiguration)
    )


@handles(
    operations.PUT_VOICE_CONNECTOR_STREAMING_CONFIGURATION,
    limits={
        "streaming_configuration.data_retention_in_hours": (0, None),
        "streaming_configuration.streaming_notification_targets": (1, 3),
        "streaming_configuration.media_insights_configuration.configuration_arn": ARN_LENGTH,
    },
)
def put_streaming(
    call: Call, request: models.PutVoiceConnectorStreamingConfigurationRequest
) -> models.PutVoiceConnectorStreamingConfigurationResponse:
    connector, given = _of(call, request), request.streaming_configuration
    for index, target in enumerate(given.streaming_notification_targets or ()):
        where = f"streaming_configuration.streaming_notification_targets[{index}].notification_target"
        check_enum(target.notification_target, models.NotificationTarget, where)
    return models.PutVoiceConnectorStreamingConfigurationResponse(streaming_configuration=connector.put(given))


@handles(operations.DELETE_VOICE_CONNECTOR_STREAMING_CONFIGURATION)
def delete_streaming(call: Call, request: models.DeleteVoiceConnectorStreamingConfigurationRequest) -> None:
    _of(call, request).drop(models.StreamingConfiguration)


@handles(operations.GET_VOICE_CONNECTOR_LOGGING_CONFIGURATION)
def get_logging(
    call: Call, request: models.GetVoiceConnectorLoggingConfigurationRequest
) -> models.GetVoiceConnectorLoggingConfigurationResponse:
    # Nothing deletes it: a voice connector that was never told to logs nothing.
    nothing = models.LoggingConfiguration(enable_sip_logs=False, enable_media_metric_logs=False)
    return models.GetVoiceConnectorLoggingConfigurationResponse(
        logging_configuration=_of(call, request).setting(models.LoggingConfiguration) or nothing
    )


@handles(operations.PUT_VOICE_CONNECTOR_LOGGING_CONFIGURATION)
def put_logging(
    call: Call, request: models.PutVoiceConnectorLoggingConfigurationRequest
) -> models.PutVoiceConnectorLoggingConfigurationResponse:
    return models.PutVoiceConnectorLoggingConfigurationResponse(
        logging_configuration=_of(call, request).put(request.logging_configuration)
    )


@handles(operations.GET_VOICE_CONNECTOR_EMERGENCY_CALLING_CONFIGURATION)
def get_emergency_calling(
    call: Call, request: models.GetVoiceConnectorEmergencyCallingConfigurationRequest
) -> models.GetVoiceConnectorEmergencyCallingConfigurationResponse:
    return models.GetVoiceConnectorEmergencyCallingConfigurationResponse(
        emergency_calling_configuration=_of(call, request).needed(models.EmergencyCallingConfiguration)
    )


@handles(operations.PUT_VOICE_CONNECTOR_EMERGENCY_CALLING_CONFIGURATION)
def put_emergency_calling(
    call: Call, request: models.PutVoiceConnectorEmergencyCallingConfigurationRequest
) -> models.PutVoiceConnectorEmergencyCallingConfigurationResponse:
    connector, given = _of(call, request), request.emergency_calling_configuration
    for index, dnis in enumerate(given.dnis or ()):
        where = f"emergency_calling_configuration.dnis[{index}]"
        check_pattern(dnis.emergency_phone_number, E164, f"{where}.emergency_phone_number")
        check_pattern(dnis.test_phone_number, E164, f"{where}.test_phone_number")
        check_pattern(dnis.calling_country, _COUNTRY, f"{where}.calling_country")
    return models.PutVoiceConnectorEmergencyCallingConfigurationResponse(
        emergency_calling_configuration=connector.put(given)
    )


@handles(operations.DELETE_VOICE_CONNECTOR_EMERGENCY_CALLING_CONFIGURATION)
def delete_emergency_calling(
    call: Call, request: models.DeleteVoiceConnectorEmergencyCallingConfigurationRequest
) -> None:
    _of(call, request).drop(models.EmergencyCallingConfiguration)


@handles(operations.GET_VOICE_CONNECTOR_EXTERNAL_SYSTEMS_CONFIGURATION)
def get_external_systems(
    call: Call, request: models.GetVoiceConnectorExternalSystemsConfigurationRequest
) -> models.GetVoiceConnectorExternalSystemsConfigurationResponse:
    return models.GetVoiceConnectorExternalSystemsConfigurationResponse(
        external_systems_configuration=_of(call, request).needed(models.ExternalSystemsConfiguration)
    )


@handles(operations.PUT_VOICE_CONNECTOR_EXTERNAL_SYSTEMS_CONFIGURATION)
def put_external_systems(
    call: Call, request: models.PutVoiceConnectorExternalSystemsConfigurationRequest
) -> models.PutVoiceConnectorExternalSystemsConfigurationResponse:
    connector = _of(call, request)
    controllers = list(request.session_border_controller_types or ())
    systems = list(request.contact_center_system_types or ())
    for controller in controllers:
        check_enum(controller, models.SessionBorderControllerType, "session_border_controller_types")
    for system in systems:
        check_enum(system, models.ContactCenterSystemType, "contact_center_system_types")
    given = models.ExternalSystemsConfiguration(
        session_border_controller_types=controllers, contact_center_system_types=systems
    )
    return models.PutVoiceConnectorExternalSystemsConfigurationResponse(
        external_systems_configuration=connector.put(given)
    )


@handles(operations.DELETE_VOICE_CONNECTOR_EXTERNAL_SYSTEMS_CONFIGURATION)
def delete_external_systems(
    call: Call, request: models.DeleteVoiceConnectorExternalSystemsConfigurationRequest
) -> None:
    _of(call, request).drop(models.ExternalSystemsConfiguration)


@handles(operations.GET_VOICE_CONNECTOR_PROXY)
def get_proxy(call: Call, request: models.GetVoiceConnectorProxyRequest) -> models.GetVoiceConnectorProxyResponse:
    return models.GetVoiceConnectorProxyResponse(proxy=_of(call, request).needed(models.Proxy))


@handles(
    operations.PUT_VOICE_CONNECTOR_PROXY,
    limits={
        "default_session_expiry_minutes": (1, None),
        "phone_number_pool_countries": (1, 100),
    },
)
def put_proxy(call: Call, request: models.PutVoiceConnectorProxyRequest) -> models.PutVoiceConnectorProxyResponse:
    connector = _of(call, request)
    check_pattern(request.fall_back_phone_number, E164, "fall_back_phone_number")
    for index, country in enumerate(request.phone_number_pool_countries):
        check_pattern(country, _COUNTRY, f"phone_number_pool_countries[{index}]")
    given = models.Proxy(
        default_session_expiry_minutes=request.default_session_expiry_minutes,
        disabled=bool(request.disabled),
        fall_back_phone_number=request.fall_back_phone_number,
        phone_number_countries=list(request.phone_number_pool_countries),
    )
    return models.PutVoiceConnectorProxyResponse(proxy=connector.put(given))


@handles(operations.DELETE_VOICE_CONNECTOR_PROXY)
def delete_proxy(call: Call, request: models.DeleteVoiceConnectorProxyRequest) -> None:
    _of(call, request).drop(models.Proxy)
