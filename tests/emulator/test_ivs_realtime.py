"""Stages, who is on them, and what is composed of them, through the public client."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone

import httpx
import pytest

import roomtone
from emulator.given import FINGERPRINT, KEY, OTHER_KEY, refused
from roomtone import errors
from roomtone.emulator import Emulator
from roomtone.ivs_realtime import (
    AccessDeniedException,
    AutoParticipantRecordingConfiguration,
    ChannelDestinationConfiguration,
    Composition,
    ConflictException,
    DestinationConfiguration,
    Event,
    GridConfiguration,
    LayoutConfiguration,
    Participant,
    ParticipantTokenConfiguration,
    PipConfiguration,
    ResourceNotFoundException,
    S3DestinationConfiguration,
    S3StorageConfiguration,
    ValidationException,
    Video,
)

pytestmark = pytest.mark.anyio

BUCKET = S3StorageConfiguration(bucket_name="takes")


async def stage_arn(live: roomtone.Client, name: str = "main") -> str:
    return (await live.ivs_realtime.create_stage(name=name)).stage.arn


async def encoder_arn(live: roomtone.Client) -> str:
    return (await live.ivs_realtime.create_encoder_configuration()).encoder_configuration.arn


async def storage_arn(live: roomtone.Client) -> str:
    return (await live.ivs_realtime.create_storage_configuration(s3=BUCKET)).storage_configuration.arn


async def session_id(live: roomtone.Client, arn: str) -> str:
    """The id of the session that is going on, or of the last."""
    return (await live.ivs_realtime.list_stage_sessions(stage_arn=arn)).stage_sessions[0].session_id or ""


async def participant(live: roomtone.Client, arn: str, participant_id: str) -> Participant:
    found = await live.ivs_realtime.get_participant(
        stage_arn=arn, session_id=await session_id(live, arn), participant_id=participant_id
    )
    return found.participant


async def events(live: roomtone.Client, arn: str, participant_id: str) -> list[Event]:
    listed = live.ivs_realtime.iter_participant_events(
        stage_arn=arn, session_id=await session_id(live, arn), participant_id=participant_id, max_results=2
    )
    return [event async for event in listed]


async def test_a_stage_is_made_found_changed_and_gone(live: roomtone.Client) -> None:
    """A stage is there from its creation to its deletion, with endpoints and without a session."""
    stage = (await live.ivs_realtime.create_stage(name="main", tags={"team": "blue"})).stage
    assert stage.arn.split(":")[-1].startswith("stage/")
    assert stage.active_session_id is None
    assert stage.endpoints is not None
    assert (stage.endpoints.whip or "").startswith("https://")
    assert (await live.ivs_realtime.get_stage(arn=stage.arn)).stage == stage
    other = await stage_arn(live, "side")
    assert [one.name async for one in live.ivs_realtime.iter_stages(max_results=1)] == ["main", "side"]
    changed = (await live.ivs_realtime.update_stage(arn=stage.arn, name="hall")).stage
    assert (changed.name, changed.tags) == ("hall", {"team": "blue"})
    await refused(live.ivs_realtime.update_stage(arn=stage.arn, name="the hall"), ValidationException, "name")
    await live.ivs_realtime.delete_stage(arn=stage.arn)
    await refused(live.ivs_realtime.get_stage(arn=stage.arn), ResourceNotFoundException)
    assert [one.arn for one in (await live.ivs_realtime.list_stages()).stages] == [other]
    assert (await live.ivs_realtime.with_options(region="us-west-2").list_stages()).stages == []


async def test_tokens_let_their_participants_in(live: roomtone.Client, emulator: Emulator) -> None:
    """A token is a JWT for one participant of one stage; it lets that one in, with what it says."""
    asked = [ParticipantTokenConfiguration(user_id="ana", attributes={"seat": "1"}, capabilities=["SUBSCRIBE"])]
    made = await live.ivs_realtime.create_stage(participant_token_configurations=asked)
    arn = made.stage.arn
    (token,) = made.participant_tokens or ()
    assert (token.duration, token.capabilities, token.user_id) == (720, ["SUBSCRIBE"], "ana")
    payload = token.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["jti"], claims["resource"]) == (token.participant_id, arn)
    assert claims["capabilities"] == {"allow_publish": False, "allow_subscribe": True}
    assert token.expiration_time is not None
    assert claims["exp"] == int(token.expiration_time.timestamp())

    second = (await live.ivs_realtime.create_participant_token(stage_arn=arn, duration=5)).participant_token
    assert (second.duration, second.capabilities) == (5, ["PUBLISH", "SUBSCRIBE"])
    assert emulator.stages.join_with(token.token) == token.participant_id
    emulator.stages.publish(arn, token.participant_id)
    ana = await participant(live, arn, token.participant_id)
    assert (ana.user_id, ana.attributes, ana.state, ana.published) == ("ana", {"seat": "1"}, "CONNECTED", False)
    failed = (await events(live, arn, token.participant_id))[0]
    assert (failed.name, failed.error_code) == ("PUBLISH_ERROR", "INSUFFICIENT_CAPABILITIES")

    with pytest.raises(AccessDeniedException):
        emulator.stages.join_with("no token")
    create = live.ivs_realtime.create_participant_token
    await refused(create(stage_arn=f"{arn}x"), ResourceNotFoundException)
    await refused(create(stage_arn=arn, duration=20161), ValidationException, "duration")
    await refused(create(stage_arn=arn, attributes={"k": "x" * 1024}), ValidationException, "1024")
    large = [ParticipantTokenConfiguration(attributes={"k": "x" * 1024})]
    await refused(live.ivs_realtime.create_stage(participant_token_configurations=large), ValidationException, "1024")
    assert [one.arn for one in (await live.ivs_realtime.list_stages()).stages] == [arn]


async def test_a_session_lasts_from_the_first_to_the_last(live: roomtone.Client, emulator: Emulator) -> None:
    """Participants come, publish and go; the stage has a session meanwhile, and another one later."""
    realtime, arn = live.ivs_realtime, await stage_arn(live)
    assert (await realtime.list_stage_sessions(stage_arn=arn)).stage_sessions == []
    ana = emulator.stages.join(arn, user_id="ana", attributes={"seat": "1"})
    bo = emulator.stages.join(arn, user_id="bo")
    session = (await realtime.get_stage(arn=arn)).stage.active_session_id
    assert session is not None
    assert (await realtime.get_stage_session(stage_arn=arn, session_id=session)).stage_session.end_time is None
    emulator.stages.publish(arn, ana)
    emulator.stages.publish(arn, ana)
    emulator.stages.add_event(arn, bo, "SUBSCRIBE_STARTED", remote_participant_id=ana)

    async def listed(**filters: str | bool) -> list[str | None]:
        found = await realtime.list_participants(stage_arn=arn, session_id=session, **filters)
        return [one.user_id for one in found.participants]

    paged = realtime.iter_participants(stage_arn=arn, session_id=session, max_results=1)
    assert [one.user_id async for one in paged] == ["ana", "bo"]
    emulator.stages.leave(arn, ana)
    assert await listed(filter_by_published=True) == ["ana"]
    assert await listed(filter_by_state="CONNECTED") == ["bo"]
    assert await listed(filter_by_user_id="bo") == ["bo"]
    assert await listed(filter_by_recording_state="ACTIVE") == []
    await refused(
        realtime.list_participants(stage_arn=arn, session_id=session, filter_by_user_id="a", filter_by_published=True),
        ValidationException,
        "filter_by_published",
    )
    names = [one.name for one in await events(live, arn, ana)]
    assert names == ["LEFT", "PUBLISH_STOPPED", "PUBLISH_STARTED", "JOINED"]
    (subscribed, _) = await events(live, arn, bo)
    assert (subscribed.name, subscribed.remote_participant_id) == ("SUBSCRIBE_STARTED", ana)
    with pytest.raises(ResourceNotFoundException):
        emulator.stages.publish(arn, ana)

    emulator.stages.leave(arn, bo)
    assert (await realtime.get_stage(arn=arn)).stage.active_session_id is None
    ended = (await realtime.get_stage_session(stage_arn=arn, session_id=session)).stage_session
    assert ended.end_time is not None
    emulator.stages.join(arn)
    sessions = [one.session_id async for one in realtime.iter_stage_sessions(stage_arn=arn, max_results=1)]
    assert (len(sessions), sessions[1]) == (2, session)
    await refused(
        realtime.get_participant(stage_arn=arn, session_id=sessions[0] or "", participant_id=ana),
        ResourceNotFoundException,
    )
    await refused(realtime.get_stage_session(stage_arn=arn, session_id="st-0123456789abc"), ResourceNotFoundException)
    # These document no error for what is not there.
    lost = f"{arn}x"
    assert (await realtime.list_stage_sessions(stage_arn=lost)).stage_sessions == []
    assert (await realtime.list_participants(stage_arn=lost, session_id=session)).participants == []
    assert (await realtime.list_participant_events(stage_arn=lost, session_id=session, participant_id=ana)).events == []


async def test_who_comes_back_is_the_same_participant(live: roomtone.Client, emulator: Emulator) -> None:
    """A token lets its participant in again; in one session that is one participant."""
    arn = await stage_arn(live)
    token = (await live.ivs_realtime.create_participant_token(stage_arn=arn)).participant_token
    emulator.stages.join(arn)
    for _ in range(2):
        emulator.stages.join_with(token.token)
        emulator.stages.join_with(token.token)
        emulator.stages.leave(arn, token.participant_id)
    assert [one.name for one in await events(live, arn, token.participant_id)] == ["LEFT", "JOINED"] * 2


async def test_participants_are_put_out(live: roomtone.Client, emulator: Emulator) -> None:
    """Who is disconnected can come back; whose token is revoked cannot; a stage's end puts out all."""
    realtime, arn = live.ivs_realtime, await stage_arn(live)
    token = (await realtime.create_participant_token(stage_arn=arn)).participant_token
    emulator.stages.join(arn)
    ana = emulator.stages.join_with(token.token)
    await realtime.disconnect_participant(stage_arn=arn, participant_id=ana, reason="noise")
    assert (await participant(live, arn, ana)).state == "DISCONNECTED"
    await refused(realtime.disconnect_participant(stage_arn=arn, participant_id=ana), ResourceNotFoundException)
    emulator.stages.join_with(token.token)
    await realtime.revoke_connection_token(token_id=ana)
    assert (await participant(live, arn, ana)).state == "DISCONNECTED"
    with pytest.raises(AccessDeniedException):
        emulator.stages.join_with(token.token)
    await realtime.revoke_connection_token(token_id="nobody")
    unused = (await realtime.create_participant_token(stage_arn=arn)).participant_token
    await realtime.with_options(region="us-west-2").revoke_connection_token(token_id=unused.participant_id)
    emulator.stages.join_with(unused.token)
    # A token that the application signed itself is known by the participant's id.
    bo = emulator.stages.join(arn)
    await realtime.revoke_connection_token(token_id=bo)
    assert (await participant(live, arn, bo)).state == "DISCONNECTED"
    await realtime.delete_stage(arn=arn)
    with pytest.raises(ResourceNotFoundException):
        emulator.stages.join(arn)


