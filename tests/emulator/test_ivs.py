"""Channels, their streams, and what they refer to, through the public client."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

import roomtone
from emulator.given import FINGERPRINT, KEY, OTHER_KEY, refused
from roomtone import errors
from roomtone.emulator import Emulator
from roomtone.ivs import (
    BatchStartViewerSessionRevocationViewerSession,
    ChannelNotBroadcasting,
    ConflictException,
    DestinationConfiguration,
    MediaTailorPlaybackConfiguration,
    MultitrackInputConfiguration,
    PostRollConfiguration,
    RenditionConfiguration,
    ResourceNotFoundException,
    S3DestinationConfiguration,
    ServiceQuotaExceededException,
    StreamFilters,
    ThumbnailConfiguration,
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

    for change in (live.ivs.update_channel(arn=arn, name="x"), live.ivs.delete_channel(arn=arn)):
        await refused(change, ConflictException)
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


BUCKET = DestinationConfiguration(s3=S3DestinationConfiguration(bucket_name="takes"))
ADS = [
    MediaTailorPlaybackConfiguration(
        playback_configuration_arn="arn:aws:mediatailor:eu-central-1:123456789012:playbackConfiguration/spots"
    )
]


async def recording(live: roomtone.Client) -> str:
    made = await live.ivs.create_recording_configuration(destination_configuration=BUCKET)
    return made.recording_configuration.arn


async def test_what_a_channel_refers_to_must_be_there_and_stays(live: roomtone.Client) -> None:
    """A channel refers to what exists; that cannot be deleted before the channel lets go of it by an empty ARN."""
    ivs = live.ivs
    references = {
        "recording_configuration_arn": await recording(live),
        "playback_restriction_policy_arn": (
            await ivs.create_playback_restriction_policy()
        ).playback_restriction_policy.arn,
        "ad_configuration_arn": (
            await ivs.create_ad_configuration(media_tailor_playback_configurations=ADS)
        ).ad_configuration.arn,
        "failover_slate_configuration_arn": (
            await ivs.create_failover_slate_configuration()
        ).failover_slate_configuration.arn,
    }
    channel = (await ivs.create_channel(**references)).channel
    other = (await ivs.create_channel()).channel
    deletions = {
        "recording_configuration_arn": ivs.delete_recording_configuration,
        "playback_restriction_policy_arn": ivs.delete_playback_restriction_policy,
        "ad_configuration_arn": ivs.delete_ad_configuration,
        "failover_slate_configuration_arn": ivs.delete_failover_slate_configuration,
    }
    for name, arn in references.items():
        assert getattr(channel, name) == arn
        found = await ivs.list_channels(**{f"filter_by_{name}": arn})
        assert [one.arn for one in found.channels] == [channel.arn]
        await refused(deletions[name](arn=arn), ConflictException, name)
        await refused(ivs.update_channel(arn=other.arn, **{name: f"{arn}x"}), ResourceNotFoundException)
        freed = (await ivs.update_channel(arn=channel.arn, **{name: ""})).channel
        assert getattr(freed, name) == ""
        await deletions[name](arn=arn)
        await refused(deletions[name](arn=arn), ResourceNotFoundException)
    await refused(
        ivs.list_channels(filter_by_name="a", filter_by_recording_configuration_arn="b"), ConflictException, "filters"
    )


async def test_settings_of_a_channel_that_exclude_one_another(live: roomtone.Client) -> None:
    """Presets are for advanced types, multitrack input is for standard ones in fragmented MP4."""
    create = live.ivs.create_channel
    advanced = (await create(type="ADVANCED_HD")).channel
    assert advanced.preset == "HIGHER_BANDWIDTH_DELIVERY"
    assert (await live.ivs.update_channel(arn=advanced.arn, type="BASIC")).channel.preset == ""
    await refused(create(preset="CONSTRAINED_BANDWIDTH_DELIVERY"), ValidationException, "preset")
    whole = MultitrackInputConfiguration(enabled=True, policy="ALLOW", maximum_resolution="HD")
    made = await create(multitrack_input_configuration=whole, container_format="FRAGMENTED_MP4")
    assert made.channel.multitrack_input_configuration == whole
    await refused(create(multitrack_input_configuration=whole), ValidationException, "container_format")
    await refused(
        create(type="BASIC", multitrack_input_configuration=whole, container_format="FRAGMENTED_MP4"),
        ValidationException,
        "STANDARD",
    )
    half = MultitrackInputConfiguration(enabled=True)
    await refused(create(multitrack_input_configuration=half), ValidationException, "maximum_resolution")
    await refused(create(name="front row"), ValidationException, "name")
    # What was refused has left nothing behind.
    assert len((await live.ivs.list_channels()).channels) == 2


async def test_other_regions_are_not_seen(live: roomtone.Client) -> None:
    """An ARN of another region leads nowhere, in a batch too."""
    arn = await channel_arn(live)
    elsewhere = live.ivs.with_options(region="us-west-2")
    await refused(elsewhere.get_channel(arn=arn), ResourceNotFoundException)
    await refused(elsewhere.list_tags_for_resource(resource_arn=arn), ResourceNotFoundException)
    batch = await elsewhere.batch_get_channel(arns=[arn])
    assert (batch.channels, [one.arn for one in batch.errors or ()]) == ([], [arn])


async def test_stream_keys_in_a_batch(live: roomtone.Client) -> None:
    """Keys that are there are answered whole, the others are named with their error."""
    keys = [(await live.ivs.create_channel()).stream_key for _ in range(2)]
    await live.ivs.delete_stream_key(arn=keys[0].arn)
    batch = await live.ivs.batch_get_stream_key(arns=[key.arn for key in keys])
    assert batch.stream_keys == [keys[1]]
    assert [(one.arn, one.code) for one in batch.errors or ()] == [(keys[0].arn, "ResourceNotFoundException")]


async def test_recording_configurations(live: roomtone.Client, emulator: Emulator) -> None:
    """One is being created at first and active afterwards, its defaults as documented; its streams are recorded."""
    ivs = live.ivs
    made = (
        await ivs.create_recording_configuration(destination_configuration=BUCKET, name="takes")
    ).recording_configuration
    assert made.state == "CREATING"
    found = (await ivs.get_recording_configuration(arn=made.arn)).recording_configuration
    assert found.state == "ACTIVE"
    assert found.thumbnail_configuration is not None
    assert found.thumbnail_configuration.target_interval_seconds == 60
    assert found.rendition_configuration is not None
    assert found.rendition_configuration.rendition_selection == "ALL"

    arn = (await ivs.create_channel(recording_configuration_arn=made.arn)).channel.arn
    emulator.ivs.go_live(arn)
    emulator.ivs.go_offline(arn)
    session = (await ivs.get_stream_session(channel_arn=arn)).stream_session
    assert session.recording_configuration == found
    names = [event.name for event in session.truncated_events or ()]
    assert names == [
        "Recording End",
        "Session Ended",
        "Stream End",
        "Recording Start",
        "Stream Start",
        "Session Created",
    ]

    emulator.ivs.fail_creation(made.arn)
    listed = [one async for one in ivs.iter_recording_configurations()]
    assert [(one.name, one.state) for one in listed] == [("takes", "CREATE_FAILED")]
    emulator.ivs.go_live(arn)
    failed = (await ivs.list_stream_sessions(channel_arn=arn)).stream_sessions
    assert [one.has_error_event for one in failed] == [True, False]


async def test_recording_configurations_that_do_not_fit(live: roomtone.Client) -> None:
    create = live.ivs.create_recording_configuration
    await refused(create(destination_configuration=DestinationConfiguration()), ValidationException, "s3")
    custom = RenditionConfiguration(rendition_selection="CUSTOM")
    await refused(
        create(destination_configuration=BUCKET, rendition_configuration=custom), ValidationException, "renditions"
    )
    rarely = ThumbnailConfiguration(target_interval_seconds=61)
    await refused(
        create(destination_configuration=BUCKET, thumbnail_configuration=rarely), ValidationException, "1 to 60"
    )
    never = ThumbnailConfiguration(recording_mode="DISABLED")
    made = await create(destination_configuration=BUCKET, thumbnail_configuration=never)
    assert made.recording_configuration.thumbnail_configuration == never


async def test_playback_key_pairs(live: roomtone.Client) -> None:
    """A public key is imported once; its fingerprint is that of OpenSSL."""
    ivs = live.ivs
    pair = (await ivs.import_playback_key_pair(public_key_material=KEY, name="k")).key_pair
    assert pair.fingerprint == FINGERPRINT
    assert pair.arn.split(":")[-1].startswith("playback-key/")
    await refused(ivs.import_playback_key_pair(public_key_material=KEY), ConflictException)
    for wrong in ("pem", KEY.replace("MHYw", "MHY"), KEY.replace("PUBLIC", "PRIVATE")):
        await refused(ivs.import_playback_key_pair(public_key_material=wrong), ValidationException, "PEM")
    other = (await ivs.import_playback_key_pair(public_key_material=OTHER_KEY)).key_pair
    assert [one.arn async for one in ivs.iter_playback_key_pairs(max_results=1)] == [pair.arn, other.arn]
    assert (await ivs.get_playback_key_pair(arn=pair.arn)).key_pair == pair
    await ivs.delete_playback_key_pair(arn=pair.arn)
    await refused(ivs.get_playback_key_pair(arn=pair.arn), ResourceNotFoundException)
    await ivs.import_playback_key_pair(public_key_material=KEY)


async def test_playback_restriction_policies(live: roomtone.Client) -> None:
    """A policy allows everything until it is told what to allow; an update changes what it names."""
    ivs = live.ivs
    made = (await ivs.create_playback_restriction_policy(name="home")).playback_restriction_policy
    assert (made.allowed_countries, made.allowed_origins, made.enable_strict_origin_enforcement) == ([], [], False)
    await ivs.update_playback_restriction_policy(arn=made.arn, allowed_countries=["DE", "FR"])
    changed = (await ivs.get_playback_restriction_policy(arn=made.arn)).playback_restriction_policy
    assert (changed.name, changed.allowed_countries) == ("home", ["DE", "FR"])
    await refused(
        ivs.update_playback_restriction_policy(arn=made.arn, allowed_countries=["DEU"]),
        ValidationException,
        r"allowed_countries\[0\]",
    )
    listed = [one async for one in ivs.iter_playback_restriction_policies()]
    assert [one.allowed_countries for one in listed] == [["DE", "FR"]]


async def test_viewer_sessions_are_revoked(live: roomtone.Client, emulator: Emulator) -> None:
    """Revocations are there for tests to see; in a batch, each that fails is named with its error."""
    arn = await channel_arn(live)
    revoke = live.ivs.start_viewer_session_revocation
    await revoke(channel_arn=arn, viewer_id="ana", viewer_session_versions_less_than_or_equal_to=3)
    await refused(revoke(channel_arn=f"{arn}x", viewer_id="ana"), ResourceNotFoundException)
    await refused(revoke(channel_arn=arn, viewer_id="x" * 41), ValidationException, "viewer_id")
    batch = await live.ivs.batch_start_viewer_session_revocation(
        viewer_sessions=[
            BatchStartViewerSessionRevocationViewerSession(channel_arn=channel, viewer_id="bo")
            for channel in (f"{arn}x", arn)
        ]
    )
    assert [(one.channel_arn, one.viewer_id, one.code) for one in batch.errors or ()] == [
        (f"{arn}x", "bo", "ResourceNotFoundException")
    ]
    seen = [(one.viewer_id, one.viewer_session_versions_less_than_or_equal_to) for one in emulator.ivs.revocations(arn)]
    assert seen == [("ana", 3), ("bo", None)]


async def test_metadata_are_kept(live: roomtone.Client, emulator: Emulator) -> None:
    """What was put into the streams of a channel can be looked at; more than a kilobyte is refused."""
    arn = await channel_arn(live)
    for text in ("goal!", "ü" * 512):
        emulator.ivs.go_live(arn)
        await live.ivs.put_metadata(channel_arn=arn, metadata=text)
        await refused(live.ivs.put_metadata(channel_arn=arn, metadata="ü" * 513), ValidationException, "1024 bytes")
        emulator.ivs.go_offline(arn)
    assert emulator.ivs.metadata(arn) == ["goal!", "ü" * 512]


async def test_health_and_viewers_on_command(live: roomtone.Client, emulator: Emulator) -> None:
    """Starvation has its two events; a limit's breach marks the session as one with an error."""
    arn = await channel_arn(live)
    with pytest.raises(ChannelNotBroadcasting):
        emulator.ivs.set_health(arn, "STARVING")
    with pytest.raises(ResourceNotFoundException):
        emulator.ivs.add_event(arn, "Ingest Bitrate", "IVS Limit Breach")
    emulator.ivs.go_live(arn)
    for health in ("STARVING", "STARVING", "HEALTHY", "UNKNOWN"):
        emulator.ivs.set_health(arn, health)
    emulator.ivs.set_viewer_count(arn, -1)
    stream = (await live.ivs.get_stream(channel_arn=arn)).stream
    assert (stream.health, stream.viewer_count) == ("UNKNOWN", -1)
    assert not (await live.ivs.list_stream_sessions(channel_arn=arn)).stream_sessions[0].has_error_event
    emulator.ivs.add_event(arn, "Ingest Bitrate", "IVS Limit Breach", code="High")
    events = (await live.ivs.get_stream_session(channel_arn=arn)).stream_session.truncated_events or []
    assert [(event.name, event.type, event.code) for event in events[:3]] == [
        ("Ingest Bitrate", "IVS Limit Breach", "High"),
        ("Starvation End", "IVS Stream Health Change", None),
        ("Starvation Start", "IVS Stream Health Change", None),
    ]
    assert (await live.ivs.list_stream_sessions(channel_arn=arn)).stream_sessions[0].has_error_event
    for number in range(500):
        emulator.ivs.add_event(arn, f"event {number}", "IVS Stream State Change")
    events = (await live.ivs.get_stream_session(channel_arn=arn)).stream_session.truncated_events or []
    assert (len(events), events[0].name, events[-1].name) == (500, "event 499", "event 0")


