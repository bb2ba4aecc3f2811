"""An independent judge of SignalWire's requests: Prism, with the OpenAPI document of the project's spec.

No part of the default tests, since Prism needs Node: `nox -s prism` installs it and names it in the variable PRISM.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

import roomtone
from roomtone_codegen import openapi, signalwire_spec
from signalwire.requests import PROJECT, TOKEN, Golden, load

DOCUMENT = openapi.document(signalwire_spec.load())
OPERATIONS = {found["operationId"]: found for path in DOCUMENT["paths"].values() for found in path.values()}
GOLDEN = load()
ACCOUNT = f"/api/laml/2010-04-01/Accounts/{PROJECT}"
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
IMPORT = "number=%2B15550142000&number_type=tollfree"
PATIENCE = 60.0
"""Seconds that Prism may take to start."""

counts: Counter[str] = Counter()


@pytest.fixture(scope="module")
def prism(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prism that plays the service, and refuses what the document does not allow."""
    folder = tmp_path_factory.mktemp("prism")
    document, log = folder / "openapi.json", folder / "prism.log"
    document.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [os.environ["PRISM"], "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(document)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
    said = ", ".join(f"{number} {what}" for what, number in counts.items())
    request.config.get_terminal_writer().line(f"\nPrism: {len(OPERATIONS)} operations, {said}")


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Prism did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


def documented_names(operation: dict[str, Any], place: str) -> set[str]:
    if place == "query":
        return {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
    [content] = operation["requestBody"]["content"].values()
    return set(content["schema"]["properties"])


def sent_names(request: httpx.Request) -> tuple[set[str], set[str]]:
    """The names in the query and in the body."""
    query = {name for name, _ in parse_qsl(request.url.query.decode(), keep_blank_values=True)}
    if request.headers.get("content-type") == JSON["content-type"]:
        return query, set(json.loads(request.content))
    return query, {name for name, _ in parse_qsl(request.content.decode(), keep_blank_values=True)}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("golden", GOLDEN, ids=str)
@pytest.mark.anyio
async def test_no_violation(prism: str, golden: Golden) -> None:
    """Prism finds nothing wrong with a request, answers with the documented status, and that answer is read."""
    answers: list[httpx.Response] = []

    async def note(response: httpx.Response) -> None:
        answers.append(response)

    counts["requests"] += 1
    config = roomtone.SignalWire(base_url=prism, project_id=PROJECT, api_token=TOKEN, max_attempts=1)
    operation = OPERATIONS[golden.operation]
    async with (
        httpx.AsyncClient(event_hooks={"response": [note]}, trust_env=False) as http_client,
        roomtone.Client(signalwire=config, http_client=http_client) as live,
    ):
        try:
            value = await golden.call(live.signalwire)
        except roomtone.errors.RoomtoneError as error:
            value = error
    [answer] = answers
    assert "sl-violations" not in answer.headers, answer.headers["sl-violations"]
    status = min(operation["responses"])
    assert str(answer.status_code) == status, value
    if status == "204":
        assert value is None
    else:
        assert type(value).__name__ == operation["responses"][status]["description"]
    # Prism passes over names that it does not know, and over their case in a query, so names are looked at here.
    query, body = sent_names(answer.request)
    assert query <= documented_names(operation, "query")
    assert not body or body <= documented_names(operation, "body")
    counts["without a violation"] += 1


@pytest.mark.parametrize(
    ("fault", "method", "path", "headers", "content"),
    [
        ("body required", "POST", "/Calls", FORM, "From=1"),
        ("body.Timeout maximum", "POST", "/Calls", FORM, "To=1&From=1&Timeout=601"),
        ("body.Timeout type", "POST", "/Calls", FORM, "To=1&From=1&Timeout=soon"),
        ("body.Record type", "POST", "/Calls", FORM, "To=1&From=1&Record=perhaps"),
        ("body.RecordingTrack enum", "POST", "/Calls", FORM, "To=1&From=1&RecordingTrack=none"),
        ("body.SendDigits pattern", "POST", "/Calls", FORM, "To=1&From=1&SendDigits=abc"),
        ("body.Url format", "POST", "/Calls", FORM, "To=1&From=1&Url=nowhere"),
        ("body.MediaUrl format", "POST", "/Messages", FORM, "To=1&MediaUrl=nowhere"),
        ("body.Body maxLength", "POST", f"/Messages/{PROJECT}", FORM, "Body=new"),
        ("body.capabilities.0 enum", "POST", "/ImportedPhoneNumbers", FORM, f"{IMPORT}&capabilities=none"),
        ("required", "POST", "/Queues", FORM, ""),
        ("415", "POST", "/Calls", JSON, '{"To": "1", "From": "1"}'),
        ("query.pagesize minimum", "GET", "/Calls?PageSize=0", {}, ""),
        ("query.status enum", "GET", "/Calls?Status=odd", {}, ""),
        ("path.sid format", "GET", "/Calls/CA1", {}, ""),
        ("body.name minLength", "PATCH", f"/tokens/{PROJECT}", JSON, '{"name": ""}'),
        ("body.permissions type", "PATCH", f"/tokens/{PROJECT}", JSON, '{"permissions": "calling"}'),
        ("body additionalProperties", "PATCH", f"/tokens/{PROJECT}", JSON, '{"Name": "a"}'),
    ],
)
def test_the_judge_is_awake(
    prism: str, fault: str, method: str, path: str, headers: dict[str, str], content: str
) -> None:
    """Prism names what is missing, out of range, misspelt, or of another type or form."""
    url = f"{prism}{ACCOUNT}{path}"
    answer = httpx.request(method, url, headers=headers, content=content, auth=(PROJECT, TOKEN), trust_env=False)
    violations = json.loads(answer.headers["sl-violations"])
    assert fault in [" ".join([".".join(found["location"][1:]), str(found["code"])]).strip() for found in violations]
    assert answer.is_client_error
    counts["broken requests refused"] += 1


@pytest.mark.parametrize(
    ("status", "method", "path", "auth"),
    [
        (401, "GET", "/Calls", None),
        (404, "GET", "/Nothings", (PROJECT, TOKEN)),
        (405, "DELETE", "/Calls", (PROJECT, TOKEN)),
    ],
)
def test_the_judge_knows_who_may_do_what(
    prism: str, status: int, method: str, path: str, auth: tuple[str, str] | None
) -> None:
    """Prism refuses a request without credentials, and paths and methods that are not in the document."""
    answer = httpx.request(method, f"{prism}{ACCOUNT}{path}", auth=auth, trust_env=False)
    assert answer.status_code == status
    counts["broken requests refused"] += 1
