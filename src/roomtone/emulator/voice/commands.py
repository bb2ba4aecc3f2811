"""VoiceCommands: what carriers, callers and analysts do, which no API of Amazon Chime SDK Voice does."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define

from roomtone.chime_sdk_voice import errors, models
from roomtone.emulator.state import World
from roomtone.emulator.voice.analysis import Task, Tasks
from roomtone.emulator.voice.base import found, new_id
from roomtone.emulator.voice.inventory import Inventory, Offer, Order, e164
from roomtone.emulator.voice.state import LiveCall, Voice

__all__ = ["VoiceCommands"]


@define(eq=False)
class VoiceCommands:
    """What happens to phone numbers, calls and tasks without an API call.

    An order of phone numbers and a task are done when somebody looks at them, unless they are held before.
    """

    _world: World

    def offer_number(
        self,
        e164_phone_number: str,
        *,
        country: str = "US",
        type: models.PhoneNumberType = "Local",
        area_code: str = "",
        city: str = "",
        state: str = "",
    ) -> None:
        """Puts a phone number on sale, beside those that are on sale from the start.

        Args:
            e164_phone_number: The number in E.164 format: `+15005550006`.
            country: Its country, as two capital letters.
            type: `Local` or `TollFree`.
            area_code: Its area code or toll-free prefix, by which it can be searched.
            city: Its city.
            state: Its state.

        Raises:
            ConflictException: The number is the account's already, or on order.
        """
        number = e164(e164_phone_number)
        with self._world.lock:
            stock = self._world.area(Inventory)
            if stock.takes(number):
                raise errors.ConflictException("the phone number is in the inventory already, or on order")
            stock.on_sale.put(number, Offer(number, country, type, area_code, city, state))

    def hold_order(self, phone_number_order_id: str) -> None:
        """Keeps an order in `Processing` until `deliver_order` or `fail_order`.

        Raises:
            NotFoundException: There is no such order.
            ConflictException: It is processed already.
        """
        with self._world.lock:
            self._order(phone_number_order_id).held = True

    def deliver_order(self, phone_number_order_id: str) -> None:
        """Processes an order: numbers that were on sale are acquired, others fail. Raises as `hold_order` does."""
        with self._world.lock:
            self._world.area(Inventory).deliver(self._order(phone_number_order_id), self._world.clock())

    def fail_order(self, phone_number_order_id: str) -> None:
        """Fails an order and all its numbers, which are on sale again. Raises as `hold_order` does."""
        with self._world.lock:
            self._world.area(Inventory).fail(self._order(phone_number_order_id), self._world.clock())

    def _order(self, phone_number_order_id: str) -> Order:
        order = found(self._world.area(Inventory).orders.get(phone_number_order_id.lower()), "phone number order")
        if not order.pending:
            raise errors.ConflictException(f"the phone number order is processed: {order.detail.status}")
        return order

    def ping(self, voice_connector_id: str, *, source: str = "192.0.2.1") -> None:
        """A SIP OPTIONS ping reaches a voice connector, which its termination health tells of.

        Args:
            voice_connector_id: The id of a voice connector.
            source: The IP address that the ping comes from.

        Raises:
            NotFoundException: There is no such voice connector.
        """
        with self._world.lock:
            connector = self._world.area(Voice).connector(voice_connector_id)
            connector.health = models.TerminationHealth(timestamp=self._world.clock(), source=source)

    def begin_call(self, voice_connector_id: str) -> str:
        """Begins a call over a voice connector and returns its transaction id, which tasks are started with.

        Raises:
            NotFoundException: There is no such voice connector.
        """
        with self._world.lock:
            area = self._world.area(Voice)
            connector = area.connector(voice_connector_id)
            transaction_id = new_id()
            area.calls[transaction_id] = LiveCall(connector.detail.voice_connector_id)
            return transaction_id

    def end_call(self, transaction_id: str) -> None:
        """Ends a call over a voice connector or of a SIP media application; one that has ended stays so.

        Raises:
            NotFoundException: There is no such call.
        """
        with self._world.lock:
            found(self._world.area(Voice).calls.get(transaction_id), "call").ended = True

    def hold_task(self, task_id: str) -> None:
        """Keeps a speaker search or voice tone analysis task under way until `finish_task` or `fail_task`.

        Raises:
            NotFoundException: There is no such task.
            ConflictException: It is over already.
        """
        with self._world.lock:
            self._task(task_id).held = True

    def finish_task(self, task_id: str, *, matches: Mapping[str, float] | None = None) -> None:
        """Ends a task with success. Raises as `hold_task` does.

        Args:
            task_id: The id of a speaker search or voice tone analysis task.
            matches: Whom a speaker search has recognised: confidence, 0 to 1, by the id of a voice profile.
        """
        with self._world.lock:
            task = self._task(task_id)
            task.matches = dict(matches or {})
            task.become("SUCCEEDED", self._world.clock())

    def fail_task(self, task_id: str, *, message: str = "the audio could not be analysed") -> None:
        """Fails a task. Raises as `hold_task` does.

        Args:
            task_id: The id of a speaker search or voice tone analysis task.
            message: What its status message says.
        """
        with self._world.lock:
            self._task(task_id).become("FAILED", self._world.clock(), message)

    def _task(self, task_id: str) -> Task:
        task = self._world.area(Tasks).any(task_id)
        if task.over:
            raise errors.ConflictException(f"the task is over: {task.status}")
        return task