async def test_participants_are_recorded(live: roomtone.Client, emulator: Emulator) -> None:
    """A stage that asks for it records who publishes; meanwhile its recording cannot be changed."""
    realtime, storage = live.ivs_realtime, await storage_arn(live)
    asked = AutoParticipantRecordingConfiguration(storage_configuration_arn=storage)
    stage = (await realtime.create_stage(auto_participant_recording_configuration=asked)).stage
    arn, told = stage.arn, stage.auto_participant_recording_configuration
    assert told is not None
    assert (told.media_types, told.record_participant_replicas) == (["AUDIO_VIDEO"], True)
    ana = emulator.stages.join(arn)
    assert (await participant(live, arn, ana)).recording_state == "DISABLED"
    emulator.stages.publish(arn, ana)
    recorded = await participant(live, arn, ana)
    assert (recorded.recording_state, recorded.recording_s3_bucket_name) == ("ACTIVE", "takes")
    assert (recorded.recording_s3_prefix or "").endswith(f"{await session_id(live, arn)}/{ana}")
    off = AutoParticipantRecordingConfiguration(storage_configuration_arn="", media_types=["AUDIO_ONLY"])
    change = realtime.update_stage
    await refused(change(arn=arn, auto_participant_recording_configuration=off), ConflictException, "recorded")
    await refused(realtime.delete_storage_configuration(arn=storage), ConflictException, "stage")
    emulator.stages.unpublish(arn, ana)
    assert (await participant(live, arn, ana)).recording_state == "STOPPED"
    changed = (await change(arn=arn, auto_participant_recording_configuration=off)).stage
    assert changed.auto_participant_recording_configuration is not None
    assert changed.auto_participant_recording_configuration.media_types == ["AUDIO_VIDEO"]
    await realtime.delete_storage_configuration(arn=storage)
    await refused(change(arn=arn, auto_participant_recording_configuration=asked), ResourceNotFoundException)
    # Creating a stage documents no such error.
    await refused(realtime.create_stage(auto_participant_recording_configuration=asked), ValidationException, "storage")


