"""Faxes and their media, of SignalWire's compatibility API, and what becomes of them."""

from __future__ import annotations

from attrs import define, evolve, field

from roomtone._core.mirror import MediaBody
from roomtone.emulator.signalwire import media
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
from roomtone.emulator.state import Call, Shelf, World
from roomtone.signalwire import codes, models, operations

__all__ = ["FaxCommands"]

_NEXT = {"queued": "processing", "processing": "sending", "sending": "delivered"}
"""How a fax moves by itself, one step at each look at it."""


@define(eq=False)
class Sent:
    """One fax, either way, and the document it left."""

    fax: models.Fax
    moves_by_itself: bool = False
    stores: bool = True
    medium: models.FaxMedia | None = None
    content: MediaBody = field(factory=media.pdf)


@define(eq=False)
class Faxes:
    """All faxes."""

    faxes: Shelf[Sent] = field(factory=Shelf)

    def sent(self, sid: str) -> Sent:
        """A fax by its SID. Raises SignalWireNotFoundError."""
        return found(self.faxes.get(sid), "fax")


@define(eq=False)
class FaxCommands(Commands):
    """What fax machines do, which this API does not.

    A fax that the API sends is `queued` at first; each `faxes.get` finds it one step further, `processing`, `sending`
    and then `delivered`. Once a command has moved it, it stays where it is.
    """

    def receive(self, from_: str, to: str, *, document: bytes | None = None) -> str:
        """A fax comes in, with a PDF of your own or a blank page; returns its SID."""
        with self._world.lock:
            sent = _put(self._world, from_=from_, to=to, direction="inbound", quality="fine")
            if document is not None:
                sent.content = MediaBody(document, "application/pdf")
            _arrived(self._world, sent, "received")
            return sent.fax.sid

    def deliver(self, sid: str) -> None:
        """The fax arrives.

        Raises:
            SignalWireNotFoundError: There is no such fax; so of `fail`.
            SignalWireInvalidRequestError: It arrived, failed or was canceled before; so of `fail`.
        """
        with self._world.lock:
            _arrived(self._world, self._under_way(sid), "delivered")

    def fail(self, sid: str, status: models.FaxStatus = "failed", *, error_code: str | None = None) -> None:
        """The fax does not arrive: `failed`, `busy` or `no-answer`."""
        if status not in ("failed", "busy", "no-answer"):
            raise refused(f"a fax fails as failed, busy or no-answer, not as {status}", code=codes.INVALID_ARGUMENT)
        with self._world.lock:
            sent = self._under_way(sid)
            told = f"the fax was not delivered: {status}"
            sent.fax = evolve(
                sent.fax, status=status, error_code=error_code, error_message=told, date_updated=self._now
            )

    def _under_way(self, sid: str) -> Sent:
        sent = self._world.area(Faxes).sent(sid)
        if sent.fax.status not in _NEXT:
            raise refused(f"the fax is {sent.fax.status}", code=codes.INVALID_ARGUMENT)
        sent.moves_by_itself = False
        return sent


def _put(world: World, *, from_: str, to: str, direction: models.Direction, quality: models.FaxQuality) -> Sent:
    sid, now = new_sid(), seconds(world.clock())
    uri = uri_of(world, "Faxes", sid)
    sent = Sent(
        models.Fax(
            sid=sid,
            account_sid=world.project,
            api_version=API_VERSION,
            date_created=now,
            date_updated=now,
            direction=direction,
            from_=from_,
            media_sid=new_sid(),
            price_unit="USD",
            quality=quality,
            status="queued" if direction == "outbound" else "receiving",
            to=to,
            duration=0,
            links=models.FaxLinks(media=f"{uri}/Media"),
            url=uri,
        )
    )
    world.area(Faxes).faxes.put(sid, sent)
    return sent


def _arrived(world: World, sent: Sent, status: models.FaxStatus) -> None:
    """A fax that arrived has its pages counted, and its document kept unless that was not wanted."""
    fax, now = sent.fax, seconds(world.clock())
    lasted = round((now - (fax.date_created or now)).total_seconds())
    sent.fax = evolve(fax, status=status, num_pages="1", duration=lasted, date_updated=now)
    if not sent.stores:
        return
    media_sid = fax.media_sid or ""
    uri = uri_of(world, "Faxes", fax.sid, "Media", media_sid)
    sent.medium = models.FaxMedia(
        account_sid=world.project,
        content_type=sent.content.content_type,
        date_created=now,
        date_updated=now,
        fax_sid=fax.sid,
        sid=media_sid,
        uri=f"{uri}.json",
        url=uri,
    )
    sent.fax = evolve(sent.fax, media_url=uri)


