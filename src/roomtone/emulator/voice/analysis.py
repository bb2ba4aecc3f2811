"""Speaker search and voice tone analysis of calls over a voice connector.

A task is in the queue when it is started and has succeeded when somebody looks next, unless a command holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from attrs import define, field

from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call, Tokens
from roomtone.emulator.voice.base import check_enum, found, handles, new_id, token_reused
from roomtone.emulator.voice.state import voice

__all__ = ["Kind", "Task", "Tasks"]

RETENTION = timedelta(days=7)
"""How long the results of a task are kept."""

Kind: TypeAlias = Literal["speaker search task", "voice tone analysis task"]
Status: TypeAlias = Literal["IN_QUEUE", "IN_PROGRESS", "SUCCEEDED", "FAILED", "STOPPED"]

_TRANSACTION = (1, 256)
_TASK = (1, 256)


@define(eq=False)
class Task:
    """One task."""

    task_id: str
    kind: Kind
    voice_connector_id: str
    transaction_id: str
    created: datetime
    updated: datetime
    is_caller: bool = True
    domain_id: str | None = None
    """Whose profiles a speaker search compares with."""
    status: Status = "IN_QUEUE"
    message: str | None = None
    matches: Mapping[str, float] = field(factory=dict)
    """Confidence by the id of a voice profile."""
    held: bool = False

    @property
    def over(self) -> bool:
        return self.status not in ("IN_QUEUE", "IN_PROGRESS")

    def become(self, status: Status, now: datetime, message: str | None = None) -> None:
        self.status, self.updated, self.message = status, now, message

    def call_details(self, is_caller: bool) -> models.CallDetails:
        return models.CallDetails(
            voice_connector_id=self.voice_connector_id, transaction_id=self.transaction_id, is_caller=is_caller
        )


@define(eq=False)
class Tasks:
    """All tasks whose results are kept."""

    _by_id: dict[str, Task] = field(factory=dict, init=False)
    tokens: Tokens = field(factory=Tokens)

    def add(self, task: Task) -> None:
        self._by_id[task.task_id] = task

    def task(self, kind: Kind, task_id: str) -> Task:
        """A task as it was left. Raises NotFoundException."""
        task = self._by_id.get(task_id)
        return found(task if task and task.kind == kind else None, kind)

    def any(self, task_id: str) -> Task:
        """A task of either kind, as it was left. Raises NotFoundException."""
        return found(self._by_id.get(task_id), "task")

    def looked_at(self, kind: Kind, task_id: str, now: datetime) -> Task:
        """A task as it is now that somebody looks. Raises NotFoundException."""
        task = self.task(kind, task_id)
        if now - task.created >= RETENTION:
            del self._by_id[task_id]
            raise errors.NotFoundException(f"the results of the {kind} were kept for seven days")
        if not task.over and not task.held:
            task.become("SUCCEEDED", now)
        elif task.status == "IN_QUEUE":
            task.become("IN_PROGRESS", now)
        return task


def _of_connector(call: Call, task: Task, voice_connector_id: str) -> Task:
    voice(call).connector(voice_connector_id)
    if task.voice_connector_id != voice_connector_id:
        raise errors.NotFoundException(f"the {task.kind} is of another voice connector")
    return task


def _check_call(call: Call, voice_connector_id: str, transaction_id: str) -> None:
    """What is analysed is a call under way over a voice connector that streams its media.

    Raises NotFoundException, UnprocessableEntityException, GoneException.
    """
    streaming = voice(call).connector(voice_connector_id).setting(models.StreamingConfiguration)
    if streaming is None or streaming.disabled:
        raise errors.UnprocessableEntityException("the voice connector streams no media; configure its streaming first")
    analysed = voice(call).calls.get(transaction_id)
    if analysed is None or analysed.owner_id != voice_connector_id:
        raise errors.NotFoundException("the voice connector has no such call")
    if analysed.ended:
        raise errors.GoneException("the call has ended")


@handles(
    operations.START_SPEAKER_SEARCH_TASK,
    status=201,
    limits={"transaction_id": _TRANSACTION, "voice_profile_domain_id": (1, 256)},
)
def start_speaker_search_task(
    call: Call, request: models.StartSpeakerSearchTaskRequest
) -> models.StartSpeakerSearchTaskResponse:
    check_enum(request.call_leg, models.CallLegType, "call_leg")

    def make() -> models.StartSpeakerSearchTaskResponse:
        _check_call(call, request.voice_connector_id, request.transaction_id)
        task = Task(
            new_id(),
            "speaker search task",
            request.voice_connector_id,
            request.transaction_id,
            created=call.now,
            updated=call.now,
            is_caller=request.call_leg != "Callee",
            domain_id=voice(call).domain(request.voice_profile_domain_id).voice_profile_domain_id,
        )
        call.area(Tasks).add(task)
        return models.StartSpeakerSearchTaskResponse(speaker_search_task=_speaker_search(task))

    return call.area(Tasks).tokens.once(request.client_request_token, request, make, conflict=token_reused)


def _speaker_search(task: Task) -> models.SpeakerSearchTask:
    details = models.SpeakerSearchDetails(
        results=[
            models.SpeakerSearchResult(confidence_score=confidence, voice_profile_id=profile_id)
            for profile_id, confidence in sorted(task.matches.items(), key=lambda match: match[1], reverse=True)
        ],
        voiceprint_generation_status="VoiceprintGenerationSuccess",
    )
    return models.SpeakerSearchTask(
        speaker_search_task_id=task.task_id,
        speaker_search_task_status=task.status,
        call_details=task.call_details(task.is_caller),
        speaker_search_details=details if task.status == "SUCCEEDED" else None,
        created_timestamp=task.created,
        updated_timestamp=task.updated,
        started_timestamp=task.created,
        status_message=task.message,
    )


@handles(operations.GET_SPEAKER_SEARCH_TASK, limits={"speaker_search_task_id": _TASK})
def get_speaker_search_task(
    call: Call, request: models.GetSpeakerSearchTaskRequest
) -> models.GetSpeakerSearchTaskResponse:
    task = call.area(Tasks).looked_at("speaker search task", request.speaker_search_task_id, call.now)
    return models.GetSpeakerSearchTaskResponse(
        speaker_search_task=_speaker_search(_of_connector(call, task, request.voice_connector_id))
    )


@handles(operations.STOP_SPEAKER_SEARCH_TASK, limits={"speaker_search_task_id": _TASK})
def stop_speaker_search_task(call: Call, request: models.StopSpeakerSearchTaskRequest) -> None:
    task = call.area(Tasks).task("speaker search task", request.speaker_search_task_id)
    _stop(_of_connector(call, task, request.voice_connector_id), call.now)


def _stop(task: Task, now: datetime) -> None:
    if task.over:
        raise errors.ConflictException(f"the {task.kind} is over")
    task.become("STOPPED", now)


@handles(operations.START_VOICE_TONE_ANALYSIS_TASK, status=201, limits={"transaction_id": _TRANSACTION})
def start_voice_tone_analysis_task(
    call: Call, request: models.StartVoiceToneAnalysisTaskRequest
) -> models.StartVoiceToneAnalysisTaskResponse:
    check_enum(request.language_code, models.LanguageCode, "language_code")

    def make() -> models.StartVoiceToneAnalysisTaskResponse:
        _check_call(call, request.voice_connector_id, request.transaction_id)
        task = Task(
            new_id(),
            "voice tone analysis task",
            request.voice_connector_id,
            request.transaction_id,
            created=call.now,
            updated=call.now,
        )
        call.area(Tasks).add(task)
        return models.StartVoiceToneAnalysisTaskResponse(voice_tone_analysis_task=_tone_analysis(task, True))

    return call.area(Tasks).tokens.once(request.client_request_token, request, make, conflict=token_reused)


def _tone_analysis(task: Task, is_caller: bool) -> models.VoiceToneAnalysisTask:
    return models.VoiceToneAnalysisTask(
        voice_tone_analysis_task_id=task.task_id,
        voice_tone_analysis_task_status=task.status,
        call_details=task.call_details(is_caller),
        created_timestamp=task.created,
        updated_timestamp=task.updated,
        started_timestamp=task.created,
        status_message=task.message,
    )


@handles(operations.GET_VOICE_TONE_ANALYSIS_TASK, limits={"voice_tone_analysis_task_id": _TASK})
def get_voice_tone_analysis_task(
    call: Call, request: models.GetVoiceToneAnalysisTaskRequest
) -> models.GetVoiceToneAnalysisTaskResponse:
    task = call.area(Tasks).looked_at("voice tone analysis task", request.voice_tone_analysis_task_id, call.now)
    # Both parties are analysed; the request says whose analysis is meant.
    return models.GetVoiceToneAnalysisTaskResponse(
        voice_tone_analysis_task=_tone_analysis(
            _of_connector(call, task, request.voice_connector_id), request.is_caller
        )
    )


@handles(operations.STOP_VOICE_TONE_ANALYSIS_TASK, limits={"voice_tone_analysis_task_id": _TASK})
def stop_voice_tone_analysis_task(call: Call, request: models.StopVoiceToneAnalysisTaskRequest) -> None:
    task = call.area(Tasks).task("voice tone analysis task", request.voice_tone_analysis_task_id)
    _stop(_of_connector(call, task, request.voice_connector_id), call.now)
