"""Recordings of calls and conferences, their media and transcriptions, of SignalWire's compatibility API."""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field, fields

from roomtone.emulator.signalwire import media
from roomtone.emulator.signalwire.common import (
    API_VERSION,
    PAGE_LIMITS,
    Commands,
    dates_fit,
    found,
    handles,
    invalid,
    listing,
    new_sid,
    refused,
    seconds,
    uri_of,
)
from roomtone.emulator.signalwire.telephony import Telephony, is_recorded, record, update_recording
from roomtone.emulator.state import Call, Shelf
from roomtone.signalwire import codes, models, operations

__all__ = ["RecordingCommands"]


@define(eq=False)
class Transcriptions:
    """All transcriptions."""

    transcriptions: Shelf[models.Transcription] = field(factory=Shelf)


@define(eq=False)
class RecordingCommands(Commands):
    """What SignalWire does with recordings beside its API. A conference's recording begins by `conferences.record`."""

    def transcribe(self, sid: str, text: str) -> str:
        """A recording was transcribed; returns the transcription's SID.

        Raises:
            SignalWireNotFoundError: There is no such recording.
        """
        with self._world.lock:
            recording = found(self._world.area(Telephony).recordings.get(sid), "recording")
            now, transcription_sid = self._now, new_sid()
            transcription = models.Transcription(
                sid=transcription_sid,
                account_sid=self._world.project,
                api_version=API_VERSION,
                recording_sid=sid,
                date_created=now,
                date_updated=now,
                duration=recording.duration,
                price_unit="USD",
                status="completed",
                transcription_text=text,
                type="fast",
                uri=uri_of(self._world, "Transcriptions", transcription_sid),
            )
            self._world.area(Transcriptions).transcriptions.put(transcription_sid, transcription)
            return transcription_sid


def _looked_at(call: Call, recording: models.Recording | None) -> models.Recording:
    """A recording; one that was stopped is found completed at the next look."""
    known = found(recording, "recording")
    if known.status == "stopped":
        known = evolve(known, status="completed", date_updated=seconds(call.now))
        call.area(Telephony).recordings.put(known.sid, known)
    return known


def _of_call(recording: models.Recording) -> models.CallRecording:
    return models.CallRecording(**{one.name: getattr(recording, one.name) for one in fields(models.CallRecording)})


def _of_conference(recording: models.Recording) -> models.ConferenceRecording:
    members: dict[str, Any] = {one.name: getattr(recording, one.name) for one in fields(models.ConferenceRecording)}
    uris = recording.subresource_uris or models.RecordingSubresourceUris()
    members["subresource_uris"] = models.ConferenceRecordingSubresourceUris(transcriptions=uris.transcriptions)
    return models.ConferenceRecording(**members)


def _conferences(call: Call, conference_sid: str, sid: str) -> models.Recording:
    telephony = call.area(Telephony)
    telephony.conference(conference_sid)
    recording = telephony.recordings.get(sid)
    return found(recording if recording and recording.conference_sid == conference_sid else None, "recording")


@handles(operations.CALLS_START_RECORDING)
def start_recording(call: Call, request: models.CallsStartRecordingRequest) -> models.CallRecording:
    leg = call.area(Telephony).call(request.call_sid)
    if leg.call.status != "in-progress":
        raise refused("the call is not in progress", code=codes.NOT_IN_PROGRESS)
    recording = record(
        call.world,
        call_sid=request.call_sid,
        channels="2" if request.recording_channels == "dual" else "1",
        source="StartCallRecordingApi",
        trim=request.trim or "do-not-trim",
        now=seconds(call.now),
    )
    return _of_call(recording)


@handles(operations.CALLS_UPDATE_RECORDING)
def update_call_recording(call: Call, request: models.CallsUpdateRecordingRequest) -> models.CallRecording:
    telephony = call.area(Telephony)
    telephony.call(request.call_sid)
    recording = telephony.recordings.get(request.sid)
    known = found(recording if recording and recording.call_sid == request.call_sid else None, "recording")
    if not is_recorded(known):
        raise refused(f"the recording is over: it is {known.status}", code=codes.INVALID_ARGUMENT)
    return _of_call(update_recording(call.world, known, request.status, seconds(call.now)))


