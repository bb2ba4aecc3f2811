"""Rooms, who is in them and what is said there, through the public client."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import httpx
import pytest

import roomtone
from emulator.given import refused
from roomtone.emulator import Emulator
from roomtone.ivschat import (
    AccessDeniedException,
    CloudWatchLogsDestinationConfiguration,
    ConflictException,
    DestinationConfiguration,
    MessageReviewHandler,
    ResourceNotFoundException,
    S3DestinationConfiguration,
    ValidationException,
    ValidationExceptionField,
)

pytestmark = pytest.mark.anyio

BUCKET = DestinationConfiguration(s3=S3DestinationConfiguration(bucket_name="minutes"))
REVIEW = "arn:aws:lambda:eu-central-1:123456789012:function:review"


async def room_arn(live: roomtone.Client, name: str = "foyer") -> str:
    return (await live.ivschat.create_room(name=name)).arn


async def log_arn(live: roomtone.Client) -> str:
    return (await live.ivschat.create_logging_configuration(destination_configuration=BUCKET)).arn


async def test_a_room_is_made_found_changed_and_gone(live: roomtone.Client) -> None:
    """A room is there from its creation to its deletion, its defaults as the service's."""
    chat = live.ivschat
    made = await chat.create_room(name="foyer", tags={"team": "blue"})
    assert made.arn == f"arn:aws:ivschat:eu-central-1:123456789012:room/{made.id}"
    assert (made.maximum_message_rate_per_second, made.maximum_message_length) == (10, 500)
    assert made.message_review_handler is None
    assert roomtone.to_wire(await chat.get_room(identifier=made.arn)) == roomtone.to_wire(made)

    handler = MessageReviewHandler(uri=REVIEW)
    changed = await chat.update_room(identifier=made.arn, maximum_message_length=20, message_review_handler=handler)
    assert (changed.name, changed.maximum_message_length) == ("foyer", 20)
    assert changed.message_review_handler == MessageReviewHandler(uri=REVIEW, fallback_result="ALLOW")
    freed = await chat.update_room(identifier=made.arn, message_review_handler=MessageReviewHandler(uri=""))
    assert freed.message_review_handler is None
    await chat.delete_room(identifier=made.arn)
    with pytest.raises(ResourceNotFoundException) as caught:
        await chat.get_room(identifier=made.arn)
    assert (caught.value.resource_id, caught.value.resource_type) == (made.id, "ROOM")


async def test_rooms_updated_last_come_first(live: roomtone.Client) -> None:
    """Rooms are listed by their last update, newest first, in pages and by filters."""
    chat = live.ivschat
    log = await log_arn(live)
    first = (await chat.create_room(name="one", logging_configuration_identifiers=[log])).arn
    second = (await chat.create_room(name="two", message_review_handler=MessageReviewHandler(uri=REVIEW))).arn
    third = await room_arn(live, "three")
    assert [one.arn async for one in chat.iter_rooms(max_results=2)] == [third, second, first]
    await chat.update_room(identifier=first, name="uno")
    assert [one.name async for one in chat.iter_rooms(max_results=1)] == ["uno", "three", "two"]
    assert [one.arn for one in (await chat.list_rooms(name="two")).rooms] == [second]
    assert [one.arn for one in (await chat.list_rooms(message_review_handler_uri=REVIEW)).rooms] == [second]
    assert [one.arn for one in (await chat.list_rooms(logging_configuration_identifier=log)).rooms] == [first]
    assert (await chat.with_options(region="us-west-2").list_rooms()).rooms == []


async def test_what_the_model_rejects(live: roomtone.Client) -> None:
    """The documented error names its reason and the member."""
    with pytest.raises(ValidationException) as caught:
        await live.ivschat.create_room(maximum_message_length=501)
    assert caught.value.reason == "FIELD_VALIDATION_FAILED"
    assert caught.value.field_list == [
        ValidationExceptionField(name="maximum_message_length", message="must be 1 to 500")
    ]
    await refused(live.ivschat.create_room(name="the foyer"), ValidationException, "name")
    await refused(live.ivschat.list_rooms(max_results=51), ValidationException, "max_results")


