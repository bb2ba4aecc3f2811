"""Calls, their recordings and transcriptions, and queues, through the public client."""

from __future__ import annotations

import io
import wave
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import roomtone
from roomtone import errors
from roomtone.emulator import Emulator
from roomtone.signalwire import SignalWireInvalidRequestError, SignalWireNotFoundError, codes

pytestmark = pytest.mark.anyio

ANA, BO = "+12065550101", "+12065550102"
URL = "https://app.example/answer"


class Clock:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock) -> Emulator:
    return Emulator(clock=clock)


async def test_a_call_moves_by_itself(live: roomtone.Client, clock: Clock) -> None:
    """Each look finds a call one step further, until it is in progress; then it is until it is completed."""
    calls = live.signalwire.calls
    made = await calls.create(from_=ANA, to=BO, url=URL)
    assert (made.status, made.direction, made.from_, made.to) == ("queued", "outbound", ANA, BO)
    assert (made.start_time, made.end_time, made.duration) == (None, None, 0)
    seen = [(await calls.get(made.sid)).status for _ in range(4)]
    assert seen == ["ringing", "in-progress", "in-progress", "in-progress"]
    clock.passes(75)
    done = await calls.update(made.sid, status="completed")
    assert (done.status, done.duration, done.end_time) == ("completed", 75, clock.now)
    assert (await calls.get(made.sid)).status == "completed"
    with pytest.raises(SignalWireInvalidRequestError) as caught:
        await calls.update(made.sid, url=URL)
    assert (caught.value.status, caught.value.code) == (422, codes.NOT_IN_PROGRESS)
    await calls.delete(made.sid)
    with pytest.raises(SignalWireNotFoundError):
        await calls.get(made.sid)


async def test_commands_move_a_call(live: roomtone.Client, emulator: Emulator) -> None:
    """A call that a command has moved stays there, however often it is looked at."""
    calls = live.signalwire.calls
    sid = (await calls.create(from_=ANA, to=BO, url=URL)).sid
    emulator.calls.ring(sid)
    assert [(await calls.get(sid)).status for _ in range(3)] == ["ringing"] * 3
    emulator.calls.answer(sid)
    with pytest.raises(SignalWireInvalidRequestError, match="complete it"):
        await calls.update(sid, status="canceled")
    with pytest.raises(SignalWireInvalidRequestError, match="not over"):
        await calls.delete(sid)
    emulator.calls.hang_up(sid)
    assert (await calls.get(sid)).status == "completed"
    for command in (emulator.calls.ring, emulator.calls.answer, emulator.calls.hang_up, emulator.calls.fail):
        with pytest.raises(SignalWireInvalidRequestError, match="is completed"):
            command(sid)
    with pytest.raises(SignalWireNotFoundError):
        emulator.calls.answer("nobody")


@pytest.mark.parametrize("status", ["failed", "busy", "no-answer"])
async def test_nobody_answers(live: roomtone.Client, emulator: Emulator, status: str) -> None:
    calls = live.signalwire.calls
    sid = (await calls.create(from_=ANA, to=BO, url=URL)).sid
    emulator.calls.fail(sid, status)
    assert (await calls.get(sid)).status == status
    canceled = (await calls.create(from_=ANA, to=BO, url=URL)).sid
    assert (await calls.update(canceled, status="canceled")).status == "canceled"
    with pytest.raises(SignalWireInvalidRequestError, match="not as completed"):
        emulator.calls.fail(emulator.calls.dial_in(ANA, BO), "completed")


