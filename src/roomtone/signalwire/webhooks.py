"""What SignalWire sends to your application: signatures verified, callbacks typed. Pure; written by hand.

    verify_webhook(signing_key=KEY, url=url, headers=request.headers, body=body)     # raises SignatureError
    event = parse_webhook(VoiceStatusCallback, url=url, headers=request.headers, body=body)

Which of the two signature schemes holds, and how the fields are read, follows from one rule, so that what was verified
in one way is never read in another: without a body the fields are the URL's query; a body of the content type
`application/x-www-form-urlencoded` is a form; every other body is JSON.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar, cast
from urllib.parse import parse_qsl

from attrs import define, field

from roomtone._core.codec import Misfit
from roomtone._core.decode import json_object
from roomtone._core.model import WIRE, Dialect
from roomtone.errors import DecodeError, RequestError, RoomtoneError
from roomtone.signalwire.models import StreamTrack
from roomtone.wire import from_wire

__all__ = [
    "ConferenceEvent",
    "ConferenceStatusCallback",
    "Headers",
    "IncomingCallStatus",
    "IncomingCallStatusCallback",
    "RecordingCallbackStatus",
    "RecordingStatusCallback",
    "SignatureError",
    "SmsStatus",
    "SmsStatusCallback",
    "StreamError",
    "StreamEvent",
    "StreamStatusCallback",
    "TranscriptionStatus",
    "TranscriptionStatusCallback",
    "VoiceCallStatus",
    "VoiceDirection",
    "VoiceStatusCallback",
    "is_valid_webhook",
    "parse_webhook",
    "verify_webhook",
    "webhook_fields",
]

T = TypeVar("T")

DIALECT: Dialect = Dialect(request="pascal", shape="pascal", tolerant=True)

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]
"""The headers of a request: a mapping, or pairs as ASGI and WSGI frameworks give them. Names are read in any case."""

_SIGNATURE = ("x-signalwire-signature", "x-twilio-signature")
_SHA256_SIGNATURE = ("x-signalwire-sha256-signature",)
_BODY_HASH = "bodySHA256"
_FORM = "application/x-www-form-urlencoded"
_URL = re.compile(r"(https?)(://)([^/?#]+)(.*)", re.DOTALL | re.IGNORECASE)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class SignatureError(RoomtoneError):
    """A request does not prove that SignalWire sent it: answer it with 403 and do nothing else."""


def verify_webhook(*, signing_key: str, url: str, headers: Headers, body: bytes) -> None:
    """Return if SignalWire signed this request with your signing key, raise otherwise.

    Forms and requests without a body carry base64 of HMAC-SHA1 over the URL and the sorted fields; JSON carries the
    hexadecimal HMAC-SHA1 of the URL and the body, and where its SHA-256 twin is sent that one decides. A `bodySHA256`
    in the URL's query must be the hash of the body as well, and then stands for a JSON body in a signature of the URL
    alone. The URL is tried with and without its default port; all comparisons take constant time.

    A form is signed with its names and values run together, so its signature does not say where one ends and the next
    begins. No signature says when it was made: a request can be sent again by whoever saw it.

    Args:
        signing_key: The signing key of the project, which is not its API token.
        url: The whole URL as SignalWire called it, query included. Behind a proxy the request's own URL can differ;
            the one you configured is right.
        headers: The request's headers.
        body: The body as it was received, before anything parsed it; `b""` for a GET.

    Raises:
        SignatureError: The signature is missing, repeated or wrong.
        RequestError: An argument cannot be right, such as an empty key or a URL without a host.
    """
    _check_arguments(signing_key, url, body)
    received = _by_name(headers)
    hashed = _hashes(url, body)
    if not body or _is_form(received):
        given = _header(received, _SIGNATURE)
        expected = [_base64_hmac(signing_key, one + _run_together(body)) for one in _with_and_without_port(url)]
    else:
        given, expected = _json_signatures(signing_key, url, received, body, hashed=hashed)
    if not any(_same(given, one) for one in expected):
        raise _refused("the signature does not fit the signing key, the URL and the body")


def is_valid_webhook(*, signing_key: str, url: str, headers: Headers, body: bytes) -> bool:
    """`verify_webhook` as a question: False where it raises SignatureError. An unread answer protects nothing."""
    try:
        verify_webhook(signing_key=signing_key, url=url, headers=headers, body=body)
    except SignatureError:
        return False
    return True


def webhook_fields(*, url: str, headers: Headers, body: bytes) -> dict[str, Any]:
    """Every field of a request by its name on the wire, those that no class of this module knows among them.

    Fields of a query or a form are texts, and a name that repeats gives its last one; fields of a JSON body are as
    they came. Nothing is verified here.

    Raises:
        DecodeError: The body is neither a form in UTF-8 nor a JSON object.
    """
    try:
        if not body:
            return dict(_pairs(_query(url)))
        return dict(_form_pairs(body)) if _is_form(_by_name(headers)) else json_object(body)
    except UnicodeDecodeError:
        raise DecodeError("the callback does not fit: its fields are not UTF-8", service="signalwire") from None
    except Misfit as misfit:
        raise DecodeError(f"the callback does not fit: its body {misfit.reason}", service="signalwire") from None
    except RecursionError:
        raise DecodeError("the callback does not fit: it is nested too deeply", service="signalwire") from None


def parse_webhook(cls: type[T], *, url: str, headers: Headers, body: bytes) -> T:
    """The fields of a request as one of the classes of this module.

    A field that was not sent, or does not convert to its type, is None; one that the class does not know is left out,
    and `webhook_fields` has it. Nothing is verified here: `verify_webhook` comes first.

    Args:
        cls: The callback that is awaited at this URL, such as `VoiceStatusCallback`.
        url: The URL that was called; its query is read when there is no body.
        headers: The request's headers.
        body: The body as it was received.

    Raises:
        DecodeError: The body is neither a form in UTF-8 nor a JSON object.
    """
    return from_wire(cls, webhook_fields(url=url, headers=headers, body=body))


def _check_arguments(signing_key: str, url: str, body: bytes) -> None:
    if not isinstance(signing_key, str) or not signing_key.strip():
        # An empty key would accept whatever anybody signed with an empty key.
        raise RequestError("signing_key must be the project's signing key, a non-empty str", member="signing_key")
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise RequestError("url must be the whole URL that was called, such as https://host/path", member="url")
    if not isinstance(body, bytes):
        raise RequestError(f"body must be the bytes received, not a {type(body).__name__}", member="body")


def _by_name(headers: Headers) -> dict[str, set[str]]:
    """The different values of each header, by its name in lower case."""
    found: dict[str, set[str]] = {}
    pairs = cast("Iterable[tuple[object, object]]", headers.items() if isinstance(headers, Mapping) else headers)
    for name, value in pairs:
        if value is not None:
            found.setdefault(_latin(name).lower(), set()).add(_latin(value).strip())
    return found


def _latin(text: object) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else str(text)


def _is_form(headers: Mapping[str, set[str]]) -> bool:
    kinds = {value.partition(";")[0].strip().lower() for value in headers.get("content-type", ())}
    return kinds == {_FORM}


def _header(headers: Mapping[str, set[str]], names: tuple[str, ...]) -> str:
    """The value under the first of the names that was sent."""
    values = next((headers[name] for name in names if name in headers), set[str]())
    if len(values) > 1:
        raise _refused(f"the header {names[0]} is there more than once, with different values")
    if not values or not (value := next(iter(values))):
        raise _refused(f"the header {names[0]} is missing")
    return value


def _json_signatures(
    key: str, url: str, headers: Mapping[str, set[str]], body: bytes, *, hashed: bool
) -> tuple[str, list[str]]:
    """What a JSON request brings as its signature, and what may stand there."""
    try:
        json_object(body)
    except (Misfit, RecursionError):
        # The fields of a signed form run together are no JSON object, so a form's signature never passes for JSON's.
        raise _refused("the body is neither a form by its content type nor a JSON object") from None
    messages = [_encoded(one) + body for one in _with_and_without_port(url)]
    if any(name in headers for name in _SHA256_SIGNATURE):
        return _header(headers, _SHA256_SIGNATURE), [_hex_hmac(key, one, "sha256") for one in messages]
    expected = [_hex_hmac(key, one, "sha1") for one in messages]
    if hashed:
        expected += [_base64_hmac(key, one) for one in _with_and_without_port(url)]
    return _header(headers, _SIGNATURE), expected


def _hashes(url: str, body: bytes) -> bool:
    """Whether the query vouches for the body by its hash. Raises SignatureError when that is another body's."""
    try:
        hashes = [value for name, value in _pairs(_query(url)) if name == _BODY_HASH]
    except UnicodeDecodeError:
        raise _refused("the URL's query is not UTF-8") from None
    actual = hashlib.sha256(body).hexdigest()
    if not all(_same(one.lower(), actual) for one in hashes):
        raise _refused(f"the body is not the one that {_BODY_HASH} in the URL stands for")
    return bool(hashes)


