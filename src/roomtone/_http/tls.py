"""The TLS context of the pool: verifying, TLS 1.2 or newer. Knows where certificates are."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi

from roomtone._core.caching import cache

__all__ = ["authorities", "bundles", "shared_context"]


@cache
def shared_context(files: tuple[str | None, str | None]) -> ssl.SSLContext:
    """A context, one per process for these bundles. It reads files, so it is for worker threads."""
    file, folder = authorities(files)
    context = ssl.create_default_context(cafile=file, capath=folder)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def authorities(files: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
    """The file or the folder of certificates that these bundles come to; what is not there counts for nothing."""
    file, folder = files
    if file and Path(file).is_file():
        return file, None
    if folder and Path(folder).is_dir():
        return None, folder
    return certifi.where(), None


def bundles() -> tuple[str | None, str | None]:
    """The bundles that the environment names, as OpenSSL and httpx read it; certifi's is used where it names none."""
    return os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