async def test_logging_configurations(live: roomtone.Client, emulator: Emulator) -> None:
    """It stays while a room logs to it, or while the service is busy with it."""
    chat = live.ivschat
    made = await chat.create_logging_configuration(name="minutes", destination_configuration=BUCKET)
    assert (made.state, made.destination_configuration) == ("ACTIVE", BUCKET)
    assert made.arn.endswith(f":logging-configuration/{made.id}")
    elsewhere = DestinationConfiguration(cloud_watch_logs=CloudWatchLogsDestinationConfiguration(log_group_name="chat"))
    update = chat.update_logging_configuration
    changed = await update(identifier=made.arn, destination_configuration=elsewhere)
    assert (changed.name, changed.destination_configuration) == ("minutes", elsewhere)
    room = (await chat.create_room(logging_configuration_identifiers=[made.arn])).arn
    await refused(chat.delete_logging_configuration(identifier=made.arn), ConflictException, "room")
    await chat.update_room(identifier=room, logging_configuration_identifiers=[])
    emulator.chat.set_logging_state(made.arn, "UPDATING")
    listed = [one async for one in chat.iter_logging_configurations(max_results=1)]
    assert [(one.name, one.state) for one in listed] == [("minutes", "UPDATING")]
    await refused(update(identifier=made.arn, name="x"), ConflictException, "UPDATING")
    await refused(chat.delete_logging_configuration(identifier=made.arn), ConflictException, "UPDATING")
    emulator.chat.set_logging_state(made.arn, "UPDATE_FAILED")
    assert (await chat.get_logging_configuration(identifier=made.arn)).state == "UPDATE_FAILED"
    await chat.delete_logging_configuration(identifier=made.arn)
    await refused(chat.get_logging_configuration(identifier=made.arn), ResourceNotFoundException)
    await refused(chat.create_room(logging_configuration_identifiers=[made.arn]), ResourceNotFoundException)


async def test_users_connect_and_talk(live: roomtone.Client, emulator: Emulator) -> None:
    """A token is good for one connection, with what it says; messages are there until they are deleted."""
    chat, arn = live.ivschat, await room_arn(live)
    await chat.update_room(identifier=arn, maximum_message_length=5)
    made = await chat.create_chat_token(
        room_identifier=arn, user_id="ana", capabilities=["SEND_MESSAGE"], attributes={"badge": "gold"}
    )
    ana = emulator.chat.connect(made.token or "")
    assert (ana.user_id, ana.capabilities, ana.attributes) == ("ana", ("SEND_MESSAGE",), {"badge": "gold"})
    with pytest.raises(AccessDeniedException):
        emulator.chat.connect(made.token or "")
    mute = emulator.chat.connect((await chat.create_chat_token(room_identifier=arn, user_id="bo")).token or "")
    assert [one.user_id for one in emulator.chat.connections(arn)] == ["ana", "bo"]
    with pytest.raises(AccessDeniedException):
        emulator.chat.send_message(arn, mute.id, "hi")
    with pytest.raises(ValidationException):
        emulator.chat.send_message(arn, ana.id, "hello!")
    first, second = (emulator.chat.send_message(arn, ana.id, text, attributes={"n": "1"}) for text in ("hi", "bye"))
    deleted = await chat.delete_message(room_identifier=arn, id=first, reason="spam")
    assert [(one.id, one.user_id, one.content) for one in emulator.chat.messages(arn)] == [(second, "ana", "bye")]
    (event,) = emulator.chat.events(arn)
    assert (event.id, event.name) == (deleted.id, "aws:DELETE_MESSAGE")
    assert event.attributes == {"MessageID": first, "Reason": "spam"}
    # The service does not keep messages, so it cannot miss one.
    await chat.delete_message(room_identifier=arn, id="nosuchmessag")

    create = chat.create_chat_token
    await refused(create(room_identifier=f"{arn}x", user_id="ana"), ResourceNotFoundException)
    await refused(create(room_identifier=arn, user_id="ana", session_duration_in_minutes=181), ValidationException)
    await refused(create(room_identifier=arn, user_id="a", attributes={"k": "x" * 1024}), ValidationException, "1024")
    await refused(chat.delete_message(room_identifier=arn, id="short"), ValidationException, "id")


