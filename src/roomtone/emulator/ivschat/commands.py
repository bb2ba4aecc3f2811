"""What the users of IVS Chat do, which no API does: they connect, talk and go; and what tests want to see of it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, evolve

from roomtone.emulator.ivschat.state import Chat, ChatConnection, ChatEvent, ChatMessage
from roomtone.emulator.state import World, random_id
from roomtone.ivschat import errors, models

__all__ = ["ChatCommands"]


@define(eq=False)
class ChatCommands:
    """What the users of IVS Chat do, which no API does, and what they see: connections, messages and events."""

    _world: World

    @property
    def _area(self) -> Chat:
        return self._world.area(Chat)

    def connect(self, token: str) -> ChatConnection:
        """Connects a user to a room.

        Args:
            token: What CreateChatToken answered. It is good for one connection, within its minute.

        Raises:
            AccessDeniedException: The token is unknown, was used, or has expired.
        """
        with self._world.lock:
            ticket = self._area.tickets.pop(token, None)
            if ticket is None or ticket.expires_at <= self._world.clock():
                raise errors.AccessDeniedException("the chat token is unknown, was used or has expired")
            self._area.talk(ticket.room_arn).connections.put(ticket.connection.id, ticket.connection)
            return ticket.connection

    def disconnect(self, room_arn: str, connection_id: str) -> None:
        """Ends a connection; one that is no more stays so.

        Raises:
            ResourceNotFoundException: There is no such room.
        """
        with self._world.lock:
            self._area.talk(room_arn).connections.take(connection_id)

    def connections(self, room_arn: str) -> list[ChatConnection]:
        """The connections to a room, in the order they were made; those whose session has expired are gone.

        Raises:
            ResourceNotFoundException: There is no such room.
        """
        with self._world.lock:
            now = self._world.clock()
            return [one for one in self._area.talk(room_arn).connections if one.expires_at > now]

    def send_message(
        self, room_arn: str, connection_id: str, content: str, *, attributes: Mapping[str, str] | None = None
    ) -> str:
        """Sends a message to a room and returns its id.

        Args:
            room_arn: The ARN of a room.
            connection_id: The sender's connection to it.
            content: The text, at most as long as the room allows.
            attributes: What comes with it.

        Raises:
            ResourceNotFoundException: There is no such room.
            AccessDeniedException: There is no such connection, or its token does not allow to send messages.
            ValidationException: The text is empty or too long.
        """
        with self._world.lock:
            sender = next((one for one in self.connections(room_arn) if one.id == connection_id), None)
            if sender is None or "SEND_MESSAGE" not in sender.capabilities:
                raise errors.AccessDeniedException("there is no such connection, or it may not send messages")
            longest = self._area.rooms.at(room_arn).maximum_message_length or 0
            if not 0 < len(content) <= longest:
                raise errors.ValidationException(f"content must be 1 to {longest} characters long")
            message = ChatMessage(random_id(12), sender.user_id, content, dict(attributes or {}), self._world.clock())
            self._area.talk(room_arn).messages.put(message.id, message)
            return message.id

    def messages(self, room_arn: str) -> list[ChatMessage]:
        """The messages of a room in their order, without those that were deleted.

        Raises:
            ResourceNotFoundException: There is no such room.
        """
        with self._world.lock:
            return list(self._area.talk(room_arn).messages)

    def events(self, room_arn: str) -> list[ChatEvent]:
        """The events that a room's clients got, in their order.

        They are those of SendEvent, and `aws:DELETE_MESSAGE` and `aws:DISCONNECT_USER`.

        Raises:
            ResourceNotFoundException: There is no such room.
        """
        with self._world.lock:
            return list(self._area.talk(room_arn).events)

    def set_logging_state(self, logging_configuration_arn: str, state: models.LoggingConfigurationState) -> None:
        """Puts a logging configuration into a state, such as `CREATE_FAILED`.

        While it is `CREATING`, `UPDATING` or `DELETING`, an update or deletion of it is a conflict.

        Raises:
            ResourceNotFoundException: There is no such logging configuration.
        """
        with self._world.lock:
            logs = self._area.logs
            logs.put(evolve(logs.at(logging_configuration_arn), state=state))
