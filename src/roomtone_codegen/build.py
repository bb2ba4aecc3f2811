"""Reader -> facts -> emitters -> one formatter: every generated file as a pair of path and text."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from roomtone_codegen import aws_reader, curation, facts, signalwire_reader, signalwire_spec
from roomtone_codegen.checks import check_names
from roomtone_codegen.emit import mocks, service_package
from roomtone_codegen.emit.text import WIDTH
from roomtone_codegen.known import methods_module, regions_module
from roomtone_codegen.partitions import render_partitions

_RUFF = [sys.executable, "-m", "ruff"]
_ISOLATED = ["--isolated", "--quiet", f"--config=line-length={WIDTH}", "--config=target-version='py311'"]
_LINT = ["--select=I,F401,RUF022", "--fix", "--config=lint.isort.known-first-party=['roomtone']"]


@frozen
class Sources:
    """What was read: the facts of every service, and a hash of the source of each."""

    services: tuple[facts.Service, ...]
    digests: Mapping[str, str]


def read_sources() -> Sources:
    """Read every source and check its names. Raises Undecided at what a person has to decide first."""
    models = {name: (aws_reader.load_model(name), decided) for name, decided in curation.load().items()}
    aws = (aws_reader.read(model, decided) for model, decided in models.values())
    services = (*aws, signalwire_reader.read(signalwire_spec.load()))
    digests = {name: aws_reader.digest(model) for name, (model, _) in models.items()}
    digests["signalwire"] = signalwire_spec.digest()
    for service in services:
        check_names(service)
    return Sources(services, digests)


def generate(services: Sequence[facts.Service]) -> dict[str, str]:
    """Every generated file: path below `src` -> text."""
    files = {
        **mocks(services),
        "roomtone/_core/methods.py": methods_module(services),
        "roomtone/_http/regions.py": regions_module(services),
    }
    for service in services:
        files |= service_package(service)
    return {**formatted(files), "roomtone/_http/partitions.py": render_partitions()}


def formatted(files: Mapping[str, str]) -> dict[str, str]:
    """The files as the formatter leaves them: needless imports gone, the others sorted, lines broken."""
    with TemporaryDirectory() as directory:
        root = Path(directory)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        subprocess.run([*_RUFF, "check", *_LINT, *_ISOLATED, "."], cwd=root, check=True)
        subprocess.run([*_RUFF, "format", *_ISOLATED, "."], cwd=root, check=True)
        return {name: (root / name).read_text(encoding="utf-8") for name in files}
