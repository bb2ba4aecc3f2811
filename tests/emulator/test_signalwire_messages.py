"""Messages and faxes, and their media, through the public client."""

from __future__ import annotations

import re

import pytest

import roomtone
from roomtone import errors
from roomtone.emulator import Emulator
from roomtone.signalwire import SignalWireConflictError, SignalWireInvalidRequestError, SignalWireNotFoundError, codes

pytestmark = pytest.mark.anyio

ANA, BO = "+12065550101", "+12065550102"
PICTURE, PAPER = "https://files.example/cat.png", "https://files.example/contract.pdf"


async def content(download: roomtone.download.Download) -> tuple[str | None, bytes]:
    async with download as media:
        return media.content_type, b"".join([chunk async for chunk in media])


async def test_a_message_moves_by_itself(live: roomtone.Client) -> None:
    """Each look finds a message one step further, until it is delivered."""
    messages = live.signalwire.messages
    made = await messages.create(from_=ANA, to=BO, body="hello")
    assert (made.status, made.direction, made.num_segments, made.num_media) == ("queued", "outbound-api", 1, 0)
    assert made.date_sent is None
    with pytest.raises(SignalWireInvalidRequestError) as caught:
        await messages.delete(made.sid)
    assert caught.value.code == codes.STILL_IN_PROGRESS
    assert [(await messages.get(made.sid)).status for _ in range(3)] == ["sent", "delivered", "delivered"]
    assert (await messages.get(made.sid)).date_sent is not None
    assert (await messages.update(made.sid, body="")).body == ""
    with pytest.raises(SignalWireInvalidRequestError) as redacted:
        await messages.update(made.sid, body="other")
    assert redacted.value.code == codes.REDACTION_NOT_EMPTY
    await messages.delete(made.sid)
    with pytest.raises(SignalWireNotFoundError):
        await messages.get(made.sid)


async def test_what_becomes_of_messages(live: roomtone.Client, emulator: Emulator) -> None:
    """Carriers deliver or do not; a command's word is the last."""
    messages = live.signalwire.messages
    sids = [(await messages.create(from_=ANA, to=BO, body="x")).sid for _ in range(3)]
    emulator.messages.deliver(sids[0])
    emulator.messages.fail(sids[1])
    emulator.messages.fail(sids[2], codes.MESSAGE_EXPIRED, status="failed")
    found = [await messages.get(sid) for sid in sids]
    assert [one.status for one in found] == ["delivered", "undelivered", "failed"]
    assert [one.error_code for one in found] == [None, codes.DELIVERY_FAILED, codes.MESSAGE_EXPIRED]
    assert [one.date_sent is None for one in found] == [False, False, True]
    assert [one.sid async for one in messages.iter_messages(status="failed")] == [sids[2]]
    with pytest.raises(SignalWireInvalidRequestError, match="is delivered"):
        emulator.messages.fail(sids[0])
    with pytest.raises(SignalWireInvalidRequestError, match="not as queued"):
        emulator.messages.fail(sids[0], status="queued")
    with pytest.raises(SignalWireNotFoundError):
        emulator.messages.deliver("nothing")


@pytest.mark.parametrize(
    ("body", "segments"),
    [("a" * 160, 1), ("a" * 161, 2), ("[" * 80, 1), ("[" * 81, 2), ("漢" * 70, 1), ("漢" * 71, 2), ("😀" * 36, 2)],
)
async def test_segments(live: roomtone.Client, body: str, segments: int) -> None:
    """How many text messages a body takes, by the alphabet it needs."""
    assert (await live.signalwire.messages.create(from_=ANA, to=BO, body=body)).num_segments == segments


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"from_": ANA}, codes.MESSAGE_EMPTY),
        ({"body": "x"}, codes.MESSAGE_WITHOUT_FROM),
        ({"from_": ANA, "body": "x" * 1601}, codes.MESSAGE_TOO_LONG),
        ({"from_": ANA, "media_url": [PICTURE] * 11}, codes.TOO_MANY_MEDIA),
        ({"from_": ANA, "media_url": ["cat.png"]}, codes.INVALID_URL),
        ({"from_": ANA, "body": "x", "validity_period": 0}, codes.INVALID_ARGUMENT),
        ({"from_": ANA, "body": "x", "max_price": "much"}, codes.INVALID_ARGUMENT),
    ],
)
async def test_messages_that_are_refused(live: roomtone.Client, arguments: dict[str, str], code: str) -> None:
    with pytest.raises(SignalWireInvalidRequestError) as caught:
        await live.signalwire.messages.create(to=BO, **arguments)
    assert (caught.value.status, caught.value.code) == (422, code)


