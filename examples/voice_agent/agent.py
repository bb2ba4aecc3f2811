"""A voice agent: it answers SignalWire's media streams and says back what it hears.

Run it with `VOICE_AGENT_TOKEN=... uvicorn voice_agent.agent:app --port 8300` and have SignalWire stream to it:

    await live.signalwire.conferences.start_stream(
        conference_sid, url="wss://agent.example/media", track="inbound_track", authorization_bearer_token=TOKEN
    )

A real agent puts a recogniser, a model and a voice where `converse` echoes.
"""

from __future__ import annotations

import hmac
import os

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from roomtone.signalwire.streams import Dtmf, Mark, Media, MediaStream, Start

TOKEN = os.environ.get("VOICE_AGENT_TOKEN", "only-for-tests")


async def converse(stream: MediaStream) -> None:
    """One call: an echo of the caller; `*` cuts the echo short, and a mark tells when it was heard to its end."""
    async for message in stream:
        match message:
            case Start():
                print(f"stream {message.stream_sid} of {message.custom_parameters.get('tenant', 'nobody')} begins")
            case Media(track="inbound"):
                await stream.send_audio(message.payload)
                await stream.mark(f"heard {message.chunk}")
            case Dtmf(digit="*"):
                await stream.clear()
            case Mark():
                print(f"the caller has {message.name}")
            case _:
                pass


def is_known(authorization: str) -> bool:
    """Whether whoever connects has the token that the stream was started with."""
    return hmac.compare_digest(authorization.encode(), f"Bearer {TOKEN}".encode())


async def answer(websocket: WebSocket) -> None:
    """A connection of SignalWire's, or of somebody who has no token."""
    if not is_known(websocket.headers.get("authorization", "")):
        await websocket.close()  # before it is accepted this is a 403
        return
    await websocket.accept()
    try:
        await converse(MediaStream(websocket))
    except WebSocketDisconnect:
        print("the connection is lost")


app = Starlette(routes=[WebSocketRoute("/media", answer)])
