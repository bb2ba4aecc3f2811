"""What roomtone says when something is wrong: docs/messages.md is run as it stands, so each message on it is held here.

A line `% given: ...` of the page, which readers do not see, says what the example under it finds.
"""

from __future__ import annotations

import ast
import inspect
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from attrs import define, field

import roomtone
from flow.loopback import KEYS, REGION, Waits, default_tls
from roomtone import errors
from roomtone._core.methods import METHODS
from roomtone._http.endpoints import doubt_region
from roomtone._http.partitions import PARTITIONS
from roomtone._http.regions import REGIONS

PAGE = Path(__file__).parent.parent / "docs" / "messages.md"
BLOCK = re.compile(
    r"^#+ (?P<heading>.+)$|^(?:% given: (?P<given>.+)\n)?```pycon\n(?P<session>[\s\S]*?)^```$", re.MULTILINE
)
NOBODY = "[Errno -2] Name or service not known"


@define
class Example:
    """One session of the page: statements, each with what it shows."""

    given: str
    steps: list[tuple[str, str]]


def _steps(session: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^>>> ", session, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines()
        more = list(takewhile(lambda line: line.startswith("... "), rest))
        statement = "\n".join([first, *(line[4:] for line in more)])
        shown = "\n".join(rest[len(more) :])
        # Long messages are broken on the page, between words and nowhere else.
        yield statement, " ".join(shown.split())


def examples() -> list[Any]:
    found: list[Any] = []
    heading = ""
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        heading = block["heading"] or heading
        if block["session"]:
            example = Example(block["given"] or "", list(_steps(block["session"])))
            found.append(pytest.param(example, id=f"{heading}-{example.steps[-1][0][:40]}"))
    return found


@define
class World:
    """What an example finds: a client, its environment, and what it is answered."""

    patch: pytest.MonkeyPatch
    home: Path
    router: respx.MockRouter
    aws: dict[str, Any] = field(factory=lambda: {"region": REGION, "credentials": KEYS})
    signalwire: dict[str, Any] = field(
        factory=lambda: {"space": "acme", "project_id": "project-1", "api_token": "token-1"}
    )

    def arrange(self, given: str) -> None:
        for part in filter(None, given.split("; ")):
            name, _, value = part.partition("=")
            if name.isupper():
                self.patch.setenv(name, value)
            else:
                ARRANGED[part](self)

    def unconfigured(self) -> None:
        self.aws, self.signalwire = {}, {}

    def without_credentials(self) -> None:
        del self.aws["credentials"]

    def without_region(self) -> None:
        del self.aws["region"]

    def with_profiles(self) -> None:
        (self.home / ".aws").mkdir()
        (self.home / ".aws" / "config").write_text("[profile work]\nregion = eu-west-1\n[profile home]\n")

    def unreachable(self) -> None:
        self.router.route().mock(side_effect=httpx.ConnectError(NOBODY))

    def answered_by_ivs(self) -> None:
        self.router.route().respond(
            403,
            json={"exceptionMessage": "not allowed to ivs:GetChannel"},
            headers={"x-amzn-errortype": "AccessDeniedException", "x-amzn-requestid": "8b1f2c"},
        )

    def answered_by_a_page(self) -> None:
        self.router.route().respond(200, html="<title>Sign in to the hotel's network</title>")

    def lost(self) -> None:
        self.router.route().mock(side_effect=httpx.ReadError("Connection reset by peer"))

    def answered(self) -> None:
        self.router.route().respond(200, json={})


ARRANGED: dict[str, Callable[[World], None]] = {
    "nothing configured": World.unconfigured,
    "no credentials": World.without_credentials,
    "no region": World.without_region,
    "profiles": World.with_profiles,
    "unreachable": World.unreachable,
    "refused by ivs": World.answered_by_ivs,
    "a page": World.answered_by_a_page,
    "lost": World.lost,
    "answered": World.answered,
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with respx.mock(assert_all_called=False) as router:
        yield World(monkeypatch, tmp_path, router)


async def shown(statement: str, names: dict[str, Any]) -> str:
    """What an interpreter with top-level await shows for a statement, from a traceback its last line."""
    mode = "exec" if re.match(r"\w+ = |import |from |for |async for |with ", statement) else "eval"
    try:
        code = compile(statement, str(PAGE), mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, names)
        if code.co_flags & inspect.CO_COROUTINE:
            result = await result
    except Exception as error:
        kind = type(error)
        place = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        return " ".join(f"{place}{kind.__qualname__}: {error}".split())
    return "" if result is None else repr(result)


@pytest.mark.anyio
@pytest.mark.parametrize("example", examples())
async def test_the_page_says_what_roomtone_says(example: Example, world: World) -> None:
    """Every message of the page, word for word."""
    world.arrange(example.given)
    aws, signalwire = roomtone.Aws(**world.aws), roomtone.SignalWire(**world.signalwire)
    names: dict[str, Any] = {"roomtone": roomtone, "arn": "arn:aws:ivs:eu-central-1:123456789012:channel/abc"}
    async with roomtone.Client(aws, signalwire, ssl_context=default_tls()) as live:
        Waits().of(live)
        names["live"] = live
        for statement, expected in example.steps:
            assert await shown(statement, names) == expected, statement


# What the page has one example of, for all


def operations() -> list[tuple[str, str, str]]:
    """Every method of the table: package, resource or nothing, name."""
    return [(package, *method.rpartition(".")[::2]) for package, methods in METHODS.items() for method in methods]


def owner_of(live: roomtone.Client, package: str, resource: str) -> Any:
    client = getattr(live, package)
    return getattr(client, resource) if resource else client


def refusal(owner: object, name: str) -> str:
    with pytest.raises(AttributeError) as caught:
        getattr(owner, name)
    assert (caught.value.name, caught.value.obj) == (name, None)
    return str(caught.value)


def test_the_table_of_methods_is_whole() -> None:
    """What messages know of methods are the methods of the nine clients and of SignalWire's resources, all of them."""
    live = roomtone.Client()
    listed = operations()
    assert [one for one in listed if not callable(getattr(owner_of(live, *one[:2]), one[2]))] == []
    for package in METHODS:
        client = getattr(live, package)
        defined = {f".{name}" for name, value in vars(type(client)).items() if inspect.isfunction(value)}
        for resource in {resource for one, resource, _ in listed if one == package and resource}:
            methods = vars(type(getattr(client, resource))).items()
            defined |= {f"{resource}.{name}" for name, value in methods if inspect.isfunction(value)}
        assert {f"{resource}.{name}" for one, resource, name in listed if one == package} == defined


def test_every_operation_is_known_by_the_apis_name() -> None:
    """`live.ivs.GetChannel` and `live.ivs.getChannel` say `get_channel`, and so on for all."""
    live = roomtone.Client()
    for package, resource, name in operations():
        pascal = "".join(part.capitalize() for part in name.split("_"))
        for spelled in {pascal, pascal[0].lower() + pascal[1:]} - {name}:
            told = refusal(owner_of(live, package, resource), spelled)
            assert told.endswith(f" object has no attribute {spelled!r}; did you mean {name!r}?")


def test_every_operation_of_another_client_is_found() -> None:
    """From another client, and from the client of all, a method says where it is."""
    live = roomtone.Client()
    listed = operations()
    places: dict[str, list[str]] = {}
    for package, resource, name in listed:
        places.setdefault(name, []).append(f"live.{package}{'.' if resource else ''}{resource}")
    clients = [live, live.ivs, live.chime_sdk_voice, live.signalwire]
    asked = 0
    for name, found in places.items():
        if len(found) > 4:
            continue
        *others, last = found
        where = f"; {name} is on {', '.join(others)}{' and ' if others else ''}{last}"
        for client in clients:
            if not hasattr(client, name):
                assert refusal(client, name).endswith(where)
                asked += 1
    assert asked > 1000


def test_a_tool_that_looks_for_names_gets_its_answer() -> None:
    """`hasattr` and a default work as ever; private and special names are Python's own errors."""
    live = roomtone.Client()
    for owner in (live, live.ivs, live.signalwire, live.signalwire.calls):
        assert not hasattr(owner, "zebra")
        assert getattr(owner, "zebra", None) is None
        for name in ("_zebra", "__zebra__"):
            with pytest.raises(AttributeError, match=rf"object has no attribute '{name}'$"):
                getattr(owner, name)
    assert not hasattr(roomtone, "__path_of_a_tool__")


def test_an_error_inside_a_property_is_not_taken_for_a_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong while a service is made comes out as it is."""
    monkeypatch.delattr("roomtone.ivs.IVSClient")
    with pytest.raises(ImportError, match="IVSClient"):
        _ = roomtone.Client().ivs
    monkeypatch.setattr(roomtone.Client, "ivs", property(lambda self: None._its_own_attribute_error))  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute '_its_own_attribute_error'"):
        _ = roomtone.Client().ivs


def test_an_interpreter_adds_no_second_suggestion() -> None:
    """Python prints suggestions of its own after an AttributeError; one is enough."""
    for statement in ("roomtone.Client().ivss", "roomtone.Client().ivs.get_chanel", "roomtone.Clent"):
        ran = subprocess.run(
            [sys.executable, "-c", f"import roomtone; {statement}"], capture_output=True, text=True, check=False
        )
        assert ran.stderr.lower().count("did you mean") == 1


def test_no_region_of_a_service_is_doubted() -> None:
    """Where a service is known to be, nothing is said; where it is not, what is known; a slip gets its nearest."""
    live = roomtone.Client()
    services = [type(getattr(live, package))._service for package in METHODS if package != "signalwire"]
    known = {region for partition in PARTITIONS for region in partition.regions}
    assert set(REGIONS) <= known
    for service in services:
        for region, here in REGIONS.items():
            told = doubt_region(service, region, "AWS_REGION")
            assert (told == "") == (service.name in here)
        assert doubt_region(service, "us-esat-1", "AWS_REGION").endswith("; did you mean 'us-east-1'?")
        assert doubt_region(service, "us-east-1a", "AWS_REGION").endswith("; did you mean 'us-east-1'?")
        assert f"; {service.name} is in " in doubt_region(service, "moon-base", "AWS_REGION")


@pytest.mark.anyio
async def test_a_region_that_is_new_is_called_without_a_word(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A region that no table knows may be one that was opened yesterday."""
    world.router.post("https://ivs.ap-southeast-9.amazonaws.com/ListChannels").respond(200, json={})
    async with roomtone.Client(roomtone.Aws(region="ap-southeast-9", credentials=KEYS)) as live:
        assert (await live.ivs.list_channels()).channels == []
    assert caplog.records == []


@pytest.mark.anyio
async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """With real sockets too: the resolver's own words, then what may be wrong with the region."""

    def unknown(host: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(host if isinstance(host, str) else host.decode())
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    asked: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    aws = roomtone.Aws(region="us-esat-1", credentials=KEYS)
    async with roomtone.Client(aws, ssl_context=default_tls()) as live:
        Waits().of(live)
        with pytest.raises(errors.ConnectError) as caught:
            await live.ivs.list_channels()
    assert "Name or service not known" in caught.value.message
    assert caught.value.message.endswith(
        "; the region 'us-esat-1' (Aws(region=)) is not known; did you mean 'us-east-1'?"
    )
    assert caught.value.message.count("us-esat-1") == 1
    assert set(asked) == {"ivs.us-esat-1.amazonaws.com"}
    assert (caught.value.attempts, caught.value.maybe_processed) == (3, False)


@pytest.mark.anyio
async def test_a_custom_endpoint_is_not_doubted(world: World) -> None:
    """Behind an endpoint of the user's own a region is a name as good as any."""
    world.unreachable()
    aws = roomtone.Aws(region="local", credentials=KEYS, endpoint_url="http://127.0.0.1:9")
    async with roomtone.Client(aws) as live:
        Waits().of(live)
        with pytest.raises(errors.ConnectError) as caught:
            await live.ivs.list_channels()
    assert caught.value.message == f"no connection: {NOBODY}"
    assert caught.value.args == (caught.value.message,)


def test_repr_reads_nothing(tmp_path: Path) -> None:
    """Whatever the environment points at, `repr` opens no file and no socket and imports nothing."""
    code = """
        import os, sys, roomtone
        os.environ.update(AWS_PROFILE="work", AWS_CONFIG_FILE="/nowhere", SIGNALWIRE_SPACE="acme")
        live = roomtone.Client()
        things = [live, live.ivs, live.signalwire, live.signalwire.calls, live.ivs.with_options(region="us-west-2")]
        roomtone.Client().__repr__()
        seen = []
        sys.addaudithook(lambda event, args: seen.append(event) if event.startswith(
            ("open", "os.", "socket.", "subprocess.", "import")) else None)
        shown = [repr(thing) for thing in things] + [repr(roomtone.Client())]
        assert seen == [], seen
        assert all("not looked up yet" in one for one in shown[:-1]), shown
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.anyio
async def test_repr_says_whose_credentials_they_are(world: World) -> None:
    """The source in words, for each way to have them; never a key."""
    world.answered()
    world.patch.setenv("AWS_REGION", REGION)

    async def after_a_call(aws: roomtone.Aws) -> str:
        async with roomtone.Client(aws, ssl_context=default_tls()) as live:
            await live.ivs.list_channels()
            assert repr(live.ivs).endswith(repr(live).partition("', ")[2])
            return repr(live.ivs).rpartition("credentials from ")[2]

    async def fresh() -> roomtone.Credentials:
        return roomtone.Credentials("AKIDEXAMPLE", "s3cr3t")

    assert await after_a_call(roomtone.Aws(credentials=KEYS)) == "Aws(credentials=)>"
    assert await after_a_call(roomtone.Aws(credentials=fresh)) == "provider>"
    (world.home / ".aws").mkdir()
    (world.home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s3cr3t\n"
    )
    assert await after_a_call(roomtone.Aws()) == "botocore: shared-credentials-file>"
    world.patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    world.patch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    assert await after_a_call(roomtone.Aws()) == "environment>"


@pytest.mark.anyio
async def test_repr_of_signalwire_says_where_its_keys_come_from(world: World) -> None:
    """By argument and by variable; a URL with a password in it is not shown."""
    world.router.route().respond(200, json={"calls": []})
    world.patch.setenv("SIGNALWIRE_API_TOKEN", "s3cr3t")
    async with roomtone.Client(
        None, roomtone.SignalWire(space="acme", project_id="p"), ssl_context=default_tls()
    ) as live:
        await live.signalwire.calls.list()
        assert repr(live.signalwire) == (
            "<SignalWireClient: endpoint https://acme.signalwire.com, "
            "credentials from SignalWire(project_id=) and SIGNALWIRE_API_TOKEN>"
        )
        assert repr(live).endswith(repr(live.signalwire).partition(": ")[2])
    url = "https://u:s3cr3t@acme.signalwire.com"
    bad = roomtone.Client(roomtone.Aws(endpoint_url={"ivs": url}), roomtone.SignalWire(space=url, base_url=url))
    assert repr(bad).count("https://...@acme.signalwire.com") == 3
    assert "s3cr3t" not in repr(bad) + repr(bad.signalwire) + repr(bad.ivs) + repr(bad)
