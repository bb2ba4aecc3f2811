"""What the README and the docs show is run: every Python example, against the emulator over real HTTP."""

from __future__ import annotations

import ast
import inspect
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

import roomtone
from roomtone.emulator import Emulator, serve
from roomtone.testing import RoomtoneMock

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

PRINTED = {
    "Meetings: Amazon Chime SDK": r"meeting \S+\nattendee ana\nattendee bo\n",
    "Streams: Amazon IVS": r"\S+ https://\S+\n",
    "Conferences: SignalWire": r"\S+ stopped\n",
    "Errors": r"NotFoundException 404 \S+\nsignalwire 404 .+\n",
    "Pages": r"stage-1\nstage-2\n2 on this page\n",
    "Options for some calls": r"0 in us-west-2\n",
    "The whole answer": r"200 \S+ 1 2\n",
    "Testing your code": r"",
    "Testing over real HTTP": r"GetStreamSessionResponse\(.+\)\n",
}
"""What each example of the README prints, by the heading above it, as a pattern."""


def examples() -> list[Any]:
    """Every Python block of the pages, with the heading above it."""
    found = []
    for page in PAGES:
        heading = ""
        for title, block in re.findall(r"^#+ (.+)$|^```python\n([\s\S]*?)^```$", page.read_text("utf-8"), re.MULTILINE):
            heading = title or heading
            if block:
                found.append(pytest.param(page.name, heading, block, id=f"{page.name}-{heading}"))
    return found


class Stage(Emulator):
    """What is served for all examples, so that no example waits for a server: each one has an emulator of its own."""

    now: Emulator

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.now(scope, receive, send)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Stage, str]]:
    """The stage and its origin."""
    stage = Stage()
    with serve(stage) as origin:
        yield stage, origin


@pytest.fixture
def conference_sid(served: tuple[Stage, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The SID of a conference in an emulator that the environment points at, which holds two channels too."""
    stage, origin = served
    stage.now = Emulator()
    for name, value in stage.now.environment(origin).items():
        monkeypatch.setenv(name, value)
    anyio.run(_two_channels)
    return stage.now.conferences.begin("team-call")


async def _two_channels() -> None:
    async with roomtone.Client() as live:
        for name in ("stage-1", "stage-2"):
            await live.ivs.create_channel(name=name)


def run_test(function: Any, backend: str) -> None:
    """Runs a test function with the fixtures that it asks for."""
    wanted = inspect.signature(function).parameters
    if not wanted:
        anyio.run(function, backend=backend)
        return
    with RoomtoneMock() as mock:
        fixtures = {"roomtone_mock": mock, "roomtone_client": mock.client()}
        anyio.run(partial(function, **{name: fixtures[name] for name in wanted}), backend=backend)


@pytest.mark.parametrize(("page", "heading", "block"), examples())
def test_an_example_runs(
    page: str,
    heading: str,
    block: str,
    anyio_backend: str,
    conference_sid: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An example works as it stands, on both event loops, and prints what it promises."""
    names: dict[str, Any] = {
        "__name__": "example",
        "conference_sid": conference_sid,
        "SPACE": os.environ["SIGNALWIRE_SPACE"],
        "PROJECT": os.environ["SIGNALWIRE_PROJECT_ID"],
        "TOKEN": os.environ["SIGNALWIRE_API_TOKEN"],
    }
    code = compile(block, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)

    async def run() -> None:
        async with roomtone.Client() as live:
            names["live"] = live
            await eval(code, names)

    if code.co_flags & inspect.CO_COROUTINE:
        anyio.run(run, backend=anyio_backend)
    else:
        exec(code, names)
    for name, value in list(names.items()):
        if name.startswith("test_"):  # it mocks the services themselves, so nothing may point elsewhere
            for variable in Emulator().environment(""):
                monkeypatch.delenv(variable, raising=False)
            run_test(value, anyio_backend)
    if page == "README.md":
        assert re.fullmatch(PRINTED[heading], capsys.readouterr().out)


def test_every_example_has_a_promise() -> None:
    """Each heading with an example is one whose output is known, and the other way round."""
    shown = [param.values[1] for param in examples() if param.values[0] == "README.md"]
    assert shown == list(PRINTED)


def test_the_commands_are_one_line_each() -> None:
    """The README has one line for the demo and one for the tests, with all their set-up; CI runs the second."""
    text = (ROOT / "README.md").read_text("utf-8")
    lines = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(lines) == 2
    assert all(line.startswith("python3 -m venv .venv && ") and line.count("\n") == 1 for line in lines)
    pattern = re.search(r"sed -n 's/\^\\\((.+?)\\\)\$/", (ROOT / ".ci" / "run").read_text("utf-8"))
    assert pattern is not None
    assert re.findall(f"^{pattern[1]}$", text, re.MULTILINE) == [lines[1].strip()]


def test_links_of_the_readme_lead_somewhere() -> None:
    """Every relative link of the README is a file of the checkout."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