async def test_publishers_are_replicated(live: roomtone.Client, emulator: Emulator) -> None:
    """A replica publishes on another stage until it is stopped, or its source stops."""
    realtime, here, there = live.ivs_realtime, await stage_arn(live), await stage_arn(live)
    ana = emulator.stages.join(here, user_id="ana", attributes={"seat": "1", "team": "blue"})
    start, stop = realtime.start_participant_replication, realtime.stop_participant_replication
    ends = {"source_stage_arn": here, "destination_stage_arn": there, "participant_id": ana}
    await refused(start(**ends), ConflictException, "publish")
    emulator.stages.publish(here, ana)
    await start(**ends, attributes={"team": "red"})
    await refused(start(**ends), ConflictException, "already")
    copied = await participant(live, there, ana)
    assert (copied.user_id, copied.attributes) == ("ana", {"seat": "1", "team": "red"})
    assert (copied.replication_type, copied.source_stage_arn, copied.published) == ("REPLICA", here, True)
    assert copied.source_session_id == await session_id(live, here)
    assert [(one.name, one.replica) for one in await events(live, there, ana)] == [
        ("PUBLISH_STARTED", True),
        ("JOINED", True),
    ]
    assert (await participant(live, here, ana)).replication_type == "SOURCE"
    begun = (await events(live, here, ana))[0]
    assert (begun.name, begun.destination_stage_arn) == ("REPLICATION_STARTED", there)
    assert begun.destination_session_id == await session_id(live, there)

    await stop(**ends)
    await refused(stop(**ends), ResourceNotFoundException)
    assert (await realtime.get_stage(arn=there)).stage.active_session_id is None
    assert (await participant(live, here, ana)).replication_state == "STOPPED"
    await start(**ends)
    emulator.stages.unpublish(here, ana)
    assert (await participant(live, there, ana)).state == "DISCONNECTED"
    names = [one.name for one in await events(live, here, ana)]
    assert names[:3] == ["REPLICATION_STOPPED", "PUBLISH_STOPPED", "REPLICATION_STARTED"]
    replicas = realtime.iter_participant_replicas(source_stage_arn=here, participant_id=ana, max_results=1)
    assert [(one.destination_stage_arn, one.replication_state) async for one in replicas] == [(there, "STOPPED")] * 2

    await refused(start(**{**ends, "destination_stage_arn": here}), ValidationException, "destination")
    await refused(start(**{**ends, "destination_stage_arn": f"{there}x"}), ResourceNotFoundException)
    await refused(start(**{**ends, "participant_id": "nobody"}), ResourceNotFoundException)


