"""The clients that are compared, one class each, all with the same few calls. Each imports its library when opened.

All get static credentials, the same region and room for `limit` connections, so that the limits of their pools decide
nothing. All look into the answers: a client that hands out bytes would have the work left to do.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from abc import ABC, abstractmethod
from collections import deque
from contextlib import AsyncExitStack
from datetime import datetime, timezone
from typing import Any, ClassVar
from urllib.parse import urlsplit

from benchmarks import payloads
from benchmarks.plain import hide

_MEETING = f"/meetings/{payloads.MEETING_ID}"
_ATTENDEES = f"{_MEETING}/attendees"
_ATTENDEE = payloads.body_of({"ExternalUserId": payloads.USER_ID})


class Unavailable(Exception):
    """This peer cannot take part here; the reason says why."""


class Peer(ABC):
    """One client."""

    name: ClassVar[str]
    about: ClassVar[str]
    backend: ClassVar[str] = "asyncio"

    @abstractmethod
    async def open(self, origin: str, limit: int) -> None:
        """Makes the client, with room for so many connections."""

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    async def get_meeting(self) -> str:
        """The id of the meeting."""

    @abstractmethod
    async def create_attendee(self) -> str:
        """The id of the new attendee."""

    @abstractmethod
    async def list_channels(self) -> int:
        """How many channels all pages have."""


class ThreadedPeer(ABC):
    """One client that blocks: it is called in as many threads as calls are in flight."""

    name: ClassVar[str]
    about: ClassVar[str]

    @abstractmethod
    def open(self, origin: str, limit: int) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def get_meeting(self) -> str: ...

    @abstractmethod
    def create_attendee(self) -> str: ...

    @abstractmethod
    def list_channels(self) -> int: ...


class Roomtone(Peer):
    name = "roomtone"
    about = "its default: own pool, standard library JSON, asyncio"
    options: ClassVar[dict[str, Any]] = {}
    uses: ClassVar[tuple[str, ...]] = ()

    async def open(self, origin: str, limit: int) -> None:
        # The extra `fast` is measured where it counts, with large bodies.
        hide(*self.uses)
        import roomtone

        missing = [name for name in self.options if name not in inspect.signature(roomtone.Client).parameters]
        if missing:
            raise Unavailable(f"roomtone.Client takes no argument {missing[0]!r}")
        aws = roomtone.Aws(
            region=payloads.REGION,
            credentials=roomtone.Credentials(payloads.ACCESS_KEY, payloads.SECRET_KEY),
            endpoint_url=origin,
        )
        self._live = roomtone.Client(aws, max_connections=limit, **self.options)
        self._meetings = self._live.chime_sdk_meetings

    async def close(self) -> None:
        await self._live.aclose()

    async def get_meeting(self) -> str:
        return (await self._meetings.get_meeting(meeting_id=payloads.MEETING_ID)).meeting.meeting_id

    async def create_attendee(self) -> str:
        made = await self._meetings.create_attendee(meeting_id=payloads.MEETING_ID, external_user_id=payloads.USER_ID)
        return made.attendee.attendee_id

    async def list_channels(self) -> int:
        count = 0
        async for _ in self._live.ivs.iter_channels():
            count += 1
        return count


class RoomtoneOnTrio(Roomtone):
    name = "roomtone/trio"
    about = "the same on trio"
    backend = "trio"
    uses = ("trio",)


class RoomtoneOverAiohttp(Roomtone):
    name = "roomtone/aiohttp"
    about = "the same over the aiohttp engine"
    options: ClassVar[dict[str, Any]] = {"engine": "aiohttp"}


class Aiobotocore(Peer):
    name = "aiobotocore"
    about = "its default engine, aiohttp"

    async def open(self, origin: str, limit: int) -> None:
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        self._stack = AsyncExitStack()
        session = get_session()
        clients = [
            await self._stack.enter_async_context(
                session.create_client(
                    service,
                    region_name=payloads.REGION,
                    aws_access_key_id=payloads.ACCESS_KEY,
                    aws_secret_access_key=payloads.SECRET_KEY,
                    endpoint_url=origin,
                    config=AioConfig(max_pool_connections=limit),
                )
            )
            for service in ("chime-sdk-meetings", "ivs")
        ]
        self._meetings: Any
        self._ivs: Any
        self._meetings, self._ivs = clients

    async def close(self) -> None:
        await self._stack.aclose()

    async def get_meeting(self) -> str:
        answer = await self._meetings.get_meeting(MeetingId=payloads.MEETING_ID)
        return str(answer["Meeting"]["MeetingId"])

    async def create_attendee(self) -> str:
        answer = await self._meetings.create_attendee(MeetingId=payloads.MEETING_ID, ExternalUserId=payloads.USER_ID)
        return str(answer["Attendee"]["AttendeeId"])

    async def list_channels(self) -> int:
        count = 0
        async for page in self._ivs.get_paginator("list_channels").paginate():
            for _ in page["channels"]:
                count += 1
        return count


class Boto3(ThreadedPeer):
    name = "boto3"
    about = "in a thread per call in flight"

    def open(self, origin: str, limit: int) -> None:
        import boto3
        from botocore.config import Config

        session = boto3.session.Session(
            region_name=payloads.REGION,
            aws_access_key_id=payloads.ACCESS_KEY,
            aws_secret_access_key=payloads.SECRET_KEY,
        )
        config = Config(max_pool_connections=limit)
        self._meetings: Any = session.client("chime-sdk-meetings", endpoint_url=origin, config=config)
        self._ivs: Any = session.client("ivs", endpoint_url=origin, config=config)

    def close(self) -> None:
        self._meetings.close()
        self._ivs.close()

    def get_meeting(self) -> str:
        return str(self._meetings.get_meeting(MeetingId=payloads.MEETING_ID)["Meeting"]["MeetingId"])

    def create_attendee(self) -> str:
        answer = self._meetings.create_attendee(MeetingId=payloads.MEETING_ID, ExternalUserId=payloads.USER_ID)
        return str(answer["Attendee"]["AttendeeId"])

    def list_channels(self) -> int:
        count = 0
        for page in self._ivs.get_paginator("list_channels").paginate():
            for _ in page["channels"]:
                count += 1
        return count


class _Untyped(Peer):
    """What clients without types have in common: dicts of JSON."""

    _origin: str

    @abstractmethod
    async def request(self, method: str, path: str, body: bytes) -> Any:
        """The parsed answer."""

    async def get_meeting(self) -> str:
        return str((await self.request("GET", _MEETING, b""))["Meeting"]["MeetingId"])

    async def create_attendee(self) -> str:
        return str((await self.request("POST", _ATTENDEES, _ATTENDEE))["Attendee"]["AttendeeId"])

    async def list_channels(self) -> int:
        count = 0
        token: str | None = None
        while True:
            asked: dict[str, str] = {} if token is None else {"nextToken": token}
            page = await self.request("POST", "/ListChannels", payloads.body_of(asked))
            for _ in page["channels"]:
                count += 1
            token = page.get("nextToken")
            if token is None:
                return count


class Httpx(_Untyped):
    name = "httpx"
    about = "raw: unsigned, untyped; keeps 20 idle connections, as it does by default"
    kept: ClassVar[int | None] = 20

    async def open(self, origin: str, limit: int) -> None:
        import httpx

        self._origin = origin
        limits = httpx.Limits(max_connections=limit, max_keepalive_connections=self.kept)
        self._client = httpx.AsyncClient(limits=limits, timeout=60)

    async def close(self) -> None:
        await self._client.aclose()

    def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        return {"content-type": "application/json"} if body else {}

    async def request(self, method: str, path: str, body: bytes) -> Any:
        url = self._origin + path
        headers = self.headers(method, url, body)
        answer = await self._client.request(method, url, content=body, headers=headers)
        answer.raise_for_status()
        return answer.json()


class HttpxKeeping(Httpx):
    name = "httpx/keeping"
    about = "the same, keeping every connection"
    kept: ClassVar[int | None] = None


class HttpxSigned(Httpx):
    name = "httpx+signer"
    about = "httpx with botocore's signer"

    async def open(self, origin: str, limit: int) -> None:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        await super().open(origin, limit)
        self._request: Any = AWSRequest
        credentials = Credentials(payloads.ACCESS_KEY, payloads.SECRET_KEY)
        self._signer: Any = SigV4Auth(credentials, "chime", payloads.REGION)

    def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        request = self._request(method=method, url=url, data=body, headers=super().headers(method, url, body))
        self._signer.add_auth(request)
        return dict(request.headers.items())


class Floor(_Untyped):
    """As little as a client can do: no errors, no timeouts, no retries, no types."""

    name = "floor"
    about = "hand-written HTTP/1.1 over asyncio streams, signed by roomtone's signer, untyped"

    async def open(self, origin: str, limit: int) -> None:
        import roomtone
        from roomtone._http.signing import sign

        self._sign = sign
        self._credentials = roomtone.Credentials(payloads.ACCESS_KEY, payloads.SECRET_KEY)
        self._host = urlsplit(origin).netloc
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def request(self, method: str, path: str, body: bytes) -> Any:
        headers = {"host": self._host, "content-type": "application/json"}
        headers |= self._sign(
            method=method,
            path=path,
            query="",
            headers=headers,
            body=body,
            credentials=self._credentials,
            region=payloads.REGION,
            service="chime",
            now=datetime.now(timezone.utc),
        )
        head = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        sent = f"{method} {path} HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
        connection = self._idle.pop() if self._idle else await self._connect()
        reader, writer = connection
        writer.write(sent)
        answer = await reader.readuntil(b"\r\n\r\n")
        _, _, rest = answer.partition(b"Content-Length: ")
        content = await reader.readexactly(int(rest[: rest.index(b"\r")]))
        self._idle.append(connection)
        if answer[9:10] != b"2":
            raise RuntimeError(f"the server answered {answer[:40]!r}")
        return json.loads(content)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self._host.partition(":")
        return await asyncio.open_connection(host, int(port))


PEERS: dict[str, type[Peer] | type[ThreadedPeer]] = {
    peer.name: peer
    for peer in (
        Roomtone,
        RoomtoneOnTrio,
        RoomtoneOverAiohttp,
        Aiobotocore,
        Boto3,
        Httpx,
        HttpxKeeping,
        HttpxSigned,
        Floor,
    )
}
