"""The TLS context of the pool: verifying, TLS 1.2 or newer. Knows where certificates are."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi

from roomtone._core.caching import cache

__all__ = ["bundles", "shared_context"]


@cache
def shared_context(files: tuple[str | None, str | None]) -> ssl.SSLContext:
    """A context, one per process for these bundles. It reads files, so it is for worker threads."""
    file, folder = files
    if file and Path(file).is_file():
        context = ssl.create_default_context(cafile=file)
    elif folder and Path(folder).is_dir():
        context = ssl.create_default_context(capath=folder)
    else:
        context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def bundles() -> tuple[str | None, str | None]:
    """The bundles that the environment names, as OpenSSL and httpx read it; certifi's is used where it names none."""
    return os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