async def test_a_publisher_on_many_stages(live: roomtone.Client, emulator: Emulator) -> None:
    """A source is one until the last of its replications has ended; one that ends leaves the others alone."""
    realtime, (here, *there) = live.ivs_realtime, [await stage_arn(live) for _ in range(3)]
    ana = emulator.stages.join(here)
    emulator.stages.publish(here, ana)
    for arn in there:
        await realtime.start_participant_replication(
            source_stage_arn=here, destination_stage_arn=arn, participant_id=ana
        )
    for arn, left in zip(there, ("ACTIVE", "STOPPED"), strict=True):
        await realtime.delete_stage(arn=arn)
        assert (await participant(live, here, ana)).replication_state == left


async def test_a_replica_that_is_put_out_ends_its_replication(live: roomtone.Client, emulator: Emulator) -> None:
    """Disconnected from the stage it was copied to, a participant stays on its own."""
    here, there = await stage_arn(live), await stage_arn(live)
    ana = emulator.stages.join(here)
    emulator.stages.publish(here, ana)
    await live.ivs_realtime.start_participant_replication(
        source_stage_arn=here, destination_stage_arn=there, participant_id=ana
    )
    await live.ivs_realtime.disconnect_participant(stage_arn=there, participant_id=ana)
    source = await participant(live, here, ana)
    assert (source.state, source.replication_state) == ("CONNECTED", "STOPPED")


