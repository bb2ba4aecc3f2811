"""wait_until and watch: when they poll and when they end, and the named states of the services."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, get_args, get_overloads

import anyio
import anyio.lowlevel
import httpx
import pytest
from attrs import define, field

import roomtone
from roomtone import (
    chime_sdk_media_pipelines,
    chime_sdk_voice,
    errors,
    ivs,
    ivs_realtime,
    ivschat,
    signalwire,
    states,
    wait_until,
    wait_until_absent,
    watch,
)
from roomtone._http import waits
from roomtone.emulator import Emulator
from roomtone.ivs import ChannelNotBroadcasting
from roomtone.testing import RoomtoneMock
from roomtone.waiting import Watchable

pytestmark = pytest.mark.anyio

Step = str | Exception


@define
class Time:
    """Waits that take no time; every jitter is `draw`."""

    noted: list[float] = field(factory=list)
    draw: float = 1.0

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.noted.append(seconds)
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Lets waits pass at once, and notes them."""
    passed = Time()
    monkeypatch.setattr(waits, "pass_time", passed.sleep)
    monkeypatch.setattr(waits, "draw", lambda: passed.draw)
    return passed


@define(frozen=True)
class Answer:
    """A response: a state, and a number that is another one each time."""

    state: str
    number: int


def script(*steps: Step, ever: Step | None = None) -> Callable[[], Awaitable[Answer]]:
    """A function to poll that answers or raises the steps one by one, and then `ever`."""
    left: Iterator[Step] = iter(steps)
    number = 0

    async def fetch() -> Answer:
        nonlocal number
        number += 1
        await anyio.lowlevel.checkpoint()
        step = next(left, ever)
        assert step is not None, "polled more often than the script has steps"
        if isinstance(step, Exception):
            raise step
        return Answer(step, number)

    return fetch


def door(*steps: Step, ever: Step | None = None) -> Watchable[Answer, Any]:
    """Something with the states shut, ajar, open and broken, which is final."""
    return Watchable(
        name="door",
        fetch=script(*steps, ever=ever),
        state=lambda answer: answer.state,
        states=("shut", "ajar", "open", "broken"),
        final=("broken",),
    )


def is_open(answer: Answer) -> bool:
    return answer.state == "open"


NOT_THERE = errors.NotFoundError("no such door")


async def test_what_is_so_already_takes_one_poll(time: Time) -> None:
    assert await wait_until(script("open"), is_open) == Answer("open", 1)
    assert time.noted == []


async def test_waits_grow_from_the_interval_to_their_ceiling(time: Time) -> None:
    """With the longest jitter each wait is `backoff` times the last, up to `max_interval`."""
    answer = await wait_until(script(*["shut"] * 6, "open"), is_open, interval=2, backoff=2, max_interval=20)
    assert answer == Answer("open", 7)
    assert time.noted == [2, 4, 8, 16, 20, 20]


async def test_jitter_is_between_the_interval_and_the_longest_wait(time: Time) -> None:
    time.draw = 0
    await wait_until(script(*["shut"] * 4, "open"), is_open, interval=2, backoff=2)
    assert time.noted == [2, 2, 2, 2]
    time.noted.clear()
    time.draw = 0.5
    await wait_until(script(*["shut"] * 4, "open"), is_open, interval=2, backoff=2, max_interval=6)
    assert time.noted == [2, 3, 4, 4]


async def test_an_interval_above_the_ceiling_is_kept(time: Time) -> None:
    await wait_until(script("shut", "shut", "open"), is_open, interval=60)
    assert time.noted == [60, 60]


@pytest.mark.parametrize("draw", [0.0, 0.3, 1.0])
async def test_the_deadline_holds_and_its_time_is_used(time: Time, draw: float) -> None:
    """Waits that a test lets pass in no time count: polls end with the deadline, the last of them close before it."""
    time.draw = draw
    with pytest.raises(errors.WaitTimeoutError) as caught:
        await wait_until(script(ever="shut"), is_open, timeout=60)
    error = caught.value
    assert 59 < sum(time.noted) <= 60
    assert all(wait >= 1 for wait in time.noted[:-1])
    assert error.polls in (len(time.noted), len(time.noted) + 1)
    # On a busy machine the deadline may come in the middle of the last one.
    assert error.last in (Answer("shut", error.polls), Answer("shut", error.polls - 1))
    assert error.state is None
    assert str(error) == f"it is not as wanted after 60 s and {error.polls} polls; the last response is in `.last`"