async def test_ad_breaks(live: roomtone.Client, emulator: Emulator) -> None:
    """An ad break wants a stream, and an ad configuration that the channel had when it went on air."""
    ivs = live.ivs
    made = (await ivs.create_ad_configuration(media_tailor_playback_configurations=ADS, name="spots")).ad_configuration
    assert made.post_roll_configuration == PostRollConfiguration(duration_seconds=15, enabled=False)
    roll = PostRollConfiguration(duration_seconds=20, enabled=True)
    changed = (await ivs.update_ad_configuration(arn=made.arn, post_roll_configuration=roll)).ad_configuration
    assert (changed.name, changed.post_roll_configuration) == ("spots", roll)
    assert (await ivs.get_ad_configuration(arn=made.arn)).ad_configuration == changed
    assert [one.post_roll_configuration async for one in ivs.iter_ad_configurations()] == [roll]
    await refused(
        ivs.create_ad_configuration(media_tailor_playback_configurations=[]), ValidationException, "1 to 3 items"
    )

    bare = await channel_arn(live)
    emulator.ivs.go_live(bare)
    await refused(ivs.insert_ad_break(channel_arn=bare, duration_seconds=30), ConflictException, "ad configuration")
    arn = (await ivs.create_channel(ad_configuration_arn=made.arn)).channel.arn
    await refused(ivs.insert_ad_break(channel_arn=arn, duration_seconds=30), ChannelNotBroadcasting)
    emulator.ivs.go_live(arn)
    first = await ivs.insert_ad_break(channel_arn=arn, duration_seconds=30)
    second = await ivs.insert_ad_break(
        channel_arn=arn,
        duration_seconds=30,
        ad_break_id="halfTime0001",
        target_start_at=datetime(2030, 1, 1, tzinfo=timezone.utc),
    )
    await refused(
        ivs.insert_ad_break(channel_arn=arn, duration_seconds=30, ad_break_id="halfTime0001"), ConflictException, "id"
    )
    assert (second.ad_break_id, second.target_start_at) == ("halfTime0001", datetime(2030, 1, 1, tzinfo=timezone.utc))
    assert emulator.ivs.ad_breaks(arn) == [first, second]