async def test_encoders_publish_by_ingest_configurations(live: roomtone.Client, emulator: Emulator) -> None:
    """An encoder is a participant; while it publishes, its configuration is neither changed nor deleted."""
    realtime, arn = live.ivs_realtime, await stage_arn(live)
    create = realtime.create_ingest_configuration
    made = (await create(ingest_protocol="RTMPS", stage_arn=arn, user_id="cam")).ingest_configuration
    assert made.stream_key.startswith("rt_123456789012_eu-central-1_")
    assert (made.state, made.redundant_ingest_credentials) == ("INACTIVE", None)
    assert emulator.stages.start_ingest(made.arn) == made.participant_id
    camera = await participant(live, arn, made.participant_id)
    assert (camera.user_id, camera.protocol, camera.published) == ("cam", "RTMPS", True)
    assert camera.ingest_configuration_arn == made.arn
    spare = (await create(ingest_protocol="RTMP", insecure_ingest=True)).ingest_configuration
    assert spare.redundant_ingest_credentials is None
    spare = (await realtime.update_ingest_configuration(arn=spare.arn, redundant_ingest=True)).ingest_configuration
    keys = {one.stream_key for one in spare.redundant_ingest_credentials or ()}
    assert len(keys) == 2

    listed = realtime.list_ingest_configurations
    assert [one.arn for one in (await listed(filter_by_state="ACTIVE")).ingest_configurations] == [made.arn]
    assert [one.arn for one in (await listed(filter_by_stage_arn=arn)).ingest_configurations] == [made.arn]
    await refused(listed(filter_by_state="ACTIVE", filter_by_stage_arn=arn), ValidationException)
    paged = realtime.iter_ingest_configurations(max_results=1)
    assert [one.arn async for one in paged] == [made.arn, spare.arn]
    await refused(realtime.update_ingest_configuration(arn=made.arn, stage_arn=""), ConflictException)
    await refused(realtime.delete_ingest_configuration(arn=made.arn), ConflictException)
    await realtime.disconnect_participant(stage_arn=arn, participant_id=made.participant_id)
    freed = (await realtime.get_ingest_configuration(arn=made.arn)).ingest_configuration
    assert (freed.state, freed.stage_arn) == ("INACTIVE", "")
    with pytest.raises(ResourceNotFoundException):
        emulator.stages.start_ingest(made.arn)

    await realtime.update_ingest_configuration(arn=made.arn, stage_arn=arn, redundant_ingest=True)
    emulator.stages.start_ingest(made.arn)
    emulator.stages.stop_ingest(made.arn)
    emulator.stages.start_ingest(made.arn)
    await realtime.delete_ingest_configuration(arn=made.arn, force=True)
    assert (await participant(live, arn, made.participant_id)).state == "DISCONNECTED"
    await refused(realtime.get_ingest_configuration(arn=made.arn), ResourceNotFoundException)

    await refused(create(ingest_protocol="RTMP"), ValidationException, "insecure_ingest")
    await refused(create(ingest_protocol="RTMPS", stage_arn=f"{arn}x"), ValidationException, "stage_arn")
    await refused(realtime.update_ingest_configuration(arn=spare.arn, stage_arn=f"{arn}x"), ResourceNotFoundException)
    await realtime.update_ingest_configuration(arn=spare.arn, stage_arn=arn)
    await realtime.delete_stage(arn=arn)
    assert (await realtime.get_ingest_configuration(arn=spare.arn)).ingest_configuration.stage_arn == ""


