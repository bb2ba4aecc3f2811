"""Retries from end to end: what is sent again, after which wait, and what is not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import anyio
import httpx
import pytest
import respx

import roomtone
from flow.loopback import KEYS, REGION, Waits, client_at, default_tls
from roomtone import errors
from roomtone._core.operation import Operation
from roomtone._http import waits as seam
from roomtone.chime_sdk_identity import operations as identity
from roomtone.chime_sdk_media_pipelines import operations as pipelines
from roomtone.chime_sdk_meetings import operations as meetings
from roomtone.chime_sdk_messaging import operations as messaging
from roomtone.chime_sdk_voice import ThrottledClientException
from roomtone.chime_sdk_voice import operations as voice
from roomtone.ivs import operations as ivs
from roomtone.ivs_realtime import operations as ivs_realtime
from roomtone.ivschat import operations as ivschat

pytestmark = pytest.mark.anyio

IVS = f"https://ivs.{REGION}.amazonaws.com"
MEETINGS = f"https://meetings-chime.{REGION}.amazonaws.com"
VOICE = f"https://voice-chime.{REGION}.amazonaws.com"
SIGNALWIRE = "https://acme.signalwire.com/api/laml/2010-04-01/Accounts/project-1"
STREAMS = f"{SIGNALWIRE}/Conferences/CF1/Streams"

CHANNEL = {"channel": {"arn": "a"}}
MEETING = {"Meeting": {"MeetingId": "m-1"}}
CALL = {"SipMediaApplicationCall": {"TransactionId": "t-1"}}
STREAM = {"sid": "ST1", "status": "in-progress"}


def answers(*wanted: httpx.Response | Exception | type[Exception]) -> list[Any]:
    return list(wanted)


def error(status: int, code: str = "", **headers: str) -> httpx.Response:
    """An error of an AWS service; header names with underscores for hyphens."""
    named = {"x-amzn-errortype": code} if code else {}
    return httpx.Response(status, headers={**named, **{k.replace("_", "-"): v for k, v in headers.items()}}, json={})


async def create_channel(live: roomtone.Client) -> object:
    """Unsafe: AWS's answer to a lost one would be a second channel."""
    return (await live.ivs.create_channel()).channel.arn


async def dial(live: roomtone.Client) -> object:
    """Once: a call must never be dialled twice."""
    call = await live.chime_sdk_voice.create_sip_media_application_call(
        from_phone_number="+15550100", to_phone_number="+15550101", sip_media_application_id="s"
    )
    return call.sip_media_application_call


async def list_channels(live: roomtone.Client) -> object:
    """Safe."""
    return (await live.ivs.list_channels()).channels


async def create_meeting(live: roomtone.Client) -> object:
    """With an idempotency token."""
    made = await live.chime_sdk_meetings.create_meeting(media_region=REGION, external_meeting_id="m")
    return made.meeting.meeting_id


async def start_stream(live: roomtone.Client) -> object:
    """Once: SignalWire knows no idempotency."""
    return (await live.signalwire.conferences.start_stream("CF1", url="wss://x")).sid


async def delete_call(live: roomtone.Client) -> None:
    """Idempotent."""
    await live.signalwire.calls.delete("CA1")


URLS: dict[Any, tuple[str, str, Any]] = {
    create_channel: ("POST", f"{IVS}/CreateChannel", CHANNEL),
    dial: ("POST", f"{VOICE}/sip-media-applications/s/calls", CALL),
    list_channels: ("POST", f"{IVS}/ListChannels", {"channels": []}),
    create_meeting: ("POST", f"{MEETINGS}/meetings", MEETING),
    start_stream: ("POST", STREAMS, STREAM),
    delete_call: ("DELETE", f"{SIGNALWIRE}/Calls/CA1", None),
}
ALL = list(URLS)
SAFE = [list_channels, delete_call]
ONCE = [dial, start_stream]


def route(router: respx.MockRouter, act: Any, *failures: Any) -> respx.Route:
    """The route of a call: these failures, then the success ever after."""
    method, url, body = URLS[act]
    success = httpx.Response(204) if body is None else httpx.Response(200, json=body)
    found = router.route(method=method, url=url)
    found.side_effect = [*failures, *[success] * 5]
    return found


def name(act: Any) -> str:
    return getattr(act, "__name__", "")


