"""Voice connector groups, and which phone numbers belong to a voice connector or to a group."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import (
    MAX_RESULTS,
    NAME,
    NAME_LENGTH,
    PAGE,
    AssociationsExist,
    check_enum,
    check_pattern,
    handles,
    new_id,
    one_by_one,
)
from roomtone.emulator.voice.inventory import belongs, inventory
from roomtone.emulator.voice.state import voice

__all__: list[str] = []

_LIMITS = {"name": NAME_LENGTH, "voice_connector_items[].priority": (1, 99)}


def _items(call: Call, items: Sequence[models.VoiceConnectorItem] | None) -> list[models.VoiceConnectorItem]:
    """The items of a group, of which each must be a voice connector. Raises NotFoundException."""
    for item in items or ():
        voice(call).connector(item.voice_connector_id)
    return list(items or ())


@handles(operations.CREATE_VOICE_CONNECTOR_GROUP, status=201, limits=_LIMITS)
def create_voice_connector_group(
    call: Call, request: models.CreateVoiceConnectorGroupRequest
) -> models.CreateVoiceConnectorGroupResponse:
    check_pattern(request.name, NAME, "name")
    check_enum(request.call_distribution_type, models.CallDistributionType, "call_distribution_type")
    group_id = new_id()
    group = models.VoiceConnectorGroup(
        voice_connector_group_id=group_id,
        name=request.name,
        voice_connector_items=_items(call, request.voice_connector_items),
        created_timestamp=call.now,
        updated_timestamp=call.now,
        voice_connector_group_arn=call.arn("chime", f"vcg/{group_id}"),
        call_distribution_type=request.call_distribution_type or "PriorityWeightedDistribution",
    )
    voice(call).groups.put(group_id, group)
    return models.CreateVoiceConnectorGroupResponse(voice_connector_group=group)


@handles(operations.GET_VOICE_CONNECTOR_GROUP)
def get_voice_connector_group(
    call: Call, request: models.GetVoiceConnectorGroupRequest
) -> models.GetVoiceConnectorGroupResponse:
    group = voice(call).group(request.voice_connector_group_id)
    return models.GetVoiceConnectorGroupResponse(voice_connector_group=group)


@handles(operations.LIST_VOICE_CONNECTOR_GROUPS, limits={"max_results": MAX_RESULTS})
def list_voice_connector_groups(
    call: Call, request: models.ListVoiceConnectorGroupsRequest
) -> models.ListVoiceConnectorGroupsResponse:
    page, token = voice(call).groups.page(request.next_token, request.max_results or PAGE)
    return models.ListVoiceConnectorGroupsResponse(voice_connector_groups=page, next_token=token)


@handles(operations.UPDATE_VOICE_CONNECTOR_GROUP, status=202, limits=_LIMITS)
def update_voice_connector_group(
    call: Call, request: models.UpdateVoiceConnectorGroupRequest
) -> models.UpdateVoiceConnectorGroupResponse:
    check_pattern(request.name, NAME, "name")
    check_enum(request.call_distribution_type, models.CallDistributionType, "call_distribution_type")
    group = voice(call).group(request.voice_connector_group_id)
    updated = evolve(
        group,
        name=request.name,
        voice_connector_items=_items(call, request.voice_connector_items),
        call_distribution_type=request.call_distribution_type or group.call_distribution_type,
        updated_timestamp=call.now,
    )
    voice(call).groups.put(updated.voice_connector_group_id, updated)
    return models.UpdateVoiceConnectorGroupResponse(voice_connector_group=updated)


@handles(operations.DELETE_VOICE_CONNECTOR_GROUP)
def delete_voice_connector_group(call: Call, request: models.DeleteVoiceConnectorGroupRequest) -> None:
    group = voice(call).group(request.voice_connector_group_id)
    if group.voice_connector_items:
        raise errors.ConflictException("the group has voice connectors; take them out first")
    if inventory(call).held_by("VoiceConnectorGroupId", group.voice_connector_group_id):
        raise errors.ConflictException("the group has phone numbers; disassociate them first")
    voice(call).groups.take(group.voice_connector_group_id)


def _associate(
    call: Call, numbers: Sequence[str], name: models.PhoneNumberAssociationName, value: str, *, force: bool
) -> list[models.PhoneNumberError]:
    """Makes numbers belong to something; by force even those that belong to something else."""
    stock = inventory(call)

    def associate(phone_number_id: str) -> None:
        number = stock.usable(phone_number_id)
        if number.product_type != "VoiceConnector":
            raise errors.BadRequestException("the phone number is not of the type VoiceConnector")
        if belongs(number, name, value):
            return
        if number.associations and not force:
            raise AssociationsExist("the phone number belongs to something else; force_associate moves it")
        stock.assign(number, name, value, call.now)

    return one_by_one(numbers, associate)


def _disassociate(
    call: Call, numbers: Sequence[str], name: models.PhoneNumberAssociationName, value: str
) -> list[models.PhoneNumberError]:
    stock = inventory(call)

    def disassociate(phone_number_id: str) -> None:
        number = stock.usable(phone_number_id)
        if not belongs(number, name, value):
            raise errors.NotFoundException("the phone number does not belong to it")
        stock.unassign(number, call.now)

    return one_by_one(numbers, disassociate)


@handles(operations.ASSOCIATE_PHONE_NUMBERS_WITH_VOICE_CONNECTOR)
def associate_phone_numbers_with_voice_connector(
    call: Call, request: models.AssociatePhoneNumbersWithVoiceConnectorRequest
) -> models.AssociatePhoneNumbersWithVoiceConnectorResponse:
    owner = voice(call).connector(request.voice_connector_id).detail.voice_connector_id
    force = bool(request.force_associate)
    refused = _associate(call, request.e164_phone_numbers, "VoiceConnectorId", owner, force=force)
    return models.AssociatePhoneNumbersWithVoiceConnectorResponse(phone_number_errors=refused)


@handles(operations.DISASSOCIATE_PHONE_NUMBERS_FROM_VOICE_CONNECTOR)
def disassociate_phone_numbers_from_voice_connector(
    call: Call, request: models.DisassociatePhoneNumbersFromVoiceConnectorRequest
) -> models.DisassociatePhoneNumbersFromVoiceConnectorResponse:
    owner = voice(call).connector(request.voice_connector_id).detail.voice_connector_id
    refused = _disassociate(call, request.e164_phone_numbers, "VoiceConnectorId", owner)
    return models.DisassociatePhoneNumbersFromVoiceConnectorResponse(phone_number_errors=refused)


@handles(operations.ASSOCIATE_PHONE_NUMBERS_WITH_VOICE_CONNECTOR_GROUP)
def associate_phone_numbers_with_voice_connector_group(
    call: Call, request: models.AssociatePhoneNumbersWithVoiceConnectorGroupRequest
) -> models.AssociatePhoneNumbersWithVoiceConnectorGroupResponse:
    owner = voice(call).group(request.voice_connector_group_id).voice_connector_group_id
    force = bool(request.force_associate)
    refused = _associate(call, request.e164_phone_numbers, "VoiceConnectorGroupId", owner, force=force)
    return models.AssociatePhoneNumbersWithVoiceConnectorGroupResponse(phone_number_errors=refused)


@handles(operations.DISASSOCIATE_PHONE_NUMBERS_FROM_VOICE_CONNECTOR_GROUP)
def disassociate_phone_numbers_from_voice_connector_group(
    call: Call, request: models.DisassociatePhoneNumbersFromVoiceConnectorGroupRequest
) -> models.DisassociatePhoneNumbersFromVoiceConnectorGroupResponse:
    owner = voice(call).group(request.voice_connector_group_id).voice_connector_group_id
    refused = _disassociate(call, request.e164_phone_numbers, "VoiceConnectorGroupId", owner)
    return models.DisassociatePhoneNumbersFromVoiceConnectorGroupResponse(phone_number_errors=refused)
