"""Every operation of the eight AWS services goes out as botocore sends it, with the signature that botocore gives."""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from botocore import xform_name

import roomtone
from parity.shapes import (
    CASES,
    SERVICES,
    CaseName,
    Maker,
    Subject,
    answer_of,
    needs_locked_botocore,
    operations,
    package_name,
    params_of,
    service_model,
    subject,
    subjects,
)
from parity.wire import (
    REGION,
    Answers,
    Sent,
    botocore_client,
    roomtone_client,
    signed_by_botocore,
)
from roomtone._core.codec import members_of

# Where a request may differ from botocore's, and why. Nothing else may.
DIFFERENCES = {
    "accept": "roomtone says that it reads JSON; botocore says nothing",
    "accept-encoding": "roomtone reads compressed answers; botocore leaves it to urllib3",
    "amz-sdk-invocation-id": "a new uuid for each call",
    "amz-sdk-request": "compared without `max=`, which botocore before 1.44 left out",
    "authorization": "compared part by part: the body's bytes and the moment differ, so the signatures do",
    "content-length": "counts the body's bytes, which differ where JSON may be spelt in two ways",
    "host": "botocore leaves it to http.client; compared with the host of its URL",
    "user-agent": "each library names itself",
    "x-amz-date": "the moment of signing",
}

EVERY = [str(one) for one in subjects()]
SAMPLE = EVERY[::7]


def comparable(sent: Sent) -> dict[str, Any]:
    """What two libraries must agree on."""
    credential = sent.authorization["Credential"].split("/")
    assert credential[1] == sent.headers["x-amz-date"][:8], "the scope's day is the day of signing"
    return {
        "method": sent.method,
        "scheme": sent.scheme,
        "host": sent.headers.get("host", sent.host),
        "path": sent.path,
        "query": sent.query,
        "pairs": sorted(parse_qsl(sent.query, keep_blank_values=True)),
        "headers": {name: value for name, value in sent.headers.items() if name not in DIFFERENCES},
        "attempt": sent.headers["amz-sdk-request"].partition(";")[0],
        "scope": [credential[0], *credential[2:]],
        "signed headers": sent.authorization["SignedHeaders"],
        "body": json.loads(sent.body) if sent.body else None,
    }


def in_words(params: dict[str, Any], one: Subject) -> dict[str, Any]:
    """boto3's parameters as the keyword arguments of roomtone's method."""
    request = roomtone.from_wire(one.operation.request, params)
    values = {member.name: getattr(request, member.name) for member in members_of(one.operation.request)}
    return {name: value for name, value in values.items() if value is not None}


async def check(one: Subject, live: roomtone.Client, network: Answers, cases: tuple[CaseName, ...]) -> None:
    client = getattr(live, package_name(one.service))
    signing_name = service_model(one.service).signing_name
    network.body = json.dumps(answer_of(one, "minimal")).encode()
    for case in cases:
        params = params_of(one, case)
        theirs = botocore_client(one.service).request(one.model.name, params)
        reply = await client.send(roomtone.from_wire(one.operation.request, params))
        ours = network.last
        assert comparable(ours) == comparable(theirs), case
        assert ours.headers["authorization"] == signed_by_botocore(ours, signing_name), case
        assert reply.attempts == 1
        assert reply.status == 200
        if case == "minimal":
            method = getattr(client, xform_name(one.model.name))
            with pytest.deprecated_call() if hasattr(method, "__deprecated__") else contextlib.nullcontext():
                value = await method(**in_words(params, one))
            assert comparable(network.last) == comparable(theirs), "by keyword arguments"
            assert value == reply.value


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("name", EVERY)
async def test_every_operation_is_sent_as_botocore_sends_it(name: str, live: roomtone.Client, network: Answers) -> None:
    """Method, path, query, headers, body and credential scope are botocore's, and its signer gives our signature."""
    await check(subject(name), live, network, CASES)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
@pytest.mark.parametrize("name", SAMPLE)
async def test_the_other_event_loop_sends_the_same(name: str, live: roomtone.Client, network: Answers) -> None:
    """What is sent does not hang on the event loop."""
    await check(subject(name), live, network, ("minimal", "nasty"))


@needs_locked_botocore
def test_all_operations_of_botocores_models_are_there() -> None:
    """No operation of the models is missing, and none is there that they lack."""
    for service in SERVICES:
        assert set(operations(service)) == set(service_model(service).operation_names)
    assert len(EVERY) == sum(len(operations(service)) for service in SERVICES) >= 321


def test_the_inputs_hold_what_is_hard() -> None:
    """The generated inputs do carry reserved characters, spaces and non-ASCII text in path, query, header and body."""
    texts: dict[str, str] = dict.fromkeys(("uri", "querystring", "header", "body"), "")
    for one in subjects():
        shape = one.model.input_shape
        for name, value in params_of(one, "nasty").items():
            place = shape.members[name].serialization.get("location", "body")
            texts[place] += str(value)
    for place in ("uri", "querystring", "body"):
        assert set("/?&=%+:~'* ü日") <= set(texts[place]), place
    assert set("/?&=%+:~'* ") <= set(texts["header"])