async def test_users_are_put_out(live: roomtone.Client, emulator: Emulator) -> None:
    """DisconnectUser ends all connections of a user and tells the room; a user can go alone, too."""
    chat, arn = live.ivschat, await room_arn(live)
    connections = [
        emulator.chat.connect((await chat.create_chat_token(room_identifier=arn, user_id=user)).token or "")
        for user in ("ana", "bo", "ana", "cy")
    ]
    await chat.disconnect_user(room_identifier=arn, user_id="ana", reason="rude")
    emulator.chat.disconnect(arn, connections[3].id)
    emulator.chat.disconnect(arn, connections[3].id)
    assert [one.user_id for one in emulator.chat.connections(arn)] == ["bo"]
    await chat.disconnect_user(room_identifier=arn, user_id="nobody")
    assert [(one.name, one.attributes) for one in emulator.chat.events(arn)] == [
        ("aws:DISCONNECT_USER", {"UserId": "ana", "Reason": "rude"}),
        ("aws:DISCONNECT_USER", {"UserId": "nobody"}),
    ]
    await refused(chat.disconnect_user(room_identifier=f"{arn}x", user_id="ana"), ResourceNotFoundException)


async def test_events_are_seen(live: roomtone.Client, emulator: Emulator) -> None:
    """What an application sends to a room is there for tests to see, until the room is deleted."""
    chat, arn = live.ivschat, await room_arn(live)
    sent = await chat.send_event(room_identifier=arn, event_name="app:goal", attributes={"team": "blue"})
    (event,) = emulator.chat.events(arn)
    assert (event.id, event.name, event.attributes) == (sent.id, "app:goal", {"team": "blue"})
    await refused(
        chat.send_event(room_identifier=arn, event_name="e", attributes={"k": "x" * 1024}), ValidationException
    )
    token = (await chat.create_chat_token(room_identifier=arn, user_id="ana")).token or ""
    await chat.delete_room(identifier=arn)
    await refused(chat.send_event(room_identifier=arn, event_name="e"), ResourceNotFoundException)
    with pytest.raises(ResourceNotFoundException):
        emulator.chat.events(arn)
    with pytest.raises(AccessDeniedException):
        emulator.chat.connect(token)


async def test_tags(live: roomtone.Client) -> None:
    """Rooms and logging configurations have tags."""
    for arn in (await room_arn(live), await log_arn(live)):
        await live.ivschat.tag_resource(resource_arn=arn, tags={"team": "blue", "tier": "gold"})
        await live.ivschat.untag_resource(resource_arn=arn, tag_keys=["team"])
        assert (await live.ivschat.list_tags_for_resource(resource_arn=arn)).tags == {"tier": "gold"}
    await refused(
        live.ivschat.tag_resource(resource_arn=f"{arn}x", tags={"a": "b"}), ResourceNotFoundException, "resource"
    )


async def test_tokens_and_sessions_expire(anyio_backend: str) -> None:
    """A token is good for a minute, a session for as long as was asked; times are the emulator's clock's."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    emulator = Emulator(clock=lambda: now)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(emulator)) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client) as live,
    ):
        arn = await room_arn(live)
        create = live.ivschat.create_chat_token
        used, late = [await create(room_identifier=arn, user_id="ana", session_duration_in_minutes=3) for _ in range(2)]
        assert used.token_expiration_time == now + timedelta(minutes=1)
        assert used.session_expiration_time == now + timedelta(minutes=3)
        emulator.chat.connect(used.token or "")
        now += timedelta(minutes=1)
        with pytest.raises(AccessDeniedException):
            emulator.chat.connect(late.token or "")
        assert len(emulator.chat.connections(arn)) == 1
        now += timedelta(minutes=2)
        assert emulator.chat.connections(arn) == []
