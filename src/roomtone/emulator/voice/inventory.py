"""Phone numbers as the voice double knows them: what is on sale, orders under way, what the account owns.

The local numbers that are on sale from the start are ones that their countries keep for fiction: none is anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from attrs import define, evolve, field, frozen

from roomtone.chime_sdk_voice import errors, models
from roomtone.emulator.state import Call, Shelf
from roomtone.emulator.voice.base import AssociationsExist, found

__all__ = ["COUNTRIES", "DELETION_QUEUE", "Inventory", "Offer", "Order", "belongs", "e164", "inventory"]

DELETION_QUEUE = timedelta(days=7)
"""How long a deleted number can be restored."""


@frozen
class Offer:
    """A number on sale."""

    number: str
    """In E.164 format: `+12065550100`."""
    country: str = "US"
    type: models.PhoneNumberType = "Local"
    area_code: str = ""
    """The area code, or the toll-free prefix."""
    city: str = ""
    state: str = ""


TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")

COUNTRIES: dict[str, tuple[models.PhoneNumberType, ...]] = {
    "US": ("Local", "TollFree"),
    "CA": ("Local",),
    "GB": ("Local",),
    "AU": ("Local",),
    "FR": ("Local",),
}
"""The countries that numbers can be ordered from, and the types of their numbers."""


_PLACES: tuple[tuple[str, str, models.PhoneNumberType, str, str, str], ...] = (
    ("+120655501", "US", "Local", "206", "Seattle", "WA"),
    ("+121255501", "US", "Local", "212", "New York", "NY"),
    ("+131255501", "US", "Local", "312", "Chicago", "IL"),
    ("+141555501", "US", "Local", "415", "San Francisco", "CA"),
    ("+151255501", "US", "Local", "512", "Austin", "TX"),
    *((f"+1{prefix}55501", "US", "TollFree", prefix, "", "") for prefix in TOLL_FREE),
    ("+161355501", "CA", "Local", "613", "Ottawa", "ON"),
    ("+4420794600", "GB", "Local", "20", "London", ""),
    ("+612555000", "AU", "Local", "2", "Sydney", ""),
    ("+331990012", "FR", "Local", "1", "Paris", ""),
)
"""What a hundred numbers of each place begin with, and what is said of them."""


@cache
def _offers() -> tuple[Offer, ...]:
    """What is on sale from the start, in order."""
    return tuple(
        Offer(f"{stem}{last:02}", country, kind, area_code, city, state)
        for stem, country, kind, area_code, city, state in _PLACES
        for last in range(100)
    )


def _full_shelf() -> Shelf[Offer]:
    shelf = Shelf[Offer]()
    for offer in _offers():
        shelf.put(offer.number, offer)
    return shelf


@define(eq=False)
class Order:
    """One order; it is processed when somebody looks next, unless it is held."""

    detail: models.PhoneNumberOrder
    name: str | None
    arn_stem: str
    """What stands before the digits in the ARNs of the numbers."""
    wanted: dict[str, Offer | None]
    """What was on sale of the numbers that are ordered; None for what was not."""
    held: bool = False

    @property
    def pending(self) -> bool:
        return self.detail.status == "Processing"

    def end(self, status: models.PhoneNumberOrderStatus, acquired: Sequence[str], now: datetime) -> None:
        self.detail = evolve(
            self.detail,
            status=status,
            updated_timestamp=now,
            ordered_phone_numbers=[
                models.OrderedPhoneNumber(
                    e164_phone_number=number, status="Acquired" if number in acquired else "Failed"
                )
                for number in self.wanted
            ],
        )


@define(eq=False)
class Inventory:
    """Every number of the account, and what it could order."""

    on_sale: Shelf[Offer] = field(factory=_full_shelf)
    orders: Shelf[Order] = field(factory=Shelf)
    numbers: Shelf[models.PhoneNumber] = field(factory=Shelf)
    _sold: dict[str, Offer] = field(factory=dict, init=False)

    def catch_up(self, now: datetime) -> None:
        """What goes on by itself: orders and new calling names take until somebody looks, deleted numbers a week."""
        for order in self.orders:
            if order.pending and not order.held:
                self.deliver(order, now)
        for number in list(self.numbers):
            if number.calling_name_status == "UpdateInProgress":
                self.put(evolve(number, calling_name_status="UpdateSucceeded"))
            if number.deletion_timestamp is not None and now - number.deletion_timestamp >= DELETION_QUEUE:
                self.numbers.take(_key(number))
                offer = self._sold.pop(_key(number))
                self.on_sale.put(offer.number, offer)

    def deliver(self, order: Order, now: datetime) -> None:
        """Ends an order: what was on sale is acquired, the rest has failed."""
        offers = [offer for offer in order.wanted.values() if offer is not None]
        for offer in offers:
            self._sold[offer.number] = offer
            self.put(_bought(order, offer, now))
        status = "Successful" if len(offers) == len(order.wanted) else "Partial" if offers else "Failed"
        order.end(status, [offer.number for offer in offers], now)

    def fail(self, order: Order, now: datetime) -> None:
        """Ends an order without any of its numbers, which are on sale again."""
        for offer in order.wanted.values():
            if offer is not None:
                self.on_sale.put(offer.number, offer)
        order.end("Failed", [], now)

    def takes(self, number: str) -> bool:
        """Whether a number is the account's, or will be by an order under way."""
        ordered = any(order.pending and order.wanted.get(number) for order in self.orders)
        return ordered or self.numbers.get(number) is not None

    def put(self, number: models.PhoneNumber) -> models.PhoneNumber:
        """Keeps a number as it is now."""
        self.numbers.put(_key(number), number)
        return number

    def number(self, phone_number_id: str) -> models.PhoneNumber:
        """A number by its id or in E.164 format. Raises NotFoundException."""
        return found(self.numbers.get(e164(phone_number_id)), "phone number in the inventory")

    def usable(self, phone_number_id: str) -> models.PhoneNumber:
        """A number that is not deleted. Raises NotFoundException, GoneException."""
        number = self.number(phone_number_id)
        if number.deletion_timestamp is not None:
            raise errors.GoneException("the phone number is deleted; restore it first")
        return number

    def held_by(self, name: models.PhoneNumberAssociationName, value: str) -> list[models.PhoneNumber]:
        """The numbers that belong to something, such as a voice connector."""
        return [number for number in self.numbers if belongs(number, name, value)]

    def assign(
        self, number: models.PhoneNumber, name: models.PhoneNumberAssociationName, value: str, now: datetime
    ) -> None:
        """A number belongs to something from now on, and to nothing else."""
        association = models.PhoneNumberAssociation(name=name, value=value, associated_timestamp=now)
        self.put(evolve(number, associations=[association], status="Assigned", updated_timestamp=now))

    def unassign(self, number: models.PhoneNumber, now: datetime) -> None:
        """A number belongs to nothing from now on."""
        self.put(evolve(number, associations=[], status="Unassigned", updated_timestamp=now))

    def delete(self, phone_number_id: str, now: datetime) -> None:
        """Puts a number in the deletion queue. Raises NotFoundException, AssociationsExist."""
        number = self.number(phone_number_id)
        if number.associations:
            raise AssociationsExist("the phone number belongs to something; disassociate it first")
        if number.deletion_timestamp is None:
            self.put(evolve(number, status="DeleteInProgress", deletion_timestamp=now, updated_timestamp=now))


