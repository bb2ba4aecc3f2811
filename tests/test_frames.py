"""No frame of roomtone's that a traceback leads to holds a secret in its locals, nor does anything on the error."""

from __future__ import annotations

import asyncio
import pickle
import traceback
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import anyio
import httpx
import pytest
import respx
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

import roomtone
from faults.behaviours import until_gone
from flow.loopback import REGION, Waits, answering, default_tls, message, serving, silent, then_close
from roomtone import errors
from roomtone.chime_sdk_meetings import CreateAttendeeRequestItem
from roomtone.otel import OpenTelemetry

pytestmark = pytest.mark.anyio

SECRET = "s3cr3t"
BASIC = "cDpzM2NyM3Q"  # base64 of `p:s3cr3t`: the Basic header is the secret in another spelling
PACKAGE = str(Path(roomtone.__file__).parent)
KEYS = roomtone.Credentials("AKIDEXAMPLE", f"{SECRET}-key", f"{SECRET}-token")


def frames(error: BaseException) -> Iterator[FrameType]:
    """Every frame that an error leads to, through its causes and contexts too."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        waiting += [current.__cause__, current.__context__, *getattr(current, "exceptions", ())]
        step: TracebackType | None = current.__traceback__
        while step is not None:
            yield step.tb_frame
            step = step.tb_next


def is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(PACKAGE) or "roomtone" in frame.f_code.co_filename.partition("<")[2]


def check(error: BaseException) -> None:
    ours = [frame for frame in frames(error) if is_ours(frame)]
    assert ours, "the error comes from nowhere in the package"
    for frame in ours:
        for name, value in frame.f_locals.items():
            shown = repr(value)
            where = f"{frame.f_code.co_qualname}: {name}"
            assert SECRET not in shown, where
            assert BASIC not in shown, where
    told = "".join(traceback.format_exception(error)) + str(error) + repr(error)
    assert SECRET not in told
    if isinstance(error, errors.RoomtoneError):
        assert SECRET.encode() not in pickle.dumps(error)


def client_at(url: str, **options: Any) -> roomtone.Client:
    aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=url)
    signalwire = roomtone.SignalWire(base_url=url, project_id="p", api_token=SECRET)
    options.setdefault("ssl_context", default_tls() if "http_client" not in options else None)
    live = roomtone.Client(aws, signalwire, **options)
    Waits().of(live)
    return live


async def meet(live: roomtone.Client) -> None:
    """External ids are sensitive, and so are the items' of the attendees."""
    await live.chime_sdk_meetings.create_meeting_with_attendees(
        media_region=REGION,
        external_meeting_id=SECRET,
        attendees=[CreateAttendeeRequestItem(external_user_id=SECRET)],
    )


async def token(live: roomtone.Client) -> None:
    await live.ivschat.create_chat_token(
        room_identifier="r", user_id=SECRET, attributes={SECRET: SECRET}, session_duration_in_minutes=1
    )


async def labelled(live: roomtone.Client) -> None:
    """A sensitive label stands in the path."""
    await live.chime_sdk_voice.get_phone_number(phone_number_id=SECRET)


async def hung_up(live: roomtone.Client) -> None:
    await live.signalwire.calls.create(to="+1", from_="+1", url="https://x.example", sip_auth_password=SECRET)


async def with_headers(live: roomtone.Client) -> None:
    await live.ivs.with_options(headers={"x-token": SECRET}).list_channels()


async def sent(live: roomtone.Client) -> None:
    from roomtone.ivschat import CreateChatTokenRequest

    await live.ivschat.send(CreateChatTokenRequest(room_identifier="r", user_id=SECRET))


