"""Channels, stream keys and stream sessions, through the public client."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

import roomtone
from roomtone import errors
from roomtone.emulator import Emulator
from roomtone.ivs import (
    ChannelNotBroadcasting,
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    StreamFilters,
    ValidationException,
)

pytestmark = pytest.mark.anyio


async def channel_arn(live: roomtone.Client, name: str = "front-row") -> str:
    return (await live.ivs.create_channel(name=name)).channel.arn


async def test_a_channel_is_made_found_changed_and_gone(live: roomtone.Client) -> None:
    """A channel is there from its creation to its deletion, its defaults as the service's; its key goes with it."""
    made = await live.ivs.create_channel(name="front-row", type="BASIC", tags={"team": "blue"})
    channel, key = made.channel, made.stream_key
    assert (channel.latency_mode, channel.type, channel.authorized) == ("LOW", "BASIC", False)
    assert channel.tags == {"team": "blue"}
    assert channel.playback_url is not None
    assert channel.playback_url.endswith(".m3u8")
    assert key.channel_arn == channel.arn
    assert key.value is not None
    assert key.value.startswith("sk_eu-central-1_")
    assert (await live.ivs.get_channel(arn=channel.arn)).channel == channel

    changed = (await live.ivs.update_channel(arn=channel.arn, name="back-row", authorized=True)).channel
    assert (changed.name, changed.authorized, changed.type) == ("back-row", True, "BASIC")
    await live.ivs.delete_channel(arn=channel.arn)
    for gone in (
        live.ivs.get_channel(arn=channel.arn),
        live.ivs.delete_channel(arn=channel.arn),
        live.ivs.get_stream_key(arn=key.arn),
        live.ivs.get_stream(channel_arn=channel.arn),
    ):
        with pytest.raises(ResourceNotFoundException) as caught:
            await gone
        assert isinstance(caught.value, errors.NotFoundError)
        assert caught.value.message


async def test_channels_in_pages_by_name_and_region(live: roomtone.Client) -> None:
    """Lists go in pages, are filtered by name, and hold the channels of the call's region."""
    arns = [await channel_arn(live, f"channel-{number}") for number in range(3)]
    assert [one.arn async for one in live.ivs.iter_channels(max_results=2)] == arns
    assert [one.arn for one in (await live.ivs.list_channels(filter_by_name="channel-1")).channels] == [arns[1]]
    elsewhere = live.ivs.with_options(region="us-west-2")
    assert (await elsewhere.list_channels()).channels == []
    made = (await elsewhere.create_channel()).channel
    assert made.arn.split(":")[3] == "us-west-2"

    batch = await live.ivs.batch_get_channel(arns=[arns[0], f"{arns[0]}x", arns[2]])
    assert [one.arn for one in batch.channels or ()] == [arns[0], arns[2]]
    assert [(one.arn, one.code) for one in batch.errors or ()] == [(f"{arns[0]}x", "ResourceNotFoundException")]


async def test_on_air_and_off(live: roomtone.Client, emulator: Emulator) -> None:
    """A channel on air has a stream and a session; off air, the stream is no more and the session has its end."""
    arn = await channel_arn(live)
    with pytest.raises(ChannelNotBroadcasting) as caught:
        await live.ivs.get_stream(channel_arn=arn)
    assert isinstance(caught.value, errors.NotFoundError)
    with pytest.raises(ResourceNotFoundException):
        await live.ivs.get_stream_session(channel_arn=arn)
    assert (await live.ivs.list_streams()).streams == []

    stream_id = emulator.ivs.go_live(arn, viewer_count=7)
    assert emulator.ivs.go_live(arn, health="STARVING", viewer_count=8) == stream_id
    stream = (await live.ivs.get_stream(channel_arn=arn)).stream
    assert (stream.stream_id, stream.state, stream.health, stream.viewer_count) == (stream_id, "LIVE", "STARVING", 8)
    assert [one.stream_id for one in (await live.ivs.list_streams()).streams] == [stream_id]
    assert (await live.ivs.list_streams(filter_by=StreamFilters(health="HEALTHY"))).streams == []
    await live.ivs.put_metadata(channel_arn=arn, metadata="goal!")

    session = (await live.ivs.get_stream_session(channel_arn=arn)).stream_session
    assert session.stream_id == stream_id
    assert session.end_time is None
    assert session.channel == (await live.ivs.get_channel(arn=arn)).channel
    names = [event.name for event in session.truncated_events or ()]
    assert names == ["Starvation Start", "Stream Start", "Session Created"]

    for refused in (live.ivs.update_channel(arn=arn, name="x"), live.ivs.delete_channel(arn=arn)):
        with pytest.raises(ConflictException):
            await refused
    emulator.ivs.go_offline(arn)
    emulator.ivs.go_offline(arn)
    ended = (await live.ivs.get_stream_session(channel_arn=arn, stream_id=stream_id)).stream_session
    assert ended.end_time is not None
    assert [event.name for event in ended.truncated_events or ()][:2] == ["Session Ended", "Stream End"]
    for off_air in (
        live.ivs.get_stream(channel_arn=arn),
        live.ivs.stop_stream(channel_arn=arn),
        live.ivs.put_metadata(channel_arn=arn, metadata="too late"),
    ):
        with pytest.raises(ChannelNotBroadcasting):
            await off_air


