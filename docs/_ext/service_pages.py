"""A Sphinx extension: a reference page per service, made from its operation records and shapes at build time."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType, NoneType
from typing import TYPE_CHECKING, Any

import attrs

from roomtone._core.operation import Operation
from roomtone.errors import ApiError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SERVICES = (
    "chime_sdk_meetings",
    "chime_sdk_media_pipelines",
    "chime_sdk_identity",
    "chime_sdk_messaging",
    "chime_sdk_voice",
    "ivs",
    "ivs_realtime",
    "ivschat",
    "signalwire",
)

SAFETY = {
    "safe": "reads only",
    "idempotent": "repeatable",
    "token": "repeatable by its token",
    "unsafe": "acts again if repeated",
    "once": "dials, orders or sends again if repeated",
}


def page(package: str) -> str:
    """The Markdown page of one service: every public name of its package is on it."""
    service = importlib.import_module(f"roomtone.{package}")
    operations = importlib.import_module(f"roomtone.{package}.operations")
    public = {name: getattr(service, name) for name in service.__all__}
    classes = {name: value for name, value in public.items() if inspect.isclass(value)}
    faults = {name: cls for name, cls in classes.items() if issubclass(cls, ApiError)}
    shapes = {name: cls for name, cls in classes.items() if attrs.has(cls)}
    clients = [name for name in classes if name not in faults and name not in shapes]
    enums = {name: value for name, value in public.items() if name not in classes}
    return "\n".join(
        [
            f"# {operations.SERVICE.title}",
            f"\n`live.{package}`; all names below come from `roomtone.{package}`.\n",
            "## Methods\n",
            *(
                _autoclass(f"roomtone.{package}.{name}")
                for name in sorted(clients, key=lambda name: "Client" not in name)
            ),
            "## Operations on the wire\n",
            *_operations(operations),
            "\n## Errors\n",
            *_table(("error", "HTTP", "meaning"), map(_error, faults.values())),
            "\n## Shapes\n",
            *(line for cls in shapes.values() for line in _shape(cls)),
            "\n## Enums\n",
            "Every enum is open: a value that is not listed passes through.\n",
            *(line for name, alias in enums.items() for line in _enum(name, alias)),
            "",
        ]
    )


def _autoclass(name: str) -> str:
    return f"```{{eval-rst}}\n.. autoclass:: {name}\n   :members:\n   :inherited-members:\n```\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    cells = list(head)
    for row in (cells, ["---"] * len(cells), *rows):
        yield f"| {' | '.join(row)} |"


def _operations(module: ModuleType) -> Iterator[str]:
    records = {id(value): name for name, value in vars(module).items() if isinstance(value, Operation)}
    rows = (_operation(records[id(record)], record) for record in module.OPERATIONS)
    return _table(("method", "request", "repeating", "pages", "errors"), rows)


def _operation(constant: str, record: Operation[Any, Any]) -> tuple[str, ...]:
    method = record.name if "." in record.name else constant.lower()
    return (
        f"[`{method}`]({record.reference})" if record.reference else f"`{method}`",
        f"`{record.method} {record.path}`",
        SAFETY[record.safety],
        f"`{record.pages.items}`" if record.pages else "",
        ", ".join(f"`{name}`" for name in record.errors),
    )


def _error(cls: type[ApiError]) -> tuple[str, ...]:
    meaning = next((base for base in cls.__mro__[1:] if base.__module__ == "roomtone.errors"), ApiError)
    return f"`{cls.__name__}`", str(cls.status or ""), f"`{meaning.__name__}`"


def _shape(cls: type[Any]) -> Iterator[str]:
    yield f"`{cls.__name__}`"
    members = [f"`{field.name}: {_spelled(field.type)}`" for field in attrs.fields(cls)]
    yield f": {', '.join(members) or 'no members'}\n"


def _spelled(annotation: object) -> str:
    if annotation is None or annotation is NoneType:
        return "None"
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _enum(name: str, alias: object) -> Iterator[str]:
    literal = next(choice for choice in typing.get_args(alias) if choice is not str)
    yield f"`{name}`"
    yield f": {', '.join(f'`{value}`' for value in typing.get_args(literal))}\n"


def write_pages(app: Sphinx) -> None:
    """Writes the pages that changed, so that a second build has little to do."""
    folder = Path(app.srcdir) / "reference" / "services"
    folder.mkdir(parents=True, exist_ok=True)
    for package in SERVICES:
        path, text = folder / f"{package}.md", page(package)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_pages, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