CALLS = [meet, token, labelled, hung_up, with_headers, sent]
ANSWERS = {
    "an error": answering(message({"message": "no"}, 400)),
    "an answer that does not fit": answering(message(b'{"Meeting": 5, "token": 5, "sid": [], "channels": 5}')),
    "a lost answer": then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"),
    "a stall": silent,
    "a flood": answering(message(b" " * 3000)),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_call_that_fails(answer: Any, call: Callable[[roomtone.Client], Coroutine[Any, Any, None]]) -> None:
    """Whatever fails, neither keys and tokens nor sensitive arguments are in the frames."""
    options = {"attempt_timeout": 0.05, "timeout": 0.2, "max_response_bytes": 1000}
    async with serving(answer) as server, client_at(server.url, **options) as live:
        with pytest.raises(errors.RoomtoneError) as caught:
            await call(live)
        check(caught.value)


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_that_is_followed(call: Callable[[roomtone.Client], Coroutine[Any, Any, None]]) -> None:
    """Nor are they where hooks and telemetry follow a call, in what these are told, or in what is logged of theirs."""
    told: list[object] = []
    options = {"on_attempt": told.append, "on_retry": told.append, "on_response": told.append}
    telemetry = OpenTelemetry(tracer_provider=TracerProvider(), meter_provider=MeterProvider(shutdown_on_exit=False))
    async with (
        serving(answering(message({"message": "no"}, 503))) as server,
        client_at(server.url, telemetry=telemetry, **options) as live,
    ):
        with pytest.raises(errors.UnavailableError) as caught:
            await call(live)
        check(caught.value)
    assert len(told) == 2 * caught.value.attempts
    assert SECRET not in repr(told)


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_over_a_users_own_client(call: Callable[[roomtone.Client], Coroutine[Any, Any, None]]) -> None:
    """httpx's requests show their URL, so none is a local of ours."""
    async with (
        serving(then_close()) as server,
        httpx.AsyncClient() as http,
        client_at(server.url, http_client=http) as live,
    ):
        with pytest.raises(errors.TransportError) as caught:
            await call(live)
        check(caught.value)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", [*ANSWERS.values(), then_close(), then_close(b"SSH-2.0\r\n")])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_call_over_aiohttp(answer: Any, call: Callable[[roomtone.Client], Coroutine[Any, Any, None]]) -> None:
    """aiohttp's errors and frames hold URLs and headers, so none of them hangs on an error of ours."""
    options = {"attempt_timeout": 0.05, "timeout": 0.2, "max_response_bytes": 1000, "engine": "aiohttp"}
    async with serving(answer) as server, client_at(server.url, **options) as live:
        with pytest.raises(errors.RoomtoneError) as caught:
            await call(live)
        check(caught.value)
        files = {"/".join(Path(frame.f_code.co_filename).parts[-2:]) for frame in frames(caught.value)}
        assert not files & {"aiohttp/client.py", "aiohttp/client_reqrep.py"}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_call_that_is_cancelled(call: Callable[[roomtone.Client], Coroutine[Any, Any, None]]) -> None:
    """A cancellation passes through the frames of a call at its deepest."""
    async with serving(silent) as server, client_at(server.url) as live:
        task = asyncio.create_task(call(live))
        while not server.received:
            await anyio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        check(caught.value)


async def test_nobody_listens_and_handshakes() -> None:
    """Errors of connecting have the longest way."""
    async with serving(silent, raw=until_gone) as server:
        url = server.url.replace("http:", "https:")
        async with client_at(url, attempt_timeout=0.05) as live:
            with pytest.raises(errors.TimeoutError) as caught:
                await labelled(live)
            check(caught.value)


REFUSED: dict[str, Callable[[roomtone.Client], Coroutine[Any, Any, object]]] = {
    "a wrong type beside a secret": lambda live: live.ivschat.create_chat_token(
        room_identifier=5,  # type: ignore[arg-type]
        user_id=SECRET,
    ),
    "a wrong type within a secret": lambda live: live.ivschat.create_chat_token(
        room_identifier="r",
        user_id="u",
        attributes={SECRET: 5},  # type: ignore[dict-item]
    ),
    "a wrong type beside a secret label": lambda live: live.chime_sdk_voice.update_phone_number(
        phone_number_id=SECRET,
        name=5,  # type: ignore[arg-type]
    ),
    "a secret that is no text": lambda live: live.chime_sdk_meetings.create_attendee(
        meeting_id="m",
        external_user_id=SECRET.encode(),  # type: ignore[arg-type]
    ),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED.keys())
async def test_a_call_that_is_refused(call: Callable[[roomtone.Client], Coroutine[Any, Any, object]]) -> None:
    """What is refused before sending keeps its values to itself."""
    async with client_at("http://127.0.0.1:9") as live:
        with pytest.raises(errors.RequestError) as caught:
            await call(live)
        check(caught.value)


async def test_the_environments_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that are refused while secrets stand beside them in the environment."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", SECRET),
    ):
        monkeypatch.setenv(name, value)
    for wrong in (
        {"AWS_RETRY_MODE": "often"},
        {"AWS_MAX_ATTEMPTS": "many"},
        {"AWS_CREDENTIAL_EXPIRATION": "soon"},
        {"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"},
        {"AWS_REGION": "nowhere at all"},
        {"AWS_SECRET_ACCESS_KEY": f" {SECRET}"},
    ):
        with monkeypatch.context() as patch, respx.mock(assert_all_called=False):
            patch.setenv("AWS_REGION", REGION)
            for name, value in wrong.items():
                patch.setenv(name, value)
            async with roomtone.Client(ssl_context=default_tls()) as live:
                with pytest.raises(errors.ConfigurationError) as caught:
                    await live.ivs.list_channels()
                check(caught.value)


