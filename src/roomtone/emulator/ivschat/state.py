"""What the emulator remembers of IVS Chat: rooms, logging configurations, tokens, connections, messages, events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from attrs import define, field, frozen

from roomtone._core.operation import Operation
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.resources import Kind, Kinds, id_of
from roomtone.emulator.state import Shelf, random_id
from roomtone.ivschat import errors, models

__all__ = [
    "ARN",
    "LISTED",
    "NAME",
    "PAGE",
    "TAGS",
    "Chat",
    "ChatConnection",
    "ChatEvent",
    "ChatMessage",
    "Log",
    "Room",
    "Talk",
    "Ticket",
    "handles",
    "invalid",
    "missing",
]

handles: Handlers = Handlers()

PAGE = 50
ARN = (1, 128)
NAME = (0, 128)
TAGS = (0, 50)
LISTED = {"max_results": (1, PAGE), "next_token": (0, 1024)}

Room: TypeAlias = models.GetRoomResponse
"""The model has no shape for a room but this; nor has it for the next one."""

Log: TypeAlias = models.GetLoggingConfigurationResponse


def missing(noun: str, arn: str) -> Exception:
    return errors.ResourceNotFoundException(
        f"there is no such {noun}", resource_id=id_of(arn), resource_type=noun.replace(" ", "_").upper()
    )


def invalid(_: Operation[Any, Any], message: str) -> errors.ValidationException:
    """The error for a request that the model rejects; the message begins with the member it is about."""
    member, reason = (*message.split(" ", 1), "")[:2]
    return errors.ValidationException(
        message,
        reason="FIELD_VALIDATION_FAILED",
        field_list=[models.ValidationExceptionField(name=member, message=reason)],
    )


@frozen
class ChatEvent:
    """An event that a room's clients got.

    Attributes:
        id: Its id, as the operation that sent it answered.
        name: Its name; those of the service begin with `aws:`.
        attributes: What came with it.
        sent_at: When, in UTC.
    """

    id: str
    name: str
    attributes: Mapping[str, str]
    sent_at: datetime


@frozen
class ChatMessage:
    """A message that somebody sent to a room.

    Attributes:
        id: Its id, for DeleteMessage.
        user_id: Who sent it.
        content: Its text.
        attributes: What came with it.
        sent_at: When, in UTC.
    """

    id: str
    user_id: str = field(repr=False)
    content: str
    attributes: Mapping[str, str]
    sent_at: datetime


@frozen
class ChatConnection:
    """A user's connection to a room.

    Attributes:
        id: Its id, for `disconnect` and `send_message`.
        user_id: The user.
        capabilities: What the token allows beside reading.
        attributes: What the token brought along.
        expires_at: When the session ends by itself, in UTC.
    """

    id: str
    user_id: str = field(repr=False)
    capabilities: tuple[str, ...]
    attributes: Mapping[str, str] = field(repr=False)
    expires_at: datetime


@frozen
class Ticket:
    """What a chat token is good for: one connection to a room, made in time."""

    room_arn: str
    expires_at: datetime
    connection: ChatConnection


@define(eq=False)
class Talk:
    """What goes on in one room."""

    connections: Shelf[ChatConnection] = field(factory=Shelf)
    messages: Shelf[ChatMessage] = field(factory=Shelf)
    events: list[ChatEvent] = field(factory=list)

    def send(self, name: str, attributes: Mapping[str, str], now: datetime) -> str:
        """Sends an event to the room's clients and returns its id."""
        event = ChatEvent(random_id(12), name, dict(attributes), now)
        self.events.append(event)
        return event.id


@define(eq=False)
class Chat(Kinds):
    """Everything of all regions."""

    rooms: Kind[Room] = field(factory=lambda: Kind("room", missing))
    logs: Kind[Log] = field(factory=lambda: Kind("logging configuration", missing))
    talks: dict[str, Talk] = field(factory=dict)
    """What goes on in each room, by its ARN."""
    tickets: dict[str, Ticket] = field(factory=dict)
    """Chat tokens that were not used yet."""

    def talk(self, room_arn: str) -> Talk:
        """What goes on in a room. Raises ResourceNotFoundException."""
        return self.talks.setdefault(self.rooms.at(room_arn).arn, Talk())
