"""The docs site says what the code does: options, pages in the contents, boto3's halves of the migration pages."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import attrs
import botocore.session
import pytest

import roomtone
from roomtone._http import settings
from roomtone._service import AwsClient, SignalWireBase
from roomtone.config import Aws, SignalWire
from roomtone.emulator import Emulator, serve
from test_reference import extension

DOCS = Path(__file__).parent.parent / "docs"
PACKAGE = Path(roomtone.__file__).parent
OFFLINE = extension("offline")


def code_blocks(page: str, language: str) -> list[str]:
    """The blocks of a page in one language."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n([\s\S]*?)^```$", text, re.MULTILINE)


@attrs.frozen
class Option:
    """A row of the table of options."""

    name: str
    places: frozenset[str]
    variables: frozenset[str]
    keys: frozenset[str]
    default: str


def _marked(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([^`]+)`", cell))


def _options() -> list[Option]:
    table = (DOCS / "options.md").read_text("utf-8").partition("| option |")[2].partition("\n\n")[0]
    found = []
    for row in table.splitlines()[2:]:
        name, places, sources, default = (cell.strip() for cell in row.strip()[1:-1].split("|"))
        variables, _, keys = sources.partition("profile:")
        match = re.fullmatch(r"\[`(\w+)`\]\(#\w+\)", name)
        option = match[1] if match else ""
        found.append(Option(option, _marked(places), _marked(variables), _marked(keys), default.strip("`")))
    return found


OPTIONS = _options()


def _parameters(function: Callable[..., Any]) -> dict[str, str]:
    """The parameters of a function and their defaults, spelled out."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return {one.name: repr(one.default) for one in parameters}


GIVEN_TO = {
    "Client": _parameters(roomtone.Client.__init__),
    "Aws": _parameters(Aws.__init__),
    "SignalWire": _parameters(SignalWire.__init__),
    "with_options": _parameters(AwsClient.with_options),
}


@pytest.mark.parametrize("place", GIVEN_TO)
def test_every_option_of_the_code_is_in_the_table(place: str) -> None:
    """The table has each option at each place that takes it, and no other."""
    assert {one.name for one in OPTIONS if place in one.places} == set(GIVEN_TO[place])


def test_the_defaults_are_those_of_the_code() -> None:
    """Wherever an option has a default, it is the one in the table; `with_options` leaves things as they are."""
    for one in OPTIONS:
        for place in one.places - {"with_options"}:
            assert GIVEN_TO[place][one.name] == one.default, one.name
    assert set(_parameters(SignalWireBase.with_options)) == set(GIVEN_TO["with_options"]) - {"region"}


def _variables() -> set[str]:
    """The environment's variables that the code reads, by the strings in it; what messages say is no string alone."""
    found = set()
    for path in [*sorted((PACKAGE / "_http").glob("*.py")), PACKAGE / "config.py", PACKAGE / "client.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"^(?:AWS|SIGNALWIRE|ROOMTONE)_[A-Z_]+[A-Z]$", node.value))
    return found | {f"SIGNALWIRE_{name.upper()}" for name in ("space", "project_id", "api_token")}


def test_every_variable_and_key_of_the_code_is_in_the_table() -> None:
    """What is read from environment and profile is in the table; Lambda's own variable is no option."""
    assert {name for one in OPTIONS for name in one.variables} == _variables() - {"AWS_LAMBDA_FUNCTION_NAME"}
    assert {key for one in OPTIONS for key in one.keys} == settings._PROFILE_KEYS


def test_every_option_leads_to_its_words() -> None:
    """The link of each row is a heading of the page, and the text below it speaks of the option."""
    text = (DOCS / "options.md").read_text("utf-8")
    sections = {part.partition("\n")[0].lower(): part for part in text.split("\n## ")}
    links = re.findall(r"^\| \[`(\w+)`\]\(#(\w+)\)", text, re.MULTILINE)
    assert [(name, anchor) for name, anchor in links if f"`{name}" not in sections[anchor]] == []


def test_every_page_is_in_the_contents() -> None:
    """The contents list each page, once, by its name and without patterns; each list has a caption."""
    index = (DOCS / "index.md").read_text("utf-8")
    trees = re.findall(r"^```{toctree}\n(.*?)^```$", index, re.MULTILINE | re.DOTALL)
    listed = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    ignored = [line for line in (DOCS.parent / ".gitignore").read_text("utf-8").split() if line.startswith("docs/")]
    made = {name for name in [*listed, *pages] if any(f"docs/{name}.md".startswith(line) for line in ignored)}
    assert len(listed) == len(set(listed))
    assert set(listed) - made == pages - made - {"index"}
    assert {f"reference/services/{name}" for name in ["errors", *extension("service_pages").SERVICES]} <= set(listed)
    assert all(":caption:" in tree and ":glob:" not in tree for tree in trees)


def test_python_of_every_page_is_run() -> None:
    """No page in a folder below has an example, for those are run of the pages at the top alone."""
    below = [path for path in DOCS.rglob("*.md") if path.parent != DOCS]
    assert [path for path in below if "```python" in path.read_text("utf-8")] == []


FOREIGN = [
    '<script src="https://cdn.example/x.js"></script>',
    '<link rel="stylesheet" href="//cdn.example/x.css">',
    '<link rel="preload icon" href="https://cdn.example/x.woff2">',
    '<img alt="" src="http://cdn.example/x.png">',
    "<style>@import url('https://fonts.example/css');</style>",
    '<p style="background: url(https://cdn.example/x.png)">',
]


@pytest.mark.parametrize("html", FOREIGN)
def test_what_a_page_loads_from_elsewhere_is_found(html: str) -> None:
    """Scripts, styles, fonts and pictures of another host are found, however they are asked for."""
    assert len(OFFLINE.foreign(f"<html>{html}</html>")) == 1


def test_links_and_own_files_are_not_held_against_a_page() -> None:
    """A link that waits for a click, and what is on the site itself or in the page, load nothing from elsewhere."""
    own = '<a href="https://example.com">x</a><link rel="index" href="https://x.example"><script src="_static/x.js">'
    assert OFFLINE.foreign(own) == []
    assert OFFLINE.foreign_in_style("a { background: url(data:image/png;base64,xx) } @import 'x.css';") == []
    assert OFFLINE.foreign_in_style("@font-face { src: url(https://fonts.example/x) }") == ["https://fonts.example/x"]


def test_a_site_that_loads_from_elsewhere_is_found(tmp_path: Path) -> None:
    """Pages and style sheets in all folders are looked at."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.html").write_text(FOREIGN[0])
    (tmp_path / "x.css").write_text("@import 'https://cdn.example/y.css'")
    assert {path.name for path, _ in OFFLINE.found_in(tmp_path)} == {"x.html", "x.css"}


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An emulator that the environment points at."""
    emulator = Emulator()
    with serve(emulator) as served:
        for name, value in emulator.environment(served).items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture
def boto3(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """boto3's clients are botocore's: a module of that name, with `client` alone."""
    made: list[Any] = []

    def client(name: str, **options: Any) -> Any:
        made.append(botocore.session.get_session().create_client(name, **options))
        return made[-1]

    module = ModuleType("boto3")
    module.client = client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "boto3", module)
    yield
    for one in made:
        one.close()


def test_boto3s_halves_run(origin: str, boto3: None) -> None:
    """Each example of boto3 on the migration page works as it stands, against the emulator."""
    halves = code_blocks("migrating-from-boto3.md", "py")
    assert len(halves) == 5
    for half in halves:
        exec(compile(half, "migrating-from-boto3.md", "exec", dont_inherit=True), {})


def test_aiobotocores_halves_run(origin: str) -> None:
    """Each example of aiobotocore works as it stands, where aiobotocore is installed."""
    pytest.importorskip("aiobotocore", reason="aiobotocore is a peer of the benchmarks alone")
    halves = code_blocks("migrating-from-aiobotocore.md", "py")
    assert len(halves) == 2
    for half in halves:
        code = compile(half, "page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        names: dict[str, Any] = {}

        async def run(code: Any = code, names: dict[str, Any] = names) -> None:
            await eval(code, names)

        anyio.run(run)


def test_names_of_botocore_on_the_migration_page_exist() -> None:
    """The exceptions of botocore that a table names are botocore's, and those beside them are roomtone's."""
    text = (DOCS / "migrating-from-boto3.md").read_text("utf-8")
    table = text.partition("| botocore | roomtone |")[2].partition("\n\n")[0]
    modules = [importlib.import_module(f"botocore.{name}") for name in ("exceptions", "parsers")]
    left = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    right = set(re.findall(r"`errors\.(\w+)`", table))
    assert len(left) >= 8
    assert [name for name in left if not any(hasattr(module, name) for module in modules)] == []
    assert [name for name in right if not hasattr(roomtone.errors, name)] == []
