"""What is told of calls: hooks, `ROOMTONE_LOG`, OpenTelemetry's spans and metrics; and nothing secret in any of it."""

from __future__ import annotations

import contextvars
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
import respx
from attrs import define, field
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import roomtone
from flow.loopback import KEYS, REGION, Waits, default_tls, serving, silent
from roomtone import errors
from roomtone.otel import OpenTelemetry

IVS = f"https://ivs.{REGION}.amazonaws.com"
CHANNEL = {"channel": {"arn": "a"}}
RECORDING = "https://acme.signalwire.com/api/laml/2010-04-01/Accounts/project-1/Recordings/RE1"

in_both_loops = pytest.mark.anyio


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    """Plain respx: nothing goes out, and what no route is for fails."""
    with respx.mock(assert_all_called=False) as router:
        yield router


def client(**options: Any) -> roomtone.Client:
    """A client that waits without taking time."""
    aws = roomtone.Aws(region=REGION, credentials=KEYS)
    signalwire = roomtone.SignalWire(space="acme", project_id="project-1", api_token="token-1")
    live = roomtone.Client(aws, signalwire, ssl_context=default_tls(), **options)
    Waits().of(live)
    return live


def answers(*wanted: Any) -> list[Any]:
    return [one if isinstance(one, Exception) else httpx.Response(**one) for one in wanted]


# Hooks


@in_both_loops
async def test_retries_alone_are_told_to_on_retry(router: respx.MockRouter) -> None:
    """`on_retry` gets each attempt that another one follows, and no other."""
    router.post(f"{IVS}/GetChannel").side_effect = answers(
        {"status_code": 503}, {"status_code": 429}, {"status_code": 200, "json": CHANNEL}, {"status_code": 404}
    )
    told: list[roomtone.Attempt] = []
    async with client(on_retry=told.append) as live:
        await live.ivs.get_channel(arn="a")
        with pytest.raises(errors.NotFoundError):
            await live.ivs.get_channel(arn="a")
    assert [(one.number, one.status, one.decision) for one in told] == [(1, 503, "retry"), (2, 429, "retry")]


@in_both_loops
async def test_each_finished_call_is_told_to_on_response(router: respx.MockRouter) -> None:
    """What came of it, with status, request id, attempts, duration and error; where it went."""
    router.post(path="/GetChannel").side_effect = answers(
        {"status_code": 503},
        {"status_code": 200, "json": CHANNEL, "headers": {"x-amzn-requestid": "r-2"}},
        {"status_code": 404, "headers": {"x-amzn-requestid": "r-3"}},
        httpx.ConnectError("refused"),
    )
    told: list[roomtone.FinishedCall] = []
    async with client(on_response=told.append) as live:
        await live.ivs.get_channel(arn="a")
        with pytest.raises(errors.NotFoundError) as missing:
            await live.ivs.get_channel(arn="a")
        with pytest.raises(errors.ConnectError) as unreachable:
            await live.ivs.with_options(max_attempts=1, region="us-west-2").get_channel(arn="a")
    good, bad, none = told
    assert (good.service, good.operation, good.outcome) == ("ivs", "GetChannel", "returned")
    assert (good.status, good.request_id, good.attempts, good.error) == (200, "r-2", 2, None)
    assert (good.host, good.port, good.region) == (f"ivs.{REGION}.amazonaws.com", 443, REGION)
    assert (bad.outcome, bad.status, bad.request_id, bad.attempts) == ("raised", 404, "r-3", 1)
    assert bad.error is missing.value
    assert (none.outcome, none.status, none.request_id, none.region) == ("raised", None, None, "us-west-2")
    assert none.error is unreachable.value
    assert all(one.duration > 0 for one in told)


@in_both_loops
async def test_a_call_that_is_not_sent_is_a_call_too(router: respx.MockRouter) -> None:
    """Refused before sending: no attempt, and its error; without a region nothing is known of the place."""
    told: list[roomtone.FinishedCall] = []
    async with client(on_response=told.append) as live:
        with pytest.raises(errors.RequestError) as refused:
            await live.chime_sdk_meetings.get_meeting(meeting_id="")
    async with roomtone.Client(roomtone.Aws(credentials=KEYS), on_response=told.append) as nowhere:
        with pytest.raises(errors.ConfigurationError):
            await nowhere.ivs.list_channels()
    first, second = told
    assert (first.outcome, first.attempts, first.error) == ("raised", 0, refused.value)
    assert (second.host, second.port, second.region) == (None, None, None)


