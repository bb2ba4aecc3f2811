"""Telephony: the calls, conferences, queues, recordings and streams of the project, and what ends with what.

A call that ends leaves its conferences and queues; the streams and recordings of a call or conference end with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from attrs import define, evolve, field

from roomtone.emulator.signalwire.common import API_VERSION, found, new_sid, uri_of
from roomtone.emulator.signalwire.lines import Lines
from roomtone.emulator.signalwire.stream import Stream
from roomtone.emulator.state import Shelf, World
from roomtone.signalwire import models

__all__ = [
    "ENDED",
    "Gathering",
    "Leg",
    "Telephony",
    "Waiting",
    "change",
    "end_call",
    "end_conference",
    "new_call",
    "record",
]

ENDED = ("canceled", "completed", "busy", "failed", "no-answer")
"""The statuses of a call that is over."""

_RECORDS = ("in-progress", "paused")


@define(eq=False)
class Leg:
    """One call.

    Args:
        call: What the API tells of it.
        moves_by_itself: Whether each look at it takes it one step further; a command ends that.
        records: The channels to record from the answer on; None for no recording.
    """

    call: models.Call
    moves_by_itself: bool = False
    records: models.ChannelCount | None = None


@define(eq=False)
class Gathering:
    """One conference and who takes part."""

    conference: models.Conference
    participants: Shelf[models.ConferenceParticipant] = field(factory=Shelf)


@define(eq=False)
class Waiting:
    """One queue, and since when which calls wait in it."""

    queue: models.Queue
    since: dict[str, datetime] = field(factory=dict)


@define(eq=False)
class Telephony:
    """All calls and what they are part of, the ended ones too."""

    calls: Shelf[Leg] = field(factory=Shelf)
    conferences: Shelf[Gathering] = field(factory=Shelf)
    queues: Shelf[Waiting] = field(factory=Shelf)
    recordings: Shelf[models.Recording] = field(factory=Shelf)
    streams: Shelf[Stream] = field(factory=Shelf)
    lines: Lines = field(factory=Lines)

    def call(self, sid: str) -> Leg:
        """A call by its SID. Raises SignalWireNotFoundError; so does `conference`."""
        return found(self.calls.get(sid), "call")

    def conference(self, sid: str) -> Gathering:
        return found(self.conferences.get(sid), "conference")

    def streams_of(self, owner: str) -> Iterator[Stream]:
        """The streams of a conference or a call, in order."""
        return (stream for stream in self.streams if owner == (stream.conference_sid or stream.call_sid))

    def recordings_of(self, owner: str) -> Iterator[models.Recording]:
        """The recordings of a conference or a call, in order."""
        return (one for one in self.recordings if owner == (one.conference_sid or one.call_sid))


def new_call(world: World, *, from_: str, to: str, direction: models.Direction, now: datetime) -> Leg:
    """A call that is queued, or, inbound, rings."""
    sid = new_sid()
    uri = uri_of(world, "Calls", sid)
    leg = Leg(
        models.Call(
            sid=sid,
            account_sid=world.project,
            date_created=now,
            date_updated=now,
            to=to,
            formatted_to=to,
            to_formatted=to,
            from_=from_,
            formatted_from=from_,
            from_formatted=from_,
            status="ringing" if direction == "inbound" else "queued",
            duration=0,
            price_unit="USD",
            direction=direction,
            api_version=API_VERSION,
            uri=uri,
            subresource_uris=models.CallSubresourceUris(recordings=f"{uri}/Recordings"),
        )
    )
    world.area(Telephony).calls.put(sid, leg)
    return leg


def change(world: World, leg: Leg, status: str, now: datetime) -> None:
    """Takes a call that is not over to a status, and ends with it what ends with it."""
    if status in ENDED:
        end_call(world, leg, status, now)
        return
    leg.call = evolve(leg.call, status=status, date_updated=now)
    if status == "in-progress":
        leg.call = evolve(leg.call, start_time=now)
        if leg.records:
            record(world, call_sid=leg.call.sid, channels=leg.records, source="OutBoundApi", now=now)


def end_call(world: World, leg: Leg, status: str, now: datetime) -> None:
    """Ends a call that is not over."""
    telephony, sid = world.area(Telephony), leg.call.sid
    started = leg.call.start_time
    lasted = round((now - started).total_seconds()) if started else 0
    leg.call = evolve(leg.call, status=status, end_time=now, duration=lasted, date_updated=now)
    for gathering in telephony.conferences:
        gathering.participants.take(sid)
    for waiting in telephony.queues:
        waiting.since.pop(sid, None)
    _end_attached(telephony, sid, now)


def end_conference(world: World, gathering: Gathering, now: datetime) -> None:
    """Ends a conference and its participants' calls; one that is over stays as it is."""
    telephony = world.area(Telephony)
    if gathering.conference.status == "completed":
        return
    gathering.conference = evolve(gathering.conference, status="completed", date_updated=now)
    for participant in list(gathering.participants):
        end_call(world, telephony.call(participant.call_sid or ""), "completed", now)
    _end_attached(telephony, gathering.conference.sid, now)


def _end_attached(telephony: Telephony, owner: str, now: datetime) -> None:
    for stream in telephony.streams_of(owner):
        stream.stop()
    for recording in list(telephony.recordings_of(owner)):
        if recording.status in _RECORDS:
            telephony.recordings.put(recording.sid, _ended(recording, "completed", now))


def _ended(recording: models.Recording, status: str, now: datetime) -> models.Recording:
    lasted = (now - recording.start_time).total_seconds() if recording.start_time else 0
    return evolve(recording, status=status, end_time=now, duration=round(lasted), date_updated=now)


def record(
    world: World,
    *,
    call_sid: str | None = None,
    conference_sid: str | None = None,
    channels: models.ChannelCount = "1",
    source: models.RecordingSource,
    trim: str = "do-not-trim",
    now: datetime,
) -> models.Recording:
    """A recording that begins."""
    sid = new_sid()
    recording = models.Recording(
        sid=sid,
        account_sid=world.project,
        api_version=API_VERSION,
        call_sid=call_sid,
        conference_sid=conference_sid,
        channel=channels,
        channels=channels,
        date_created=now,
        date_updated=now,
        start_time=now,
        duration=0,
        price_unit="USD",
        source=source,
        status="in-progress",
        uri=uri_of(world, "Recordings", f"{sid}.json"),
        subresource_uris=models.RecordingSubresourceUris(transcriptions=uri_of(world, "Transcriptions")),
        trim=trim,
    )
    world.area(Telephony).recordings.put(sid, recording)
    return recording


def update_recording(world: World, recording: models.Recording, status: str, now: datetime) -> models.Recording:
    """Pauses, resumes or stops a recording that is not over."""
    if status == "stopped":
        updated = _ended(recording, "stopped", now)
    else:
        updated = evolve(recording, status=status, date_updated=now)
    world.area(Telephony).recordings.put(recording.sid, updated)
    return updated


def is_recorded(recording: models.Recording) -> bool:
    """Whether a recording goes on, if only after a pause."""
    return recording.status in _RECORDS
