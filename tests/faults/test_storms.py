"""Many calls against a service that is not well: no storm of retries, and each call its own end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
import anyio.abc
import pytest

import roomtone
from flow.loopback import KEYS, REGION, Received, Waits, answering, client_at, message, serving, then_close
from roomtone import errors

pytestmark = pytest.mark.anyio

CALLS = 500


@pytest.mark.parametrize(
    "answer",
    [answering(message(b"", 500)), answering(message(b"", 503)), then_close()],
    ids=["500", "503", "no answer"],
)
@pytest.mark.parametrize("at_a_time", [1, 50])
async def test_a_brown_out_is_not_stormed(answer: Any, at_a_time: int) -> None:
    """A service that fails everything gets less than a tenth more requests than there are calls."""
    left = CALLS
    async with serving(answer) as server, client_at(server.url) as live:
        Waits().of(live)

        async def worker() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                with pytest.raises(errors.RoomtoneError):
                    await live.ivs.list_channels()

        async with anyio.create_task_group() as tasks:
            for _ in range(at_a_time):
                tasks.start_soon(worker)
        assert CALLS < len(server.received) <= 1.10 * CALLS


async def test_the_quota_comes_back() -> None:
    """When the service is well again, calls are tried again as before."""
    well = False

    async def answer(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(message({"channels": []}) if well else message(b"", 500))

    async with serving(answer) as server, client_at(server.url) as live:
        Waits().of(live)
        for _ in range(40):
            with pytest.raises(errors.ServiceFaultError):
                await live.ivs.list_channels()
        spent = len(server.received)
        with pytest.raises(errors.ServiceFaultError):
            await live.ivs.list_channels()
        assert len(server.received) == spent + 1
        well = True
        for _ in range(30):
            await live.ivs.list_channels()
        well = False
        with pytest.raises(errors.ServiceFaultError) as caught:
            await live.ivs.list_channels()
        assert caught.value.attempts == 3


class Limited:
    """A service that takes on so many requests a second and throttles the rest. It counts both."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.tokens = rate
        self.at = 0.0
        self.count: Counter[str] = Counter()

    async def __call__(self, request: Received, stream: anyio.abc.ByteStream) -> None:
        now = VirtualTime.now
        self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate)
        self.at = now
        taken = self.tokens >= 1
        self.tokens -= taken
        self.count["taken" if taken else "throttled"] += 1
        code = "x-amzn-ErrorType: ThrottlingException"
        await stream.send(message({"channels": []}) if taken else message(b"{}", 429, [code]))


class VirtualTime:
    """A clock that goes on by what is waited and by a hundredth of a second for each request."""

    now = 0.0

    async def sleep(self, seconds: float) -> None:
        VirtualTime.now += seconds
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("mode", ["standard", "adaptive"])
async def test_adaptive_mode_keeps_to_what_the_service_takes(mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a limit of 20 a second the adaptive mode is throttled far less than the standard one."""
    VirtualTime.now = 0.0
    service = Limited(20)
    failed = 0
    async with serving(service) as server:
        aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=server.url, retry_mode=mode, max_attempts=1)
        async with roomtone.Client(aws) as live:
            live._connection.sleep = VirtualTime().sleep
            with monkeypatch.context() as patch:
                patch.setattr("roomtone._http.attempts.anyio.current_time", lambda: VirtualTime.now)
                for _ in range(400):
                    VirtualTime.now += 0.01
                    try:
                        await live.ivs.with_options(timeout=None, attempt_timeout=None).list_channels()
                    except errors.ThrottledError:
                        failed += 1
    if mode == "standard":
        assert failed > 250
    else:
        assert failed < 60
        assert service.count["taken"] / VirtualTime.now > 8, "it is kept busy all the same"


@pytest.mark.parametrize(
    ("given", "environment", "limits"),
    [("adaptive", "", True), (None, "adaptive", True), ("standard", "adaptive", False), (None, "", False)],
)
async def test_the_mode_is_asked_for(
    given: Any, environment: str, limits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`retry_mode=`, then AWS_RETRY_MODE; the limiter is one per service and region, clones included."""
    monkeypatch.setenv("AWS_RETRY_MODE", environment)
    async with serving(answering(message(b"{}", 429), message({"channels": []}))) as server:
        aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=server.url, retry_mode=given)
        async with roomtone.Client(aws) as live:
            waits = Waits().of(live, jitter=0.0)
            await live.ivs.list_channels()
            await live.ivs.with_options(max_attempts=2).list_channels()
            await live.ivs.with_options(region="us-west-2").list_channels()
            limiters = live._connection._limiters
            assert sorted(limiters) == ([("ivs", REGION), ("ivs", "us-west-2")] if limits else [])
            if limits:
                assert limiters["ivs", REGION].limits
                assert not limiters["ivs", "us-west-2"].limits
                assert len(waits.noted) == 2
                assert all(wait > 0 for wait in waits.noted)


async def test_who_waits_for_the_rate_and_is_cancelled_gives_the_place_back() -> None:
    """A place in the rate that was reserved and not used does not keep others waiting."""
    async with serving(answering(message(b"{}", 429))) as server:
        aws = roomtone.Aws(
            region=REGION, credentials=KEYS, endpoint_url=server.url, retry_mode="adaptive", max_attempts=1
        )
        async with roomtone.Client(aws) as live:
            with pytest.raises(errors.ThrottledError):
                await live.ivs.list_channels()
            (limiter,) = live._connection._limiters.values()
            before = limiter._capacity
            for _ in range(3):
                with pytest.raises(errors.TimeoutError) as caught:
                    await live.ivs.with_options(timeout=0.01).list_channels()
                assert (caught.value.attempts, caught.value.maybe_processed) == (0, False)
            assert limiter._capacity == pytest.approx(before, abs=0.1)
            assert len(server.received) == 1