@pytest.mark.parametrize(("interval", "begun"), [(2.5, 57.5), (10, 56)])
async def test_the_last_poll_begins_in_time_to_end(
    time: Time, monkeypatch: pytest.MonkeyPatch, interval: float, begun: float
) -> None:
    """It begins as long before the deadline as two of the longest poll take, or one interval if that is less."""
    now = 0.0
    began: list[float] = []

    async def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds

    async def fetch() -> str:
        began.append(now)
        await pass_time(2)
        return "open" if now > 57 else "shut"

    start = anyio.current_time()
    monkeypatch.setattr(anyio, "current_time", lambda: start + now)
    monkeypatch.setattr(waits, "pass_time", pass_time)
    await wait_until(fetch, lambda state: state == "open", timeout=60, interval=interval, backoff=1)
    assert began[-1] == pytest.approx(begun)


def test_defaults_are_the_same_everywhere() -> None:
    """Each overload has the defaults of the function, and the three functions poll alike."""
    found: dict[str, set[object]] = {}
    for function in (wait_until, wait_until_absent, watch):
        for form in (function, *get_overloads(function)):
            for name, parameter in inspect.signature(form).parameters.items():
                found.setdefault(name, set()).add(parameter.default)
    assert [found[name] for name in ("interval", "backoff", "max_interval")] == [{1.0}, {1.5}, {10.0}]
    assert found["timeout"] == {300.0, None}


async def test_a_wait_error_is_one_of_roomtone_and_a_timeout(time: Time) -> None:
    for kind in (TimeoutError, errors.WaitError, errors.RoomtoneError):
        with pytest.raises(kind):
            await wait_until(script(ever="shut"), is_open, timeout=1)


async def test_no_timeout_is_no_limit(time: Time) -> None:
    answer = await wait_until(script(*["shut"] * 500, "open"), is_open, timeout=None)
    assert answer.number == 501
    assert sum(time.noted) > 4900


async def test_the_deadline_cancels_a_poll_under_way() -> None:
    """A poll that never ends is cancelled at the deadline, and the response before it is the last."""
    ended: list[str] = []
    polled = 0

    async def fetch() -> str:
        nonlocal polled
        polled += 1
        if polled == 1:
            return "shut"
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("cancelled")

    with anyio.fail_after(5), pytest.raises(errors.WaitTimeoutError) as caught:
        await wait_until(fetch, lambda state: state == "open", timeout=0.15, interval=0.01)
    assert ended == ["cancelled"]
    assert (caught.value.last, caught.value.polls) == ("shut", 2)


async def test_a_deadline_before_any_response_says_so() -> None:
    with pytest.raises(errors.WaitTimeoutError, match=r"after 0\.01 s and 1 poll; no poll was answered") as caught:
        await wait_until(anyio.sleep_forever, lambda response: True, timeout=0.01)
    assert caught.value.last is None


async def test_polls_are_never_closer_than_the_interval() -> None:
    """In real time: a function that answers at once is not polled in a busy loop."""
    polled: list[float] = []

    async def fetch() -> None:
        polled.append(anyio.current_time())

    with pytest.raises(errors.WaitTimeoutError):
        await wait_until(fetch, lambda response: False, timeout=0.1, interval=0.02)
    gaps = [after - before for before, after in itertools.pairwise(polled)]
    assert len(polled) <= 6
    assert all(gap > 0.018 for gap in gaps[:-1])


async def test_a_cancelled_wait_is_cancelled() -> None:
    """From outside, in a poll and between two: the cancellation goes through and is not taken for the deadline."""
    for fetch in (script(ever="shut"), anyio.sleep_forever):
        with anyio.move_on_after(0.01) as scope:
            await wait_until(fetch, lambda answer: False, timeout=60, interval=30)
        assert scope.cancelled_caught


