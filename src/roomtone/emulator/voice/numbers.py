"""The account's phone numbers: what they are called and for, their way through the deletion queue, their settings."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define, evolve

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import (
    CALLING_NAME,
    MAX_RESULTS,
    NUMBER_NAME,
    PAGE,
    check_enum,
    check_pattern,
    handles,
    one_by_one,
)
from roomtone.emulator.voice.inventory import Inventory, belongs, e164, inventory
from roomtone.emulator.voice.orders import check_home

__all__: list[str] = []

CALLING_NAME_REST = timedelta(days=7)
"""How long the default calling name stays before it can be changed again."""

Update = models.UpdatePhoneNumberRequest | models.UpdatePhoneNumberRequestItem


@define(eq=False)
class Settings:
    """The phone number settings of the account."""

    calling_name: str | None = None
    updated: datetime | None = None


@handles(operations.GET_PHONE_NUMBER)
def get_phone_number(call: Call, request: models.GetPhoneNumberRequest) -> models.GetPhoneNumberResponse:
    return models.GetPhoneNumberResponse(phone_number=inventory(call).number(request.phone_number_id))


@handles(operations.LIST_PHONE_NUMBERS, limits={"max_results": MAX_RESULTS})
def list_phone_numbers(call: Call, request: models.ListPhoneNumbersRequest) -> models.ListPhoneNumbersResponse:
    check_enum(request.status, models.PhoneNumberStatus, "status")
    check_enum(request.product_type, models.PhoneNumberProductType, "product_type")
    check_enum(request.filter_name, models.PhoneNumberAssociationName, "filter_name")
    if (request.filter_name is None) != (request.filter_value is None):
        raise Misfit("goes with filter_name, and neither without the other", "filter_value")

    def fits(number: models.PhoneNumber) -> bool:
        return (
            request.status in (None, number.status)
            and request.product_type in (None, number.product_type)
            and (
                request.filter_name is None
                or request.filter_value is None
                or belongs(number, request.filter_name, request.filter_value)
            )
        )

    page, token = inventory(call).numbers.page(request.next_token, request.max_results or PAGE, where=fits)
    return models.ListPhoneNumbersResponse(phone_numbers=page, next_token=token)


@handles(operations.UPDATE_PHONE_NUMBER, limits={"name": (0, 256)})
def update_phone_number(call: Call, request: models.UpdatePhoneNumberRequest) -> models.UpdatePhoneNumberResponse:
    _check_update(request)
    return models.UpdatePhoneNumberResponse(phone_number=_update(inventory(call), request, call.now))


@handles(
    operations.BATCH_UPDATE_PHONE_NUMBER,
    limits={"update_phone_number_request_items": (1, None), "update_phone_number_request_items[].name": (0, 256)},
)
def batch_update_phone_number(
    call: Call, request: models.BatchUpdatePhoneNumberRequest
) -> models.BatchUpdatePhoneNumberResponse:
    items = {e164(item.phone_number_id): item for item in request.update_phone_number_request_items}
    if len(items) < len(request.update_phone_number_request_items):
        raise Misfit("names a number twice", "update_phone_number_request_items")
    for item in items.values():
        _check_update(item)
    stock, now = inventory(call), call.now
    refused = one_by_one(
        [item.phone_number_id for item in items.values()], lambda one: _update(stock, items[e164(one)], now)
    )
    return models.BatchUpdatePhoneNumberResponse(phone_number_errors=refused)


def _check_update(update: Update) -> None:
    """Refuses what no number could be given. Raises Misfit, BadRequestException."""
    check_enum(update.product_type, models.PhoneNumberProductType, "product_type")
    check_pattern(update.calling_name, CALLING_NAME, "calling_name")
    check_pattern(update.name, NUMBER_NAME, "name")
    given = [detail for detail in (update.product_type, update.calling_name, update.name) if detail is not None]
    if len(given) != 1:
        raise errors.BadRequestException("give one of product_type, calling_name and name: one changes at a time")


def _update(stock: Inventory, update: Update, now: datetime) -> models.PhoneNumber:
    number = evolve(stock.number(update.phone_number_id), updated_timestamp=now)
    if number.deletion_timestamp is not None:
        raise errors.ConflictException("the phone number is deleted; restore it first")
    if update.product_type is not None:
        check_home(update.product_type, number.country)
        if number.associations and update.product_type != number.product_type:
            raise errors.ConflictException("the phone number belongs to something; disassociate it first")
        return stock.put(evolve(number, product_type=update.product_type))
    if update.calling_name is not None:
        # It is done by the time anybody looks again.
        return stock.put(evolve(number, calling_name=update.calling_name, calling_name_status="UpdateInProgress"))
    return stock.put(evolve(number, name=update.name))


@handles(operations.DELETE_PHONE_NUMBER)
def delete_phone_number(call: Call, request: models.DeletePhoneNumberRequest) -> None:
    inventory(call).delete(request.phone_number_id, call.now)


@handles(operations.BATCH_DELETE_PHONE_NUMBER, limits={"phone_number_ids": (1, None)})
def batch_delete_phone_number(
    call: Call, request: models.BatchDeletePhoneNumberRequest
) -> models.BatchDeletePhoneNumberResponse:
    stock, now = inventory(call), call.now
    refused = one_by_one(request.phone_number_ids, lambda one: stock.delete(one, now))
    return models.BatchDeletePhoneNumberResponse(phone_number_errors=refused)


@handles(operations.RESTORE_PHONE_NUMBER)
def restore_phone_number(call: Call, request: models.RestorePhoneNumberRequest) -> models.RestorePhoneNumberResponse:
    stock = inventory(call)
    number = stock.number(request.phone_number_id)
    if number.deletion_timestamp is None:
        raise errors.BadRequestException("the phone number is not deleted")
    restored = evolve(number, status="Unassigned", deletion_timestamp=None, updated_timestamp=call.now)
    return models.RestorePhoneNumberResponse(phone_number=stock.put(restored))


@handles(operations.GET_PHONE_NUMBER_SETTINGS)
def get_phone_number_settings(
    call: Call, _: models.GetPhoneNumberSettingsRequest
) -> models.GetPhoneNumberSettingsResponse:
    settings = call.area(Settings)
    return models.GetPhoneNumberSettingsResponse(
        calling_name=settings.calling_name, calling_name_updated_timestamp=settings.updated
    )


@handles(operations.UPDATE_PHONE_NUMBER_SETTINGS)
def update_phone_number_settings(call: Call, request: models.UpdatePhoneNumberSettingsRequest) -> None:
    check_pattern(request.calling_name, CALLING_NAME, "calling_name")
    settings = call.area(Settings)
    if settings.updated is not None and call.now - settings.updated < CALLING_NAME_REST:
        raise errors.BadRequestException("the default calling name was changed less than seven days ago")
    settings.calling_name, settings.updated = request.calling_name, call.now
