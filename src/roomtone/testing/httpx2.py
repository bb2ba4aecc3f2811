"""Calls over httpx2, which respx does not reach by itself: its connection pools, patched in respx's own way."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import httpx
from respx.mocks import HTTPCoreMocker
from respx.router import Router

__all__ = ["reached"]


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
def reached(router: Router) -> Generator[None]:
    """Lets a router answer calls over httpx2 too, where that is installed."""
    if find_spec("httpcore2") is None:
        yield
        return
    _Httpcore2Mocker.register(router)
    _Httpcore2Mocker.start()
    try:
        yield
    finally:
        _Httpcore2Mocker.unregister(router)
        _Httpcore2Mocker.stop()
