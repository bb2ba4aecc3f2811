"""What an application does in the rooms of IVS Chat: it lets users in and out, sends events, has messages deleted."""

from __future__ import annotations

from datetime import timedelta

from roomtone.emulator.ivs_members import at_most_one_kilobyte
from roomtone.emulator.ivschat.state import ARN, Chat, ChatConnection, Ticket, handles
from roomtone.emulator.state import Call, random_id
from roomtone.ivschat import models, operations

__all__: list[str] = []

TOKEN_LIFETIME = timedelta(minutes=1)
SESSION_MINUTES = 60

_REASON = (1, 256)
_USER = (1, 128)


@handles(
    operations.CREATE_CHAT_TOKEN,
    limits={"room_identifier": ARN, "user_id": _USER, "session_duration_in_minutes": (1, 180)},
)
def create_chat_token(call: Call, request: models.CreateChatTokenRequest) -> models.CreateChatTokenResponse:
    area = call.area(Chat)
    room = area.rooms.of(call, request.room_identifier)
    session_end = call.now + timedelta(minutes=request.session_duration_in_minutes or SESSION_MINUTES)
    connection = ChatConnection(
        id=random_id(12),
        user_id=request.user_id,
        capabilities=tuple(request.capabilities or ()),
        attributes=at_most_one_kilobyte(request.attributes) or {},
        expires_at=session_end,
    )
    token = random_id(160)
    area.tickets[token] = Ticket(room.arn, call.now + TOKEN_LIFETIME, connection)
    return models.CreateChatTokenResponse(
        token=token, token_expiration_time=call.now + TOKEN_LIFETIME, session_expiration_time=session_end
    )


@handles(operations.SEND_EVENT, limits={"room_identifier": ARN, "event_name": (1, 100)})
def send_event(call: Call, request: models.SendEventRequest) -> models.SendEventResponse:
    area = call.area(Chat)
    talk = area.talk(area.rooms.of(call, request.room_identifier).arn)
    attributes = at_most_one_kilobyte(request.attributes) or {}
    return models.SendEventResponse(id=talk.send(request.event_name, attributes, call.now))


@handles(operations.DELETE_MESSAGE, limits={"room_identifier": ARN, "id": (12, 12), "reason": _REASON})
def delete_message(call: Call, request: models.DeleteMessageRequest) -> models.DeleteMessageResponse:
    area = call.area(Chat)
    talk = area.talk(area.rooms.of(call, request.room_identifier).arn)
    # The service does not know the messages of a room: it tells the clients, whatever the id.
    talk.messages.take(request.id)
    told = {"MessageID": request.id, **_because(request.reason)}
    return models.DeleteMessageResponse(id=talk.send("aws:DELETE_MESSAGE", told, call.now))


@handles(operations.DISCONNECT_USER, limits={"room_identifier": ARN, "user_id": _USER, "reason": _REASON})
def disconnect_user(call: Call, request: models.DisconnectUserRequest) -> models.DisconnectUserResponse:
    area = call.area(Chat)
    talk = area.talk(area.rooms.of(call, request.room_identifier).arn)
    for connection in [one for one in talk.connections if one.user_id == request.user_id]:
        talk.connections.take(connection.id)
    talk.send("aws:DISCONNECT_USER", {"UserId": request.user_id, **_because(request.reason)}, call.now)
    return models.DisconnectUserResponse()


def _because(reason: str | None) -> dict[str, str]:
    return {"Reason": reason} if reason else {}
