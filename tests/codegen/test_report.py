"""What changed between two botocore versions, as lines for the changelog."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from roomtone_codegen import __main__ as command
from roomtone_codegen import build, lock, report

OTHER_TOOLS = lock.load().other_tools()

OLD: dict[str, Any] = {
    "tunes": {
        "operation": {"Ping": {"call": "GET /ping", "safety": "safe"}},
        "shape": {"Tune": {"Title": "str, max 5"}},
        "error": {"LostException": {"status": "404"}},
        "enum": {"Mood": {"blue": ""}},
    }
}


def changed(path: tuple[str, ...], to: Any) -> list[str]:
    """The report on a change at one place."""
    new = deepcopy(OLD)
    place = new
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return report.differences(OLD, new)


@pytest.mark.parametrize(
    ("path", "to", "line"),
    [
        (("tunes", "operation", "Pong"), {}, "tunes: added operation Pong"),
        (("tunes", "operation", "Ping"), None, "tunes: removed operation Ping"),
        (("tunes", "operation", "Ping", "safety"), "once", "tunes: changed trait Ping.safety: safe -> once"),
        (("tunes", "operation", "Ping", "deprecated"), "yes", "tunes: added trait Ping.deprecated (yes)"),
        (("tunes", "shape", "Part"), {}, "tunes: added shape Part"),
        (("tunes", "shape", "Tune", "Title"), None, "tunes: removed member Tune.Title"),
        (("tunes", "shape", "Tune", "Year"), "int", "tunes: added member Tune.Year (int)"),
        (("tunes", "shape", "Tune", "Title"), "str", "tunes: changed member Tune.Title: str, max 5 -> str"),
        (("tunes", "error", "LostException"), None, "tunes: removed error LostException"),
        (("tunes", "enum", "Mood", "gay"), "", "tunes: added value Mood.gay"),
        (("songs",), {}, "songs: new service"),
        (("tunes",), None, "tunes: removed service"),
    ],
)
def test_each_difference_has_its_line(path: tuple[str, ...], to: Any, line: str) -> None:
    """What came, went or changed is one line that names it."""
    assert changed(path, to) == [line]


def test_no_difference_no_line() -> None:
    """The same facts have nothing to report."""
    assert report.differences(OLD, deepcopy(OLD)) == []


def test_the_snapshot_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """The file holds the snapshot whole, as JSON with a line per entry."""
    path = tmp_path / "snapshot.json"
    path.write_text(report.text(OLD), encoding="utf-8")
    assert report.load(path) == OLD
    assert json.loads(path.read_text(encoding="utf-8")) == OLD
    assert '   "Tune": {"Title": "str, max 5"}' in path.read_text(encoding="utf-8").splitlines()


@pytest.mark.skipif(OTHER_TOOLS is not None, reason=str(OTHER_TOOLS))
def test_the_command_reports_a_doctored_snapshot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`report` compares the last write with what the sources say now."""
    sources = build.read_sources()
    old: Any = json.loads(json.dumps(report.snapshot(sources.services)))
    del old["ivs"]["operation"]["GetStreamSession"]
    old["ivs"]["shape"]["StreamSession"]["gone"] = "str"
    old["ivschat"]["error"]["ConflictException"]["status"] = "408"
    monkeypatch.setattr(report, "load", lambda: old)
    assert command.main(["report"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "botocore" not in line]
    assert lines == [
        "- ivs: added operation GetStreamSession",
        "- ivs: removed member StreamSession.gone",
        "- ivschat: changed trait ConflictException.status: 408 -> 409",
    ]
