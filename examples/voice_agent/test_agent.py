"""The agent over real sockets: an emulator calls it, and hears what it said."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import uvicorn

import roomtone
from roomtone.emulator import Emulator
from roomtone.emulator.signalwire import Sine, sound
from voice_agent.agent import TOKEN, app

# Old releases of uvicorn use a part of websockets that has gone out of fashion.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

TONE = Sine(440, seconds=0.2)


@pytest.fixture(scope="module")
def agent() -> Iterator[str]:
    """The URL of the agent, served by uvicorn in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/media"
        server.should_exit = True
        thread.join()


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    made = Emulator()
    made.streams.play(TONE)
    yield made
    made.close()


@pytest.fixture
async def live(emulator: Emulator, anyio_backend: str) -> AsyncIterator[roomtone.Client]:
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(emulator)) as http_client,
        roomtone.Client(signalwire=emulator.signalwire(), http_client=http_client) as client,
    ):
        yield client


@pytest.mark.parametrize("codec", ["PCMU", "L16@16000h"])
async def test_it_says_back_what_it_hears(live: roomtone.Client, emulator: Emulator, agent: str, codec: str) -> None:
    """The tone that the caller sings comes back, byte for byte, and each piece of it was played to its end."""
    sid = emulator.conferences.begin("call")
    made = await live.signalwire.conferences.start_stream(
        sid,
        url=agent,
        track="inbound_track",
        stream_codec=codec,
        parameters={"tenant": "acme"},
        authorization_bearer_token=TOKEN,
    )
    stream = emulator.streams[made.sid]
    await stream.until(lambda heard: len(heard.marks) == 10)
    assert stream.played_audio == b"".join(sound.frames([TONE], sound.CODECS[codec]))
    assert stream.marks == [f"heard {number}" for number in range(1, 11)]
    await live.signalwire.conferences.stop_stream(sid, made.sid)
    await stream.until(lambda ended: ended.closed)
    assert (stream.state, stream.misfits) == ("stopped", [])


async def test_it_answers_nobody_else(live: roomtone.Client, emulator: Emulator, agent: str) -> None:
    """Without the token the agent does not answer."""
    sid = emulator.conferences.begin("call")
    made = await live.signalwire.conferences.start_stream(sid, url=agent, authorization_bearer_token="wrong")
    stream = emulator.streams[made.sid]
    await stream.until(lambda ended: ended.closed)
    assert stream.state == "failed"
    assert "403" in (stream.problem or "")


async def test_a_key_cuts_it_short(live: roomtone.Client, emulator: Emulator, agent: str) -> None:
    """Keys and hanging up do the agent no harm."""
    emulator.streams.play(TONE, realtime=True)
    sid = emulator.conferences.begin("call")
    made = await live.signalwire.conferences.start_stream(
        sid, url=agent, track="inbound_track", authorization_bearer_token=TOKEN
    )
    stream = emulator.streams[made.sid]
    await stream.until(lambda heard: heard.marks)
    emulator.streams.press(made.sid, "*")
    await stream.until(lambda said: any(message.event == "clear" for message in said.received))
    emulator.conferences.end(sid)
    await stream.until(lambda ended: ended.closed)
    assert (stream.state, stream.misfits) == ("stopped", [])