async def test_errors_of_polls_end_the_wait(time: Time) -> None:
    """Each poll has the client's retries behind it, so what it raises is raised; a call's timeout stays that."""
    for error in (errors.ThrottledError("slow down"), errors.TimeoutError("late"), RuntimeError("odd"), NOT_THERE):
        with pytest.raises(type(error)) as caught:
            await wait_until(script("shut", error), is_open)
        assert caught.value is error


async def test_absent_means_not_there_yet(time: Time) -> None:
    """Errors that `absent` names, one class or several, are polls that found nothing."""
    answer = await wait_until(script(NOT_THERE, NOT_THERE, "shut", "open"), is_open, absent=errors.NotFoundError)
    assert answer == Answer("open", 4)
    several = (errors.ConflictError, ChannelNotBroadcasting)
    await wait_until(script(ChannelNotBroadcasting("off air"), "open"), is_open, absent=several)
    with pytest.raises(errors.NotFoundError):
        await wait_until(script(NOT_THERE), is_open, absent=several)


async def test_what_was_absent_to_the_end_is_named_and_chained(time: Time) -> None:
    with pytest.raises(errors.WaitTimeoutError, match="the last answer was NotFoundError") as caught:
        await wait_until(script("shut", ever=NOT_THERE), is_open, absent=errors.NotFoundError, timeout=5)
    assert caught.value.last == Answer("shut", 1)
    assert caught.value.__cause__ is NOT_THERE


async def test_unless_gives_up(time: Time) -> None:
    with pytest.raises(errors.WaitFailedError) as caught:
        await wait_until(script("shut", "broken"), is_open, unless=lambda answer: answer.state == "broken")
    assert (caught.value.last, caught.value.polls) == (Answer("broken", 2), 2)
    assert not isinstance(caught.value, TimeoutError)


async def test_until_is_asked_before_unless(time: Time) -> None:
    assert await wait_until(script("open"), is_open, unless=lambda answer: True) == Answer("open", 1)


async def test_states_by_name(time: Time) -> None:
    """A Watchable is awaited in one state, in any of several, or by a function."""
    assert (await wait_until(door("shut", "ajar", "open"), "open")).number == 3
    for several in (("ajar", "open"), {"ajar", "open"}, frozenset({"open", "ajar"}), ["ajar"]):
        assert (await wait_until(door("shut", "ajar", "open"), several)).number == 2  # type: ignore[call-overload]
    assert (await wait_until(door("shut", "ajar", "open"), is_open)).number == 3


async def test_a_wait_fails_at_a_final_state(time: Time) -> None:
    """A final state that was not asked for ends the wait at once; one that was is what was asked for."""
    with pytest.raises(errors.WaitFailedError) as caught:
        await wait_until(door("shut", "broken"), ("open", "ajar"))
    assert caught.value.state == "broken"
    assert str(caught.value) == "door is broken: the wait until it is ajar or open ended after 2 polls"
    assert (await wait_until(door("shut", "broken"), "broken")).state == "broken"
    with pytest.raises(errors.WaitFailedError, match="door is ajar"):
        await wait_until(door("shut", "ajar"), "open", unless="ajar")


async def test_a_timeout_tells_the_state(time: Time) -> None:
    with pytest.raises(
        errors.WaitTimeoutError, match=r"^door is not open after 2 s and \d polls; it was shut$"
    ) as caught:
        await wait_until(door(ever="shut"), "open", timeout=2)
    assert caught.value.state == "shut"


async def test_a_state_that_nobody_knew_goes_on(time: Time) -> None:
    """Enums are open: a new state of the service is one more that is not the wanted one."""
    assert (await wait_until(door("revolving", "open"), "open")).number == 2


async def test_gone_is_the_error(time: Time) -> None:
    await wait_until_absent(script("shut", "shut", NOT_THERE))
    assert time.noted == [1, 1.5]
    await wait_until_absent(door("broken", NOT_THERE))
    await wait_until_absent(script("shut", ChannelNotBroadcasting("off")), absent=ChannelNotBroadcasting)
    with pytest.raises(errors.NotFoundError):
        await wait_until_absent(script(NOT_THERE), absent=ChannelNotBroadcasting)
    with pytest.raises(errors.WaitTimeoutError, match="door is not gone after 3 s") as caught:
        await wait_until_absent(door(ever="open"), timeout=3)
    assert caught.value.last.state == "open"


