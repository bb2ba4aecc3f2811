"""What roomtone and botocore put on the wire, cut off before the network; botocore's signer judges the signature."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import httpcore
from attrs import Factory, define, frozen

import roomtone
from parity.shapes import SERVICES, botocore_session

REGION = "eu-central-1"
ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = (
    "AKIDEXAMPLE",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "token/+=of&a session",
)


@frozen
class Sent:
    """One request as it left."""

    method: str
    scheme: str
    host: str
    path: str
    """As sent: percent-encoded."""
    query: str
    """As sent: percent-encoded, without `?`."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}" + (f"?{self.query}" if self.query else "")

    @property
    def authorization(self) -> dict[str, str]:
        """The parts of a SigV4 Authorization header: Credential, SignedHeaders, Signature."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        assert scheme == "AWS4-HMAC-SHA256"
        return dict(part.split("=", 1) for part in rest.split(", "))


@define
class Answers:
    """What the cut-off network answers, and what it was sent."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = Factory(dict)
    sent: list[Sent] = Factory(list)

    @property
    def last(self) -> Sent:
        return self.sent[-1]


@contextlib.contextmanager
def roomtone_cut_off() -> Iterator[Answers]:
    """Cuts httpcore's connections, so that what is seen is what would have gone into the socket."""
    answers = Answers()

    async def handle(connection: httpcore.AsyncHTTPConnection, request: httpcore.Request) -> httpcore.Response:
        body = b"".join([chunk async for chunk in request.stream])
        path, _, query = request.url.target.decode("ascii").partition("?")
        headers = [(name.decode("ascii").lower(), value.decode()) for name, value in request.headers]
        assert len(dict(headers)) == len(headers), "a header was sent twice"
        answers.sent.append(
            Sent(
                method=request.method.decode("ascii"),
                scheme=request.url.scheme.decode("ascii"),
                host=request.url.host.decode("ascii"),
                path=path,
                query=query,
                headers=dict(headers),
                body=body,
            )
        )
        return httpcore.Response(answers.status, headers=list(answers.headers.items()), content=answers.body)

    with patch.object(httpcore.AsyncHTTPConnection, "handle_async_request", handle):
        yield answers


def roomtone_client(**options: Any) -> roomtone.Client:
    """A client with static credentials and a token, as botocore's in these tests."""
    return roomtone.Client(
        roomtone.Aws(region=REGION, credentials=roomtone.Credentials(ACCESS_KEY, SECRET_KEY, SESSION_TOKEN)), **options
    )


class _Raw(io.BytesIO):
    """What botocore reads an answer's body from."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


@define
class BotocoreClient:
    """botocore's own client of a service; its network is cut off by a handler, as its users may do it."""

    service: str
    client: Any = None
    sent: list[Sent] = Factory(list)

    def __attrs_post_init__(self) -> None:
        self.client = botocore_session().create_client(
            self.service,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            aws_session_token=SESSION_TOKEN,
            config=botocore.config.Config(retries={"mode": "standard"}),
        )
        self.client.meta.events.register("before-send", self._answer)

    def _answer(self, request: Any, **_: Any) -> Any:
        url = urlsplit(request.url)
        body = request.body or b""
        self.sent.append(
            Sent(
                method=request.method,
                scheme=url.scheme,
                host=url.netloc,
                path=url.path,
                query=url.query,
                headers={name.lower(): _text(value) for name, value in request.headers.items()},
                body=body.encode() if isinstance(body, str) else body,
            )
        )
        return botocore.awsrequest.AWSResponse(request.url, 200, {}, _Raw(b"{}"))

    def request(self, operation: str, params: Mapping[str, Any]) -> Sent:
        """What botocore sends for an operation."""
        method = {api: python for python, api in self.client.meta.method_to_api_mapping.items()}[operation]
        getattr(self.client, method)(**params)
        return self.sent[-1]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@cache
def botocore_client(service: str) -> BotocoreClient:
    """botocore's client of a service, made once."""
    assert service in SERVICES
    return BotocoreClient(service)


def signed_by_botocore(sent: Sent, signing_name: str, region: str = REGION, token: str | None = SESSION_TOKEN) -> str:
    """The Authorization header that botocore's signer gives the very request that was sent, at the same moment.

    As a service does, it takes the headers that the request itself lists as signed.
    """
    names = sent.authorization["SignedHeaders"].split(";")
    request = botocore.awsrequest.AWSRequest(
        method=sent.method,
        url=sent.url,
        data=sent.body,
        headers={name: sent.headers[name] for name in names if name != "host"},
    )
    request.context["timestamp"] = sent.headers["x-amz-date"]
    credentials = botocore.credentials.Credentials(ACCESS_KEY, SECRET_KEY, token)
    signer = botocore.auth.SigV4Auth(credentials, signing_name, region)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    signed_headers = signer.signed_headers(signer.headers_to_sign(request))
    return f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={signed_headers}, Signature={signature}"