async def test_sessions_newest_first(live: roomtone.Client, emulator: Emulator) -> None:
    """Stream sessions are listed newest first, in pages; without an id the newest one is meant."""
    arn = await channel_arn(live)
    ids = []
    for _ in range(3):
        ids.append(emulator.ivs.go_live(arn))
        await live.ivs.stop_stream(channel_arn=arn)
    sessions = live.ivs.iter_stream_sessions(channel_arn=arn, max_results=2)
    assert [one.stream_id async for one in sessions] == ids[::-1]
    assert (await live.ivs.get_stream_session(channel_arn=arn)).stream_session.stream_id == ids[-1]
    with pytest.raises(ResourceNotFoundException):
        await live.ivs.get_stream_session(channel_arn=arn, stream_id="st-" + "x" * 23)


async def test_stream_keys(live: roomtone.Client) -> None:
    """A channel has one stream key; another is made once the first is deleted."""
    made = await live.ivs.create_channel()
    arn, key = made.channel.arn, made.stream_key
    assert (await live.ivs.get_stream_key(arn=key.arn)).stream_key == key
    with pytest.raises(ServiceQuotaExceededException):
        await live.ivs.create_stream_key(channel_arn=arn)
    await live.ivs.delete_stream_key(arn=key.arn)
    other = (await live.ivs.create_stream_key(channel_arn=arn, tags={"a": "b"})).stream_key
    assert other.value != key.value
    listed = [one async for one in live.ivs.iter_stream_keys(channel_arn=arn)]
    assert [(one.arn, one.tags) for one in listed] == [(other.arn, {"a": "b"})]
    await live.ivs.create_channel()
    assert (await live.ivs.get_stream_key(arn=other.arn)).stream_key == other
    with pytest.raises(ResourceNotFoundException):
        await live.ivs.get_stream_key(arn=key.arn)


async def test_what_the_model_rejects(live: roomtone.Client) -> None:
    """Limits of the model are held with ValidationException; what a channel refers to must be known."""
    with pytest.raises(ValidationException, match="max_results"):
        await live.ivs.list_channels(max_results=0)
    with pytest.raises(ValidationException, match="next_token"):
        await live.ivs.list_channels(next_token="YWZ0ZXI6eA==")
    assert (await live.ivs.list_channels(next_token="")).channels == []
    with pytest.raises(ValidationException, match="stream_id"):
        await live.ivs.get_stream_session(channel_arn="arn", stream_id="short")
    with pytest.raises(ResourceNotFoundException, match="recording configuration"):
        await live.ivs.create_channel(
            recording_configuration_arn="arn:aws:ivs:eu-central-1:1:recording-configuration/x"
        )


async def test_time_is_the_emulators_clock(anyio_backend: str) -> None:
    """Every time that is answered comes from the clock the emulator was given."""
    import httpx

    now = datetime.now(timezone.utc).replace(microsecond=0)
    emulator = Emulator(clock=lambda: now)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(emulator)) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client) as live,
    ):
        arn = await channel_arn(live)
        emulator.ivs.go_live(arn)
        began, now = now, now + timedelta(minutes=4)
        emulator.ivs.go_offline(arn)
        session = (await live.ivs.get_stream_session(channel_arn=arn)).stream_session
    assert (session.start_time, session.end_time) == (began, now)
