"""Conferences, their participants and their media streams, of SignalWire's compatibility API."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from attrs import define, evolve, field

from roomtone._core.codec import Misfit
from roomtone._core.operation import Operation
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.state import Call, Shelf, World
from roomtone.signalwire import errors, models, operations

__all__ = ["ConferenceCommands", "Conferences", "handles", "invalid"]

handles: Handlers = Handlers()

T = TypeVar("T")

PAGE_SIZE = 50
_PAGE_LIMITS = {"page": (0, None), "page_size": (1, 1000)}
_TELLS_IN_SENTENCES = {operations.CONFERENCES_START_STREAM, operations.CONFERENCES_STOP_STREAM}
"""Operations whose 422 is documented as a list of sentences."""


@define(eq=False)
class Gathering:
    """One conference, who takes part and the streams out of it."""

    conference: models.Conference
    participants: Shelf[models.ConferenceParticipant] = field(factory=Shelf)
    streams: Shelf[models.ConferenceStream] = field(factory=Shelf)


@define(eq=False)
class Conferences:
    """All conferences, the ended ones too."""

    gatherings: Shelf[Gathering] = field(factory=Shelf)

    def gathering(self, sid: str) -> Gathering:
        """A conference by its SID. Raises SignalWireNotFoundError."""
        return _found(self.gatherings.get(sid), "conference")


def _found(thing: T | None, noun: str) -> T:
    if thing is None:
        raise errors.SignalWireNotFoundError(f"there is no such {noun}", status=404)
    return thing


def invalid(operation: Operation[Any, Any], message: str) -> errors.SignalWireInvalidRequestError:
    """A 422 as it is documented for the operation."""
    details: list[object] | None = [message] if operation in _TELLS_IN_SENTENCES else None
    return errors.SignalWireInvalidRequestError(message, status=422, details=details)


def _base(account_sid: str) -> str:
    return f"{operations.SERVICE.base_path}/Accounts/{account_sid}/Conferences"


@define(eq=False)
class ConferenceCommands:
    """What callers do, which this API does not: they meet in a conference and leave it."""

    _world: World
    _account_sid: str

    def begin(self, friendly_name: str, *, participants: int = 2) -> str:
        """A conference in progress with that many participants; returns its SID."""
        with self._world.lock:
            now = self._now()
            sid = str(uuid.uuid4())
            uri = f"{_base(self._account_sid)}/{sid}"
            gathering = Gathering(
                models.Conference(
                    sid=sid,
                    account_sid=self._account_sid,
                    date_created=now,
                    date_updated=now,
                    friendly_name=friendly_name,
                    status="in-progress",
                    api_version="2010-04-01",
                    region="us1",
                    uri=uri,
                    subresource_uris=models.ConferenceSubresourceUris(
                        participants=f"{uri}/Participants", recordings=f"{uri}/Recordings"
                    ),
                )
            )
            for _ in range(participants):
                self._join(gathering, now)
            self._world.area(Conferences).gatherings.put(sid, gathering)
            return sid

    def _join(self, gathering: Gathering, now: datetime) -> None:
        call_sid = str(uuid.uuid4())
        participant = models.ConferenceParticipant(
            account_sid=self._account_sid,
            call_sid=call_sid,
            coaching=False,
            conference_sid=gathering.conference.sid,
            date_created=now,
            status="in-progress",
            date_updated=now,
            end_conference_on_exit=False,
            muted=False,
            hold=False,
            start_conference_on_enter=True,
            uri=f"{gathering.conference.uri}/Participants/{call_sid}",
        )
        gathering.participants.put(call_sid, participant)

    def end(self, sid: str) -> None:
        """Ends a conference: everybody leaves, its streams stop.

        Raises:
            SignalWireNotFoundError: There is no such conference.
        """
        with self._world.lock:
            _end(self._world.area(Conferences).gathering(sid), self._now())

    def _now(self) -> datetime:
        return _to_seconds(self._world.clock())


def _to_seconds(moment: datetime) -> datetime:
    """The API's dates have no fractions."""
    return moment.replace(microsecond=0)


def _end(gathering: Gathering, now: datetime) -> None:
    gathering.conference = evolve(gathering.conference, status="completed", date_updated=now)
    for participant in list(gathering.participants):
        gathering.participants.take(participant.call_sid or "")
    for stream in list(gathering.streams):
        _stop(gathering, stream, now)


def _stop(gathering: Gathering, stream: models.ConferenceStream, now: datetime) -> models.ConferenceStream:
    stopped = evolve(stream, status="stopped", date_updated=now) if stream.status != "stopped" else stream
    gathering.streams.put(stopped.sid or "", stopped)
    return stopped


def _listing(call: Call, things: list[T], page: int | None, page_size: int | None) -> tuple[list[T], dict[str, Any]]:
    """One page of things, and what every list tells of its pages."""
    number, size = page or 0, page_size or PAGE_SIZE
    filters = {name: text for name, text in parse_qsl(call.query) if name not in ("Page", "PageSize", "PageToken")}

    def uri(wanted: int) -> str:
        return f"{call.path}?{urlencode({**filters, 'Page': wanted, 'PageSize': size})}"

    return things[number * size : (number + 1) * size], {
        "uri": uri(number),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1) if (number + 1) * size < len(things) else None,
        "previous_page_uri": uri(number - 1) if number else None,
        "page": number,
        "page_size": size,
    }