async def test_calls_are_listed(live: roomtone.Client, emulator: Emulator, clock: Clock) -> None:
    """Calls by status, number and day, in pages."""
    calls = live.signalwire.calls
    sids = [emulator.calls.dial_in(ANA, BO) for _ in range(3)]
    emulator.calls.answer(sids[1])
    out = (await calls.create(from_=BO, to=ANA, url=URL)).sid
    today, yesterday = f"{clock.now:%Y-%m-%d}", f"{clock.now - timedelta(days=1):%Y-%m-%d}"

    async def found(**filters: str) -> list[str]:
        return [call.sid async for call in calls.iter_calls(**filters, page_size=1)]

    assert await found() == [*sids, out]
    assert await found(from_=ANA, to=BO) == sids
    assert await found(status="in-progress") == [sids[1]]
    assert await found(start_time=today) == [sids[1]]
    assert await found(start_time_before=yesterday) == []
    assert await found(end_time_after=yesterday) == []
    with pytest.raises(SignalWireInvalidRequestError, match="status"):
        await found(status="sleeping")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"to": "nobody", "url": URL}, codes.INVALID_TO),
        ({"from_": "", "to": BO, "url": URL}, codes.INVALID_FROM),
        ({"to": BO, "url": "ftp://x"}, codes.INVALID_URL),
        ({"to": BO, "url": "http://["}, codes.INVALID_URL),
        ({"to": BO, "url": URL, "status_callback": "x"}, codes.INVALID_CALLBACK_URL),
        ({"to": BO, "url": URL, "method": "PUT"}, codes.INVALID_METHOD),
        ({"to": BO, "url": URL, "timeout": 0}, codes.INVALID_ARGUMENT),
        ({"to": BO, "url": URL, "send_digits": "12x"}, codes.INVALID_ARGUMENT),
        ({"to": BO, "application_sid": "x"}, codes.INVALID_APPLICATION_SID),
    ],
)
async def test_calls_that_are_refused(live: roomtone.Client, arguments: dict[str, str], code: str) -> None:
    with pytest.raises(SignalWireInvalidRequestError) as caught:
        await live.signalwire.calls.create(**{"from_": ANA, **arguments})
    assert (caught.value.status, caught.value.code) == (422, code)


async def test_a_call_without_instructions(live: roomtone.Client) -> None:
    """A 400 is a list of errors, with this operation alone; an application is as good as a URL."""
    with pytest.raises(SignalWireInvalidRequestError) as caught:
        await live.signalwire.calls.create(from_=ANA, to=BO)
    assert (caught.value.status, caught.value.code) == (400, codes.CALL_WITHOUT_INSTRUCTIONS)
    assert caught.value.body == {"errors": caught.value.details}
    application = await live.signalwire.applications.create(friendly_name="app", voice_url=URL)
    made = await live.signalwire.calls.create(from_=ANA, to="sip:bo@x.example", application_sid=application.sid)
    assert made.status == "queued"


async def test_a_call_is_recorded(live: roomtone.Client, emulator: Emulator, clock: Clock, tmp_path: Path) -> None:
    """A recording is paused, resumed and stopped, lasts as long as it ran, and its media are a WAV file or MP3."""
    calls, recordings = live.signalwire.calls, live.signalwire.recordings
    sid = (await calls.create(from_=ANA, to=BO, url=URL)).sid
    with pytest.raises(SignalWireInvalidRequestError, match="in progress"):
        await calls.start_recording(sid)
    emulator.calls.answer(sid)
    recording = await calls.start_recording(sid, recording_channels="dual", trim="trim-silence")
    assert (recording.status, recording.channels, recording.source) == ("in-progress", "2", "StartCallRecordingApi")
    assert (recording.call_sid, recording.trim) == (sid, "trim-silence")
    with pytest.raises(SignalWireInvalidRequestError, match="not over"):
        await recordings.delete(recording.sid)
    for status in ("paused", "in-progress"):
        assert (await calls.update_recording(sid, recording.sid, status=status)).status == status
    clock.passes(12)
    stopped = await calls.update_recording(sid, recording.sid, status="stopped")
    assert (stopped.status, stopped.duration) == ("stopped", 12)
    assert (await recordings.get(recording.sid)).status == "completed"
    with pytest.raises(SignalWireInvalidRequestError, match="over"):
        await calls.update_recording(sid, recording.sid, status="paused")

    async with recordings.download(recording.sid) as media:
        assert media.content_type == "audio/x-wav"
        sound = b"".join([chunk async for chunk in media])
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 8000)
        assert len(set(file.readframes(8000))) > 100
    await recordings.download(recording.sid, format="mp3").save(tmp_path / "call.mp3")
    frames = (tmp_path / "call.mp3").read_bytes()
    assert {frames[place : place + 4] for place in range(0, len(frames), 104)} == {bytes.fromhex("fffb10c4")}

    assert [one.sid async for one in recordings.iter_recordings(call_sid=sid)] == [recording.sid]
    assert (await recordings.list(call_sid="another")).recordings == []
    await recordings.delete(recording.sid)
    with pytest.raises(errors.NotFoundError):
        await recordings.download(recording.sid).save(tmp_path / "gone.wav")


