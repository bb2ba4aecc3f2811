"""SignalWire's errors through the public client: the five body shapes and none, codes, headers, meanings."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Mapping
from typing import Any

import pytest
import respx

import roomtone
from flow.loopback import Waits, default_tls
from roomtone import errors
from roomtone.signalwire import SignalWireClient, SignalWireError, codes, operations
from roomtone.signalwire.limits import RateLimit, rate_limit

ACCOUNT = "https://acme.signalwire.com/api/laml/2010-04-01/Accounts/P"
HEADERS = {
    "X-Request-Id": "r-1",
    "X-RateLimit-Limit": "20",
    "X-RateLimit-Remaining": "0",
    "X-RateLimit-Reset": "1795268400",
}


def client() -> roomtone.Client:
    """Tries each call once."""
    config = roomtone.SignalWire(space="acme", project_id="P", api_token="top-secret", max_attempts=1)
    made = roomtone.Client(signalwire=config, ssl_context=default_tls())
    Waits().of(made)
    return made


async def create_call(signalwire: SignalWireClient) -> None:
    await signalwire.calls.create(to="+15550100", from_="+15550101", url="https://me.example/cxml")


async def create_account(signalwire: SignalWireClient) -> None:
    await signalwire.accounts.create(friendly_name="f")


async def start_stream(signalwire: SignalWireClient) -> None:
    await signalwire.conferences.start_stream("CF1", url="ws://me.example")


async def import_number(signalwire: SignalWireClient) -> None:
    await signalwire.phone_numbers.import_number(number="+15550100", number_type="longcode")


async def create_token(signalwire: SignalWireClient) -> None:
    await signalwire.tokens.create(name="", permissions=["calling"])


URLS = {
    create_call: f"{ACCOUNT}/Calls",
    create_account: "https://acme.signalwire.com/api/laml/2010-04-01/Accounts",
    start_stream: f"{ACCOUNT}/Conferences/CF1/Streams",
    import_number: f"{ACCOUNT}/ImportedPhoneNumbers",
    create_token: f"{ACCOUNT}/tokens",
}

ONE = {"code": 21211, "message": "no such number", "more_info": "https://docs.example/21211", "status": 400}
SEVERAL = {
    "errors": [
        {"code": "21211", "message": "To is bad", "more_info": "https://docs.example/21211"},
        {"code": "21212", "message": "From is bad", "more_info": "https://docs.example/21212"},
    ]
}
SENTENCES = {"errors": ["Url must be wss", "Track is unknown"]}
IMPORTED = {"code": "21401", "message": "no number", "more_info": "https://docs.example/21401", "status": 422}
TOKEN = {
    "type": "validation_error",
    "code": "missing_required_parameter",
    "message": "name is needed",
    "attribute": "name",
    "url": "https://docs.example/missing",
}

SHAPES = {
    "one error": (create_call, 422, ONE, "21211", "no such number", [ONE]),
    "one error, the code a text": (create_call, 422, {**ONE, "code": "21211"}, "21211", "no such number", None),
    "one error, of its code alone": (create_call, 422, {"code": 21211}, "21211", "", [{"code": 21211}]),
    "several": (create_account, 400, SEVERAL, "21211", "To is bad; From is bad", SEVERAL["errors"]),
    "several, all empty": (create_account, 400, {"errors": [{}, {}]}, "400", "", [{}, {}]),
    "several, none": (create_account, 400, {"errors": []}, "400", "", []),
    "several, null": (create_account, 400, {"errors": None}, "400", "", [{"errors": None}]),
    "sentences": (start_stream, 422, SENTENCES, "422", "Url must be wss; Track is unknown", SENTENCES["errors"]),
    "imported number": (import_number, 422, IMPORTED, "21401", "no number", [IMPORTED]),
    "imported number, nothing of it": (import_number, 422, {}, "422", "", []),
    "token": (create_token, 422, TOKEN, "missing_required_parameter", "name is needed", [TOKEN]),
    "token, its attribute alone": (create_token, 422, {"attribute": "name"}, "422", "", [{"attribute": "name"}]),
    "another operation's shape": (create_token, 422, SENTENCES, "422", "Url must be wss; Track is unknown", None),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("act", "status", "body", "code", "message", "details"), SHAPES.values(), ids=SHAPES.keys())
async def test_the_five_shapes(
    act: Any, status: int, body: dict[str, Any], code: str, message: str, details: list[object] | None
) -> None:
    """Each documented body is one error with its code as a text, its message, its parts, request id and headers."""
    with respx.mock() as router:
        router.post(URLS[act]).respond(status, json=body, headers=HEADERS)
        async with client() as live:
            with pytest.raises(SignalWireError) as caught:
                await act(live.signalwire)
    error = caught.value
    assert isinstance(error, errors.InvalidRequestError)
    assert (error.status, error.code, error.message, error.body) == (status, code, message, body)
    assert details is None or error.details == details
    assert error.request_id == "r-1"
    assert {name: error.headers[name.lower()] for name in HEADERS} == HEADERS
    assert rate_limit(error.headers) == RateLimit(limit=20, remaining=0, reset=1795268400)
    assert "top-secret" not in f"{error!s}{error!r}{error.__dict__}"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.__dict__) == (type(error), error.__dict__)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("raw", "content_type", "body"),
    [
        (b"", "text/plain", None),
        (b" \r\n", "text/plain", None),
        (b"HTTP Basic: Access denied.\n", "text/plain", "HTTP Basic: Access denied.\n"),
        (b"<html><h1>Bad gateway</h1></html>", "text/html", "<html><h1>Bad gateway</h1></html>"),
        (b'{"code": 21211, "mess', "application/json", '{"code": 21211, "mess'),
        (b"\xff\xfe", "application/json", "\ufffd\ufffd"),
        (b"null", "application/json", None),
        (b"[]", "application/json", []),
        (b'"gone"', "application/json", "gone"),
        (b"404", "application/json", 404),
        (b"[" * 100_000, "application/json", "[" * 100_000),
    ],
)
async def test_bodies_that_are_none_of_them(raw: bytes, content_type: str, body: object) -> None:
    """Whatever else comes is told by its status; what came is in `body`."""
    with respx.mock() as router:
        router.post(URLS[create_call]).respond(404, content=raw, headers={"Content-Type": content_type})
        async with client() as live:
            with pytest.raises(errors.NotFoundError) as caught:
                await create_call(live.signalwire)
    error = caught.value
    assert isinstance(error, SignalWireError)
    assert (error.status, error.code, error.message, error.details, error.body) == (404, "404", "", [], body)
    assert rate_limit(error.headers) is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (413, errors.InvalidRequestError),
        (422, errors.InvalidRequestError),
        (429, errors.ThrottledError),
        (500, errors.ServiceFaultError),
        (502, errors.UnavailableError),
        (503, errors.UnavailableError),
        (520, errors.ServiceFaultError),
    ],
)
@pytest.mark.parametrize("body", [ONE, SEVERAL, SENTENCES, IMPORTED, TOKEN, {"code": "Throttling", "status": 200}])
async def test_the_meaning_is_the_http_statuss(
    status: int, meaning: type[errors.ApiError], body: Mapping[str, Any]
) -> None:
    """Documented or not, the HTTP status says what an error means; body, code and body status never do."""
    with respx.mock() as router:
        router.post(URLS[create_call]).respond(status, json=body)
        async with client() as live:
            with pytest.raises(meaning) as caught:
                await create_call(live.signalwire)
    assert isinstance(caught.value, SignalWireError)
    assert caught.value.status == status
    met = [cls for cls in vars(errors).values() if getattr(cls, "__bases__", ()) == (errors.ApiError,)]
    assert [cls for cls in met if isinstance(caught.value, cls)] == [meaning]


@pytest.mark.anyio
async def test_the_rate_limit_of_a_success() -> None:
    """`send` gives the headers of a success, and the rate limit is read from them in the same way."""
    with respx.mock() as router:
        router.get(f"{ACCOUNT}/Calls").respond(200, json={"calls": []}, headers=HEADERS)
        async with client() as live:
            reply = await live.signalwire.send(operations.CALLS_LIST.request())
    assert rate_limit(reply.headers) == RateLimit(limit=20, remaining=0, reset=1795268400)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, None),
        ({"x-request-id": "r"}, None),
        ({"x-ratelimit-limit": ""}, None),
        ({"x-ratelimit-limit": "100"}, RateLimit(limit=100)),
        ({"x-ratelimit-remaining": " 7 "}, RateLimit(remaining=7)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, RateLimit(remaining=0, reset=30)),
        ({"x-ratelimit-limit": "100, 100;w=60", "x-ratelimit-reset": "-1"}, RateLimit()),
        ({"x-ratelimit-limit": "1.5", "x-ratelimit-remaining": "\u0663", "x-ratelimit-reset": "9" * 5000}, RateLimit()),
    ],
)
def test_the_rate_limit(headers: dict[str, str], found: RateLimit | None) -> None:
    """Each part is a whole number or None; without any header there is no rate limit at all."""
    assert rate_limit(headers) == found


CODES = {name: value for name, value in vars(codes).items() if name.isupper()}


def test_the_codes() -> None:
    """Every constant is a text of four or five digits, as `error.code` is, and none stands for another."""
    assert len(CODES) > 80
    assert [name for name, value in CODES.items() if not re.fullmatch(r"[0-9]{4,5}", value)] == []
    assert len(set(CODES.values())) == len(CODES)
    assert (codes.NOT_FOUND, codes.TOO_MANY_REQUESTS, codes.INVALID_STREAM_URL) == ("20404", "20429", "31922")


@pytest.mark.anyio
@pytest.mark.parametrize("sent", [21211, "21211"])
async def test_a_code_is_compared_with_its_constant(sent: int | str) -> None:
    """Number or text on the wire, `error.code` equals the constant."""
    with respx.mock() as router:
        body = json.dumps({"code": sent, "message": "x"}).encode()
        router.post(URLS[create_call]).respond(422, content=body)
        async with client() as live:
            with pytest.raises(errors.InvalidRequestError) as caught:
                await create_call(live.signalwire)
    assert caught.value.code == codes.INVALID_TO
