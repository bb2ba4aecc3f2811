"""What SignalWire sends: who signed it, and what it says."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import pickle
import types
import typing
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qsl, quote_plus, urlencode

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from roomtone import errors, from_wire, to_wire
from roomtone._core.codec import bare_type, members_of
from roomtone.signalwire import webhooks
from roomtone.signalwire.webhooks import (
    ConferenceStatusCallback,
    IncomingCallStatusCallback,
    RecordingStatusCallback,
    SignatureError,
    SmsStatusCallback,
    StreamStatusCallback,
    TranscriptionStatusCallback,
    VoiceStatusCallback,
    is_valid_webhook,
    parse_webhook,
    verify_webhook,
    webhook_fields,
)

FACTS = Path(__file__).parents[3] / "shared" / "facts"

KEY = "PSK-signing-key"
URL = "https://app.example/hooks/call?tenant=42"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
FIELDS = [("To", "+18005551212"), ("CallSid", "c-1"), ("From", "+14158675309"), ("CallerName", "Zoë & Søn = 100 %")]
DOCUMENT = b'{"CallSid": "c-1", "CallStatus": "completed", "From": "+1415"}'


def sha1(key: str, message: str | bytes) -> bytes:
    return hmac.new(key.encode(), message.encode() if isinstance(message, str) else message, hashlib.sha1).digest()


def form_signature(key: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """The signature of a form, as its sender makes it."""
    names = sorted({name for name, _ in fields})
    message = url + "".join(f"{name}{value}" for wanted in names for name, value in fields if name == wanted)
    return base64.b64encode(sha1(key, message)).decode()


def form(fields: Iterable[tuple[str, str]] = FIELDS, *, url: str = URL, key: str = KEY) -> dict[str, Any]:
    """A signed form callback, as arguments of the functions."""
    fields = list(fields)
    signature = form_signature(key, url, fields)
    return {"url": url, "headers": {**FORM, "X-SignalWire-Signature": signature}, "body": urlencode(fields).encode()}


def document(body: bytes = DOCUMENT, *, url: str = URL, key: str = KEY) -> dict[str, Any]:
    """A signed JSON callback, as arguments of the functions."""
    signature = sha1(key, url.encode() + body).hex()
    return {"url": url, "headers": {**JSON, "X-SignalWire-Signature": signature}, "body": body}


def sha256_hex(key: str, message: bytes) -> str:
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def passes(request: dict[str, Any], key: str = KEY) -> bool:
    """Whether a request is accepted; both functions say the same."""
    try:
        verify_webhook(signing_key=key, **request)
        accepted = True
    except SignatureError:
        accepted = False
    assert is_valid_webhook(signing_key=key, **request) is accepted
    return accepted


def signed_with(request: dict[str, Any], **headers: str) -> dict[str, Any]:
    return request | {"headers": headers}


def test_the_public_form_vector() -> None:
    """The vector that every validator of this scheme is tested with passes, by either name of the header."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    for header in ("X-SignalWire-Signature", "X-Twilio-Signature"):
        verify_webhook(
            signing_key="12345",
            url="https://mycompany.com/myapp.php?foo=1&bar=2",
            headers={**FORM, header: "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
            body=urlencode(fields).encode(),
        )


def test_the_public_json_vector() -> None:
    """The vector of the JSON scheme passes."""
    verify_webhook(
        signing_key="PSKtest1234567890abcdef",
        url="https://example.ngrok.io/webhook",
        headers={**JSON, "X-SignalWire-Signature": "c3c08c1fefaf9ee198a100d5906765a6f394bf0f"},
        body=b'{"event":"call.state","params":{"call_id":"abc-123","state":"answered"}}',
    )


@pytest.mark.parametrize("request_", [form(), document()], ids=["form", "json"])
def test_headers_come_in_any_form(request_: dict[str, Any]) -> None:
    """Mappings and pairs, of texts or of bytes, in any case, with a charset and beside headers that are None."""
    plain = {name.lower(): value for name, value in request_["headers"].items()}
    loud = {name.upper(): value for name, value in request_["headers"].items()}
    loud["CONTENT-TYPE"] = loud["CONTENT-TYPE"].title() + "; charset=UTF-8"
    raw = [(name.encode(), value.encode()) for name, value in plain.items()]
    for headers in (plain, loud, list(plain.items()), plain.items(), raw, {**plain, "X-Other": None}):
        assert passes(request_ | {"headers": headers})


@pytest.mark.parametrize(
    ("signed", "seen"),
    [
        ("https://a.example/x?y=1", "https://a.example:443/x?y=1"),
        ("https://a.example:443/x?y=1", "https://a.example/x?y=1"),
        ("http://a.example", "http://a.example:80"),
        ("http://a.example:80?x", "http://a.example?x"),
        ("https://u:p@[::1]/", "https://u:p@[::1]:443/"),
        ("HTTPS://A.example:443/#f", "HTTPS://A.example/#f"),
        ("https://a.example:8443/", "https://a.example:8443/"),
    ],
)
@pytest.mark.parametrize("make", [form, document])
def test_the_default_port_is_nobodys_business(make: Any, signed: str, seen: str) -> None:
    """A URL is the same with its default port written out or left out."""
    assert passes(make(url=signed) | {"url": seen})


@pytest.mark.parametrize(
    ("signed", "seen"),
    [
        ("https://a.example/", "https://a.example:80/"),
        ("https://a.example:8443/", "https://a.example/"),
        ("http://a.example/", "https://a.example/"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example/", "https://a.example/?"),
        ("https://a.example:443/:443", "https://a.example/"),
        ("https://a.example:8443:443/", "https://a.example:8443/"),
    ],
)
@pytest.mark.parametrize("make", [form, document])
def test_another_url_is_refused(make: Any, signed: str, seen: str) -> None:
    """Any other port, scheme, path or query is another URL."""
    assert not passes(make(url=signed) | {"url": seen})


def test_repeated_names_keep_their_order() -> None:
    """The values of one name are signed in the order they were sent in."""
    assert passes(form([("b", "2"), ("a", "x"), ("b", "1")]))
    request = form([("b", "2"), ("a", "x"), ("b", "1")])
    assert passes(request | {"body": b"a=x&b=2&b=1"})
    assert not passes(request | {"body": b"b=1&a=x&b=2"})


def test_a_get_is_signed_by_its_url() -> None:
    """The fields of a GET are in the query, and the URL is signed as it is, with a content type or without."""
    url = f"{URL}&{urlencode(FIELDS)}"
    request = form([], url=url)
    assert passes(request)
    assert passes(signed_with(request, **{"X-SignalWire-Signature": request["headers"]["X-SignalWire-Signature"]}))
    assert not passes(request | {"url": url.replace("c-1", "c-2")})


@pytest.mark.parametrize("headers", [FORM, JSON, {}], ids=["form", "json", "no-type"])
@pytest.mark.parametrize("body", [b"CallSid=c-2", b"&", b"=", b"=&=", b"CallSid", b"{}=", b"{}", DOCUMENT])
@pytest.mark.parametrize("url", [URL, f"{URL}&bodySHA256={hashlib.sha256(b'').hexdigest()}"])
def test_a_signature_without_fields_is_for_no_body(headers: dict[str, str], body: bytes, url: str) -> None:
    """The signature of a request without fields never passes for a body, whatever its content type says."""
    signed = form([], url=url)["headers"]["X-SignalWire-Signature"]
    as_hex = base64.b64decode(signed).hex()
    for signature in (signed, as_hex):
        assert not passes({"url": url, "headers": {**headers, "X-SignalWire-Signature": signature}, "body": body})


def test_fields_never_pass_by_the_hash_of_their_body() -> None:
    """A right `bodySHA256` does not excuse a form from having its fields signed; a wrong one refuses a signed form."""
    body = urlencode(FIELDS).encode()
    right = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    wrong = f"{URL}&bodySHA256={hashlib.sha256(b'').hexdigest()}"
    assert passes(form(url=right))
    assert not passes(form([], url=right) | {"body": body})
    assert not passes(form(url=wrong))
    assert not passes(form(url=f"{right}&bodySHA256=0"))


def test_json_passes_by_its_hash() -> None:
    """A JSON body whose hash is in the URL passes by the signature of the URL; another body does not."""
    url = f"{URL}&bodySHA256={hashlib.sha256(DOCUMENT).hexdigest().upper()}"
    request = form([], url=url)
    request = signed_with(request, **JSON, **{"X-SignalWire-Signature": request["headers"]["X-SignalWire-Signature"]})
    assert passes(request | {"body": DOCUMENT})
    assert not passes(request | {"body": DOCUMENT + b" "})
    assert not passes(request | {"body": b""})
    assert not passes(form([], url=URL) | {"body": DOCUMENT, "headers": request["headers"]})


def test_the_sha256_twin_decides() -> None:
    """Where the SHA-256 signature is sent it is the one that counts, alone or beside the other."""
    good, other = sha256_hex(KEY, URL.encode() + DOCUMENT), sha256_hex("another", URL.encode() + DOCUMENT)
    request = document()
    first = request["headers"]["X-SignalWire-Signature"]
    twin = "x-signalwire-sha256-signature"
    assert passes(signed_with(request, **JSON, **{twin: good}))
    assert passes(signed_with(request, **JSON, **{twin: good, "X-SignalWire-Signature": first}))
    for wrong in (other, first, "", base64.b64encode(bytes.fromhex(good)).decode()):
        assert not passes(signed_with(request, **JSON, **{twin: wrong, "X-SignalWire-Signature": first}))
    assert passes(
        signed_with(
            request, **JSON, **{twin: sha256_hex(KEY, b"https://app.example:443/hooks/call?tenant=42" + DOCUMENT)}
        )
    )
    assert not passes(signed_with(form(), **FORM, **{twin: sha256_hex(KEY, URL.encode() + form()["body"])}))


def test_a_forms_signature_is_no_jsons() -> None:
    """The same digest in the other writing does not make a signed form's fields pass as a JSON body."""
    digest = base64.b64decode(form()["headers"]["X-SignalWire-Signature"])
    run_together = "".join(name + value for name, value in sorted(FIELDS)).encode()
    for headers in (JSON, {}, {"Content-Type": "text/plain"}):
        for body in (run_together, urlencode(FIELDS).encode()):
            for signature in (digest.hex(), base64.b64encode(digest).decode()):
                assert not passes(
                    {"url": URL, "headers": {**headers, "X-SignalWire-Signature": signature}, "body": body}
                )


def test_a_jsons_signature_is_no_forms() -> None:
    """The same digest in the other writing does not make a signed JSON text pass as the name of a form's field."""
    digest = bytes.fromhex(document()["headers"]["X-SignalWire-Signature"])
    for body in (
        f"{quote_plus(DOCUMENT)}=",
        quote_plus(DOCUMENT),
        f"{quote_plus(DOCUMENT[:9])}={quote_plus(DOCUMENT[9:])}",
    ):
        for signature in (digest.hex(), base64.b64encode(digest).decode()):
            request = {"url": URL, "headers": {**FORM, "X-SignalWire-Signature": signature}, "body": body.encode()}
            assert not passes(request)


@pytest.mark.parametrize("body", [b"not json", b"[1]", b"1", b"\xff", b'{"a": NaN}', b'{"a":' * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """A body that is neither a form nor a JSON object passes by no signature, however right that is."""
    assert not passes(document(body))


def test_two_content_types_are_none() -> None:
    """A request that says it is a form and something else as well is not verified as a form, nor read as one."""
    request = form()
    pairs = [*request["headers"].items(), ("Content-Type", "application/json")]
    assert not passes(request | {"headers": pairs})
    with pytest.raises(errors.DecodeError, match="is not JSON"):
        webhook_fields(**request | {"headers": pairs})


def test_a_form_that_is_not_utf8_is_refused() -> None:
    """What cannot be read cannot be verified, in the body and in the query."""
    assert not passes(form() | {"body": b"a=%ff"})
    assert not passes(form() | {"body": b"a=\xff"})
    assert not passes(form([], url=f"{URL}&x=%ff"))


@pytest.mark.parametrize("make", [form, document])
def test_a_missing_or_repeated_signature_is_refused(make: Any) -> None:
    """No signature, an empty one and two different ones are refused, and each error says which it was."""
    request = make()
    kind = ("Content-Type", request["headers"]["Content-Type"])
    good = request["headers"]["X-SignalWire-Signature"]
    for pairs, reason in (
        ([kind], "x-signalwire-signature is missing"),
        ([kind, ("X-SignalWire-Signature", " ")], "x-signalwire-signature is missing"),
        ([kind, ("X-SignalWire-Signature", good), ("x-signalwire-signature", "other")], "more than once"),
        ([kind, ("X-SignalWire-Signature", "söme")], "does not fit"),
    ):
        with pytest.raises(SignatureError, match=reason):
            verify_webhook(signing_key=KEY, **request | {"headers": pairs})
    assert passes(request | {"headers": [kind, ("X-SignalWire-Signature", good), ("X-SIGNALWIRE-Signature", good)]})


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.\-]{0,8}", fullmatch=True)
forms = st.lists(st.tuples(names, texts), max_size=6)
documents = st.dictionaries(texts, st.none() | texts | st.integers() | st.booleans(), max_size=4)


@given(forms, texts)
def test_every_signed_form_passes_and_no_other_key_makes_one(fields: list[tuple[str, str]], other: str) -> None:
    """What was signed with the key passes; what was signed with another one does not."""
    assert passes(form(fields))
    assume(other.strip() and other != KEY)
    assert not passes(form(fields), key=other)


@given(forms, names, texts, st.data())
def test_an_added_or_lost_field_is_refused(
    fields: list[tuple[str, str]], name: str, value: str, data: st.DataObject
) -> None:
    """One field more, wherever it is put, or one less is another form."""
    request = form(fields)
    place = data.draw(st.integers(0, len(fields)))
    more = [*fields[:place], (name, value), *fields[place:]]
    assert not passes(request | {"body": urlencode(more).encode()})
    if fields:
        less = fields[:place] + fields[place + 1 :]
        if less != fields:
            assert not passes(request | {"body": urlencode(less).encode()})


@given(forms.filter(bool), st.data())
def test_an_altered_form_is_refused(fields: list[tuple[str, str]], data: st.DataObject) -> None:
    """A changed byte of the body is refused whenever it changes what the fields say."""
    request = form(fields)
    body = bytearray(request["body"])
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    said = sorted(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
    # `a&b` says what `a=b` says to this scheme, which signs names and values run together.
    assume("".join(map("".join, said)) != "".join(map("".join, sorted(fields))))
    assume(
        "".join(map("".join, parse_qsl(body.decode("latin-1"), keep_blank_values=True)))
        != "".join(map("".join, fields))
    )
    assert not passes(request | {"body": bytes(body)})


@given(documents, st.data())
def test_an_altered_json_request_is_refused(content: dict[str, Any], data: st.DataObject) -> None:
    """A changed byte of a JSON body, of the URL, of the key or of the signature is refused."""
    body = json.dumps(content).encode()
    request = document(body)
    assert passes(request)

    def changed(value: bytes) -> bytes:
        place = data.draw(st.integers(0, len(value) - 1))
        byte = data.draw(st.integers(33, 126).filter(lambda new: new != value[place]))
        return value[:place] + bytes([byte]) + value[place + 1 :]

    assert not passes(request | {"body": changed(body)})
    assert not passes(request | {"url": "https://a" + changed(URL[9:].encode()).decode()})
    assert not passes(request, key=changed(KEY.encode()).decode())
    signature = changed(request["headers"]["X-SignalWire-Signature"].encode()).decode()
    assert not passes(signed_with(request, **JSON, **{"X-SignalWire-Signature": signature}))


@given(st.binary(max_size=40), st.sampled_from([FORM, JSON, {}]), st.text(max_size=20), st.text(max_size=30))
def test_nothing_but_a_signature_error_comes_out(
    body: bytes, headers: dict[str, str], tail: str, signature: str
) -> None:
    """Whatever is received is refused by a SignatureError, and read or refused by a DecodeError."""
    request = {"url": URL + tail, "headers": {**headers, "X-SignalWire-Signature": signature}, "body": body}
    assert not passes(request)
    with contextlib.suppress(errors.DecodeError):
        assert isinstance(parse_webhook(VoiceStatusCallback, **request), VoiceStatusCallback)


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"signing_key": ""}, "signing_key"),
        ({"signing_key": " "}, "signing_key"),
        ({"signing_key": None}, "signing_key"),
        ({"url": "/hooks/call"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https:///x"}, "url"),
        ({"url": b"https://a.example/"}, "url"),
        ({"body": "CallSid=c-1"}, "body"),
        ({"body": {"CallSid": "c-1"}}, "body"),
        ({"body": None}, "body"),
    ],
)
def test_arguments_that_cannot_be_right_are_no_forgery(change: dict[str, Any], member: str) -> None:
    """An empty key, half a URL and a parsed body are refused as what they are: a mistake of the caller."""
    for function in (verify_webhook, is_valid_webhook):
        with pytest.raises(errors.RequestError, match=f"^{member} must be") as caught:
            function(**{"signing_key": KEY, **form(), **change})
        assert caught.value.member == member


def test_the_refusal_tells_no_secret() -> None:
    """A SignatureError names the service and neither key nor signatures, is no ApiError, and pickles."""
    request = form() | {"body": b"CallSid=c-2"}
    with pytest.raises(SignatureError) as caught:
        verify_webhook(signing_key=KEY, **request)
    text = str(caught.value) + repr(caught.value)
    right = form_signature(KEY, URL, [("CallSid", "c-2")])
    assert not any(secret in text for secret in (KEY, right, request["headers"]["X-SignalWire-Signature"], "c-2"))
    assert isinstance(caught.value, errors.RoomtoneError)
    assert not isinstance(caught.value, errors.ApiError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.service) == (SignatureError, str(caught.value), "signalwire")


VOICE = {
    "CallSid": "c-1",
    "CallStatus": "no-answer",
    "Direction": "outbound-api",
    "From": "+1",
    "CallDuration": "61",
    "AudioInMos": 4.5,
    "SequenceNumber": 3,
    "Timestamp": "Tue, 25 Sept 2018 20:00:00 +0000",
    "Brand-New": "x",
}


@pytest.mark.parametrize("kind", ["form", "json", "query"])
def test_a_callback_is_read_from_form_json_and_query(kind: str) -> None:
    """The same fields give the same object, whatever carries them; the types are the documented ones."""
    if kind == "form":
        request = form([(name, str(value)) for name, value in VOICE.items()])
    elif kind == "json":
        request = document(json.dumps(VOICE).encode())
    else:
        request = form([], url=f"{URL}&{urlencode(VOICE)}#x")
    verify_webhook(signing_key=KEY, **request)
    call = parse_webhook(VoiceStatusCallback, **request)
    assert call == VoiceStatusCallback(
        call_sid="c-1",
        call_status="no-answer",
        direction="outbound-api",
        from_="+1",
        call_duration=61,
        audio_in_mos="4.5",
        sequence_number=3,
        timestamp=datetime(2018, 9, 25, 20, tzinfo=timezone.utc),
    )
    assert webhook_fields(**request)["Brand-New"] == "x"


def test_the_query_of_the_url_is_not_the_body() -> None:
    """With a body, what the URL's query says is no field."""
    request = form([("CallSid", "c-1")], url=f"{URL}&CallSid=c-9&From=me")
    assert parse_webhook(VoiceStatusCallback, **request) == VoiceStatusCallback(call_sid="c-1")


def test_every_field_may_be_missing_or_odd() -> None:
    """No field makes a callback fail: absent, null and odd ones are None, a repeated one is its last."""
    for cls in CALLBACKS.values():
        assert parse_webhook(cls, **document(b"{}")) == cls()
        assert parse_webhook(cls, **form([], url=URL)) == cls()
        empty = json.dumps(dict.fromkeys((member.wire for member in members_of(cls)), None)).encode()
        assert parse_webhook(cls, **document(empty)) == cls()
        odd = json.dumps({member.wire: [{}] for member in members_of(cls)}).encode()
        assert parse_webhook(cls, **document(odd)) == cls()
    odd_form = [("NumMedia", "many"), ("NumSegments", ""), ("MessageStatus", "teleported"), ("To", "1"), ("To", "2")]
    assert parse_webhook(SmsStatusCallback, **form(odd_form)) == SmsStatusCallback(message_status="teleported", to="2")


def test_streams_and_conferences() -> None:
    """ISO times, a hyphen in a name, booleans as text."""
    stream = {"StreamEvent": "stream-error", "StreamError": "codec_error", "StreamTrack": "both_tracks"}
    stream |= {"Unique-ID": "u-1", "Timestamp": "2026-11-21T12:00:00.5Z", "ConferenceSid": "CF1"}
    assert parse_webhook(StreamStatusCallback, **form(stream.items())) == StreamStatusCallback(
        stream_event="stream-error",
        stream_error="codec_error",
        stream_track="both_tracks",
        unique_id="u-1",
        timestamp=datetime(2026, 11, 21, 12, 0, 0, 500_000, tzinfo=timezone.utc),
        conference_sid="CF1",
    )
    conference = {"StatusCallbackEvent": "participant-mute", "Muted": "true", "Hold": "false", "Duration": "7"}
    assert parse_webhook(ConferenceStatusCallback, **form(conference.items())) == ConferenceStatusCallback(
        status_callback_event="participant-mute", muted=True, hold=False, duration=7
    )


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (document(b"[1]"), "must be an object"),
        (document(b"CallSid=c-1"), "is not JSON"),
        (document(b"\xff"), "is not UTF-8"),
        (document(b'{"a":' * 100_000), "nested too deeply"),
        (form() | {"body": b"a=%ff"}, "not UTF-8"),
        (form([], url=f"{URL}&x=%ff"), "not UTF-8"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_decode_error(request_: dict[str, Any], reason: str) -> None:
    """The error says what is wrong with the body."""
    with pytest.raises(errors.DecodeError, match=reason):
        parse_webhook(VoiceStatusCallback, **request_)


def test_callbacks_are_shapes_like_all_others() -> None:
    """`to_wire` and `from_wire` take them, so a framework's parsed form and a test's fake callback work."""
    call = from_wire(IncomingCallStatusCallback, {"CallSid": "c-1", "From": "+1", "Other": "x"})
    assert call == IncomingCallStatusCallback(call_sid="c-1", from_="+1")
    assert to_wire(call) == {"CallSid": "c-1", "From": "+1"}


CALLBACKS: dict[str, type[Any]] = {
    "incomingCallStatusCallback": IncomingCallStatusCallback,
    "recordingStatusCallback": RecordingStatusCallback,
    "smsStatusCallback": SmsStatusCallback,
    "transcriptionStatusCallback": TranscriptionStatusCallback,
    "voiceStatusCallback": VoiceStatusCallback,
    "streamStatusCallback": StreamStatusCallback,
    "conferenceStatusCallback": ConferenceStatusCallback,
}
TYPES = {"string": str, "integer": int}


def listed(hint: Any) -> set[str]:
    """The values that an open enum lists; none for another type."""
    return {value for arg in get_args(hint) if typing.get_origin(arg) is typing.Literal for value in get_args(arg)}


def read_facts(name: str) -> Any:
    if not (FACTS / name).exists():
        pytest.skip("shared/facts does not stand beside this checkout")
    return json.loads((FACTS / name).read_text("utf-8"))


def test_the_classes_are_the_documented_webhooks() -> None:
    """Each documented webhook has its class with exactly its fields, in order, their types and values."""
    documented = read_facts("signalwire_operations.json")["webhooks"]
    assert {webhook["name"] for webhook in documented} == set(list(CALLBACKS)[:5])
    for webhook in documented:
        cls = CALLBACKS[webhook["name"]]
        hints = get_type_hints(cls)
        assert cls.__name__ == webhook["name"][0].upper() + webhook["name"][1:]
        assert [member.wire for member in members_of(cls)] == [fact["name"] for fact in webhook["fields"]]
        for member, fact in zip(members_of(cls), webhook["fields"], strict=True):
            assert member.type is (datetime if fact["name"] == "Timestamp" else TYPES[fact["type"]])
            assert listed(hints[member.name]) == set(fact.get("enum", []))


def test_the_stream_callback_is_the_documented_one() -> None:
    """The class has exactly the documented fields; its enums list exactly the documented values."""
    documented = read_facts("signalwire_stream_protocol.json")["status_callback"]
    hints = get_type_hints(StreamStatusCallback)
    assert [member.wire for member in members_of(StreamStatusCallback)] == list(documented["fields"])
    assert listed(hints["stream_event"]) == set(documented["fields"]["StreamEvent"].split("|"))
    assert listed(hints["stream_track"]) == set(documented["fields"]["StreamTrack"].split("|"))
    assert listed(hints["stream_error"]) == set(documented["StreamError_values"])
    assert bare_type(hints["timestamp"]) is datetime


def test_every_member_is_tolerant() -> None:
    """Every class of the module with members is one of the callbacks, and each member may be None."""
    shapes = [getattr(webhooks, name) for name in webhooks.__all__ if attrs.has(getattr(webhooks, name))]
    assert set(shapes) == set(CALLBACKS.values())
    for cls in shapes:
        for hint in get_type_hints(cls).values():
            assert isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
            assert type(None) in get_args(hint)