async def seen(changes: AsyncIterator[Answer | None]) -> list[Any]:
    return [answer and (answer.state, answer.number) async for answer in changes]


async def test_watch_gives_each_change(time: Time) -> None:
    """The first response comes at once, each later one when the key has changed."""
    fetch = script("shut", "shut", "open", "open", "shut", "broken")
    changes = watch(fetch, key=lambda answer: answer.state, until=lambda answer: answer.state == "broken")
    assert await anext(changes) == Answer("shut", 1)
    assert time.noted == []
    assert await seen(changes) == [("open", 3), ("shut", 5), ("broken", 6)]


async def test_watch_without_a_key_compares_responses(time: Time) -> None:
    same = Answer("open", 0)

    async def fetch() -> Answer:
        return same

    assert len(await seen(watch(script("open", "open", "open"), until=lambda answer: answer.number == 3))) == 3
    assert await seen(watch(fetch, timeout=30)) == [("open", 0)]


async def test_watch_of_states_ends_behind_a_final_one(time: Time) -> None:
    assert await seen(watch(door("shut", "shut", "open", "broken"))) == [("shut", 1), ("open", 3), ("broken", 4)]
    assert await seen(watch(door("shut", "open"), until="open")) == [("shut", 1), ("open", 2)]
    assert await seen(watch(door("open"), until=("open", "ajar"))) == [("open", 1)]


async def test_watch_by_another_key(time: Time) -> None:
    changes = watch(door("shut", "shut", "broken"), key=lambda answer: answer.number)
    assert await seen(changes) == [("shut", 1), ("shut", 2), ("broken", 3)]


async def test_watch_gives_what_ends_it_though_the_key_is_the_same(time: Time) -> None:
    changes = watch(script("shut", "shut", "shut"), key=lambda answer: answer.state, until=lambda one: one.number == 3)
    assert await seen(changes) == [("shut", 1), ("shut", 3)]


async def test_watch_gives_none_for_what_is_absent(time: Time) -> None:
    """Coming and going are changes; what stays away is none."""
    steps = (NOT_THERE, NOT_THERE, "open", "open", NOT_THERE, "open", "broken")
    changes = watch(door(*steps), absent=errors.NotFoundError)
    assert await seen(changes) == [None, ("open", 3), None, ("open", 6), ("broken", 7)]


async def test_watch_begins_its_interval_anew_after_a_change(time: Time) -> None:
    await seen(watch(door("shut", "shut", "shut", "open", "open", "broken"), interval=1, backoff=2))
    assert time.noted == [1, 2, 4, 1, 2]


async def test_watch_ends_at_its_deadline(time: Time) -> None:
    """Quietly, and for good: what asks for more is told that there is no more, and nothing is polled."""
    changes = watch(script(*["shut"] * 5, ever="open"), key=lambda answer: answer.state, timeout=60)
    assert await seen(changes) == [("shut", 1), ("open", 6)]
    assert 59 < sum(time.noted) <= 60
    waited = len(time.noted)
    assert await seen(changes) == []
    assert len(time.noted) == waited