def test_the_maker_is_deterministic() -> None:
    """The same case and seed give the same input, so a failure can be looked into."""
    shape = subject("ivs.CreateChannel").model.input_shape
    assert Maker("mixed", "x").value(shape) == Maker("mixed", "x").value(shape)
    assert Maker("nasty", "x").value(shape) != Maker("nasty", "y").value(shape)


TOKENS = [str(one) for one in subjects() if one.operation.token]


@needs_locked_botocore
def test_deprecated_operations_are_those_of_the_models() -> None:
    """The methods that warn are those of the deprecated operations."""
    live = roomtone_client()
    for one in subjects():
        method = getattr(getattr(live, package_name(one.service)), xform_name(one.model.name))
        assert hasattr(method, "__deprecated__") == one.model.deprecated, one


@needs_locked_botocore
def test_idempotency_tokens_are_those_of_the_models() -> None:
    """Every member with the idempotency trait, and no other, is an operation's token."""
    assert {
        (str(one), name)
        for one in subjects()
        if one.model.input_shape
        for name, shape in one.model.input_shape.members.items()
        if shape.metadata.get("idempotencyToken")
    } == {
        (str(one), member.wire)
        for one in subjects()
        for member in members_of(one.operation.request)
        if member.name == one.operation.token
    }


@pytest.mark.anyio
@pytest.mark.parametrize("name", TOKENS)
async def test_an_absent_token_is_filled_once_per_call(name: str, live: roomtone.Client, network: Answers) -> None:
    """An absent idempotency token is a uuid4 that is the same on the retry and another one in the next call."""
    one = subject(name)
    operation = one.operation
    wire = next(member.wire for member in members_of(operation.request) if member.name == operation.token)
    params = {key: value for key, value in params_of(one, "minimal").items() if key != wire}
    request = roomtone.from_wire(operation.request, params)
    network.status, network.body = 503, b"{}"

    def tokens() -> list[str]:
        return [_token(sent, one, wire) for sent in network.sent]

    client = getattr(live, package_name(one.service))
    for _ in range(2):
        with pytest.raises(roomtone.errors.UnavailableError) as caught:
            await client.with_options(max_attempts=2).send(request)
        assert caught.value.attempts == 2
    first, again, second, second_again = tokens()
    assert first == again
    assert second == second_again
    assert first != second
    assert uuid.UUID(first).version == 4
    assert str(uuid.UUID(first)) == first


def _token(sent: Sent, one: Subject, wire: str) -> str:
    label = one.operation.labels.get(str(one.operation.token))
    if label is None:
        return str(json.loads(sent.body)[wire])
    pattern = re.escape(one.operation.path.partition("?")[0]).replace(re.escape(f"{{{label}}}"), "(?P<token>[^/]+)")
    found = re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", pattern), sent.path)
    assert found
    return unquote(found["token"])


@pytest.mark.anyio
async def test_the_region_and_the_users_headers_are_signed_as_botocore_would(
    live: roomtone.Client, network: Answers
) -> None:
    """With another region and headers of the user's, botocore's signer still gives the signature that was sent."""
    client = live.ivs.with_options(region="us-west-2", headers={"X-Amz-Odd": "a  b", "X-Other": "c"})
    await client.list_channels()
    assert network.last.host == "ivs.us-west-2.amazonaws.com"
    assert network.last.headers["x-other"] == "c"
    assert "x-amz-odd" in network.last.authorization["SignedHeaders"].split(";")
    assert network.last.headers["authorization"] == signed_by_botocore(network.last, "ivs", "us-west-2")


@pytest.mark.anyio
async def test_credentials_without_a_token_send_none(network: Answers) -> None:
    """Long-lived credentials send no token header, and the signature is botocore's."""
    keys = roomtone.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    async with roomtone.Client(roomtone.Aws(region=REGION, credentials=keys)) as live:
        await live.ivs.list_streams()
    assert "x-amz-security-token" not in network.last.headers
    assert network.last.headers["authorization"] == signed_by_botocore(network.last, "ivs", token=None)


@pytest.mark.anyio
async def test_every_attempt_is_signed_afresh(live: roomtone.Client, network: Answers) -> None:
    """Each attempt of a call carries its own number under the same call id, and a signature of its own that fits."""
    network.status = 503
    with pytest.raises(roomtone.errors.UnavailableError):
        await live.ivs.with_options(max_attempts=3).list_channels()
    assert [sent.headers["amz-sdk-request"] for sent in network.sent] == [
        "attempt=1; max=3",
        "attempt=2; max=3",
        "attempt=3; max=3",
    ]
    (call_id,) = {sent.headers["amz-sdk-invocation-id"] for sent in network.sent}
    assert uuid.UUID(call_id).version == 4
    for sent in network.sent:
        assert sent.headers["authorization"] == signed_by_botocore(sent, "ivs")
