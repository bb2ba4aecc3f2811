"""The endpoint's parts with mocks, and all of it on an emulator."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from fastapi import FastAPI

import roomtone
from join_endpoint.app import create_app
from roomtone import from_wire
from roomtone.chime_sdk_meetings import (
    Attendee,
    CreateAttendeeResponse,
    CreateMeetingResponse,
    LimitExceededException,
    Meeting,
    ServiceFailureException,
    UnauthorizedException,
)
from roomtone.emulator import Disconnect, Emulator, ServerError
from roomtone.testing import RoomtoneMock, make, throttled

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def browsing(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser of the running application; `ASGITransport` alone would not run its lifespan."""
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://app") as http:
        yield http


async def join(browser: httpx.AsyncClient, room: str = "standup", user: str = "ana") -> httpx.Response:
    return await browser.post(f"/rooms/{room}/join", json={"user": user})


class TestWithMocks:
    """What the services answer is said by the test."""

    @pytest.fixture
    async def browser(self, roomtone_mock: RoomtoneMock) -> AsyncIterator[httpx.AsyncClient]:
        roomtone_mock.chime_sdk_meetings.create_meeting.respond(
            make(CreateMeetingResponse, meeting={"meeting_id": "m-1"})
        )
        async with browsing(create_app()) as browser:
            yield browser

    async def test_a_throttled_call_is_repeated(self, browser: httpx.AsyncClient, roomtone_mock: RoomtoneMock) -> None:
        """The browser does not notice a throttle that passes."""
        create = roomtone_mock.chime_sdk_meetings.create_attendee
        create.throttle(1, then=make(CreateAttendeeResponse, attendee={"external_user_id": "ana"}))
        answer = await join(browser)
        assert answer.json()["Attendee"]["ExternalUserId"] == "ana"
        assert roomtone_mock.sleeps == [1.0]

    async def test_a_throttle_that_lasts(self, browser: httpx.AsyncClient, roomtone_mock: RoomtoneMock) -> None:
        """The browser is told when to come again."""
        roomtone_mock.chime_sdk_meetings.create_attendee.script(*[throttled(retry_after=2.5)] * 3)
        answer = await join(browser)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")

    async def test_a_full_meeting(self, browser: httpx.AsyncClient, roomtone_mock: RoomtoneMock) -> None:
        """A limit is no reason to try again, and the service's words stay here."""
        roomtone_mock.chime_sdk_meetings.create_attendee.raises(LimitExceededException("account 123456789012"))
        answer = await join(browser)
        assert (answer.status_code, answer.json()) == (409, {"detail": "the meeting is full"})

    async def test_a_timeout(self, browser: httpx.AsyncClient, roomtone_mock: RoomtoneMock) -> None:
        roomtone_mock.chime_sdk_meetings.create_attendee.timeout()
        assert (await join(browser)).status_code == 504

    async def test_no_connection(self, browser: httpx.AsyncClient, roomtone_mock: RoomtoneMock) -> None:
        roomtone_mock.chime_sdk_meetings.create_attendee.connect_error()
        answer = await join(browser)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

    @pytest.mark.parametrize("error", [ServiceFailureException("broken"), UnauthorizedException("expired")])
    async def test_what_a_browser_cannot_mend(
        self,
        browser: httpx.AsyncClient,
        roomtone_mock: RoomtoneMock,
        error: ServiceFailureException | UnauthorizedException,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """It is told that the service failed; the log tells how."""
        roomtone_mock.chime_sdk_meetings.create_attendee.raises(error)
        answer = await join(browser)
        assert (answer.status_code, answer.json()) == (502, {"detail": "the meeting service failed"})
        assert error.message in caplog.text

    async def test_many_at_once_open_one_meeting(self, browser: httpx.AsyncClient, roomtone_mock: RoomtoneMock) -> None:
        chime = roomtone_mock.chime_sdk_meetings
        chime.create_attendee.respond(make(CreateAttendeeResponse))
        async with anyio.create_task_group() as tasks:
            for user in ("ana", "bo", "cy"):
                tasks.start_soon(join, browser, "standup", user)
        assert chime.create_meeting.call_count == 1
        assert sorted(request.external_user_id for request in chime.create_attendee.requests) == ["ana", "bo", "cy"]

    @pytest.mark.parametrize(
        ("room", "user"), [("x", "ana"), ("stand up", "ana"), ("standup", "a"), ("standup", "a b")]
    )
    async def test_names_are_checked(
        self, browser: httpx.AsyncClient, roomtone_mock: RoomtoneMock, room: str, user: str
    ) -> None:
        assert (await join(browser, room, user)).status_code == 422
        assert not roomtone_mock.calls


class TestOnTheEmulator:
    """Meetings that begin and end, over signed HTTP."""

    @pytest.fixture
    async def browser(self, emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(transport=emulator.transport()) as http_client:
            app = create_app(lambda: roomtone.Client(emulator.aws(), http_client=http_client))
            async with browsing(app) as browser:
                yield browser

    async def test_two_join_one_meeting(self, browser: httpx.AsyncClient) -> None:
        """Both get what the browser SDK takes: one meeting, each an attendee of their own."""
        ana, bo = (await join(browser)).json(), (await join(browser, user="bo")).json()
        assert ana["Meeting"] == bo["Meeting"]
        assert ana["Meeting"]["MediaPlacement"]["AudioHostUrl"]
        assert from_wire(Meeting, ana["Meeting"]).external_meeting_id == "standup"
        attendees = [from_wire(Attendee, joined["Attendee"]) for joined in (ana, bo)]
        assert [attendee.external_user_id for attendee in attendees] == ["ana", "bo"]
        assert all(attendee.join_token for attendee in attendees)
        assert (await join(browser)).json() == ana

    async def test_rooms_are_apart(self, browser: httpx.AsyncClient) -> None:
        first, second = (await join(browser)).json(), (await join(browser, "retro")).json()
        assert first["Meeting"]["MeetingId"] != second["Meeting"]["MeetingId"]

    async def test_a_meeting_that_ended_is_opened_again(self, browser: httpx.AsyncClient, emulator: Emulator) -> None:
        """Everybody left, so the service ended it; who comes next begins another one."""
        first = (await join(browser)).json()["Meeting"]["MeetingId"]
        emulator.meetings.end(first)
        again = await join(browser)
        assert again.status_code == 200
        assert again.json()["Meeting"]["MeetingId"] != first

    async def test_leaving(self, browser: httpx.AsyncClient) -> None:
        """Who left is gone, and is somebody new when they come again."""
        attendee_id = (await join(browser)).json()["Attendee"]["AttendeeId"]
        assert (await browser.delete(f"/rooms/standup/attendees/{attendee_id}")).status_code == 204
        assert (await browser.delete(f"/rooms/standup/attendees/{attendee_id}")).status_code == 404
        assert (await join(browser)).json()["Attendee"]["AttendeeId"] != attendee_id

    async def test_ending(self, browser: httpx.AsyncClient) -> None:
        await join(browser)
        assert (await browser.delete("/rooms/standup")).status_code == 204
        assert (await browser.delete("/rooms/standup")).status_code == 404
        assert (await browser.delete("/rooms/standup/attendees/somebody")).status_code == 404

    async def test_a_lost_answer_makes_no_second_attendee(self, browser: httpx.AsyncClient, emulator: Emulator) -> None:
        """The call was carried out, its answer lost. The browser hears of it, tries again, and has the same place."""
        emulator.faults.add("chime_sdk_meetings.create_attendee", Disconnect(carried_out=True))
        assert (await join(browser)).status_code == 502
        assert (await join(browser)).json() == (await join(browser)).json()

    async def test_a_service_that_is_back_soon(self, browser: httpx.AsyncClient, emulator: Emulator) -> None:
        emulator.faults.add("chime_sdk_meetings", ServerError(503, times=2))
        assert (await join(browser)).status_code == 200
