"""What a user can configure: what is refused at once, and that nothing secret is shown."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from typing import Any

import pytest

from roomtone import Aws, Credentials, SignalWire, errors
from roomtone.config import NOT_GIVEN, Options


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"access_key_id": ""}, "access_key_id"),
        ({"access_key_id": None}, "access_key_id"),
        ({"access_key_id": " AKID"}, "access_key_id"),
        ({"secret_access_key": ""}, "secret_access_key"),
        ({"secret_access_key": 5}, "secret_access_key"),
        ({"secret_access_key": "hidden\n"}, "secret_access_key"),
        ({"session_token": 5}, "session_token"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": datetime(2026, 11, 21)}, "expires_at"),  # noqa: DTZ001
    ],
)
def test_credentials_that_cannot_be(members: dict[str, Any], name: str) -> None:
    """Malformed credentials are refused when they are made, by name and never shown."""
    with pytest.raises(errors.ConfigurationError, match=f"Credentials.{name} must be") as caught:
        Credentials(**{"access_key_id": "AKID", "secret_access_key": "hidden", **members})
    assert "hidden" not in str(caught.value)


def test_credentials_are_values_without_secrets_in_repr() -> None:
    """Credentials compare, hash and pickle; key and token are in no repr."""
    end = datetime(2026, 11, 21, tzinfo=timezone.utc)
    one = Credentials("AKID", "hidden-key", "hidden-token", end)
    assert one == Credentials("AKID", "hidden-key", "hidden-token", end) == pickle.loads(pickle.dumps(one))
    assert hash(one)
    assert "AKID" in repr(one)
    assert "hidden" not in repr(one) + repr(Aws(credentials=one)) + repr(SignalWire(api_token="hidden-token"))


@pytest.mark.parametrize("number", [0, -1, 1.0, "3", True])
def test_attempts_that_cannot_be(number: Any) -> None:
    """A number of attempts is a whole number, 1 or more; its place is named."""
    with pytest.raises(errors.ConfigurationError, match=r"Aws\.max_attempts must be a whole number"):
        Aws(max_attempts=number)
    with pytest.raises(errors.ConfigurationError, match=r"SignalWire\.max_attempts must be a whole number"):
        SignalWire(max_attempts=number)
    with pytest.raises(errors.RequestError, match="max_attempts must be a whole number"):
        Options(max_attempts=number)


def test_a_retry_mode_that_is_none() -> None:
    """Only the two modes are taken."""
    assert Aws(retry_mode="adaptive").retry_mode == "adaptive"
    with pytest.raises(errors.ConfigurationError, match="'standard' or 'adaptive'"):
        Aws(retry_mode="legacy")  # type: ignore[arg-type]


def test_not_given_is_shown_by_its_name() -> None:
    """Signatures in documentation show `NOT_GIVEN`, not an enum's inside."""
    assert repr(NOT_GIVEN) == "NOT_GIVEN"
    assert Options().replaced() == Options()