@handles(operations.CONFERENCES_LIST_RECORDINGS, limits=PAGE_LIMITS)
def list_conference_recordings(
    call: Call, request: models.ConferencesListRecordingsRequest
) -> models.ConferenceRecordingList:
    call.area(Telephony).conference(request.conference_sid)
    recordings = [
        _of_conference(recording)
        for recording in call.area(Telephony).recordings_of(request.conference_sid)
        if dates_fit(request, recording, "date_created")
    ]
    return listing(call, models.ConferenceRecordingList, "recordings", recordings, request.page, request.page_size)


@handles(operations.CONFERENCES_GET_RECORDING)
def get_conference_recording(call: Call, request: models.ConferencesGetRecordingRequest) -> models.ConferenceRecording:
    return _of_conference(_looked_at(call, _conferences(call, request.conference_sid, request.sid)))


@handles(operations.CONFERENCES_UPDATE_RECORDING)
def update_conference_recording(
    call: Call, request: models.ConferencesUpdateRecordingRequest
) -> models.ConferenceRecording:
    recording = _conferences(call, request.conference_sid, request.sid)
    if not is_recorded(recording):
        sentence = f"the recording is over: it is {recording.status}"
        raise invalid(operations.CONFERENCES_UPDATE_RECORDING, sentence)
    return _of_conference(update_recording(call.world, recording, request.status, seconds(call.now)))


@handles(operations.CONFERENCES_DELETE_RECORDING)
def delete_conference_recording(call: Call, request: models.ConferencesDeleteRecordingRequest) -> None:
    _conferences(call, request.conference_sid, request.sid)
    call.area(Telephony).recordings.take(request.sid)


@handles(operations.CONFERENCES_DOWNLOAD_RECORDING)
def download_conference_recording(call: Call, request: models.ConferencesDownloadRecordingRequest) -> bytes:
    return media.wav(_channels(_conferences(call, request.conference_sid, request.sid)))


@handles(operations.RECORDINGS_LIST, limits=PAGE_LIMITS)
def list_recordings(call: Call, request: models.RecordingsListRequest) -> models.RecordingList:
    recordings = [
        recording
        for recording in call.area(Telephony).recordings
        if request.call_sid in (None, recording.call_sid)
        and request.conference_sid in (None, recording.conference_sid)
        and dates_fit(request, recording, "date_created")
    ]
    return listing(call, models.RecordingList, "recordings", recordings, request.page, request.page_size)


@handles(operations.RECORDINGS_GET)
def get_recording(call: Call, request: models.RecordingsGetRequest) -> models.Recording:
    return _looked_at(call, call.area(Telephony).recordings.get(request.sid))


@handles(operations.RECORDINGS_DELETE)
def delete_recording(call: Call, request: models.RecordingsDeleteRequest) -> None:
    telephony = call.area(Telephony)
    if is_recorded(found(telephony.recordings.get(request.sid), "recording")):
        raise refused("the recording is not over", code=codes.STILL_IN_PROGRESS)
    telephony.recordings.take(request.sid)


@handles(operations.RECORDINGS_DOWNLOAD)
def download_recording(call: Call, request: models.RecordingsDownloadRequest) -> bytes:
    recording = found(call.area(Telephony).recordings.get(request.sid), "recording")
    return media.mp3() if request.format == "mp3" else media.wav(_channels(recording))


def _channels(recording: models.Recording) -> int:
    return int(recording.channels or 1)


@handles(operations.TRANSCRIPTIONS_LIST, limits=PAGE_LIMITS)
def list_transcriptions(call: Call, request: models.TranscriptionsListRequest) -> models.TranscriptionList:
    transcriptions = [
        one for one in call.area(Transcriptions).transcriptions if dates_fit(request, one, "date_created")
    ]
    return listing(call, models.TranscriptionList, "transcriptions", transcriptions, request.page, request.page_size)


@handles(operations.TRANSCRIPTIONS_GET)
def get_transcription(call: Call, request: models.TranscriptionsGetRequest) -> models.Transcription:
    return found(call.area(Transcriptions).transcriptions.get(request.sid), "transcription")


@handles(operations.TRANSCRIPTIONS_DELETE)
def delete_transcription(call: Call, request: models.TranscriptionsDeleteRequest) -> None:
    found(call.area(Transcriptions).transcriptions.take(request.sid), "transcription")