async def test_encoder_and_storage_configurations(live: roomtone.Client) -> None:
    """Their defaults are the service's; sizes that do not fit are refused."""
    realtime = live.ivs_realtime
    encoder = (await realtime.create_encoder_configuration(name="hd", video=Video(bitrate=1))).encoder_configuration
    assert encoder.video == Video(width=1280, height=720, framerate=30.0, bitrate=1)
    assert (await realtime.get_encoder_configuration(arn=encoder.arn)).encoder_configuration == encoder
    assert [one.name async for one in realtime.iter_encoder_configurations()] == ["hd"]
    for video, reason in (
        (Video(width=1281), "even"),
        (Video(width=1920, height=1920), "pixels"),
        (Video(framerate=60.5), "1 to 60"),
        (Video(bitrate=8_500_001), "bitrate"),
    ):
        await refused(realtime.create_encoder_configuration(video=video), ValidationException, reason)
    await realtime.delete_encoder_configuration(arn=encoder.arn)
    await refused(realtime.get_encoder_configuration(arn=encoder.arn), ResourceNotFoundException)

    storage = (await realtime.create_storage_configuration(name="takes", s3=BUCKET)).storage_configuration
    assert (await realtime.get_storage_configuration(arn=storage.arn)).storage_configuration == storage
    assert [(one.name, one.s3) async for one in realtime.iter_storage_configurations()] == [("takes", BUCKET)]
    short = S3StorageConfiguration(bucket_name="ab")
    await refused(realtime.create_storage_configuration(s3=short), ValidationException, "3 to 63")
    await realtime.delete_storage_configuration(arn=storage.arn)
    await refused(realtime.delete_storage_configuration(arn=storage.arn), ResourceNotFoundException)


async def test_public_keys(live: roomtone.Client) -> None:
    """A public key is imported once and answered whole; its fingerprint is that of OpenSSL."""
    realtime = live.ivs_realtime
    key = (await realtime.import_public_key(public_key_material=KEY, name="k")).public_key
    assert (key.fingerprint, key.public_key_material) == (FINGERPRINT, KEY)
    await refused(realtime.import_public_key(public_key_material=KEY), ConflictException)
    await realtime.import_public_key(public_key_material=OTHER_KEY, name="l")
    assert [one.name async for one in realtime.iter_public_keys(max_results=1)] == ["k", "l"]
    assert (await realtime.get_public_key(arn=key.arn)).public_key == key
    await realtime.delete_public_key(arn=key.arn)
    await refused(realtime.get_public_key(arn=key.arn), ResourceNotFoundException)


async def composed(live: roomtone.Client, arn: str) -> Composition:
    return (await live.ivs_realtime.get_composition(arn=arn)).composition


