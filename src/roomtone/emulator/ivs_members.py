"""What the three IVS services ask of names, attributes and public keys alike. Knows none of their state."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping

from roomtone._core.codec import Misfit

__all__ = ["at_most_one_kilobyte", "fingerprint", "name_of"]

_NAME = re.compile(r"[a-zA-Z0-9-_]*")
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s+([a-zA-Z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----")


def name_of(given: str | None) -> str:
    """The name of a resource, empty when it has none. Raises Misfit."""
    if given and not _NAME.fullmatch(given):
        raise Misfit("must be letters, digits, - and _", "name")
    return given or ""


def at_most_one_kilobyte(given: Mapping[str, str] | None, member: str = "attributes") -> dict[str, str] | None:
    """Attributes that an application attaches. Raises Misfit."""
    if given is None:
        return None
    if sum(len(text.encode()) for pair in given.items() for text in pair) > 1024:
        raise Misfit("must be at most 1024 bytes in all, keys and values together", member)
    return dict(given)


def fingerprint(pem: str) -> str:
    """The fingerprint of a public key: the MD5 of its DER form, in hex with colons. Raises Misfit."""
    found = _PEM.search(pem)
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        der = b""
    if not der:
        raise Misfit("must be a public key in PEM form", "public_key_material")
    return hashlib.md5(der, usedforsecurity=False).digest().hex(":")
