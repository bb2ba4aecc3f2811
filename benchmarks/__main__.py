"""The command: `python -m benchmarks [W1 ...] [--quick] [--json FILE]`. Knows the workloads and the report."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.processes import Stage
from benchmarks.report import Group, table
from benchmarks.workloads import FULL, QUICK, WORKLOADS

_VERSIONS = (
    "roomtone",
    "aiobotocore",
    "aiohttp",
    "anyio",
    "attrs",
    "boto3",
    "botocore",
    "cattrs",
    "httpcore",
    "httpx",
    "orjson",
    "trio",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="roomtone beside its peers, on loopback")
    parser.add_argument(
        "workloads", nargs="*", type=str.upper, metavar="workload", help=f"some of {', '.join(WORKLOADS)}; else all"
    )
    parser.add_argument("--quick", action="store_true", help="two minutes instead of a quarter of an hour; more noise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every repeat there too")
    asked = parser.parse_args()
    for name in asked.workloads:
        if name not in WORKLOADS:
            parser.error(f"there is no workload {name}; there are {', '.join(WORKLOADS)}")
    began = time.monotonic()
    groups: list[Group] = []
    with Stage() as stage:
        for name in asked.workloads or WORKLOADS:
            groups += WORKLOADS[name](stage, QUICK if asked.quick else FULL)
        machine = _machine(stage, quick=asked.quick)
        notes = [f"{peer} took no part: {reason}" for peer, reason in stage.unavailable.items()]
    print(table(groups))
    print("\n".join([*notes, _described(machine), f"It took {time.monotonic() - began:.0f} s."]))
    if asked.json is not None:
        found = {"machine": machine, "notes": notes, "groups": [group.as_json() for group in groups]}
        asked.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def _machine(stage: Stage, *, quick: bool) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "pinned": stage.pinned,
        "quick": quick,
        "versions": {name: _version(name) for name in _VERSIONS},
        "peers": {name: peer.about for name, peer in PEERS.items()},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _described(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    pinned = "server and client each on a core of its own" if machine["pinned"] else "NOT pinned to cores"
    return f"Python {machine['python']}, {machine['system']}, {machine['cores']} cores, {pinned}. {versions}."


if __name__ == "__main__":
    main()
