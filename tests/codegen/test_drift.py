"""The generated files are what the generator writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from roomtone_codegen import __main__ as command
from roomtone_codegen import build, lock, report, samples
from roomtone_codegen.curation import Undecided

OTHER_TOOLS = lock.load().other_tools()
same_tools = pytest.mark.skipif(OTHER_TOOLS is not None, reason=str(OTHER_TOOLS))


@pytest.fixture(scope="module")
def outputs() -> dict[str, str]:
    return command.outputs(build.read_sources())


@pytest.fixture
def tree(outputs: dict[str, str], tmp_path: Path) -> Path:
    """The generated files, on their own."""
    for name, text in outputs.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tmp_path


@same_tools
def test_the_tree_is_what_the_generator_writes(outputs: dict[str, str]) -> None:
    """Byte for byte, with no file missing and none left over."""
    assert command.drift(outputs, command.SRC) == []


@same_tools
def test_an_edited_file_is_found(outputs: dict[str, str], tree: Path) -> None:
    """One changed byte in a generated file is drift."""
    path = tree / "roomtone/ivs/models.py"
    path.write_bytes(path.read_bytes() + b"\n")
    assert command.drift(outputs, tree) == ["differs: roomtone/ivs/models.py"]


@same_tools
def test_a_missing_file_is_found(outputs: dict[str, str], tree: Path) -> None:
    """A generated file that is gone is drift."""
    (tree / "roomtone/ivschat/client.py").unlink()
    assert command.drift(outputs, tree) == ["missing: roomtone/ivschat/client.py"]


@same_tools
def test_a_left_over_file_is_found_and_a_hand_written_one_is_not(outputs: dict[str, str], tree: Path) -> None:
    """A file that says it is generated and no longer is, is drift; others are nobody's business."""
    old = tree / "roomtone/ivs/waiters.py"
    old.write_text(f'"""Old."""\n\n{command.MARK} from nothing; do not edit.\n', encoding="utf-8")
    (tree / "roomtone/ivs/notes.py").write_text('"""By hand."""\n', encoding="utf-8")
    assert command.drift(outputs, tree) == ["extra: roomtone/ivs/waiters.py"]


@same_tools
def test_the_typings_of_the_mocks_are_held_too(outputs: dict[str, str], tree: Path) -> None:
    """They are among the files, edited, missing and left-over ones are found."""
    directory = tree / "roomtone/testing/_generated"
    (directory / "ivs.py").write_bytes(b"\n")
    (directory / "__init__.py").unlink()
    (directory / "sms.py").write_text(f"{command.MARK}\n", encoding="utf-8")
    assert set(command.drift(outputs, tree)) == {
        "differs: roomtone/testing/_generated/ivs.py",
        "missing: roomtone/testing/_generated/__init__.py",
        "extra: roomtone/testing/_generated/sms.py",
    }


@same_tools
def test_check_says_so_by_its_exit_status(monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    """0 without drift, 1 with it."""
    monkeypatch.setattr(command, "SRC", tree)
    assert command.main(["check"]) == 0
    (tree / "roomtone/ivs/__init__.py").unlink()
    assert command.main(["check"]) == command.DRIFT


@same_tools
def test_write_mends_what_check_finds(monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    """After `write` there is no drift: missing files are back, left-over ones are gone."""
    monkeypatch.setattr(command, "SRC", tree)
    (tree / "roomtone/ivs/__init__.py").unlink()
    old = tree / "roomtone/ivs/waiters.py"
    old.write_text(f"{command.MARK}\n", encoding="utf-8")
    assert command.main(["write"]) == 0
    assert not old.exists()
    assert command.main(["check"]) == 0


@same_tools
def test_two_runs_give_the_same_bytes(outputs: dict[str, str]) -> None:
    """Nothing of the output hangs on the order of a set or on the hour."""
    assert command.outputs(build.read_sources()) == outputs


@pytest.mark.parametrize("tool", ["botocore", "ruff"])
def test_another_tool_is_no_drift(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tool: str
) -> None:
    """With another botocore or ruff than the lock's nothing is compared, and the reason is given."""
    other = evolve(lock.installed({}), **{tool: "0.0.1"})
    monkeypatch.setattr(lock, "load", lambda: other)
    assert command.main(["check"]) == command.OTHER_TOOLS
    assert f"the lock was written with {tool} 0.0.1" in capsys.readouterr().err


def test_an_undecided_thing_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`write` stops before the first file when a person has to decide something."""

    def undecided() -> build.Sources:
        raise Undecided("ivs: NewException has no meaning")

    monkeypatch.setattr(build, "read_sources", undecided)
    monkeypatch.setattr(command, "SRC", tmp_path)
    assert command.main(["write"]) == command.UNDECIDED
    assert "NewException" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@same_tools
def test_a_text_without_a_sample_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`write` stops as well at a pattern that no known text fits."""
    monkeypatch.setattr(samples, "_TEXTS", ())
    monkeypatch.setattr(command, "SRC", tmp_path)
    assert command.main(["write"]) == command.UNDECIDED
    assert "no sample of a text fits" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@same_tools
def test_the_lock_knows_every_source() -> None:
    """The lock holds a hash for each service, and they are those of the sources."""
    sources = build.read_sources()
    assert lock.load().sources == sources.digests
    assert set(sources.digests) == {service.name for service in sources.services}


@same_tools
def test_nothing_changed_since_the_last_write() -> None:
    """The snapshot beside the lock holds the facts of the packages on disk."""
    assert report.differences(report.load(), report.snapshot(build.read_sources().services)) == []