@in_both_loops
async def test_what_is_no_error_of_ours_is_told_as_it_is(router: respx.MockRouter) -> None:
    """What a hook of the user's own HTTP client raises is the error of the call."""
    router.post(f"{IVS}/GetChannel").side_effect = ZeroDivisionError
    told: list[roomtone.FinishedCall] = []
    async with client(on_response=told.append) as live:
        with pytest.raises(ZeroDivisionError) as caught:
            await live.ivs.get_channel(arn="a")
    assert [(one.outcome, one.error) for one in told] == [("raised", caught.value)]


@in_both_loops
async def test_a_cancelled_call_is_told() -> None:
    """A cancellation from outside is an outcome of its own."""
    told: list[roomtone.FinishedCall] = []
    async with serving(silent) as server:
        aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=server.url)
        async with roomtone.Client(aws, ssl_context=default_tls(), on_response=told.append) as live:
            with anyio.move_on_after(0.05):
                await live.ivs.list_channels()
    assert [(one.outcome, one.error, one.attempts) for one in told] == [("cancelled", None, 1)]


@in_both_loops
async def test_pages_and_downloads_are_calls(router: respx.MockRouter) -> None:
    """Each page is one; a download is one when its headers are here."""
    router.post(f"{IVS}/ListChannels").side_effect = answers(
        {"status_code": 200, "json": {"channels": [], "nextToken": "t"}}, {"status_code": 200, "json": {"channels": []}}
    )
    router.get(f"{RECORDING}.mp3").respond(200, content=b"media")
    told: list[roomtone.FinishedCall] = []
    async with client(on_response=told.append) as live:
        assert [channel async for channel in live.ivs.iter_channels()] == []
        async with live.signalwire.recordings.download("RE1", format="mp3") as media:
            assert [(one.operation, one.region) for one in told[2:]] == [("recordings.download", None)]
            assert b"".join([chunk async for chunk in media]) == b"media"
    assert [one.operation for one in told] == ["ListChannels", "ListChannels", "recordings.download"]


