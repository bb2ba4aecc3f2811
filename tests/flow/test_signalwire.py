"""SignalWire from end to end: streams, the form's bytes, who is asking and where, errors."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest
import respx

import roomtone
from flow.loopback import answering, default_tls, message, serving
from roomtone import errors
from roomtone.signalwire import (
    CallList,
    ConferencesStartStreamRequest,
    ConferenceStream,
    SignalWireError,
    SignalWireInvalidRequestError,
    SignalWireNotFoundError,
)

pytestmark = pytest.mark.anyio

ACCOUNT = "/api/laml/2010-04-01/Accounts/project-1"
STREAMS = f"https://acme.signalwire.com{ACCOUNT}/Conferences/CF1/Streams"
BASIC = "Basic " + base64.b64encode(b"project-1:token-1").decode()


async def test_start_stream(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Every parameter arrives in exactly these bytes, with Basic auth, on the account's path; the answer is typed."""
    calls = router.post(STREAMS).respond(
        201,
        json={
            "sid": "ST1",
            "conference_sid": "CF1",
            "account_sid": "project-1",
            "status": "in-progress",
            "date_updated": "Fri, 25 Sept 2026 20:00:00 +0000",
            "uri": "/x",
        },
        headers={"X-Request-Id": "r-1"},
    )
    stream = await live.signalwire.conferences.start_stream(
        "CF1",
        url="wss://media.example/ws?room=1&x=a b",
        name="main+1",
        track="both_tracks",
        status_callback="https://me.example/cb",
        status_callback_method="POST",
        stream_codec="PCMU",
        stream_real_time=False,
        parameters={"tenant": "42", "Grüße & +": "a=b"},
        authorization_bearer_token="t/o=k",
    )
    assert stream == ConferenceStream(
        sid="ST1",
        conference_sid="CF1",
        account_sid="project-1",
        status="in-progress",
        date_updated=datetime(2026, 9, 25, 20, tzinfo=timezone.utc),
        uri="/x",
    )
    sent = calls.calls.last.request
    assert sent.content == (
        b"Name=main%2B1&Track=both_tracks&StatusCallbackMethod=POST&StatusCallback=https%3A%2F%2Fme.example%2Fcb"
        b"&Url=wss%3A%2F%2Fmedia.example%2Fws%3Froom%3D1%26x%3Da+b&StreamCodec=PCMU&StreamRealTime=false"
        b"&Parameter1.Name=tenant&Parameter1.Value=42"
        b"&Parameter2.Name=Gr%C3%BC%C3%9Fe+%26+%2B&Parameter2.Value=a%3Db&AuthorizationBearerToken=t%2Fo%3Dk"
    )
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent.headers["authorization"] == BASIC
    assert sent.headers["accept"] == "application/json"
    assert not any(name.startswith(("x-amz", "amz-")) for name in sent.headers)
    reply = await live.signalwire.send(ConferencesStartStreamRequest(conference_sid="CF1", url="wss://x"))
    assert (reply.value.sid, reply.status, reply.request_id) == ("ST1", 201, "r-1")
    assert calls.calls.last.request.content == b"Url=wss%3A%2F%2Fx"


