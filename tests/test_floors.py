"""Imports go one way: the floors of docs/architecture.md, held against every import of the package."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src"
BESIDE = ("roomtone.testing", "roomtone.emulator")

INSIDE_SERVICE = {
    "": {"client", "errors", "models", "operations", "resources"},
    "client": {"errors", "models", "operations", "resources"},
    "resources": {"models", "operations"},
    "operations": {"models"},
    "errors": {"models"},
    "models": set[str](),
    "webhooks": {"models"},
    "streams": {"models"},
}


@dataclass(frozen=True)
class Import:
    """One import: who, what, and whether it runs when the module is imported."""

    importer: str
    imported: str
    at_import: bool

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}"


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@functools.cache
def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name."""
    found = {}
    for path in sorted((SRC / "roomtone").rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def imports() -> tuple[Import, ...]:
    """Every import of the package that is carried out at run time."""
    found: list[Import] = []
    for module, path in modules().items():
        tree = ast.parse(path.read_text("utf-8"))
        found += [Import(module, name, at_import) for name, at_import in _imported(tree, at_import=True)]
    return tuple(found)


def _imported(node: ast.AST, *, at_import: bool) -> Iterator[tuple[str, bool]]:
    match node:
        case ast.Import():
            for alias in node.names:
                yield alias.name, at_import
        case ast.ImportFrom():
            assert node.level == 0, "relative imports have no place here"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield (submodule if submodule in modules() else str(node.module)), at_import
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            for child in node.orelse:
                yield from _imported(child, at_import=at_import)
        case _:
            inside = at_import and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for child in ast.iter_child_nodes(node):
                yield from _imported(child, at_import=inside)


@functools.cache
def floors() -> dict[str, int]:
    """The table of docs/architecture.md: module or package -> floor."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", text, re.MULTILINE)
    return {name: int(floor) for floor, names in rows for name in re.findall(r"`([\w.]+)`", names)}


def floor(module: str) -> int | None:
    """The floor of a module: its own line in the table, else its nearest package's; the top package speaks for none."""
    name = module
    while name not in floors():
        name = name.rpartition(".")[0]
        if name in ("", "roomtone"):
            return None
    return floors()[name]


def services() -> list[str]:
    return [name for name, number in floors().items() if number == 4]


def broken(*found: Import) -> list[str]:
    return [str(one) for one in found]


def test_the_table_is_the_package() -> None:
    """Every module has a floor, and every name in the table is a module that exists."""
    assert set(floors().values()) == set(range(6))
    assert [name for name in floors() if name not in modules()] == []
    assert [name for name in modules() if floor(name) is None and not within(name, *BESIDE)] == []


def test_imports_point_down() -> None:
    """No module imports one of a floor above its own."""
    up = [
        one
        for one in imports()
        if (importer := floor(one.importer)) is not None
        and (imported := floor(one.imported)) is not None
        and imported > importer
    ]
    assert broken(*up) == []


def test_services_know_nothing_of_each_other() -> None:
    """A service package imports no other service package."""
    across = [
        one
        for one in imports()
        for service in services()
        if within(one.importer, service) and within(one.imported, *services()) and not within(one.imported, service)
    ]
    assert broken(*across) == []


@pytest.mark.parametrize("service", services())
def test_inside_a_service(service: str) -> None:
    """Client knows operations, errors and models; operations and errors know models; models nothing."""
    own = [one for one in imports() if within(one.importer, service) and within(one.imported, service)]
    assert own, "a service package without imports of its own was not read"
    astray = [
        one
        for one in own
        if one.imported.removeprefix(service).lstrip(".")
        not in INSIDE_SERVICE[one.importer.removeprefix(service).lstrip(".")]
    ]
    assert broken(*astray) == []


def test_beside_the_floors() -> None:
    """`testing` and `emulator` are imported by the command line alone, and not when it is imported."""
    guests = [one for one in imports() if within(one.imported, *BESIDE) and not within(one.importer, *BESIDE)]
    assert {one.importer for one in guests} <= {"roomtone.__main__"}
    assert broken(*(one for one in guests if one.at_import)) == []


def test_waiting_knows_no_service() -> None:
    """What polls takes any function: services are imported by what describes their states, and when they are used."""
    known = {
        one.imported for one in imports() if one.importer == "roomtone.waiting" and within(one.imported, "roomtone")
    }
    assert known == {"roomtone._core.naming", "roomtone._http.waits", "roomtone.errors"}
    described = [one for one in imports() if one.importer in ("roomtone.states", "roomtone.joining")]
    services_used = [one for one in described if within(one.imported, *services())]
    assert {one.importer for one in services_used} == {"roomtone.states", "roomtone.joining"}
    assert broken(*(one for one in services_used if one.at_import)) == []


def test_the_doubles_know_nothing_of_each_other() -> None:
    """`testing` and `emulator` import neither the other."""
    across = [
        one
        for one in imports()
        for double in BESIDE
        if within(one.importer, double) and within(one.imported, *BESIDE) and not within(one.imported, double)
    ]
    assert broken(*across) == []


def test_the_pytest_plugin_costs_nothing() -> None:
    """Every pytest imports the plugin, and with it the package that it is in: both import nothing of weight."""
    eager = [
        one for one in imports() if one.importer in ("roomtone.testing", "roomtone.testing.plugin") and one.at_import
    ]
    allowed = {"__future__", "collections.abc", "pytest", "typing"}
    assert broken(*(one for one in eager if one.imported not in allowed)) == []
    assert any(one.imported == "pytest" for one in eager)


def test_the_generator_stays_outside() -> None:
    """The package never imports what writes it."""
    assert broken(*(one for one in imports() if within(one.imported, "roomtone_codegen"))) == []


def test_no_circles() -> None:
    """What runs at import time has an order: no module waits for itself through others."""
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for one in imports():
        if one.at_import and one.imported in graph and one.imported != one.importer:
            graph[one.importer].add(one.imported)
    graphlib.TopologicalSorter(graph).prepare()


def test_doors_to_httpx() -> None:
    """The library imports httpx in at most three modules, all of them on the floor of I/O."""
    doors = {one.importer for one in imports() if within(one.imported, "httpx", "httpcore")}
    doors = {name for name in doors if not within(name, *BESIDE)}
    assert 1 <= len(doors) <= 3, doors
    assert {name for name in doors if not within(name, "roomtone._http")} == set()


def test_door_to_aiohttp() -> None:
    """One module imports aiohttp, and is imported when it is asked for only."""
    doors = {one.importer for one in imports() if within(one.imported, "aiohttp", "yarl")}
    assert doors == {"roomtone._http.aiohttp_engine"}
    assert broken(*(one for one in imports() if one.at_import and one.imported in doors)) == []


def test_door_to_opentelemetry() -> None:
    """One module imports OpenTelemetry's API, none its SDK; who wants it imports that module."""
    doors = [one for one in imports() if within(one.imported, "opentelemetry")]
    assert {one.importer for one in doors} == {"roomtone.otel"}
    assert broken(*(one for one in doors if within(one.imported, "opentelemetry.sdk"))) == []
    assert broken(*(one for one in imports() if one.imported == "roomtone.otel")) == []


def test_doors_to_botocore() -> None:
    """The library imports botocore in at most two modules, and only inside functions."""
    doors = [one for one in imports() if within(one.imported, "botocore") and not within(one.importer, *BESIDE)]
    assert 1 <= len({one.importer for one in doors}) <= 2, doors
    assert broken(*(one for one in doors if one.at_import)) == []


def test_the_core_is_pure() -> None:
    """The middle imports nothing that reads, waits or connects."""
    outside = (
        "anyio",
        "asyncio",
        "botocore",
        "http",
        "httpcore",
        "httpx",
        "os",
        "pathlib",
        "socket",
        "ssl",
        "subprocess",
        "threading",
    )
    impure = [one for one in imports() if within(one.importer, "roomtone._core") and within(one.imported, *outside)]
    assert broken(*impure) == []
