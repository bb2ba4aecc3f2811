"""Rooms of IVS Chat."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from roomtone.emulator.ivs_members import name_of
from roomtone.emulator.ivschat.state import ARN, LISTED, NAME, PAGE, TAGS, Chat, Room, handles
from roomtone.emulator.resources import changes, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivschat import models, operations

__all__: list[str] = []

_LIMITS = {
    "name": NAME,
    "maximum_message_rate_per_second": (1, 100),
    "maximum_message_length": (1, 500),
    "message_review_handler.uri": (0, 170),
    "logging_configuration_identifiers": (0, 3),
    "logging_configuration_identifiers[]": ARN,
}


def _check_logs(call: Call, identifiers: Sequence[str] | None) -> None:
    for identifier in identifiers or ():
        call.area(Chat).logs.of(call, identifier)


def _reviewed(handler: models.MessageReviewHandler | None) -> models.MessageReviewHandler | None:
    """The review handler of a room; without a URI there is none."""
    if handler is None or not handler.uri:
        return None
    return evolve(handler, fallback_result=handler.fallback_result or "ALLOW")


@handles(operations.CREATE_ROOM, limits={**_LIMITS, "tags": TAGS})
def create_room(call: Call, request: models.CreateRoomRequest) -> models.CreateRoomResponse:
    _check_logs(call, request.logging_configuration_identifiers)
    room_id = random_id(12)
    room = Room(
        arn=call.arn("ivschat", f"room/{room_id}"),
        id=room_id,
        name=name_of(request.name),
        create_time=call.now,
        update_time=call.now,
        maximum_message_rate_per_second=request.maximum_message_rate_per_second or 10,
        maximum_message_length=request.maximum_message_length or 500,
        message_review_handler=_reviewed(request.message_review_handler),
        tags=tags_of(request.tags),
        logging_configuration_identifiers=list(request.logging_configuration_identifiers or ()),
    )
    return view(models.CreateRoomResponse, call.area(Chat).rooms.put(room))


@handles(operations.GET_ROOM, limits={"identifier": ARN})
def get_room(call: Call, request: models.GetRoomRequest) -> models.GetRoomResponse:
    return call.area(Chat).rooms.of(call, request.identifier)


@handles(
    operations.LIST_ROOMS,
    limits={
        "name": NAME,
        "message_review_handler_uri": (0, 170),
        "logging_configuration_identifier": ARN,
        **LISTED,
    },
)
def list_rooms(call: Call, request: models.ListRoomsRequest) -> models.ListRoomsResponse:
    def fits(room: Room) -> bool:
        handler = room.message_review_handler
        return (
            request.name in (None, room.name)
            and request.message_review_handler_uri in (None, handler.uri if handler else "")
            and request.logging_configuration_identifier in (None, *(room.logging_configuration_identifiers or ()))
        )

    # The room that was updated last comes first: an update puts it at the end of its shelf.
    page, token = call.area(Chat).rooms.page(
        call, request.next_token, request.max_results or PAGE, where=fits, newest_first=True
    )
    return models.ListRoomsResponse(rooms=[view(models.RoomSummary, room) for room in page], next_token=token)


@handles(operations.UPDATE_ROOM, limits={"identifier": ARN, **_LIMITS})
def update_room(call: Call, request: models.UpdateRoomRequest) -> models.UpdateRoomResponse:
    rooms = call.area(Chat).rooms
    room = rooms.of(call, request.identifier)
    name_of(request.name)
    _check_logs(call, request.logging_configuration_identifiers)
    changed = changes(request, but=("identifier",))
    if request.message_review_handler is not None:
        changed["message_review_handler"] = _reviewed(request.message_review_handler)
    rooms.take(call, room.arn)
    return view(models.UpdateRoomResponse, rooms.put(evolve(room, update_time=call.now, **changed)))


@handles(operations.DELETE_ROOM, limits={"identifier": ARN})
def delete_room(call: Call, request: models.DeleteRoomRequest) -> None:
    area = call.area(Chat)
    arn = area.rooms.take(call, request.identifier).arn
    area.talks.pop(arn, None)
    area.tickets = {token: ticket for token, ticket in area.tickets.items() if ticket.room_arn != arn}