def _run_together(body: bytes) -> str:
    """The fields of a form as they are signed: sorted by name, those of one name in their order."""
    try:
        pairs = _form_pairs(body)
    except UnicodeDecodeError:
        raise _refused("the form is not UTF-8") from None
    # Run together, a nameless field would leave no trace, and one named like a JSON text could pass a JSON's signature.
    if (body and not pairs) or any(not name or name[0] in "{[" for name, _ in pairs):
        raise _refused("the form has a field without a name, or no field at all")
    return "".join(name + value for name, value in sorted(pairs, key=lambda pair: pair[0]))


def _form_pairs(body: bytes) -> list[tuple[str, str]]:
    return _pairs(body.decode())


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="strict")


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def _with_and_without_port(url: str) -> list[str]:
    """The URL, and what it is with its default port written out or left out; nothing else of it changes."""
    match = _URL.fullmatch(url)
    assert match is not None
    scheme, colon, host, rest = match.groups()
    port = _DEFAULT_PORTS[scheme.lower()]
    if host.endswith(port):
        return [url, f"{scheme}{colon}{host.removesuffix(port)}{rest}"]
    return [url] if re.search(r":\d*$", host) else [url, f"{scheme}{colon}{host}{port}{rest}"]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _base64_hmac(key: str, message: str) -> str:
    return base64.b64encode(hmac.digest(_encoded(key), _encoded(message), "sha1")).decode()