async def test_a_call_is_recorded_from_its_answer(live: roomtone.Client, emulator: Emulator, clock: Clock) -> None:
    """`record=True` records from the answer to the end of the call."""
    sid = (await live.signalwire.calls.create(from_=ANA, to=BO, url=URL, record=True)).sid
    assert (await live.signalwire.recordings.list()).recordings == []
    emulator.calls.answer(sid)
    clock.passes(3)
    emulator.calls.hang_up(sid)
    (recording,) = (await live.signalwire.recordings.list()).recordings
    assert (recording.source, recording.status, recording.duration) == ("OutBoundApi", "completed", 3)
    assert (recording.call_sid, recording.channels) == (sid, "1")


async def test_a_conference_is_recorded(live: roomtone.Client, emulator: Emulator, clock: Clock) -> None:
    """A conference's recording ends with it; what is refused is told in sentences."""
    conferences = live.signalwire.conferences
    sid = emulator.conferences.begin("team")
    recording_sid = emulator.conferences.record(sid)
    assert (await conferences.update_recording(sid, recording_sid, status="paused")).status == "paused"
    clock.passes(5)
    earlier = emulator.conferences.record(sid)
    await conferences.update_recording(sid, earlier, status="stopped")
    emulator.conferences.end(sid)
    assert (await conferences.get_recording(sid, earlier)).duration == 0
    await conferences.delete_recording(sid, earlier)
    (recording,) = (await conferences.list_recordings(sid)).recordings
    assert (recording.sid, recording.status, recording.duration) == (recording_sid, "completed", 5)
    assert (recording.source, recording.conference_sid, recording.call_sid) == ("Conference", sid, None)
    with pytest.raises(SignalWireInvalidRequestError) as caught:
        await conferences.update_recording(sid, recording_sid, status="paused")
    assert caught.value.body == {"errors": ["the recording is over: it is completed"]}
    other = emulator.conferences.begin("other")
    with pytest.raises(SignalWireNotFoundError):
        await conferences.get_recording(other, recording_sid)
    async with conferences.download_recording(sid, recording_sid) as media:
        assert b"".join([chunk async for chunk in media])[:4] == b"RIFF"
    await conferences.delete_recording(sid, recording_sid)
    with pytest.raises(SignalWireNotFoundError):
        await conferences.get_recording(sid, recording_sid)
    with pytest.raises(SignalWireInvalidRequestError, match="not in progress"):
        emulator.conferences.record(sid)


async def test_a_recording_is_transcribed(live: roomtone.Client, emulator: Emulator) -> None:
    transcriptions = live.signalwire.transcriptions
    recording_sid = emulator.conferences.record(emulator.conferences.begin("team"))
    sid = emulator.recordings.transcribe(recording_sid, "hello")
    found = await transcriptions.get(sid)
    assert (found.transcription_text, found.recording_sid, found.status) == ("hello", recording_sid, "completed")
    assert [one.sid async for one in transcriptions.iter_transcriptions()] == [sid]
    await transcriptions.delete(sid)
    with pytest.raises(SignalWireNotFoundError):
        await transcriptions.get(sid)
    with pytest.raises(SignalWireNotFoundError):
        emulator.recordings.transcribe("nothing", "hello")


