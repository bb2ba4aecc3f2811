"""What the installed wheel must hold and must not: `nox -s build` runs this in an environment with nothing else."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import pkgutil
import subprocess
import sys
from pathlib import Path

import roomtone

package = Path(roomtone.__file__).parent
assert package.is_relative_to(sys.prefix), f"imported from {package}, not from the wheel"
assert (package / "py.typed").is_file(), "the wheel has no py.typed"
assert importlib.util.find_spec("roomtone_codegen") is None, "the generator is in the wheel"

points = importlib.metadata.entry_points(group="pytest11", name="roomtone")
assert [point.value for point in points] == ["roomtone.testing.plugin"], f"entry points of pytest: {points}"
assert (package / "testing" / "_generated" / "ivs.py").is_file(), "the typings of the mocks are not in the wheel"

licences = importlib.metadata.metadata("roomtone").get_all("License-File")
assert licences == ["LICENSE"], f"licence files: {licences}"

for module in pkgutil.walk_packages([str(package)], "roomtone."):
    # The extras of these are not installed here.
    extra = ("roomtone.testing", "roomtone.emulator", "roomtone.otel", "roomtone._http.aiohttp_engine")
    if not module.name.startswith(extra):
        importlib.import_module(module.name)

answer = subprocess.run([sys.executable, "-m", "roomtone", "--help"], capture_output=True, text=True, check=True)
assert "demo" in answer.stdout, answer.stdout
print(f"roomtone {importlib.metadata.version('roomtone')}: the wheel is whole")
