"""The guards of conftest.py hold; without them other tests could pass for the wrong reason."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import anyio
import httpx
import pytest


@pytest.mark.anyio
async def test_nothing_leaves_loopback() -> None:
    """On both event loops, a connection beyond loopback fails the test and is no mere error to be retried."""
    with pytest.RaisesGroup(pytest.RaisesExc(pytest.fail.Exception, match=r"192\.0\.2\.1"), allow_unwrapped=True):
        await anyio.connect_tcp("192.0.2.1", 80)
    with pytest.raises(pytest.fail.Exception, match=r"example\.com"):
        socket.getaddrinfo("example.com", 443)


@pytest.mark.anyio
async def test_reserved_names_do_not_resolve() -> None:
    """A name under `.invalid` fails as it does everywhere: with an error of the look-up."""
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nowhere.invalid/")


def test_the_environment_is_clean() -> None:
    """No credential, profile or proxy of the developer is visible, and the home directory is empty."""
    foreign = {name for name in os.environ if name.upper().startswith(("AWS_", "SIGNALWIRE_"))}
    assert foreign == {"AWS_EC2_METADATA_DISABLED"}
    assert not {name for name in os.environ if name.lower().endswith("_proxy")}
    assert list(Path.home().iterdir()) == []
