"""The reference is whole: every public name has a place in it."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import roomtone
from faults import outcomes
from roomtone import config, emulator, errors, events, otel
from roomtone.signalwire import codes, limits, streams, webhooks

DOCS = Path(__file__).parent.parent / "docs"


def extension(name: str) -> ModuleType:
    """A Sphinx extension that makes pages."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "_ext" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = extension("service_pages")
SERVICES = sorted(set(roomtone.__all__) & set(PAGES.SERVICES))


def directives(text: str) -> set[str]:
    """What autodoc is asked to describe."""
    return set(re.findall(r"^\.\. auto\w+:: (\S+)", text, re.MULTILINE))


def test_every_service_has_a_page() -> None:
    """The nine services are those of the package, and the contents of the site lead to each."""
    assert len(SERVICES) == len(PAGES.SERVICES) == 9
    index = (DOCS / "index.md").read_text("utf-8")
    assert [name for name in SERVICES if f"reference/services/{name}\n" not in index] == []


@pytest.mark.parametrize("package", SERVICES)
def test_every_name_of_a_service_is_on_its_page(package: str) -> None:
    """Client, shapes, errors and enums are on the page by name, and every operation with its place on the wire."""
    service = importlib.import_module(f"roomtone.{package}")
    operations = importlib.import_module(f"roomtone.{package}.operations")
    page = PAGES.page(package)
    described = {name.rpartition(".")[2] for name in directives(page)}
    entries = set(re.findall(r"^(?:\| )?`(\w+)`", page, re.MULTILINE))
    assert [name for name in service.__all__ if name not in described | entries] == []
    assert [one.name for one in operations.OPERATIONS if f"`{one.method} {one.path}`" not in page] == []
    assert {f"roomtone.{package}.{name}" for name in described} == directives(page)


def test_every_method_of_the_wire_table_exists() -> None:
    """The method that the table names for an operation is one of the client's, or of its resources."""
    for package in SERVICES:
        rows = re.findall(r"^\| \[?`([\w.]+)`", PAGES.page(package).partition("## Errors")[0], re.MULTILINE)
        client = getattr(roomtone.Client(), package)
        assert rows
        for row in rows:
            owner = client
            for part in row.split("."):
                owner = getattr(owner, part)
            assert callable(owner)


def test_every_other_public_name_is_described() -> None:
    """The top level and the configuration are on the client's page; other public modules have pages of their own."""
    described = directives((DOCS / "reference" / "client.md").read_text("utf-8"))
    top = {f"roomtone.{name}" for name in roomtone.__all__ if name not in {*SERVICES, "errors"}}
    settings = {f"roomtone.config.{name}" for name in config.__all__ if not hasattr(roomtone, name)}
    told = {f"roomtone.events.{name}" for name in events.__all__ if not hasattr(roomtone, name)}
    assert described == top | settings | told | {f"roomtone.otel.{name}" for name in otel.__all__}
    assert directives((DOCS / "reference" / "errors.md").read_text("utf-8")) == {errors.__name__}
    described = directives((DOCS / "reference" / "signalwire_events.md").read_text("utf-8"))
    assert described == {streams.__name__, webhooks.__name__}
    described = directives((DOCS / "reference" / "signalwire_errors.md").read_text("utf-8"))
    assert described == {codes.__name__, limits.__name__}
    described = directives((DOCS / "reference" / "emulator.md").read_text("utf-8"))
    assert {f"roomtone.emulator.{name}" for name in emulator.__all__} - described == set()


def test_every_fault_is_on_its_page() -> None:
    """The page of faults is made from the tests' table, each row with its outcomes."""
    page = extension("fault_pages").page()
    rows = re.findall(r"^\| (?!fault)([^|]+) \|", page, re.MULTILINE)
    assert rows == [row.fault for row in [*outcomes.rows(), *outcomes.rows_of_aiohttp()]]
    assert "| kept connection closed as it is used | answer after 2 |" in page
    assert "`ProtocolError`, maybe processed" in page