def _looked_at(call: Call, sent: Sent) -> models.Fax:
    following = _NEXT.get(sent.fax.status or "")
    if sent.moves_by_itself and following == "delivered":
        _arrived(call.world, sent, following)
    elif sent.moves_by_itself and following:
        sent.fax = evolve(sent.fax, status=following, date_updated=seconds(call.now))
    return sent.fax


@handles(operations.FAXES_LIST, limits=PAGE_LIMITS)
def list_faxes(call: Call, request: models.FaxesListRequest) -> models.FaxList:
    faxes = [
        sent.fax
        for sent in call.area(Faxes).faxes
        if request.from_ in (None, sent.fax.from_)
        and request.to in (None, sent.fax.to)
        and dates_fit(request, sent.fax, "date_created")
    ]
    return listing(call, models.FaxList, "faxes", faxes, request.page, request.page_size)


@handles(operations.FAXES_CREATE, limits={"ttl": (5, 300)})
def create_fax(call: Call, request: models.FaxesCreateRequest) -> models.Fax:
    sent = _put(call.world, from_=request.from_, to=request.to, direction="outbound", quality=request.quality or "fine")
    sent.moves_by_itself = True
    sent.stores = request.store_media is not False
    sent.fax = evolve(sent.fax, media_url=request.media_url)
    return sent.fax


@handles(operations.FAXES_GET)
def get_fax(call: Call, request: models.FaxesGetRequest) -> models.Fax:
    return _looked_at(call, call.area(Faxes).sent(request.sid))


@handles(operations.FAXES_UPDATE)
def update_fax(call: Call, request: models.FaxesUpdateRequest) -> models.Fax:
    sent = call.area(Faxes).sent(request.sid)
    if sent.fax.status not in _NEXT:
        raise refused(f"the fax is {sent.fax.status}: there is nothing to cancel", code=codes.INVALID_ARGUMENT)
    sent.fax = evolve(sent.fax, status=request.status, date_updated=seconds(call.now))
    return sent.fax


@handles(operations.FAXES_DELETE)
def delete_fax(call: Call, request: models.FaxesDeleteRequest) -> None:
    _finished(call, request.sid)
    call.area(Faxes).faxes.take(request.sid)


def _finished(call: Call, sid: str) -> Sent:
    sent = call.area(Faxes).sent(sid)
    if sent.fax.status in _NEXT:
        raise refused(f"the fax is {sent.fax.status}", code=codes.STILL_IN_PROGRESS, status=409)
    return sent


@handles(operations.FAXES_LIST_MEDIA, limits=PAGE_LIMITS)
def list_media(call: Call, request: models.FaxesListMediaRequest) -> models.FaxMediaList:
    medium = call.area(Faxes).sent(request.fax_sid).medium
    kept = [medium] if medium else []
    page = listing(call, models.FaxMediaList, "media", kept, request.page, request.page_size)
    return evolve(page, fax_media=page.media)


def _medium(sent: Sent, sid: str) -> models.FaxMedia:
    return found(sent.medium if sent.medium and sent.medium.sid == sid else None, "medium")


@handles(operations.FAXES_GET_MEDIA)
def get_media(call: Call, request: models.FaxesGetMediaRequest) -> models.FaxMedia:
    return _medium(call.area(Faxes).sent(request.fax_sid), request.sid)


@handles(operations.FAXES_DELETE_MEDIA)
def delete_media(call: Call, request: models.FaxesDeleteMediaRequest) -> None:
    sent = _finished(call, request.fax_sid)
    _medium(sent, request.sid)
    sent.medium = None


@handles(operations.FAXES_DOWNLOAD_MEDIA)
def download_media(call: Call, request: models.FaxesDownloadMediaRequest) -> bytes:
    sent = call.area(Faxes).sent(request.fax_sid)
    _medium(sent, request.sid)
    return sent.content
