"""What requests of identity and messaging are held to alike: common limits, the values of enums."""

from __future__ import annotations

import re
from typing import Any, get_args

from roomtone._core.codec import Misfit

__all__ = [
    "ARN",
    "EXPIRATION",
    "MAX_RESULTS",
    "MAX_TAGS",
    "METADATA",
    "PAGE",
    "TAGS",
    "TAG_KEYS",
    "TOKEN",
    "check_choice",
]

PAGE = 50
MAX_TAGS = 50

ARN = (5, 1600)
EXPIRATION = {"expiration_settings.expiration_days": (1, 5475)}
MAX_RESULTS = {"max_results": (1, PAGE)}
METADATA = (0, 1024)
TAGS = {"tags": (1, MAX_TAGS), "tags[].key": (1, 128), "tags[].value": (1, 256)}
TAG_KEYS = {"tag_keys": (1, MAX_TAGS), "tag_keys[]": (1, 128)}
TOKEN = (2, 64)

_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9:\-_.@]{0,62}[A-Za-z0-9])?")


def check_choice(value: str | None, choices: Any, path: str) -> None:
    """Refuses a value that is none of an enum's, an alias such as `ChannelMode`. Raises Misfit."""
    allowed = get_args(get_args(choices)[0])
    if value is not None and value not in allowed:
        raise Misfit(f"must be one of {', '.join(allowed)}", path)


def check_id(value: str, path: str) -> None:
    """Refuses what cannot be the id that a caller gives a user or a channel. Raises Misfit."""
    if not _ID.fullmatch(value):
        raise Misfit("must be letters, digits and, between them, any of : - _ . @", path)
