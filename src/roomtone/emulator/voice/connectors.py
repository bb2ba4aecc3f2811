"""Voice connectors: what they are, who may call out by them, and what stands in the way of their end."""

from __future__ import annotations

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call, random_id
from roomtone.emulator.voice.base import (
    MAX_RESULTS,
    NAME,
    NAME_LENGTH,
    PAGE,
    TAGS,
    check_enum,
    check_pattern,
    handles,
    values_of,
)
from roomtone.emulator.voice.inventory import inventory
from roomtone.emulator.voice.state import Connector, voice
from roomtone.emulator.voice.tags import Tags

__all__: list[str] = []

DEFAULT_REGION = "us-east-1"


@handles(operations.LIST_AVAILABLE_VOICE_CONNECTOR_REGIONS)
def list_available_voice_connector_regions(
    _call: Call, _request: models.ListAvailableVoiceConnectorRegionsRequest
) -> models.ListAvailableVoiceConnectorRegionsResponse:
    return models.ListAvailableVoiceConnectorRegionsResponse(
        voice_connector_regions=list(values_of(models.VoiceConnectorAwsRegion))
    )


@handles(operations.CREATE_VOICE_CONNECTOR, status=201, limits={"name": NAME_LENGTH, **TAGS})
def create_voice_connector(
    call: Call, request: models.CreateVoiceConnectorRequest
) -> models.CreateVoiceConnectorResponse:
    check_pattern(request.name, NAME, "name")
    check_enum(request.aws_region, models.VoiceConnectorAwsRegion, "aws_region")
    check_enum(request.integration_type, models.VoiceConnectorIntegrationType, "integration_type")
    check_enum(request.network_type, models.NetworkType, "network_type")
    connector_id = random_id(22).lower()
    region = request.aws_region or DEFAULT_REGION
    arn = f"arn:aws:chime:{region}:{call.world.account}:vc/{connector_id}"
    made = models.VoiceConnector(
        voice_connector_id=connector_id,
        aws_region=region,
        name=request.name,
        # `.invalid` is reserved: no SIP client ever reaches anybody by it.
        outbound_host_name=f"{connector_id}.voiceconnector.chime.invalid",
        require_encryption=request.require_encryption,
        created_timestamp=call.now,
        updated_timestamp=call.now,
        voice_connector_arn=arn,
        integration_type=request.integration_type,
        network_type=request.network_type or "IPV4_ONLY",
    )
    voice(call).connectors.put(connector_id, Connector(made))
    call.area(Tags).begin(arn, request.tags)
    return models.CreateVoiceConnectorResponse(voice_connector=made)


@handles(operations.GET_VOICE_CONNECTOR)
def get_voice_connector(call: Call, request: models.GetVoiceConnectorRequest) -> models.GetVoiceConnectorResponse:
    connector = voice(call).connector(request.voice_connector_id)
    return models.GetVoiceConnectorResponse(voice_connector=connector.detail)


@handles(operations.LIST_VOICE_CONNECTORS, limits={"max_results": MAX_RESULTS})
def list_voice_connectors(call: Call, request: models.ListVoiceConnectorsRequest) -> models.ListVoiceConnectorsResponse:
    page, token = voice(call).connectors.page(request.next_token, request.max_results or PAGE)
    return models.ListVoiceConnectorsResponse(
        voice_connectors=[connector.detail for connector in page], next_token=token
    )


@handles(operations.UPDATE_VOICE_CONNECTOR, limits={"name": NAME_LENGTH})
def update_voice_connector(
    call: Call, request: models.UpdateVoiceConnectorRequest
) -> models.UpdateVoiceConnectorResponse:
    check_pattern(request.name, NAME, "name")
    connector = voice(call).connector(request.voice_connector_id)
    connector.detail = evolve(
        connector.detail,
        name=request.name,
        require_encryption=request.require_encryption,
        updated_timestamp=call.now,
    )
    return models.UpdateVoiceConnectorResponse(voice_connector=connector.detail)


@handles(operations.DELETE_VOICE_CONNECTOR)
def delete_voice_connector(call: Call, request: models.DeleteVoiceConnectorRequest) -> None:
    area = voice(call)
    connector = area.connector(request.voice_connector_id).detail
    connector_id = connector.voice_connector_id
    if inventory(call).held_by("VoiceConnectorId", connector_id):
        raise errors.ConflictException("the voice connector has phone numbers; disassociate them first")
    if any(
        item.voice_connector_id == connector_id for group in area.groups for item in group.voice_connector_items or ()
    ):
        raise errors.ConflictException("the voice connector is in a group; take it out first")
    if any(rule.trigger_value == connector.outbound_host_name for rule in area.rules):
        raise errors.ConflictException("a SIP rule is triggered by the voice connector's host name; delete it first")
    area.connectors.take(connector_id)
    call.area(Tags).end(connector.voice_connector_arn or "")


@handles(operations.PUT_VOICE_CONNECTOR_TERMINATION_CREDENTIALS)
def put_voice_connector_termination_credentials(
    call: Call, request: models.PutVoiceConnectorTerminationCredentialsRequest
) -> None:
    connector = voice(call).connector(request.voice_connector_id)
    given: dict[str, str] = {}
    for index, credential in enumerate(request.credentials or ()):
        if not credential.username or not credential.password:
            raise Misfit("needs a username and a password", f"credentials[{index}]")
        given[credential.username] = credential.password
    connector.passwords.update(given)


@handles(operations.LIST_VOICE_CONNECTOR_TERMINATION_CREDENTIALS)
def list_voice_connector_termination_credentials(
    call: Call, request: models.ListVoiceConnectorTerminationCredentialsRequest
) -> models.ListVoiceConnectorTerminationCredentialsResponse:
    connector = voice(call).connector(request.voice_connector_id)
    return models.ListVoiceConnectorTerminationCredentialsResponse(usernames=list(connector.passwords))


@handles(operations.DELETE_VOICE_CONNECTOR_TERMINATION_CREDENTIALS)
def delete_voice_connector_termination_credentials(
    call: Call, request: models.DeleteVoiceConnectorTerminationCredentialsRequest
) -> None:
    connector = voice(call).connector(request.voice_connector_id)
    for username in request.usernames:
        connector.passwords.pop(username, None)


@handles(operations.GET_VOICE_CONNECTOR_TERMINATION_HEALTH)
def get_voice_connector_termination_health(
    call: Call, request: models.GetVoiceConnectorTerminationHealthRequest
) -> models.GetVoiceConnectorTerminationHealthResponse:
    connector = voice(call).connector(request.voice_connector_id)
    if connector.health is None:
        raise errors.NotFoundException("the voice connector has received no SIP OPTIONS ping")
    return models.GetVoiceConnectorTerminationHealthResponse(termination_health=connector.health)
