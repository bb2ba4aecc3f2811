"""Every check of the project, each in an environment of its own: `nox` runs the default ones, `nox -s NAME` one."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = False  # an interpreter that is not here is skipped, in CI too
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "tests", "pythons", "lowest", "codegen", "docs", "build"]

# pyenv keeps its interpreters off PATH; at the end of it nox finds those that are not there otherwise.
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *map(str, sorted(PYENV.glob("versions/3.1[1-9]*/bin")))])

PYPROJECT = nox.project.load_toml("pyproject.toml")
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [version for version in nox.project.python_versions(PYPROJECT) if version != HERE]
EVERYTHING = ".[testing,emulator,otel]"


def group(name: str) -> list[str]:
    """The requirements of a dependency group; this way an old pip can install them too."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def requirements() -> list[str]:
    """What the package depends on, with all extras."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(line for extra in extras for line in extra)]


def locked_botocore() -> str:
    """The requirement of the botocore whose models the packages were generated from."""
    lock = json.loads(Path("src/roomtone_codegen/lock.json").read_text("utf-8"))
    return f"botocore=={lock['botocore']}"


def run_pytest(session: nox.Session) -> None:
    session.run("python", "-m", "pytest", "-n", "auto", "--maxprocesses", "4", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: the rules and the format."""
    session.install(*group("ruff"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy and pyright, both strict, and the completeness of the public types."""
    session.install("-e", EVERYTHING, *group("types"))
    if shutil.which("node") is None:
        session.install("pyright[nodejs]")  # brings node along, so that pyright downloads none
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "roomtone", "--ignoreexternal")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests on the Python that runs nox."""
    session.install("-e", EVERYTHING, *group("tests"))
    run_pytest(session)


@nox.session(python=OTHERS)
def pythons(session: nox.Session) -> None:
    """The tests on every other supported Python that is here, with the extra `fast`."""
    session.install("-e", ".[testing,emulator,fast,otel]", *group("tests"))
    run_pytest(session)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions of what the package depends on."""
    pins = {line.partition(">=")[0]: re.sub(r">=([\w.]+).*", r"==\1", line) for line in requirements()}
    botocore = pins.pop("botocore")
    session.install("-e", EVERYTHING, *group("tests"), *pins.values(), locked_botocore())
    run_pytest(session)
    # botocore is the oracle of many tests too, and those want the models of the lock file. Its lowest version is held
    # to what the library asks of it: credentials and settings.
    session.install(botocore)
    session.run(
        "python", "-m", "pytest", "tests/http/test_credentials.py", "tests/http/test_settings.py", *session.posargs
    )


@nox.session
def coverage(session: nox.Session) -> None:
    """The tests once more, and which hand-written lines and branches they miss."""
    session.install("-e", EVERYTHING, *group("tests"))
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "report", "--skip-covered")


@nox.session
def load(session: nox.Session) -> None:
    """100,000 calls of 1,000 tasks against a service that is not well; 10,000 cancellations. Prints the figures."""
    session.install("-e", EVERYTHING, *group("tests"))
    session.run("python", "-m", "pytest", "--capture=no", "tests/faults/load.py", *session.posargs)
    sweeps = {"ROOMTONE_SWEEPS": "30"}
    session.run("python", "-m", "pytest", "tests/faults/test_cancellation.py", *session.posargs, env=sweeps)


@nox.session
def fuzz(session: nox.Session) -> None:
    """100,000 answers and arguments of any kind."""
    session.install("-e", EVERYTHING, *group("tests"))
    session.run("python", "-m", "pytest", "tests/fuzz", *session.posargs, env={"ROOMTONE_FUZZ": "10000"})


@nox.session
def bench(session: nox.Session) -> None:
    """roomtone beside its peers, on loopback. A quarter of an hour (`-- --quick`: two minutes), so it is asked for."""
    session.install("-e", ".", *group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """No known vulnerability in what the package depends on. Asks an advisory service, so it is asked for."""
    # The package itself is not among them: nothing is known of it, which --strict takes for a failure.
    session.install(*requirements(), "pip-audit")
    session.run("pip-audit", "--strict", *session.posargs)


@nox.session
def codegen(session: nox.Session) -> None:
    """The generated packages are what the generator writes, with the botocore of its lock file."""
    session.install("-e", ".", *group("ruff"), locked_botocore())
    session.run("python", "-m", "roomtone_codegen", *(session.posargs or ["check"]))


@nox.session
def prism(session: nox.Session) -> None:
    """An independent judge finds no fault in SignalWire's requests. Needs Node and its registry, so it is asked for."""
    session.install("-e", EVERYTHING, *group("tests"))
    home = Path(session.create_tmp()) / "node"
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]  # no package runs code as it comes
    session.run("npm", "install", "--prefix", str(home), *quiet, "@stoplight/prism-cli@5", external=True)
    env = {"PRISM": str(home / "node_modules" / ".bin" / "prism")}
    session.run("python", "-m", "pytest", "--capture=no", "tests/prism/judge.py", *session.posargs, env=env)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, warnings being errors."""
    session.install("-e", EVERYTHING, *group("docs"))
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def quickstart(session: nox.Session) -> None:
    """The quickstart word for word, timed. It installs with pip into an environment of its own, so it is asked for."""
    session.install("-e", EVERYTHING, *group("tests"))
    env = {"ROOMTONE_QUICKSTART": str(Path.home())}
    session.run("python", "-m", "pytest", "tests/test_quickstart.py", *session.posargs, env=env)


@nox.session
def build(session: nox.Session) -> None:
    """Sdist and wheel; the wheel in an environment with nothing else."""
    session.install("build")
    out = Path(session.create_tmp())
    shutil.rmtree(out)
    session.run("python", "-m", "build", "--outdir", str(out / "dist"))
    (wheel,) = (out / "dist").glob("*.whl")
    session.run("python", "-m", "venv", str(out / "venv"))
    python = str(out / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
    session.run(python, "-I", "tests/check_wheel.py", external=True)