async def test_a_participant_is_a_call(live: roomtone.Client, emulator: Emulator) -> None:
    """Who hangs up leaves the conference; who is removed, or left when it ends, is hung up on."""
    calls, conferences = live.signalwire.calls, live.signalwire.conferences
    sid = emulator.conferences.begin("team", participants=0)
    ana = emulator.conferences.join(sid)
    bo = (await calls.create(from_=ANA, to=BO, url=URL)).sid
    with pytest.raises(SignalWireInvalidRequestError, match="queued"):
        emulator.conferences.join(sid, bo)
    emulator.calls.answer(bo)
    assert emulator.conferences.join(sid, bo) == bo
    cy, dee = emulator.conferences.join(sid), emulator.conferences.join(sid)

    async def present() -> list[str | None]:
        return [one.call_sid async for one in conferences.iter_participants(sid)]

    assert await present() == [ana, bo, cy, dee]
    coaching = await conferences.update_participant(sid, ana, coaching=True, call_sid_to_coach=bo)
    assert (coaching.coaching, coaching.call_sid_to_coach) == (True, bo)
    with pytest.raises(SignalWireInvalidRequestError, match="no participant"):
        await conferences.update_participant(sid, ana, call_sid_to_coach="nobody")
    await conferences.remove_participant(sid, ana)
    await calls.update(bo, status="completed")
    emulator.conferences.leave(sid, cy)
    assert await present() == [dee]
    emulator.conferences.end(sid)
    ended = await conferences.get(sid)
    assert await conferences.update(sid, status="completed") == ended
    assert [(await calls.get(one)).status for one in (ana, bo, cy, dee)] == ["completed"] * 4
    with pytest.raises(SignalWireInvalidRequestError, match="not in progress"):
        emulator.conferences.join(sid)
    with pytest.raises(SignalWireNotFoundError):
        emulator.conferences.leave(sid, dee)


async def test_a_queue(live: roomtone.Client, emulator: Emulator, clock: Clock) -> None:
    """Calls wait in order, and are gone from the queue when they are taken out of it or end."""
    queues = live.signalwire.queues
    queue = await queues.create(friendly_name="support", max_size=3)
    assert (queue.current_size, queue.max_size, queue.average_wait_time) == (0, 3, 0)
    first = emulator.queues.enqueue(queue.sid)
    clock.passes(10)
    second = emulator.calls.dial_in(ANA, BO)
    with pytest.raises(SignalWireInvalidRequestError, match="ringing"):
        emulator.queues.enqueue(queue.sid, second)
    emulator.calls.answer(second)
    third = [emulator.queues.enqueue(queue.sid, second), emulator.queues.enqueue(queue.sid)][1]
    with pytest.raises(SignalWireInvalidRequestError, match="full"):
        emulator.queues.enqueue(queue.sid)
    members = [one async for one in queues.iter_members(queue.sid, page_size=1)]
    assert [(one.call_sid, one.position, one.wait_time) for one in members] == [
        (first, 1, 10),
        (second, 2, 0),
        (third, 3, 0),
    ]
    assert (await queues.get(queue.sid)).average_wait_time == 3
    with pytest.raises(SignalWireInvalidRequestError, match="not empty"):
        await queues.delete(queue.sid)
    taken = await queues.dequeue_member(queue.sid, first, url=URL)
    assert taken.call_sid == first
    emulator.calls.hang_up(second)
    assert (await queues.get_member(queue.sid, third)).position == 1
    with pytest.raises(SignalWireNotFoundError):
        await queues.get_member(queue.sid, first)
    await queues.dequeue_member(queue.sid, third, url=URL)
    renamed = await queues.update(queue.sid, friendly_name="sales")
    assert (renamed.friendly_name, renamed.max_size, renamed.current_size) == ("sales", 3, 0)
    other = await queues.create(friendly_name="support")
    assert [one.friendly_name async for one in queues.iter_queues()] == ["sales", "support"]
    for refused in ("sales", "two words", ""):
        with pytest.raises(SignalWireInvalidRequestError, match="friendly_name"):
            await queues.update(other.sid, friendly_name=refused)
    await queues.delete(queue.sid)
    with pytest.raises(SignalWireNotFoundError):
        await queues.get(queue.sid)