async def test_failover_slates(live: roomtone.Client, emulator: Emulator) -> None:
    """A slate is being created and updated at first; a session keeps the one it began with."""
    ivs = live.ivs
    made = (await ivs.create_failover_slate_configuration(name="slate")).failover_slate_configuration
    seconds = (made.activation_threshold_seconds, made.min_slate_display_seconds, made.max_slate_display_seconds)
    assert (made.state, seconds) == ("CREATING", (3, 3, 60))
    found = (await ivs.get_failover_slate_configuration(arn=made.arn)).failover_slate_configuration
    assert found.state == "CREATED"
    arn = (await ivs.create_channel(failover_slate_configuration_arn=made.arn)).channel.arn
    emulator.ivs.go_live(arn)
    update = ivs.update_failover_slate_configuration
    changed = (await update(arn=made.arn, max_slate_display_seconds=90)).failover_slate_configuration
    assert (changed.state, changed.max_slate_display_seconds) == ("UPDATING", 90)
    listed = [one async for one in ivs.iter_failover_slate_configurations()]
    assert [(one.state, one.max_slate_display_seconds) for one in listed] == [("CREATED", 90)]
    session = (await ivs.get_stream_session(channel_arn=arn)).stream_session
    assert session.failover_slate_configuration == found
    await refused(update(arn=made.arn, activation_threshold_seconds=6), ValidationException, "3 to 5")
    emulator.ivs.fail_creation(made.arn)
    await refused(update(arn=made.arn, name="x"), ConflictException)