@pytest.mark.parametrize("act", ALL, ids=name)
@pytest.mark.parametrize(
    "failure",
    [error(429), error(429, "Anything"), error(503), httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")],
    ids=["429", "429 of any code", "503", "refused", "no connection in time"],
)
async def test_what_every_call_is_repeated_for(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, act: Any, failure: Any
) -> None:
    """Throttling, 503 and what was surely never sent is repeated for every operation, a dialled call too."""
    calls = route(router, act, failure, failure)
    await act(live)
    assert calls.call_count == 3
    assert len(waits.noted) == 2


@pytest.mark.parametrize("act", ALL, ids=name)
@pytest.mark.parametrize("status", [500, 502, 504])
async def test_faults_of_the_service(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, act: Any, status: int
) -> None:
    """A 5xx is repeated, but for what dials, orders or sends: that is told at once, and may have been done."""
    calls = route(router, act, error(status))
    if act in ONCE:
        with pytest.raises(errors.ApiError) as caught:
            await act(live)
        assert (caught.value.status, caught.value.attempts, caught.value.maybe_processed) == (status, 1, True)
        assert (calls.call_count, waits.noted) == (1, [])
    else:
        await act(live)
        assert (calls.call_count, waits.noted) == (2, [0.05])


@pytest.mark.parametrize("act", ALL, ids=name)
@pytest.mark.parametrize(
    "failure", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone")], ids=repr
)
async def test_a_lost_answer(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, act: Any, failure: Exception
) -> None:
    """When an answer is lost, only what a second execution cannot harm is sent again; the rest may have been done."""
    calls = route(router, act, failure)
    if act in (*ONCE, create_channel):
        with pytest.raises(errors.TransportError) as caught:
            await act(live)
        assert (calls.call_count, caught.value.attempts, caught.value.maybe_processed) == (1, 1, True)
    else:
        await act(live)
        assert calls.call_count == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
async def test_what_another_attempt_would_not_change(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, status: int
) -> None:
    """Other errors are told at once."""
    calls = route(router, list_channels, error(status))
    with pytest.raises(errors.ApiError) as caught:
        await list_channels(live)
    assert (calls.call_count, caught.value.attempts, waits.noted) == (1, 1, [])


@pytest.mark.parametrize("code", ["RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"])
async def test_transient_codes_are_repeated_whatever_their_status(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, code: str
) -> None:
    """AWS's transient codes come with 400."""
    calls = route(router, list_channels, error(400, code))
    await list_channels(live)
    assert (calls.call_count, waits.noted) == (2, [0.05])


async def test_a_quota_is_not_throttling(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """400 LimitExceededException of meetings is a quota of the account: told at once."""
    calls = route(router, create_meeting, error(400, "LimitExceededException"))
    with pytest.raises(errors.QuotaExceededError):
        await create_meeting(live)
    assert calls.call_count == 1


PACKAGES = {
    "chime_sdk_identity": identity,
    "chime_sdk_media_pipelines": pipelines,
    "chime_sdk_meetings": meetings,
    "chime_sdk_messaging": messaging,
    "chime_sdk_voice": voice,
    "ivs": ivs,
    "ivs_realtime": ivs_realtime,
    "ivschat": ivschat,
}


def filled(operation: Operation[Any, Any]) -> Any:
    """A request with a text for each required member; enough for reads."""
    import attrs

    required = [a.name for a in attrs.fields(operation.request) if a.default is attrs.NOTHING]
    return operation.request(**dict.fromkeys(required, "x"))


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("failure", [error(429), error(429, "ThrottledClientException")], ids=["429", "by name"])
async def test_throttling_of_each_service(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, package: str, failure: httpx.Response
) -> None:
    """Every 429 of every service is throttling, waited for at its pace, and at the end told as ThrottledError."""
    operation = next(op for op in PACKAGES[package].OPERATIONS if op.safety == "safe" and op.pages is not None)
    calls = router.route(url__startswith="https://").mock(return_value=failure)
    with pytest.raises(errors.ThrottledError) as caught:
        await getattr(live, package).send(filled(operation))
    assert (calls.call_count, caught.value.attempts, waits.noted) == (3, 3, [1.0, 2.0])
    assert not caught.value.maybe_processed


async def test_the_throttling_that_botocore_gives_up_on(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter
) -> None:
    """429 ThrottledClientException of voice is repeated, and succeeds."""
    calls = route(router, dial, error(429, "ThrottledClientException"))
    await dial(live)
    assert calls.call_count == 2
    calls.side_effect = None
    calls.return_value = error(429, "ThrottledClientException")
    with pytest.raises(ThrottledClientException):
        await dial(live)


async def test_the_waits_grow(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """Each wait is twice the one before, times its jitter."""
    calls = router.post(f"{IVS}/ListChannels").mock(return_value=error(500))
    with pytest.raises(errors.ServiceFaultError) as caught:
        await live.ivs.with_options(max_attempts=6, timeout=None).list_channels()
    assert caught.value.attempts == calls.call_count == 6
    assert waits.noted == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8])
    waits.of(live, jitter=0.25).noted.clear()
    with pytest.raises(errors.ServiceFaultError):
        await live.ivs.with_options(max_attempts=3).list_channels()
    assert waits.noted == pytest.approx([0.0125, 0.025])


async def test_the_waiting_is_real_by_default(router: respx.MockRouter) -> None:
    """A client nobody meddled with waits on the event loop, with random jitter."""
    router.post(f"{IVS}/ListChannels").mock(side_effect=[error(500), httpx.Response(200, json={"channels": []})])
    aws = roomtone.Aws(region=REGION, credentials=KEYS)
    async with roomtone.Client(aws, ssl_context=default_tls()) as live:
        live._connection.jitter = lambda: 1.0
        started = anyio.current_time()
        await live.ivs.list_channels()
        assert anyio.current_time() - started >= 0.05
        del live
    fresh = roomtone.Client(aws)._connection
    draws = {fresh.jitter() for _ in range(20)}
    assert len(draws) == 20
    assert all(0 <= draw < 1 for draw in draws)
    assert (fresh.sleep, seam.pass_time) == (seam.sleep, anyio.sleep)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x_amz_retry_after": "1500"}, 1.5),
        ({"x_amz_retry_after": "10"}, 0.05),
        ({"x_amz_retry_after": "3600000"}, 5.05),
        ({"x_amz_retry_after": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0"}, 0.05),
        ({"retry_after": "3600"}, 20.0),
        ({"retry_after": "soon"}, 0.05),
    ],
)
async def test_what_the_service_asks_for(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, headers: dict[str, str], wait: float
) -> None:
    """`x-amz-retry-after` counts milliseconds within 5 s above the backoff, `Retry-After` seconds, up to 20."""
    route(router, create_channel, error(503, **headers))
    await create_channel(live)
    assert waits.noted == pytest.approx([wait])


async def test_a_date_to_wait_for(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """`Retry-After` may be a date."""
    when = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=10), usegmt=True)
    route(router, start_stream, error(429, retry_after=when))
    await start_stream(live)
    assert 8.5 < waits.noted[0] <= 10