def _day(text: str, member: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise Misfit("must be a date such as 2026-11-21", member) from None


def _dates_fit(request: models.ConferencesListRequest, conference: models.Conference) -> bool:
    """Whether both dates of a conference are on, before or after the days that are asked for."""
    comparisons: dict[str, Callable[[date, date], bool]] = {
        "": lambda found, asked: found == asked,
        "_before": lambda found, asked: found <= asked,
        "_after": lambda found, asked: found >= asked,
    }
    for name in ("date_created", "date_updated"):
        found: datetime | None = getattr(conference, name)
        for suffix, fits in comparisons.items():
            asked: str | None = getattr(request, name + suffix)
            if asked is not None and found is not None and not fits(found.date(), _day(asked, name + suffix)):
                return False
    return True


@handles(operations.CONFERENCES_LIST, limits={**_PAGE_LIMITS, "friendly_name": (0, 64)})
def list_conferences(call: Call, request: models.ConferencesListRequest) -> models.ConferenceList:
    found = [
        gathering.conference
        for gathering in call.area(Conferences).gatherings
        if request.friendly_name in (None, gathering.conference.friendly_name)
        and request.status in (None, gathering.conference.status)
        and _dates_fit(request, gathering.conference)
    ]
    conferences, pages = _listing(call, found, request.page, request.page_size)
    return models.ConferenceList(conferences=conferences, **pages)


@handles(operations.CONFERENCES_GET)
def get_conference(call: Call, request: models.ConferencesGetRequest) -> models.Conference:
    return call.area(Conferences).gathering(request.sid).conference


@handles(operations.CONFERENCES_UPDATE)
def update_conference(call: Call, request: models.ConferencesUpdateRequest) -> models.Conference:
    gathering = call.area(Conferences).gathering(request.sid)
    if request.status not in (None, "completed"):
        raise Misfit("must be completed", "status")
    if request.status == "completed":
        _end(gathering, _to_seconds(call.now))
    return gathering.conference


@handles(operations.CONFERENCES_LIST_PARTICIPANTS, limits=_PAGE_LIMITS)
def list_participants(
    call: Call, request: models.ConferencesListParticipantsRequest
) -> models.ConferenceParticipantList:
    found = [
        participant
        for participant in call.area(Conferences).gathering(request.conference_sid).participants
        if request.muted in (None, participant.muted) and request.hold in (None, participant.hold)
    ]
    participants, pages = _listing(call, found, request.page, request.page_size)
    return models.ConferenceParticipantList(participants=participants, **pages)


@handles(operations.CONFERENCES_GET_PARTICIPANT)
def get_participant(call: Call, request: models.ConferencesGetParticipantRequest) -> models.ConferenceParticipant:
    gathering = call.area(Conferences).gathering(request.conference_sid)
    return _found(gathering.participants.get(request.call_sid), "participant")


@handles(operations.CONFERENCES_UPDATE_PARTICIPANT)
def update_participant(call: Call, request: models.ConferencesUpdateParticipantRequest) -> models.ConferenceParticipant:
    gathering = call.area(Conferences).gathering(request.conference_sid)
    participant = _found(gathering.participants.get(request.call_sid), "participant")
    changed = ("muted", "hold", "coaching", "call_sid_to_coach")
    given = {name: getattr(request, name) for name in changed if getattr(request, name) is not None}
    updated = evolve(participant, date_updated=_to_seconds(call.now), **given)
    gathering.participants.put(request.call_sid, updated)
    return updated


@handles(operations.CONFERENCES_REMOVE_PARTICIPANT)
def remove_participant(call: Call, request: models.ConferencesRemoveParticipantRequest) -> None:
    gathering = call.area(Conferences).gathering(request.conference_sid)
    _found(gathering.participants.take(request.call_sid), "participant")


@handles(operations.CONFERENCES_START_STREAM)
def start_stream(call: Call, request: models.ConferencesStartStreamRequest) -> models.ConferenceStream:
    gathering = call.area(Conferences).gathering(request.conference_sid)
    if not _is_wss(request.url):
        raise Misfit("must be a wss:// URL", "url")
    if gathering.conference.status != "in-progress":
        raise invalid(operations.CONFERENCES_START_STREAM, "the conference is not in progress")
    sid = str(uuid.uuid4())
    stream = models.ConferenceStream(
        account_sid=gathering.conference.account_sid,
        conference_sid=gathering.conference.sid,
        date_updated=_to_seconds(call.now),
        name=request.name,
        sid=sid,
        status="in-progress",
        uri=f"{gathering.conference.uri}/Streams/{sid}",
    )
    gathering.streams.put(sid, stream)
    return stream


def _is_wss(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "wss" and bool(parts.hostname)
    except ValueError:
        return False


@handles(operations.CONFERENCES_STOP_STREAM)
def stop_stream(call: Call, request: models.ConferencesStopStreamRequest) -> models.ConferenceStream:
    gathering = call.area(Conferences).gathering(request.conference_sid)
    stream = _found(gathering.streams.get(request.sid), "stream")
    if request.status != "stopped":
        raise Misfit("must be stopped", "status")
    return _stop(gathering, stream, _to_seconds(call.now))
