"""Who a mock is: its credentials, and the environment that holds them and nobody else's."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from roomtone.config import Credentials

__all__ = ["API_TOKEN", "CREDENTIALS", "PROJECT_ID", "REGION", "SPACE", "environment"]

CREDENTIALS = Credentials("AKIAROOMTONEEXAMPLE", "mock-secret-access-key")
"""The AWS credentials whose signatures a mock verifies."""

REGION = "eu-central-1"
"""The region of the mock's own configuration; calls for every region are answered."""

SPACE = "mock.signalwire.com"
"""The space of the mock's own configuration; calls for every space are answered."""

PROJECT_ID = "7b1f0c7a-3b52-4f8e-9d64-0a1b2c3d4e5f"
"""The SignalWire project whose Basic auth a mock verifies."""

API_TOKEN = "PTmock-api-token"
"""The token that goes with `PROJECT_ID`."""


@contextmanager
def environment() -> Generator[None]:
    """The environment with the mock's credentials, without others and without profiles; put back afterwards."""
    variables = _variables()
    former = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(former)


def _variables() -> dict[str, str | None]:
    variables: dict[str, str | None] = {
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
        "AWS_SESSION_TOKEN": None,
        "AWS_PROFILE": None,
        "AWS_DEFAULT_PROFILE": None,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SIGNALWIRE_PROJECT_ID": PROJECT_ID,
        "SIGNALWIRE_API_TOKEN": API_TOKEN,
    }
    if "AWS_REGION" not in os.environ and "AWS_DEFAULT_REGION" not in os.environ:
        variables["AWS_REGION"] = REGION
    if "SIGNALWIRE_SPACE" not in os.environ:
        variables["SIGNALWIRE_SPACE"] = SPACE
    return variables


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