async def test_watch_counts_from_its_first_poll(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """What passes between `watch` and the loop is no part of its time."""
    changes = watch(script("shut", ever="open"), key=lambda answer: answer.state, timeout=60)
    later = anyio.current_time() + 1000
    monkeypatch.setattr(anyio, "current_time", lambda: later)
    assert await seen(changes) == [("shut", 1), ("open", 2)]


async def test_watch_without_a_deadline_goes_on(time: Time) -> None:
    fetch = script(*["shut"] * 500, "open")
    changes = watch(fetch, key=lambda answer: answer.state)
    assert [await anext(changes) for _ in range(2)] == [Answer("shut", 1), Answer("open", 501)]


async def test_watch_raises_what_a_poll_raises(time: Time) -> None:
    """And can be asked again, since nothing is lost by a poll that failed."""
    changes = watch(door("shut", errors.UnavailableError("down"), "shut", "broken"))
    assert await anext(changes) == Answer("shut", 1)
    with pytest.raises(errors.UnavailableError):
        await anext(changes)
    assert await seen(changes) == [("broken", 4)]


async def test_watch_can_be_cancelled_and_asked_again() -> None:
    changes = watch(door("shut", "broken"), interval=0.05)
    await anext(changes)
    with anyio.move_on_after(0.01) as scope:
        await anext(changes)
    assert scope.cancelled_caught
    assert await seen(changes) == [("broken", 2)]


async def async_predicate(answer: Answer) -> bool:
    return True


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("fetch", {"fetch": None}, "must be a function, as `lambda: .*`, or a Watchable, not NoneType"),
    ("fetch", {"fetch": lambda: "open"}, "must be an async function, or give what can be awaited, not str"),
    ("until", {"until": None}, "must be a function of the response; states by name are for a Watchable"),
    ("until", {"until": "open"}, "must be a function of the response; states by name are for a Watchable"),
    ("until", {"until": async_predicate}, "must be a plain function of the response"),
    ("unless", {"unless": async_predicate}, "must be a plain function of the response"),
    ("unless", {"unless": "broken"}, "must be a function of the response"),
    (
        "until",
        {"fetch": door(), "until": "opne"},
        "door has no state 'opne'; did you mean 'open'.; its states are shut",
    ),
    ("unless", {"fetch": door(), "unless": {"brokn"}}, "door has no state 'brokn'; did you mean 'broken'"),
    ("until", {"fetch": door(), "until": ()}, "must be a state, several of them, or a function"),
    ("until", {"fetch": door(), "until": 7}, "must be a state, several of them, or a function"),
    ("until", {"fetch": door(), "until": ["open", 7]}, "must be a state, several of them, or a function"),
    *(
        ("timeout", {"timeout": value}, "positive number of seconds, or None")
        for value in (0, -1, "60", True, math.nan)
    ),
    *(("interval", {"interval": value}, "a number, 0.01 or more") for value in (0, 0.001, None, "1", math.inf)),
    *(("backoff", {"backoff": value}, "a number, 1 or more") for value in (0.5, None, True)),
    *(("absent", {"absent": value}, "a class of errors, or a tuple") for value in ("gone", NOT_THERE, BaseException)),
    ("absent", {"absent": (errors.NotFoundError, None)}, "a class of errors, or a tuple"),
    *(("max_interval", {"max_interval": value}, "a number, 0.01 or more") for value in (0, None)),
]


@pytest.mark.parametrize(("member", "wrong", "reason"), REFUSED)
async def test_arguments_are_refused(member: str, wrong: dict[str, Any], reason: str) -> None:
    """A wrong argument is a RequestError that names it and says what fits."""
    arguments = {"fetch": script("open"), "until": is_open, **wrong}
    with pytest.raises(errors.RequestError, match=f"{member}.* {reason}") as caught:
        await wait_until(**arguments)
    assert caught.value.member == member


async def test_watch_refuses_at_once() -> None:
    """Before the loop begins, so that the mistake is found where it was made."""
    with pytest.raises(errors.RequestError, match="key must be a plain function"):
        watch(script("open"), key=async_predicate)
    with pytest.raises(errors.RequestError, match="has no state 'opne'"):
        watch(door(), until="opne")
    with pytest.raises(errors.RequestError, match="interval"):
        watch(door(), interval=0)


@pytest.mark.parametrize("until", [is_open, "open"])
async def test_a_coroutine_in_place_of_a_function_is_explained(until: Any) -> None:
    """The likeliest slip: the call itself instead of a lambda around it. Nothing is left to warn of."""
    given: Any = script("open")()
    with pytest.raises(errors.RequestError, match="called for each poll: it must be a function") as caught:
        await wait_until(given, until)
    assert caught.value.member == "fetch"
    given = script("open")()
    with pytest.raises(errors.RequestError, match="called for each poll: it must be a function"):
        watch(given, until=until)


@define
class Polled:
    """A client of which every call is answered with the same JSON, and the requests are noted."""

    live: roomtone.Client = field(init=False)
    requests: list[httpx.Request] = field(factory=list)
    answer: dict[str, Any] = field(factory=dict)

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json=self.answer)