async def test_tags_of_every_resource(live: roomtone.Client) -> None:
    """Tags given at creation, added and taken away are the same wherever they are looked at."""
    ivs, tags = live.ivs, {"team": "blue"}
    channel = await ivs.create_channel(tags=tags)
    recorded = await ivs.create_recording_configuration(destination_configuration=BUCKET, tags=tags)
    arns = [
        channel.channel.arn,
        channel.stream_key.arn,
        recorded.recording_configuration.arn,
        (await ivs.import_playback_key_pair(public_key_material=KEY, tags=tags)).key_pair.arn,
        (await ivs.create_playback_restriction_policy(tags=tags)).playback_restriction_policy.arn,
        (await ivs.create_ad_configuration(media_tailor_playback_configurations=ADS, tags=tags)).ad_configuration.arn,
        (await ivs.create_failover_slate_configuration(tags=tags)).failover_slate_configuration.arn,
    ]
    for arn in arns:
        await ivs.tag_resource(resource_arn=arn, tags={"tier": "gold", "a/b": ""})
        await ivs.untag_resource(resource_arn=arn, tag_keys=["team", "none"])
        assert (await ivs.list_tags_for_resource(resource_arn=arn)).tags == {"tier": "gold", "a/b": ""}
    assert (await ivs.get_channel(arn=arns[0])).channel.tags == {"tier": "gold", "a/b": ""}
    await ivs.tag_resource(resource_arn=arns[0], tags={f"key {number}": "" for number in range(48)})
    await refused(ivs.tag_resource(resource_arn=arns[0], tags={"more": ""}), ValidationException, "50")
    await refused(ivs.tag_resource(resource_arn=arns[1], tags={"aws:x": ""}), ValidationException, "reserved")
    await refused(ivs.create_channel(tags={"k": "x" * 257}), ValidationException, "256")
    await refused(ivs.tag_resource(resource_arn=f"{arns[0]}x", tags=tags), ResourceNotFoundException)
