"""Calls that respx does not reach by itself, brought before its routers: over httpx2, and over the engine `aiohttp`."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import httpx
from respx.mocks import HTTPCoreMocker
from respx.router import Router

from roomtone._http.exchange import Outgoing, Sending
from roomtone._http.incoming import Incoming
from roomtone._http.pool import Pool

__all__ = ["all_reached"]


@contextmanager
def all_reached(router: Router) -> Generator[None]:
    """Lets a router answer those calls too, where the libraries are installed."""
    with ExitStack() as stack:
        if find_spec("httpcore2") is not None:
            stack.enter_context(_httpx2(router))
        if find_spec("aiohttp") is not None and find_spec("yarl") is not None:
            engine = import_module("roomtone._http.aiohttp_engine").AiohttpEngine
            stack.enter_context(patch.object(engine, "open", _open))
        yield


class _Httpcore2Mocker(HTTPCoreMocker):
    """What respx does to httpcore, done to httpcore2: requests become httpx's, and httpx's answers httpcore2's."""

    name = "roomtone-httpcore2"
    targets = [  # noqa: RUF012
        "httpcore2._async.connection_pool.AsyncConnectionPool",
        "httpcore2._async.http_proxy.AsyncHTTPProxy",
        "httpcore2._async.socks_proxy.AsyncSOCKSProxy",
    ]
    target_methods = ["handle_async_request"]  # noqa: RUF012

    @classmethod
    async def from_async_httpx_response(cls, httpx_response: httpx.Response, target: Any, **kwargs: Any) -> Any:
        return import_module("httpcore2").Response(
            status=httpx_response.status_code, headers=httpx_response.headers.raw, content=httpx_response.stream
        )


@contextmanager
def _httpx2(router: Router) -> Generator[None]:
    _Httpcore2Mocker.register(router)
    _Httpcore2Mocker.start()
    try:
        yield
    finally:
        _Httpcore2Mocker.unregister(router)
        _Httpcore2Mocker.stop()


async def _open(engine: object, outgoing: Outgoing, sending: Sending) -> Incoming:
    """The engine's `open`, over a connection of httpcore's, where respx is. It never connects."""
    return await Pool(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), max_connections=1).open(outgoing, sending)
