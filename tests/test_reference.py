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
from roomtone import config, emulator, errors, events, joining, otel, states, testing, waiting
from roomtone.emulator.services import doubles
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
    """Client, requests, shapes, errors and enums are on the page."""
    service = importlib.import_module(f"roomtone.{package}")
    page = PAGES.page(package)
    described = {name.rpartition(".")[2] for name in directives(page)}
    defined = set(re.findall(r"^\.\. py:(?:class|exception|type):: (\w+)", page, re.MULTILINE))
    requests = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert [name for name in service.__all__ if name not in described | defined | requests] == []
    assert {f"roomtone.{package}.{name}" for name in described} == directives(page)


@pytest.mark.parametrize("package", SERVICES)
def test_every_method_that_a_page_links_exists(package: str) -> None:
    """The table leads to each method, which names its place on the wire, and to the iterator of one with pages."""
    service = importlib.import_module(f"roomtone.{package}")
    operations = importlib.import_module(f"roomtone.{package}.operations").OPERATIONS
    table = PAGES.page(package).partition("## Methods")[0]
    rows = [
        re.findall(rf"<roomtone\.{package}\.(\w+)\.(\w+)>", row) for row in table.splitlines() if "{py:meth}" in row
    ]
    assert [len(row) for row in rows] == [2 if one.pages else 1 for one in operations]
    for row in rows:
        for owner, method in row:
            assert callable(getattr(getattr(service, owner), method))
    for one, ((owner, method), *_) in zip(operations, rows, strict=True):
        described = " ".join(str(getattr(getattr(service, owner), method).__doc__).split())
        assert f"`{one.method} {one.path}`" in described
        assert [method.startswith("iter_") for _, method in row] == [False, True][: len(row)]


def test_every_documented_error_is_in_the_tables_of_errors() -> None:
    """One table per service has each documented name with its status and its meaning."""
    parts = PAGES.error_page().split("\n## ")[1:]
    assert len(parts) == len(PAGES.SERVICES)
    for package, part in zip(PAGES.SERVICES, parts, strict=True):
        rows = re.findall(
            r"^\| {py:exc}`(\w+) <[\w.]+>` \| (\d+) \| {py:exc}`~roomtone\.errors\.(\w+)`", part, re.MULTILINE
        )
        documented = importlib.import_module(f"roomtone.{package}.errors").ERRORS.documented
        assert {name for name, _, _ in rows} == {cls.__name__ for cls in documented.values()}
        for name, status, meaning in rows:
            cls = getattr(importlib.import_module(f"roomtone.{package}"), name)
            assert (str(cls.status), issubclass(cls, getattr(errors, meaning))) == (status, True)


def test_a_docstring_leads_to_shapes_errors_and_reference() -> None:
    """Names in a method's docstring become links to the same page, and AWS's address a link with a text."""
    lines = PAGES.Page("ivs").linked(
        [
            "    type: `ChannelType`; `x` is no name.",
            "",
            "Raises:",
            "    InvalidRequestError: ValidationException.",
            "",
            "https://docs.aws.amazon.com/x.html",
        ]
    )
    assert list(lines) == [
        "    type: :py:obj:`~roomtone.ivs.ChannelType`; `x` is no name.",
        "",
        "Raises:",
        "    InvalidRequestError: :py:exc:`~roomtone.ivs.ValidationException`.",
        "",
        "`AWS's reference <https://docs.aws.amazon.com/x.html>`__",
    ]


def test_every_other_public_name_is_described() -> None:
    """The top level and the configuration are on the client's page; other public modules have pages of their own."""
    described = directives((DOCS / "reference" / "client.md").read_text("utf-8"))
    polled = directives((DOCS / "reference" / "waiting.md").read_text("utf-8"))
    top = {f"roomtone.{name}" for name in roomtone.__all__ if name not in {*SERVICES, "errors"}}
    rest = {
        f"{module.__name__}.{name}"
        for module in (config, events, joining, otel, waiting)
        for name in module.__all__
        if not hasattr(roomtone, name)
    }
    assert described | polled == top | rest
    assert described & polled == set()
    assert states.__name__ in polled
    assert directives((DOCS / "reference" / "errors.md").read_text("utf-8")) == {errors.__name__}
    described = directives((DOCS / "reference" / "signalwire_events.md").read_text("utf-8"))
    assert described == {streams.__name__, webhooks.__name__}
    described = directives((DOCS / "reference" / "signalwire_errors.md").read_text("utf-8"))
    assert described == {codes.__name__, limits.__name__}
    described = directives((DOCS / "reference" / "emulator.md").read_text("utf-8"))
    assert {f"roomtone.emulator.{name}" for name in emulator.__all__} - described == set()
    described = directives((DOCS / "reference" / "testing.md").read_text("utf-8"))
    assert described == {f"roomtone.testing.{name}" for name in testing.__all__}


def test_every_fault_is_on_its_page() -> None:
    """The page of faults is made from the tests' table, each row with its outcomes."""
    page = extension("fault_pages").page()
    rows = re.findall(r"^\| (?!fault)([^|]+) \|", page, re.MULTILINE)
    assert rows == [row.fault for row in [*outcomes.rows(), *outcomes.rows_of_aiohttp()]]
    assert "| kept connection closed as it is used | answer after 2 |" in page
    assert "| ProtocolError, maybe processed |" in page


def test_every_operation_is_on_the_page_of_the_emulator() -> None:
    """The page of the emulator's coverage has a row for each operation, which says what the emulator does with it."""
    page = extension("coverage_pages").page()
    rows = re.findall(r"^\| (\S+) \| `(\w+)\.[\w.]+` \| (yes|no) \|$", page, re.MULTILINE)
    emulated = {(double.package, record.name) for double in doubles() for record in double.handlers}
    told = {(package, name): answer for name, package, answer in rows}
    assert {key for key, answer in told.items() if answer == "yes"} == emulated
    assert told.keys() == {(double.package, record.name) for double in doubles() for record in double.methods}
    for double in doubles():
        name = double.service.name
        assert f"| [`{name}`](#{name}) | {len(double.methods)} | {len(double.handlers)} |" in page
    assert f"| all | {len(told)} | {len(emulated)} |" in page


def test_every_command_of_the_emulator_is_described() -> None:
    """What happens outside the APIs is in the reference by its class, and in the guide by its place on the emulator."""
    commands = {
        name: type(value)
        for name, value in vars(emulator.Emulator()).items()
        if not name.startswith("_") and type(value).__name__.endswith("Commands")
    }
    described = {
        name.rpartition(".")[2] for name in directives((DOCS / "reference" / "emulator.md").read_text("utf-8"))
    }
    guide = (DOCS / "emulator.md").read_text("utf-8")
    assert {"ivs", "meetings"} <= commands.keys()
    assert [cls.__name__ for cls in commands.values() if cls.__name__ not in described] == []
    assert [name for name in commands if f"`emulator.{name}." not in guide] == []
    assert "](reference/emulator_coverage.md)" in guide
