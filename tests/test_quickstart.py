"""The quickstart is followed: its programs in every run of the tests, the whole page word for word when asked to.

`nox -s quickstart` asks: it makes the page's own virtual environment in a copy of the checkout, which takes a minute.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from attrs import frozen

from roomtone.emulator import Emulator, serve

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
PYTHON = ".venv/bin/python"
HOME = os.environ.get("ROOMTONE_QUICKSTART")
"""Set when the whole page is to be followed: the home directory in which pip finds its settings and its cache."""

COPIED = ("src", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
"""What a checkout needs to have for pip."""


@frozen
class Block:
    """A block of the page: what is in it, and what the text before it calls it."""

    language: str
    text: str
    file: str | None

    @property
    def program(self) -> str | None:
        """The program that a shell block runs, if it does nothing else."""
        run = re.fullmatch(rf"{re.escape(PYTHON)} (\w+\.py)\n", self.text)
        return run[1] if self.language == "sh" and run else None


def blocks() -> Iterator[Block]:
    """The blocks of the page, in order."""
    for before, language, text in re.findall(r"([\s\S]*?)^```(\w+)\n([\s\S]*?)^```$", PAGE, re.MULTILINE):
        named = re.findall(r"Save this as `(\w+\.py)`", before)
        yield Block(language, text, named[-1] if named else None)


def follow(folder: Path, environment: Mapping[str, str], *, word_for_word: bool) -> list[str]:
    """Does what the page says, in a folder; returns the names of the programs that printed what the page shows."""
    shown: list[str] = []
    printed, ran = "", None
    for block in blocks():
        if block.language == "python":
            assert block.file is not None, block.text
            (folder / block.file).write_text(block.text, "utf-8")
        elif block.language == "text":
            assert printed == block.text
            assert ran is not None
            shown.append(ran)
        elif block.language == "sh" and (word_for_word or block.program):
            command = ["bash", "-euc", block.text] if word_for_word else [sys.executable, str(block.program)]
            done = subprocess.run(
                command, cwd=folder, env=dict(environment), stdout=subprocess.PIPE, text=True, timeout=300, check=True
            )
            printed, ran = done.stdout, block.program
        else:
            assert block.language == "sh", block.language
    return shown


@pytest.fixture
def account() -> Iterator[dict[str, str]]:
    """An environment with an account: an emulator plays it."""
    emulator = Emulator()
    with serve(emulator) as origin:
        yield {**os.environ, **emulator.environment(origin)}


def test_the_programs_print_what_the_page_shows(tmp_path: Path, account: dict[str, str]) -> None:
    """Every program runs as it is saved, in a process of its own, and prints the block that follows it."""
    source = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    account["PYTHONPATH"] = source
    assert follow(tmp_path, account, word_for_word=False) == ["meeting.py", "channels.py"]


def test_without_an_account_the_page_says_so(tmp_path: Path) -> None:
    """The program for one's own account tells somebody without a region what to set, and is no traceback."""
    (program,) = [block.text for block in blocks() if block.file == "channels.py"]
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "AWS_EC2_METADATA_DISABLED")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**bare, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "no AWS region" in done.stdout
    assert "four places" in PAGE
    assert done.stdout.count(", ") >= 3
    assert done.stderr == ""


@pytest.mark.skipif(HOME is None, reason="installs with pip; `nox -s quickstart` asks for it")
def test_the_page_is_followed_word_for_word(
    tmp_path: Path, account: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every shell block runs as it stands, in a copy of the checkout, within the ten minutes that the page promises."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        account.pop(name, None)
    account["HOME"] = str(HOME)
    started = time.monotonic()
    assert follow(tmp_path, account, word_for_word=True) == ["meeting.py", "channels.py"]
    took = time.monotonic() - started
    with capsys.disabled():
        print(f"\nthe quickstart took {took:.0f} s")  # noqa: T201 - the figure is what the session is for
    assert took < 600