@pytest.fixture
async def polled(anyio_backend: str) -> AsyncIterator[Polled]:
    """A client over a transport of the test's own."""
    emulator = Emulator()
    made = Polled()
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(made.respond)) as http_client,
        roomtone.Client(emulator.aws(), emulator.signalwire(), http_client=http_client) as made.live,
    ):
        yield made


def pipeline(kind: str) -> Callable[[str], dict[str, Any]]:
    common = {"MediaPipelineId": "p", "MediaPipelineArn": "arn"}
    return lambda state: {"MediaPipeline": {kind: {**common, "Status": state}}}


ID = "0" * 36

KNOWN: dict[str, tuple[Callable[[roomtone.Client], Watchable[Any, Any]], str, Any, Callable[[str], dict[str, Any]]]] = {
    **{
        f"{kind}": (
            lambda live: states.media_pipeline(live.chime_sdk_media_pipelines, media_pipeline_id=ID),
            f"/sdk-media-pipelines/{ID}",
            states.MediaPipelineState,
            pipeline(kind),
        )
        for kind in (
            "MediaCapturePipeline",
            "MediaLiveConnectorPipeline",
            "MediaConcatenationPipeline",
            "MediaInsightsPipeline",
            "MediaStreamPipeline",
        )
    },
    "pool": (
        lambda live: states.kinesis_video_stream_pool(live.chime_sdk_media_pipelines, identifier="pool"),
        "/media-pipeline-kinesis-video-stream-pools/pool",
        states.PoolState,
        lambda state: {"KinesisVideoStreamPoolConfiguration": {"PoolArn": "a", "PoolId": "i", "PoolStatus": state}},
    ),
    "phone number order": (
        lambda live: states.phone_number_order(live.chime_sdk_voice, phone_number_order_id="o-1"),
        "/phone-number-orders/o-1",
        states.PhoneNumberOrderState,
        lambda state: {"PhoneNumberOrder": {"PhoneNumberOrderId": "o-1", "Status": state}},
    ),
    "stream": (
        lambda live: states.stream(live.ivs, channel_arn="arn"),
        "/GetStream",
        states.StreamState,
        lambda state: {"stream": {"channelArn": "arn", "state": state}},
    ),
    "recording configuration": (
        lambda live: states.recording_configuration(live.ivs, arn="arn"),
        "/GetRecordingConfiguration",
        states.RecordingConfigurationState,
        lambda state: {"recordingConfiguration": {"arn": "arn", "destinationConfiguration": {}, "state": state}},
    ),
    "composition": (
        lambda live: states.composition(live.ivs_realtime, arn="arn"),
        "/GetComposition",
        states.CompositionState,
        lambda state: {"composition": {"arn": "arn", "state": state}},
    ),
    "logging configuration": (
        lambda live: states.logging_configuration(live.ivschat, identifier="arn"),
        "/GetLoggingConfiguration",
        states.LoggingConfigurationState,
        lambda state: {"arn": "arn", "id": "i", "state": state},
    ),
    "call": (
        lambda live: states.call(live.signalwire, "s-1"),
        "/Calls/s-1",
        states.CallState,
        lambda state: {"sid": "s-1", "status": state},
    ),
    "conference": (
        lambda live: states.conference(live.signalwire, "s-1"),
        "/Conferences/s-1",
        states.ConferenceState,
        lambda state: {"sid": "s-1", "status": state},
    ),
    "recording": (
        lambda live: states.recording(live.signalwire, "s-1"),
        "/Recordings/s-1.json",
        states.RecordingState,
        lambda state: {"sid": "s-1", "status": state},
    ),
    "conference recording": (
        lambda live: states.conference_recording(live.signalwire, "c-1", "s-1"),
        "/Conferences/c-1/Recordings/s-1.json",
        states.RecordingState,
        lambda state: {"sid": "s-1", "status": state},
    ),
    "message": (
        lambda live: states.message(live.signalwire, "s-1"),
        "/Messages/s-1",
        states.MessageState,
        lambda state: {"sid": "s-1", "status": state},
    ),
    "fax": (
        lambda live: states.fax(live.signalwire, "s-1"),
        "/Faxes/s-1",
        states.FaxState,
        lambda state: {"sid": "s-1", "status": state},
    ),
}
"""What has named states: the way to it, the path that is asked, its states, and an answer in one of them."""