async def test_a_composition_from_start_to_stop(live: roomtone.Client, emulator: Emulator) -> None:
    """A composition puts its channel on air and holds what it uses, until it has stopped."""
    realtime, arn = live.ivs_realtime, await stage_arn(live)
    channel = (await live.ivs.create_channel()).channel.arn
    encoder, storage = await encoder_arn(live), await storage_arn(live)
    destinations = [
        DestinationConfiguration(
            channel=ChannelDestinationConfiguration(channel_arn=channel, encoder_configuration_arn=encoder)
        ),
        DestinationConfiguration(
            name="tape",
            s3=S3DestinationConfiguration(storage_configuration_arn=storage, encoder_configuration_arns=[encoder]),
        ),
    ]
    start = realtime.start_composition
    made = (await start(stage_arn=arn, destinations=destinations, idempotency_token="once")).composition
    assert made.state == "STARTING"
    assert made.layout.grid is not None
    assert (made.layout.grid.video_aspect_ratio, made.layout.grid.grid_gap) == ("VIDEO", 2)
    again = (await start(stage_arn=arn, destinations=destinations, idempotency_token="once")).composition
    assert again == made
    other = destinations[1:]
    await refused(start(stage_arn=arn, destinations=other, idempotency_token="once"), ConflictException, "token")
    await refused(start(stage_arn=arn, destinations=destinations), ConflictException, "on air")

    running = await composed(live, made.arn)
    assert [running.state, *(one.state for one in running.destinations)] == ["ACTIVE"] * 3
    detail = running.destinations[1].detail
    assert detail is not None
    assert detail.s3 is not None
    assert detail.s3.recording_prefix.endswith(f"{running.destinations[1].id}/composite")
    stream = (await live.ivs.get_stream(channel_arn=channel)).stream
    assert (stream.state, stream.start_time) == ("LIVE", made.start_time)
    for held in (
        realtime.delete_encoder_configuration(arn=encoder),
        realtime.delete_storage_configuration(arn=storage),
        realtime.delete_stage(arn=arn),
        live.ivs.delete_channel(arn=channel),
    ):
        with pytest.raises(errors.ConflictError):
            await held

    await realtime.delete_encoder_configuration(arn=await encoder_arn(live))

    taped = (await start(stage_arn=arn, destinations=other)).composition
    listed = realtime.list_compositions
    assert [one.arn async for one in realtime.iter_compositions(max_results=1)] == [made.arn, taped.arn]
    assert len((await listed(filter_by_encoder_configuration_arn=encoder)).compositions) == 2
    assert (await listed(filter_by_stage_arn=f"{arn}x")).compositions == []

    for composition in (made, taped):
        await realtime.stop_composition(arn=composition.arn)
    await refused(live.ivs.get_stream(channel_arn=channel), errors.NotFoundError)
    await refused(realtime.stop_composition(arn=made.arn), ConflictException, "STOPPING")
    await refused(realtime.delete_encoder_configuration(arn=encoder), ConflictException, "encoder")
    assert [one.state for one in (await listed()).compositions] == ["STOPPING"] * 2
    stopped = await composed(live, made.arn)
    assert (stopped.state, stopped.destinations[0].state) == ("STOPPED", "STOPPED")
    assert stopped.end_time is not None
    await realtime.delete_encoder_configuration(arn=encoder)
    await realtime.delete_storage_configuration(arn=storage)
    await realtime.delete_stage(arn=arn)


async def test_a_composition_fails_on_command(live: roomtone.Client, emulator: Emulator) -> None:
    """A composition that fails takes its channel off air and has its end."""
    arn, channel = await stage_arn(live), (await live.ivs.create_channel()).channel.arn
    to_channel = [DestinationConfiguration(channel=ChannelDestinationConfiguration(channel_arn=channel))]
    made = (await live.ivs_realtime.start_composition(stage_arn=arn, destinations=to_channel)).composition
    emulator.stages.fail_composition(made.arn)
    failed = await composed(live, made.arn)
    assert (failed.state, failed.destinations[0].state, failed.end_time is None) == ("FAILED", "FAILED", False)
    await refused(live.ivs.get_stream(channel_arn=channel), errors.NotFoundError)
    with pytest.raises(ConflictException):
        emulator.stages.fail_composition(made.arn)

    # The stream may have been stopped before; the channel's next one is another's.
    made = (await live.ivs_realtime.start_composition(stage_arn=arn, destinations=to_channel)).composition
    await live.ivs.stop_stream(channel_arn=channel)
    emulator.ivs.go_live(channel)
    await live.ivs_realtime.stop_composition(arn=made.arn)
    assert (await live.ivs.get_stream(channel_arn=channel)).stream.state == "LIVE"


