"""Emulator: the ASGI application, from a request's bytes to its answer's. Knows the doubles of the services."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio
from attrs import frozen

from roomtone._core.codec import Misfit
from roomtone._core.mirror import error_reply, read_request, reply
from roomtone._core.operation import AwsService, Operation, WireReply
from roomtone._http.verification import Sent, verify_basic, verify_signature
from roomtone.config import Aws, Credentials, SignalWire
from roomtone.emulator.clock import Clock, utc_now
from roomtone.emulator.faults import Disconnect, Due, Faults, trouble
from roomtone.emulator.handlers import Handler
from roomtone.emulator.ivs import IvsCommands
from roomtone.emulator.ivs_realtime import StageCommands
from roomtone.emulator.ivschat import ChatCommands
from roomtone.emulator.media_pipelines import MediaPipelineCommands
from roomtone.emulator.meetings import MeetingCommands
from roomtone.emulator.services import Double, doubles
from roomtone.emulator.signalwire import (
    CallCommands,
    ConferenceCommands,
    FaxCommands,
    MessageCommands,
    QueueCommands,
    RecordingCommands,
    StreamCommands,
)
from roomtone.emulator.state import Call, World
from roomtone.emulator.voice import VoiceCommands
from roomtone.errors import ApiError, ConfigurationError, NotFoundError, ServiceFaultError

if TYPE_CHECKING:
    import httpx

__all__ = ["API_TOKEN", "CREDENTIALS", "ORIGIN", "PROJECT_ID", "REGION", "Emulator"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CREDENTIALS = Credentials("AKIAEMULATOREXAMPLE", "emulator-secret-access-key")
"""The AWS credentials that an emulator takes when it is given no others."""

PROJECT_ID = "5e1f0c7a-3b52-4f8e-9d64-0a1b2c3d4e5f"
"""The SignalWire project that an emulator plays when it is given no other."""

API_TOKEN = "PTemulator-api-token"
"""The token that goes with `PROJECT_ID`."""

REGION = "eu-central-1"
"""The region of the configuration that an emulator gives out; it answers calls for every region."""

ORIGIN = "http://127.0.0.1"
"""An origin for calls in process, where no port is open."""

HANG_UP = "roomtone.hang_up"
"""The name under which a server offers, among the ASGI extensions, to end the connection without an answer."""


@frozen
class Outcome:
    """What comes of one request: an answer after a while; None is a connection that ends without one."""

    reply: WireReply | None
    seconds: float = 0.0


class Emulator:
    """A stateful double of the services, as an ASGI application; `serve` puts it on a port.

    What it emulates keeps state; every other operation of the nine services answers 501 with its name. Signatures and
    Basic auth are verified, and requests that the services' models reject are answered with the documented error. All
    AWS services are under one origin, each at a path of its own name: `/chime-sdk-meetings`, `/ivs`.

    Args:
        credentials: The AWS credentials it takes; `CREDENTIALS` when left out.
        signalwire: Project id and API token it takes; `PROJECT_ID` and `API_TOKEN` when left out.
        clock: Gives the time, aware; the system's when left out. Signatures are judged by it.
        stream_ssl: How a media stream's `wss://` URL is dialled; certificates of known authorities when left out.

    Attributes:
        clock: The time of everything that happens here; a test can move it without breaking signatures.
        faults: What goes wrong on demand: throttling, server errors, latency, connections that end.
        meetings: What happens in Amazon Chime SDK meetings: `end`, and how one is transcribed.
        media_pipelines: What happens to media pipelines: `fail`, `stop`, and how long a `transition` takes.
        ivs: What broadcasters do on IVS channels: `go_live`, `go_offline` and more.
        stages: What people do on IVS stages: `join`, `publish`, `leave` and more.
        chat: What users do in IVS Chat rooms: `connect`, `send_message` and more.
        voice: What carriers and callers do: `fail_order`, `begin_call` and more.
        conferences: What callers do: `begin` a SignalWire conference, `join`, `leave`, `record` and `end` it.
        calls: What callers and called do: `dial_in`, `ring`, `answer`, `hang_up`, `fail`.
        messages: What becomes of messages: `receive`, `deliver`, `fail`.
        faxes: What becomes of faxes: `receive`, `deliver`, `fail`.
        queues: Who waits: `enqueue`.
        recordings: What becomes of recordings: `transcribe`.
        streams: SignalWire's media streams: what they `play`, and what came back, by SID.

    Raises:
        ConfigurationError: `signalwire` has no project id or no API token.
    """

    def __init__(
        self,
        *,
        credentials: Credentials = CREDENTIALS,
        signalwire: SignalWire | None = None,
        clock: Callable[[], datetime] = utc_now,
        stream_ssl: ssl.SSLContext | None = None,
    ) -> None:
        project = signalwire or SignalWire(project_id=PROJECT_ID, api_token=API_TOKEN)
        if not project.project_id or not project.api_token:
            raise ConfigurationError("an emulator's signalwire needs a project_id and an api_token")
        self._credentials = credentials
        self._project_id, self._api_token = project.project_id, project.api_token
        self.clock: Clock = Clock(clock)
        self._world = World(self.clock, project=self._project_id)
        # Made now, for it imports the packages of all services: no call shall wait for that.
        self._doubles = doubles()
        self.faults: Faults = Faults(self._doubles)
        self.meetings: MeetingCommands = MeetingCommands(self._world)
        self.media_pipelines: MediaPipelineCommands = MediaPipelineCommands(self._world)
        self.ivs: IvsCommands = IvsCommands(self._world)
        self.stages: StageCommands = StageCommands(self._world)
        self.chat: ChatCommands = ChatCommands(self._world)
        self.voice: VoiceCommands = VoiceCommands(self._world)
        self.conferences: ConferenceCommands = ConferenceCommands(self._world)
        self.calls: CallCommands = CallCommands(self._world)
        self.messages: MessageCommands = MessageCommands(self._world)
        self.faxes: FaxCommands = FaxCommands(self._world)
        self.queues: QueueCommands = QueueCommands(self._world)
        self.recordings: RecordingCommands = RecordingCommands(self._world)
        self.streams: StreamCommands = StreamCommands(self._world, stream_ssl)

    def close(self) -> None:
        """Stops all media streams and waits for their connections to close; `serve` does it at its end.

        It blocks for a moment, 3 seconds at most; where the application that takes the streams runs on the caller's own
        event loop, call it in a thread. State stays, and the emulator can go on. Without a stream it does nothing.
        """
        self.streams.close()

    def aws(self, origin: str = ORIGIN, *, region: str = REGION) -> Aws:
        """What a `roomtone.Client` needs to call the AWS services here.

        Args:
            origin: Where the emulator is served, as `serve` gives it; any loopback origin for calls in process.
            region: The region of the calls.
        """
        return Aws(region=region, credentials=self._credentials, endpoint_url=self._endpoints(origin))

    def signalwire(self, origin: str = ORIGIN) -> SignalWire:
        """What a `roomtone.Client` needs to call SignalWire here; `origin` as for `aws`."""
        return SignalWire(space=origin, project_id=self._project_id, api_token=self._api_token)

    def environment(self, origin: str) -> dict[str, str]:
        """The environment that points roomtone, boto3 and other clients here, the credentials in it."""
        found = {
            f"AWS_ENDPOINT_URL_{double.service.service_id}": f"{origin}{double.prefix}"
            for double in self._doubles
            if isinstance(double.service, AwsService)
        }
        found |= {
            "AWS_REGION": REGION,
            # boto3 does not read AWS_REGION.
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self._credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self._credentials.secret_access_key,
        }
        if self._credentials.session_token:
            found["AWS_SESSION_TOKEN"] = self._credentials.session_token
        return found | {
            "SIGNALWIRE_SPACE": origin,
            "SIGNALWIRE_PROJECT_ID": self._project_id,
            "SIGNALWIRE_API_TOKEN": self._api_token,
        }

    def _endpoints(self, origin: str) -> dict[str, str]:
        return {
            double.service.name: f"{origin}{double.prefix}"
            for double in self._doubles
            if isinstance(double.service, AwsService)
        }

    def transport(self) -> httpx.AsyncBaseTransport:
        """A transport of httpx that answers in process, without a port, on asyncio and on trio.

        `roomtone.Client(emulator.aws(), http_client=httpx.AsyncClient(transport=emulator.transport()))` calls the
        emulator. As many clients as you like can use as many transports; they share the emulator's state.
        """
        from roomtone.emulator.in_process import InProcess

        return InProcess(self.respond)

    async def respond(self, sent: Sent) -> WireReply | None:
        """The answer to one request, after the latency it was told to have; None where the connection shall end."""
        outcome = self.outcome(sent)
        if outcome.seconds:
            await anyio.sleep(outcome.seconds)
        return outcome.reply

    def answer(self, sent: Sent) -> WireReply:
        """The answer to one request at once, without I/O. Raises ConnectionAbortedError where there shall be none."""
        reply = self.outcome(sent).reply
        if reply is None:
            raise ConnectionAbortedError("the emulator was told to end this connection without an answer")
        return reply

    def outcome(self, sent: Sent) -> Outcome:
        """What comes of one request: bytes to bytes, no I/O."""
        double = next((double for double in self._doubles if f"{sent.path}/".startswith(f"{double.prefix}/")), None)
        if double is None:
            return Outcome(self._nowhere())
        due = Due()
        try:
            region = self._verified(double, sent)
            operation, labels = self._found(double, sent)
            due = self.faults.due(operation)
            match due.fault:
                case None | Disconnect(carried_out=True):
                    reply = self._carried_out(double, operation, labels, region, sent)
                case Disconnect():
                    return Outcome(None, due.seconds)
                case fault:
                    reply = trouble(double, fault)
        except ApiError as error:
            reply = error_reply(double.service, error)
        if isinstance(due.fault, Disconnect):
            return Outcome(None, due.seconds)
        header = "x-amzn-requestid" if isinstance(double.service, AwsService) else "x-request-id"
        date = format_datetime(self.clock.source().astimezone(timezone.utc), usegmt=True)
        headers = {**reply.headers, header: str(uuid.uuid4()), "date": date}
        return Outcome(WireReply(reply.status, headers, reply.body), due.seconds)

    def _nowhere(self) -> WireReply:
        prefixes = ", ".join(double.prefix for double in self._doubles)
        error = NotFoundError(f"no service is at this path; they are at {prefixes}", status=404, code="UnknownService")
        return error_reply(self._doubles[0].service, error)

    def _carried_out(
        self, double: Double, operation: Operation[Any, Any], labels: Mapping[str, str], region: str, sent: Sent
    ) -> WireReply:
        handler = double.handlers.get(operation)
        if handler is None:
            raise _not_emulated(double, operation)
        try:
            request = read_request(operation, labels=labels, query=sent.query, headers=sent.headers, body=sent.body)
            handler.check(request)
            call = Call(self._world, region, sent.path, sent.query)
            value = self._handled(operation, handler, call, request)
        except Misfit as misfit:
            subject = misfit.path or operation.request.__name__
            raise double.invalid(operation, f"{subject} {misfit.reason}") from None
        return reply(value, status=handler.status, iso_dates=handler.iso_dates)

    def _handled(self, operation: Operation[Any, Any], handler: Handler, call: Call, request: Any) -> Any:
        try:
            with self._world.lock:
                return handler.run(call, request)
        except ApiError as error:
            if isinstance(operation.service, AwsService) and error.code not in operation.errors:
                raise RuntimeError(f"a bug of the emulator: {operation.name} documents no {error.code}") from error
            raise

    def _verified(self, double: Double, sent: Sent) -> str:
        """The region of a call whose sender is who it says."""
        if isinstance(double.service, AwsService):
            return verify_signature(sent, double.service, self._credentials, self.clock.source())
        if "authorization" in sent.headers or not self._is_public(double, sent):
            verify_basic(sent, self._project_id, self._api_token)
        return ""

    def _is_public(self, double: Double, sent: Sent) -> bool:
        found = double.routes.find(sent.method, sent.path.removeprefix(double.prefix), sent.query)
        handler = double.handlers.get(found[0]) if found else None
        return handler is not None and handler.public

    def _found(self, double: Double, sent: Sent) -> tuple[Operation[Any, Any], Mapping[str, str]]:
        found = double.routes.find(sent.method, sent.path.removeprefix(double.prefix), sent.query)
        if found is None:
            message = f"{double.service.name} has no operation {sent.method} at this path"
            raise NotFoundError(message, status=404, code="UnknownOperationException")
        operation, labels = found
        if labels.get("AccountSid", self._project_id) != self._project_id:
            raise NotFoundError("there is no such account", status=404)
        return operation, labels

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            body = await _body(receive)
            if body is not None:
                await self._answered(scope, body, send)
        else:
            raise NotImplementedError(f"the emulator speaks HTTP, not {scope['type']}")

    async def _answered(self, scope: Mapping[str, Any], body: bytes, send: Send) -> None:
        reply = await self.respond(_sent(scope, body))
        if reply is not None:
            await _send(send, reply)
            return
        hang_up = scope.get("extensions", {}).get(HANG_UP)
        if hang_up is None:
            # Under httpx.ASGITransport this is what the caller gets; other servers answer as for any broken app.
            from roomtone.emulator.in_process import hung_up

            raise hung_up()
        await hang_up()


def _not_emulated(double: Double, operation: Operation[Any, Any]) -> ServiceFaultError:
    method = f"{double.package}.{double.methods[operation]}"
    return ServiceFaultError(
        f"{operation.service.name} {operation.name} is not emulated yet; in a test, roomtone_mock.{method} "
        "of roomtone.testing answers it",
        status=501,
        code="NotEmulatedException",
    )


def _sent(scope: Mapping[str, Any], body: bytes) -> Sent:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return Sent(scope["method"], path.decode("latin-1"), scope["query_string"].decode("latin-1"), headers, body)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when the client went away before its end."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, answer: WireReply) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _live(receive: Receive, send: Send) -> None:
    """The server's start and end, at which there is nothing to do."""
    while True:
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return
