"""Searching and ordering phone numbers, and where numbers can be had."""

from __future__ import annotations

from collections import Counter

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import (
    E164,
    MAX_RESULTS,
    NUMBER_NAME,
    PAGE,
    check_enum,
    check_pattern,
    found,
    handles,
    new_id,
)
from roomtone.emulator.voice.inventory import COUNTRIES, Offer, Order, e164, inventory

__all__ = ["check_home"]

_HOME = "US"


def check_home(product_type: str | None, country: str | None) -> None:
    """Voice connectors take numbers of the U.S. alone. Raises BadRequestException."""
    if product_type == "VoiceConnector" and country not in (None, _HOME):
        raise errors.BadRequestException("a number outside the U.S. must be of the type SipMediaApplicationDialIn")


@handles(
    operations.SEARCH_AVAILABLE_PHONE_NUMBERS,
    limits={"toll_free_prefix": (3, 3), "max_results": (1, 500)},
)
def search_available_phone_numbers(
    call: Call, request: models.SearchAvailablePhoneNumbersRequest
) -> models.SearchAvailablePhoneNumbersResponse:
    check_enum(request.phone_number_type, models.PhoneNumberType, "phone_number_type")

    def fits(offer: Offer) -> bool:
        toll_free = "TollFree" if request.toll_free_prefix else None
        asked = (
            (request.country, offer.country),
            (request.phone_number_type, offer.type),
            (toll_free, offer.type),
            (request.toll_free_prefix, offer.area_code),
            (request.area_code, offer.area_code),
            (request.city, offer.city),
            (request.state, offer.state),
        )
        return all(wanted is None or wanted.lower() == has.lower() for wanted, has in asked)

    page, token = inventory(call).on_sale.page(request.next_token, request.max_results or PAGE, where=fits)
    return models.SearchAvailablePhoneNumbersResponse(
        e164_phone_numbers=[offer.number for offer in page], next_token=token
    )


@handles(operations.LIST_SUPPORTED_PHONE_NUMBER_COUNTRIES)
def list_supported_phone_number_countries(
    _: Call, request: models.ListSupportedPhoneNumberCountriesRequest
) -> models.ListSupportedPhoneNumberCountriesResponse:
    check_enum(request.product_type, models.PhoneNumberProductType, "product_type")
    return models.ListSupportedPhoneNumberCountriesResponse(
        phone_number_countries=[
            models.PhoneNumberCountry(country_code=country, supported_phone_number_types=list(types))
            for country, types in COUNTRIES.items()
            if country == _HOME or request.product_type != "VoiceConnector"
        ]
    )


@handles(
    operations.CREATE_PHONE_NUMBER_ORDER,
    status=201,
    limits={"e164_phone_numbers": (1, None), "name": (0, 256)},
)
def create_phone_number_order(
    call: Call, request: models.CreatePhoneNumberOrderRequest
) -> models.CreatePhoneNumberOrderResponse:
    check_enum(request.product_type, models.PhoneNumberProductType, "product_type")
    check_pattern(request.name, NUMBER_NAME, "name")
    numbers = [e164(number) for number in request.e164_phone_numbers]
    for index, number in enumerate(numbers):
        check_pattern(number, E164, f"e164_phone_numbers[{index}]")
    if max(Counter(numbers).values()) > 1:
        raise Misfit("names a number twice", "e164_phone_numbers")
    stock = inventory(call)
    for number in numbers:
        offer = stock.on_sale.get(number)
        check_home(request.product_type, offer.country if offer else None)
    order = Order(
        models.PhoneNumberOrder(
            phone_number_order_id=new_id(),
            product_type=request.product_type,
            status="Processing",
            order_type="New",
            ordered_phone_numbers=[
                models.OrderedPhoneNumber(e164_phone_number=number, status="Processing") for number in numbers
            ],
            created_timestamp=call.now,
            updated_timestamp=call.now,
        ),
        name=request.name,
        arn_stem=call.arn("chime", "phone-number/"),
        # From here on nobody else can order them.
        wanted={number: stock.on_sale.take(number) for number in numbers},
    )
    stock.orders.put(order.detail.phone_number_order_id, order)
    return models.CreatePhoneNumberOrderResponse(phone_number_order=order.detail)


@handles(operations.GET_PHONE_NUMBER_ORDER)
def get_phone_number_order(
    call: Call, request: models.GetPhoneNumberOrderRequest
) -> models.GetPhoneNumberOrderResponse:
    order = found(inventory(call).orders.get(request.phone_number_order_id.lower()), "phone number order")
    return models.GetPhoneNumberOrderResponse(phone_number_order=order.detail)


@handles(operations.LIST_PHONE_NUMBER_ORDERS, limits={"max_results": MAX_RESULTS})
def list_phone_number_orders(
    call: Call, request: models.ListPhoneNumberOrdersRequest
) -> models.ListPhoneNumberOrdersResponse:
    page, token = inventory(call).orders.page(request.next_token, request.max_results or PAGE)
    return models.ListPhoneNumberOrdersResponse(phone_number_orders=[order.detail for order in page], next_token=token)