@pytest.mark.parametrize("name", KNOWN)
async def test_each_state_of_a_service_is_seen(name: str, polled: Polled) -> None:
    """Every state is read from an answer of the service, and can be awaited by its name."""
    reach, path, kinds, answer = KNOWN[name]
    one = reach(polled.live)
    assert tuple(one.states) == get_args(kinds)
    assert set(one.final) < set(one.states)
    for state in one.states:
        polled.answer = answer(state)
        response = await wait_until(one, state)
        assert one.state(response) == state
    assert all(request.url.path.endswith(path) for request in polled.requests)
    assert len(polled.requests) == len(one.states)


def test_every_function_of_states_is_held() -> None:
    """None is left out above."""
    functions = {name for name in states.__all__ if name.islower()}
    live = roomtone.Client()
    held = {reach(live).name.replace(" ", "_").lower() for reach, *_ in KNOWN.values()}
    assert held == functions


@pytest.mark.parametrize(
    ("ours", "models"),
    [
        (states.MediaPipelineState, chime_sdk_media_pipelines.MediaPipelineStatus),
        (states.PoolState, chime_sdk_media_pipelines.KinesisVideoStreamPoolStatus),
        (states.PhoneNumberOrderState, chime_sdk_voice.PhoneNumberOrderStatus),
        (states.StreamState, ivs.StreamState),
        (states.RecordingConfigurationState, ivs.RecordingConfigurationState),
        (states.CompositionState, ivs_realtime.CompositionState),
        (states.LoggingConfigurationState, ivschat.LoggingConfigurationState),
        (states.CallState, signalwire.CallStatus),
        (states.ConferenceState, signalwire.ConferenceStatus),
        (states.RecordingState, signalwire.RecordingStatus),
        (states.MessageState, signalwire.MessageStatus),
        (states.FaxState, signalwire.FaxStatus),
    ],
)
def test_states_are_those_of_the_models(ours: Any, models: Any) -> None:
    """When a model gains a state, this fails until it is known whether it is final."""
    assert set(get_args(ours)) == set(get_args(get_args(models)[0]))


async def test_a_pipeline_without_any_kind_has_no_state(polled: Polled) -> None:
    polled.answer = {"MediaPipeline": {}}
    one = states.media_pipeline(polled.live.chime_sdk_media_pipelines, media_pipeline_id=ID)
    assert one.state(await one.fetch()) is None


@pytest.fixture
async def emulated(anyio_backend: str) -> AsyncIterator[tuple[Emulator, roomtone.Client]]:
    """An emulator and a client that calls it in process."""
    emulator = Emulator()
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(emulator)) as http_client,
        roomtone.Client(emulator.aws(), emulator.signalwire(), http_client=http_client) as live,
    ):
        yield emulator, live


async def test_a_channel_goes_on_air_and_off(time: Time, emulated: tuple[Emulator, roomtone.Client]) -> None:
    """Off air is a state, though GetStream raises there; the stream's state is followed through both."""
    emulator, live = emulated
    arn = (await live.ivs.create_channel(name="front-row")).channel.arn
    stream = states.stream(live.ivs, channel_arn=arn)
    off = await wait_until(stream, "OFFLINE")
    assert (off.stream.channel_arn, off.stream.stream_id, off.stream.state) == (arn, "", "OFFLINE")
    seen: list[str | None] = []
    async for response in watch(stream, timeout=60):
        seen.append(response.stream.state)
        if len(seen) == 1:
            emulator.ivs.go_live(arn)
        elif len(seen) == 2:
            assert (await wait_until(stream, "LIVE")).stream.stream_id
            emulator.ivs.go_offline(arn)
    assert seen == ["OFFLINE", "LIVE", "OFFLINE"]


async def test_a_channel_that_is_not_there_is_no_stream_off_air(
    time: Time, emulated: tuple[Emulator, roomtone.Client]
) -> None:
    _, live = emulated
    arn = (await live.ivs.create_channel(name="front-row")).channel.arn
    await live.ivs.delete_channel(arn=arn)
    with pytest.raises(ivs.ResourceNotFoundException):
        await wait_until(states.stream(live.ivs, channel_arn=arn), "LIVE")


