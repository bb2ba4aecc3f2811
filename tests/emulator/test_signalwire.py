"""Conferences, participants and media streams, through the public client and as bytes."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

import roomtone
from roomtone import errors
from roomtone.emulator import API_TOKEN, PROJECT_ID, Emulator
from roomtone.signalwire import SignalWireError, SignalWireInvalidRequestError, SignalWireNotFoundError

pytestmark = pytest.mark.anyio

URL = "wss://media.example/ws"
BASE = f"/api/laml/2010-04-01/Accounts/{PROJECT_ID}/Conferences"


async def test_a_conference_begins_and_ends(live: roomtone.Client, emulator: Emulator) -> None:
    """A conference is in progress with its participants until somebody ends it."""
    conferences = live.signalwire.conferences
    sid = emulator.conferences.begin("team", participants=3)
    assert (await conferences.get(sid)).status == "in-progress"
    assert len((await conferences.list_participants(sid)).participants) == 3
    stream = await conferences.start_stream(sid, url=URL)

    ended = await conferences.update(sid, status="completed")
    assert (ended.status, ended.friendly_name) == ("completed", "team")
    assert (await conferences.list_participants(sid)).participants == []
    assert (await conferences.stop_stream(sid, stream.sid or "")).status == "stopped"
    with pytest.raises(SignalWireInvalidRequestError, match="in progress"):
        await conferences.start_stream(sid, url=URL)

    other = emulator.conferences.begin("other")
    emulator.conferences.end(other)
    assert (await conferences.get(other)).status == "completed"


async def test_conferences_by_name_status_and_date(live: roomtone.Client, emulator: Emulator) -> None:
    """The list is filtered as it is asked for."""
    conferences = live.signalwire.conferences
    sids = [emulator.conferences.begin(name) for name in ("a", "b", "a")]
    emulator.conferences.end(sids[2])
    today = (await conferences.get(sids[0])).date_created
    assert today is not None
    yesterday = f"{today - timedelta(days=1):%Y-%m-%d}"

    async def found(**filters: str) -> list[str | None]:
        return [one.sid async for one in conferences.iter_conferences(**filters, page_size=1)]

    assert await found() == sids
    assert await found(friendly_name="a", status="in-progress") == [sids[0]]
    assert await found(date_created=f"{today:%Y-%m-%d}") == sids
    assert await found(date_created_after=yesterday) == sids
    assert await found(date_updated_before=yesterday) == []
    with pytest.raises(SignalWireInvalidRequestError, match="date_created"):
        await found(date_created="tomorrow")


async def test_participants_in_pages(live: roomtone.Client, emulator: Emulator) -> None:
    """The links of pages lead through all participants and keep the filter."""
    conferences = live.signalwire.conferences
    sid = emulator.conferences.begin("team", participants=5)
    everybody = (await conferences.list_participants(sid)).participants
    muted = [one.call_sid or "" for one in everybody[:3]]
    for call_sid in muted:
        assert (await conferences.update_participant(sid, call_sid, muted=True)).muted is True
    pages = [page async for page in conferences.iter_participants(sid, muted=True, page_size=2).pages()]
    assert [[one.call_sid for one in page.participants] for page in pages] == [muted[:2], muted[2:]]
    assert (pages[0].previous_page_uri, pages[1].next_page_uri) == (None, None)
    assert pages[1].previous_page_uri == pages[0].uri == pages[1].first_page_uri

    await conferences.remove_participant(sid, muted[0])
    with pytest.raises(SignalWireNotFoundError):
        await conferences.get_participant(sid, muted[0])
    assert (await conferences.get_participant(sid, muted[1])).muted is True


async def test_a_stream_starts_and_stops(live: roomtone.Client, emulator: Emulator) -> None:
    """A stream has the documented fields; its parameters, of whatever characters, are taken."""
    conferences = live.signalwire.conferences
    sid = emulator.conferences.begin("team")
    stream = await conferences.start_stream(
        sid, url=URL, name="bot", parameters={f"p{number} & =+ü": "ü" for number in range(99)}, stream_real_time=True
    )
    assert (stream.conference_sid, stream.account_sid, stream.name) == (sid, PROJECT_ID, "bot")
    assert stream.status == "in-progress"
    assert stream.uri == f"{BASE}/{sid}/Streams/{stream.sid}"
    assert stream.date_updated is not None
    assert (await conferences.stop_stream(sid, stream.sid or "")).status == "stopped"


async def test_refusals(live: roomtone.Client, emulator: Emulator) -> None:
    """What is unknown is 404; a bad URL or status is a 422 with a list of sentences, as documented for streams."""
    conferences = live.signalwire.conferences
    sid = emulator.conferences.begin("team")
    stream = await conferences.start_stream(sid, url=URL)
    for unknown in (
        conferences.get("nobody"),
        conferences.start_stream("nobody", url=URL),
        conferences.stop_stream(sid, "nobody"),
        conferences.get_participant(sid, "nobody"),
    ):
        with pytest.raises(errors.NotFoundError) as caught:
            await unknown
        assert isinstance(caught.value, SignalWireError)
        assert caught.value.status == 404
        assert caught.value.body == {"code": 20404, "message": caught.value.message, "more_info": "", "status": 404}
    for bad in (
        conferences.start_stream(sid, url="https://media.example/ws"),
        conferences.start_stream(sid, url="wss://"),
        conferences.start_stream(sid, url="wss://["),
        conferences.stop_stream(sid, stream.sid or "", status="paused"),
    ):
        with pytest.raises(errors.InvalidRequestError) as refused:
            await bad
        assert refused.value.status == 422
        assert refused.value.body == {"errors": [refused.value.message]}
    with pytest.raises(errors.InvalidRequestError) as listed:
        await conferences.list(page_size=1001)
    assert isinstance(listed.value.body, dict)
    assert listed.value.body["status"] == 422
    with pytest.raises(SignalWireInvalidRequestError, match="status"):
        await conferences.update(sid, status="paused")
    assert (await conferences.update(sid, announce_url="https://x.example")).status == "in-progress"


async def test_the_wire_is_signalwires(emulator: Emulator, anyio_backend: str) -> None:
    """Names, dates and headers are the API's own, for clients that are not ours."""
    sid = emulator.conferences.begin("team")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(emulator), base_url="http://127.0.0.1", auth=(PROJECT_ID, API_TOKEN)
    ) as http:
        listed = await http.get(BASE)
        started = await http.post(
            f"{BASE}/{sid}/Streams", data={"Url": URL, "Parameter1.Name": "tenant", "Parameter1.Value": "42"}
        )
        unknown = await http.post(f"{BASE}/{sid}/Streams", data={"Url": URL, "Urll": URL})
        nothing = await http.post(f"{BASE}/{sid}/Streams", data={"Name": "x"})
        not_text = await http.post(
            f"{BASE}/{sid}/Streams",
            content=b"Url=%ff",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        stranger = await http.get(BASE.replace(PROJECT_ID, "another"))
        gone = await http.delete(f"{BASE}/{sid}/Participants/nobody")
    assert listed.json()["conferences"][0]["friendly_name"] == "team"
    assert parsedate_to_datetime(listed.json()["conferences"][0]["date_created"]).tzinfo is not None
    assert listed.headers["x-request-id"]
    assert started.status_code == 200
    assert started.json().keys() >= {"account_sid", "conference_sid", "date_updated", "sid", "status", "uri"}
    assert unknown.status_code == 422
    assert "did you mean 'Url'" in unknown.json()["errors"][0]
    assert (nothing.status_code, nothing.json()) == (422, {"errors": ["url is required"]})
    assert not_text.status_code == 422
    assert (stranger.status_code, gone.status_code) == (404, 404)
