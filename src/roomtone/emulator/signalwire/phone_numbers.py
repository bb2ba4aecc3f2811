"""Telephone numbers, available and the project's own, of SignalWire's compatibility API."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from attrs import asdict, define, evolve, field, frozen

from roomtone.emulator.signalwire.common import (
    API_VERSION,
    PAGE_LIMITS,
    fits,
    found,
    handles,
    invalid,
    listing,
    new_sid,
    refused,
    seconds,
    uri_of,
)
from roomtone.emulator.state import Call, Shelf
from roomtone.signalwire import codes, models, operations

__all__ = ["PhoneNumbers"]

Search: TypeAlias = models.PhoneNumbersSearchLocalRequest | models.PhoneNumbersSearchTollFreeRequest

_PER_PLACE = 20
"""How many numbers are there to be bought in each place: 555 01xx, which are kept for fiction."""
_EVERYTHING: tuple[str, ...] = ("voice", "sms", "mms", "fax")
_METHODS = ("sms_fallback_method", "sms_method", "status_callback_method", "voice_fallback_method", "voice_method")
_COUNTRIES = {"US": "United States", "CA": "Canada"}


@frozen
class Place:
    """Where numbers of one area code are, and what they cannot do."""

    country: str
    area_code: str
    locality: str | None = None
    region: str | None = None
    cannot: tuple[str, ...] = ()


_LOCAL = (
    Place("US", "206", "Seattle", "WA"),
    Place("US", "212", "New York", "NY", ("fax",)),
    Place("US", "415", "San Francisco", "CA"),
    Place("US", "512", "Austin", "TX", ("mms", "fax")),
    Place("CA", "416", "Toronto", "ON"),
    Place("CA", "604", "Vancouver", "BC", ("mms",)),
)
_TOLL_FREE = tuple(
    Place(country, area_code, cannot=("mms",)) for country in _COUNTRIES for area_code in ("800", "888", "877")
)


@define(eq=False)
class PhoneNumbers:
    """The project's numbers."""

    numbers: Shelf[models.IncomingPhoneNumber] = field(factory=Shelf)

    def own(self) -> set[str]:
        return {number.phone_number or "" for number in self.numbers}


def _country(call: Call, iso_country: str) -> models.CountryResource:
    """A country by its code. A code that is none is a 400: no 404 is documented here."""
    if iso_country not in _COUNTRIES:
        raise refused(f"no numbers of {iso_country} are available", code=codes.INVALID_ARGUMENT, status=400)
    uri = uri_of(call.world, "AvailablePhoneNumbers", iso_country)
    return models.CountryResource(
        country_code=iso_country,
        country=_COUNTRIES[iso_country],
        uri=uri,
        beta=False,
        subresource_uris=models.CountrySubresourceUris(local=f"{uri}/Local", toll_free=f"{uri}/TollFree"),
    )


def _fits(request: Search, place: Place, number: str) -> bool:
    wanted = {kind: getattr(request, f"{kind}_enabled") for kind in _EVERYTHING}
    return (
        request.area_code in (None, place.area_code)
        and request.in_locality in (None, place.locality)
        and request.in_region in (None, place.region)
        and (request.contains or "").strip("+*") in number
        and not request.beta
        and all(want in (None, kind not in place.cannot) for kind, want in wanted.items())
    )


def _available(call: Call, request: Search, places: tuple[Place, ...]) -> Iterator[models.AvailablePhoneNumber]:
    own = call.area(PhoneNumbers).own()
    for place in places:
        if place.country != request.iso_country:
            continue
        for last in range(100, 100 + _PER_PLACE):
            number = f"+1{place.area_code}5550{last}"
            if number in own or not _fits(request, place, number):
                continue
            yield models.AvailablePhoneNumber(
                friendly_name=f"({place.area_code}) 555-0{last}",
                phone_number=number,
                locality=place.locality,
                region=place.region,
                iso_country=place.country,
                capabilities=models.PhoneNumberCapabilities(
                    voice=True, sms="sms" not in place.cannot, mms="mms" not in place.cannot
                ),
                beta=False,
            )


def _searched(call: Call, request: Search, places: tuple[Place, ...], kind: str) -> models.AvailablePhoneNumberList:
    _country(call, request.iso_country)
    return models.AvailablePhoneNumberList(
        uri=uri_of(call.world, "AvailablePhoneNumbers", request.iso_country, kind),
        available_phone_numbers=list(_available(call, request, places)),
    )


@handles(operations.PHONE_NUMBERS_LIST_AVAILABLE_COUNTRIES)
def list_countries(
    call: Call, _: models.PhoneNumbersListAvailableCountriesRequest
) -> models.AvailablePhoneNumberResources:
    countries = [_country(call, code) for code in _COUNTRIES]
    return models.AvailablePhoneNumberResources(uri=uri_of(call.world, "AvailablePhoneNumbers"), countries=countries)


@handles(operations.PHONE_NUMBERS_GET_AVAILABLE_COUNTRY)
def get_country(call: Call, request: models.PhoneNumbersGetAvailableCountryRequest) -> models.CountryResource:
    return _country(call, request.iso_country)


