"""From a request's bytes to the call that it is: which operation, its typed request, who signed. Knows the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import httpx
from attrs import frozen

from roomtone._core.caching import cache
from roomtone._core.codec import Misfit
from roomtone._core.mirror import read_request
from roomtone._core.operation import AwsService, Operation
from roomtone._core.routing import Routes
from roomtone._http.verification import Sent, basic_auth, read_claim, verify_basic, verify_signature
from roomtone.errors import AuthenticationError
from roomtone.testing._generated import AWS, SIGNALWIRE_PATH
from roomtone.testing.identity import API_TOKEN, CREDENTIALS, PROJECT_ID
from roomtone.testing.operations import Call, named_operations
from roomtone.testing.outcomes import UnexpectedCallError

__all__ = ["Found", "find"]

_SCOPE = re.compile(r"/([^/,\s]+)/aws4_request")


@frozen
class Found:
    """The operation that a request calls."""

    name: str
    """`ivs.get_stream_session`."""
    operation: Operation[Any, Any]
    _labels: Mapping[str, str]
    _sent: Sent
    _http: httpx.Request

    def call(self) -> Call[Any]:
        """The request, read and checked. Raises UnexpectedCallError when it is not in order."""
        operation, sent = self.operation, self._sent
        try:
            request = read_request(
                operation, labels=self._labels, query=sent.query, headers=sent.headers, body=sent.body
            )
            region = _verified(operation, self._labels, sent)
        except Misfit as misfit:
            what = f"{operation.request.__name__}{'.' if misfit.path else ''}{misfit.path} {misfit.reason}"
            raise UnexpectedCallError(f"{self.name}: the request does not fit: {what}") from None
        except AuthenticationError as error:
            raise UnexpectedCallError(f"{self.name}: {error.message}") from None
        return Call(self.name, request, region, self._http)


def find(http: httpx.Request) -> Iterator[Found]:
    """What a request can call. Several at a custom endpoint only: there nothing but the path tells services apart."""
    sent = _sent(http)
    for package in _packages(http.url.host, sent):
        names, media, others = _routes(package)
        tables = [media, others] if sent.headers.get("accept") == "*/*" else [others, media]
        matches = (table.find(sent.method, path, sent.query) for path in _paths(sent.path) for table in tables)
        match = next((match for match in matches if match is not None), None)
        if match is not None:
            operation, labels = match
            yield Found(f"{package}.{names[operation]}", operation, labels, sent, http)


def _sent(http: httpx.Request) -> Sent:
    path, _, query = http.url.raw_path.decode("ascii").partition("?")
    headers = {name.lower(): value for name, value in http.headers.items()}
    return Sent(http.method, path, query, headers, http.content)


def _packages(host: str, sent: Sent) -> list[str]:
    """The services that a request can be for."""
    if SIGNALWIRE_PATH in sent.path:
        return ["signalwire"]
    prefix = host.partition(".")[0].removesuffix("-fips")
    by_host = [package for package, (endpoint, _) in AWS.items() if endpoint == prefix]
    if by_host:
        return by_host
    scope = _SCOPE.search(sent.headers.get("authorization", ""))
    signed_for = [package for package, (_, signing_name) in AWS.items() if scope and signing_name == scope[1]]
    # A custom endpoint may have the service's name in its path, as the emulator has.
    segments = sent.path.split("/")
    return [package for package in signed_for if package.replace("_", "-") in segments] or signed_for


def _paths(path: str) -> Iterator[str]:
    """The path below every prefix that an endpoint can have, the shortest prefix first."""
    path = path.rpartition(SIGNALWIRE_PATH)[2]
    while path:
        yield path
        slash = path.find("/", 1)
        path = path[slash:] if slash > 0 else ""


@cache
def _routes(package: str) -> tuple[Mapping[Operation[Any, Any], str], Routes, Routes]:
    """The names of a service's operations; the routes of its downloads, whose paths others have too; and the others."""
    named = named_operations(package)
    media = Routes(one for one in named.values() if one.download)
    others = Routes(one for one in named.values() if not one.download)
    return {one: name for name, one in named.items()}, media, others


def _verified(operation: Operation[Any, Any], labels: Mapping[str, str], sent: Sent) -> str:
    """The region of a call whose proof is in order, as far as its secret is known. Raises AuthenticationError."""
    if isinstance(operation.service, AwsService):
        now = datetime.now(timezone.utc)
        claim = read_claim(sent, operation.service, now)
        if claim.access_key_id == CREDENTIALS.access_key_id:
            verify_signature(sent, operation.service, CREDENTIALS, now)
        return claim.region
    project_id, _ = basic_auth(sent)
    if project_id == PROJECT_ID:
        verify_basic(sent, PROJECT_ID, API_TOKEN)
    if labels.get("AccountSid", project_id) != project_id:
        raise AuthenticationError("the Basic auth is another project's than the path's")
    return ""
