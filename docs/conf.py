"""Sphinx's settings. The build reads this checkout and nothing from the network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from roomtone import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "roomtone"
author = "The roomtone authors"
html_show_copyright = False
release = version = __version__

extensions = [
    "coverage_pages",
    "fault_pages",
    "myst_parser",
    "offline",
    "service_pages",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"roomtone {version}"
html_static_path = ["_static"]
html_css_files = ["roomtone.css"]
html_copy_source = False

default_role = "code"  # docstrings mark code with single backticks
nitpicky = False
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False


def _drawings_are_literal(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """An indented block of a docstring, such as the error tree, is shown as it stands in the source."""
    for number in range(len(lines) - 1, 1, -1):
        if (
            what == "module"
            and lines[number].startswith("    ")
            and not lines[number - 1]
            and lines[number - 2].strip()
        ):
            lines[number - 1 : number] = ["", "::", ""]


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", _drawings_are_literal)
