"""Secrets stay out of what is printed: sensitive members, keys, tokens, and the values of refused arguments."""

from __future__ import annotations

import traceback
from datetime import datetime, timezone
from importlib import import_module
from typing import Any

import pytest
from botocore.model import Shape

import roomtone
from parity.shapes import SERVICES, Maker, Subject, agrees, package_name, params_of, service_model, structures, subjects
from parity.wire import roomtone_client
from roomtone import errors
from roomtone._core.codec import Member, members_of
from roomtone._core.encode import encode
from roomtone._core.operation import Headers, WireReply, WireRequest
from roomtone._http.exchange import Outgoing
from roomtone._http.providers import Signed

SECRET = "s3cr3t"


class SecretMaker(Maker):
    """Makes full values; every text under the sensitive trait holds the secret."""

    def __init__(self, seed: str) -> None:
        super().__init__("full", seed)
        self.secrets = 0
        self._depth = 0

    def value(self, shape: Shape, *, place: str = "body") -> Any:
        sensitive = bool(shape.metadata.get("sensitive"))
        assert not sensitive or shape.type_name in ("string", "map"), "a new kind of sensitive shape: look at its repr"
        self._depth += sensitive
        try:
            return super().value(shape, place=place)
        finally:
            self._depth -= sensitive

    def _text(self, shape: Any, place: str) -> str:
        if not self._depth:
            return super()._text(shape, place)
        self.secrets += 1
        return f"{SECRET}-{self.secrets}"


def models_of(service: str) -> Any:
    return import_module(f"roomtone.{package_name(service)}.models")


SHAPES = [
    (service, shape.name)
    for service in SERVICES
    for shape in structures(service)
    if hasattr(models_of(service), shape.name) and agrees(getattr(models_of(service), shape.name), shape)
]


@pytest.mark.parametrize(("service", "name"), SHAPES, ids=[f"{service}.{name}" for service, name in SHAPES])
def test_no_sensitive_member_shows(service: str, name: str) -> None:
    """A shape filled in every member shows none that has the sensitive trait, however deep; `to_wire` has them all."""
    shape = service_model(service).shape_for(name)
    maker = SecretMaker(name)
    made = maker.value(shape)
    value = roomtone.from_wire(getattr(models_of(service), name), made)
    assert SECRET not in repr(value)
    assert SECRET not in str(value)
    assert SECRET not in f"{value}"
    assert str(roomtone.to_wire(value)).count(SECRET) == maker.secrets


def test_there_are_sensitive_members_in_every_service() -> None:
    """The test above finds secrets to hide in each of the eight services, and they are many."""
    counts = {}
    for service, name in SHAPES:
        maker = SecretMaker(name)
        maker.value(service_model(service).shape_for(name))
        counts[service] = counts.get(service, 0) + maker.secrets
    assert all(counts[service] for service in SERVICES)
    assert sum(counts.values()) > 255


def test_credentials_show_no_keys() -> None:
    """The secret key and the session token are in no text of the credentials or of what holds them."""
    ends = datetime(2026, 11, 21, tzinfo=timezone.utc)
    credentials = roomtone.Credentials("AKIDEXAMPLE", f"{SECRET}-key", f"{SECRET}-token", ends)
    aws = roomtone.Aws(region="eu-central-1", credentials=credentials)
    signalwire = roomtone.SignalWire(space="acme", project_id="p", api_token=f"{SECRET}-api")
    client = roomtone.Client(aws=aws, signalwire=signalwire)
    services = [getattr(client, package_name(service)) for service in SERVICES]
    services += [client.signalwire, client.signalwire.conferences, client.ivs.with_options(region="us-west-2")]
    for thing in (credentials, aws, signalwire, client, client._connection, *services):
        assert SECRET not in repr(thing)
        assert SECRET not in str(thing)
    assert "AKIDEXAMPLE" in repr(credentials)
    assert "eu-central-1" in repr(client)
    assert "acme" in repr(client)


@pytest.mark.anyio
async def test_a_used_client_shows_no_keys() -> None:
    """What a client looked up and keeps for its calls does not show either."""
    credentials = roomtone.Credentials("AKIDEXAMPLE", f"{SECRET}-key", f"{SECRET}-token")
    signalwire = roomtone.SignalWire(space="127.0.0.1:9", project_id="p", api_token=f"{SECRET}-api")
    async with roomtone.Client(roomtone.Aws(region="eu-central-1", credentials=credentials), signalwire) as live:
        provider = live._connection.provider(live.ivs._service)
        await provider.target(None)
        cloud = live._connection.provider(live.signalwire._service)
        target = await cloud.target(None)
        for thing in (live, live._connection, provider, cloud, target, live._connection._account):
            assert SECRET not in repr(thing)
            assert "czNjcjN0" not in repr(thing), "the Basic header is the secret in another spelling"


