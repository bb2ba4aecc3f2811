"""How a meeting is transcribed."""

from __future__ import annotations

from roomtone.chime_sdk_meetings import errors, models, operations
from roomtone.emulator.meetings.area import Meetings, handles
from roomtone.emulator.state import Call

__all__: list[str] = []


_TRANSCRIBE = "transcription_configuration.engine_transcribe_settings"


@handles(
    operations.START_MEETING_TRANSCRIPTION,
    status=200,
    limits={
        f"{_TRANSCRIBE}.pii_entity_types": (1, 300),
        f"{_TRANSCRIBE}.language_model_name": (1, 200),
        f"{_TRANSCRIBE}.language_options": (1, 200),
        f"{_TRANSCRIBE}.vocabulary_names": (1, 3000),
        f"{_TRANSCRIBE}.vocabulary_filter_names": (1, 3000),
    },
)
def start_meeting_transcription(call: Call, request: models.StartMeetingTranscriptionRequest) -> None:
    room = call.area(Meetings).room(request.meeting_id)
    configuration = request.transcription_configuration
    general, medical = configuration.engine_transcribe_settings, configuration.engine_transcribe_medical_settings
    if (general is None) == (medical is None):
        raise errors.BadRequestException("transcription_configuration: settings of exactly one engine are needed")
    # What the engine would make of them shows in the meeting, never in this answer.
    room.transcription = configuration


@handles(operations.STOP_MEETING_TRANSCRIPTION, status=200)
def stop_meeting_transcription(call: Call, request: models.StopMeetingTranscriptionRequest) -> None:
    call.area(Meetings).room(request.meeting_id).transcription = None
