"""Limits that many requests of identity and messaging have in common."""

from __future__ import annotations

__all__ = ["ARN", "MAX_RESULTS", "MAX_TAGS", "METADATA", "PAGE", "TAGS", "TAG_KEYS", "TOKEN"]

PAGE = 50
MAX_TAGS = 50

ARN = (5, 1600)
MAX_RESULTS = {"max_results": (1, PAGE)}
METADATA = (0, 1024)
TAGS = {"tags": (1, MAX_TAGS), "tags[].key": (1, 128), "tags[].value": (1, 256)}
TAG_KEYS = {"tag_keys": (1, MAX_TAGS), "tag_keys[]": (1, 128)}
TOKEN = (2, 64)
