"""Both agents over real sockets: an emulator calls them, and hears what they said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

import roomtone
from roomtone.emulator import Emulator
from roomtone.emulator.signalwire import Sine, sound
from voice_agent.agent import TOKEN, app

# Old releases of uvicorn use a part of websockets that has gone out of fashion.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

TONE = Sine(440, seconds=0.2)


@pytest.fixture(scope="module", params=["starlette", "trio"])
def agent(request: pytest.FixtureRequest, serve_app: Callable[[Any], AbstractContextManager[str]]) -> Iterator[str]:
    """The URL of each agent, served in a thread."""
    if request.param == "trio":
        pytest.importorskip("trio_websocket")
        from voice_agent import trio_agent

        with start_blocking_portal("trio") as portal:
            serving, server = portal.start_task(trio_agent.serve, 0)
            yield f"ws://127.0.0.1:{server.port}/media"
            serving.cancel()
    else:
        with serve_app(app) as host:
            yield f"ws://{host}/media"


@pytest.fixture
async def live(emulator: Emulator) -> AsyncIterator[roomtone.Client]:
    emulator.streams.play(TONE)
    async with (
        httpx.AsyncClient(transport=emulator.transport()) as http_client,
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
