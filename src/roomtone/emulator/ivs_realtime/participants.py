"""Participants of stages: the tokens that let them in, what is told of them, how they are put out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs_members import at_most_one_kilobyte
from roomtone.emulator.ivs_realtime import attendance
from roomtone.emulator.ivs_realtime.state import (
    ARN,
    ID,
    LISTED,
    PAGE,
    SESSION_ID,
    Issued,
    Presence,
    Stages,
    handles,
    missing,
)
from roomtone.emulator.resources import id_of, region_of, view
from roomtone.emulator.state import Call, Shelf, random_id
from roomtone.ivs_realtime import models, operations

__all__ = ["new_token"]

DURATION = 720
"""The minutes that a token is good for when nothing is said about it."""

_PARTICIPANT = {"stage_arn": ARN, "session_id": SESSION_ID, "participant_id": ID}


def new_token(
    call: Call,
    stage: models.Stage,
    duration: int | None,
    user_id: str | None,
    attributes: Mapping[str, str] | None,
    capabilities: Sequence[models.ParticipantTokenCapability] | None,
) -> models.ParticipantToken:
    """A token for a stage, remembered. Raises Misfit."""
    participant_id = random_id(12)
    minutes = duration or DURATION
    allowed = list(capabilities or ("PUBLISH", "SUBSCRIBE"))
    expires = call.now + timedelta(minutes=minutes)
    checked = at_most_one_kilobyte(attributes)
    claims: dict[str, Any] = {
        "exp": int(expires.timestamp()),
        "iat": int(call.now.timestamp()),
        "jti": participant_id,
        "resource": stage.arn,
        "topic": id_of(stage.arn),
        "events_url": stage.endpoints and stage.endpoints.events,
        "whip_url": stage.endpoints and stage.endpoints.whip,
        "user_id": user_id or "",
        "attributes": checked or {},
        "capabilities": {"allow_publish": "PUBLISH" in allowed, "allow_subscribe": "SUBSCRIBE" in allowed},
        "version": "0.0",
    }
    token = models.ParticipantToken(
        participant_id=participant_id,
        token=f"{_part({'alg': 'KMS', 'typ': 'JWT'})}.{_part(claims)}.{random_id(128)}",
        user_id=user_id,
        attributes=checked,
        duration=minutes,
        capabilities=allowed,
        expiration_time=expires,
    )
    call.area(Stages).issued[participant_id] = Issued(token, stage.arn)
    return token


def _part(content: object) -> str:
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@handles(
    operations.CREATE_PARTICIPANT_TOKEN,
    limits={"stage_arn": ARN, "duration": (1, 20160), "user_id": (0, 128), "capabilities": (0, 2)},
)
def create_participant_token(
    call: Call, request: models.CreateParticipantTokenRequest
) -> models.CreateParticipantTokenResponse:
    stage = call.area(Stages).stages.of(call, request.stage_arn)
    token = new_token(call, stage, request.duration, request.user_id, request.attributes, request.capabilities)
    return models.CreateParticipantTokenResponse(participant_token=token)


@handles(operations.GET_PARTICIPANT, limits=_PARTICIPANT)
def get_participant(call: Call, request: models.GetParticipantRequest) -> models.GetParticipantResponse:
    presence = call.area(Stages).seen(call, request.stage_arn, request.session_id, request.participant_id)
    if presence is None:
        raise missing("participant of this session", request.participant_id)
    return models.GetParticipantResponse(participant=presence.participant)


@handles(
    operations.LIST_PARTICIPANTS,
    limits={"stage_arn": ARN, "session_id": SESSION_ID, "filter_by_user_id": (0, 128), **LISTED},
)
def list_participants(call: Call, request: models.ListParticipantsRequest) -> models.ListParticipantsResponse:
    filters = {name: getattr(request, f"filter_by_{name}") for name in ("user_id", "published", "state")}
    filters["recording_state"] = request.filter_by_recording_state
    wanted = {name: value for name, value in filters.items() if value is not None}
    if len(wanted) > 1:
        first, second, *_ = wanted
        raise Misfit(f"excludes filter_by_{second}; give one filter", f"filter_by_{first}")

    def fits(presence: Presence) -> bool:
        return all(getattr(presence.participant, name) == value for name, value in wanted.items())

    area = call.area(Stages)
    found = area.sessions_of(request.stage_arn).get(request.session_id)
    visible = found.presences if found and area.stages.has(call, request.stage_arn) else Shelf[Presence]()
    page, token = visible.page(request.next_token, request.max_results or PAGE, where=fits)
    return models.ListParticipantsResponse(
        participants=[view(models.ParticipantSummary, presence.participant) for presence in page], next_token=token
    )


@handles(operations.LIST_PARTICIPANT_EVENTS, limits={**_PARTICIPANT, **LISTED})
def list_participant_events(
    call: Call, request: models.ListParticipantEventsRequest
) -> models.ListParticipantEventsResponse:
    presence = call.area(Stages).seen(call, request.stage_arn, request.session_id, request.participant_id)
    events = presence.events if presence else Shelf[models.Event]()
    page, token = events.page(request.next_token, request.max_results or PAGE, newest_first=True)
    return models.ListParticipantEventsResponse(events=page, next_token=token)


@handles(
    operations.DISCONNECT_PARTICIPANT,
    limits={"stage_arn": ARN, "participant_id": ID, "reason": (0, 128)},
)
def disconnect_participant(
    call: Call, request: models.DisconnectParticipantRequest
) -> models.DisconnectParticipantResponse:
    area = call.area(Stages)
    arn = area.stages.of(call, request.stage_arn).arn
    presence = area.present(arn, request.participant_id)
    attendance.leave(area, arn, presence, call.now)
    ingest = area.ingest_configurations.shelf.get(presence.participant.ingest_configuration_arn or "")
    if ingest is not None and ingest.stage_arn == arn:
        area.ingest_configurations.put(evolve(ingest, stage_arn=""))
    return models.DisconnectParticipantResponse()


@handles(operations.REVOKE_CONNECTION_TOKEN, limits={"token_id": (1, 64)})
def revoke_connection_token(
    call: Call, request: models.RevokeConnectionTokenRequest
) -> models.RevokeConnectionTokenResponse:
    area = call.area(Stages)
    issued = area.issued.get(request.token_id)
    # No error is documented for a token that is not known: it may be one that the application signed itself.
    if issued is not None and region_of(issued.stage_arn) == call.region:
        area.revoked.add(request.token_id)
    for arn in [stage.arn for stage in area.stages if region_of(stage.arn) == call.region]:
        session = area.active(arn)
        presence = session.presences.get(request.token_id) if session else None
        if presence is not None:
            attendance.leave(area, arn, presence, call.now)
    return models.RevokeConnectionTokenResponse()