@in_both_loops
async def test_listeners_that_fail_cost_nobody_the_answer(
    router: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """What hooks and telemetry raise is logged under their names, and the channel is there all the same."""

    def broken(*_: object) -> Any:
        raise ZeroDivisionError

    class Broken:
        attempt = end = staticmethod(broken)

        def begin(self, service: str, operation: str) -> Broken:
            return self

    class BrokenFromTheStart(Broken):
        begin = staticmethod(broken)

    router.post(f"{IVS}/CreateChannel").side_effect = answers(
        *[{"status_code": 503}, {"status_code": 200, "json": CHANNEL}] * 2
    )
    options = {"on_attempt": broken, "on_retry": broken, "on_response": broken}
    async with client(telemetry=Broken(), **options) as live:
        assert (await live.ivs.create_channel()).channel.arn == "a"
    assert [record.getMessage().partition(" failed")[0] for record in caplog.records if record.exc_info] == [
        *("on_attempt", "on_retry", "telemetry"),
        *("on_attempt", "telemetry"),
        *("on_response", "telemetry"),
    ]
    caplog.clear()
    async with client(telemetry=BrokenFromTheStart()) as live:
        assert (await live.ivs.create_channel()).channel.arn == "a"
    assert [record.getMessage() for record in caplog.records] == ["telemetry failed before ivs.CreateChannel"]


def test_what_cannot_listen_is_refused() -> None:
    """A coroutine function would never run; a class in place of its object has nothing to follow calls with."""

    async def waits(event: object) -> None:
        pass

    for name, event in (("on_attempt", "Attempt"), ("on_retry", "Attempt"), ("on_response", "FinishedCall")):
        for wrong in (5, waits):
            given: dict[str, Any] = {name: wrong}
            with pytest.raises(errors.ConfigurationError, match=rf"^{name} must be a plain function of one .*{event}$"):
                roomtone.Client(**given)
    with pytest.raises(errors.ConfigurationError, match=r"such as roomtone\.otel\.OpenTelemetry\(\), not str"):
        roomtone.Client(telemetry="otel")  # type: ignore[arg-type]
    with pytest.raises(errors.ConfigurationError, match=r"not the class OpenTelemetry; write OpenTelemetry\(\)"):
        roomtone.Client(telemetry=OpenTelemetry)  # type: ignore[arg-type]


# ROOMTONE_LOG


@pytest.fixture
def quick_look(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """`ROOMTONE_LOG=debug`, and the logger as it was at the end."""
    log = logging.getLogger("roomtone")
    before, level = list(log.handlers), log.level
    monkeypatch.setenv("ROOMTONE_LOG", "debug")
    yield monkeypatch
    log.handlers[:] = before
    log.setLevel(level)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@in_both_loops
async def test_roomtone_log_writes_to_stderr(
    quick_look: pytest.MonkeyPatch, router: respx.MockRouter, capfd: pytest.CaptureFixture[str]
) -> None:
    """Region and endpoint with their source, the credentials' source, each attempt; once, however many clients."""
    quick_look.setattr(logging.getLogger(), "handlers", [])
    router.post(f"{IVS}/ListChannels").side_effect = answers({"status_code": 503}, {"status_code": 200, "json": {}})
    quick_look.setenv("AWS_REGION", REGION)
    secret = roomtone.Credentials("AKIDEXAMPLE", "s3cr3t-key", "s3cr3t-token")
    roomtone.Client()
    async with roomtone.Client(roomtone.Aws(credentials=lambda: secret), ssl_context=default_tls()) as live:
        Waits().of(live)
        await live.ivs.list_channels(filter_by_name="s3cr3t-name")
    lines = [line.split(" ", 2)[2] for line in capfd.readouterr().err.splitlines()]
    place, keys, first, second = lines
    assert place == f"DEBUG roomtone: ivs: region {REGION} (AWS_REGION), endpoint {IVS}"
    assert keys == "DEBUG roomtone: AWS credentials: provider, access key id ****MPLE"
    assert first.startswith("INFO roomtone: ivs.ListChannels attempt 1 of 3: HTTP 503")
    assert second.startswith("DEBUG roomtone: ivs.ListChannels attempt 2 of 3: HTTP 200")
    assert "s3cr3t" not in "".join(lines)
    assert logging.getLogger().handlers == []


def test_a_line_that_the_application_writes_is_not_written_twice(
    quick_look: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where all of an application's log goes to stderr, roomtone's lines are among it already."""
    roomtone.Client()
    quick_look.setattr(logging.getLogger(), "handlers", [logging.StreamHandler(sys.stderr)])
    logging.getLogger("roomtone").debug("only once")
    assert capsys.readouterr().err.count("only once") == 1
    quick_look.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    logging.getLogger("roomtone").debug("elsewhere too")
    assert capsys.readouterr().err.count("elsewhere too") == 1


def test_roomtone_log_has_levels(quick_look: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`info` shows retries alone; an unknown level is told with the known ones; an empty one is none."""
    log = logging.getLogger("roomtone")
    handlers = len(log.handlers)
    quick_look.setattr(logging.getLogger(), "handlers", [])
    quick_look.setenv("ROOMTONE_LOG", "INFO")
    roomtone.Client()
    log.debug("attempt")
    log.info("retry")
    assert capsys.readouterr().err.splitlines()[0].endswith("INFO roomtone: retry")
    quick_look.setenv("ROOMTONE_LOG", "debgu")
    with pytest.raises(errors.ConfigurationError) as caught:
        roomtone.Client()
    assert caught.value.message == ("ROOMTONE_LOG must be one of debug, info, warning, error; did you mean 'debug'?")
    quick_look.setenv("ROOMTONE_LOG", "")
    roomtone.Client()
    assert len(log.handlers) == handlers + 1


# OpenTelemetry


@define
class Collected:
    """What the SDK was given."""

    exporter: InMemorySpanExporter = field(factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(factory=InMemoryMetricReader)
    tracers: TracerProvider = field(factory=TracerProvider)
    telemetry: OpenTelemetry = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        meters = MeterProvider([self.reader], shutdown_on_exit=False)
        self.telemetry = OpenTelemetry(tracer_provider=self.tracers, meter_provider=meters)

    @property
    def tracer(self) -> trace.Tracer:
        return self.tracers.get_tracer("application")

    def spans(self) -> list[ReadableSpan]:
        """Those of roomtone, in the order of their end."""
        return [one for one in self.exporter.get_finished_spans() if one.kind is trace.SpanKind.CLIENT]

    def points(self, name: str) -> list[Any]:
        """The data points of one metric."""
        data: Any = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def collected() -> Iterator[Collected]:
    found = Collected()
    yield found
    found.tracers.shutdown()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@in_both_loops
async def test_a_call_is_a_span(router: respx.MockRouter, collected: Collected) -> None:
    """Name, kind and attributes are those of the semantic conventions; its one attempt is an event."""
    router.post(f"{IVS}/GetChannel").respond(200, json=CHANNEL, headers={"x-amzn-requestid": "r-1"})
    async with client(telemetry=collected.telemetry) as live:
        await live.ivs.get_channel(arn="a")
    (span,) = collected.spans()
    assert (span.name, span.kind, span.status.status_code) == (
        "ivs/GetChannel",
        trace.SpanKind.CLIENT,
        trace.StatusCode.UNSET,
    )
    assert attributes(span) == {
        "rpc.system.name": "aws-api",
        "rpc.method": "ivs/GetChannel",
        "server.address": f"ivs.{REGION}.amazonaws.com",
        "server.port": 443,
        "cloud.region": REGION,
        "http.response.status_code": 200,
        "aws.request_id": "r-1",
    }
    (event,) = span.events
    told = dict(event.attributes or {})
    assert event.name == "roomtone.attempt"
    assert told.pop("roomtone.attempt.duration") > 0
    assert told == {
        "roomtone.attempt.number": 1,
        "roomtone.attempt.decision": "return",
        "roomtone.attempt.reason": "success",
        "http.response.status_code": 200,
        "aws.request_id": "r-1",
    }
    scope = span.instrumentation_scope
    assert scope is not None
    assert (scope.name, scope.version) == ("roomtone", roomtone.__version__)


@in_both_loops
async def test_the_span_is_current_and_has_its_parent(router: respx.MockRouter, collected: Collected) -> None:
    """The caller's span is the parent, the call's span is current on every attempt, and the caller's again after it."""
    seen: list[trace.Span] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(trace.get_current_span())
        return httpx.Response(503 if len(seen) == 1 else 200, json=CHANNEL)

    router.post(f"{IVS}/GetChannel").side_effect = answer
    async with client(
        telemetry=collected.telemetry, on_response=lambda _: seen.append(trace.get_current_span())
    ) as live:
        with collected.tracer.start_as_current_span("work") as work:
            await live.ivs.get_channel(arn="a")
            assert trace.get_current_span() is work
    (span,) = collected.spans()
    assert span.parent is not None
    assert span.parent.span_id == work.get_span_context().span_id
    assert {one.get_span_context().span_id for one in seen} == {span.get_span_context().span_id}
    assert len(seen) == 3


@in_both_loops
async def test_tasks_do_not_see_each_others_spans(router: respx.MockRouter, collected: Collected) -> None:
    """Many calls at a time: each span is the child of its own task's."""

    async def answer(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(0.005)
        return httpx.Response(200, json=CHANNEL)

    router.post(f"{IVS}/GetChannel").side_effect = answer
    async with client(telemetry=collected.telemetry) as live:

        async def work(number: int) -> None:
            with collected.tracer.start_as_current_span(f"task {number}"):
                await live.ivs.get_channel(arn="a")
                await live.ivs.get_channel(arn="a")

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(work, number)
    parents = [span.parent.span_id for span in collected.spans() if span.parent is not None]
    assert len(parents) == 40
    assert sorted(parents.count(one) for one in set(parents)) == [2] * 20
    assert trace.get_current_span() is trace.INVALID_SPAN


@in_both_loops
async def test_retries_are_events_and_a_counter(router: respx.MockRouter, collected: Collected) -> None:
    """Each attempt is an event with its decision; the span says how often it was sent again, and the counter how often
    for what."""
    router.post(f"{IVS}/GetChannel").side_effect = answers(
        {"status_code": 503}, httpx.ReadError("gone"), {"status_code": 200, "json": CHANNEL}
    )
    async with client(telemetry=collected.telemetry) as live:
        await live.ivs.get_channel(arn="a")
    (span,) = collected.spans()
    assert attributes(span)["http.request.resend_count"] == 2
    told = [dict(event.attributes or {}) for event in span.events]
    assert [one["roomtone.attempt.decision"] for one in told] == ["retry", "retry", "return"]
    assert [one.get("error.type") for one in told] == ["IVSUnavailableError", "TransportError", None]
    assert [one.get("http.response.status_code") for one in told] == [503, None, 200]
    assert told[0]["roomtone.attempt.delay"] > 0
    names = {"rpc.system.name": "aws-api", "rpc.method": "ivs/GetChannel"}
    found = {point.attributes["error.type"]: point for point in collected.points("roomtone.client.retries")}
    assert {name: point.value for name, point in found.items()} == {"IVSUnavailableError": 1, "TransportError": 1}
    assert all(dict(point.attributes).items() >= names.items() for point in found.values())


@in_both_loops
async def test_durations_are_a_histogram_in_seconds(router: respx.MockRouter, collected: Collected) -> None:
    """With the buckets that the conventions advise, and no attribute that every call has a value of its own for."""
    router.post(f"{IVS}/GetChannel").side_effect = answers(
        {"status_code": 200, "json": CHANNEL, "headers": {"x-amzn-requestid": "r-1"}},
        {"status_code": 200, "json": CHANNEL, "headers": {"x-amzn-requestid": "r-2"}},
        {"status_code": 404, "headers": {"x-amzn-errortype": "ResourceNotFoundException"}},
    )
    async with client(telemetry=collected.telemetry) as live:
        await live.ivs.get_channel(arn="a")
        await live.ivs.get_channel(arn="a")
        with pytest.raises(errors.NotFoundError):
            await live.ivs.get_channel(arn="a")
    place = {"server.address": f"ivs.{REGION}.amazonaws.com", "server.port": 443, "cloud.region": REGION}
    names = {"rpc.system.name": "aws-api", "rpc.method": "ivs/GetChannel", **place}
    good, bad = sorted(collected.points("rpc.client.call.duration"), key=lambda point: -point.count)
    assert (good.count, dict(good.attributes)) == (2, {**names, "http.response.status_code": 200})
    assert (bad.count, dict(bad.attributes)) == (
        1,
        {
            **names,
            "http.response.status_code": 404,
            "error.type": "ResourceNotFoundException",
            "rpc.response.status_code": "ResourceNotFoundException",
        },
    )
    assert tuple(good.explicit_bounds)[:3] == (0.005, 0.01, 0.025)
    assert 0 < good.sum < 10


FAILURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "an undocumented code": (
        {"status_code": 400, "headers": {"x-amzn-errortype": "SomethingNew"}},
        {
            "error.type": "IVSInvalidRequestError",
            "http.response.status_code": 400,
            "rpc.response.status_code": "SomethingNew",
        },
    ),
    "a code that is none": (
        {"status_code": 400, "headers": {"x-amzn-errortype": "see s3cr3t"}, "json": {"message": "s3cr3t"}},
        {"error.type": "IVSInvalidRequestError", "http.response.status_code": 400},
    ),
    "no connection": (httpx.ConnectError("s3cr3t"), {"error.type": "ConnectError"}),
    "an answer that does not fit": (
        {"status_code": 200, "text": "s3cr3t"},
        {"error.type": "DecodeError", "http.response.status_code": 200},
    ),
    "none of ours": (ZeroDivisionError("s3cr3t"), {"error.type": "ZeroDivisionError"}),
    "a library's": (pytest.UsageError("s3cr3t"), {"error.type": "pytest.UsageError"}),
}


@pytest.mark.parametrize(("answer", "expected"), FAILURES.values(), ids=FAILURES.keys())
@in_both_loops
async def test_a_call_that_fails_is_an_error(
    router: respx.MockRouter, collected: Collected, answer: Any, expected: dict[str, Any]
) -> None:
    """The span says what kind of error it was, and nothing of what was asked or said."""
    router.post(f"{IVS}/GetChannel").side_effect = answers(answer)
    async with client(telemetry=collected.telemetry) as live:
        with pytest.raises((errors.RoomtoneError, ZeroDivisionError, pytest.UsageError)):
            await live.ivs.with_options(max_attempts=1).get_channel(arn="s3cr3t")
    (span,) = collected.spans()
    assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, expected["error.type"])
    told = {name: value for name, value in attributes(span).items() if "status_code" in name or name == "error.type"}
    assert told == expected
    assert "s3cr3t" not in span.to_json()


@in_both_loops
async def test_labels_are_in_no_span(router: respx.MockRouter, collected: Collected) -> None:
    """Members of the path and the query stay out of spans and metrics."""
    router.route(url__startswith="https://").respond(404)
    async with client(telemetry=collected.telemetry) as live:
        with pytest.raises(errors.NotFoundError):
            await live.chime_sdk_meetings.list_attendees(meeting_id="s3cr3t", next_token="s3cr3t")
        with pytest.raises(errors.NotFoundError):
            await live.signalwire.calls.get("s3cr3t")
    first, second = collected.spans()
    assert (first.name, second.name) == ("chime-sdk-meetings/ListAttendees", "signalwire/calls.get")
    assert attributes(second)["rpc.system.name"] == "signalwire"
    assert "cloud.region" not in attributes(second)
    assert "s3cr3t" not in first.to_json() + second.to_json()
    assert not [point for point in collected.points("rpc.client.call.duration") if "s3cr3t" in str(point)]


@in_both_loops
async def test_a_cancelled_call_ends_its_span(collected: Collected) -> None:
    """The span ends as `cancelled`, and what was current is so again."""
    async with serving(silent) as server:
        aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=server.url)
        async with roomtone.Client(aws, ssl_context=default_tls(), telemetry=collected.telemetry) as live:
            with anyio.move_on_after(0.05):
                await live.ivs.list_channels()
            assert trace.get_current_span() is trace.INVALID_SPAN
    (span,) = collected.spans()
    assert (span.status.description, attributes(span)["error.type"]) == ("cancelled", "cancelled")
    assert attributes(span)["server.port"] == server.port
    assert [(event.attributes or {}).get("roomtone.attempt.decision") for event in span.events] == ["cancelled"]


@in_both_loops
async def test_pages_and_downloads_are_spans(router: respx.MockRouter, collected: Collected) -> None:
    """Each page is a span; so is a download, up to its headers; while its chunks are read the caller's is current."""
    router.post(f"{IVS}/ListChannels").side_effect = answers(
        {"status_code": 200, "json": {"channels": [{"arn": "a"}], "nextToken": "t"}},
        {"status_code": 200, "json": {"channels": [{"arn": "b"}]}},
    )
    router.get(f"{RECORDING}.mp3").respond(200, content=b"media")
    async with client(telemetry=collected.telemetry) as live:
        with collected.tracer.start_as_current_span("work") as work:
            async for _ in live.ivs.iter_channels():
                assert trace.get_current_span() is work
            async for _ in live.signalwire.recordings.download("RE1", format="mp3"):
                assert trace.get_current_span() is work
    assert [span.name for span in collected.spans()] == [
        *["ivs/ListChannels"] * 2,
        "signalwire/recordings.download",
    ]
    assert {span.parent and span.parent.span_id for span in collected.spans()} == {work.get_span_context().span_id}


def test_a_call_that_ends_in_another_context(collected: Collected, caplog: pytest.LogCaptureFixture) -> None:
    """A garbage collector ends a call wherever it runs: the span ends, and nothing there is touched."""
    watch = contextvars.copy_context().run(collected.telemetry.begin, "ivs", "GetChannel")
    with collected.tracer.start_as_current_span("work") as work:
        watch.end(
            roomtone.FinishedCall(service="ivs", operation="GetChannel", outcome="cancelled", attempts=1, duration=0.5)
        )
        assert trace.get_current_span() is work
    assert [span.status.description for span in collected.spans()] == ["cancelled"]
    assert [point.sum for point in collected.points("rpc.client.call.duration")] == [0.5]
    assert caplog.records == []
    assert repr(collected.telemetry) == "<roomtone.otel.OpenTelemetry>"


@in_both_loops
async def test_without_an_sdk_nothing_is_recorded(router: respx.MockRouter) -> None:
    """The API alone does nothing, and calls go on as ever."""
    router.post(f"{IVS}/GetChannel").respond(200, json=CHANNEL)
    async with client(telemetry=OpenTelemetry()) as live:
        assert (await live.ivs.get_channel(arn="a")).channel.arn == "a"


def test_opentelemetry_is_imported_when_it_is_asked_for() -> None:
    """`import roomtone` and a client load none of it; without the extra `roomtone.otel` says what to install."""
    code = (
        "import sys, roomtone; roomtone.Client().ivs; assert 'opentelemetry' not in sys.modules\n"
        "sys.modules['opentelemetry'] = None\n"
        "import roomtone.otel"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "pip install 'roomtone[otel]' brings it" in ran.stderr.splitlines()[-1]