def _hex_hmac(key: str, message: bytes, algorithm: Literal["sha1", "sha256"]) -> str:
    return hmac.digest(_encoded(key), message, algorithm).hex()


def _refused(reason: str) -> SignatureError:
    return SignatureError(reason, service="signalwire")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(_encoded(one), _encoded(other))


IncomingCallStatus: TypeAlias = Literal["failed", "completed"] | str
"""How a call to one of your numbers ended."""

RecordingCallbackStatus: TypeAlias = Literal["in-progress", "completed", "absent"] | str
"""The state of a recording."""

SmsStatus: TypeAlias = (
    Literal["queued", "sending", "sent", "delivered", "undelivered", "failed", "receiving", "received"] | str
)
"""The state of a message."""

TranscriptionStatus: TypeAlias = Literal["completed", "failed"] | str
"""How a transcription ended."""

VoiceCallStatus: TypeAlias = (
    Literal[
        "initiated",
        "ringing",
        "in-progress",
        "queued",
        "failed",
        "busy",
        "no-answer",
        "completed",
        "canceled",
    ]
    | str
)
"""The state of a call."""

VoiceDirection: TypeAlias = Literal["outbound-dial", "outbound-api", "inbound"] | str
"""Who began a call, and how."""

ConferenceEvent: TypeAlias = (
    Literal[
        "conference-start",
        "conference-end",
        "participant-join",
        "participant-leave",
        "participant-mute",
        "participant-unmute",
        "participant-hold",
        "participant-unhold",
        "participant-speech-start",
        "participant-speech-stop",
    ]
    | str
)
"""What happened in a conference."""

StreamEvent: TypeAlias = Literal["stream-started", "stream-stopped", "stream-error"] | str
"""What happened to a media stream."""

