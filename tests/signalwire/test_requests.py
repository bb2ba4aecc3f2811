"""The exact bytes of SignalWire's requests: two of every operation, against literals made from the documented facts."""

from __future__ import annotations

import inspect
import ssl

import httpx
import pytest
import respx

import roomtone
from roomtone.signalwire import resources
from roomtone_codegen import signalwire_spec
from signalwire.requests import PROJECT, TOKEN, Golden, load

TLS = ssl.create_default_context()
"""Made once, since it costs more than a call."""
GOLDEN = load()
SPARSE = {"sid": "1", "id": "1", "uri": "/1"}
"""Something of every answer."""
KINDS = ("minimal", "maximal")
BASIC = "Basic YjA4ZGFjYWQtNjRlYi00YWUxLThlZDQtOGYwZjJhOGM2YjFlOlBULWNoZWNrL21lKw=="


@pytest.mark.anyio
@pytest.mark.parametrize("golden", GOLDEN, ids=str)
async def test_the_exact_bytes(golden: Golden) -> None:
    """A call sends exactly the method, target, content type, body and credentials of the file, once, to the space."""
    with respx.mock() as mocked:
        route = mocked.route().respond(200, json=SPARSE)
        async with roomtone.Client(
            signalwire=roomtone.SignalWire(space="acme", project_id=PROJECT, api_token=TOKEN, max_attempts=1),
            ssl_context=TLS,
        ) as live:
            await golden.call(live.signalwire)
    assert route.call_count == 1
    sent: httpx.Request = route.calls.last.request
    assert f"{sent.method} {sent.url.raw_path.decode()}" == golden.send
    assert (sent.url.scheme, sent.url.host, sent.url.port) == ("https", "acme.signalwire.com", None)
    assert sent.content == golden.body.encode()
    assert sent.headers.get("content-type") == golden.content_type
    assert sent.headers["authorization"] == BASIC
    assert sent.headers.get("content-length", "0") == str(len(golden.body.encode()))


def test_every_operation_is_there_twice() -> None:
    """A minimal and a maximal request of each of the 79 operations, and of nothing else."""
    names = [method.where for method in signalwire_spec.load().methods]
    assert len(names) == 79
    assert sorted(str(golden) for golden in GOLDEN) == sorted(f"{name}-{kind}" for name in names for kind in KINDS)


@pytest.mark.parametrize("golden", GOLDEN, ids=str)
def test_minimal_and_maximal_are_what_they_say(golden: Golden) -> None:
    """A minimal request gives what the method asks for and no more, a maximal one everything that it takes."""
    resource, _, method = golden.operation.partition(".")
    signature = inspect.signature(getattr(getattr(resources, resource.title().replace("_", "")), method))
    by_name = [parameter for parameter in signature.parameters.values() if parameter.kind is parameter.KEYWORD_ONLY]
    wanted = {p.name for p in by_name if golden.kind == "maximal" or p.default is p.empty}
    assert golden.arguments.keys() == wanted
    assert len(golden.ids) == len(signature.parameters) - len(by_name) - 1
