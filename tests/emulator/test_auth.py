"""Who is refused: signatures made by botocore and then spoilt, stale dates, strange keys, wrong Basic auth."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx
import pytest

import roomtone
from roomtone import errors
from roomtone._http.verification import Sent
from roomtone.emulator import API_TOKEN, CREDENTIALS, PROJECT_ID, Emulator
from roomtone.emulator.state import utc_now

BODY = b'{"name":"front-row"}'
URL = "http://127.0.0.1:8900/ivs/CreateChannel"


def signed(
    credentials: roomtone.Credentials = CREDENTIALS, *, service: str = "ivs", headers: dict[str, str] | None = None
) -> Sent:
    """A request to IVS as botocore signs it."""
    request = botocore.awsrequest.AWSRequest(
        "POST", URL, data=BODY, headers={"content-type": "application/json", **(headers or {})}
    )
    keys = botocore.credentials.Credentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token
    )
    botocore.auth.SigV4Auth(keys, service, "eu-west-1").add_auth(request)
    sent = {name.lower(): value for name, value in request.headers.items()} | {"host": "127.0.0.1:8900"}
    return Sent("POST", "/ivs/CreateChannel", "", sent, BODY)


def with_header(sent: Sent, name: str, change: Callable[[str], str | None]) -> Sent:
    changed = {**sent.headers, name: change(sent.headers.get(name, ""))}
    return attrs.evolve(sent, headers={key: value for key, value in changed.items() if value is not None})


def refusal(emulator: Emulator, sent: Sent) -> tuple[int, str]:
    reply = emulator.answer(sent)
    assert "exceptionMessage" in json.loads(reply.body)
    assert reply.headers["x-amzn-requestid"]
    return reply.status, reply.headers.get("x-amzn-errortype", "")


def test_a_good_signature_passes(emulator: Emulator) -> None:
    """What botocore signs is taken, other signed headers among it."""
    for headers in ({}, {"accept": "application/json", "x-amz-user-agent": "a  b"}):
        reply = emulator.answer(signed(headers=headers))
        assert reply.status == 200
        assert json.loads(reply.body)["channel"]["name"] == "front-row"
        assert json.loads(reply.body)["channel"]["arn"].split(":")[3] == "eu-west-1"


BAD: dict[str, tuple[Callable[[], Sent], int, str]] = {
    "altered body": (lambda: attrs.evolve(signed(), body=BODY + b" "), 403, "InvalidSignatureException"),
    "altered path": (lambda: attrs.evolve(signed(), path="/ivs/DeleteChannel"), 403, "InvalidSignatureException"),
    "altered query": (lambda: attrs.evolve(signed(), query="a=b"), 403, "InvalidSignatureException"),
    "altered method": (lambda: attrs.evolve(signed(), method="PUT"), 403, "InvalidSignatureException"),
    "altered header": (
        lambda: with_header(signed(), "content-type", lambda _: "text/plain"),
        403,
        "InvalidSignatureException",
    ),
    "wrong secret": (
        lambda: signed(roomtone.Credentials(CREDENTIALS.access_key_id, "wrong")),
        403,
        "InvalidSignatureException",
    ),
    "unknown key": (lambda: signed(roomtone.Credentials("AKIAOTHER", "x")), 403, "UnrecognizedClientException"),
    "session token nobody gave": (
        lambda: signed(attrs.evolve(CREDENTIALS, session_token="t")),
        403,
        "UnrecognizedClientException",
    ),
    "another service": (lambda: signed(service="chime"), 403, "InvalidSignatureException"),
    "unsigned amz header": (
        lambda: with_header(signed(), "x-amz-extra", lambda _: "1"),
        403,
        "InvalidSignatureException",
    ),
    "signed header that did not come": (
        lambda: with_header(signed(headers={"x-amz-extra": "1"}), "x-amz-extra", lambda _: None),
        403,
        "InvalidSignatureException",
    ),
    "another day": (
        lambda: with_header(signed(), "x-amz-date", lambda date: f"2020{date[4:]}"),
        403,
        "InvalidSignatureException",
    ),
    "no date": (
        lambda: with_header(signed(), "x-amz-date", lambda _: None),
        400,
        "IncompleteSignatureException",
    ),
    "half a header": (
        lambda: with_header(signed(), "authorization", lambda value: value.split(",")[0]),
        400,
        "IncompleteSignatureException",
    ),
    "not signed": (
        lambda: with_header(signed(), "authorization", lambda _: None),
        403,
        "MissingAuthenticationTokenException",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_signature_is_refused(name: str, emulator: Emulator) -> None:
    """Whatever is altered after signing, or was never right, is refused under AWS's own code."""
    make, status, code = BAD[name]
    assert refusal(emulator, make()) == (status, code)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_stale_date_is_refused(minutes: int) -> None:
    """A signature more than 5 minutes from the emulator's clock is refused; one of 4 minutes is not."""
    off = timedelta(minutes=minutes)
    assert refusal(Emulator(clock=lambda: utc_now() + off), signed()) == (403, "InvalidSignatureException")
    near = Emulator(clock=lambda: utc_now() + off / 6 * 4)
    assert near.answer(signed()).status == 200


