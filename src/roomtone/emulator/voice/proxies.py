"""Proxy sessions: two parties who speak over a number of the voice connector, for as long as the session is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import evolve

from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import (
    E164,
    MAX_RESULTS,
    PAGE,
    check_enum,
    check_pattern,
    found,
    handles,
    new_id,
)
from roomtone.emulator.voice.inventory import e164, inventory
from roomtone.emulator.voice.state import Connector, voice

__all__: list[str] = []

_SESSION_ID = (1, 128)


def _connector(call: Call, voice_connector_id: str) -> Connector:
    """A voice connector whose sessions are as they are now: those whose time is over are closed."""
    connector = voice(call).connector(voice_connector_id)
    for session in list(connector.sessions):
        end = _end(session)
        if session.status == "Open" and end <= call.now:
            connector.sessions.put(
                session.proxy_session_id, evolve(session, status="Closed", updated_timestamp=end, ended_timestamp=end)
            )
    return connector


def _end(session: models.ProxySession) -> datetime:
    """When a session closes by itself: so many minutes after it was opened or changed last."""
    assert session.updated_timestamp is not None
    assert session.expiry_minutes is not None
    return session.updated_timestamp + timedelta(minutes=session.expiry_minutes)


def _check_capabilities(capabilities: Sequence[str]) -> None:
    for index, capability in enumerate(capabilities):
        check_enum(capability, models.Capability, f"capabilities[{index}]")


@handles(
    operations.CREATE_PROXY_SESSION,
    status=201,
    limits={
        "participant_phone_numbers": (2, 2),
        "name": (0, 30),
        "expiry_minutes": (1, None),
        "capabilities": (1, None),
    },
)
def create_proxy_session(call: Call, request: models.CreateProxySessionRequest) -> models.CreateProxySessionResponse:
    _check_capabilities(request.capabilities)
    check_enum(request.number_selection_behavior, models.NumberSelectionBehavior, "number_selection_behavior")
    check_enum(request.geo_match_level, models.GeoMatchLevel, "geo_match_level")
    for index, number in enumerate(request.participant_phone_numbers):
        check_pattern(number, E164, f"participant_phone_numbers[{index}]")
    connector = _connector(call, request.voice_connector_id)
    proxy = connector.setting(models.Proxy)
    if proxy is None or proxy.disabled:
        raise errors.BadRequestException("the voice connector has no proxy that is enabled; put one first")
    number = _proxy_number(call, connector, proxy, request)
    session = models.ProxySession(
        voice_connector_id=connector.detail.voice_connector_id,
        proxy_session_id=new_id(),
        name=request.name,
        status="Open",
        expiry_minutes=request.expiry_minutes or proxy.default_session_expiry_minutes,
        capabilities=list(request.capabilities),
        created_timestamp=call.now,
        updated_timestamp=call.now,
        participants=[
            models.Participant(phone_number=e164(participant), proxy_phone_number=number)
            for participant in request.participant_phone_numbers
        ],
        number_selection_behavior=request.number_selection_behavior or "PreferSticky",
        geo_match_level=request.geo_match_level or "Country",
        geo_match_params=request.geo_match_params,
    )
    connector.sessions.put(session.proxy_session_id, session)
    return models.CreateProxySessionResponse(proxy_session=session)


def _proxy_number(
    call: Call, connector: Connector, proxy: models.Proxy, request: models.CreateProxySessionRequest
) -> str:
    """A number of the voice connector's in the countries of its pool, else the one to fall back on.

    Preferred is a number of the place asked for; then one that the two have had before, or rather have not.
    """
    participants = {e164(number) for number in request.participant_phone_numbers}
    before = {
        one.proxy_phone_number
        for session in connector.sessions
        if {one.phone_number for one in session.participants or ()} == participants
        for one in session.participants or ()
    }
    sticky = request.number_selection_behavior != "AvoidSticky"
    place = request.geo_match_params
    by_area = request.geo_match_level == "AreaCode"

    def preference(number: models.PhoneNumber) -> tuple[bool, bool, bool]:
        there = place is not None and number.country == place.country
        code = place.area_code if place is not None else ""
        in_area = bool(code) and (number.e164_phone_number or "")[2:].startswith(code)
        return there, by_area and in_area, (number.e164_phone_number in before) == sticky

    pool = [
        number
        for number in inventory(call).held_by("VoiceConnectorId", connector.detail.voice_connector_id)
        if number.country in (proxy.phone_number_countries or ())
    ]
    if pool:
        return max(pool, key=preference).e164_phone_number or ""
    if proxy.fall_back_phone_number is None:
        raise errors.BadRequestException(
            "the voice connector has no phone number in the countries of its proxy's pool, and none to fall back on"
        )
    return proxy.fall_back_phone_number


def _session(connector: Connector, proxy_session_id: str) -> models.ProxySession:
    return found(connector.sessions.get(proxy_session_id), "proxy session of the voice connector")


@handles(operations.GET_PROXY_SESSION, limits={"proxy_session_id": _SESSION_ID})
def get_proxy_session(call: Call, request: models.GetProxySessionRequest) -> models.GetProxySessionResponse:
    connector = _connector(call, request.voice_connector_id)
    return models.GetProxySessionResponse(proxy_session=_session(connector, request.proxy_session_id))


@handles(operations.LIST_PROXY_SESSIONS, limits={"max_results": MAX_RESULTS})
def list_proxy_sessions(call: Call, request: models.ListProxySessionsRequest) -> models.ListProxySessionsResponse:
    check_enum(request.status, models.ProxySessionStatus, "status")
    page, token = _connector(call, request.voice_connector_id).sessions.page(
        request.next_token,
        request.max_results or PAGE,
        where=lambda session: request.status in (None, session.status),
    )
    return models.ListProxySessionsResponse(proxy_sessions=page, next_token=token)


@handles(
    operations.UPDATE_PROXY_SESSION,
    status=201,
    limits={"proxy_session_id": _SESSION_ID, "capabilities": (1, None), "expiry_minutes": (1, None)},
)
def update_proxy_session(call: Call, request: models.UpdateProxySessionRequest) -> models.UpdateProxySessionResponse:
    _check_capabilities(request.capabilities)
    connector = _connector(call, request.voice_connector_id)
    session = _session(connector, request.proxy_session_id)
    if session.status == "Closed":
        raise errors.BadRequestException("the proxy session is closed")
    updated = evolve(
        session,
        capabilities=list(request.capabilities),
        expiry_minutes=request.expiry_minutes or session.expiry_minutes,
        updated_timestamp=call.now,
    )
    connector.sessions.put(updated.proxy_session_id, updated)
    return models.UpdateProxySessionResponse(proxy_session=updated)


@handles(operations.DELETE_PROXY_SESSION, limits={"proxy_session_id": _SESSION_ID})
def delete_proxy_session(call: Call, request: models.DeleteProxySessionRequest) -> None:
    connector = _connector(call, request.voice_connector_id)
    connector.sessions.take(_session(connector, request.proxy_session_id).proxy_session_id)