async def test_a_profiles_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same with secrets in the shared files."""
    config, shared = tmp_path / "config", tmp_path / "credentials"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    keys = f"aws_access_key_id = AK\naws_secret_access_key = {SECRET}\naws_session_token = {SECRET}\n"
    shared.write_text(f"[default]\n{keys}")
    for wrong in ("retry_mode = often", "max_attempts = many", "region = no where", "endpoint_url = ftp://x"):
        region = "" if wrong.startswith("region") else f"region = {REGION}\n"
        config.write_text(f"[default]\n{region}{wrong}\n")
        async with roomtone.Client(ssl_context=default_tls()) as live:
            with pytest.raises(errors.ConfigurationError) as caught:
                await live.ivs.list_channels()
            check(caught.value)


def test_configuration_that_is_refused() -> None:
    """Keys and tokens that are refused, or that stand beside what is."""
    makers: list[Callable[[], object]] = [
        lambda: roomtone.Credentials("AK", f" {SECRET}"),
        lambda: roomtone.Credentials("AK", SECRET.encode()),  # type: ignore[arg-type]
        lambda: roomtone.Credentials("", SECRET, session_token=SECRET),
        lambda: roomtone.Credentials("AK", SECRET, SECRET, "soon"),  # type: ignore[arg-type]
        lambda: roomtone.SignalWire(api_token=SECRET, max_attempts=0),
    ]
    for make in makers:
        with pytest.raises(errors.ConfigurationError) as caught:
            make()
        check(caught.value)


async def test_a_space_that_is_refused() -> None:
    """The token is looked at last, and in no frame that raises."""
    for config in (
        roomtone.SignalWire(space="no space", project_id="p", api_token=SECRET),
        roomtone.SignalWire(space="acme", api_token=SECRET),
        roomtone.SignalWire(space="acme", project_id="p", api_token=SECRET.encode()),  # type: ignore[arg-type]
    ):
        async with roomtone.Client(signalwire=config) as live:
            with pytest.raises(errors.ConfigurationError) as caught:
                await live.signalwire.calls.list()
            check(caught.value)


def test_mappings_that_are_refused() -> None:
    """`from_wire` lets go of a mapping before it refuses it, `to_wire` shows an object by its own repr."""
    from roomtone.ivschat import CreateChatTokenRequest

    with pytest.raises(errors.RequestError) as caught:
        roomtone.from_wire(CreateChatTokenRequest, {"userId": SECRET, "roomIdentifier": 5})
    check(caught.value)
    with pytest.raises(errors.RequestError) as caught:
        roomtone.to_wire(CreateChatTokenRequest(user_id=SECRET, room_identifier=5))  # type: ignore[arg-type]
    check(caught.value)


def test_the_check_would_find_one() -> None:
    """A frame with a secret fails the check: it looks at what it says it looks at."""
    source = f"def leak():\n    key = '{SECRET}'\n    raise ValueError('x')\n"
    names: dict[str, Any] = {}
    exec(compile(source, f"{PACKAGE}/leaking.py", "exec"), names)
    with pytest.raises(ValueError, match="x") as caught:
        names["leak"]()
    with pytest.raises(AssertionError, match="leak: key"):
        check(caught.value)