def test_own_credentials() -> None:
    """An emulator takes the credentials it is given, a session token among them, and those alone."""
    own = roomtone.Credentials("AKIAOWN", "secret", "session", datetime.now(timezone.utc) + timedelta(hours=1))
    emulator = Emulator(credentials=own, signalwire=roomtone.SignalWire(project_id="mine", api_token="my-token"))
    assert emulator.answer(signed(own)).status == 200
    assert refusal(emulator, signed()) == (403, "UnrecognizedClientException")
    environment = emulator.environment("http://127.0.0.1:8900")
    assert environment["AWS_SESSION_TOKEN"] == "session"
    assert environment["SIGNALWIRE_PROJECT_ID"] == "mine"
    with pytest.raises(errors.ConfigurationError, match="api_token"):
        Emulator(signalwire=roomtone.SignalWire(project_id="mine"))


@pytest.mark.anyio
async def test_the_client_sees_an_authentication_error(emulator: Emulator, origin: str, anyio_backend: str) -> None:
    """Wrong credentials of either kind are AuthenticationError to a caller, and no handler runs."""
    wrong = attrs.evolve(emulator.aws(origin), credentials=roomtone.Credentials(CREDENTIALS.access_key_id, "wrong"))
    project = roomtone.SignalWire(space=origin, project_id=PROJECT_ID, api_token="wrong")
    async with roomtone.Client(wrong, project) as live:
        calls: tuple[tuple[Any, int], ...] = (
            (live.ivs.create_channel(), 403),
            (live.ivschat.list_rooms(), 403),
            (live.chime_sdk_meetings.get_meeting(meeting_id="m"), 403),
            (live.signalwire.conferences.list(), 401),
        )
        for awaitable, status in calls:
            with pytest.raises(errors.AuthenticationError) as caught:
                await awaitable
            assert (caught.value.status, caught.value.attempts) == (status, 1)
    async with roomtone.Client(emulator.aws(origin)) as live:
        assert (await live.ivs.list_channels()).channels == []


@pytest.mark.anyio
async def test_basic_auth(emulator: Emulator, anyio_backend: str) -> None:
    """Basic auth must be the project's, whole."""
    path = f"/api/laml/2010-04-01/Accounts/{PROJECT_ID}/Conferences"
    transport = httpx.ASGITransport(emulator)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        statuses = [
            (await http.get(path, auth=auth)).status_code
            for auth in (
                None,
                (PROJECT_ID, ""),
                ("", API_TOKEN),
                (PROJECT_ID, API_TOKEN.upper()),
                (PROJECT_ID, API_TOKEN),
            )
        ]
        odd = await http.get(path, headers={"authorization": "Basic ÿ".encode()})
    assert statuses == [401, 401, 401, 401, 200]
    assert odd.status_code == 401
    assert odd.json()["code"] == 401
