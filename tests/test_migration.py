"""The table of the migration page is the code: for each call of the former SDK a method of that signature."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import respx

import roomtone
from flow.loopback import default_tls
from roomtone._core.codec import members_of
from roomtone._core.operation import Operation
from roomtone.paging import Paginator
from roomtone.signalwire import operations

ROOT = Path(__file__).parent.parent
FACTS = ROOT.parent / "shared" / "facts" / "signalwire_operations.json"
PAGE = (ROOT / "docs" / "migrating-from-signalwire-compat.md").read_text("utf-8")
RECORDS = {operation.name: operation for operation in operations.OPERATIONS}


@attrs.frozen
class Written:
    """A call as the page writes it: `calls.create(To=…, From=…, …)`."""

    name: str
    ids: list[str]
    keywords: list[str]
    more: bool

    @classmethod
    def of(cls, text: str) -> Written:
        match = re.fullmatch(r"(\w+\.\w+)\((.*)\)", text)
        assert match is not None, text
        parts = [part.strip() for part in match[2].split(",") if part.strip()]
        return cls(
            name=match[1],
            ids=[part for part in parts if part.isidentifier()],
            keywords=[part.partition("=")[0] for part in parts if "=" in part],
            more="…" in parts,
        )


FORMER = [
    (Written.of(left), Written.of(right), pages.strip("` "))
    for left, right, pages in re.findall(r"^\| `([^`]+)` \| `(\w+\.\w+\([^`]*\))` \| (`\w+` )?\|$", PAGE, re.MULTILINE)
]
NEW = [Written.of(call) for call in re.findall(r"^\| `(\w+\.\w+\([^`]*\))` \| [^`]+ \|$", PAGE, re.MULTILINE)]
each_row = pytest.mark.parametrize(("left", "right", "pages"), FORMER, ids=lambda value: getattr(value, "name", ""))


def method(name: str) -> Callable[..., Any]:
    """The method of a client that a call's name leads to."""
    resource, _, what = name.partition(".")
    found: Callable[..., Any] = getattr(getattr(roomtone.Client().signalwire, resource), what)
    return found


def check_signature(written: Written) -> None:
    """Ids and required keywords are all shown, nothing else by name, and the ellipsis where there is more."""
    parameters = list(inspect.signature(method(written.name)).parameters.values())
    assert written.ids == [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    keywords = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    assert written.keywords == [p.name for p in keywords if p.default is p.empty]
    # `status` of a stream that is stopped can have one value only.
    assert written.more == any(p.default not in (p.empty, "stopped") for p in keywords)


def wire_name(operation: Operation[Any, Any], argument: str) -> str:
    (member,) = [member for member in members_of(operation.request) if member.name == argument]
    return operation.query.get(argument, member.wire)


def test_every_operation_has_its_row() -> None:
    """The 78 calls of the former SDK and what it never had are all the operations there are, once each."""
    former, new = [right.name for _, right, _ in FORMER], [call.name for call in NEW]
    assert (len(former), len(new)) == (78, len(RECORDS) - 78)
    assert sorted(former + new) == sorted(RECORDS)


@pytest.mark.skipif(not FACTS.exists(), reason="the facts are not beside the checkout")
def test_the_left_side_is_what_users_wrote() -> None:
    """Each row stands for one call of the former SDK, and none is left out."""
    known = [one["former_sdk_method"] for one in json.loads(FACTS.read_text("utf-8"))["operations"]]
    assert sorted(left.name for left, _, _ in FORMER) == sorted(name for name in known if name)
    assert sum(name is None for name in known) == 1


@each_row
def test_a_row_is_the_code(left: Written, right: Written, pages: str) -> None:
    """The right side is a method of that signature; the left has the names of its arguments on the wire."""
    check_signature(right)
    assert left.name == right.name
    assert left.ids == right.ids
    operation = RECORDS[right.name]
    stops = right.name.endswith(".stop_stream")
    assert left.keywords == (["Status"] if stops else [wire_name(operation, name) for name in right.keywords])
    assert left.more == right.more
    assert bool(pages) == (operation.pages is not None)


@each_row
def test_an_iterator_is_one(left: Written, right: Written, pages: str) -> None:
    """What the last column names takes the same ids and gives a paginator of that list."""
    if not pages:
        return
    paginator = method(f"{right.name.partition('.')[0]}.{pages}")(*("x" for _ in right.ids))
    assert isinstance(paginator, Paginator)
    assert paginator._operation is RECORDS[right.name]


@pytest.mark.parametrize("call", NEW, ids=lambda call: call.name)
def test_what_is_new_is_there(call: Written) -> None:
    """What the former SDK lacked has a method of that signature too."""
    check_signature(call)


def example(page: str, function: str) -> Callable[..., Any]:
    """A function that a page defines; the emulator has no answer for what it calls."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    (block,) = [
        block for block in re.findall(r"^```python\n([\s\S]*?)^```$", text, re.MULTILINE) if f"def {function}(" in block
    ]
    names: dict[str, Any] = {}
    exec(compile(block, page, "exec", dont_inherit=True), names)
    found: Callable[..., Any] = names[function]
    return found


def client() -> roomtone.Client:
    config = roomtone.SignalWire(space="acme", project_id="P", api_token="t", max_attempts=1)
    return roomtone.Client(signalwire=config, ssl_context=default_tls())


@pytest.mark.anyio
async def test_the_example_that_dials() -> None:
    """The page's example dials once, and records the call that was answered."""
    base = "https://acme.signalwire.com/api/laml/2010-04-01/Accounts/P/Calls"
    with respx.mock() as router:
        calls = router.post(base).respond(201, json={"sid": "CA1"})
        recordings = router.post(f"{base}/CA1/Recordings").respond(201, json={"sid": "RE1"})
        async with client() as live:
            assert await example("signalwire.md", "dial")(live, "+15550101") == "CA1"
    assert (calls.call_count, recordings.calls.last.request.content) == (1, b"RecordingChannels=dual")
    assert b"StatusCallbackEvent=answered&StatusCallbackEvent=completed&Timeout=30" in calls.calls.last.request.content


@pytest.mark.anyio
async def test_the_example_that_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's example writes the recording to a file."""
    monkeypatch.chdir(tmp_path)
    with respx.mock() as router:
        router.get(url__startswith="https://acme.signalwire.com/").respond(200, content=b"RIFF")
        async with client() as live:
            await example("migrating-from-signalwire-compat.md", "fetch")(live, "RE1")
    assert (tmp_path / "call.wav").read_bytes() == b"RIFF"
