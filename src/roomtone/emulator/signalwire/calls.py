"""Calls of SignalWire's compatibility API, and what the called do."""

from __future__ import annotations

import re

from attrs import define, evolve

from roomtone.emulator.signalwire.applications import Applications
from roomtone.emulator.signalwire.common import (
    PAGE_LIMITS,
    Commands,
    dates_fit,
    fits,
    handles,
    listing,
    refused,
    seconds,
)
from roomtone.emulator.signalwire.telephony import ENDED, Leg, Telephony, change, new_call
from roomtone.emulator.state import Call
from roomtone.signalwire import codes, errors, models, operations

__all__ = ["CallCommands"]

_NEXT = {"queued": "ringing", "ringing": "in-progress"}
"""How a call moves by itself, one step at each look at it."""

_CREATE_LIMITS = {
    "send_digits": (0, 32),
    "timeout": (1, 600),
    "machine_detection_timeout": (1, 120),
    "machine_detection_speech_threshold": (1000, 6000),
    "machine_detection_speech_end_threshold": (500, 5000),
    "machine_detection_silence_timeout": (2000, 10000),
    "machine_words_threshold": (1, 100),
}


@define(eq=False)
class CallCommands(Commands):
    """What callers and called do, which this API does not.

    A call that the API makes is `queued` at first; each `calls.get` finds it one step further, `ringing` and then
    `in-progress`, where it stays until somebody ends it. Once a command has moved a call, only commands and updates do.
    """

    def dial_in(self, from_: str, to: str) -> str:
        """An inbound call that rings; returns its SID. It is answered by `answer`."""
        with self._world.lock:
            return new_call(self._world, from_=from_, to=to, direction="inbound", now=self._now).call.sid

    def ring(self, sid: str) -> None:
        """The telephone rings, and goes on ringing.

        Raises:
            SignalWireNotFoundError: There is no such call; so of the other commands.
            SignalWireInvalidRequestError: The call is further than that, or over; so of the other commands.
        """
        self._move(sid, "ringing", after=("queued", "ringing"))

    def answer(self, sid: str) -> None:
        """Somebody answers."""
        self._move(sid, "in-progress", after=("queued", "ringing"))

    def hang_up(self, sid: str) -> None:
        """The other side hangs up: the call is completed, and what belongs to it ends."""
        self._move(sid, "completed", after=("in-progress",))

    def fail(self, sid: str, status: models.CallStatus = "failed") -> None:
        """Nobody answers: `failed`, `busy` or `no-answer`."""
        if status not in ("failed", "busy", "no-answer"):
            raise refused(f"a call fails as failed, busy or no-answer, not as {status}", code=codes.INVALID_ARGUMENT)
        self._move(sid, status, after=("queued", "ringing"))

    def _move(self, sid: str, status: str, *, after: tuple[str, ...]) -> None:
        with self._world.lock:
            leg = self._world.area(Telephony).call(sid)
            if leg.call.status not in after:
                raise refused(f"the call is {leg.call.status}, not {' or '.join(after)}", code=codes.NOT_IN_PROGRESS)
            leg.moves_by_itself = False
            change(self._world, leg, status, self._now)


def _looked_at(call: Call, leg: Leg) -> models.Call:
    following = _NEXT.get(leg.call.status or "")
    if leg.moves_by_itself and following:
        change(call.world, leg, following, seconds(call.now))
    return leg.call


@handles(operations.CALLS_LIST, limits=PAGE_LIMITS)
def list_calls(call: Call, request: models.CallsListRequest) -> models.CallList:
    calls = [
        leg.call
        for leg in call.area(Telephony).calls
        if request.status in (None, leg.call.status)
        and request.to in (None, leg.call.to)
        and request.from_ in (None, leg.call.from_)
        and request.parent_call_sid in (None, leg.call.parent_call_sid)
        and dates_fit(request, leg.call, "start_time", "end_time")
    ]
    return listing(call, models.CallList, "calls", calls, request.page, request.page_size)


@handles(operations.CALLS_CREATE, limits=_CREATE_LIMITS)
def create_call(call: Call, request: models.CallsCreateRequest) -> models.Call:
    fits(r"[\d#*wW]+", request.send_digits, "send_digits", "1234#")
    fits(r"\d+\.?\d{0,4}", request.max_price_per_minute, "max_price_per_minute", "0.05")
    _check_instructions(call, request)
    for member, address in (("to", request.to), ("from_", request.from_)):
        if not re.fullmatch(r"\+?\d{3,17}|sips?:\S+|client:\S+", address):
            code = codes.INVALID_TO if member == "to" else codes.INVALID_FROM
            raise refused(f"{member} must be a telephone number such as +15550100, or a sip: address", code=code)
    leg = new_call(call.world, from_=request.from_, to=request.to, direction="outbound", now=seconds(call.now))
    leg.moves_by_itself = True
    if request.record:
        leg.records = "2" if request.recording_channels == "dual" else "1"
    return leg.call


def _check_instructions(call: Call, request: models.CallsCreateRequest) -> None:
    """A 400 in the form of a list of errors, as it is documented for this operation alone."""
    if request.application_sid and call.area(Applications).applications.get(request.application_sid) is None:
        raise refused("application_sid is no application's", code=codes.INVALID_APPLICATION_SID)
    if not request.url and not request.application_sid:
        message = "a call needs a url or an application_sid"
        told: list[object] = [{"code": codes.CALL_WITHOUT_INSTRUCTIONS, "message": message, "more_info": ""}]
        raise errors.SignalWireInvalidRequestError(message, status=400, details=told)


@handles(operations.CALLS_GET)
def get_call(call: Call, request: models.CallsGetRequest) -> models.Call:
    return _looked_at(call, call.area(Telephony).call(request.sid))


@handles(operations.CALLS_UPDATE)
def update_call(call: Call, request: models.CallsUpdateRequest) -> models.Call:
    leg = call.area(Telephony).call(request.sid)
    if leg.call.status in ENDED:
        raise refused(f"the call is over: it is {leg.call.status}", code=codes.NOT_IN_PROGRESS)
    if request.status == "canceled" and leg.call.status == "in-progress":
        raise refused("the call was answered: complete it", code=codes.NOT_IN_PROGRESS)
    now = seconds(call.now)
    if request.status:
        change(call.world, leg, request.status, now)
    else:
        leg.call = evolve(leg.call, date_updated=now)
    return leg.call


@handles(operations.CALLS_DELETE)
def delete_call(call: Call, request: models.CallsDeleteRequest) -> None:
    telephony = call.area(Telephony)
    if telephony.call(request.sid).call.status not in ENDED:
        raise refused("the call is not over", code=codes.STILL_IN_PROGRESS)
    telephony.calls.take(request.sid)