@pytest.mark.parametrize("timeout", [5.0, None])
async def test_a_wait_beyond_the_deadline_is_not_begun(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, timeout: float | None
) -> None:
    """When the wait would outlast the call's time, the error is told at once; without a limit it is waited for."""
    calls = route(router, create_channel, error(503, retry_after="6"))
    limited = live.ivs.with_options(timeout=timeout)
    if timeout is None:
        await limited.create_channel()
        assert waits.noted == [6.0]
    else:
        with pytest.raises(errors.UnavailableError) as caught:
            await limited.create_channel()
        assert (caught.value.attempts, caught.value.retry_after, calls.call_count) == (1, 6.0, 1)
        assert waits.noted == []
        assert live._connection.quota(ivs.SERVICE, REGION).available == 500


async def test_each_attempt_is_signed_afresh_and_otherwise_the_same(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Body, token and invocation id stay; date, signature and attempt number are new."""
    import roomtone._http.providers as providers

    class Clock(datetime):
        ticks = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.ticks += 1
            return datetime(2026, 11, 21, 12, 0, cls.ticks, tzinfo=tz)

    monkeypatch.setattr(providers, "datetime", Clock)
    calls = route(router, create_meeting, error(500), error(429))
    await create_meeting(live)
    sent = [call.request for call in calls.calls]
    assert len(sent) == 3
    assert len({request.content for request in sent}) == 1
    assert json.loads(sent[0].content)["ClientRequestToken"]
    assert len({request.headers["amz-sdk-invocation-id"] for request in sent}) == 1
    assert [request.headers["amz-sdk-request"] for request in sent] == [f"attempt={n}; max=3" for n in (1, 2, 3)]
    assert len({request.headers["x-amz-date"] for request in sent}) == 3
    assert len({request.headers["authorization"] for request in sent}) == 3
    before = {json.loads(sent[0].content)["ClientRequestToken"], sent[0].headers["amz-sdk-invocation-id"]}
    await create_meeting(live)
    again = calls.calls[-1].request
    assert json.loads(again.content)["ClientRequestToken"] not in before
    assert again.headers["amz-sdk-invocation-id"] not in before


async def test_an_uncertain_attempt_is_remembered(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter
) -> None:
    """When an earlier attempt may have been carried out, the last error says so, though it alone would not."""
    calls = route(router, create_meeting, httpx.ReadError("reset"), error(400, "BadRequestException"))
    with pytest.raises(errors.InvalidRequestError) as caught:
        await create_meeting(live)
    assert (calls.call_count, caught.value.attempts, caught.value.maybe_processed) == (2, 2, True)
    assert "2 attempts" in str(caught.value)


async def test_an_answer_that_does_not_fit_is_not_asked_for_again(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter
) -> None:
    """A DecodeError is final, and its reply knows the attempts."""
    calls = route(router, list_channels, error(500), httpx.Response(200, text="<html>"))
    with pytest.raises(errors.DecodeError) as caught:
        await list_channels(live)
    assert calls.call_count == 2
    assert caught.value.reply is not None
    assert (caught.value.attempts, caught.value.reply.attempts) == (2, 2)


async def test_a_storm_empties_the_quota(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """500 tokens at 14 a retry pay for 35 retries; after that every call makes one request."""
    calls = router.post(f"{IVS}/ListChannels").mock(return_value=error(500))
    for _ in range(50):
        with pytest.raises(errors.ServiceFaultError):
            await live.ivs.list_channels()
    assert calls.call_count == 50 + 35
    assert len(waits.noted) == 35
    calls.return_value = httpx.Response(200, json={"channels": []})
    for _ in range(4):
        await live.ivs.list_channels()
    calls.side_effect = [error(500), httpx.Response(200, json={"channels": []})]
    await live.ivs.list_channels()
    assert calls.call_count == 85 + 4 + 2


async def test_a_storm_of_throttling_is_cheaper(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """At 5 a retry, 500 tokens pay for 100."""
    calls = router.post(f"{IVS}/ListChannels").mock(return_value=error(429))
    for _ in range(80):
        with pytest.raises(errors.ThrottledError):
            await live.ivs.list_channels()
    assert calls.call_count == 80 + 100


async def test_a_success_gives_back_what_its_last_retry_cost(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter
) -> None:
    """500 - 14 - 14 + 14; a success without a retry gives one."""
    quota = live._connection.quota(ivs.SERVICE, REGION)
    route(router, list_channels, error(500), error(500))
    await list_channels(live)
    assert quota.available == 486
    await list_channels(live)
    assert quota.available == 487


async def test_who_shares_a_quota(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """Clones of a client share it; another service and another region have their own."""
    everything = router.route(url__startswith="https://").mock(return_value=error(500))
    clones = [live.ivs, live.ivs.with_options(timeout=5), live.ivs.with_options(region=REGION, headers={"x-a": "b"})]
    for number in range(54):
        with pytest.raises(errors.ServiceFaultError):
            await clones[number % 3].list_channels()
    assert everything.call_count == 54 + 35
    with pytest.raises(errors.ServiceFaultError):
        await live.ivs.with_options(region="us-west-2").list_channels()
    with pytest.raises(errors.ServiceFaultError):
        await live.ivschat.list_rooms()
    with pytest.raises(errors.ServiceFaultError):
        await live.signalwire.calls.get("CA1")
    assert everything.call_count == 89 + 9


async def test_many_calls_at_a_time_share_the_quota(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter
) -> None:
    """Concurrent calls take from the one bucket, never more than there is."""
    calls = router.post(f"{IVS}/ListChannels").mock(return_value=error(500))

    async def one() -> None:
        with pytest.raises(errors.ServiceFaultError):
            await live.ivs.list_channels()

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(one)
    assert calls.call_count == 135


@pytest.mark.parametrize(
    ("configured", "environment", "option", "expected"),
    [
        (None, None, None, 3),
        (None, "5", None, 5),
        (2, "5", None, 2),
        (2, "5", 4, 4),
        (None, None, 1, 1),
        (7, None, 1, 1),
    ],
)
async def test_how_many_attempts(
    router: respx.MockRouter,
    monkeypatch: pytest.MonkeyPatch,
    configured: int | None,
    environment: str | None,
    option: int | None,
    expected: int,
) -> None:
    """`with_options` goes before `Aws`, `Aws` before the environment, else it is 3."""
    if environment:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", environment)
    url = "https://service.example"
    calls = router.route(url__startswith=url).mock(return_value=error(503))
    async with client_at(url, max_attempts=configured) as live:
        Waits().of(live)
        with pytest.raises(errors.UnavailableError) as caught:
            await live.ivs.with_options(max_attempts=option).list_channels()
    assert caught.value.attempts == calls.call_count == expected


@pytest.mark.parametrize(("configured", "option", "expected"), [(None, None, 3), (2, None, 2), (2, 4, 4)])
async def test_how_many_attempts_for_signalwire(
    router: respx.MockRouter, configured: int | None, option: int | None, expected: int
) -> None:
    """`with_options` goes before `SignalWire`, else it is 3; AWS's variables have no say."""
    calls = router.route(url__startswith="https://acme.signalwire.com").mock(return_value=error(503))
    signalwire = roomtone.SignalWire(space="acme", project_id="p", api_token="t", max_attempts=configured)
    async with roomtone.Client(signalwire=signalwire, ssl_context=default_tls()) as live:
        Waits().of(live)
        with pytest.raises(errors.UnavailableError):
            await live.signalwire.with_options(max_attempts=option).calls.get("CA1")
    assert calls.call_count == expected
