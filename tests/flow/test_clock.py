"""A clock that is wrong: signatures are made with the service's time after its first refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest
import respx

import roomtone
from flow.loopback import KEYS, REGION, Waits, default_tls
from roomtone import errors

pytestmark = pytest.mark.anyio

IVS = f"https://ivs.{REGION}.amazonaws.com"
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=timezone.utc)
EMPTY_LIST = {"channels": []}


class Service:
    """Refuses signatures that are more than five minutes off its own time, as AWS does."""

    def __init__(self, ahead: timedelta, code: str = "InvalidSignatureException", **headers: str) -> None:
        self.ahead = ahead
        self.code = code
        self.headers = headers
        self.signed: list[datetime] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        now = NOON + self.ahead
        signed = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        self.signed.append(signed)
        headers = {"date": format_datetime(now, usegmt=True), **self.headers}
        if abs(signed - now) > timedelta(minutes=5):
            return httpx.Response(403, headers={**headers, "x-amzn-errortype": self.code}, json={})
        return httpx.Response(200, headers=headers, json=EMPTY_LIST)


@pytest.fixture
async def live(router: respx.MockRouter, anyio_backend: str) -> AsyncIterator[roomtone.Client]:
    """A client at noon."""
    async with roomtone.Client(roomtone.Aws(region=REGION, credentials=KEYS), ssl_context=default_tls()) as client:
        client._connection._account.clock = lambda: NOON
        Waits().of(client)
        yield client


@pytest.mark.parametrize("ahead", [timedelta(minutes=20), timedelta(hours=-7), timedelta(days=400)])
@pytest.mark.parametrize("code", ["InvalidSignatureException", "RequestTimeTooSkewed", "AccessDeniedException"])
async def test_a_wrong_clock_is_put_right(
    live: roomtone.Client, router: respx.MockRouter, ahead: timedelta, code: str
) -> None:
    """One more attempt, at once, with the service's time; later calls have it from the start, other regions not."""
    service = Service(ahead, code)
    router.post(f"{IVS}/ListChannels").mock(side_effect=service)
    seen: list[roomtone.Attempt] = []
    live._connection.on_attempt = seen.append
    await live.ivs.list_channels()
    assert service.signed == [NOON, NOON + ahead]
    assert [(attempt.decision, attempt.reason, attempt.delay) for attempt in seen] == [
        ("retry", "with the service's time", 0.0),
        ("return", "success", None),
    ]
    await live.ivs.list_channels()
    assert service.signed[2:] == [NOON + ahead]
    other = router.post("https://ivs.us-west-2.amazonaws.com/ListChannels").mock(side_effect=Service(timedelta(0)))
    await live.ivs.with_options(region="us-west-2").list_channels()
    assert other.call_count == 1


async def test_an_unsafe_call_is_repeated_too(live: roomtone.Client, router: respx.MockRouter) -> None:
    """The service looked at the signature only, so nothing was created."""
    service = Service(timedelta(minutes=20))

    def create(request: httpx.Request) -> httpx.Response:
        refused = service(request)
        return refused if refused.status_code != 200 else httpx.Response(200, json={"channel": {"arn": "a"}})

    router.post(f"{IVS}/CreateChannel").mock(side_effect=create)
    assert (await live.ivs.create_channel()).channel.arn == "a"
    assert len(service.signed) == 2


@pytest.mark.parametrize(
    "answers",
    [
        {"code": "ValidationException"},
        {"age": "3"},
        {"date": "soon"},
        {"date": format_datetime(NOON, usegmt=True)},
    ],
    ids=["another error", "out of a cache", "no date", "no skew"],
)
async def test_what_is_no_wrong_clock(live: roomtone.Client, router: respx.MockRouter, answers: dict[str, str]) -> None:
    """Where the answer tells of no wrong clock, the refusal is an error at once."""
    service = Service(timedelta(minutes=20), **answers)
    router.post(f"{IVS}/ListChannels").mock(side_effect=service)
    with pytest.raises(errors.ApiError) as caught:
        await live.ivs.list_channels()
    assert (caught.value.attempts, len(service.signed)) == (1, 1)


async def test_a_service_that_is_never_content(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A clock is put right once a call: a service whose date does not hold ends in an error, not in a loop."""
    hours = iter(range(1, 100))

    def lying(request: httpx.Request) -> httpx.Response:
        date = format_datetime(NOON + timedelta(hours=next(hours)), usegmt=True)
        return httpx.Response(403, headers={"date": date, "x-amzn-errortype": "SignatureDoesNotMatch"}, json={})

    calls = router.post(f"{IVS}/ListChannels").mock(side_effect=lying)
    with pytest.raises(errors.AuthenticationError) as caught:
        await live.ivs.with_options(max_attempts=9).list_channels()
    assert (caught.value.attempts, calls.call_count) == (2, 2)


async def test_without_an_attempt_left(live: roomtone.Client, router: respx.MockRouter) -> None:
    """`max_attempts` is the limit here too."""
    service = Service(timedelta(minutes=20))
    router.post(f"{IVS}/ListChannels").mock(side_effect=service)
    with pytest.raises(errors.AuthenticationError):
        await live.ivs.with_options(max_attempts=1).list_channels()
    assert len(service.signed) == 1


async def test_turned_off(live: roomtone.Client, router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_DISABLE_CLOCK_SKEW_CORRECTION leaves a wrong clock as it is."""
    monkeypatch.setenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true")
    service = Service(timedelta(minutes=20))
    router.post(f"{IVS}/ListChannels").mock(side_effect=service)
    with pytest.raises(errors.AuthenticationError):
        await live.ivs.list_channels()
    assert len(service.signed) == 1
