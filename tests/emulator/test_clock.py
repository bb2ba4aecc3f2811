"""The emulator's clock: a test moves it, answers follow, and signatures stay good."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

import roomtone
from roomtone.emulator import Clock, Emulator

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def test_it_runs_like_its_source() -> None:
    """Until it is moved a clock shows its source's time; advanced, it runs on with the source, ahead of it."""
    now = NOON
    clock = Clock(lambda: now)
    assert clock() == NOON
    clock.advance(HOUR)
    now += timedelta(seconds=5)
    assert clock() == NOON + HOUR + timedelta(seconds=5)
    clock.advance(-HOUR)
    assert clock() == now


def test_it_is_set() -> None:
    """A moment of any time zone is set and answered in UTC; a naive one is refused."""
    clock = Clock(lambda: NOON)
    clock.set(datetime(2030, 1, 1, 6, tzinfo=timezone(HOUR)))
    assert clock() == datetime(2030, 1, 1, 5, tzinfo=timezone.utc)
    assert clock().tzinfo is timezone.utc
    with pytest.raises(ValueError, match="time zone"):
        clock.set(datetime(2030, 1, 1))  # noqa: DTZ001


def test_it_stands_still() -> None:
    """A stopped clock moves by hand alone, and goes on from where it stands."""
    now = NOON
    clock = Clock(lambda: now)
    clock.stop()
    now += HOUR
    assert clock() == NOON
    clock.advance(timedelta(minutes=1))
    assert clock() == NOON + timedelta(minutes=1)
    clock.set(NOON + 2 * HOUR)
    clock.resume()
    assert clock() == NOON + 2 * HOUR
    now += HOUR
    clock.resume()
    assert clock() == NOON + 3 * HOUR


@pytest.mark.anyio
async def test_a_moved_clock_breaks_no_signature(emulator: Emulator, live: roomtone.Client) -> None:
    """Clients sign with the time they have; what the services answer follows the emulator's clock."""
    emulator.clock.stop()
    emulator.clock.set(datetime(2031, 1, 1, tzinfo=timezone.utc))
    channel = (await live.ivs.create_channel(name="later")).channel
    emulator.ivs.go_live(channel.arn)
    stream = (await live.ivs.get_stream(channel_arn=channel.arn)).stream
    assert stream.start_time == datetime(2031, 1, 1, tzinfo=timezone.utc)
    emulator.clock.advance(timedelta(days=400))
    assert (await live.ivs.list_channels()).channels[0].name == "later"