StreamError: TypeAlias = (
    Literal[
        "invalid_url",
        "missing_url",
        "invalid_track",
        "codec_error",
        "connection_refused",
        "connection_refused_timeout_or_ssl_error",
        "general_error",
        "Duplicated stream ID",
        "Duplicated stream name",
    ]
    | str
)
"""Why a media stream failed."""


@define(kw_only=True)
class IncomingCallStatusCallback:
    """A call to one of your numbers ended: sent to the number's status callback."""

    call_sid: str | None = None
    account_sid: str | None = None
    from_: str | None = None
    to: str | None = None
    timestamp: datetime | None = None
    call_status: IncomingCallStatus | None = None
    call_duration: str | None = None
    audio_in_mos: str | None = None


@define(kw_only=True)
class VoiceStatusCallback:
    """A call changed its state: sent to the status callback of the call. Durations are seconds."""

    account_sid: str | None = None
    api_version: str | None = None
    audio_in_average_ptime: int | None = None
    audio_in_dtmf_packet_count: int | None = None
    audio_in_flush_packet_count: int | None = None
    audio_in_jitter_max_variance: int | None = None
    audio_in_jitter_min_variance: int | None = None
    audio_in_largest_jb_size: int | None = None
    audio_in_mos: str | None = None
    audio_in_media_packet_count: int | None = None
    audio_in_skip_packet_count: int | None = None
    audio_out_dtmf_packet_count: int | None = None
    audio_out_media_packet_count: int | None = None
    callback_source: str | None = None
    call_duration: int | None = None
    caller_name: str | None = None
    call_sid: str | None = None
    call_status: VoiceCallStatus | None = None
    direction: VoiceDirection | None = None
    forwarded_from: str | None = None
    from_: str | None = None
    parent_call_sid: str | None = None
    recording_duration: int | None = None
    recording_sid: str | None = None
    recording_url: str | None = None
    sequence_number: int | None = None
    sip_invite_result_phrase: str | None = None
    sip_result_code: str | None = None
    timestamp: datetime | None = None
    to: str | None = None


@define(kw_only=True)
class RecordingStatusCallback:
    """A recording of a call or a conference changed its state. The duration is in seconds."""

    account_sid: str | None = None
    call_sid: str | None = None
    recording_sid: str | None = None
    recording_url: str | None = None
    recording_status: RecordingCallbackStatus | None = None
    recording_duration: int | None = None
    recording_channels: int | None = None
    recording_source: str | None = None


@define(kw_only=True)
class TranscriptionStatusCallback:
    """A transcription of a recording ended."""

    transcription_sid: str | None = None
    transcription_text: str | None = None
    transcription_status: TranscriptionStatus | None = None
    transcription_url: str | None = None
    recording_sid: str | None = None
    recording_url: str | None = None


@define(kw_only=True)
class SmsStatusCallback:
    """A message changed its state: sent to the status callback of the message."""

    message_status: SmsStatus | None = None
    error_code: str | None = None
    message_sid: str | None = None
    account_sid: str | None = None
    from_: str | None = None
    to: str | None = None
    body: str | None = None
    num_media: int | None = None
    num_segments: int | None = None


@define(kw_only=True)
class ConferenceStatusCallback:
    """Something happened in a conference; which members are there depends on what. The duration is in seconds."""

    account_sid: str | None = None
    call_sid: str | None = None
    conference_sid: str | None = None
    duration: int | None = None
    end_conference_on_exit: bool | None = None
    event_name: str | None = None
    friendly_name: str | None = None
    hold: bool | None = None
    muted: bool | None = None
    recording_file_size: str | None = None
    recording_url: str | None = None
    start_conference_on_enter: bool | None = None
    status_callback_event: ConferenceEvent | None = None
    timestamp: datetime | None = None


@define(kw_only=True)
class StreamStatusCallback:
    """A media stream of a call or a conference started, stopped or failed."""

    account_sid: str | None = None
    call_sid: str | None = None
    conference_sid: str | None = None
    stream_sid: str | None = None
    stream_name: str | None = None
    stream_track: StreamTrack | None = None
    stream_event: StreamEvent | None = None
    stream_error: StreamError | None = None
    timestamp: datetime | None = None
    unique_id: str | None = field(default=None, metadata={WIRE: "Unique-ID"})
