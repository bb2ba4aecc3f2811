"""The command line: the demo, the emulator on a port, and the demo against it with the environment that it printed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
import pytest

import roomtone
from roomtone.__main__ import main
from roomtone._version import __version__
from roomtone.emulator import API_TOKEN, PROJECT_ID, Emulator

SRC = str(Path(__file__).parents[2] / "src")
PYTHON = [sys.executable, "-W", "error", "-m", "roomtone"]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": SRC, "PYTHONUNBUFFERED": "1", **more}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PYTHON, *arguments], env=environment(**more), capture_output=True, text=True, timeout=30, check=False
    )


FACTS = (
    r"an emulator at http://127\.0\.0\.1:\d+\n",
    r"meeting +standup-42 in eu-central-1, id [0-9a-f-]{36}\n",
    r"attendees +ana, bo \| cy, dee \| eli  \(5 on 3 pages\)\n",
    r"pipeline +IndividualAudio for 5 into pool standup-audio, id [0-9a-f-]{36}\n",
    r"\n +Initializing when it was made, InProgress now\n",
    r"caught +NotFoundError after the meeting was deleted: NotFoundException, HTTP 404\n",
    r"channel +front-row, STANDARD, latency LOW\n",
    r"caught +NotFoundError before anybody was on air: ChannelNotBroadcasting, HTTP 404\n",
    r"on air +session st-\w{23} since \d\d:\d\d:\d\d UTC, 1920 x 1080 at 30 fps\n +LIVE, HEALTHY, 128 watching\n",
    r"conference +team-call, in-progress, 3 participants, sid [0-9a-f-]{36}\n",
    r"stream +in-progress to wss://media\.example/ws, sid [0-9a-f-]{36}\n +after stop_stream: stopped\n",
    r"caught +NotFoundError for a conference that does not exist: SignalWireNotFoundError, HTTP 404\n",
)
"""What the demo tells, as patterns."""


def check_the_demo(output: str) -> None:
    assert [fact for fact in FACTS if not re.search(fact, output)] == []
    assert max(map(len, output.splitlines())) < 160
    assert not re.search(r"secret|token|sk_|\w{40}", output)


def test_the_demo() -> None:
    """One command: a meeting, its pages, a pipeline, a session, a stream, one error of each provider; and no secret."""
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, "")
    check_the_demo(done.stdout)


def test_the_demo_as_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    """The console script's function does what the module does."""
    assert main(["demo"]) == 0
    check_the_demo(capsys.readouterr().out)


def test_the_live_demo_lists_what_is_there(
    emulator: Emulator, origin: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is named, and that there is more; nothing is created."""
    for name, value in emulator.environment(origin).items():
        monkeypatch.setenv(name, value)

    async def prepare() -> str:
        async with roomtone.Client() as live:
            for number in range(11):
                arn = (await live.ivs.create_channel(name=f"c{number}")).channel.arn
        return emulator.ivs.go_live(arn)

    stream_id = anyio.run(prepare)
    emulator.conferences.begin("team-call")
    assert main(["demo", "--live"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"channels +c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, and more\n", printed)
    assert re.search(rf"on air +{stream_id}\n", printed)
    assert re.search(r"conferences +team-call \(in-progress\)\n", printed)
    assert re.search(r"pipelines +none\n", printed)


@contextmanager
def emulator_process(*more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The emulator as its own process, and the environment that it prints."""
    process = subprocess.Popen(
        [*PYTHON, "emulator", "--port", "0", *more],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "Ctrl-C ends it" in process.stdout.readline()
        lines = [process.stdout.readline() for _ in range(15)]
        yield process, dict(line.removeprefix("export ").rstrip("\n").split("=", 1) for line in lines)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_emulator_and_the_live_demo(ending: signal.Signals) -> None:
    """With the printed environment the live demo reads from the emulator; Ctrl-C and SIGTERM end it quietly."""
    with emulator_process() as (process, printed):
        assert printed["AWS_ENDPOINT_URL_IVS"] == f"{printed['SIGNALWIRE_SPACE']}/ivs"
        done = run("demo", "--live", **printed)
        process.send_signal(ending)
        output, trouble = process.communicate(timeout=10)
    assert (done.returncode, done.stderr) == (0, "")
    for fact in (
        "it only reads",
        "pipelines +none",
        "pools +none",
        "channels +none",
        "on air +none",
        "conferences +none",
    ):
        assert re.search(fact, done.stdout)
    assert (process.returncode, output, trouble) == (0, "", "")


def test_the_emulator_with_faults() -> None:
    """What the command line lets go wrong goes wrong, as often as told; a fault that is none is told at once."""
    faults = ("--fault", "signalwire=error:503", "--fault", "signalwire.conferences.list=disconnect")
    with emulator_process(*faults) as (process, printed):
        url = f"{printed['SIGNALWIRE_SPACE']}/api/laml/2010-04-01/Accounts/{PROJECT_ID}/Conferences"
        with httpx.Client(auth=(PROJECT_ID, API_TOKEN)) as http:
            assert http.get(url).status_code == 503
            with pytest.raises(httpx.RemoteProtocolError):
                http.get(url)
            assert http.get(url).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10) == ("", "")


def test_a_fault_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt fault or target is a wrong call, told in one line."""
    for text, reason in {"ivs=melt": "melt", "ivs.get_straem=throttle": "did you mean 'ivs.get_stream'"}.items():
        assert main(["emulator", "--port", "0", "--fault", text]) == 2
        error = capsys.readouterr().err
        assert error.startswith("roomtone: ")
        assert reason in error


def test_the_live_demo_without_anything(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Providers that are not configured are told in a line each and skipped; with none left the status is 1."""
    monkeypatch.setenv("AWS_REGION", "")
    assert main(["demo", "--live"]) == 1
    assert len(re.findall(r"^  skipped +no \w", capsys.readouterr().out, re.MULTILINE)) == 3


def test_the_live_demo_that_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that is configured and does not answer is told, and the status is 1."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"http://127.0.0.1:{server.getsockname()[1]}"
    for name, value in (("SPACE", nobody), ("PROJECT_ID", "p"), ("API_TOKEN", "not-to-be-printed")):
        monkeypatch.setenv(f"SIGNALWIRE_{name}", value)
    assert main(["demo", "--live"]) == 1
    printed = capsys.readouterr().out
    assert re.search(r"failed +signalwire\.conferences\.list: no connection", printed)
    assert "not-to-be-printed" not in printed


def test_what_goes_wrong_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A taken port, a port that is none and a missing uvicorn are one line on stderr and a status of failure."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["emulator", "--port", str(taken.getsockname()[1])]) == 1
    assert capsys.readouterr().err.startswith("roomtone: ")
    for arguments in (["emulator", "--port", "70000"], ["emulator", "--port", "x"], [], ["dance"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    capsys.readouterr()
    assert main(["demo"]) == 1
    assert "roomtone[emulator]" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is the package's."""
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"roomtone {__version__}\n"


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the demo with the status shells expect."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("anyio.run", interrupt)
    assert main(["demo", "--live"]) == 130
