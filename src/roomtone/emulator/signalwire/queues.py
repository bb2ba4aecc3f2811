"""Queues and their members, of SignalWire's compatibility API, and who waits in them."""

from __future__ import annotations

from attrs import define, evolve

from roomtone.emulator.signalwire.common import (
    API_VERSION,
    PAGE_LIMITS,
    Commands,
    fits,
    found,
    handles,
    listing,
    new_sid,
    refused,
    seconds,
    uri_of,
)
from roomtone.emulator.signalwire.telephony import Telephony, Waiting, change, new_call
from roomtone.emulator.state import Call
from roomtone.signalwire import codes, models, operations

__all__ = ["QueueCommands"]

_LIMITS = {"max_size": (1, None), "friendly_name": (1, None)}
_NAME = r"\w+"


@define(eq=False)
class QueueCommands(Commands):
    """What callers do, which this API does not: they are put into a queue."""

    def enqueue(self, sid: str, call_sid: str | None = None) -> str:
        """A call in progress waits at the queue's end; without one somebody dials in. Returns the call's SID.

        Raises:
            SignalWireNotFoundError: There is no such queue or call.
            SignalWireInvalidRequestError: The queue is full, or the call is not in progress.
        """
        with self._world.lock:
            telephony, now = self._world.area(Telephony), self._now
            waiting = found(telephony.queues.get(sid), "queue")
            if len(waiting.since) >= (waiting.queue.max_size or len(waiting.since) + 1):
                raise refused("the queue is full", code=codes.QUEUE_LIMIT)
            if call_sid is None:
                leg = new_call(self._world, from_="+12065550199", to="+12065550100", direction="inbound", now=now)
                change(self._world, leg, "in-progress", now)
            else:
                leg = telephony.call(call_sid)
            if leg.call.status != "in-progress":
                raise refused(f"the call is {leg.call.status}, not in-progress", code=codes.NOT_IN_PROGRESS)
            waiting.since[leg.call.sid] = now
            return leg.call.sid


def _queue(call: Call, sid: str) -> Waiting:
    return found(call.area(Telephony).queues.get(sid), "queue")


def _told(call: Call, waiting: Waiting) -> models.Queue:
    waits = [(call.now - since).total_seconds() for since in waiting.since.values()]
    average = round(sum(waits) / len(waits)) if waits else 0
    return evolve(waiting.queue, current_size=len(waits), average_wait_time=average)


def _members(call: Call, waiting: Waiting) -> list[models.QueueMember]:
    sid = waiting.queue.sid
    return [
        models.QueueMember(
            call_sid=call_sid,
            account_sid=call.world.project,
            queue_sid=sid,
            date_enqueued=since,
            position=position,
            wait_time=max(0, round((call.now - since).total_seconds())),
            member_type="call",
            uri=uri_of(call.world, "Queues", sid, "Members", call_sid),
        )
        for position, (call_sid, since) in enumerate(waiting.since.items(), 1)
    ]


def _member(call: Call, waiting: Waiting, call_sid: str) -> models.QueueMember:
    members = {member.call_sid: member for member in _members(call, waiting)}
    return found(members.get(call_sid), "member of the queue")


@handles(operations.QUEUES_LIST, limits=PAGE_LIMITS)
def list_queues(call: Call, request: models.QueuesListRequest) -> models.QueueList:
    queues = [_told(call, waiting) for waiting in call.area(Telephony).queues]
    return listing(call, models.QueueList, "queues", queues, request.page, request.page_size)


@handles(operations.QUEUES_CREATE, status=201, limits=_LIMITS)
def create_queue(call: Call, request: models.QueuesCreateRequest) -> models.Queue:
    fits(_NAME, request.friendly_name, "friendly_name", "support_line")
    _check_name(call, request.friendly_name, None)
    sid, now = new_sid(), seconds(call.now)
    waiting = Waiting(
        models.Queue(
            sid=sid,
            account_sid=call.world.project,
            friendly_name=request.friendly_name,
            max_size=request.max_size,
            date_created=now,
            date_updated=now,
            api_version=API_VERSION,
            uri=uri_of(call.world, "Queues", sid),
        )
    )
    call.area(Telephony).queues.put(sid, waiting)
    return _told(call, waiting)


def _check_name(call: Call, friendly_name: str, own: str | None) -> None:
    for waiting in call.area(Telephony).queues:
        if waiting.queue.friendly_name == friendly_name and waiting.queue.sid != own:
            raise refused("friendly_name is another queue's", code=codes.INVALID_FRIENDLY_NAME)


@handles(operations.QUEUES_GET)
def get_queue(call: Call, request: models.QueuesGetRequest) -> models.Queue:
    return _told(call, _queue(call, request.sid))


@handles(operations.QUEUES_UPDATE, limits=_LIMITS)
def update_queue(call: Call, request: models.QueuesUpdateRequest) -> models.Queue:
    waiting = _queue(call, request.sid)
    fits(_NAME, request.friendly_name, "friendly_name", "support_line")
    _check_name(call, request.friendly_name, request.sid)
    waiting.queue = evolve(
        waiting.queue,
        friendly_name=request.friendly_name,
        max_size=request.max_size or waiting.queue.max_size,
        date_updated=seconds(call.now),
    )
    return _told(call, waiting)


@handles(operations.QUEUES_DELETE)
def delete_queue(call: Call, request: models.QueuesDeleteRequest) -> None:
    if _queue(call, request.sid).since:
        raise refused("the queue is not empty", code=codes.STILL_IN_PROGRESS)
    call.area(Telephony).queues.take(request.sid)


@handles(operations.QUEUES_LIST_MEMBERS, limits=PAGE_LIMITS)
def list_members(call: Call, request: models.QueuesListMembersRequest) -> models.QueueMemberList:
    members = _members(call, _queue(call, request.queue_sid))
    return listing(call, models.QueueMemberList, "queue_members", members, request.page, request.page_size)


@handles(operations.QUEUES_GET_MEMBER)
def get_member(call: Call, request: models.QueuesGetMemberRequest) -> models.QueueMember:
    return _member(call, _queue(call, request.queue_sid), request.call_sid)


@handles(operations.QUEUES_DEQUEUE_MEMBER)
def dequeue_member(call: Call, request: models.QueuesDequeueMemberRequest) -> models.QueueMember:
    waiting = _queue(call, request.queue_sid)
    member = _member(call, waiting, request.call_sid)
    waiting.since.pop(member.call_sid or "")
    return member
