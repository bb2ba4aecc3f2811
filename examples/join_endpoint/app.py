"""A join endpoint: a browser asks for a room and gets what the Chime SDK's MeetingSessionConfiguration takes."""

from __future__ import annotations

import logging
import math
import os
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Body, Depends, FastAPI, Path, Request
from fastapi.responses import JSONResponse

import roomtone
from roomtone import errors, to_wire
from roomtone.chime_sdk_meetings import Attendee, ChimeSDKMeetingsClient, Meeting

MEDIA_REGION = os.environ.get("MEDIA_REGION", "eu-central-1")
NAME = "^[-_a-zA-Z0-9]{2,64}$"

ANSWERS: dict[type[errors.RoomtoneError], tuple[int, str]] = {
    errors.RequestError: (422, "that cannot be asked for"),
    errors.InvalidRequestError: (422, "that cannot be asked for"),
    errors.NotFoundError: (404, "there is no such meeting or attendee"),
    errors.ConflictError: (409, "that contradicts what was asked for before"),
    errors.QuotaExceededError: (409, "the meeting is full"),
    errors.ThrottledError: (503, "too busy, try again"),
    errors.UnavailableError: (503, "not available, try again"),
    errors.ConnectError: (503, "not available, try again"),
    errors.TimeoutError: (504, "that took too long, try again"),
}
"""What a browser is told, by the meaning of an error; anything else is a 502."""

logger = logging.getLogger(__name__)


class Rooms:
    """Which meeting each room has. In memory: several processes want a table that they share."""

    def __init__(self, chime: ChimeSDKMeetingsClient) -> None:
        self._chime = chime
        self._meetings: dict[str, Meeting] = {}
        self._doors: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    async def join(self, room: str, user: str) -> tuple[Meeting, Attendee]:
        """The room's meeting, opened if it must be, and the user's place in it: the same one whenever they come."""
        meeting = await self._open(room)
        try:
            return meeting, await self._admit(meeting, user)
        except errors.NotFoundError:  # a meeting ends by itself when nobody is in it
            meeting = await self._open(room, ended=meeting)
            return meeting, await self._admit(meeting, user)

    async def leave(self, room: str, attendee_id: str) -> None:
        await self._chime.delete_attendee(meeting_id=self._known(room).meeting_id, attendee_id=attendee_id)

    async def end(self, room: str) -> None:
        meeting = self._known(room)
        await self._chime.delete_meeting(meeting_id=meeting.meeting_id)
        if self._meetings.get(room) is meeting:
            del self._meetings[room]

    async def _open(self, room: str, ended: Meeting | None = None) -> Meeting:
        """The first who asks opens the meeting; whoever asks meanwhile waits for it."""
        async with self._doors[room]:
            if self._meetings.get(room) is ended:
                made = await self._chime.create_meeting(media_region=MEDIA_REGION, external_meeting_id=room)
                self._meetings[room] = made.meeting
            return self._meetings[room]

    async def _admit(self, meeting: Meeting, user: str) -> Attendee:
        made = await self._chime.create_attendee(meeting_id=meeting.meeting_id, external_user_id=user)
        return made.attendee

    def _known(self, room: str) -> Meeting:
        if room not in self._meetings:
            raise errors.NotFoundError("the room has no meeting")
        return self._meetings[room]


def rooms_of(request: Request) -> Rooms:
    rooms: Rooms = request.app.state.rooms
    return rooms


Here = Annotated[Rooms, Depends(rooms_of)]
Room = Annotated[str, Path(pattern=NAME)]
router = APIRouter()


@router.post("/rooms/{room}/join")
async def join(rooms: Here, room: Room, user: Annotated[str, Body(embed=True, pattern=NAME)]) -> dict[str, Any]:
    """A real application takes the user from its session, not from the request."""
    meeting, attendee = await rooms.join(room, user)
    return {"Meeting": to_wire(meeting), "Attendee": to_wire(attendee)}


@router.delete("/rooms/{room}/attendees/{attendee_id}", status_code=204)
async def leave(rooms: Here, room: Room, attendee_id: str) -> None:
    await rooms.leave(room, attendee_id)


@router.delete("/rooms/{room}", status_code=204)
async def end(rooms: Here, room: Room) -> None:
    await rooms.end(room)


async def refuse(request: Request, error: Exception) -> JSONResponse:
    """An error as HTTP says it. The service's own words go to the log and not to the browser."""
    answers = (answer for meaning, answer in ANSWERS.items() if isinstance(error, meaning))
    status, detail = next(answers, (502, "the meeting service failed"))
    if status >= 500:
        logger.warning("%s %s: %s", request.method, request.url.path, error)
    wait = getattr(error, "retry_after", None) or 1
    headers = {"retry-after": str(math.ceil(wait))} if status == 503 else None
    return JSONResponse({"detail": detail}, status, headers)


def create_app(client: Callable[[], roomtone.Client] = roomtone.Client) -> FastAPI:
    """The application; `client` makes the one client that the process has, in the event loop that uses it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with client() as live:
            app.state.rooms = Rooms(live.chime_sdk_meetings.with_options(timeout=10.0))
            yield

    app = FastAPI(title="Join endpoint", lifespan=lifespan)
    app.include_router(router)
    app.add_exception_handler(errors.RoomtoneError, refuse)
    return app


app = create_app()