@handles(operations.PHONE_NUMBERS_SEARCH_LOCAL)
def search_local(call: Call, request: models.PhoneNumbersSearchLocalRequest) -> models.AvailablePhoneNumberList:
    return _searched(call, request, _LOCAL, "Local")


@handles(operations.PHONE_NUMBERS_SEARCH_TOLL_FREE)
def search_toll_free(call: Call, request: models.PhoneNumbersSearchTollFreeRequest) -> models.AvailablePhoneNumberList:
    return _searched(call, request, _TOLL_FREE, "TollFree")


def _new(
    call: Call, number: str, *, origin: models.PhoneNumberOrigin, can: AbstractSet[str], **settings: Any
) -> models.IncomingPhoneNumber:
    sid, now = new_sid(), seconds(call.now)
    members: dict[str, Any] = {**dict.fromkeys(_METHODS, "POST"), "friendly_name": number, "country_code": "US"}
    made = models.IncomingPhoneNumber(
        sid=sid,
        account_id=call.world.project,
        account_sid=call.world.project,
        address_requirements="none",
        api_version=API_VERSION,
        beta=False,
        capabilities=models.IncomingPhoneNumberCapabilities(**{kind: kind in can for kind in _EVERYTHING}),
        date_created=now,
        date_updated=now,
        emergency_status="Inactive",
        origin=origin,
        phone_number=number,
        uri=uri_of(call.world, "IncomingPhoneNumbers", sid),
        voice_caller_id_lookup=False,
        **{**members, **settings},
    )
    call.area(PhoneNumbers).numbers.put(sid, made)
    return made


def _settings(request: Any, *others: str) -> dict[str, Any]:
    """What a request says of a number, without members that answers do not have."""
    left_out = {"sid", "phone_number", "voice_receive_mode", *others}
    members = asdict(request, recurse=False)
    return {name: value for name, value in members.items() if value is not None and name not in left_out}


@handles(operations.PHONE_NUMBERS_IMPORT_NUMBER, status=201, limits={"capabilities": (1, None)})
def import_number(call: Call, request: models.PhoneNumbersImportNumberRequest) -> models.IncomingPhoneNumber:
    fits(r"\+\d{5,30}", request.number, "number", "+15550100")
    operation, asked = operations.PHONE_NUMBERS_IMPORT_NUMBER, set(request.capabilities or _EVERYTHING)
    if request.number in call.area(PhoneNumbers).own():
        raise invalid(operation, "number is the project's own", code=codes.INVALID_PHONE_NUMBER)
    if not asked <= {*_EVERYTHING}:
        message = f"capabilities must be {' or '.join(_EVERYTHING)}"
        raise invalid(operation, message, code=codes.CAPABILITIES_INVALID)
    return _new(call, request.number, origin="hosted", can=asked)


@handles(operations.PHONE_NUMBERS_LIST, limits=PAGE_LIMITS)
def list_numbers(call: Call, request: models.PhoneNumbersListRequest) -> models.IncomingPhoneNumberList:
    numbers = [
        one
        for one in call.area(PhoneNumbers).numbers
        if (request.phone_number or "").strip("*") in (one.phone_number or "")
        and request.friendly_name in (None, one.friendly_name)
    ]
    items = "incoming_phone_numbers"
    return listing(call, models.IncomingPhoneNumberList, items, numbers, request.page, request.page_size)


@handles(operations.PHONE_NUMBERS_PURCHASE, status=201)
def purchase_number(call: Call, request: models.PhoneNumbersPurchaseRequest) -> models.IncomingPhoneNumber:
    fits(r"\+\d{5,17}", request.phone_number, "phone_number", "+15550100")
    if request.phone_number in call.area(PhoneNumbers).own():
        raise refused("phone_number is the project's own", code=codes.INVALID_PHONE_NUMBER)
    place = next((one for one in _LOCAL + _TOLL_FREE if request.phone_number[2:5] == one.area_code), None)
    can: set[str] = set(_EVERYTHING) - set(place.cannot if place else ())
    country = place.country if place else "US"
    return _new(
        call, request.phone_number, origin="signalwire", can=can, **{"country_code": country, **_settings(request)}
    )


@handles(operations.PHONE_NUMBERS_GET)
def get_number(call: Call, request: models.PhoneNumbersGetRequest) -> models.IncomingPhoneNumber:
    return found(call.area(PhoneNumbers).numbers.get(request.sid), "telephone number")


@handles(operations.PHONE_NUMBERS_UPDATE, limits={"friendly_name": (1, 255)})
def update_number(call: Call, request: models.PhoneNumbersUpdateRequest) -> models.IncomingPhoneNumber:
    numbers = call.area(PhoneNumbers).numbers
    number = found(numbers.get(request.sid), "telephone number")
    updated = evolve(number, date_updated=seconds(call.now), **_settings(request))
    numbers.put(request.sid, updated)
    return updated


@handles(operations.PHONE_NUMBERS_DELETE)
def delete_number(call: Call, request: models.PhoneNumbersDeleteRequest) -> None:
    found(call.area(PhoneNumbers).numbers.take(request.sid), "telephone number")