async def test_media_of_messages(live: roomtone.Client, emulator: Emulator) -> None:
    """What comes in is there to be downloaded; what goes out is not fetched, and a picture stands for it."""
    messages = live.signalwire.messages
    sid = emulator.messages.receive(BO, ANA, "look", media=[("image/gif", b"GIF89a"), ("text/plain", b"hello")])
    received = await messages.get(sid)
    assert (received.status, received.direction, received.num_media) == ("received", "inbound", 2)
    media = [one async for one in messages.iter_media(sid, page_size=1)]
    assert [one.content_type for one in media] == ["image/gif", "text/plain"]
    assert await content(messages.download_media(sid, media[0].sid)) == ("image/gif", b"GIF89a")
    assert (await messages.get_media(sid, media[1].sid)) == media[1]
    await messages.delete_media(sid, media[0].sid)
    with pytest.raises(errors.NotFoundError):
        await content(messages.download_media(sid, media[0].sid))
    assert (await messages.get(sid)).num_media == 1

    sent = await messages.create(messaging_service_sid="group", to=BO, media_url=[PICTURE])
    (picture,) = (await messages.list_media(sent.sid)).media_list
    kind, data = await content(messages.download_media(sent.sid, picture.sid))
    assert (kind, data[:8], data[-8:-4]) == ("image/png", b"\x89PNG\r\n\x1a\n", b"IEND")
    assert (await messages.list_media("nothing")).media_list == []
    assert [one.sid async for one in messages.iter_messages(from_=BO, to=ANA)] == [sid]
    assert received.date_sent is not None
    assert [one.sid async for one in messages.iter_messages(date_sent=f"{received.date_sent:%Y-%m-%d}")] == [sid]


async def test_a_fax_moves_by_itself(live: roomtone.Client) -> None:
    """Each look finds a fax one step further; delivered, it has pages and a document."""
    faxes = live.signalwire.faxes
    made = await faxes.create(from_=ANA, to=BO, media_url=PAPER)
    assert (made.status, made.direction, made.quality, made.media_url) == ("queued", "outbound", "fine", PAPER)
    assert (await faxes.list_media(made.sid)).media == []
    for refused in (faxes.delete(made.sid), faxes.delete_media(made.sid, made.media_sid or "")):
        with pytest.raises(SignalWireConflictError) as caught:
            await refused
        assert (caught.value.status, caught.value.code) == (409, codes.STILL_IN_PROGRESS)
    seen = [(await faxes.get(made.sid)).status for _ in range(4)]
    assert seen == ["processing", "sending", "delivered", "delivered"]
    assert (await faxes.get(made.sid)).num_pages == "1"
    page = await faxes.list_media(made.sid)
    assert page.media == page.fax_media
    (medium,) = page.media
    assert medium == await faxes.get_media(made.sid, medium.sid)
    kind, data = await content(faxes.download_media(made.sid, medium.sid))
    assert (kind, data[:8], data[-6:]) == ("application/pdf", b"%PDF-1.4", b"%%EOF\n")
    table = re.search(rb"startxref\n(\d+)\n", data)
    assert table is not None
    assert data[int(table[1]) :].startswith(b"xref\n0 4\n")
    with pytest.raises(SignalWireInvalidRequestError, match="nothing to cancel"):
        await faxes.update(made.sid, status="canceled")
    await faxes.delete_media(made.sid, medium.sid)
    with pytest.raises(SignalWireNotFoundError):
        await faxes.get_media(made.sid, medium.sid)
    await faxes.delete(made.sid)
    with pytest.raises(SignalWireNotFoundError):
        await faxes.get(made.sid)


async def test_what_becomes_of_faxes(live: roomtone.Client, emulator: Emulator) -> None:
    faxes = live.signalwire.faxes
    sids = [(await faxes.create(from_=ANA, to=BO, media_url=PAPER, store_media=False)).sid for _ in range(3)]
    emulator.faxes.deliver(sids[0])
    emulator.faxes.fail(sids[1], "busy", error_code="34009")
    assert (await faxes.update(sids[2], status="canceled")).status == "canceled"
    found = [await faxes.get(sid) for sid in sids]
    assert [one.status for one in found] == ["delivered", "busy", "canceled"]
    assert [one.error_code for one in found] == [None, "34009", None]
    assert (await faxes.list_media(sids[0])).media == []
    with pytest.raises(SignalWireInvalidRequestError, match="is busy"):
        emulator.faxes.deliver(sids[1])
    with pytest.raises(SignalWireInvalidRequestError, match="not as sent"):
        emulator.faxes.fail(sids[1], "sent")

    sid = emulator.faxes.receive(BO, ANA, document=b"%PDF-own")
    received = await faxes.get(sid)
    assert (received.status, received.direction) == ("received", "inbound")
    assert await content(faxes.download_media(sid, received.media_sid or "")) == ("application/pdf", b"%PDF-own")
    assert [one.sid async for one in faxes.iter_faxes(from_=BO)] == [sid]
    assert received.date_created is not None
    day = f"{received.date_created:%Y-%m-%d}"
    assert len((await faxes.list(date_created_on_or_before=day, to=BO)).faxes) == 3
    assert (await faxes.list(date_created_after="2999-01-01")).faxes == []
