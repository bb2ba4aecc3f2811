"""Facts carry over from the API models; sentences never do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

from roomtone_codegen import curation

ROOT = Path(__file__).parents[2]
PARTS = ("src", "docs", "tests", "examples", "benchmarks")
SUFFIXES = {".py", ".toml", ".json", ".md", ".txt", ".cfg", ".yml", ".yaml", ""}
LINK = re.compile(r"https?://\S+")
WORD = re.compile(r"[a-z][a-z0-9'_-]*")
LENGTH = 8

Shingle = tuple[str, ...]


def shingles(text: str) -> Iterator[Shingle]:
    """Every run of eight words, whatever stands between them; links are no words."""
    words = WORD.findall(LINK.sub(" ", text.lower()))
    return zip(*(words[start:] for start in range(LENGTH)), strict=False)


def prose(value: Any) -> Iterator[str]:
    """Every text of a model that is written for people, without its markup."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("documentation", "deprecatedMessage") and isinstance(item, str):
                yield re.sub(r"<[^>]+>", " ", item)
            else:
                yield from prose(item)
    elif isinstance(value, list):
        for item in value:
            yield from prose(item)


@pytest.fixture(scope="module")
def sentences() -> set[Shingle]:
    loader = Loader()
    models = (loader.load_service_model(name, "service-2") for name in curation.load())
    return {shingle for model in models for text in prose(model) for shingle in shingles(text)}


def texts() -> list[Path]:
    below = (path for part in PARTS for path in (ROOT / part).rglob("*"))
    return [
        path
        for path in (*below, *ROOT.iterdir())
        if path.is_file() and path.suffix in SUFFIXES and not {"__pycache__", "_build"} & set(path.parts)
    ]


def test_no_sentence_of_the_vendor_is_in_the_repository(sentences: set[Shingle]) -> None:
    """No eight words in a row of botocore's documentation stand in any text file of the project."""
    assert len(sentences) > 10_000
    copied = {
        path.relative_to(ROOT).as_posix(): found
        for path in texts()
        if (
            found := [
                " ".join(s) for s in shingles(path.read_text(encoding="utf-8", errors="replace")) if s in sentences
            ]
        )
    }
    assert copied == {}


def test_a_copied_sentence_is_found(sentences: set[Shingle]) -> None:
    """A sentence of the documentation is recognised however it is wrapped, quoted or marked up."""
    words = next(iter(sentences))
    wrapped = '"""' + words[0].title() + ",\n    # " + "\n    ".join(words[1:]) + '."""'
    assert any(shingle in sentences for shingle in shingles(wrapped))
