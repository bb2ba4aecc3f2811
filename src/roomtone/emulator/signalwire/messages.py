"""Messages and their media, of SignalWire's compatibility API, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, field

from roomtone._core.mirror import MediaBody
from roomtone.emulator.signalwire import media
from roomtone.emulator.signalwire.common import (
    API_VERSION,
    PAGE_LIMITS,
    Commands,
    dates_fit,
    fits,
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

__all__ = ["MessageCommands"]

_NEXT = {"queued": "sent", "sent": "delivered"}
"""How a message moves by itself, one step at each look at it."""
_BODY_LIMIT = 1600
_MEDIA_LIMIT = 10
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = frozenset("^{}\\[~]|€\f")


@define(eq=False)
class Kept:
    """One medium of a message: its metadata and itself."""

    told: models.MessageMedia
    content: MediaBody


@define(eq=False)
class Sent:
    """One message, either way."""

    message: models.Message
    moves_by_itself: bool = False
    media: Shelf[Kept] = field(factory=Shelf)


@define(eq=False)
class Messages:
    """All messages."""

    messages: Shelf[Sent] = field(factory=Shelf)

    def sent(self, sid: str) -> Sent:
        """A message by its SID. Raises SignalWireNotFoundError."""
        return found(self.messages.get(sid), "message")


@define(eq=False)
class MessageCommands(Commands):
    """What carriers and people do with messages, which this API does not.

    A message that the API sends is `queued` at first; each `messages.get` finds it one step further, `sent` and then
    `delivered`. Once a command has moved it, it stays where it is.
    """

    def receive(self, from_: str, to: str, body: str = "", *, media: Sequence[tuple[str, bytes]] = ()) -> str:
        """A message comes in, with media such as `("image/png", b"...")`; returns its SID."""
        with self._world.lock:
            contents = [MediaBody(content, content_type) for content_type, content in media]
            sent = _put(self._world, from_=from_, to=to, body=body, contents=contents, direction="inbound")
            return sent.message.sid

    def deliver(self, sid: str) -> None:
        """The message arrives.

        Raises:
            SignalWireNotFoundError: There is no such message; so of `fail`.
            SignalWireInvalidRequestError: It arrived or failed before; so of `fail`.
        """
        self._settle(sid, "delivered", None, None)

    def fail(
        self, sid: str, error_code: str = codes.DELIVERY_FAILED, *, status: models.MessageStatus = "undelivered"
    ) -> None:
        """The message does not arrive: `undelivered`, or `failed` before it was sent."""
        if status not in ("undelivered", "failed"):
            raise refused(f"a message ends as undelivered or failed, not as {status}", code=codes.INVALID_ARGUMENT)
        self._settle(sid, status, error_code, f"the message was {status}")

    def _settle(self, sid: str, status: str, error_code: str | None, error_message: str | None) -> None:
        with self._world.lock:
            sent = self._world.area(Messages).sent(sid)
            if sent.message.status not in _NEXT:
                raise refused(f"the message is {sent.message.status}", code=codes.INVALID_ARGUMENT)
            sent.moves_by_itself = False
            now = self._now
            sent.message = evolve(
                sent.message,
                status=status,
                error_code=error_code,
                error_message=error_message,
                date_sent=sent.message.date_sent or (None if status == "failed" else now),
                date_updated=now,
            )


def _segments(body: str) -> int:
    """How many text messages it takes: of 160 characters, or 153 of several; of 70 and 67 where one is beyond GSM's."""
    if all(character in _GSM or character in _GSM_ESCAPED for character in body):
        length, one, several = len(body) + sum(character in _GSM_ESCAPED for character in body), 160, 153
    else:
        length, one, several = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= one else -(-length // several)


def _put(
    world: World, *, from_: str, to: str, body: str, contents: Sequence[MediaBody], direction: models.MessageDirection
) -> Sent:
    sid, now = new_sid(), seconds(world.clock())
    uri, comes_in = uri_of(world, "Messages", sid), direction == "inbound"
    sent = Sent(
        models.Message(
            sid=sid,
            account_sid=world.project,
            api_version=API_VERSION,
            body=body,
            num_segments=_segments(body),
            num_media=len(contents),
            date_created=now,
            date_sent=now if comes_in else None,
            date_updated=now,
            direction=direction,
            from_=from_,
            price_unit="USD",
            status="received" if comes_in else "queued",
            to=to,
            uri=uri,
            subresource_uris=models.MessageSubresourceUris(media=f"{uri}/Media"),
        ),
        moves_by_itself=not comes_in,
    )
    for content in contents:
        media_sid = new_sid()
        told = models.MessageMedia(
            account_sid=world.project,
            content_type=content.content_type,
            date_created=now,
            date_updated=now,
            parent_sid=sid,
            sid=media_sid,
            uri=f"{uri}/Media/{media_sid}.json",
        )
        sent.media.put(media_sid, Kept(told, content))
    world.area(Messages).messages.put(sid, sent)
    return sent


def _looked_at(call: Call, sent: Sent) -> models.Message:
    following = _NEXT.get(sent.message.status or "")
    if sent.moves_by_itself and following:
        now = seconds(call.now)
        sent_at = sent.message.date_sent or now
        sent.message = evolve(sent.message, status=following, date_sent=sent_at, date_updated=now)
    return sent.message


@handles(operations.MESSAGES_LIST, limits=PAGE_LIMITS)
def list_messages(call: Call, request: models.MessagesListRequest) -> models.MessageList:
    messages = [
        sent.message
        for sent in call.area(Messages).messages
        if request.from_ in (None, sent.message.from_)
        and request.to in (None, sent.message.to)
        and request.status in (None, sent.message.status)
        and dates_fit(request, sent.message, "date_sent")
    ]
    return listing(call, models.MessageList, "messages", messages, request.page, request.page_size)


@handles(operations.MESSAGES_CREATE, status=201, limits={"validity_period": (1, 172_800)})
def create_message(call: Call, request: models.MessagesCreateRequest) -> models.Message:
    fits(r"\d+\.?\d{0,4}", request.max_price, "max_price", "0.05")
    urls = request.media_url or ()
    if not request.body and not urls:
        raise refused("a message needs a body or a media_url", code=codes.MESSAGE_EMPTY)
    if not request.from_ and not request.messaging_service_sid:
        raise refused("a message needs a from or a messaging_service_sid", code=codes.MESSAGE_WITHOUT_FROM)
    if len(request.body or "") > _BODY_LIMIT:
        raise refused(f"body has more than {_BODY_LIMIT} characters", code=codes.MESSAGE_TOO_LONG)
    if len(urls) > _MEDIA_LIMIT:
        raise refused(f"a message has at most {_MEDIA_LIMIT} media", code=codes.TOO_MANY_MEDIA)
    sent = _put(
        call.world,
        from_=request.from_ or "",
        to=request.to,
        body=request.body or "",
        contents=[media.png() for _ in urls],
        direction="outbound-api",
    )
    sent.message = evolve(sent.message, messaging_service_sid=request.messaging_service_sid)
    return sent.message


@handles(operations.MESSAGES_GET)
def get_message(call: Call, request: models.MessagesGetRequest) -> models.Message:
    return _looked_at(call, call.area(Messages).sent(request.sid))


@handles(operations.MESSAGES_UPDATE)
def update_message(call: Call, request: models.MessagesUpdateRequest) -> models.Message:
    sent = call.area(Messages).sent(request.sid)
    if request.body:
        raise refused("body must be empty: a message can only be redacted", code=codes.REDACTION_NOT_EMPTY)
    sent.message = evolve(sent.message, body="", date_updated=seconds(call.now))
    return sent.message


@handles(operations.MESSAGES_DELETE)
def delete_message(call: Call, request: models.MessagesDeleteRequest) -> None:
    if call.area(Messages).sent(request.sid).message.status == "queued":
        raise refused("the message is not sent yet", code=codes.STILL_IN_PROGRESS)
    call.area(Messages).messages.take(request.sid)


@handles(operations.MESSAGES_LIST_MEDIA, limits=PAGE_LIMITS)
def list_media(call: Call, request: models.MessagesListMediaRequest) -> models.MessageMediaList:
    # No 404 is documented for this list: the media of no message are none.
    sent = call.area(Messages).messages.get(request.message_sid)
    kept = sent.media if sent else ()
    told = [one.told for one in kept if dates_fit(request, one.told, "date_created")]
    return listing(call, models.MessageMediaList, "media_list", told, request.page, request.page_size)


def _kept(call: Call, message_sid: str, sid: str) -> Kept:
    return found(call.area(Messages).sent(message_sid).media.get(sid), "medium")


@handles(operations.MESSAGES_GET_MEDIA)
def get_media(call: Call, request: models.MessagesGetMediaRequest) -> models.MessageMedia:
    return _kept(call, request.message_sid, request.sid).told


@handles(operations.MESSAGES_DELETE_MEDIA)
def delete_media(call: Call, request: models.MessagesDeleteMediaRequest) -> None:
    _kept(call, request.message_sid, request.sid)
    sent = call.area(Messages).sent(request.message_sid)
    sent.media.take(request.sid)
    sent.message = evolve(sent.message, num_media=len(sent.media))


@handles(operations.MESSAGES_DOWNLOAD_MEDIA)
def download_media(call: Call, request: models.MessagesDownloadMediaRequest) -> bytes:
    return _kept(call, request.message_sid, request.sid).content
