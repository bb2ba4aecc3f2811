"""A voice agent: it answers SignalWire's media streams and says back what it hears.

Run it with `VOICE_AGENT_TOKEN=... uvicorn agent:app --port 8300` and have SignalWire stream to it:

    await live.signalwire.conferences.start_stream(
        conference_sid, url="wss://agent.example/media", track="inbound_track", authorization_bearer_token=TOKEN
    )

A real agent puts a recogniser, a model and a voice where `answer` echoes.
"""

from __future__ import annotations

import hmac
import os

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from roomtone.signalwire.streams import Dtmf, Mark, Media, MediaStream, Start

TOKEN = os.environ.get("VOICE_AGENT_TOKEN", "only-for-tests")


async def answer(websocket: WebSocket) -> None:
    """One call: an echo of the caller; `*` cuts the echo short, and a mark tells when it was heard to its end."""
    if not hmac.compare_digest(websocket.headers.get("authorization", "").encode(), f"Bearer {TOKEN}".encode()):
        await websocket.close()  # before it is accepted this is a 403
        return
    await websocket.accept()
    stream = MediaStream(websocket)
    try:
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
    except WebSocketDisconnect:
        print("the connection is lost")


app = Starlette(routes=[WebSocketRoute("/media", answer)])
