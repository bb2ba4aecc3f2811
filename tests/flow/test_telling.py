"""What is told of each attempt: the log, the hook, and nothing secret in either."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
import respx

import roomtone
from flow.loopback import KEYS, REGION, Waits, default_tls
from roomtone import errors

pytestmark = pytest.mark.anyio

IVS = f"https://ivs.{REGION}.amazonaws.com"
CHANNEL = {"channel": {"arn": "a"}}


def answers(*wanted: Any) -> list[Any]:
    return [one if isinstance(one, Exception) else httpx.Response(**one) for one in wanted]


@pytest.fixture
def seen(live: roomtone.Client) -> list[roomtone.Attempt]:
    """What the hook of `live` is told."""
    told: list[roomtone.Attempt] = []
    live._connection.on_attempt = told.append
    return told


async def test_each_attempt_is_told(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, seen: list[roomtone.Attempt]
) -> None:
    """What failed, what was decided, the delay; then the success."""
    router.post(f"{IVS}/GetChannel").side_effect = answers(
        {"status_code": 503, "headers": {"x-amzn-requestid": "r-1"}},
        httpx.ReadError("gone"),
        {"status_code": 200, "json": CHANNEL, "headers": {"x-amzn-requestid": "r-3"}},
    )
    await live.ivs.get_channel(arn="a")
    first, second, third = seen
    assert isinstance(first.error, errors.UnavailableError)
    assert (first.service, first.operation, first.number, first.max_attempts) == ("ivs", "GetChannel", 1, 3)
    assert (first.status, first.request_id, first.decision) == (503, "r-1", "retry")
    assert (first.reason, first.delay) == ("unavailable", waits.noted[0])
    assert isinstance(second.error, errors.TransportError)
    assert (second.status, second.decision, second.reason) == (None, "retry", "uncertain")
    assert (second.delay, second.error.attempts) == (waits.noted[1], 2)
    assert (third.number, third.status, third.request_id, third.error) == (3, 200, "r-3", None)
    assert (third.decision, third.reason, third.delay) == ("return", "success", None)
    assert all(attempt.duration >= 0 for attempt in seen)


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "it would not help": ({"status_code": 404}, {}, "final: another attempt would not change it"),
    "no attempt left": ({"status_code": 503}, {"max_attempts": 1}, "unavailable: no attempt is left"),
    "it is not safe": (httpx.ReadError("gone"), {}, "uncertain: it might be carried out twice"),
    "the deadline": (
        {"status_code": 503, "headers": {"retry-after": "9"}},
        {"timeout": 5},
        "unavailable: the wait of 9.000 s would go beyond the deadline",
    ),
    "an answer that does not fit": ({"status_code": 200}, {}, "final: another attempt would not change it"),
}


@pytest.mark.parametrize(("answer", "options", "reason"), REFUSED.values(), ids=REFUSED.keys())
async def test_why_there_is_no_other_attempt(
    live: roomtone.Client,
    router: respx.MockRouter,
    seen: list[roomtone.Attempt],
    answer: Any,
    options: dict[str, Any],
    reason: str,
) -> None:
    """The last attempt says why it is the last, and carries the error that is raised."""
    router.post(f"{IVS}/CreateChannel").side_effect = answers(answer)
    with pytest.raises(errors.RoomtoneError) as caught:
        await live.ivs.with_options(**options).create_channel()
    (attempt,) = seen
    assert (attempt.decision, attempt.reason, attempt.delay) == ("raise", reason, None)
    assert attempt.error is caught.value


async def test_an_empty_quota_is_told(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, seen: list[roomtone.Attempt]
) -> None:
    """When a storm has used up the retries, that is the reason."""
    router.post(f"{IVS}/GetChannel").respond(503)
    for _ in range(20):
        with pytest.raises(errors.UnavailableError):
            await live.ivs.get_channel(arn="a")
    assert seen[-1].reason == "unavailable: too many retries lately, the quota is used up"


async def test_nothing_is_told_of_a_call_that_is_not_sent(
    live: roomtone.Client, router: respx.MockRouter, seen: list[roomtone.Attempt]
) -> None:
    """What is refused before sending is no attempt."""
    with pytest.raises(errors.RequestError):
        await live.chime_sdk_meetings.get_meeting(meeting_id="")
    assert seen == []


async def test_a_hook_that_fails_costs_nobody_the_answer(
    live: roomtone.Client, router: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """What a hook raises is logged; a channel that was created is not lost for it."""

    def broken(attempt: roomtone.Attempt) -> None:
        raise ZeroDivisionError

    live._connection.on_attempt = broken
    router.post(f"{IVS}/CreateChannel").respond(200, json=CHANNEL)
    assert (await live.ivs.create_channel()).channel.arn == "a"
    (record,) = caplog.records
    assert record.getMessage() == "on_attempt failed after ivs.CreateChannel"
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_the_hook_is_an_argument_of_the_client(router: respx.MockRouter) -> None:
    """`on_attempt=` hears of every call of every service client; what cannot be called with one is refused."""
    told: list[roomtone.Attempt] = []
    router.route().respond(200, json={})

    async def waits_for_it(attempt: roomtone.Attempt) -> None:
        pass

    aws = roomtone.Aws(region=REGION, credentials=KEYS)
    async with roomtone.Client(aws, ssl_context=default_tls(), on_attempt=told.append) as live:
        await live.ivs.list_channels()
        await live.ivschat.with_options(timeout=3).list_rooms()
    assert [attempt.operation for attempt in told] == ["ListChannels", "ListRooms"]
    for wrong in (5, waits_for_it):
        with pytest.raises(errors.ConfigurationError, match="on_attempt must be a plain function"):
            roomtone.Client(on_attempt=wrong)  # type: ignore[arg-type]


async def test_the_log(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """One line an attempt, at DEBUG, or at INFO where the call is tried again."""
    caplog.set_level(logging.DEBUG, logger="roomtone")
    router.post(f"{IVS}/GetChannel").side_effect = answers(
        {"status_code": 429, "headers": {"x-amzn-errortype": "ThrottlingException", "x-amzn-requestid": "r-1"}},
        {"status_code": 200, "json": CHANNEL},
        httpx.ConnectError("refused"),
    )
    await live.ivs.get_channel(arn="a")
    with pytest.raises(errors.ConnectError):
        await live.ivs.with_options(max_attempts=1).get_channel(arn="a")
    told = [record for record in caplog.records if " attempt " in record.getMessage()]
    lines = [(record.levelname, record.getMessage().replace(" after 0 ms", "")) for record in told]
    assert lines[0][0] == "INFO"
    assert lines[0][1].startswith("ivs.GetChannel attempt 1 of 3: HTTP 429 ThrottlingException")
    assert "retry: throttled in 1.000 s (request id r-1)" in lines[0][1]
    assert lines[1][0] == "DEBUG"
    assert lines[1][1].startswith("ivs.GetChannel attempt 2 of 3: HTTP 200")
    assert lines[2][0] == "DEBUG"
    assert "ConnectError" in lines[2][1]
    assert "no attempt is left" in lines[2][1]


async def test_the_log_holds_no_argument(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """Labels, queries, bodies, headers and what a service quotes of them stay out of it: they can be secrets."""
    caplog.set_level(logging.DEBUG)
    said = {"status_code": 503, "json": {"message": "s3cr3t"}, "headers": {"x-amzn-errortype": "s3cr3t is no code"}}
    router.route(url__startswith="https://").side_effect = answers(said, said, said, httpx.ReadError("s3cr3t"))
    with pytest.raises(errors.UnavailableError):
        await live.chime_sdk_meetings.get_attendee(meeting_id="s3cr3t", attendee_id="s3cr3t")
    with pytest.raises(errors.TransportError):
        await live.ivs.with_options(headers={"x-token": "s3cr3t"}).create_channel(name="s3cr3t")
    assert len([record for record in caplog.records if " attempt " in record.getMessage()]) == 4
    assert "s3cr3t" not in caplog.text


async def test_what_is_no_failure_of_the_call(
    live: roomtone.Client, router: respx.MockRouter, seen: list[roomtone.Attempt]
) -> None:
    """What a mock or a hook of the user's own raises comes out as it is, and is told as what it is."""
    router.post(f"{IVS}/GetChannel").side_effect = ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        await live.ivs.get_channel(arn="a")
    assert [(attempt.decision, attempt.error) for attempt in seen] == [("raise", None)]


async def test_an_error_is_whole_when_the_hook_sees_it(
    live: roomtone.Client, waits: Waits, router: respx.MockRouter, seen: list[roomtone.Attempt]
) -> None:
    """What may have happened on an earlier attempt is in the error that the hook is given, as in the one raised."""
    router.post(f"{IVS}/GetChannel").side_effect = [httpx.ReadError("gone"), *[httpx.ConnectError("refused")] * 2]
    with pytest.raises(errors.ConnectError) as caught:
        await live.ivs.get_channel(arn="a")
    assert seen[-1].error is caught.value
    assert [attempt.error and attempt.error.maybe_processed for attempt in seen] == [True, True, True]
