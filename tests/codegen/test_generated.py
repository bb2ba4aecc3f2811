"""What holds for every generated AWS package, read from the packages themselves."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import typing
from types import ModuleType, NoneType
from typing import Any

import attrs
import pytest

from roomtone import errors
from roomtone._core.model import Request
from roomtone._core.operation import Operation
from roomtone.paging import Paginator
from roomtone_codegen import curation, facts, report
from roomtone_codegen.checks import IMPORTED
from roomtone_codegen.emit.text import WIDTH

CURATED = curation.load()
SNAPSHOT = report.load()

each_service = pytest.mark.parametrize("service", sorted(CURATED))


def module(service: str, name: str = "") -> ModuleType:
    package = f"roomtone.{CURATED[service].package}"
    return importlib.import_module(f"{package}.{name}" if name else package)


def operations(service: str) -> tuple[Operation[Any, Any], ...]:
    found: tuple[Operation[Any, Any], ...] = module(service, "operations").OPERATIONS
    return found


def client(service: str) -> type:
    found: type = getattr(module(service), f"{CURATED[service].class_prefix}Client")
    return found


def method(service: str, operation: Operation[Any, Any]) -> Any:
    constants = vars(module(service, "operations"))
    name = next(name for name, value in constants.items() if value is operation)
    return getattr(client(service), name.lower())


def iterators(service: str) -> dict[str, Any]:
    return {name: value for name, value in vars(client(service)).items() if name.startswith("iter_")}


@each_service
def test_every_operation_of_the_last_write_has_its_record(service: str) -> None:
    """The records are those of the snapshot, in the class that curation gives them."""
    expected = {name: traits["safety"] for name, traits in SNAPSHOT[service]["operation"].items()}
    assert {operation.name: operation.safety for operation in operations(service)} == expected
    assert expected == CURATED[service].safety


@each_service
def test_methods_take_the_members_of_their_requests_by_keyword(service: str) -> None:
    """Each operation has a method with one keyword-only argument per member, required where the member is."""
    for operation in operations(service):
        _, *arguments = inspect.signature(method(service, operation)).parameters.values()
        given = {argument.name: (argument.kind, argument.default) for argument in arguments}
        assert given == {
            field.name: (
                inspect.Parameter.KEYWORD_ONLY,
                inspect.Parameter.empty if field.default is attrs.NOTHING else None,
            )
            for field in attrs.fields(operation.request)
        }, operation.name


@each_service
def test_methods_return_the_response_of_their_requests(service: str) -> None:
    """Method, request class and record agree on what comes back."""
    models = vars(module(service, "models"))
    for operation in operations(service):
        annotated = typing.get_type_hints(method(service, operation))["return"]
        (base,) = (base for base in operation.request.__orig_bases__ if typing.get_origin(base) is Request)
        (answer,) = typing.get_args(base)
        named = models[answer.__forward_arg__] if isinstance(answer, typing.ForwardRef) else answer
        assert annotated is named is operation.response, operation.name
        assert operation.response is NoneType or attrs.has(operation.response)


@each_service
def test_members_stand_in_one_place(service: str) -> None:
    """Labels fill the path exactly; path, query and header members are members, and no two places share one."""
    for operation in operations(service):
        names = {field.name for field in attrs.fields(operation.request)}
        placed = [*operation.labels, *operation.query, *operation.headers]
        assert set(re.findall(r"{(\w+)}", operation.path)) == set(operation.labels.values())
        assert set(placed) <= names
        assert len(placed) == len(set(placed))
        assert (operation.body == "json") == (names > set(placed))


@each_service
def test_a_token_is_what_makes_a_call_repeatable(service: str) -> None:
    """Operations with an idempotency token are of that class and no others; the token is optional."""
    for operation in operations(service):
        assert (operation.token is not None) == (operation.safety == "token"), operation.name
        if operation.token is not None:
            assert getattr(attrs.fields(operation.request), operation.token).default is None


@each_service
def test_every_paged_operation_has_an_iterator(service: str) -> None:
    """Where request and response have a next token there is an `iter_` method over the response's only list."""
    paged = [operation for operation in operations(service) if operation.pages is not None]
    assert len(iterators(service)) == len(paged)
    for operation in operations(service):
        if any(field.name == "next_token" for field in attrs.fields(operation.request)):
            assert operation in paged, operation.name
    for operation in paged:
        listed = method(service, operation)
        iterator = iterators(service)["iter_" + listed.__name__.removeprefix("list_")]
        arguments = set(inspect.signature(listed).parameters) - {"next_token"} | {"starting_token"}
        assert set(inspect.signature(iterator).parameters) == arguments
        assert not inspect.iscoroutinefunction(iterator)
        answer = typing.get_type_hints(operation.response)
        item, page = typing.get_args(typing.get_type_hints(iterator)["return"])
        assert answer[operation.pages.items] == list[item]
        assert page is operation.response
        assert typing.get_origin(typing.get_type_hints(iterator)["return"]) is Paginator
        assert operation.pages.token in answer


@each_service
def test_shapes_are_slotted_keyword_only_and_their_types_resolve(service: str) -> None:
    """Every shape is a slotted attrs class whose annotations name things that exist."""
    models = module(service, "models")
    shapes = [value for value in vars(models).values() if attrs.has(value) and value.__module__ == models.__name__]
    assert {shape.__name__ for shape in shapes} == set(SNAPSHOT[service]["shape"])
    for shape in shapes:
        assert shape.__dictoffset__ == 0
        assert all(field.kw_only for field in attrs.fields(shape))
        typing.get_type_hints(shape)


