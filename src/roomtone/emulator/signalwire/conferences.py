"""Conferences and their participants, of SignalWire's compatibility API, and what callers do there."""

from __future__ import annotations

from attrs import define, evolve

from roomtone.emulator.signalwire.common import (
    API_VERSION,
    PAGE_LIMITS,
    Commands,
    dates_fit,
    found,
    handles,
    listing,
    new_sid,
    refused,
    seconds,
    uri_of,
)
from roomtone.emulator.signalwire.telephony import (
    Gathering,
    Leg,
    Telephony,
    change,
    end_call,
    end_conference,
    new_call,
    record,
)
from roomtone.emulator.state import Call
from roomtone.signalwire import codes, models, operations

__all__ = ["ConferenceCommands"]


@define(eq=False)
class ConferenceCommands(Commands):
    """What callers do, which this API does not: they meet in a conference and leave it."""

    def begin(self, friendly_name: str, *, participants: int = 2) -> str:
        """A conference in progress with that many participants, each with a call of its own; returns its SID."""
        with self._world.lock:
            sid, now = new_sid(), self._now
            uri = uri_of(self._world, "Conferences", sid)
            gathering = Gathering(
                models.Conference(
                    sid=sid,
                    account_sid=self._world.project,
                    date_created=now,
                    date_updated=now,
                    friendly_name=friendly_name,
                    status="in-progress",
                    api_version=API_VERSION,
                    region="us1",
                    uri=uri,
                    subresource_uris=models.ConferenceSubresourceUris(
                        participants=f"{uri}/Participants", recordings=f"{uri}/Recordings"
                    ),
                )
            )
            self._world.area(Telephony).conferences.put(sid, gathering)
            for _ in range(participants):
                self.join(sid)
            return sid

    def join(self, sid: str, call_sid: str | None = None) -> str:
        """A call in progress joins; without one somebody dials in. Returns the call's SID.

        Raises:
            SignalWireNotFoundError: There is no such conference or call.
            SignalWireInvalidRequestError: The conference or the call is not in progress.
        """
        with self._world.lock:
            telephony, now = self._world.area(Telephony), self._now
            gathering = telephony.conference(sid)
            _check_in_progress(gathering)
            leg = telephony.call(call_sid) if call_sid else self._dials_in()
            if leg.call.status != "in-progress":
                raise refused(f"the call is {leg.call.status}, not in-progress", code=codes.NOT_IN_PROGRESS)
            participant = models.ConferenceParticipant(
                account_sid=self._world.project,
                call_sid=leg.call.sid,
                coaching=False,
                conference_sid=sid,
                date_created=now,
                status="in-progress",
                date_updated=now,
                end_conference_on_exit=False,
                muted=False,
                hold=False,
                start_conference_on_enter=True,
                uri=f"{gathering.conference.uri}/Participants/{leg.call.sid}",
            )
            gathering.participants.put(leg.call.sid, participant)
            return leg.call.sid

    def _dials_in(self) -> Leg:
        number = len(self._world.area(Telephony).calls)
        caller = f"+1206555{number % 10_000:04}"
        leg = new_call(self._world, from_=caller, to="+12065550100", direction="inbound", now=self._now)
        change(self._world, leg, "in-progress", self._now)
        return leg

    def leave(self, sid: str, call_sid: str) -> None:
        """A participant hangs up.

        Raises:
            SignalWireNotFoundError: There is no such conference, or no such participant in it.
        """
        with self._world.lock:
            telephony = self._world.area(Telephony)
            found(telephony.conference(sid).participants.get(call_sid), "participant")
            end_call(self._world, telephony.call(call_sid), "completed", self._now)

    def record(self, sid: str) -> str:
        """The conference is recorded until it ends or the recording is stopped; returns the recording's SID.

        Raises:
            SignalWireNotFoundError: There is no such conference.
            SignalWireInvalidRequestError: It is not in progress.
        """
        with self._world.lock:
            _check_in_progress(self._world.area(Telephony).conference(sid))
            return record(self._world, conference_sid=sid, source="Conference", now=self._now).sid

    def end(self, sid: str) -> None:
        """Ends a conference: everybody leaves, its streams and recordings stop.

        Raises:
            SignalWireNotFoundError: There is no such conference.
        """
        with self._world.lock:
            end_conference(self._world, self._world.area(Telephony).conference(sid), self._now)


def _check_in_progress(gathering: Gathering) -> None:
    if gathering.conference.status != "in-progress":
        raise refused("the conference is not in progress", code=codes.NOT_IN_PROGRESS)


@handles(operations.CONFERENCES_LIST, limits={**PAGE_LIMITS, "friendly_name": (0, 64)})
def list_conferences(call: Call, request: models.ConferencesListRequest) -> models.ConferenceList:
    conferences = [
        gathering.conference
        for gathering in call.area(Telephony).conferences
        if request.friendly_name in (None, gathering.conference.friendly_name)
        and request.status in (None, gathering.conference.status)
        and dates_fit(request, gathering.conference, "date_created", "date_updated")
    ]
    return listing(call, models.ConferenceList, "conferences", conferences, request.page, request.page_size)


@handles(operations.CONFERENCES_GET)
def get_conference(call: Call, request: models.ConferencesGetRequest) -> models.Conference:
    return call.area(Telephony).conference(request.sid).conference


@handles(operations.CONFERENCES_UPDATE)
def update_conference(call: Call, request: models.ConferencesUpdateRequest) -> models.Conference:
    gathering = call.area(Telephony).conference(request.sid)
    if request.status == "completed":
        end_conference(call.world, gathering, seconds(call.now))
    return gathering.conference


@handles(operations.CONFERENCES_LIST_PARTICIPANTS, limits=PAGE_LIMITS)
def list_participants(
    call: Call, request: models.ConferencesListParticipantsRequest
) -> models.ConferenceParticipantList:
    participants = [
        participant
        for participant in call.area(Telephony).conference(request.conference_sid).participants
        if request.muted in (None, participant.muted) and request.hold in (None, participant.hold)
    ]
    return listing(
        call, models.ConferenceParticipantList, "participants", participants, request.page, request.page_size
    )


@handles(operations.CONFERENCES_GET_PARTICIPANT)
def get_participant(call: Call, request: models.ConferencesGetParticipantRequest) -> models.ConferenceParticipant:
    gathering = call.area(Telephony).conference(request.conference_sid)
    return found(gathering.participants.get(request.call_sid), "participant")


@handles(operations.CONFERENCES_UPDATE_PARTICIPANT)
def update_participant(call: Call, request: models.ConferencesUpdateParticipantRequest) -> models.ConferenceParticipant:
    gathering = call.area(Telephony).conference(request.conference_sid)
    participant = found(gathering.participants.get(request.call_sid), "participant")
    if request.call_sid_to_coach and gathering.participants.get(request.call_sid_to_coach) is None:
        raise refused("call_sid_to_coach is no participant's", code=codes.INVALID_CONFERENCE_ATTRIBUTES)
    changed = ("muted", "hold", "coaching", "call_sid_to_coach")
    given = {name: getattr(request, name) for name in changed if getattr(request, name) is not None}
    updated = evolve(participant, date_updated=seconds(call.now), **given)
    gathering.participants.put(request.call_sid, updated)
    return updated


@handles(operations.CONFERENCES_REMOVE_PARTICIPANT)
def remove_participant(call: Call, request: models.ConferencesRemoveParticipantRequest) -> None:
    telephony = call.area(Telephony)
    found(telephony.conference(request.conference_sid).participants.get(request.call_sid), "participant")
    end_call(call.world, telephony.call(request.call_sid), "completed", seconds(call.now))