async def test_stop_stream(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Stopping says so, on the stream's own path."""
    calls = router.post(f"{STREAMS}/ST1").respond(200, json={"sid": "ST1", "status": "stopped"})
    stream = await live.signalwire.conferences.stop_stream("CF1", "ST1")
    assert (stream.sid, stream.status) == ("ST1", "stopped")
    assert calls.calls.last.request.content == b"Status=stopped"


async def test_ninety_nine_parameters_and_no_more(live: roomtone.Client, router: respx.MockRouter) -> None:
    """99 pairs are sent, the hundredth is refused before anything is sent."""
    calls = router.post(STREAMS).respond(201, json={"sid": "ST1"})
    many = {f"n{number}": str(number) for number in range(100)}
    with pytest.raises(errors.RequestError, match="parameters holds 100 pairs; at most 99 can be sent") as caught:
        await live.signalwire.conferences.start_stream("CF1", url="wss://x", parameters=many)
    assert caught.value.member == "parameters"
    assert calls.call_count == 0
    many.popitem()
    await live.signalwire.conferences.start_stream("CF1", url="wss://x", parameters=many)
    assert calls.calls.last.request.content.endswith(b"&Parameter99.Name=n98&Parameter99.Value=98")


@pytest.mark.parametrize("sid", ["", ".", ".."])
async def test_an_id_that_would_be_another_path(live: roomtone.Client, sid: str) -> None:
    """Positional ids are path values like any other."""
    with pytest.raises(errors.RequestError, match="conference_sid must not be empty") as caught:
        await live.signalwire.conferences.start_stream(sid, url="wss://x")
    assert (caught.value.service, caught.value.operation) == ("signalwire", "conferences.start_stream")


async def test_an_odd_date_never_kills_an_answer(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A date that cannot be read is None; the rest of the answer is there."""
    router.post(STREAMS).respond(201, json={"sid": "ST1", "date_updated": "the day after", "price": [1], "status": 5})
    stream = await live.signalwire.conferences.start_stream("CF1", url="wss://x")
    assert (stream.sid, stream.date_updated, stream.status) == ("ST1", None, "5")


@pytest.mark.parametrize("body", [b"null", b"[]", b"<html>", b'{"sid": "ST1"', b"\xff"])
async def test_a_success_that_is_none(live: roomtone.Client, router: respx.MockRouter, body: bytes) -> None:
    """Even of a tolerant service, what is no JSON object is a DecodeError."""
    router.post(STREAMS).respond(200, content=body)
    with pytest.raises(errors.DecodeError) as caught:
        await live.signalwire.conferences.start_stream("CF1", url="wss://x")
    assert caught.value.maybe_processed


async def test_a_deletion(live: roomtone.Client, router: respx.MockRouter) -> None:
    """204 without a body is None."""
    router.delete(f"https://acme.signalwire.com{ACCOUNT}/Calls/CA1").respond(204)
    await live.signalwire.calls.delete("CA1")


async def test_a_list(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A list is its class, with prices as decimals; query names with operators arrive."""
    calls = router.get(url__startswith=f"https://acme.signalwire.com{ACCOUNT}/Calls").respond(
        200, json={"page": 0, "page_size": 50, "calls": [{"sid": "CA1", "from": "+1", "price": "-0.0085"}]}
    )
    listed = await live.signalwire.calls.list(status="busy", start_time_after="2026-11-21")
    assert isinstance(listed, CallList)
    (call,) = listed.calls or ()
    assert (call.sid, call.from_, str(call.price), listed.page_size) == ("CA1", "+1", "-0.0085", 50)
    assert calls.calls.last.request.url.query == b"StartTime%3E=2026-11-21&Status=busy"


@pytest.mark.parametrize(
    ("status", "body", "code", "text"),
    [
        (404, {"code": 20404, "message": "gone", "more_info": "https://x", "status": 404}, "20404", "gone"),
        (422, {"errors": [{"code": "E1", "message": "bad Url", "more_info": "x"}]}, "E1", "bad Url"),
        (422, {"errors": ["Url is bad", "Track is bad"]}, "422", "Url is bad; Track is bad"),
        (
            422,
            {"type": "v", "code": "missing", "message": "no Url", "attribute": "Url", "url": "x"},
            "missing",
            "no Url",
        ),
        (400, {"code": None, "message": None}, "400", ""),
        (400, "Bad Request", "400", ""),
    ],
)
async def test_error_bodies(
    live: roomtone.Client, router: respx.MockRouter, status: int, body: Any, code: str, text: str
) -> None:
    """Five shapes and none: code and message are found, the meaning is the status's."""
    content = {"text": body} if isinstance(body, str) else {"json": body}
    router.post(STREAMS).respond(status, **content)
    with pytest.raises(SignalWireError) as caught:
        await live.signalwire.conferences.start_stream("CF1", url="wss://x")
    error = caught.value
    assert type(error) is (SignalWireNotFoundError if status == 404 else SignalWireInvalidRequestError)
    assert (error.status, error.code, error.message, error.body) == (status, code, text, body)
    assert "token-1" not in f"{error} {error!r}"


@pytest.mark.parametrize("space", ["acme", "ACME", "acme.signalwire.com", "https://acme.signalwire.com", " acme "])
async def test_the_environment(router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, space: str) -> None:
    """The environment fills in what is not given, a space in any of its forms."""
    monkeypatch.setenv("SIGNALWIRE_SPACE", space)
    monkeypatch.setenv("SIGNALWIRE_PROJECT_ID", "project-1")
    monkeypatch.setenv("SIGNALWIRE_API_TOKEN", "token-1")
    calls = router.post(STREAMS).respond(201, json={"sid": "ST1"})
    async with roomtone.Client(ssl_context=default_tls()) as live:
        await live.signalwire.conferences.start_stream("CF1", url="wss://x")
    assert calls.calls.last.request.headers["authorization"] == BASIC


async def test_what_is_given_goes_before_the_environment(
    live: roomtone.Client, router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments win over the environment."""
    for name in ("SPACE", "PROJECT_ID", "API_TOKEN"):
        monkeypatch.setenv(f"SIGNALWIRE_{name}", "other")
    calls = router.post(STREAMS).respond(201, json={"sid": "ST1"})
    await live.signalwire.conferences.start_stream("CF1", url="wss://x")
    assert calls.calls.last.request.headers["authorization"] == BASIC


@pytest.mark.parametrize("name", ["space", "project_id", "api_token"])
@pytest.mark.parametrize("value", [None, "", "  "])
async def test_what_is_missing_is_told(router: respx.MockRouter, name: str, value: str | None) -> None:
    """Without space, project id or token nothing is sent; the message says what was tried and how to mend it."""
    config: dict[str, Any] = {"space": "acme", "project_id": "p", "api_token": "top-secret", name: value}
    async with roomtone.Client(signalwire=roomtone.SignalWire(**config)) as live:
        with pytest.raises(errors.ConfigurationError, match=f"SIGNALWIRE_{name.upper()}") as caught:
            await live.signalwire.calls.get("CA1")
    assert name in str(caught.value)
    assert "top-secret" not in str(caught.value)
    assert (caught.value.service, caught.value.attempts) == ("signalwire", 0)


async def test_a_space_on_loopback_is_plain_http() -> None:
    """A loopback address for a space means an emulator: plain http, the same paths and auth."""
    answers = answering(message({"sid": "ST1"}, 201), message(b"", 204), message({"calls": []}))
    async with serving(answers) as server:
        signalwire = roomtone.SignalWire(space=f"127.0.0.1:{server.port}", project_id="project-1", api_token="token-1")
        async with roomtone.Client(signalwire=signalwire, ssl_context=default_tls()) as live:
            assert (await live.signalwire.conferences.start_stream("CF1", url="wss://x")).sid == "ST1"
            await live.signalwire.calls.delete("CA1")
            assert (await live.signalwire.calls.list()).calls == []
        start, delete, listed = server.received
    assert (start.method, start.target) == ("POST", f"{ACCOUNT}/Conferences/CF1/Streams")
    assert (start.body, start.headers["authorization"]) == (b"Url=wss%3A%2F%2Fx", BASIC)
    assert (delete.method, delete.target, delete.body) == ("DELETE", f"{ACCOUNT}/Calls/CA1", b"")
    assert "content-type" not in delete.headers
    assert (listed.method, listed.target) == ("GET", f"{ACCOUNT}/Calls")


async def test_another_base_url(router: respx.MockRouter) -> None:
    """`base_url` stands in for the space, with a path of its own before the API's."""
    calls = router.get("https://proxy.example/sw/api/laml/2010-04-01/Accounts/p/Calls/CA1")
    calls.mock(return_value=httpx.Response(200, json={"sid": "CA1"}))
    signalwire = roomtone.SignalWire(base_url="https://proxy.example/sw/", project_id="p", api_token="t")
    async with roomtone.Client(signalwire=signalwire, ssl_context=default_tls()) as live:
        assert (await live.signalwire.calls.get("CA1")).sid == "CA1"
    assert calls.called


async def test_credentials_never_go_along_with_a_redirect(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A redirect is SignalWire's error; nobody else is asked."""
    router.post(STREAMS).respond(302, headers={"Location": "https://evil.example/"})
    with pytest.raises(SignalWireError) as caught:
        await live.signalwire.conferences.start_stream("CF1", url="wss://x")
    assert type(caught.value) is SignalWireError
    assert router.calls.call_count == 1