@each_service
def test_sensitive_members_are_out_of_repr(service: str) -> None:
    """A member whose type is sensitive is left out of `repr`, and no other is."""
    models = module(service, "models")
    for name, members in SNAPSHOT[service]["shape"].items():
        hidden = [not field.repr for field in attrs.fields(getattr(models, name))]
        assert hidden == ["sensitive" in note.split(", ") for note in members.values()], name


@each_service
def test_curated_members_are_marked(service: str) -> None:
    """What curation says is always answered is marked so, is never optional, and nothing else is."""
    models = module(service, "models")
    marked = {
        name: [field.name for field in attrs.fields(getattr(models, name)) if field.metadata.get("answered")]
        for name in SNAPSHOT[service]["shape"]
    }
    assert {name for name, fields in marked.items() if fields} == set(CURATED[service].answered)
    for name, fields in marked.items():
        hints = typing.get_type_hints(getattr(models, name))
        assert len(fields) == len(CURATED[service].answered.get(name, ()))
        assert not any(NoneType in typing.get_args(hints[field]) for field in fields)


@each_service
def test_the_items_of_list_answers_are_never_none(service: str) -> None:
    """Lists and maps of List and Search answers are empty when absent."""
    for operation in operations(service):
        if operation.name.startswith(("List", "Search")):
            for field in attrs.fields(operation.response):
                if field.type.startswith(("list[", "dict[")):
                    assert field.default.factory in (list, dict), operation.name


@each_service
def test_documented_errors_have_two_bases(service: str) -> None:
    """The service's base and the curated meaning, in that order; status and code as documented."""
    table = module(service, "errors").ERRORS
    assert set(table.documented) == set(CURATED[service].errors) == set(SNAPSHOT[service]["error"])
    for name, cls in table.documented.items():
        assert cls.__bases__ == (table.base, getattr(errors, CURATED[service].errors[name]))
        assert (cls.__name__, cls.code, str(cls.status)) == (name, name, SNAPSHOT[service]["error"][name]["status"])


@each_service
def test_every_meaning_has_a_class_of_the_service(service: str) -> None:
    """What is not documented still becomes an error of the service under its meaning."""
    table = module(service, "errors").ERRORS
    assert [meaning.__name__ for meaning in table.meanings] == list(facts.MEANINGS)
    for meaning, cls in table.meanings.items():
        assert cls.__bases__ == (table.base, meaning)


@each_service
def test_operations_name_errors_that_exist(service: str) -> None:
    """The errors of a record are those of the snapshot, each with a class."""
    documented = module(service, "errors").ERRORS.documented
    for operation in operations(service):
        traits = SNAPSHOT[service]["operation"][operation.name]
        assert sorted(operation.errors) == traits["errors"].split()
        assert set(operation.errors) <= set(documented)


@each_service
def test_everything_a_user_sees_is_exported(service: str) -> None:
    """The package exports its client, every shape, every error and every enum, and no more."""
    package = module(service)
    expected = {
        client(service).__name__,
        *SNAPSHOT[service]["shape"],
        *SNAPSHOT[service]["enum"],
        *(
            name
            for name, value in vars(module(service, "errors")).items()
            if inspect.isclass(value) and name[0].isupper()
        ),
    } - {"ErrorTable", "ClassVar"}
    assert set(package.__all__) == expected
    assert len(package.__all__) == len(expected)
    assert all(hasattr(package, name) for name in package.__all__)


@each_service
def test_enums_are_open(service: str) -> None:
    """An enum alias lists the known values and takes any other text."""
    models = module(service, "models")
    for name, values in SNAPSHOT[service]["enum"].items():
        known, other = typing.get_args(getattr(models, name))
        # Python takes two literals of one set of values for the same, whatever their order.
        assert (set(typing.get_args(known)), other) == (set(values), str)


@each_service
def test_deprecated_operations_are_marked(service: str) -> None:
    """Methods and iterators of deprecated operations say so to type checkers and at run time, and no others do."""
    for operation in operations(service):
        listed = method(service, operation)
        iterator = iterators(service).get("iter_" + listed.__name__.removeprefix("list_"))
        deprecated = "deprecated" in SNAPSHOT[service]["operation"][operation.name]
        assert [hasattr(found, "__deprecated__") for found in (listed, iterator) if found] == [deprecated] * (
            2 if iterator else 1
        ), operation.name


@each_service
def test_docstrings_give_the_facts(service: str) -> None:
    """Method and path, every argument, every documented error, whether it is repeated, and the link."""
    for operation in operations(service):
        text = inspect.getdoc(method(service, operation)) or ""
        assert f"`{operation.method} {operation.path}`" in text
        assert operation.reference in text
        for field in attrs.fields(operation.request):
            assert f"    {field.name}:" in text
        for name in operation.errors:
            assert name in text
        assert "repeated" in text


@each_service
def test_docstrings_keep_the_line_length(service: str) -> None:
    """No line of a method's docstring is wider than the project's lines, but for a link or a path on its own."""
    for name, value in vars(client(service)).items():
        for line in (getattr(value, "__doc__", None) or "").splitlines():
            alone = line.strip().startswith(("https://", "`")) and " " not in line.strip().partition(" /")[2]
            assert len(line) <= WIDTH or alone, name


@each_service
def test_what_generated_modules_import_is_reserved(service: str) -> None:
    """The check for clashing names knows every class and constant that a generated module imports."""
    imported: set[str] = set()
    for name in ("client", "errors", "models", "operations"):
        for node in ast.walk(ast.parse(inspect.getsource(module(service, name)))):
            if isinstance(node, ast.ImportFrom) and node.module != "__future__":
                imported |= {alias.name for alias in node.names}
    modules = {"client", "errors", "models", "operations"}
    assert imported - modules <= IMPORTED