async def test_going_on_air_by_a_function_of_the_response(
    time: Time, emulated: tuple[Emulator, roomtone.Client]
) -> None:
    """The pair in its plainest form: what to poll, and what to look at."""
    emulator, live = emulated
    arn = (await live.ivs.create_channel(name="front-row")).channel.arn
    polls = 0

    async def fetch() -> ivs.GetStreamResponse:
        nonlocal polls
        polls += 1
        if polls == 4:
            emulator.ivs.go_live(arn)
        return await live.ivs.get_stream(channel_arn=arn)

    response = await wait_until(fetch, lambda one: one.stream.state == "LIVE", absent=ivs.ChannelNotBroadcasting)
    assert response.stream.state == "LIVE"
    assert polls == 4


async def test_a_conference_is_followed_to_its_end(time: Time, emulated: tuple[Emulator, roomtone.Client]) -> None:
    emulator, live = emulated
    sid = emulator.conferences.begin("team-call")
    conference = states.conference(live.signalwire, sid)
    seen: list[str | None] = []
    async for response in watch(conference):
        seen.append(response.status)
        if response.status == "in-progress":
            emulator.conferences.end(sid)
    assert seen == ["in-progress", "completed"]
    with pytest.raises(errors.WaitFailedError, match="conference is completed: the wait until it is in-progress"):
        await wait_until(conference, "in-progress")


async def test_a_media_pipeline_runs_until_its_meeting_ends(
    time: Time, emulated: tuple[Emulator, roomtone.Client]
) -> None:
    _, live = emulated
    pipelines, meetings = live.chime_sdk_media_pipelines, live.chime_sdk_meetings
    pool = await pipelines.create_media_pipeline_kinesis_video_stream_pool(
        pool_name="pool",
        stream_configuration=chime_sdk_media_pipelines.KinesisVideoStreamConfiguration(region="eu-central-1"),
    )
    identifier = pool.kinesis_video_stream_pool_configuration.pool_id
    await wait_until(states.kinesis_video_stream_pool(pipelines, identifier=identifier), "ACTIVE")
    meeting = (await meetings.create_meeting(media_region="eu-central-1", external_meeting_id="standup")).meeting
    made = await pipelines.create_media_stream_pipeline(
        sources=[
            chime_sdk_media_pipelines.MediaStreamSource(source_type="ChimeSdkMeeting", source_arn=meeting.meeting_arn)
        ],
        sinks=[
            chime_sdk_media_pipelines.MediaStreamSink(
                sink_arn=pool.kinesis_video_stream_pool_configuration.pool_arn,
                sink_type="KinesisVideoStreamPool",
                reserved_stream_capacity=1,
                media_stream_type="MixedAudio",
            )
        ],
    )
    pipeline_id = made.media_stream_pipeline.media_pipeline_id
    pipeline = states.media_pipeline(pipelines, media_pipeline_id=pipeline_id)
    await wait_until(pipeline, "InProgress")
    await meetings.delete_meeting(meeting_id=meeting.meeting_id)
    stopped = await wait_until(pipeline, "Stopped")
    assert stopped.media_pipeline.media_stream_pipeline is not None
    await pipelines.delete_media_pipeline(media_pipeline_id=pipeline_id)
    await wait_until_absent(pipeline)


async def test_under_the_mocks_waits_take_no_time() -> None:
    """Waits between polls are those that RoomtoneMock notes, and ten minutes of them have an end."""
    statuses = ("queued", "ringing", "ringing", "in-progress")
    with RoomtoneMock() as mock:
        op = mock.signalwire.calls.get
        async with mock.client() as live:
            op.script(*(signalwire.Call(sid="s-1", status=status) for status in statuses))
            answered = await wait_until(states.call(live.signalwire, "s-1"), "in-progress")
            assert answered.status == "in-progress"
            assert mock.sleeps == [1.0, 1.5, 2.25]
            op.respond(signalwire.Call(sid="s-1", status="ringing"))
            with pytest.raises(errors.WaitTimeoutError, match="call is not in-progress after 600 s"):
                await wait_until(states.call(live.signalwire, "s-1"), "in-progress", timeout=600)
