"""This machine: the interpreter, what is installed, and the certificates that are trusted. Sends nothing."""

from __future__ import annotations

import os
import platform
import ssl
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

import anyio.to_thread

from roomtone._doctor.report import Check, Finding, failed, ok, warning
from roomtone._doctor.section import Section
from roomtone._http.tls import authorities, bundles, shared_context
from roomtone._version import __version__

__all__ = ["EXTRAS", "REQUIRED", "look_at_machine", "other_bundle"]

REQUIRED = ("anyio", "attrs", "botocore", "cattrs", "certifi", "httpcore", "httpx", "typing-extensions")
"""What roomtone depends on."""

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "aiohttp": ("aiohttp", "yarl"),
    "emulator": ("uvicorn", "websockets"),
    "fast": ("orjson",),
    "otel": ("opentelemetry-api",),
    "testing": ("respx",),
}
"""roomtone's extras, and what each brings."""

_NO_EXTRA = ("h11", "trio")
"""What is told of besides, where it is there: the parser below httpcore, and the other event loop."""


async def look_at_machine(section: Section) -> Check:
    """Makes the checks; returns that of the certificates, which TLS builds on."""
    await section.check("python", _python, mend="install Python 3.11 or newer")
    await section.check("packages", _packages, mend="pip install --upgrade roomtone")
    await section.check("extras", _extras, mend="pip install 'roomtone[...]' with the extra")
    return await section.check(
        "certificates",
        _certificates,
        mend="let SSL_CERT_FILE name a file of PEM certificates, or unset it to use certifi's",
    )


async def _python() -> Finding:
    found = {
        "roomtone": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.machine()}",
        "openssl": " ".join(ssl.OPENSSL_VERSION.split()[:2]),
    }
    return ok(f"{found['implementation']} {found['python']} on {found['system']}, {found['openssl']}", **found)


def _versions(names: Iterable[str]) -> dict[str, str | None]:
    """The installed version of each; None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _listed(versions: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items() if number)


async def _packages() -> Finding:
    versions = _versions(REQUIRED)
    missing = [name for name, number in versions.items() if number is None]
    versions |= {name: number for name, number in _versions(_NO_EXTRA).items() if number}
    if missing:
        told = f"not installed as packages: {', '.join(missing)}"
        return failed(told, f"pip install --upgrade roomtone {' '.join(missing)}", versions=versions)
    return ok(_listed(versions), versions=versions)


async def _extras() -> Finding:
    versions = {extra: _versions(names) for extra, names in EXTRAS.items()}
    here = [f"{extra} ({_listed(found)})" for extra, found in versions.items() if all(found.values())]
    absent = [extra for extra, found in versions.items() if not all(found.values())]
    told = ", ".join(here) or "none"
    if absent:
        told += f"; not installed: {', '.join(absent)}"
    return ok(told, versions=versions, installed=[extra for extra in EXTRAS if extra not in absent])


async def _certificates() -> Finding:
    named = bundles()
    file, folder = authorities(named)
    source = "SSL_CERT_FILE" if file and file == named[0] else "SSL_CERT_DIR" if folder else "certifi"
    await anyio.to_thread.run_sync(shared_context, named)
    told, facts = f"{file or folder}, from {source}", {"file": file, "folder": folder, "source": source}
    for variable, path in zip(("SSL_CERT_FILE", "SSL_CERT_DIR"), named, strict=True):
        if variable == source:
            break
        if path:
            what = "file" if variable == "SSL_CERT_FILE" else "folder"
            return warning(f"{variable} names no {what} that is there; used is {told}", f"correct {variable}", **facts)
    return ok(told, **facts)


def other_bundle() -> str | None:
    """A variable by which other programs are told of certificates, while roomtone is told of none."""
    if any(bundles()):
        return None
    return next((name for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE") if os.environ.get(name)), None)
