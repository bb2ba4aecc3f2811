"""The pytest plugin in a pytest of its own: found by its entry point, with respx and without."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TESTS = """
import sys

LOADED = {name for name in sys.modules if name.partition(".")[0] == "roomtone"}

import anyio
import pytest

import roomtone
from roomtone import ivs
from roomtone.testing import make

anyio_mark = pytest.mark.anyio
ARN = "arn:aws:ivs:eu-central-1:123456789012:channel/abcdefgh1234"


def test_start_is_light():
    assert LOADED == {"roomtone", "roomtone._version", "roomtone.testing", "roomtone.testing.plugin"}


@anyio_mark
async def test_answered(roomtone_client, roomtone_mock):
    roomtone_mock.ivs.get_stream.throttle(2, then=make(ivs.GetStreamResponse))
    assert await roomtone_client.ivs.get_stream(channel_arn=ARN) == make(ivs.GetStreamResponse)
    assert roomtone_mock.sleeps == [1.0, 2.0]


def test_answered_without_a_plugin(roomtone_client, roomtone_mock):
    roomtone_mock.ivs.get_stream.respond(make(ivs.GetStreamResponse))

    async def call():
        return await roomtone_client.ivs.get_stream(channel_arn=ARN)

    assert anyio.run(call, backend="trio") == make(ivs.GetStreamResponse)


@anyio_mark
async def test_unmocked(roomtone_client):
    await roomtone_client.ivs.get_stream(channel_arn=ARN)


@anyio_mark
async def test_swallowed(roomtone_client):
    try:
        await roomtone_client.ivs.get_stream(channel_arn=ARN)
    except Exception:
        pass


@anyio_mark
async def test_expected(roomtone_client, roomtone_mock):
    with pytest.raises(AssertionError, match="nothing answers"):
        await roomtone_client.ivs.get_stream(channel_arn=ARN)
    roomtone_mock.failures.clear()


def test_without_it():
    pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with those tests, and roomtone's entry points as an installer writes them."""
    info = tmp_path / "site" / "roomtone_here-0.dist-info"
    info.mkdir(parents=True)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in declared.items()]
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: roomtone-here\nVersion: 0\n", "utf-8")
    (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(TESTS, "utf-8")
    (tmp_path / "tests" / "conftest.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n", "utf-8"
    )
    return tmp_path


def outcomes(project: Path, *arguments: str) -> tuple[dict[str, set[str]], str]:
    """What became of each test, by its name, and all that pytest said."""
    paths = [project / "site", ROOT / "src", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-rA",
            "-W",
            "error",
            "-p",
            "no:respx",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:hypothesispytest",
            *arguments,
        ],
        cwd=project / "tests",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, set[str]] = {}
    for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", ran.stdout, re.MULTILINE):
        found.setdefault(name, set()).add(outcome)
    return found, ran.stdout + ran.stderr


def test_the_plugin_is_found_by_itself(project: Path) -> None:
    """Its fixtures are there, it loads next to nothing at the start, and what code swallows fails its test once."""
    found, said = outcomes(project)
    assert found == {
        "test_start_is_light": {"PASSED"},
        "test_answered": {"PASSED"},
        "test_answered_without_a_plugin": {"PASSED"},
        "test_unmocked": {"FAILED"},
        "test_swallowed": {"PASSED", "ERROR"},
        "test_expected": {"PASSED"},
        "test_without_it": {"PASSED"},
    }, said
    assert "roomtone_mock.ivs.get_stream.respond(make(GetStreamResponse))" in said


def test_without_respx_nothing_else_breaks(project: Path) -> None:
    """A pytest without respx runs as ever; a test that asks for a mock is told what to install."""
    (project / "site" / "respx.py").write_text("raise ModuleNotFoundError('no respx', name='respx')\n", "utf-8")
    found, said = outcomes(project, "-k", "light or without_it or answered_without")
    assert found == {
        "test_start_is_light": {"PASSED"},
        "test_answered_without_a_plugin": {"ERROR"},
        "test_without_it": {"PASSED"},
    }, said
    assert "ImportError: roomtone's mocks need respx: pip install 'roomtone[testing]'" in said