def known_members(one: Subject) -> list[Member]:
    """The members of a request that the installed botocore knows too."""
    return [member for member in members_of(one.operation.request) if member.wire in one.model.input_shape.members]


def wrong_values(shape: Any) -> list[Any]:
    """Values that a member of the shape can't take; all of them hold the secret."""
    never: list[Any] = [SECRET.encode(), object, {SECRET}]
    match shape.type_name:
        case "string":
            return [*never, [SECRET], {SECRET: SECRET}, f"{SECRET}\ud800"]
        case "list":
            return [*never, SECRET, {SECRET: SECRET}, [SECRET.encode()], [[SECRET.encode()]]]
        case "map":
            return [*never, SECRET, [SECRET], {SECRET: SECRET.encode()}, {SECRET.encode(): SECRET}]
        case _:
            return [*never, SECRET, [SECRET], {SECRET: SECRET}]


@pytest.mark.parametrize("service", SERVICES)
def test_a_refusal_never_tells_the_value(service: str) -> None:
    """Each member of each request, given values it can't take, is refused by its name, and no text tells the value."""
    refused = 0
    for one in subjects():
        if one.service != service or one.model.input_shape is None:
            continue
        request = roomtone.from_wire(one.operation.request, params_of(one, "minimal"))
        for member in known_members(one):
            good = getattr(request, member.name)
            for value in wrong_values(one.model.input_shape.members[member.wire]):
                setattr(request, member.name, value)
                with pytest.raises(errors.RequestError) as caught:
                    encode(one.operation, request)
                check_silent(caught.value, member.name)
                refused += 1
            setattr(request, member.name, good)
    assert refused > 100


@pytest.mark.parametrize("service", SERVICES)
def test_from_wire_never_tells_the_value_either(service: str) -> None:
    """The same for mappings of the API."""
    for one in subjects():
        if one.service != service or one.model.input_shape is None:
            continue
        params = params_of(one, "minimal")
        for member in known_members(one):
            shape = one.model.input_shape.members[member.wire]
            for value in wrong_values(shape):
                if shape.type_name == "structure" and isinstance(value, dict):
                    continue  # an unknown name of a member: names are told, so that they can be mended
                with pytest.raises(errors.RequestError) as caught:
                    roomtone.from_wire(one.operation.request, {**params, member.wire: value})
                check_silent(caught.value, member.name)


def check_silent(error: errors.RequestError, member: str) -> None:
    told = "".join(traceback.format_exception(error))
    assert SECRET not in told
    assert error.member is not None
    assert error.member.startswith(member)
    assert member in str(error)


@pytest.mark.anyio
async def test_refused_options_never_tell_the_value() -> None:
    """Header values, which can be tokens, are not told when they are refused."""
    async with roomtone_client() as live:
        for value in (f"{SECRET}\r\nx: y", f" {SECRET}", SECRET.encode()):
            with pytest.raises(errors.RequestError) as caught:
                live.ivs.with_options(headers={"x-token": value})
            check_silent(caught.value, "headers['x-token']")


def test_refused_configuration_never_tells_the_value() -> None:
    """Nor are keys and tokens of configuration."""
    for arguments in (
        (f" {SECRET}", "k"),
        ("a", f"{SECRET} "),
        ("a", SECRET.encode()),
        ("a", "k", SECRET.encode()),
        ("a", "k", "t", SECRET),
    ):
        with pytest.raises(errors.ConfigurationError) as caught:
            roomtone.Credentials(*arguments)
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_what_is_on_its_way_shows_nothing() -> None:
    """Requests and answers between the layers carry signatures, labels and bodies; a log of one shows none of them."""
    hush = "hush-hush"
    on_their_way = (
        WireRequest("POST", f"/{hush}", f"q={hush}", {"x-amz-chime-bearer": hush}, hush.encode()),
        WireReply(200, {"set-cookie": hush}, hush.encode()),
        Outgoing("POST", "https", "host.example", None, f"/{hush}", {"authorization": hush}, hush.encode()),
        Signed(Headers(authorization=hush), roomtone.Credentials("AKID", hush)),
    )
    assert hush not in repr(on_their_way)
    assert "host.example" in repr(on_their_way)