async def test_compositions_that_do_not_fit(live: roomtone.Client) -> None:
    """Destinations are one channel, one storage, or one of each, and what they refer to is there."""
    arn, storage, encoder = await stage_arn(live), await storage_arn(live), await encoder_arn(live)
    start = live.ivs_realtime.start_composition

    def to_storage(storage_configuration_arn: str = storage, encoder: str = encoder) -> DestinationConfiguration:
        return DestinationConfiguration(
            s3=S3DestinationConfiguration(
                storage_configuration_arn=storage_configuration_arn, encoder_configuration_arns=[encoder]
            )
        )

    lost = arn.replace("stage", "channel")
    to_lost_channel = DestinationConfiguration(channel=ChannelDestinationConfiguration(channel_arn=lost))
    for destinations in ([], [DestinationConfiguration()], [to_storage(), to_storage()]):
        await refused(start(stage_arn=arn, destinations=destinations), ValidationException, "destinations")
    for destination in (to_storage(encoder), to_storage(encoder=f"{encoder}x"), to_lost_channel):
        await refused(start(stage_arn=arn, destinations=[destination]), ResourceNotFoundException)
    await refused(start(stage_arn=f"{arn}x", destinations=[to_storage()]), ResourceNotFoundException, "stage")
    both = LayoutConfiguration(grid=GridConfiguration(), pip=PipConfiguration())
    await refused(start(stage_arn=arn, destinations=[to_storage()], layout=both), ValidationException, "layout")
    pip = LayoutConfiguration(pip=PipConfiguration(pip_position="TOP_LEFT"))
    made = (await start(stage_arn=arn, destinations=[to_storage()], layout=pip)).composition
    assert made.layout.pip is not None
    assert (made.layout.pip.pip_position, made.layout.pip.pip_behavior) == ("TOP_LEFT", "STATIC")


async def test_tags_of_every_resource(live: roomtone.Client) -> None:
    """Tags given at creation, added and taken away are the same wherever they are looked at."""
    realtime, tags = live.ivs_realtime, {"team": "blue"}
    stage = (await realtime.create_stage(tags=tags)).stage.arn
    encoder = (await realtime.create_encoder_configuration(tags=tags)).encoder_configuration.arn
    storage = (await realtime.create_storage_configuration(s3=BUCKET, tags=tags)).storage_configuration.arn
    taped = DestinationConfiguration(
        s3=S3DestinationConfiguration(storage_configuration_arn=storage, encoder_configuration_arns=[encoder])
    )
    arns = [
        stage,
        encoder,
        storage,
        (await realtime.create_ingest_configuration(ingest_protocol="RTMPS", tags=tags)).ingest_configuration.arn,
        (await realtime.import_public_key(public_key_material=KEY, tags=tags)).public_key.arn,
        (await realtime.start_composition(stage_arn=stage, destinations=[taped], tags=tags)).composition.arn,
    ]
    for arn in arns:
        await realtime.tag_resource(resource_arn=arn, tags={"tier": "gold"})
        assert (await realtime.list_tags_for_resource(resource_arn=arn)).tags == {**tags, "tier": "gold"}
        await realtime.untag_resource(resource_arn=arn, tag_keys=["team"])
    assert (await realtime.get_stage(arn=stage)).stage.tags == {"tier": "gold"}
    await refused(realtime.list_tags_for_resource(resource_arn=f"{stage}x"), ResourceNotFoundException)


async def test_tokens_expire_by_the_emulators_clock(anyio_backend: str) -> None:
    """A token lets nobody in once its minutes are over; times that are answered are the clock's."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    emulator = Emulator(clock=lambda: now)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(emulator)) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client) as live,
    ):
        arn = await stage_arn(live)
        token = (await live.ivs_realtime.create_participant_token(stage_arn=arn, duration=2)).participant_token
        assert token.expiration_time == now + timedelta(minutes=2)
        emulator.stages.join_with(token.token)
        began, now = now, now + timedelta(minutes=2)
        emulator.stages.leave(arn, token.participant_id)
        with pytest.raises(AccessDeniedException, match="expired"):
            emulator.stages.join_with(token.token)
        (session,) = (await live.ivs_realtime.list_stage_sessions(stage_arn=arn)).stage_sessions
    assert (session.start_time, session.end_time) == (began, now)