def inventory(call: Call) -> Inventory:
    """The inventory as it is now."""
    area = call.area(Inventory)
    area.catch_up(call.now)
    return area


def belongs(number: models.PhoneNumber, name: models.PhoneNumberAssociationName, value: str) -> bool:
    """Whether a number belongs to that very thing."""
    return any(one.name == name and one.value == value for one in number.associations or ())


def e164(phone_number_id: str) -> str:
    """A number in E.164 format. The service's ids have the plus sign quoted; callers leave, undo or forget it."""
    return f"+{phone_number_id.removeprefix('%2B').removeprefix('+')}"


def _key(number: models.PhoneNumber) -> str:
    return e164(number.phone_number_id)


def _bought(order: Order, offer: Offer, now: datetime) -> models.PhoneNumber:
    digits = offer.number.removeprefix("+")
    messages = offer.country == "US"
    return models.PhoneNumber(
        phone_number_id=f"%2B{digits}",
        e164_phone_number=offer.number,
        phone_number_arn=f"{order.arn_stem}{digits}",
        country=offer.country,
        type=offer.type,
        product_type=order.detail.product_type,
        status="Unassigned",
        capabilities=models.PhoneNumberCapabilities(
            inbound_call=True,
            outbound_call=True,
            inbound_sms=messages,
            outbound_sms=messages,
            inbound_mms=messages,
            outbound_mms=messages,
        ),
        associations=[],
        calling_name_status="Unassigned",
        created_timestamp=now,
        updated_timestamp=now,
        order_id=order.detail.phone_number_order_id,
        name=order.name,
    )
