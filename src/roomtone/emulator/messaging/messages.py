"""Channel messages: sent, read, changed; and what the processors of a channel flow make of them."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_messaging import errors, models, operations
from roomtone.emulator.chat_limits import ARN, MAX_RESULTS, METADATA, PAGE, TOKEN, check_choice
from roomtone.emulator.chats import Chat, Pending, new_id
from roomtone.emulator.messaging.base import (
    SUB_CHANNEL_ID,
    Visit,
    app_around,
    found,
    handles,
    once,
    visit,
)
from roomtone.emulator.state import Call

MAX_BYTES = {"STANDARD": 4096, "CONTROL": 30}

_CONTENT_LIMITS = {**SUB_CHANNEL_ID, "content": (1, None), "metadata": METADATA, "content_type": (0, 45)}


def _status(value: str) -> models.ChannelMessageStatusStructure:
    return models.ChannelMessageStatusStructure(value=value)


def _check_content(message_type: str | None, content: str, metadata: str | None) -> None:
    most = MAX_BYTES[message_type or "STANDARD"]
    if len(content.encode()) > most:
        raise Misfit(f"must be {most} bytes at most in a {message_type} message", "content")
    if message_type == "CONTROL" and metadata is not None:
        raise Misfit("is not for CONTROL messages", "metadata")


def _processors(here: Visit, message_type: str | None) -> int:
    """How many processors a message of this type goes through. CONTROL messages go past them."""
    flow = here.app.flows.get(here.chat.channel.channel_flow_arn or "")
    return len(flow.detail.processors or ()) if flow and message_type == "STANDARD" else 0


def _stored(here: Visit, message_id: str, sub_channel_id: str | None) -> models.ChannelMessage | None:
    """A message, if it is there and the caller gets to see it."""
    message = here.chat.messages.get(message_id)
    return message if message and message.sub_channel_id == sub_channel_id and here.reads(message) else None


def _changeable(here: Visit, message_id: str, sub_channel_id: str | None) -> models.ChannelMessage:
    """A message that has been sent and that no processor works on. Raises ForbiddenException."""
    message = found(_stored(here, message_id, sub_channel_id), "message in the channel")
    if message_id in here.chat.pending:
        raise errors.ForbiddenException("the message is still processed by the channel flow")
    return message


@handles(
    operations.SEND_CHANNEL_MESSAGE,
    status=201,
    limits={
        **_CONTENT_LIMITS,
        "client_request_token": TOKEN,
        "push_notification.title": (1, 50),
        "push_notification.body": (1, 150),
        "target": (1, 1),
        "target[].member_arn": ARN,
    },
)
def send_channel_message(call: Call, request: models.SendChannelMessageRequest) -> models.SendChannelMessageResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    sub_channel_id = here.part(request.sub_channel_id)
    if here.membership(sub_channel_id).detail.type == "HIDDEN":
        raise errors.ForbiddenException("hidden members cannot send messages")

    def make() -> models.SendChannelMessageResponse:
        message = _new_message(here, request)
        steps = _processors(here, request.type)
        if steps:
            message.status = _status("PENDING")
            here.chat.pending[message.message_id] = Pending(message, steps)
        if steps or message.persistence == "PERSISTENT":
            here.chat.messages.put(message.message_id, message)
        return models.SendChannelMessageResponse(
            channel_arn=here.chat.arn,
            message_id=message.message_id,
            status=message.status,
            sub_channel_id=sub_channel_id,
        )

    return once(here.chat.tokens, request.client_request_token, request, make)


def _new_message(here: Visit, request: models.SendChannelMessageRequest) -> models.ChannelMessage:
    check_choice(request.type, models.ChannelMessageType, "type")
    check_choice(request.persistence, models.ChannelMessagePersistenceType, "persistence")
    _check_content(request.type, request.content, request.metadata)
    for target in request.target or ():
        if not here.chat.memberships(target.member_arn or ""):
            raise Misfit("is no member of the channel", "target[0].member_arn")
    return models.ChannelMessage(
        channel_arn=here.chat.arn,
        message_id=new_id(),
        content=request.content,
        metadata=request.metadata,
        type=request.type,
        created_timestamp=here.now,
        last_updated_timestamp=here.now,
        sender=here.identity,
        redacted=False,
        persistence=request.persistence,
        status=_status("SENT"),
        message_attributes=dict(request.message_attributes) if request.message_attributes else None,
        sub_channel_id=request.sub_channel_id,
        content_type=request.content_type,
        target=list(request.target) if request.target else None,
    )


@handles(operations.GET_CHANNEL_MESSAGE, limits=SUB_CHANNEL_ID)
def get_channel_message(call: Call, request: models.GetChannelMessageRequest) -> models.GetChannelMessageResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    message = _stored(here, request.message_id, here.enter(request.sub_channel_id))
    if message is None:
        raise errors.NotFoundException("there is no such message in the channel")
    return models.GetChannelMessageResponse(channel_message=evolve(message, sender=here.renamed(message.sender)))


@handles(operations.LIST_CHANNEL_MESSAGES, limits={**MAX_RESULTS, **SUB_CHANNEL_ID})
def list_channel_messages(call: Call, request: models.ListChannelMessagesRequest) -> models.ListChannelMessagesResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    sub_channel_id = here.enter(request.sub_channel_id)
    check_choice(request.sort_order, models.SortOrder, "sort_order")

    def fits(message: models.ChannelMessage) -> bool:
        sent = message.created_timestamp
        return (
            sent is not None
            and message.sub_channel_id == sub_channel_id
            and message.persistence == "PERSISTENT"
            and (request.not_before is None or sent >= request.not_before)
            and (request.not_after is None or sent <= request.not_after)
            and here.reads(message)
        )

    page, token = here.chat.messages.page(
        request.next_token,
        request.max_results or PAGE,
        where=fits,
        newest_first=request.sort_order != "ASCENDING",
    )
    return models.ListChannelMessagesResponse(
        channel_arn=here.chat.arn,
        next_token=token,
        channel_messages=[_summary(here, message) for message in page],
        sub_channel_id=sub_channel_id,
    )


def _summary(here: Visit, message: models.ChannelMessage) -> models.ChannelMessageSummary:
    return models.ChannelMessageSummary(
        message_id=message.message_id,
        content=message.content,
        metadata=message.metadata,
        type=message.type,
        created_timestamp=message.created_timestamp,
        last_updated_timestamp=message.last_updated_timestamp,
        last_edited_timestamp=message.last_edited_timestamp,
        sender=here.renamed(message.sender),
        redacted=message.redacted,
        status=message.status,
        message_attributes=message.message_attributes,
        content_type=message.content_type,
        target=message.target,
    )


@handles(operations.UPDATE_CHANNEL_MESSAGE, limits=_CONTENT_LIMITS)
def update_channel_message(
    call: Call, request: models.UpdateChannelMessageRequest
) -> models.UpdateChannelMessageResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    sub_channel_id = here.part(request.sub_channel_id)
    here.membership(sub_channel_id)
    message = _changeable(here, request.message_id, sub_channel_id)
    if not here.wrote(message):
        raise errors.ForbiddenException("a message can only be changed by its sender")
    if message.redacted:
        raise errors.ConflictException("the message was redacted")
    _check_content(message.type, request.content, request.metadata)
    revised = evolve(
        message,
        content=request.content,
        metadata=message.metadata if request.metadata is None else request.metadata,
        content_type=message.content_type if request.content_type is None else request.content_type,
        last_edited_timestamp=call.now,
        last_updated_timestamp=call.now,
    )
    steps = _processors(here, message.type)
    if steps:
        here.chat.pending[message.message_id] = Pending(revised, steps)
    else:
        here.chat.messages.put(message.message_id, revised)
    return models.UpdateChannelMessageResponse(
        channel_arn=here.chat.arn,
        message_id=message.message_id,
        status=_status("PENDING" if steps else "SENT"),
        sub_channel_id=sub_channel_id,
    )


@handles(operations.REDACT_CHANNEL_MESSAGE, limits=SUB_CHANNEL_ID)
def redact_channel_message(
    call: Call, request: models.RedactChannelMessageRequest
) -> models.RedactChannelMessageResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    sub_channel_id = here.part(request.sub_channel_id)
    if not here.moderates:
        here.membership(sub_channel_id)
    message = _changeable(here, request.message_id, sub_channel_id)
    if not here.moderates and not here.wrote(message):
        raise errors.ForbiddenException("a message can only be redacted by its sender, a moderator or an administrator")
    redacted = evolve(message, content=None, metadata=None, redacted=True, last_updated_timestamp=call.now)
    here.chat.messages.put(message.message_id, redacted)
    return models.RedactChannelMessageResponse(
        channel_arn=here.chat.arn, message_id=message.message_id, sub_channel_id=sub_channel_id
    )


@handles(operations.DELETE_CHANNEL_MESSAGE, limits=SUB_CHANNEL_ID)
def delete_channel_message(call: Call, request: models.DeleteChannelMessageRequest) -> None:
    here = visit(call, request.channel_arn, request.chime_bearer)
    if not here.is_admin:
        raise errors.ForbiddenException("only an administrator can delete messages")
    # Administrators can delete targeted messages that they do not see.
    message = here.chat.messages.get(request.message_id)
    is_here = message is not None and message.sub_channel_id == here.part(request.sub_channel_id)
    found(message if is_here else None, "message in the channel")
    if request.message_id in here.chat.pending:
        raise errors.ForbiddenException("the message is still processed by the channel flow")
    here.chat.messages.take(request.message_id)


@handles(operations.GET_CHANNEL_MESSAGE_STATUS, limits=SUB_CHANNEL_ID)
def get_channel_message_status(
    call: Call, request: models.GetChannelMessageStatusRequest
) -> models.GetChannelMessageStatusResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    message = found(_stored(here, request.message_id, here.enter(request.sub_channel_id)), "message in the channel")
    if not here.wrote(message):
        raise errors.ForbiddenException("the status of a message is for its sender only")
    return models.GetChannelMessageStatusResponse(
        status=_status("PENDING" if message.message_id in here.chat.pending else "SENT")
    )


@handles(
    operations.CHANNEL_FLOW_CALLBACK,
    limits={
        "callback_id": (32, 64),
        "channel_message.message_id": (1, 128),
        "channel_message.content": (1, None),
        "channel_message.metadata": METADATA,
        "channel_message.content_type": (0, 45),
        "channel_message.sub_channel_id": (1, 128),
        "channel_message.push_notification.title": (1, 50),
        "channel_message.push_notification.body": (1, 150),
    },
)
def channel_flow_callback(call: Call, request: models.ChannelFlowCallbackRequest) -> models.ChannelFlowCallbackResponse:
    # No Lambda function is invoked here that would be told a callback id: any one does, and the message's id counts.
    if request.callback_id is None:
        raise Misfit("is required", "callback_id")
    chat = found(app_around(call, request.channel_arn, "channel").chats.get(request.channel_arn), "channel")

    def make() -> models.ChannelFlowCallbackResponse:
        _step(call, chat, request)
        return models.ChannelFlowCallbackResponse(channel_arn=chat.arn, callback_id=request.callback_id)

    return once(chat.tokens, request.callback_id, request, make)


def _step(call: Call, chat: Chat, request: models.ChannelFlowCallbackRequest) -> None:
    """One processor has done with a message."""
    told = request.channel_message
    pending = chat.pending.get(told.message_id)
    if pending is None:
        raise errors.ConflictException("no processor works on this message")
    given: dict[str, Any] = {
        "content": told.content,
        "metadata": told.metadata,
        "content_type": told.content_type,
        "message_attributes": dict(told.message_attributes) if told.message_attributes else None,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    pending.message = evolve(pending.message, **changes, last_updated_timestamp=call.now)
    pending.steps -= 1
    if request.delete_resource:
        _deny(chat, told.message_id)
    elif pending.steps == 0:
        _deliver(chat, evolve(pending.message, status=_status("SENT")))


def _deny(chat: Chat, message_id: str) -> None:
    """A new message is gone; of a changed one what was sent before stays."""
    chat.pending.pop(message_id)
    message = chat.messages.get(message_id)
    if message and message.status and message.status.value == "PENDING":
        chat.messages.take(message_id)


def _deliver(chat: Chat, message: models.ChannelMessage) -> None:
    chat.pending.pop(message.message_id)
    if message.persistence == "PERSISTENT":
        chat.messages.put(message.message_id, message)
    else:
        chat.messages.take(message.message_id)
