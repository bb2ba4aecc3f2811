"""The lock file: which botocore and which ruff the generated code comes from, and a hash of every source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cattrs
from attrs import asdict, frozen

PATH = Path(__file__).with_name("lock.json")


@frozen(kw_only=True)
class Lock:
    """What the generated code comes from.

    Args:
        botocore: The version whose models were read.
        ruff: The version that formatted.
        sources: Service -> the hash of its model without prose, or of its specification.
    """

    botocore: str
    ruff: str
    sources: Mapping[str, str]

    def other_tools(self) -> str | None:
        """Why a comparison byte for byte would mean nothing here; None when it means something."""
        for name, locked in (("botocore", self.botocore), ("ruff", self.ruff)):
            if locked != (here := _version(name)):
                return f"the lock was written with {name} {locked}, and {name} {here} is installed"
        return None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def installed(sources: Mapping[str, str]) -> Lock:
    """The lock of what is installed."""
    return Lock(botocore=_version("botocore"), ruff=_version("ruff"), sources=dict(sorted(sources.items())))


def load(path: Path = PATH) -> Lock:
    """The lock as it was written last."""
    return cattrs.structure(json.loads(path.read_text(encoding="utf-8")), Lock)


def text(lock: Lock) -> str:
    """The text of the lock file."""
    return json.dumps(asdict(lock), indent=2) + "\n"
