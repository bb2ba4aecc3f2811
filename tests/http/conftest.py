"""An environment of its own for every test of this folder, and the eight services as the endpoint code sees them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from roomtone._core.operation import AwsService

SERVICES = (
    ("chime-sdk-meetings", "meetings-chime", "chime"),
    ("chime-sdk-media-pipelines", "media-pipelines-chime", "chime"),
    ("chime-sdk-identity", "identity-chime", "chime"),
    ("chime-sdk-messaging", "messaging-chime", "chime"),
    ("chime-sdk-voice", "voice-chime", "chime"),
    ("ivs", "ivs", "ivs"),
    ("ivs-realtime", "ivsrealtime", "ivs"),
    ("ivschat", "ivschat", "ivschat"),
)


@pytest.fixture
def services() -> dict[str, AwsService]:
    """The eight AWS services by boto3's name."""
    return {
        name: AwsService(
            name=name,
            title=name,
            endpoint_prefix=prefix,
            signing_name=signing_name,
            service_id=name.upper().replace("-", "_"),
        )
        for name, prefix, signing_name in SERVICES
    }


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No AWS variable, and an empty home directory of the test's own."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def aws_files(env: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The directory of the shared config files, made."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    return folder
